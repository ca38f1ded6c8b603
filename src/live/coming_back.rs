//! A killed process's calls, taken up from their timelines: the same calls, in the stages they were in.
//!
//! The carrier asks what comes after a stream that broke, and the answer is a stream to the same call. Whoever does not
//! come back runs into the call's own time limits, so that every handoff and every record ends (promises 4 and 10).

use std::sync::Arc;
use std::time::Duration;

use crate::call::timeline::retrace;
use crate::call::{Call, Effect, Entry, Event};
use crate::id::CallId;
use crate::live::call_task::{Beginning, World};
use crate::live::clock::{self, CallClock};
use crate::live::recorder::{Recorder, handoff_over};
use crate::live::seat::CallFacts;
use crate::live::switchboard::Switchboard;
use crate::ports::{Calls, Fault, Record, Unfinished, UnfinishedCall};
use crate::time::{CallTime, Timestamp};

/// Takes up everything that was left unfinished; how many calls run again.
pub async fn take_up(
    switchboard: &Arc<Switchboard>,
    unfinished: &dyn Unfinished,
    calls: &dyn Calls,
) -> Result<usize, Fault> {
    let mut running = 0;
    for left in unfinished.unfinished().await? {
        let stored = calls.timeline(left.call).await?;
        let timeline: Result<Vec<Entry>, _> =
            stored.iter().map(|entry| serde_json::from_str(&entry.json)).collect();
        let facts: Result<CallFacts, _> = serde_json::from_str(&left.facts);
        let (Ok(timeline), Ok(facts)) = (timeline, facts) else {
            tracing::error!(call.id = %left.call, "a call of a killed process cannot be read and is given up");
            give_up(&switchboard.world().recorder, &left);
            continue;
        };
        write_what_was_decided(&switchboard.world().recorder, left.call, left.began, &timeline);
        let beginning = match retrace(&timeline) {
            Some(call) if call.is_over() => continue,
            Some(call) => taken_up(call, &left, &timeline),
            None => Beginning::fresh(switchboard.world().terms.clone()),
        };
        switchboard.take_up(left.call, facts, beginning, left.phones);
        running += 1;
    }
    Ok(running)
}

fn taken_up(call: Call, left: &UnfinishedCall, timeline: &[Entry]) -> Beginning {
    let lasted = clock::wall().0.saturating_sub(left.began.0);
    let lasted = Duration::from_millis(u64::try_from(lasted).unwrap_or(0));
    // A wall clock that was set back must not set the call back.
    let known = timeline.last().map_or(CallTime::ZERO, |entry| entry.at).since_start();
    let attempt = call.handoff().and_then(|handoff| handoff.stage().attempt());
    Beginning::taken_up(call, CallClock::resume(lasted.max(known)), timeline.len() as u64, attempt)
}

/// The record of a decision may have been lost with the process, the decision was not: it is written again, which does
/// no harm where it is there already.
fn write_what_was_decided(recorder: &Recorder, call: CallId, began: Timestamp, timeline: &[Entry]) {
    for entry in timeline {
        for effect in &entry.effects {
            match effect {
                Effect::EndAttempt { attempt, end, .. } => {
                    recorder.put(Record::AttemptEnded {
                        call,
                        attempt: *attempt,
                        end: end.word().to_owned(),
                    });
                }
                Effect::FileHandoff { number, outcome, began } => {
                    recorder.put(handoff_over(call, *number, outcome, *began, entry.at));
                }
                Effect::Close(end) => recorder.put(Record::Closed {
                    call,
                    how: end.word().to_owned(),
                    at: began + entry.at.since_start(),
                }),
                _done_or_not_it_is_not_written => {}
            }
        }
    }
}

/// A call's task failed: its timeline ends with that, and so do its handoff and its tries (promise 4).
pub(crate) async fn end_in_the_record(world: &World, call: CallId) {
    let how = FAILED.to_owned();
    world.recorder.put(Record::Closed { call, how, at: clock::wall() });
    world.recorder.flush().await;
    let Ok(stored) = world.calls.timeline(call).await else { return };
    let timeline: Result<Vec<Entry>, _> =
        stored.iter().map(|entry| serde_json::from_str(&entry.json)).collect();
    let Ok(mut timeline) = timeline else { return };
    // What made the task fail may do so again.
    let ended = std::panic::catch_unwind(|| {
        let mut left = retrace(&timeline)?;
        let at = timeline.last()?.at;
        let effects = left.handle(at, Event::ShuttingDown);
        Some(Entry { at, event: Event::ShuttingDown, effects })
    });
    let Ok(Some(entry)) = ended else { return };
    let json = serde_json::to_string(&entry).expect("an entry is plain values, which always serialise");
    let number = timeline.len() as u64;
    world.recorder.put(Record::Entry { call, number, at: entry.at, json });
    timeline.push(entry);
    write_what_was_decided(&world.recorder, call, Timestamp(0), &timeline);
}

fn give_up(recorder: &Recorder, left: &UnfinishedCall) {
    let how = UNREADABLE.to_owned();
    recorder.put(Record::Closed { call: left.call, how, at: clock::wall() });
}

/// How a call ended whose timeline nobody can read.
const UNREADABLE: &str = "unreadable";

/// How a call ended whose task failed.
const FAILED: &str = "failed";
