//! What the last three seconds of somebody's speech were like, in sixteen figures that do not depend on loudness.
//!
//! Every hop of 10 ms adds itself to sums and histograms of whole numbers and takes the one out that is three seconds
//! old, so a look at the figures is a few divisions and two walks along a histogram at any moment: nothing is sorted,
//! nothing drifts, and no frame has more to do than another.

use crate::ear::prosody::Hop;

/// How many figures a window has.
pub const FEATURES: usize = 16;

/// Their names, in their order; the file of weights must say the same.
pub static NAMES: [&str; FEATURES] = [
    "f0_p50_st",
    "f0_p80_st",
    "f0_p80_p20_st",
    "f0_step_st",
    "alpha_db",
    "hammarberg_db",
    "flux",
    "hnr_db",
    "syllables_per_s",
    "level_sd_db",
    "level_p95_p5_db",
    "level_step_db",
    "slope_db",
    "centroid_khz",
    "voiced_fraction",
    "voiced_run_s",
];

/// The figures of the last three seconds of speech, and how much they stand on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// The figures, in the order of [`NAMES`].
    pub features: [f32; FEATURES],
    /// Seconds of speech in it, at most three.
    pub speech_s: f32,
    /// Seconds of these that were voiced.
    pub voiced_s: f32,
    /// How clearly voiced the voiced ones were, 0 to 1.
    pub voicing: f32,
}

/// The last three seconds of one party's speech, and the newest half of them.
#[derive(Clone, Debug)]
pub struct Functionals {
    ring: [Slot; SPAN],
    next: usize,
    whole: Sums,
    newest: Sums,
    before: Slot,
}

/// Sums and histograms over a stretch of the ring.
#[derive(Clone, Debug)]
struct Sums {
    sums: [i32; TRACKS],
    squares: i64,
    pitches: [u16; PITCHES],
    levels: [u16; LEVELS],
}

impl Default for Functionals {
    fn default() -> Self {
        Self {
            ring: [[0; TRACKS]; SPAN],
            next: 0,
            whole: Sums::default(),
            newest: Sums::default(),
            before: [0; TRACKS],
        }
    }
}

impl Functionals {
    /// 10 ms of speech more; `syllable` when a syllable's peak was found with it.
    pub fn hear(&mut self, hop: &Hop, syllable: bool) {
        let slot = self.slot(hop, syllable);
        let old = std::mem::replace(&mut self.ring[self.next], slot);
        let halfway = self.ring[(self.next + SPAN - NEWEST) % SPAN];
        self.next = (self.next + 1) % SPAN;
        self.whole.take(&slot, &old);
        self.newest.take(&slot, &halfway);
        self.before = slot;
    }

    /// 10 ms that were no speech: what comes next does not follow on what came before.
    pub fn pause(&mut self) {
        self.before = [0; TRACKS];
    }

    /// The figures of three seconds; `None` while less than [`ENOUGH_VOICED_S`] of them is voiced.
    pub fn window(&self) -> Option<Window> {
        self.whole.window(ENOUGH_VOICED_S)
    }

    /// The figures of the newest second and a half; `None` while less than half of that is voiced.
    pub fn newest(&self) -> Option<Window> {
        self.newest.window(ENOUGH_VOICED_NEWEST_S)
    }

    /// The hop in whole numbers. Casts saturate, and what is no number is 0: no hop can spoil the sums.
    fn slot(&self, hop: &Hop, syllable: bool) -> Slot {
        let mut slot = [0; TRACKS];
        slot[SPEECH] = 1;
        slot[SYLLABLE] = i16::from(syllable);
        slot[LEVEL] = decibels(hop.level_db);
        slot[FLUX] = (hop.flux.min(MOST_FLUX) * FLUX_UNIT) as i16;
        slot[CENTROID] = (hop.centroid_hz * (KILOHERTZ / 1_000.0)) as i16;
        if hop.f0_hz > 0.0 && hop.f0_hz.is_finite() {
            let followed = self.before[VOICED] != 0;
            let semitones = 12.0 * libm::log2f(hop.f0_hz.max(LOWEST_HZ) / LOWEST_HZ);
            slot[PITCH] = (semitones * SEMITONE) as i16;
            slot[VOICED] = 1;
            slot[BEGUN] = i16::from(!followed);
            slot[VOICING] = (hop.voicing.clamp(0.0, 1.0) * VOICING_UNIT) as i16;
            slot[ALPHA] = decibels(hop.alpha_db);
            slot[HAMMARBERG] = decibels(hop.hammarberg_db);
            slot[SLOPE] = decibels(hop.slope_db);
            slot[HNR] = decibels(hop.hnr_db);
            if followed {
                let step = |track: usize, most: f32| {
                    let apart = i32::from(slot[track]).abs_diff(i32::from(self.before[track]));
                    apart.min(most as u32) as i16
                };
                let (pitch, level) = (step(PITCH, MOST_STEP_ST * SEMITONE), step(LEVEL, 20.0 * DECIBEL));
                slot[PITCH_STEP] = pitch;
                slot[LEVEL_STEP] = level;
                slot[PITCH_STEPS] = 1;
            }
        }
        slot
    }
}

