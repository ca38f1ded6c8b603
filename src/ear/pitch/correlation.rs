//! How alike the sound is to itself a little earlier, for every period that a voice can have.
//!
//! Two likenesses: that of the wave and that of its envelope (the rectified wave). The line takes away the fundamental of
//! a low voice, and its second harmonic then looks like the first; the envelope still beats once a period.
//!
//! A window is made of three blocks of 10 ms, each correlated once and used three times: a third of the work, and no
//! running sum that could drift.

use crate::ear::spectrum::{HOP, REACH};

/// The lowest fundamental that is looked for.
pub const LOWEST_HZ: f32 = SAMPLES_A_SECOND / LONGEST as f32;

/// The highest fundamental that is looked for.
pub const HIGHEST_HZ: f32 = SAMPLES_A_SECOND / SHORTEST as f32;

/// The likeness at every lag from [`FIRST`], of the wave and of wave and envelope together.
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
    before: [Block; BLOCKS - 1],
}

/// Keeps the blocks of wave and envelope.
#[derive(Clone, Debug)]
pub(super) struct Correlation {
    wave: Window,
    envelope: Window,
    heard: usize,
}

impl Default for Correlation {
    fn default() -> Self {
        let empty = Window { before: [EMPTY; BLOCKS - 1] };
        Self { wave: empty.clone(), envelope: empty, heard: 0 }
    }
}

impl Correlation {
    /// The likenesses of the two windows that end with the first and the second half of a frame.
    pub(super) fn hear(&mut self, reach: &[f32; REACH]) -> [Alike; 2] {
        let wave = without_mean(reach);
        let envelope = without_mean(&wave.map(f32::abs));
        let (wave_power, envelope_power) = running_power(&wave, &envelope);
        [REACH - 2 * HOP, REACH - HOP].map(|from| {
            let mut alike = Alike { wave: [0.0; LAGS], mixed: [0.0; LAGS] };
            self.wave.add(&wave, &wave_power, from, &mut alike.wave);
            self.envelope.add(&envelope, &envelope_power, from, &mut alike.mixed);
            self.heard = (self.heard + 1).min(BLOCKS);
            // A window that is only partly filled is alike by chance.
            let filled = self.heard as f32 / BLOCKS as f32;
            for (mixed, wave) in alike.mixed.iter_mut().zip(&mut alike.wave) {
                *wave *= filled;
                *mixed = ENVELOPE * filled * *mixed + (1.0 - ENVELOPE) * *wave;
            }
            alike
        })
    }
}

impl Window {
    /// Takes the block that begins at `from` in and writes the likeness of the whole window.
    fn add(&mut self, sound: &[f32; REACH], power: &[f64; REACH + 1], from: usize, alike: &mut [f32; LAGS]) {
        let block = Block::of(sound, power, from);
        let [older, old] = &self.before;
        let energy = older.energy + old.energy + block.energy;
        for (n, alike) in alike.iter_mut().rev().enumerate() {
            let product = older.product[n] + old.product[n] + block.product[n];
            let earlier = older.earlier[n] + old.earlier[n] + block.earlier[n];
            *alike = product / ((energy + QUIET) * (earlier + QUIET)).sqrt();
        }
        self.before = [self.before[1], block];
    }
}

impl Block {
    fn of(sound: &[f32; REACH], power: &[f64; REACH + 1], from: usize) -> Self {
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
            *sum = (power[from + HOP - LAST + j] - power[from - LAST + j]) as f32;
        }
        block.energy = (power[from + HOP] - power[from]) as f32;
        block
    }
}

fn without_mean(sound: &[f32; REACH]) -> [f32; REACH] {
    let mut sums = [0.0_f32; 8];
    for eight in sound.chunks_exact(8) {
        for (sum, sample) in sums.iter_mut().zip(eight) {
            *sum += sample;
        }
    }
    let mean = sums.iter().sum::<f32>() / REACH as f32;
    sound.map(|sample| sample - mean)
}

/// Sums of the squares from the beginning, in twice the width: the difference of two of them is taken.
fn running_power(one: &[f32; REACH], other: &[f32; REACH]) -> ([f64; REACH + 1], [f64; REACH + 1]) {
    let mut powers = ([0.0; REACH + 1], [0.0; REACH + 1]);
    let (mut first, mut second) = (0.0, 0.0);
    for n in 0..REACH {
        first += f64::from(one[n] * one[n]);
        second += f64::from(other[n] * other[n]);
        powers.0[n + 1] = first;
        powers.1[n + 1] = second;
    }
    powers
}

const SAMPLES_A_SECOND: f32 = 8_000.0;

/// Samples in the shortest period: 500 Hz, above the voice of an excited child.
pub(super) const SHORTEST: usize = 16;

/// Samples in the longest period: 62.5 Hz, below the lowest of men's voices.
pub(super) const LONGEST: usize = 128;

/// The first lag that is looked at: a few less than the shortest period, so that a peak there has a slope on both sides.
pub(super) const FIRST: usize = 12;

/// How many lags: a multiple of eight goes best through the registers.
pub(super) const LAGS: usize = 120;

/// The last lag that is looked at.
const LAST: usize = FIRST + LAGS - 1;

/// Blocks in a window: 30 ms hold two periods of the lowest voice.
const BLOCKS: usize = 3;

/// The envelope's part in the mix: less loses low voices on the line, more loses voiced hops.
const ENVELOPE: f32 = 0.4;

/// Energy of a window that is only the line's last bits (8 units of 16 bits): what is that quiet is like nothing.
const QUIET: f32 = (BLOCKS * HOP * 8 * 8) as f32;
