//! Where a call's task begins: with a new call, or where a killed process left one.

use crate::call::{Call, Entry, Event, Terms};
use crate::id::AttemptId;
use crate::live::clock::CallClock;

/// Where a call's task begins.
pub(crate) struct Beginning {
    pub(super) call: Call,
    pub(crate) clock: CallClock,
    pub(super) entries: u64,
    pub(super) event: Event,
    /// What was in its timeline before.
    pub(super) earlier: Vec<Entry>,
    /// The try that goes on, if any.
    pub(crate) attempt: Option<AttemptId>,
}

impl Beginning {
    /// A new call.
    pub(crate) fn fresh(terms: Terms) -> Self {
        let call = Call::new(terms.clone());
        Self {
            call,
            clock: CallClock::start(),
            entries: 0,
            event: Event::Began(Box::new(terms)),
            earlier: Vec::new(),
            attempt: None,
        }
    }

    /// A call that another process left so, with this timeline.
    pub(crate) fn taken_up(
        call: Call,
        clock: CallClock,
        earlier: Vec<Entry>,
        attempt: Option<AttemptId>,
    ) -> Self {
        Self { call, clock, entries: earlier.len() as u64, event: Event::CameBack, earlier, attempt }
    }
}
