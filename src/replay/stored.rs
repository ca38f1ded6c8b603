//! A stored timeline, as the store has it, as `baton show --json` prints it, or as lines of JSON.
//!
//! Read leniently: a timeline of an older or newer Baton has entries that this one does not know, and what was said stands in it
//! all the same. What it does know it takes by its name.

use anyhow::bail;
use serde::Deserialize;
use serde_json::Value;

use crate::call::{Felt, Follows, MoodHeard, Noted, Said, answer_of};
use crate::conversation::Context;
use crate::escalation::{Answer, Decision, Reading, Urgency, VoiceReadings};
use crate::handoff::Outcome;
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
    let effects_of = |entry: &Value| entry["effects"].as_array().cloned().unwrap_or_default();
    let has_outcomes = entries.iter().any(|entry| effects_of(entry).iter().any(|e| outcome(e).is_some()));
    for entry in entries {
        let Some(at) = entry["at"].as_u64().map(CallTime::from_micros) else {
            unknown += 1;
            continue;
        };
        let effects = || entry["effects"].as_array().into_iter().flatten();
        let decided: Vec<Decision> = effects().filter_map(decision).collect();
        let waits = |decision: &Decision| matches!(decision.urgency, Urgency::Immediate | Urgency::Normal);
        let in_vain = decided.iter().any(waits) && effects().any(nothing_could_follow);
        recorded.then.extend(decided);
        let mut answered = |answer| recorded.steps.push(Step { at, what: What::Answered(answer) });
        if let Some(outcome) = effects().find_map(outcome) {
            // What was said next was weighed after it.
            answered(answer_of(&outcome));
        }
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
            // Where it is on record how the handoff came to rest, that is what the engine was told.
            "proposal-answered" | "person-not-needed" if has_outcomes => continue,
            "proposal-answered" => parsed::<Answer>(event).map(What::Answered),
            "person-not-needed" => Some(What::Answered(Answer::CalledOff)),
            _of_the_call_and_not_of_the_talk => continue,
        };
        match what {
            Some(what) => recorded.steps.push(Step { at, what }),
            None => unknown += 1,
        }
        if in_vain {
            recorded.steps.push(Step { at, what: What::Answered(Answer::NoAnswer) });
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

/// How a handoff came to rest, where this effect files one.
fn outcome(effect: &Value) -> Option<Outcome> {
    parsed(effect.get("file-handoff")?.get("outcome")?)
}

/// Whether this is a decision about which nothing could be done: nobody was asked, and nothing waited for an answer.
fn nothing_could_follow(effect: &Value) -> bool {
    let next = effect.get("decide").and_then(|decided| decided.get("next")).and_then(parsed::<Follows>);
    matches!(next, Some(Follows::NobodyCouldCome | Follows::ProspectIsAway))
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
