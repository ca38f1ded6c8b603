//! What 10 ms of a voice are like: pitch, voicing, level, tilt, change, roughness; together, 40 ms late.
//!
//! All of it but the level is the same however loud the line is, because carriers set the level as they please.

use crate::ear::pitch::{self, Tracker};
use crate::ear::spectrum::{BIN_HZ, HOP, Power, REACH, WINDOW};
use crate::time::MediaTime;

/// What 10 ms of a voice are like.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Hop {
    /// The middle of what was looked at.
    pub at: MediaTime,
    /// The fundamental in hertz, 62 to 500; 0 when the hop has none.
    pub f0_hz: f32,
    /// How alike neighbouring periods are, 0 to 1.
    pub voicing: f32,
    /// Level of 0.25 to 3.4 kHz in dB below full scale, -96 to 6.
    pub level_db: f32,
    /// Energy of 1 to 3.4 kHz over that of 0.2 to 1 kHz in dB, within 60: a strained voice is brighter.
    pub alpha_db: f32,
    /// The peak of 0.2 to 2 kHz over that of 2 to 3.4 kHz in dB, within 60 (Hammarberg's index).
    pub hammarberg_db: f32,
    /// Fall of the spectrum from 0.5 to 1.5 kHz in dB a kHz, within 120.
    pub slope_db: f32,
    /// How much the spectrum changed since the hop before: root mean square over bands of the change in nepers of
    /// power, 0 to 12.
    pub flux: f32,
    /// Centre of gravity of 0.2 to 3.4 kHz in hertz, 0 to 3,400.
    pub centroid_hz: f32,
    /// Harmonics over noise in dB, -20 to 30, from the likeness of neighbouring periods.
    pub hnr_db: f32,
}

/// Hears one party's voice.
#[derive(Clone, Debug, Default)]
pub struct Prosody {
    tracker: Tracker,
    bands: Option<[f32; BANDS]>,
    waiting: [Hop; WAITING],
    newest: usize,
}

impl Prosody {
    /// Hears the frame that begins at `at` and is the newest part of `reach` (in units of 16 bits); gives what is known
    /// by now of the two hops of [`pitch::LATE_HOPS`] ago.
    pub fn hear(&mut self, at: MediaTime, reach: &[f32; REACH], spectra: &[Power; 2]) -> [Option<Hop>; 2] {
        let pitches = self.tracker.hear(reach);
        let mut hops = [None; 2];
        for (half, (pitch, power)) in pitches.into_iter().zip(spectra).enumerate() {
            let end = at.0.saturating_add(((half + 1) * HOP) as u64);
            let middle = MediaTime(end.saturating_sub(MIDDLE));
            self.newest = (self.newest + 1) % WAITING;
            self.waiting[self.newest] = self.look(middle, power);
            hops[half] = pitch.map(|pitch| {
                let oldest = self.waiting[(self.newest + 1) % WAITING];
                Hop {
                    f0_hz: pitch.f0_hz.unwrap_or(0.0),
                    voicing: pitch.voicing,
                    hnr_db: harmonics_over_noise_db(pitch.alike),
                    ..oldest
                }
            });
        }
        hops
    }

    /// A frame was concealed: nothing is known of it, and no hop comes for it. Hops that wait come with the next ones.
    pub fn skip(&mut self) {
        self.tracker.skip();
        self.bands = None;
    }

    /// What this speaker's pitch usually is in hertz, once half a second of clear voice was heard.
    pub fn usual_hz(&self) -> Option<f32> {
        self.tracker.usual_hz()
    }

