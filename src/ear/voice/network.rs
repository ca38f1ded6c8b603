//! Speech or not by the sound alone: earshot's small network, fed at twice the telephone's rate.
//!
//! It was taught on sound up to 8 kHz. A clean up-sampler leaves 4-8 kHz empty, which it never met, and noise then looks
//! like speech to it; the straight line between two samples lets the mirror image through and fills the band.

use earshot::Detector;

use crate::audio::frame::FRAME_SAMPLES;

/// The network, the sound it waits for, and what it said last.
pub(super) struct Network {
    detector: Detector,
    waiting: [i16; CHUNK],
    filled: usize,
    last: i16,
    score: f32,
}

impl Default for Network {
    fn default() -> Self {
        Self { detector: Detector::const_default(), waiting: [0; CHUNK], filled: 0, last: 0, score: 0.0 }
    }
}

impl Network {
    /// Hears a frame: one or two looks of 16 ms, five in four frames. How much it sounds like speech, 0 to 1.
    pub(super) fn hear(&mut self, frame: &[i16; FRAME_SAMPLES]) -> f32 {
        let mut doubled = [0_i16; 2 * FRAME_SAMPLES];
        let mut last = self.last;
        for (pair, &sample) in doubled.chunks_exact_mut(2).zip(frame) {
            pair[0] = i32::midpoint(i32::from(last), i32::from(sample)) as i16;
            pair[1] = sample;
            last = sample;
        }
        self.last = last;
        let mut rest = &doubled[..];
        while self.filled + rest.len() >= CHUNK {
            let (now, later) = rest.split_at(CHUNK - self.filled);
            self.waiting[self.filled..].copy_from_slice(now);
            self.score = self.detector.predict_i16(&self.waiting);
            self.filled = 0;
            rest = later;
        }
        self.waiting[self.filled..self.filled + rest.len()].copy_from_slice(rest);
        self.filled += rest.len();
        self.score
    }
}

/// Samples that earshot takes at a time: 16 ms at 16 kHz.
const CHUNK: usize = 256;
