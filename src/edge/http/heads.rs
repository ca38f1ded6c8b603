//! Whether the head of a request comes in time: who sends it a byte a second takes a place for nothing.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// The heads of a connection's requests: how many began, and how many came whole.
#[derive(Default)]
pub(super) struct Heads {
    begun: AtomicU32,
    whole: AtomicU32,
    answering: AtomicBool,
}

impl Heads {
    /// Bytes came in.
    pub(super) fn read(&self) {
        if !self.answering.load(Ordering::Relaxed)
            && self.begun.load(Ordering::Relaxed) == self.whole.load(Ordering::Relaxed)
        {
            self.begun.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A head came whole: what is read from now on is its body.
    pub(super) fn came(&self) {
        self.answering.store(true, Ordering::Relaxed);
        self.whole.store(self.begun.load(Ordering::Relaxed), Ordering::Relaxed);
    }

    pub(super) fn answered(&self) {
        self.answering.store(false, Ordering::Relaxed);
    }
}

/// Watches that each head comes in time. The time between two requests is another's: hyper's, which closes those that rest for too long.
pub(super) struct Watch {
    begun: u32,
    since: Instant,
    first: bool,
}

impl Watch {
    pub(super) fn new(now: Instant) -> Self {
        Self { begun: 0, since: now, first: true }
    }

    pub(super) fn is_late(&mut self, heads: &Heads, now: Instant) -> bool {
        let begun = heads.begun.load(Ordering::Relaxed);
        self.first &= heads.whole.load(Ordering::Relaxed) == 0;
        if begun != self.begun {
            self.begun = begun;
            // Who connects is to say at once why.
            self.since = if self.first { self.since } else { now };
        }
        let waits = self.first || begun != heads.whole.load(Ordering::Relaxed);
        waits && now.saturating_duration_since(self.since) >= HEAD_WITHIN
    }
}

/// How long a request's head may take: the carrier's comes in one packet.
pub(super) const HEAD_WITHIN: Duration = Duration::from_secs(8);
