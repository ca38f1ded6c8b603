//! The timeline: every event of a call with its time and what was done about it, and the proof that it replays.

use serde::{Deserialize, Serialize};

use crate::call::call::{Call, Terms};
use crate::call::effect::Effect;
use crate::call::event::Event;
use crate::time::CallTime;

/// One line of a timeline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// When.
    pub at: CallTime,
    /// What happened.
    pub event: Event,
    /// What was done about it.
    pub effects: Vec<Effect>,
}

/// Why a timeline does not replay.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum Unfaithful {
    /// It does not begin with the beginning of a call.
    #[error("the timeline does not begin with the beginning of a call")]
    NoBeginning,
    /// The same event has other effects than it had.
    #[error("entry {number} at {at} has other effects now: {now:?}")]
    Differs {
        /// Which entry, from 0.
        number: usize,
        /// When.
        at: CallTime,
        /// The effects that the event has now.
        now: Vec<Effect>,
    },
}

/// The call as its timeline left it, whatever its effects would be today; none where it has no beginning.
pub fn retrace(timeline: &[Entry]) -> Option<Call> {
    let Some(Entry { event: Event::Began(terms), .. }) = timeline.first() else { return None };
    let mut call = Call::new(Terms::clone(terms));
    for entry in timeline {
        let _done_already = call.handle(entry.at, entry.event.clone());
    }
    Some(call)
}

/// Replays the events of a timeline through a fresh call and compares what it does (promise 9).
pub fn replay(timeline: &[Entry]) -> Result<Call, Unfaithful> {
    let Some(Entry { event: Event::Began(terms), .. }) = timeline.first() else {
        return Err(Unfaithful::NoBeginning);
    };
    let mut call = Call::new(Terms::clone(terms));
    for (number, entry) in timeline.iter().enumerate() {
        let now = call.handle(entry.at, entry.event.clone());
        if now != entry.effects {
            return Err(Unfaithful::Differs { number, at: entry.at, now });
        }
    }
    Ok(call)
}
