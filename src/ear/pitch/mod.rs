//! How high a voice speaks: one answer per 10 ms, 40 ms late, right on lines that cut off the fundamental.
//!
//! Each hop gives a few periods that would fit ([`correlation`], [`candidates`]); the cheapest way through them is taken
//! ([`path`]), with a mild wish for the pitch that this speaker usually has ([`speaker`]).

mod candidates;
mod correlation;
mod path;
mod speaker;

pub use correlation::{HIGHEST_HZ, LOWEST_HZ};

use candidates::Candidates;
use correlation::Correlation;
use path::Path;
use speaker::Speaker;

use crate::ear::spectrum::REACH;

/// Hops that a decision waits for what comes next: 40 ms.
pub const LATE_HOPS: usize = path::LATE_HOPS;

/// What was decided about one hop.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pitch {
    /// The fundamental, [`LOWEST_HZ`] to [`HIGHEST_HZ`]; nothing when the hop has none.
    pub f0_hz: Option<f32>,
    /// How alike two neighbouring periods are, 0 to 1: wave and power together.
    pub voicing: f32,
    /// The same of the wave alone, 0 to 1: what harmonics to noise is made from.
    pub alike: f32,
}

/// Follows the pitch of one party.
#[derive(Clone, Debug, Default)]
pub struct Tracker {
    correlation: Correlation,
    path: Path,
    speaker: Speaker,
    skipped: u32,
}

impl Tracker {
    /// Hears a frame (the newest 160 samples of `reach`) and decides on the two hops of [`LATE_HOPS`] ago.
    pub fn hear(&mut self, reach: &[f32; REACH]) -> [Option<Pitch>; 2] {
        self.skipped = 0;
        let both = self.correlation.hear(reach);
        both.map(|alike| {
            let candidates = Candidates::of(&alike);
            self.speaker.hear(&candidates);
            self.path.step(&candidates, &self.speaker)
        })
    }

    /// A frame that was not heard: what comes next may differ more from what was.
    pub fn skip(&mut self) {
        self.skipped += 1;
        self.path.loosen();
        // One frame is bridged; after two the old sound says nothing of the new.
        if self.skipped == 2 {
            self.correlation.forget();
        }
        if self.skipped == LONG_GAP {
            self.speaker.doubt();
        }
    }

    /// What this speaker's voice usually is, once there is enough of it.
    pub fn usual_hz(&self) -> Option<f32> {
        self.speaker.usual_hz()
    }
}

/// Frames (0.2 s) that are no mere loss.
const LONG_GAP: u32 = 10;

#[cfg(test)]
mod tests;
