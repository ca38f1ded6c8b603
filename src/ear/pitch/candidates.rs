//! The few periods that a hop could have: the highest peaks of its likeness.

use super::correlation::{Alike, FIRST, LAGS, LONGEST, SHORTEST};

/// One period that would fit.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Candidate {
    /// The logarithm to base 2 of its hertz: an octave is 1.
    pub(super) octave: f32,
    pub(super) hz: f32,
    /// Wave and power together, 0 to 1.
    pub(super) mixed: f32,
    /// The wave alone, 0 to 1.
    pub(super) wave: f32,
}

/// What one hop offers, the best first.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Candidates {
    best: [Candidate; MOST],
    count: usize,
}

impl Candidates {
    /// The highest peaks.
    pub(super) fn of(alike: &Alike) -> Self {
        let mut peaks = [(0.0_f32, 0_usize); MOST];
        let mut count = 0;
        let mixed = &alike.mixed;
        for n in SHORTEST - FIRST..=LONGEST - FIRST {
            let here = mixed[n];
            if here <= WORTH || here < mixed[n - 1] || here <= mixed[n + 1] {
                continue;
            }
            let fit = here + HIGHER * 8_000.0 / (n + FIRST) as f32;
            let place = peaks[..count].iter().position(|&(other, _)| fit > other).unwrap_or(count);
            if place < MOST {
                count = (count + 1).min(MOST);
                peaks[place..count].rotate_right(1);
                peaks[place] = (fit, n);
            }
        }
        let mut candidates = Self { best: [Candidate::default(); MOST], count };
        for (candidate, &(_, n)) in candidates.best[..count].iter_mut().zip(&peaks) {
            let (aside, mixed) = top(alike.mixed[n - 1], alike.mixed[n], alike.mixed[n + 1]);
            let hz = 8_000.0 / ((n + FIRST) as f32 + aside);
            let wave = alike.wave[n].max(alike.wave[n - 1]).max(alike.wave[n + 1]);
            *candidate = Candidate {
                octave: libm::log2f(hz),
                hz,
                mixed: mixed.clamp(0.0, 1.0),
                wave: wave.clamp(0.0, 1.0),
            };
        }
        candidates
    }

    /// Those that there are.
    pub(super) fn all(&self) -> &[Candidate] {
        &self.best[..self.count]
    }
}

/// Where the parabola through three neighbours has its top, and how high.
fn top(left: f32, middle: f32, right: f32) -> (f32, f32) {
    let bend = left - 2.0 * middle + right;
    if bend >= 0.0 {
        return (0.0, middle);
    }
    let aside = (0.5 * (left - right) / bend).clamp(-0.5, 0.5);
    (aside, middle - 0.25 * (left - right) * aside)
}

/// As many as a hop may offer: the period, its doubles and halves, and a formant's.
pub(super) const MOST: usize = 6;

/// Below this likeness a peak is noise.
const WORTH: f32 = 0.2;

/// What a hertz more is worth: two periods are as alike as one, and the shorter is meant. Counted in hertz, not in
/// samples, because high voices suffer from this and low ones from the opposite.
pub(super) const HIGHER: f32 = 2e-4;

const _: () = assert!(LONGEST - FIRST + 1 < LAGS && SHORTEST > FIRST);
