//! Voices for tests, by plain maths: pulses through the formants of a mouth, through a telephone's band and µ-law.

use std::f64::consts::TAU;

use crate::audio::frame::FRAME_SAMPLES;
use crate::audio::g711;
use crate::ear::prosody::{Hop, Prosody};
use crate::ear::spectrum::{REACH, spectra};
use crate::time::MediaTime;

/// Somebody who holds or moves one vowel.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MadeVoice {
    /// Formants in hertz.
    pub(crate) formants: [f64; 3],
    /// How much a period differs from the next, by chance: 0.01 is a healthy voice, 0.05 a creaky one.
    pub(crate) jitter: f64,
    /// How much of every second pulse is missing: creak.
    pub(crate) limp: f64,
    /// Noise in dB below the voice; none when infinite.
    pub(crate) noise_db: f64,
    /// Cut to 300 to 3,400 Hz.
    pub(crate) telephone: bool,
    /// Loudness: root mean square in units of 16 bits.
    pub(crate) loud: f64,
}

impl Default for MadeVoice {
    fn default() -> Self {
        Self { formants: A, jitter: 0.005, limp: 0.0, noise_db: 35.0, telephone: true, loud: 2_500.0 }
    }
}

pub(crate) const A: [f64; 3] = [750.0, 1_250.0, 2_600.0];
pub(crate) const I: [f64; 3] = [290.0, 2_250.0, 3_000.0];
pub(crate) const U: [f64; 3] = [320.0, 800.0, 2_300.0];
pub(crate) const E: [f64; 3] = [480.0, 1_900.0, 2_550.0];
pub(crate) const O: [f64; 3] = [500.0, 900.0, 2_400.0];

const WIDE: usize = 6;

impl MadeVoice {
    /// So many seconds of voice whose pitch is given in hertz for every second of time.
    pub(crate) fn say(&self, seconds: f64, pitch: impl Fn(f64) -> f64) -> Vec<i16> {
        let rate = 8_000.0 * WIDE as f64;
        let length = (seconds * rate) as usize;
        let mut chance = Gauss(11);
        let mut wave = vec![0.0; length + 2];
        let (mut at, mut limping) = (10.0, false);
        while (at as usize) < length {
            let whole = at as usize;
            let part = at - whole as f64;
            let strength = if limping { 1.0 - self.limp } else { 1.0 };
            wave[whole] += strength * (1.0 - part);
            wave[whole + 1] += strength * part;
            limping = !limping;
            at += rate / pitch(at / rate) * (1.0 + self.jitter * chance.next());
        }
        wave.truncate(length);
        // The glottis falls 12 dB an octave, the lips give 6 back.
        for _ in 0..2 {
            let keep = (-TAU * 120.0 / rate).exp();
            let mut held = 0.0;
            for x in &mut wave {
                held = keep * held + *x;
                *x = held;
            }
        }
        let mut last = 0.0;
        for x in &mut wave {
            let now = *x;
            *x = now - 0.98 * last;
            last = now;
        }
        for (formant, width) in self.formants.into_iter().chain([3_500.0]).zip([80.0, 100.0, 140.0, 250.0]) {
            let r = (-TAU / 2.0 * width / rate).exp();
            let (a, b) = (2.0 * r * (TAU * formant / rate).cos(), -r * r);
            let (mut y1, mut y2) = (0.0, 0.0);
            for x in &mut wave {
                let y = *x + a * y1 + b * y2;
                y2 = y1;
                y1 = y;
                *x = y;
            }
        }
        for q in [0.54, 1.31] {
            filter(&mut wave, 3_400.0 / rate, q, false);
        }
        let mut sound: Vec<f64> = wave.into_iter().step_by(WIDE).collect();
        if self.telephone {
            for q in [0.54, 1.31] {
                filter(&mut sound, 300.0 / 8_000.0, q, true);
            }
        }
        let power = sound.iter().map(|x| x * x).sum::<f64>() / sound.len().max(1) as f64;
        let gain = self.loud / power.sqrt().max(1e-12);
        let noise = self.loud * 10.0_f64.powf(-self.noise_db / 20.0);
        sound.into_iter().map(|x| line(x * gain + noise * chance.next())).collect()
    }
}

/// What prosody says of a sound; a frame of which `lost` says so is concealed.
pub(crate) fn hops(samples: &[i16], lost: impl Fn(usize) -> bool) -> Vec<Hop> {
    let mut prosody = Prosody::default();
    let mut reach = [0.0; REACH];
    let mut hops = Vec::new();
    for (number, frame) in samples.chunks_exact(FRAME_SAMPLES).enumerate() {
        reach.copy_within(FRAME_SAMPLES.., 0);
        for (held, &sample) in reach[REACH - FRAME_SAMPLES..].iter_mut().zip(frame) {
            *held = f32::from(sample);
        }
        if lost(number) {
            prosody.skip();
        } else {
            let at = MediaTime((number * FRAME_SAMPLES) as u64);
            hops.extend(prosody.hear(at, &reach, &spectra(&reach)).into_iter().flatten());
        }
    }
    hops
}

/// Noise of this loudness, through µ-law.
pub(crate) fn noise(seconds: f64, loud: f64) -> Vec<i16> {
    let mut chance = Gauss(5);
    (0..(seconds * 8_000.0) as usize).map(|_| line(loud * chance.next())).collect()
}

fn line(sample: f64) -> i16 {
    g711::decode(g711::encode(sample.clamp(-32_768.0, 32_767.0) as i16))
}

/// A second-order Butterworth section.
fn filter(sound: &mut [f64], turn: f64, q: f64, high: bool) {
    let (sin, cos) = (TAU * turn).sin_cos();
    let alpha = sin / (2.0 * q);
    let middle = if high { -(1.0 + cos) } else { 1.0 - cos };
    let side = middle.abs() / 2.0;
    let a0 = 1.0 + alpha;
    let (mut x1, mut x2, mut y1, mut y2) = (0.0, 0.0, 0.0, 0.0);
    for x in sound {
        let y = (side * (*x + x2) + middle * x1 + 2.0 * cos * y1 - (1.0 - alpha) * y2) / a0;
        (x2, x1) = (x1, *x);
        (y2, y1) = (y1, y);
        *x = y;
    }
}

/// Chance of one standard deviation, always the same.
struct Gauss(u64);

impl Gauss {
    fn next(&mut self) -> f64 {
        let mut sum = -6.0;
        for _ in 0..12 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            sum += (self.0 >> 33) as f64 / (1_u64 << 31) as f64;
        }
        sum
    }
}
