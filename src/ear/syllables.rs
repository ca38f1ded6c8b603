//! How fast somebody speaks: syllables are swells of the level that are voiced; counted, and a rate of late.

use crate::ear::prosody::Hop;
use crate::time::MediaTime;

/// Counts the syllables of one party.
#[derive(Clone, Debug)]
pub struct Syllables {
    recent: [Hop; SMOOTHED],
    heard: usize,
    rising: bool,
    peak: Option<Swell>,
    peak_db: f32,
    valley_db: f32,
    loudest_db: f32,
    spoken: f32,
    counted: f32,
}

#[derive(Clone, Copy, Debug)]
struct Swell {
    at: MediaTime,
    voiced: bool,
}

impl Default for Syllables {
    fn default() -> Self {
        Self {
            recent: [Hop::default(); SMOOTHED],
            heard: 0,
            rising: true,
            peak: None,
            peak_db: SILENT_DB,
            valley_db: SILENT_DB,
            loudest_db: SILENT_DB,
            spoken: 0.0,
            counted: 0.0,
        }
    }
}

impl Syllables {
    /// Hears the next hop; says where a syllable's middle was as soon as its level has fallen again. `speaking` is
    /// whether the hop lies in speech: the rate counts only that time.
    pub fn hear(&mut self, hop: &Hop, speaking: bool) -> Option<MediaTime> {
        self.recent.rotate_left(1);
        self.recent[SMOOTHED - 1] = *hop;
        self.heard = (self.heard + 1).min(SMOOTHED);
        if speaking {
            self.spoken = self.spoken * FADE + 1.0;
            self.counted *= FADE;
        }
        if self.heard < SMOOTHED {
            return None;
        }
        let level =
            self.recent.iter().zip(WEIGHTS).fold(0.0, |sum, (hop, weight)| sum + openness(hop) * weight);
        self.loudest_db = (self.loudest_db - FORGET_DB).max(level);
        let ended = self.follow(level);
        if ended.is_some() {
            self.counted += 1.0;
        }
        ended
    }

    /// A gap: what was rising is not waited for.
    pub fn skip(&mut self) {
        self.heard = 0;
        self.peak = None;
        self.rising = true;
        (self.peak_db, self.valley_db) = (SILENT_DB, SILENT_DB);
    }

    /// Syllables a second of speech of late; nothing before a second of speech was heard.
    pub fn rate(&self) -> Option<f32> {
        (self.spoken >= ENOUGH).then(|| self.counted / self.spoken * HOPS_A_SECOND)
    }

    fn follow(&mut self, level: f32) -> Option<MediaTime> {
        let middle = &self.recent[SMOOTHED / 2];
        if self.rising {
            if level > self.peak_db {
                self.peak_db = level;
                let voiced = self.recent.iter().filter(|hop| is_voiced(hop)).count() * 2 > SMOOTHED;
                self.peak = Some(Swell { at: middle.at, voiced });
            }
            let fallen = self.peak_db - level >= PROMINENCE_DB;
            if fallen {
                self.rising = false;
                self.valley_db = level;
                let loud = self.peak_db > self.loudest_db - REACH_DB;
                return self.peak.take().filter(|swell| swell.voiced && loud).map(|swell| swell.at);
            }
        } else {
            self.valley_db = self.valley_db.min(level);
            if level - self.valley_db >= PROMINENCE_DB {
                self.rising = true;
                self.peak_db = SILENT_DB;
                return self.follow(level);
            }
        }
        None
    }
}

/// How open the mouth is, in dB: nasals and liquids between two vowels are hardly quieter, but more harmonic.
fn openness(hop: &Hop) -> f32 {
    hop.level_db - HARMONIC * hop.hnr_db.max(ROUGHEST_DB)
}

/// Breathy voices lose their pitch on the line; their vowels still are dark and a little periodic.
fn is_voiced(hop: &Hop) -> bool {
    hop.f0_hz > 0.0 || (hop.voicing > BREATHY && hop.alpha_db < DARK_DB)
}

/// Hops that are looked at together: 90 ms, less than most syllables.
const SMOOTHED: usize = 9;

