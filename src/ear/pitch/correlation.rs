//! How alike the sound is to itself a little earlier, for every period that a voice can have.
//!
//! Two likenesses: that of the wave and that of its power (squared and smoothed). The line takes away the fundamental of
//! a low voice, and its second harmonic then looks like the first; the power still beats once a period, because the
//! glottis shuts once a period.
//!
//! A window is made of three blocks of 10 ms, each correlated once and used three times: a third of the work, and no
//! running sum that could drift.

use crate::ear::spectrum::{HOP, REACH};

/// The lowest fundamental that is looked for.
pub const LOWEST_HZ: f32 = SAMPLES_A_SECOND / LONGEST as f32;

/// The highest fundamental that is looked for.
pub const HIGHEST_HZ: f32 = SAMPLES_A_SECOND / SHORTEST as f32;

/// The likeness at every lag from [`FIRST`], of the wave and of wave and power together.
#[derive(Clone, Debug)]
pub(super) struct Alike {
    pub(super) wave: [f32; LAGS],
    pub(super) mixed: [f32; LAGS],
}

/// The last blocks of one signal, summed lag by lag; lags run backwards, from the last to the first.
#[derive(Clone, Copy, Debug)]
struct Block {
    product: [f32; LAGS],
    earlier: [f32; LAGS],
    energy: f32,
}

const EMPTY: Block = Block { product: [0.0; LAGS], earlier: [0.0; LAGS], energy: 0.0 };

#[derive(Clone, Debug)]
struct Window {
    /// The last blocks; which of them is the older one takes turns.
    before: [Block; BLOCKS - 1],
    oldest: usize,
    /// The most energy that a window had of late.
    loudest: f32,
    /// Energy of a window that is only the line's last bits.
    nothing: f32,
}

/// Keeps the blocks of wave and power.
#[derive(Clone, Debug)]
pub(super) struct Correlation {
    wave: Window,
    power: Window,
    heard: usize,
}

impl Default for Correlation {
    fn default() -> Self {
        let empty = Window { before: [EMPTY; BLOCKS - 1], oldest: 0, loudest: 0.0, nothing: NO_WAVE };
        Self { power: Window { nothing: NO_POWER, ..empty.clone() }, wave: empty, heard: 0 }
    }
}

impl Correlation {
    /// The likenesses of the two windows that end with the first and the second half of a frame.
    pub(super) fn hear(&mut self, reach: &[f32; REACH]) -> [Alike; 2] {
        let (wave, power) = wave_and_power(reach);
        let (wave_squares, power_squares) = running_squares(&wave, &power);
        [REACH - 2 * HOP, REACH - HOP].map(|from| {
            let mut alike = Alike { wave: [0.0; LAGS], mixed: [0.0; LAGS] };
            self.wave.add(&wave, &wave_squares, from, &mut alike.wave);
            self.power.add(&power, &power_squares, from, &mut alike.mixed);
            self.heard = (self.heard + 1).min(BLOCKS);
            // A window that is only partly filled is alike by chance.
            let filled = self.heard as f32 / BLOCKS as f32;
            for (mixed, wave) in alike.mixed.iter_mut().zip(&mut alike.wave) {
                *wave *= filled;
                *mixed = POWER * filled * *mixed + (1.0 - POWER) * *wave;
            }
            alike
        })
    }

    /// The past says nothing any more of what comes; how loud this party is remains known.
    pub(super) fn forget(&mut self) {
        self.wave.before = [EMPTY; BLOCKS - 1];
        self.power.before = [EMPTY; BLOCKS - 1];
        self.heard = 0;
    }
}

impl Window {
    /// Takes the block that begins at `from` in and writes the likeness of the whole window.
    fn add(
        &mut self,
        sound: &[f32; REACH],
        squares: &[f64; REACH + 1],
        from: usize,
        alike: &mut [f32; LAGS],
    ) {
        let block = Block::of(sound, squares, from);
        let (older, old) = (&self.before[self.oldest], &self.before[1 - self.oldest]);
        let energy = older.energy + old.energy + block.energy;
        // What follows loud speech and is much quieter is the room's answer to it, not voice.
        self.loudest = (self.loudest * FADE).max(energy);
        let quiet = self.nothing.max(self.loudest * FAR_BELOW);
        for (n, alike) in alike.iter_mut().rev().enumerate() {
            let product = older.product[n] + old.product[n] + block.product[n];
            let earlier = older.earlier[n] + old.earlier[n] + block.earlier[n];
            *alike = product / ((energy + quiet) * (earlier + quiet)).sqrt();
        }
        self.before[self.oldest] = block;
        self.oldest = 1 - self.oldest;
    }
}

