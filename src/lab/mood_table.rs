//! The mood on calls that go from calm to excited and back, beside what it must reach.

use std::fmt::Write as _;

use serde::Serialize;

use crate::ear::mood::Mood;
use crate::ear::mood::conversation::Conversation;
use crate::ear::mood::heads::Heads;
use crate::lab::lines::Line;
use crate::lab::score::{Chance, Group, auc, median, percentile};
use crate::lab::staged::{Clip, Recipe, call};

/// A reading of a staged call.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Point {
    /// Seconds into the call.
    pub at_s: f64,
    /// The clip that is spoken is an excited one.
    pub excited: bool,
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
    /// When the first excited clip began, in seconds.
    pub began_s: f64,
    /// When the last one ended.
    pub ended_s: f64,
}

/// One way to count: how long after the end of excitement a calm reading is not yet held against the ear.
#[derive(Clone, Debug, Serialize)]
pub struct Count {
    /// Seconds after the excited stretch whose readings are left out.
    pub grace_s: f64,
    /// Area under the curve of each call's readings.
    pub aucs: Vec<Option<f64>>,
    /// Mean of these.
    pub auc: f64,
    /// One in twenty calm readings of all calls lies above.
    pub threshold: f64,
    /// How long after its beginning the reading of each call's excited stretch crossed that, in seconds.
    pub found_after_s: Vec<Option<f64>>,
    /// Median of these; one that was not found took for ever.
    pub latency_s: f64,
}

/// All recipes.
#[derive(Clone, Debug, Serialize)]
pub struct Streaming {
    /// The calls.
    pub calls: Vec<Staged>,
    /// With the first seconds after the excitement left out, while its words are still in the window.
    pub settled: Count,
    /// With nothing left out.
    pub strict: Count,
}

/// Plays the recipes over each of these lines to a mood whose heads `of_speaker` gives.
pub fn stream(
    clips: &[Clip],
    recipes: &[Recipe],
    lines: &[Line],
    of_speaker: impl Fn(&str) -> Heads,
) -> anyhow::Result<Streaming> {
    let mut calls = Vec::new();
    for line in lines {
        for recipe in recipes {
            calls.push(staged(clips, recipe, line, &of_speaker)?);
        }
    }
    Ok(Streaming { settled: counted(&calls, SETTLING_S), strict: counted(&calls, 0.0), calls })
}

fn counted(calls: &[Staged], grace_s: f64) -> Count {
    let counts =
        |call: &Staged, p: &Point| p.excited || p.at_s < call.began_s || p.at_s >= call.ended_s + grace_s;
    let (mut calm, mut aucs) = (Vec::new(), Vec::new());
    for call in calls {
        let mut group = Group::default();
        for point in call.points.iter().filter(|p| counts(call, p)) {
            if let Some((value, _)) = point.activation {
                group.push(value, point.excited);
                calm.extend((!point.excited).then_some(f64::from(value)));
            }
        }
        aucs.push(auc(&[group]));
    }
    let threshold = percentile(&mut calm, 95.0).unwrap_or(1.0);
    let crossed = |call: &Staged| {
        let above = |p: &&Point| p.excited && p.activation.is_some_and(|a| f64::from(a.0) > threshold);
        call.points.iter().find(above).map(|p| p.at_s - call.began_s)
    };
    let found_after_s: Vec<Option<f64>> = calls.iter().map(crossed).collect();
    let mut latencies: Vec<f64> = found_after_s.iter().map(|found| found.unwrap_or(f64::INFINITY)).collect();
    let known: Vec<f64> = aucs.iter().copied().flatten().collect();
    Count {
        grace_s,
        auc: known.iter().sum::<f64>() / known.len().max(1) as f64,
        aucs,
        threshold,
        latency_s: median(&mut latencies).unwrap_or(f64::INFINITY),
        found_after_s,
    }
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
    let mut points = Vec::new();
    let (mut began_s, mut ended_s) = (f64::INFINITY, 0.0);
    for step in call(&sequence, recipe.gap_ms, line, &mut Chance(7)) {
        let hop_s = step.hop.at.0 as f64 / 8_000.0;
        let excited = recipe.sequence[step.clip].state.excited();
        if excited {
            began_s = f64::min(began_s, hop_s);
            ended_s = hop_s;
        }
        // What counts is when a reading comes, which is later than the hop.
        if let Some(reading) = mood.hear(&step.hop, step.heard, &Conversation::default()) {
            let activation = reading.activation.map(|felt| (felt.value, felt.confidence));
            points.push(Point { at_s: hop_s + LATE_S, excited, activation });
        }
    }
    Ok(Staged { id: recipe.id.clone(), points, began_s, ended_s })
}

/// The table as text, targets beside it.
pub fn print(table: &Streaming) -> String {
    let number = |x: Option<f64>| x.map_or_else(|| "-".to_owned(), |x| format!("{x:.3}"));
    let seconds = |x: Option<f64>| x.map_or_else(|| "never".to_owned(), |x| format!("{x:.1} s"));
    let (settled, strict) = (&table.settled, &table.strict);
    let mut text = format!(
        "calls calm, excited, calm  {:>24}  {:>24}\n{:<26} {:>10} {:>13}  {:>10} {:>13}\n",
        format!("but for {:.0} s after", settled.grace_s),
        "every reading",
        "at 5 % false windows",
        "AUC",
        "found after",
        "AUC",
        "found after"
    );
    for (n, call) in table.calls.iter().enumerate() {
        let _ = write!(text, "{:<26}", call.id);
        for count in [settled, strict] {
            let _ = write!(text, " {:>10} {:>13} ", number(count.aucs[n]), seconds(count.found_after_s[n]));
        }
        text += "\n";
    }
    text += &sum_up("all (mean, median)", table);
    text + &format!("{:<26} {:>24}\n", "wanted", format!("{GOAL_LATENCY_S:.1} s"))
}

/// The last line of the table: all calls together.
pub fn sum_up(of: &str, table: &Streaming) -> String {
    let mut text = format!("{of:<26}");
    for count in [&table.settled, &table.strict] {
        let _ = write!(text, " {:>10.3} {:>11.1} s ", count.auc, count.latency_s);
    }
    text + "\n"
}

/// As long as the window: while words of the excitement are in it, it is not wrong to be high.
const SETTLING_S: f64 = 3.0;

/// How soon excitement is to be found, in seconds (median).
pub const GOAL_LATENCY_S: f64 = 2.0;

/// Area under the curve for excitement on speakers left out.
pub const GOAL_ACTIVATION: f64 = 0.99;

/// The same for anger against neutral.
pub const GOAL_ANGER: f64 = 0.98;

/// From the middle of a hop to the end of the frame that it comes out with.
const LATE_S: f64 = 0.06;
