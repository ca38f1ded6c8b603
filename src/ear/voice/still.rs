//! Is it music, a hum, a machine? Their lines stand where they stood 50 ms ago; a voice never holds so still for long.

use crate::ear::spectrum::{BINS, Power};

/// How still the sound of the last second was.
pub(super) struct Still {
    past: [[f32; SHAPE]; LAG],
    energies: [f32; LAG],
    hop: usize,
    /// Of the last second, how much stood still over 50 ms, and how much stood quite still over 20.
    share: f32,
    brisk_share: f32,
    alive: u32,
}

impl Default for Still {
    fn default() -> Self {
        Self {
            past: [[0.0; SHAPE]; LAG],
            energies: [0.0; LAG],
            hop: 0,
            share: AT_FIRST,
            brisk_share: 0.0,
            alive: 0,
        }
    }
}

impl Still {
    /// Looks at the two windows of a frame, which is loud enough to be somebody or is not.
    pub(super) fn hear(&mut self, spectra: &[Power; 2], open: bool) {
        let mut moved = true;
        let mut compared = false;
        for power in spectra {
            let (shape, energy) = shape(power);
            let brisk = (self.hop + LAG - BRISK_LAG) % LAG;
            // A beginning has nothing to be compared with.
            let comparable = |hop: usize| open && energy < COMPARABLE * self.energies[hop];
            if comparable(brisk) {
                let still = alike(&shape, &self.past[brisk]) > QUITE_STILL;
                self.brisk_share += (f32::from(u8::from(still)) - self.brisk_share) * FOLLOW;
            }
            if comparable(self.hop) {
                let still = alike(&shape, &self.past[self.hop]) > STILL;
                self.share += (f32::from(u8::from(still)) - self.share) * FOLLOW;
                moved &= !still;
                compared = true;
            }
            self.past[self.hop] = shape;
            self.energies[self.hop] = energy;
            self.hop = (self.hop + 1) % LAG;
        }
        if !open {
            self.alive = 0;
        } else if compared {
            self.alive = if moved { self.alive + 1 } else { self.alive.saturating_sub(STILL_COSTS) };
        }
    }

    /// It is a machine's.
    pub(super) fn machine(&self) -> bool {
        self.share > MACHINE || self.brisk_share > BRISK_MACHINE
    }

    /// It may be a machine's, but sounds alive for long enough.
    pub(super) fn alive(&self) -> bool {
        self.share < SUSPECT || self.alive >= ALIVE_FRAMES
    }
}

/// The cosine between two forms.
fn alike(one: &[f32; SHAPE], other: &[f32; SHAPE]) -> f32 {
    let mut like = [0.0; LANES];
    for (ours, theirs) in one.as_chunks::<LANES>().0.iter().zip(other.as_chunks::<LANES>().0) {
        for lane in 0..LANES {
            like[lane] += ours[lane] * theirs[lane];
        }
    }
    like.iter().sum()
}

/// The spectrum's form: amplitudes whose squares add up to one. And its energy.
fn shape(power: &Power) -> ([f32; SHAPE], f32) {
    let mut shape = [0.0; SHAPE];
    let mut sums = [0.0; LANES];
    let from = power[FIRST_BIN..FIRST_BIN + SHAPE].as_chunks::<LANES>().0;
    for (to, from) in shape.as_chunks_mut::<LANES>().0.iter_mut().zip(from) {
        for lane in 0..LANES {
            sums[lane] += from[lane];
            to[lane] = from[lane].sqrt();
        }
    }
    let energy = sums.iter().sum::<f32>();
    let scale = 1.0 / energy.max(f32::MIN_POSITIVE).sqrt();
    for amplitude in &mut shape {
        *amplitude *= scale;
    }
    (shape, energy)
}

/// From 94 Hz …
const FIRST_BIN: usize = 3;

/// … to 3.6 kHz, what a telephone carries.
const SHAPE: usize = 112;

/// Sums side by side, in an order that is written down and that a machine can do four at a time.
const LANES: usize = 8;

/// Hops of 10 ms between the two windows: in 50 ms every voice has moved, and a machine not.
const LAG: usize = 5;

/// The cosine between two forms. Of speech 5 % lie above it, of made-up music 70 %, of ringing and hum all.
const STILL: f32 = 0.95;

/// Notes of a tenth of a second do not stand for 50 ms and a window; over these 20 ms they do …
const BRISK_LAG: usize = 2;

/// … and more than any voice: of speech one hop in ten lies above it.
const QUITE_STILL: f32 = 0.99;

/// Speech has at most 0.30, drawn-out vowels 0.42, meetings 0.44; fast plucked music 0.47 to 0.55.
const BRISK_MACHINE: f32 = 0.46;

/// A sound that has grown by more than 10 dB in 50 ms has begun since.
const COMPARABLE: f32 = 10.0;

/// One second, so that a vowel drawn out by half a second stays below [`MACHINE`].
const FOLLOW: f32 = 0.01;

/// Speech has at most 0.35 on four sets, drawn-out vowels 0.43, music 0.75.
const MACHINE: f32 = 0.5;

/// Who had so much may have been a machine, and must sound alive before it is speech.
const SUSPECT: f32 = 0.3;

/// A line that nobody has heard yet is suspect: calls begin with ringing and music.
const AT_FIRST: f32 = 0.48;

/// 60 ms alive.
const ALIVE_FRAMES: u32 = 3;

/// A new note is alive for four frames at most; between two it stands still for longer.
const STILL_COSTS: u32 = 2;

const _: () = assert!(FIRST_BIN + SHAPE <= BINS && SHAPE.is_multiple_of(LANES));
