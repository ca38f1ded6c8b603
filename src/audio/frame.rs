//! Twenty milliseconds of one leg's sound, as the telephone carries it.

use crate::audio::g711;
use crate::time::MediaTime;

/// Samples in a frame: 20 ms at 8 kHz. One sample is one byte of µ-law.
pub const FRAME_SAMPLES: usize = 160;

/// Milliseconds in a frame.
pub const FRAME_MILLIS: u64 = 20;

/// 20 ms of µ-law and their place in the stream they came from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    /// Where in its stream the frame begins.
    pub at: MediaTime,
    /// The sound, one byte a sample.
    pub sound: [u8; FRAME_SAMPLES],
}

impl Frame {
    /// Silence at this place.
    pub const fn silence(at: MediaTime) -> Self {
        Self { at, sound: [g711::SILENCE; FRAME_SAMPLES] }
    }
}

impl std::fmt::Debug for Frame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Frame({} ms, {:.0} dBFS)", self.at.as_millis(), g711::level_dbfs(&self.sound))
    }
}
