//! What 10 ms of a voice are like: pitch, voicing, level, tilt, change, roughness; together, 40 ms late.
//!
//! All of it but the level is the same however loud the line is, because carriers set the level as they please.

use crate::ear::pitch::{self, Tracker};
use crate::ear::spectrum::{BIN_HZ, HOP, Power, REACH, WINDOW};
use crate::time::MediaTime;

/// What 10 ms of a voice are like.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Hop {
    /// The middle of what was looked at; 0 for what begins before the stream.
    pub at: MediaTime,
    /// The fundamental in hertz, 62 to 620; 0 when the hop has none.
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ear::made_voice::{A, I, MadeVoice, U, hops};
    use crate::ear::prolonged::Prolonged;
    use crate::ear::syllables::Syllables;

    fn mean(hops: &[Hop], of: impl Fn(&Hop) -> f32) -> f32 {
        let within = &hops[6..hops.len() - 6];
        within.iter().map(of).sum::<f32>() / within.len() as f32
    }

    fn vowel(voice: MadeVoice) -> Vec<Hop> {
        hops(&voice.say(1.0, |at| 150.0 + 10.0 * (at * 9.0).sin()), |_| false)
    }

    #[test]
    fn tilt_tells_bright_from_dark() {
        let [a, i, u] = [A, I, U].map(|formants| vowel(MadeVoice { formants, ..MadeVoice::default() }));
        assert!(mean(&a, |hop| hop.alpha_db) > mean(&u, |hop| hop.alpha_db) + 3.0);
        assert!(mean(&a, |hop| hop.centroid_hz) > mean(&u, |hop| hop.centroid_hz) + 100.0);
        assert!(mean(&i, |hop| hop.hammarberg_db) < mean(&u, |hop| hop.hammarberg_db) - 3.0);
        assert!(mean(&u, |hop| hop.slope_db) < mean(&a, |hop| hop.slope_db));
    }

    #[test]
    fn loudness_changes_the_level_alone() {
        let loud = vowel(MadeVoice { loud: 6_000.0, ..MadeVoice::default() });
        let soft = vowel(MadeVoice { loud: 600.0, ..MadeVoice::default() });
        let apart = |of: fn(&Hop) -> f32| mean(&loud, of) - mean(&soft, of);
        assert!((apart(|hop| hop.level_db) - 20.0).abs() < 0.5);
        assert!(apart(|hop| hop.alpha_db).abs() < 0.5);
        assert!(apart(|hop| hop.hammarberg_db).abs() < 1.5);
        assert!(apart(|hop| hop.slope_db).abs() < 1.0);
        assert!(apart(|hop| hop.flux).abs() < 0.1);
        assert!(apart(|hop| hop.hnr_db).abs() < 1.5);
    }

    #[test]
    fn noise_in_the_voice_is_heard_as_noise() {
        let hnr = [30.0, 20.0, 10.0, 5.0].map(|noise_db| {
            mean(&vowel(MadeVoice { noise_db, jitter: 0.002, ..MadeVoice::default() }), |hop| hop.hnr_db)
        });
        assert!(hnr.is_sorted_by(|one, next| *one > next + 1.0), "{hnr:?}");
        assert!((hnr[2] - 10.0).abs() < 5.0, "{hnr:?}");
    }

    #[test]
    fn silence_tells_nothing() {
        for hop in hops(&[0; 3_200], |_| false) {
            assert_eq!((hop.f0_hz, hop.voicing, hop.flux, hop.centroid_hz), (0.0, 0.0, 0.0, 0.0));
            assert!(hop.level_db <= -96.0);
        }
    }

    fn in_range(hop: &Hop) -> bool {
        let f0 = hop.f0_hz == 0.0 || (pitch::LOWEST_HZ - 1.0..=pitch::HIGHEST_HZ + 26.0).contains(&hop.f0_hz);
        f0 && (0.0..=1.0).contains(&hop.voicing)
            && (-96.0..=6.0).contains(&hop.level_db)
            && (-60.0..=60.0).contains(&hop.alpha_db)
            && (-60.0..=60.0).contains(&hop.hammarberg_db)
            && (-120.0..=120.0).contains(&hop.slope_db)
            && (0.0..=12.0).contains(&hop.flux)
            && (0.0..=3_400.0).contains(&hop.centroid_hz)
            && (-20.0..=30.0).contains(&hop.hnr_db)
    }

    fn any_sound() -> impl Strategy<Value = Vec<i16>> {
        let piece = prop_oneof![
            proptest::collection::vec(any::<i16>(), 160..800),
            (any::<i16>(), 160_usize..800).prop_map(|(sample, long)| vec![sample; long]),
            (1_usize..200, any::<i16>()).prop_map(|(period, peak)| {
                (0..800).map(|n: usize| if n.is_multiple_of(period) { peak } else { 0 }).collect()
            }),
            (1_usize..200).prop_map(|half| {
                (0..800)
                    .map(|n: usize| if (n / half).is_multiple_of(2) { i16::MAX } else { i16::MIN })
                    .collect()
            }),
        ];
        proptest::collection::vec(piece, 1..6).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn whatever_is_heard_the_figures_keep_their_ranges_and_their_bits(sound in any_sound(), lost in any::<u64>()) {
            let lost = |number: usize| lost >> (number % 64) & lost >> (number % 61) & 1 == 1;
            let once = hops(&sound, lost);
            let (mut syllables, mut prolonged) = (Syllables::default(), Prolonged::default());
            for hop in &once {
                syllables.hear(hop, true);
                if let Some(stretch) = prolonged.hear(hop) {
                    prop_assert!(stretch.to - stretch.from >= 1_280);
                }
                prop_assert!(syllables.rate().is_none_or(|rate| (0.0..=30.0).contains(&rate)));
            }
            for hop in &once {
                prop_assert!(in_range(hop), "{:?}", hop);
            }
            prop_assert!(once.windows(2).all(|pair| pair[0].at <= pair[1].at));
            let bits = |hops: &[Hop]| -> Vec<_> {
                let one = |hop: &Hop| [hop.f0_hz, hop.voicing, hop.flux, hop.slope_db, hop.hnr_db].map(f32::to_bits);
                hops.iter().map(one).collect()
            };
            prop_assert_eq!(bits(&once), bits(&hops(&sound, lost)));
        }
    }
}
