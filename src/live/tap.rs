//! What recognisers hear of a call: the legs put frames in as they pass them on, and never wait, lock or allocate for it.
//!
//! What does not fit is skipped and counted: words may be missed, sound may not be late.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crossbeam_queue::ArrayQueue;
use metrics::Counter;
use tokio::time::Instant;

use crate::audio::frame::{FRAME_SAMPLES, Frame};
use crate::call::TurnHeard;
use crate::conversation::Speaker;
use crate::id::LegId;
use crate::live::playout::length;

/// The tap of one call.
pub struct Tap {
    began: Instant,
    prospect: ArrayQueue<Tapped>,
    /// Whoever the prospect hears.
    other: ArrayQueue<Tapped>,
    turns: ArrayQueue<TappedTurn>,
    /// When what had yet to be played was dropped last, in microseconds since the beginning.
    cleared: AtomicU64,
    skipped: Counter,
}

/// 20 ms or less of somebody's voice.
#[derive(Clone, Copy, Debug)]
pub struct Tapped {
    /// When it was put in, in microseconds since the tap began.
    pub(crate) put: u64,
    /// When it is heard.
    pub(crate) at: u64,
    pub(crate) by: Speaker,
    sound: [u8; FRAME_SAMPLES],
    samples: u8,
}

impl Tapped {
    pub(crate) fn sound(&self) -> &[u8] {
        &self.sound[..usize::from(self.samples)]
    }
}

/// A turn that the ear heard the end of.
#[derive(Clone, Copy, Debug)]
pub struct TappedTurn {
    pub(crate) by: Speaker,
    pub(crate) from: Instant,
    pub(crate) until: Instant,
}

impl std::fmt::Debug for Tap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tap")
            .field("prospect", &self.prospect.len())
            .field("other", &self.other.len())
            .finish_non_exhaustive()
    }
}

impl Tap {
    /// A tap that begins now.
    pub fn new(now: Instant) -> Self {
        Self {
            began: now,
            prospect: ArrayQueue::new(PROSPECT_FRAMES),
            other: ArrayQueue::new(OTHER_FRAMES),
            turns: ArrayQueue::new(TURNS),
            cleared: AtomicU64::new(0),
            skipped: metrics::counter!("baton_recogniser_frames_skipped_total"),
        }
    }

    /// The prospect was heard.
    pub fn prospect(&self, now: Instant, frame: &Frame) {
        self.put(&self.prospect, Speaker::Prospect, now, now, &frame.sound);
    }

    /// This was sent to the prospect, and will be heard from that moment on.
    pub fn sent(&self, by: Speaker, now: Instant, from: Instant, sound: &[u8]) {
        for (number, part) in sound.chunks(FRAME_SAMPLES).enumerate() {
            self.put(&self.other, by, now, from + length(number * FRAME_SAMPLES), part);
        }
    }

    /// What was sent and has yet to be played was dropped.
    pub fn cleared(&self, now: Instant) {
        self.cleared.store(self.micros(now), Ordering::Release);
    }

    /// The ear heard a turn to its end.
    pub fn turn(&self, now: Instant, turn: &TurnHeard) {
        let by = match turn.leg {
            LegId::Prospect => Speaker::Prospect,
            LegId::Assistant => Speaker::Assistant,
            LegId::Rep(_) => Speaker::Rep,
        };
        let back = |millis: u32| Duration::from_millis(u64::from(millis));
        let until = now.checked_sub(back(turn.ended_ago_millis)).unwrap_or(now);
        let from = until.checked_sub(back(turn.lasted_millis)).unwrap_or(until);
        if self.turns.push(TappedTurn { by, from, until }).is_err() {
            self.skipped.increment(1);
        }
    }

    fn put(&self, queue: &ArrayQueue<Tapped>, by: Speaker, now: Instant, at: Instant, sound: &[u8]) {
        let mut tapped = Tapped {
            put: self.micros(now),
            at: self.micros(at),
            by,
            sound: [0; FRAME_SAMPLES],
            samples: sound.len().min(FRAME_SAMPLES) as u8,
        };
        tapped.sound[..usize::from(tapped.samples)].copy_from_slice(&sound[..usize::from(tapped.samples)]);
        if queue.push(tapped).is_err() {
            self.skipped.increment(1);
        }
    }

    // ── for the one who reads ──

    /// The prospect's next frame.
    pub fn next_of_prospect(&self) -> Option<Tapped> {
        self.prospect.pop()
    }

    /// The next frame of what the prospect hears, if it was not dropped before it was heard.
    pub fn next_of_other(&self) -> Option<Tapped> {
        loop {
            let tapped = self.other.pop()?;
            if !self.was_dropped(&tapped) {
                return Some(tapped);
            }
        }
    }

    /// Whether it was dropped after it was put in and before it was heard.
    pub(crate) fn was_dropped(&self, tapped: &Tapped) -> bool {
        let cleared = self.cleared.load(Ordering::Acquire);
        tapped.put < cleared && tapped.at >= cleared
    }

    /// The next turn that the ear heard.
    pub fn next_turn(&self) -> Option<TappedTurn> {
        self.turns.pop()
    }

    /// Whether nobody was heard yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.prospect.is_empty() && self.other.is_empty()
    }

    /// A moment in microseconds since the beginning.
    pub(crate) fn micros(&self, at: Instant) -> u64 {
        at.saturating_duration_since(self.began).as_micros() as u64
    }

    /// The moment so many microseconds after the beginning.
    pub(crate) fn moment(&self, micros: u64) -> Instant {
        self.began + Duration::from_micros(micros)
    }
}

/// Five seconds: who reads comes ten times a second.
const PROSPECT_FRAMES: usize = 250;

/// Half a minute: assistants send whole answers at once, and what they say is read as it is played.
const OTHER_FRAMES: usize = 1_500;

/// More turns than can end in a tenth of a second.
const TURNS: usize = 16;
