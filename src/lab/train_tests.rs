//! Training on made voices (always) and on the corpus (when it is there).

use super::*;
use crate::ear::mood::heads::SHIPPED;
use crate::ear::voice::made::{at_level, person, telephone};
use crate::lab::mood_table::{GOAL_ACTIVATION, GOAL_ANGER, GOAL_LATENCY_S};
use crate::lab::staged::Part;

/// Four made people, each with four calm, three excited and two low sentences; two calls.
fn made() -> (Vec<Clip>, Vec<Recipe>) {
    let mut clips = Vec::new();
    for (speaker, usual) in [("a", 100.0), ("b", 130.0), ("c", 180.0), ("d", 220.0)] {
        let kinds = [(Emotion::Neutral, 4), (Emotion::Angry, 3), (Emotion::Happy, 3), (Emotion::Sad, 2)];
        for (emotion, many) in kinds {
            for take in 0..many {
                let file = format!("{speaker}{emotion:?}{take}");
                clips.push(Clip {
                    file,
                    speaker: speaker.to_owned(),
                    emotion,
                    sound: sentence(usual, emotion, take),
                });
            }
        }
    }
    let part = |file: &str, state| Part { file: file.to_owned(), state };
    let sequence = ["aNeutral0", "aNeutral1", "aNeutral2"].map(|file| part(file, Emotion::Neutral));
    let excited = ["aAngry0", "aAngry1", "aAngry2"].map(|file| part(file, Emotion::Angry));
    let sequence = sequence.into_iter().chain(excited).chain([part("aNeutral3", Emotion::Neutral)]).collect();
    (clips, vec![Recipe { id: "a_angry".to_owned(), gap_ms: 400, sequence }])
}

/// Two seconds and a half in a usual voice, or higher and brighter.
fn sentence(usual_hz: f32, emotion: Emotion, take: u64) -> Vec<i16> {
    let (rise, bright) = match emotion {
        Emotion::Neutral => (1.0, 0.0),
        Emotion::Sad => (0.93, 0.0),
        Emotion::Happy => (1.5, 0.2),
        Emotion::Angry => (1.4, 0.6),
    };
    let seed = take * 5 + usual_hz as u64 + emotion as u64 * 91;
    let plain = person(2.8, &[(0.1, 1.5), (1.55, 2.7)], usual_hz * rise, seed);
    let mut before = 0.0;
    let shaped: Vec<f32> = plain
        .into_iter()
        .map(|now| {
            let bright = now - bright * before;
            before = now;
            bright
        })
        .collect();
    telephone(&at_level(&shaped, -24.0))
}

#[test]
fn training_on_made_people_finds_what_was_made_and_twice_the_same() {
    let (clips, recipes) = made();
    let report = trained_and_examined(&clips, &recipes).unwrap();
    let auc = report.plain[ACTIVATION].auc.unwrap().value;
    assert!(auc > 0.9, "{auc}");
    let again = trained_and_examined(&clips, &recipes).unwrap();
    assert_eq!(serde_json::to_string(&report).unwrap(), serde_json::to_string(&again).unwrap());
    let heads = Heads::new(&report.weights).unwrap();
    assert!(heads.activation(&[0.0; 16]) < 0.5);
    let text = report.text();
    assert!(
        text.contains("a_angry") && text.contains("believed most") && text.contains("f0_p80_st"),
        "{text}"
    );
    // A clip more, or one sample another, is another set.
    let mut changed = clips.clone();
    changed[0].sound[0] += 1;
    assert_ne!(trained_on(&changed, &speakers(&changed)).sha256, report.trained_on.sha256);
}

#[test]
fn too_few_speakers_are_refused() {
    let (mut clips, recipes) = made();
    clips.retain(|clip| clip.speaker != "d");
    let refused = trained_and_examined(&clips, &recipes).unwrap_err().to_string();
    assert!(refused.contains("3 speakers"), "{refused}");
}

#[test]
fn on_the_corpus_speakers_left_out_are_told_apart_and_the_shipped_weights_are_these() {
    let Some(corpus) = Corpus::nearby().unwrap() else {
        println!("skipped: no corpus; set BATON_CORPUS");
        return;
    };
    let recipes = recipes(corpus.root()).unwrap();
    let report = trained_and_examined(&clips(&corpus).unwrap(), &recipes).unwrap();
    let auc = |marks: &[Mark], number: usize| marks[number].auc.unwrap().value;
    // The interval over five speakers is wider than what lies between this and the goal.
    let both = f64::midpoint(auc(&report.plain, ACTIVATION), auc(&report.lines, ACTIVATION));
    assert!(both >= GOAL_ACTIVATION && auc(&report.plain, ACTIVATION) >= 0.985, "{}", report.text());
    assert!(
        auc(&report.plain, ANGER) >= GOAL_ANGER && auc(&report.lines, ANGER) >= 0.97,
        "{}",
        report.text()
    );
    assert!(auc(&report.lines, ACTIVATION) >= 0.97 && auc(&report.plain, TONE) >= 0.65, "{}", report.text());
    assert!(
        auc(&report.no_baseline, ACTIVATION) < auc(&report.plain, ACTIVATION) - 0.03,
        "{}",
        report.text()
    );
    assert!(report.plain[ACTIVATION].reliability.ece < 0.1);
    let streaming = &report.streaming.settled;
    assert!(streaming.latency_s <= GOAL_LATENCY_S && streaming.auc > 0.95, "{}", report.text());
    assert!(streaming.found_after_s.iter().all(Option::is_some));
    let shipped: Weights = serde_json::from_str(SHIPPED).unwrap();
    assert_eq!(shipped.trained_on.sha256, report.trained_on.sha256, "train again");
    let apart =
        |one: &[f32], other: &[f32]| one.iter().zip(other).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    let (now, then) = (&report.weights.activation, &shipped.activation);
    assert!(apart(&now.coefficients, &then.coefficients) < 0.02, "the ear has changed: train again");
}
