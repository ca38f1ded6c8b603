//! A killed process's calls, taken up from their timelines: the same calls, in the stages they were in.
//!
//! The carrier asks what comes after a stream that broke, and the answer is a stream to the same call. Whoever does not
//! come back runs into the call's own time limits, so that every handoff and every record ends (promises 4 and 10).

use std::sync::Arc;
use std::time::Duration;

use crate::call::timeline::retrace;
use crate::call::{Call, Effect, Entry, Event};
use crate::handoff::{Handoff, Stage};
use crate::id::CallId;
use crate::live::beginning::Beginning;
use crate::live::clock::{self, CallClock};
use crate::live::recorder::{Recorder, handoff_over};
use crate::live::seat::CallFacts;
use crate::live::switchboard::Switchboard;
use crate::live::world::World;
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
        let Some((timeline, facts)) = read(&left, calls).await else {
            tracing::error!(call.id = %left.call, "a call of a killed process cannot be read and is given up");
            give_up(switchboard.world(), &left).await;
            continue;
        };
        let timeline = with_the_last_ring(timeline, &left, &switchboard.world().recorder);
        write_what_was_decided(&switchboard.world().recorder, left.call, left.began, &timeline);
        let beginning = match retrace(&timeline) {
            Some(call) if call.is_over() => {
                release_all(switchboard.world(), &left).await;
                continue;
            }
            Some(call) => taken_up(call, &left, timeline),
            None => Beginning::fresh(switchboard.world().terms_for(&facts)),
        };
        switchboard.take_up(left.call, facts, beginning, left.phones);
        running += 1;
    }
    Ok(running)
}

/// What was stored of a call, if all of it is there and can be read.
async fn read(left: &UnfinishedCall, calls: &dyn Calls) -> Option<(Vec<Entry>, CallFacts)> {
    let mut stored = calls.timeline(left.call).await;
    for pause in AGAIN {
        if stored.is_ok() {
            break;
        }
        tokio::time::sleep(pause).await;
        stored = calls.timeline(left.call).await;
    }
    let timeline: Result<Vec<Entry>, _> =
        stored.ok()?.iter().map(|entry| serde_json::from_str(&entry.json)).collect();
    let timeline = timeline.ok().filter(|timeline| timeline.len() as u64 == left.entries)?;
    Some((timeline, serde_json::from_str(&left.facts).ok()?))
}

/// An order to ring is stored before it is given, the entry that decided it a moment later: where only that one was
/// lost, it is put back, so that nobody is rung twice.
fn with_the_last_ring(mut timeline: Vec<Entry>, left: &UnfinishedCall, recorder: &Recorder) -> Vec<Entry> {
    let Some(mut call) = retrace(&timeline) else { return timeline };
    let Some(Stage::Seeking { attempt, .. }) = call.handoff().map(Handoff::stage).cloned() else {
        return timeline;
    };
    let (Some(phone), Some(last)) =
        (left.phones.iter().find(|phone| phone.attempt == attempt), timeline.last())
    else {
        return timeline;
    };
    let (at, event) = (last.at, Event::RepReserved { attempt, rep: phone.rep.clone() });
    let effects = call.handle(at, event.clone());
    let entry = Entry { at, event, effects };
    put(recorder, left.call, timeline.len() as u64, &entry);
    timeline.push(entry);
    timeline
}

fn taken_up(call: Call, left: &UnfinishedCall, timeline: Vec<Entry>) -> Beginning {
    let lasted = clock::wall().0.saturating_sub(left.began.0);
    let lasted = Duration::from_millis(u64::try_from(lasted).unwrap_or(0));
    // A wall clock that was set back must not set the call back.
    let known = timeline.last().map_or(CallTime::ZERO, |entry| entry.at).since_start();
    let attempt = call.handoff().and_then(|handoff| handoff.stage().attempt());
    Beginning::taken_up(call, CallClock::resume(lasted.max(known)), timeline, attempt)
}

fn put(recorder: &Recorder, call: CallId, number: u64, entry: &Entry) {
    let json = serde_json::to_string(entry).expect("an entry is plain values, which always serialise");
    recorder.put(Record::Entry { call, number, at: entry.at, json });
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
    put(&world.recorder, call, timeline.len() as u64, &entry);
    timeline.push(entry);
    write_what_was_decided(&world.recorder, call, Timestamp(0), &timeline);
}

async fn give_up(world: &World, left: &UnfinishedCall) {
    let how = UNREADABLE.to_owned();
    world.recorder.put(Record::Closed { call: left.call, how, at: clock::wall() });
    release_all(world, left).await;
}

/// Nobody runs this call any more who would set its reps free.
async fn release_all(world: &World, left: &UnfinishedCall) {
    for phone in &left.phones {
        if let Err(fault) = world.reps.release(left.call, phone.attempt).await {
            tracing::warn!(call.id = %left.call, %fault, "a rep could not be set free");
        }
    }
}

/// Pauses between tries to read a timeline.
const AGAIN: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(1)];

/// How a call ended whose timeline nobody can read.
const UNREADABLE: &str = "unreadable";

/// How a call ended whose task failed.
const FAILED: &str = "failed";