    fn look(&mut self, at: MediaTime, power: &Power) -> Hop {
        let sum = |from: usize, to: usize| power[from..to].iter().fold(0.0, |sum, power| sum + power);
        let peak = |from: usize, to: usize| power[from..to].iter().copied().fold(0.0, f32::max);
        let (low, high) = (sum(BIN_200, BIN_1000), sum(BIN_1000, BIN_3400));
        let total = low + high;
        let weighted = (BIN_200..BIN_3400).fold(0.0, |sum, bin| sum + power[bin] * bin as f32);

        let mut bands = [0.0; BANDS];
        for (band, edges) in bands.iter_mut().zip(EDGES.windows(2)) {
            *band = libm::logf(sum(edges[0], edges[1]) + total * HIDDEN + FAINT);
        }
        let flux = self.bands.map_or(0.0, |before| {
            let squares = bands
                .iter()
                .zip(before)
                .fold(0.0, |sum, (now, before)| sum + (now - before) * (now - before));
            (squares / BANDS as f32).sqrt()
        });
        self.bands = Some(bands);

        Hop {
            at,
            level_db: decibels(sum(BIN_250, BIN_3400) * (4.0 / 3.0) / FULL_SCALE, 1e-12).clamp(-96.0, 6.0),
            alpha_db: ratio_db(high, low),
            hammarberg_db: ratio_db(peak(BIN_200, BIN_2000), peak(BIN_2000, BIN_3400)),
            slope_db: slope(power).clamp(-120.0, 120.0),
            flux: flux.clamp(0.0, 12.0),
            centroid_hz: (weighted / (total + FAINT) * BIN_HZ).clamp(0.0, 3_400.0),
            ..Hop::default()
        }
    }
}

/// The straight line through eight steps of the spectrum between 0.5 and 1.5 kHz, in dB a kHz.
fn slope(power: &Power) -> f32 {
    let mut along = 0.0;
    for (n, four) in power[BIN_500..BIN_1500].chunks_exact(4).enumerate() {
        let step = (four[0] + four[1]) + (four[2] + four[3]);
        along += (n as f32 - 3.5) * decibels(step, FAINT);
    }
    // The sum of squares of -3.5 to 3.5 is 42; a step is an eighth of a kHz.
    along / 42.0 * 8.0
}

fn harmonics_over_noise_db(alike: f32) -> f32 {
    let alike = alike.clamp(0.0, 1.0);
    (decibels(alike, 1e-3) - decibels(1.0 - alike, 1e-3)).clamp(-20.0, 30.0)
}

fn ratio_db(above: f32, below: f32) -> f32 {
    (decibels(above, FAINT) - decibels(below, FAINT)).clamp(-60.0, 60.0)
}

fn decibels(power: f32, least: f32) -> f32 {
    10.0 * libm::log10f(power + least)
}

const fn bin(hz: usize) -> usize {
    // Rounded up: a band begins with the first bin inside it.
    (hz * WINDOW).div_ceil(8_000)
}

const BIN_200: usize = bin(200);
const BIN_250: usize = bin(250);
const BIN_500: usize = bin(500);
const BIN_1000: usize = bin(1_000);
const BIN_1500: usize = bin(1_500);
const BIN_2000: usize = bin(2_000);
const BIN_3400: usize = bin(3_400);

/// The middle of what a hop looked at, in samples before its end. A spectrum's middle lies 128 before it, that of two
/// periods of 70 to 400 Hz 130 to 180: the nearest whole hop.
const MIDDLE: u64 = 2 * HOP as u64;

/// Hops that wait for their pitch, the newest among them.
const WAITING: usize = pitch::LATE_HOPS + 1;

/// Bands whose change is the flux.
const BANDS: usize = 16;

/// Edges of bands equally wide in mel from 250 to 3,400 Hz, in bins.
const EDGES: [usize; BANDS + 1] = [8, 11, 14, 18, 21, 26, 30, 35, 41, 47, 53, 61, 69, 77, 87, 97, 109];

/// What a band lies below the whole (40 dB) to be hidden by it: its change is noise.
const HIDDEN: f32 = 1e-4;

/// Power of the last bits of the line at one bin: keeps logarithms finite and silence from looking lively.
const FAINT: f32 = 16.0;

/// The mean square of full scale.
const FULL_SCALE: f32 = 32_768.0 * 32_768.0;