impl Default for Sums {
    fn default() -> Self {
        Self { sums: [0; TRACKS], squares: 0, pitches: [0; PITCHES], levels: [0; LEVELS] }
    }
}

impl Sums {
    /// A hop comes, the oldest goes.
    fn take(&mut self, slot: &Slot, old: &Slot) {
        for ((sum, new), old) in self.sums.iter_mut().zip(slot).zip(old) {
            *sum += i32::from(*new) - i32::from(*old);
        }
        self.squares += square(slot[LEVEL]) - square(old[LEVEL]);
        if old[SPEECH] != 0 {
            self.levels[level_bin(old[LEVEL])] -= 1;
        }
        if old[VOICED] != 0 {
            self.pitches[pitch_bin(old[PITCH])] -= 1;
        }
        self.levels[level_bin(slot[LEVEL])] += 1;
        if slot[VOICED] != 0 {
            self.pitches[pitch_bin(slot[PITCH])] += 1;
        }
    }

    fn window(&self, enough_voiced_s: f32) -> Option<Window> {
        let voiced_s = self.sums[VOICED] as f32 * HOP_S;
        if voiced_s < enough_voiced_s {
            return None;
        }
        let speech = self.sums[SPEECH] as f32;
        let voiced = self.sums[VOICED] as f32;
        let mean = |track: usize, unit: f32, of: f32| self.sums[track] as f32 / (unit * of.max(1.0));
        let [p20, p50, p80] = quantiles(&self.pitches, self.sums[VOICED], [0.2, 0.5, 0.8]).map(|bin| {
            // In units of the track, then in semitones.
            bin * (f32::from(1_u16 << PITCH_SHIFT) / SEMITONE)
        });
        let [p5, p95] = quantiles(&self.levels, self.sums[SPEECH], [0.05, 0.95])
            .map(|bin| bin * (f32::from(1_u16 << LEVEL_SHIFT) / DECIBEL));
        let hops = f64::from(self.sums[SPEECH]);
        let level = f64::from(self.sums[LEVEL]) / hops;
        let variance = (self.squares as f64 / hops - level * level).max(0.0);
        let features = [
            p50,
            p80,
            p80 - p20,
            mean(PITCH_STEP, SEMITONE, self.sums[PITCH_STEPS] as f32),
            mean(ALPHA, DECIBEL, voiced),
            mean(HAMMARBERG, DECIBEL, voiced),
            mean(FLUX, FLUX_UNIT, speech),
            mean(HNR, DECIBEL, voiced),
            self.sums[SYLLABLE] as f32 / (speech * HOP_S),
            variance.sqrt() as f32 / DECIBEL,
            p95 - p5,
            mean(LEVEL_STEP, DECIBEL, self.sums[PITCH_STEPS] as f32),
            mean(SLOPE, DECIBEL, voiced),
            mean(CENTROID, KILOHERTZ, speech),
            voiced / speech,
            voiced * HOP_S / (self.sums[BEGUN] as f32).max(1.0),
        ];
        let voicing = mean(VOICING, VOICING_UNIT, voiced);
        Some(Window { features, speech_s: speech * HOP_S, voiced_s, voicing })
    }
}

/// One hop in the ring, a number a track.
type Slot = [i16; TRACKS];

fn decibels(db: f32) -> i16 {
    (db.clamp(-MOST_DB, MOST_DB) * DECIBEL) as i16
}

fn square(value: i16) -> i64 {
    i64::from(value) * i64::from(value)
}

fn pitch_bin(pitch: i16) -> usize {
    usize::from(pitch.max(0) as u16 >> PITCH_SHIFT).min(PITCHES - 1)
}

fn level_bin(level: i16) -> usize {
    let above = (i32::from(level) + (MOST_DB * DECIBEL) as i32).max(0);
    ((above >> LEVEL_SHIFT) as usize).min(LEVELS - 1)
}

