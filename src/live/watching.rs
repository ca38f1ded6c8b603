//! Watching a call: every entry of its timeline as it comes about, and the same of entries that were written before.

use std::sync::{Arc, OnceLock};

use tokio::sync::broadcast::{self, Receiver, Sender};

use crate::call::{Call, Entry, Event, Terms};
use crate::handoff::{Handoff, Stage};
use crate::id::{AttemptId, CallId};

/// An entry of a timeline, as whoever watches gets it.
#[derive(Clone, Debug)]
pub struct Watched {
    /// Of which call.
    pub call: CallId,
    /// Counted from 0, without gaps.
    pub number: u64,
    /// What happened, and what was done about it.
    pub entry: Arc<Entry>,
    /// Where the handoff is since then, where it moved on.
    pub stage: Option<Stage>,
}

/// The watchers of one call: most calls have none, and pay nothing for it.
#[derive(Debug, Default)]
pub struct Watchers(OnceLock<Sender<Watched>>);

impl Watchers {
    /// Watches from now on.
    pub fn join(&self) -> Receiver<Watched> {
        self.0.get_or_init(|| broadcast::channel(LATE_AT_MOST).0).subscribe()
    }

    pub(crate) fn tell(&self, watched: &Watched) {
        if let Some(watchers) = self.0.get() {
            // Whoever watched may have left.
            let _ = watchers.send(watched.clone());
        }
    }
}

/// Where a call's handoff is: to tell whether it moved on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place(Option<(&'static str, Option<AttemptId>)>);

impl Place {
    pub(crate) fn of(call: &Call) -> Self {
        Self(call.handoff().map(|handoff| (handoff.stage().name(), handoff.stage().attempt())))
    }

    /// The stage for which the handoff left this place, if it did.
    pub(crate) fn left_for(self, call: &Call) -> Option<Stage> {
        (self != Self::of(call)).then(|| call.handoff().map(Handoff::stage).cloned()).flatten()
    }
}

/// Goes through a timeline that was written, and makes of it what a watcher would have got.
#[derive(Debug)]
pub struct Rewatched {
    id: CallId,
    call: Option<Call>,
    next: u64,
}

impl Rewatched {
    /// Before the first entry of this call.
    pub fn new(call: CallId) -> Self {
        Self { id: call, call: None, next: 0 }
    }

    /// The next entry.
    pub fn entry(&mut self, entry: Entry) -> Watched {
        if let Event::Began(terms) = &entry.event {
            self.call = Some(Call::new(Terms::clone(terms)));
        }
        let stage = self.call.as_mut().and_then(|call| {
            let before = Place::of(call);
            let _done_already = call.handle(entry.at, entry.event.clone());
            before.left_for(call)
        });
        let number = self.next;
        self.next += 1;
        Watched { call: self.id, number, entry: Arc::new(entry), stage }
    }

    /// The call as the entries so far left it; none where its beginning is not there.
    pub fn call(&self) -> Option<&Call> {
        self.call.as_ref()
    }
}

/// How far a watcher may be behind: what a busy call writes in half a minute.
const LATE_AT_MOST: usize = 256;