/// The weights of the smoothing, a Hann window of 70 ms; they sum to one.
const WEIGHTS: [f32; SMOOTHED] = [0.0, 0.014_1, 0.111_1, 0.231_9, 0.285_8, 0.231_9, 0.111_1, 0.014_1, 0.0];

/// How much of a decibel of harmonics over noise counts against openness.
const HARMONIC: f32 = 0.3;

/// Below this there is no pitch that could be more or less harmonic.
const ROUGHEST_DB: f32 = -5.0;

/// The likeness of neighbouring periods that breath leaves of a voice.
const BREATHY: f32 = 0.3;

/// A hop with less than this of its energy above 1 kHz is no hiss.
const DARK_DB: f32 = -3.0;

/// A swell must rise and fall by this much.
const PROMINENCE_DB: f32 = 1.9;

/// A syllable's peak lies at most this far below the loudest of late.
const REACH_DB: f32 = 30.0;

/// What is forgotten of the loudest every hop: 3 dB a second.
const FORGET_DB: f32 = 0.03;

/// Below any level.
const SILENT_DB: f32 = -200.0;

/// The rate halves the past in 2.8 s of speech.
const FADE: f32 = 0.997_5;

/// Hops of speech before a rate is given: a second (of the faded sum).
const ENOUGH: f32 = 100.0;

const HOPS_A_SECOND: f32 = 100.0;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ear::made_voice::{A, I, MadeVoice, hops, noise};

    /// Vowels that swell so many times a second.
    fn babble(rate: f64, hz: f64) -> Vec<i16> {
        let said = MadeVoice { formants: if hz > 150.0 { I } else { A }, ..MadeVoice::default() };
        let swell = |n: usize| 0.1 + 0.9 * (std::f64::consts::PI * rate * n as f64 / 8_000.0).sin().powi(2);
        let said = said.say(6.0, |at| hz * (1.0 + 0.1 * (at * 3.0).sin()));
        said.iter().enumerate().map(|(n, &sample)| (f64::from(sample) * swell(n)) as i16).collect()
    }

    #[test]
    fn swells_of_a_voice_are_counted() {
        for hz in [90.0, 130.0, 220.0, 300.0] {
            for rate in [2.0, 3.0, 4.5, 6.0] {
                let mut syllables = Syllables::default();
                let count = hops(&babble(rate, hz), |_| false)
                    .iter()
                    .filter_map(|hop| syllables.hear(hop, true))
                    .count() as f64;
                assert!(
                    (count / (6.0 * rate) - 1.0).abs() < 0.12,
                    "{hz} Hz, {rate} a second: {count} in 6 s"
                );
                let running = f64::from(syllables.rate().unwrap());
                assert!((running / rate - 1.0).abs() < 0.15, "{hz} Hz, {rate} a second: {running}");
            }
        }
    }

    #[test]
    fn places_go_forward_and_lie_on_the_swells() {
        let mut syllables = Syllables::default();
        let places: Vec<_> =
            hops(&babble(4.0, 120.0), |_| false).iter().filter_map(|hop| syllables.hear(hop, true)).collect();
        for place in &places {
            let phase = (place.0 as f64 / 2_000.0).fract();
            assert!((phase - 0.5).abs() < 0.25, "{phase}");
        }
        assert!(places.is_sorted());
    }

    #[test]
    fn bursts_of_noise_are_no_syllables_and_silence_has_no_rate() {
        let burst = |(n, sample): (usize, i16)| if (n / 800).is_multiple_of(2) { sample } else { 0 };
        let bursts: Vec<i16> = noise(4.0, 2_000.0).into_iter().enumerate().map(burst).collect();
        let mut syllables = Syllables::default();
        let count = hops(&bursts, |_| false).iter().filter_map(|hop| syllables.hear(hop, true)).count();
        assert!(count <= 2, "{count}");
        assert_eq!(Syllables::default().rate(), None);
        let mut paused = Syllables::default();
        assert!((0..500).all(|_| paused.hear(&Hop::default(), false).is_none()) && paused.rate().is_none());
    }
}