/// Where in the histogram these shares of its counts lie below, in bins, within a bin as if it were filled evenly.
fn quantiles<const N: usize>(histogram: &[u16], count: i32, shares: [f32; N]) -> [f32; N] {
    let mut found = [0.0; N];
    let mut next = 0;
    let mut below = 0.0_f32;
    for (bin, &here) in histogram.iter().enumerate() {
        if here == 0 {
            continue;
        }
        let here = f32::from(here);
        while next < N && shares[next] * count as f32 <= below + here {
            found[next] = bin as f32 + (shares[next] * count as f32 - below) / here;
            next += 1;
        }
        below += here;
    }
    found
}

/// Three seconds: as long as a sentence, as short as an answer to the moment (measured: shorter is noisier, longer late).
const SPAN: usize = 300;

/// A second and a half: what is newest is over sooner.
const NEWEST: usize = 150;

/// Seconds from hop to hop.
const HOP_S: f32 = 0.01;

/// With less voiced speech than this in the window its pitch and tilt are those of one or two syllables.
pub const ENOUGH_VOICED_S: f32 = 0.75;

/// Half of that again.
const ENOUGH_VOICED_NEWEST_S: f32 = 0.5;

/// Tracks of a slot. One loop over all of them keeps every sum.
const TRACKS: usize = 16;
const SPEECH: usize = 0;
const VOICED: usize = 1;
const BEGUN: usize = 2;
const SYLLABLE: usize = 3;
const PITCH: usize = 4;
const PITCH_STEP: usize = 5;
const PITCH_STEPS: usize = 6;
const LEVEL: usize = 7;
const LEVEL_STEP: usize = 8;
const ALPHA: usize = 9;
const HAMMARBERG: usize = 10;
const SLOPE: usize = 11;
const HNR: usize = 12;
const FLUX: usize = 13;
const CENTROID: usize = 14;
const VOICING: usize = 15;

/// Steps of a semitone and of a decibel: fine beside any difference that is heard, and 100 of either fit into 16 bits.
const SEMITONE: f32 = 256.0;
const DECIBEL: f32 = 256.0;

/// Steps of 1 kHz: 4 kHz fit, and a step is 1/8 Hz.
const KILOHERTZ: f32 = 8_000.0;

/// Steps of flux, and the most that fits.
const FLUX_UNIT: f32 = 2_048.0;
const MOST_FLUX: f32 = 15.0;

/// Steps of voicing: it lies between 0 and 1.
const VOICING_UNIT: f32 = 10_000.0;

/// Levels and ratios beyond this are no sound of a telephone; as far as 16 bits reach.
const MOST_DB: f32 = 120.0;

/// Below the lowest pitch that is looked for (62.5 Hz), so that semitones are never negative.
const LOWEST_HZ: f32 = 55.0;

/// A step of more than this within 10 ms is a slip of the tracker to another octave, not a voice.
const MOST_STEP_ST: f32 = 3.0;

/// Bins of an eighth of a semitone, up to 40 semitones above 55 Hz: 554 Hz.
const PITCH_SHIFT: u32 = 5;
const PITCHES: usize = 320;