impl Block {
    fn of(sound: &[f32; REACH], squares: &[f64; REACH + 1], from: usize) -> Self {
        let mut block = EMPTY;
        // Four samples at a time, so that a sum is fetched and put back once for four products.
        for n in (from..from + HOP).step_by(4) {
            let earlier: &[f32; LAGS + 3] =
                sound[n - LAST..].first_chunk().expect("the reach is longer than the longest lag");
            let [a, b, c, d] = [sound[n], sound[n + 1], sound[n + 2], sound[n + 3]];
            for (j, sum) in block.product.iter_mut().enumerate() {
                *sum += (a * earlier[j] + b * earlier[j + 1]) + (c * earlier[j + 2] + d * earlier[j + 3]);
            }
        }
        for (j, sum) in block.earlier.iter_mut().enumerate() {
            *sum = (squares[from + HOP - LAST + j] - squares[from - LAST + j]) as f32;
        }
        block.energy = (squares[from + HOP] - squares[from]) as f32;
        block
    }
}

/// The wave with its highest part weakened, and its power with the lowest part weakened; both around zero.
fn wave_and_power(reach: &[f32; REACH]) -> ([f32; REACH], [f32; REACH]) {
    let middle = mean(reach);
    let sound = reach.map(|sample| sample - middle);
    let (mut wave, mut power) = ([0.0; REACH], [0.0; REACH]);
    for n in 1..REACH {
        wave[n] = sound[n] + SOFTEN * sound[n - 1];
        let bright = sound[n] - BRIGHTEN * sound[n - 1];
        power[n] = bright * bright * POWER_UNIT;
    }
    // Summed over eight samples in three steps; what the first few lack lies before the longest lag.
    let (mut two, mut four, mut eight) = (power, power, power);
    for n in 1..REACH {
        two[n] = power[n] + power[n - 1];
    }
    for n in 3..REACH {
        four[n] = two[n] + two[n - 2];
    }
    for n in 7..REACH {
        eight[n] = four[n] + four[n - 4];
    }
    let middle = mean(&eight);
    (wave, eight.map(|power| power - middle))
}

fn mean(sound: &[f32; REACH]) -> f32 {
    // Eight sums that do not wait for each other.
    let mut sums = [0.0_f32; 8];
    for eight in sound.chunks_exact(8) {
        for (sum, sample) in sums.iter_mut().zip(eight) {
            *sum += sample;
        }
    }
    sums.iter().fold(0.0, |whole, sum| whole + sum) / REACH as f32
}

/// Sums of the squares from the beginning, in twice the width: the difference of two of them is taken.
fn running_squares(one: &[f32; REACH], other: &[f32; REACH]) -> ([f64; REACH + 1], [f64; REACH + 1]) {
    let mut sums = ([0.0; REACH + 1], [0.0; REACH + 1]);
    let (mut first, mut second) = (0.0, 0.0);
    for n in 0..REACH {
        first += f64::from(one[n] * one[n]);
        second += f64::from(other[n] * other[n]);
        sums.0[n + 1] = first;
        sums.1[n + 1] = second;
    }
    sums
}

const SAMPLES_A_SECOND: f32 = 8_000.0;

/// Samples in the shortest period: 615 Hz, above the voice of an excited child.
pub(super) const SHORTEST: usize = 13;

/// Samples in the longest period: 62.5 Hz, below the lowest of men's voices.
pub(super) const LONGEST: usize = 128;

/// The first lag that is looked at: less than the shortest period, so that a peak there has a slope on both sides.
pub(super) const FIRST: usize = 12;

/// How many lags: a multiple of eight goes best through the registers.
pub(super) const LAGS: usize = 120;

/// The last lag that is looked at.
const LAST: usize = FIRST + LAGS - 1;

/// Blocks in a window: 30 ms hold two periods of the lowest voice.
const BLOCKS: usize = 3;

/// The power's part in the mix: less loses low voices on the line, more loses voiced hops and halves high voices in noise.
const POWER: f32 = 0.3;

/// How much of the sample before is added to the wave: above 2 kHz a voice is hardly periodic.
const SOFTEN: f32 = 0.3;

/// How much of it is taken away before the wave is squared: a strong first formant would beat for itself.
const BRIGHTEN: f32 = 0.25;

/// Keeps squares of squares of 16 bits well within the range of a float.
const POWER_UNIT: f32 = 1e-4;

/// Of every hop, how much of the loudest window's energy is still remembered: 2 dB a second are forgotten.
const FADE: f32 = 0.995;

/// A window this far (33 dB) below the loudest looks half as alike as it is.
const FAR_BELOW: f32 = 5.5e-4;

/// Energy of a window of 8 units of 16 bits, the least step of µ-law: what is that quiet is like nothing.
const NO_WAVE: f32 = (BLOCKS * HOP * 8 * 8) as f32;

/// The same of its power, summed over eight samples.
const NO_POWER: f32 = (BLOCKS * HOP) as f32 * (8.0 * 8.0 * 8.0 * POWER_UNIT) * (8.0 * 8.0 * 8.0 * POWER_UNIT);

const _: () = assert!(REACH - 2 * HOP > LAST + 8 && HOP.is_multiple_of(4) && REACH.is_multiple_of(8));
