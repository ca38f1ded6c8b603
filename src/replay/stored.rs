//! A stored timeline, as the store has it, as `baton show --json` prints it, or as lines of JSON.
//!
//! Read leniently: a timeline of an older or newer Baton has entries that this one does not know, and what was said stands in it
//! all the same. What it does know it takes by its name.

use anyhow::bail;
use serde::Deserialize;
use serde_json::Value;

use crate::call::{Felt, MoodHeard, Noted, Said};
use crate::conversation::Context;
use crate::escalation::{Answer, Decision, Reading, VoiceReadings};
use crate::replay::recorded::{Recorded, Step, ToldThen, What};
use crate::time::CallTime;

/// The entries of `baton show --json`, of a list of entries, or of one entry; none: it is no timeline.
pub fn entries(json: &Value) -> Option<Vec<&Value>> {
    let list = json.get("timeline").unwrap_or(json);
    let all: Vec<&Value> = match list {
        Value::Array(entries) => entries.iter().collect(),
        one => vec![one],
    };
    let timed =
        |entry: &&Value| entry.is_null() || (entry.get("at").is_some() && entry.get("event").is_some());
    (!all.is_empty() && all.iter().all(timed)).then_some(all)
}

/// Reads a timeline.
pub fn read(entries: &[&Value]) -> anyhow::Result<Recorded> {
    let mut recorded = Recorded::default();
    let (mut said, mut empty, mut unknown) = (0, 0, 0);
    for entry in entries {
        let Some(at) = entry["at"].as_u64().map(CallTime::from_micros) else {
            unknown += 1;
            continue;
        };
        let then = recorded.then.len();
        recorded.then.extend(entry["effects"].as_array().into_iter().flatten().filter_map(decision));
        debug_assert!(recorded.then.len() >= then);
        let Some((name, event)) = named(&entry["event"]) else { continue };
        let what = match name {
            "began" => {
                if let Some(context) = event.get("context").and_then(parsed::<Context>) {
                    recorded.context = context;
                }
                continue;
            }
            "said" => parsed::<Said>(event).map(|told| {
                said += 1;
                empty += usize::from(told.turn.words.is_empty());
                let Said { turn, signals, facts, shape } = told;
                What::Said(turn, Some(Box::new(ToldThen { signals, facts, shape })))
            }),
            "noted" => parsed::<Noted>(event).map(|Noted { note, signals }| What::Noted(note, Some(signals))),
            "mood-heard" => parsed::<MoodHeard>(event).map(|mood| What::Voice(readings(mood))),
            "proposal-answered" => parsed::<Answer>(event).map(What::Answered),
            "person-not-needed" => Some(What::Answered(Answer::CalledOff)),
            _of_the_call_and_not_of_the_talk => continue,
        };
        match what {
            Some(what) => recorded.steps.push(Step { at, what }),
            None => unknown += 1,
        }
    }
    if said == 0 {
        bail!("nobody said anything in this timeline: the call had no source of words");
    }
    recorded.wordless = empty == said;
    if unknown > 0 {
        recorded.notes.push(format!("{unknown} entries could not be read and are left out"));
    }
    Ok(recorded)
}

/// An event is its name, or its name with what belongs to it.
fn named(event: &Value) -> Option<(&str, &Value)> {
    match event {
        Value::String(name) => Some((name, event)),
        Value::Object(fields) => fields.iter().next().map(|(name, value)| (name.as_str(), value)),
        _ => None,
    }
}

/// Whatever the effect is called that carries one.
fn decision(effect: &Value) -> Option<Decision> {
    effect.as_object()?.values().find_map(|value| {
        let inside = value.get("decision").unwrap_or(value);
        parsed(inside)
    })
}

fn parsed<T: for<'de> Deserialize<'de>>(value: &Value) -> Option<T> {
    T::deserialize(value).ok()
}

fn readings(mood: MoodHeard) -> VoiceReadings {
    let reading =
        |felt: Option<Felt>| felt.map(|Felt { value, confidence, .. }| Reading { value, confidence });
    VoiceReadings {
        activation: reading(mood.activation),
        frustration: reading(mood.frustration),
        interest: reading(mood.interest),
        hesitation: reading(mood.hesitation),
    }
}