/// Bins of half a decibel from -120 dB up to 8 dB below nothing at all: no level of a telephone lies outside.
const LEVEL_SHIFT: u32 = 7;
const LEVELS: usize = 256;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::time::MediaTime;

    fn hop(f0_hz: f32, level_db: f32) -> Hop {
        let at = MediaTime(0);
        let (alpha_db, hammarberg_db, slope_db, flux) = (-8.0, 18.0, -10.0, 0.7);
        let (voicing, hnr_db) = if f0_hz > 0.0 { (0.9, 9.0) } else { (0.1, -9.0) };
        Hop {
            at,
            f0_hz,
            voicing,
            level_db,
            alpha_db,
            hammarberg_db,
            slope_db,
            flux,
            centroid_hz: 900.0,
            hnr_db,
        }
    }

    /// So many hops of syllables of 150 ms voiced and 50 ms not, the pitch going up and down by two semitones.
    fn syllables(functionals: &mut Functionals, hops: usize, f0_hz: f32, gain_db: f32) {
        for n in 0..hops {
            let semitones = [-1.0, -0.5, 0.0, 0.5, 1.0, 0.5, 0.0, -0.5][n % 8];
            let voiced = n % 20 < 15;
            let f0 = if voiced { f0_hz * libm::powf(2.0, semitones / 12.0) } else { 0.0 };
            functionals.hear(&hop(f0, gain_db + if voiced { -20.0 } else { -32.0 }), n % 20 == 15);
        }
    }

    fn window_of(f0_hz: f32, gain_db: f32) -> Window {
        let mut functionals = Functionals::default();
        syllables(&mut functionals, 300, f0_hz, gain_db);
        functionals.window().unwrap()
    }

    #[test]
    fn the_figures_are_those_of_what_was_said() {
        let Window { features, speech_s, voiced_s, voicing } = window_of(110.0, 0.0);
        let [
            p50,
            p80,
            spread,
            step,
            alpha,
            hammarberg,
            flux,
            hnr,
            rate,
            sd,
            range,
            shimmer,
            slope,
            centroid,
            part,
            run,
        ] = features;
        // 110 Hz is an octave above 55 Hz.
        assert!(
            (p50 - 12.0).abs() < 0.2 && (p80 - 12.5).abs() < 0.3 && (spread - 1.0).abs() < 0.3,
            "{features:?}"
        );
        assert!((step - 0.5).abs() < 0.02, "{step}");
        let near = |x: f32, wanted: f32| (x - wanted).abs() < 1e-3;
        assert!(
            near(alpha, -8.0) && near(hammarberg, 18.0) && near(hnr, 9.0) && near(slope, -10.0),
            "{features:?}"
        );
        assert!((flux - 0.7).abs() < 1e-3 && (centroid - 0.9).abs() < 1e-3);
        assert!((rate - 5.0).abs() < 0.01 && (part - 0.75).abs() < 0.01 && (run - 0.15).abs() < 0.01);
        assert!((sd - 5.2).abs() < 0.1 && (range - 12.0).abs() < 1.1 && shimmer.abs() < 1e-6, "{sd} {range}");
        assert!(near(speech_s, 3.0) && near(voiced_s, 2.25));
        assert!((voicing - 0.9).abs() < 1e-3);
    }

    #[test]
    fn how_loud_the_line_is_changes_nothing() {
        let (soft, loud) = (window_of(140.0, -20.0), window_of(140.0, 8.0));
        for (name, (soft, loud)) in NAMES.iter().zip(soft.features.iter().zip(&loud.features)) {
            assert!((soft - loud).abs() < 0.01, "{name}: {soft} {loud}");
        }
    }

    #[test]
    fn only_the_last_three_seconds_count() {
        let mut functionals = Functionals::default();
        syllables(&mut functionals, 900, 300.0, -5.0);
        functionals.pause();
        // A pause, so that the step from one voice to the next is none.
        syllables(&mut functionals, 300, 110.0, 0.0);
        assert_eq!(functionals.window().unwrap(), window_of(110.0, 0.0));
    }

    #[test]
    fn the_newest_half_forgets_sooner() {
        let mut functionals = Functionals::default();
        syllables(&mut functionals, 300, 110.0, 0.0);
        functionals.pause();
        syllables(&mut functionals, 160, 220.0, 0.0);
        let [whole, newest] = [functionals.window(), functionals.newest()].map(|window| window.unwrap());
        assert!((newest.features[0] - 24.0).abs() < 0.3 && newest.speech_s < 1.51, "{newest:?}");
        assert!(whole.features[2] > 10.0, "both voices: {whole:?}");
    }

    #[test]
    fn with_too_little_voice_there_is_no_evidence() {
        let mut functionals = Functionals::default();
        assert_eq!(functionals.window(), None);
        syllables(&mut functionals, 94, 110.0, 0.0);
        assert_eq!(functionals.window(), None, "0.74 s");
        syllables(&mut functionals, 20, 110.0, 0.0);
        assert!(functionals.window().is_some());
        for _ in 0..300 {
            functionals.hear(&hop(0.0, -40.0), false);
        }
        assert_eq!(functionals.window(), None, "three seconds of whisper");
    }

    proptest! {
        #[test]
        fn whatever_is_heard_the_figures_are_finite_and_nothing_stays_behind(
            hops in proptest::collection::vec((any::<[f32; 9]>(), any::<bool>(), any::<bool>()), 1..700),
        ) {
            let mut functionals = Functionals::default();
            for ([f0_hz, voicing, level_db, alpha_db, hammarberg_db, slope_db, flux, centroid_hz, hnr_db], syllable, gap) in hops {
                if gap {
                    functionals.pause();
                }
                let f0_hz = if syllable { f0_hz.abs() % 600.0 } else { f0_hz };
                let at = MediaTime(0);
                functionals.hear(
                    &Hop { at, f0_hz, voicing, level_db, alpha_db, hammarberg_db, slope_db, flux, centroid_hz, hnr_db },
                    syllable,
                );
                if let Some(window) = functionals.window() {
                    prop_assert!(window.features.iter().all(|figure| figure.is_finite()), "{:?}", window);
                    prop_assert!((0.0..=1.0).contains(&window.voicing) && window.voiced_s <= window.speech_s);
                }
            }
            functionals.pause();
            syllables(&mut functionals, 300, 110.0, 0.0);
            prop_assert_eq!(functionals.window().unwrap(), window_of(110.0, 0.0));
        }
    }
}
