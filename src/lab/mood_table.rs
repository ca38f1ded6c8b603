//! The mood on calls that go from calm to excited and back, beside what it must reach.

use serde::Serialize;

use crate::ear::mood::Mood;
use crate::ear::mood::conversation::Conversation;
use crate::ear::mood::heads::Heads;
use crate::lab::lines::Line;
use crate::lab::score::{Chance, Group, auc, median, percentile};
use crate::lab::staged::{Clip, Emotion, Recipe, call};

/// A reading of a staged call.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Point {
    /// Seconds into the call.
    pub at_s: f64,
    /// The clip that is spoken is an excited one.
    pub excited: bool,
    /// The clip before this one was.
    pub after: bool,
    /// Smoothed activation, and how far it is believed.
    pub activation: Option<(f32, f32)>,
}

/// One recipe.
#[derive(Clone, Debug, Serialize)]
pub struct Staged {
    /// Its name.
    pub id: String,
    /// Its readings.
    pub points: Vec<Point>,
    /// Area under the curve of its readings.
    pub auc: Option<f64>,
    /// When the first excited clip began, in seconds.
    pub began_s: f64,
    /// When the last one ended.
    pub ended_s: f64,
    /// How long after its beginning the reading crossed the threshold of all calls, in seconds.
    pub found_after_s: Option<f64>,
}

/// All recipes.
#[derive(Clone, Debug, Serialize)]
pub struct Streaming {
    /// The calls.
    pub calls: Vec<Staged>,
    /// Mean of the calls' areas.
    pub auc: f64,
    /// One in twenty calm readings lies above.
    pub threshold: f64,
    /// How many excited stretches were found.
    pub found: usize,
    /// Median of how long that took, in seconds; one that was not found took for ever.
    pub latency_s: f64,
}

/// Plays the recipes to a mood whose heads `of_speaker` gives.
pub fn stream(
    clips: &[Clip],
    recipes: &[Recipe],
    line: &Line,
    of_speaker: impl Fn(&str) -> Heads,
) -> anyhow::Result<Streaming> {
    let mut calls = Vec::new();
    for recipe in recipes {
        calls.push(staged(clips, recipe, line, &of_speaker)?);
    }
    let mut calm: Vec<f64> = Vec::new();
    for call in &calls {
        calm.extend(
            call.points.iter().filter(|p| !p.excited).filter_map(|p| p.activation).map(|a| f64::from(a.0)),
        );
    }
    let threshold = percentile(&mut calm, 95.0).unwrap_or(1.0);
    for call in &mut calls {
        let crossed = call.points.iter().find(|p| {
            p.at_s >= call.began_s
                && p.at_s < call.ended_s
                && p.activation.is_some_and(|a| f64::from(a.0) > threshold)
        });
        call.found_after_s = crossed.map(|p| p.at_s - call.began_s);
    }
    let mut latencies: Vec<f64> =
        calls.iter().map(|call| call.found_after_s.unwrap_or(f64::INFINITY)).collect();
    let aucs: Vec<f64> = calls.iter().filter_map(|call| call.auc).collect();
    Ok(Streaming {
        auc: aucs.iter().sum::<f64>() / aucs.len().max(1) as f64,
        threshold,
        found: latencies.iter().filter(|latency| latency.is_finite()).count(),
        latency_s: median(&mut latencies).unwrap_or(f64::INFINITY),
        calls,
    })
}

fn staged(
    clips: &[Clip],
    recipe: &Recipe,
    line: &Line,
    of_speaker: impl Fn(&str) -> Heads,
) -> anyhow::Result<Staged> {
    let sequence: Vec<&Clip> = recipe
        .sequence
        .iter()
        .map(|part| {
            let found = clips.iter().find(|clip| clip.file == part.file);
            found.ok_or_else(|| {
                anyhow::anyhow!("{} needs {}, which the corpus does not have", recipe.id, part.file)
            })
        })
        .collect::<anyhow::Result<_>>()?;
    let Some(first) = sequence.first() else { anyhow::bail!("{} is empty", recipe.id) };
    let mut mood = Mood::new(of_speaker(&first.speaker));
    let excited = |clip: usize| recipe.sequence[clip].state != Emotion::Neutral;
    let (mut points, mut group) = (Vec::new(), Group::default());
    let (mut began_s, mut ended_s) = (f64::INFINITY, 0.0);
    // A hop is known 50 ms after its middle: what counts is when a reading comes.
    for step in call(&sequence, recipe.gap_ms, line, &mut Chance(7)) {
        let now_s = step.hop.at.0 as f64 / 8_000.0 + LATE_S;
        if excited(step.clip) {
            began_s = f64::min(began_s, now_s - LATE_S);
            ended_s = now_s;
        }
        let Some(reading) = mood.hear(&step.hop, step.heard, &Conversation::default()) else { continue };
        let activation = reading.activation.map(|felt| (felt.value, felt.confidence));
        let after = step.clip > 0 && excited(step.clip - 1);
        points.push(Point { at_s: now_s, excited: excited(step.clip), after, activation });
        if let Some((value, _)) = activation {
            group.push(value, excited(step.clip));
        }
    }
    Ok(Staged { id: recipe.id.clone(), points, auc: auc(&[group]), began_s, ended_s, found_after_s: None })
}

/// The table as text, targets beside it.
pub fn print(table: &Streaming) -> String {
    let mut text = String::from("call                 AUC   found after s\n");
    for call in &table.calls {
        let auc = call.auc.map_or_else(|| "-".to_owned(), |auc| format!("{auc:.3}"));
        let found = call.found_after_s.map_or_else(|| "never".to_owned(), |s| format!("{s:.1}"));
        text += &format!("{:<18} {auc:>6}   {found:>6}\n", call.id);
    }
    text += &format!(
        "all                {:>6.3}   {:>6.1}   {} of {} found, at 5 % false windows (above {:.2})\n",
        table.auc,
        table.latency_s,
        table.found,
        table.calls.len(),
        table.threshold
    );
    text + &format!("wanted                      {GOAL_LATENCY_S:>6.1}\n")
}

/// How soon excitement is to be found, in seconds (median).
pub const GOAL_LATENCY_S: f64 = 2.0;

/// Area under the curve for excitement on speakers left out.
pub const GOAL_ACTIVATION: f64 = 0.99;

/// The same for anger against neutral.
pub const GOAL_ANGER: f64 = 0.98;

/// From the middle of a hop to the end of the frame that it comes out with.
const LATE_S: f64 = 0.06;
