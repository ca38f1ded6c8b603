//! Whether the head of a request comes in time, and its answer is read: who sends a byte a second, or reads none, takes a
//! place for nothing.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// The heads of a connection's requests: how many began, and how many came whole.
#[derive(Default)]
pub(super) struct Heads {
    begun: AtomicU32,
    whole: AtomicU32,
    answering: AtomicBool,
    stuck: AtomicBool,
    /// How often something went out.
    written: AtomicU32,
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

    /// Something of an answer went out.
    pub(super) fn wrote(&self) {
        self.stuck.store(false, Ordering::Relaxed);
        self.written.fetch_add(1, Ordering::Relaxed);
    }

    /// Nothing more goes out before something of it is read.
    pub(super) fn waits_for_reader(&self) {
        self.stuck.store(true, Ordering::Relaxed);
    }

    pub(super) fn answered(&self) {
        self.answering.store(false, Ordering::Relaxed);
    }
}

/// Watches that each head comes in time, and that what goes out is read. The time between two requests is another's: hyper's, which closes those that rest for too long.
pub(super) struct Watch {
    begun: u32,
    since: Instant,
    first: bool,
    stuck_since: Option<Instant>,
    written: u32,
}

impl Watch {
    pub(super) fn new(now: Instant) -> Self {
        Self { begun: 0, since: now, first: true, stuck_since: None, written: 0 }
    }

    pub(super) fn is_late(&mut self, heads: &Heads, now: Instant) -> bool {
        if self.is_stuck(heads, now) {
            return true;
        }
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

    /// Whether nothing at all went out for too long while there was something to say.
    fn is_stuck(&mut self, heads: &Heads, now: Instant) -> bool {
        let written = heads.written.load(Ordering::Relaxed);
        let moved = std::mem::replace(&mut self.written, written) != written;
        if moved || !heads.stuck.load(Ordering::Relaxed) {
            self.stuck_since = None;
            return false;
        }
        let since = *self.stuck_since.get_or_insert(now);
        now.saturating_duration_since(since) >= READ_WITHIN
    }
}

/// How long one who is answered may read nothing: far longer than a bad line takes to send it again.
pub(super) const READ_WITHIN: Duration = Duration::from_secs(20);

/// How long a request's head may take: the carrier's comes in one packet.
pub(super) const HEAD_WITHIN: Duration = Duration::from_secs(8);
