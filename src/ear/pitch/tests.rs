//! The tracker on voices whose pitch is known.

use crate::ear::made_voice::{A, E, I, MadeVoice, O, U, hops, noise};
use crate::ear::prosody::Hop;

/// How a track compares with the truth, in percent.
#[derive(Debug, Default)]
struct Errors {
    voiced: usize,
    missed: usize,
    up: usize,
    down: usize,
    off: Vec<f64>,
}

impl Errors {
    fn add(&mut self, hops: &[Hop], from: f64, to: f64, truth: impl Fn(f64) -> f64) {
        for hop in hops {
            let at = hop.at.0 as f64 / 8_000.0;
            if at < from || at > to {
                continue;
            }
            self.voiced += 1;
            let ratio = f64::from(hop.f0_hz) / truth(at);
            match ratio {
                0.0 => self.missed += 1,
                r if r > 1.2 => self.up += 1,
                r if r < 0.8 => self.down += 1,
                r => self.off.push((r - 1.0).abs()),
            }
        }
    }

    fn missed(&self) -> f64 {
        100.0 * self.missed as f64 / self.voiced as f64
    }

    fn gross(&self) -> f64 {
        100.0 * (self.up + self.down) as f64 / (self.voiced - self.missed).max(1) as f64
    }

    fn off(&self) -> f64 {
        100.0 * self.off.iter().sum::<f64>() / self.off.len().max(1) as f64
    }
}

/// Five vowels at each of these pitches, moved by 5 % as speech does.
fn vowels(voice: MadeVoice, mouth: f64, pitches: &[f64]) -> Errors {
    let mut errors = Errors::default();
    for vowel in [A, E, I, O, U] {
        for &hz in pitches {
            let formants = [vowel[0] * mouth, vowel[1] * mouth, (vowel[2] * mouth).min(3_500.0)];
            let truth = |at: f64| hz * (1.0 + 0.05 * (at * 12.0).sin());
            let said = MadeVoice { formants, ..voice }.say(0.6, truth);
            errors.add(&hops(&said, |_| false), 0.06, 0.5, truth);
        }
    }
    errors
}

#[test]
fn vowels_from_70_to_450_hz_are_followed_through_the_telephone() {
    for telephone in [true, false] {
        let voice = MadeVoice { telephone, ..MadeVoice::default() };
        for (mouth, pitches) in [
            (1.0, &[70.0, 82.0, 95.0][..]),
            (1.0, &[110.0, 130.0, 160.0][..]),
            (1.15, &[190.0, 220.0, 260.0][..]),
            (1.35, &[310.0, 370.0, 450.0][..]),
        ] {
            let errors = vowels(voice, mouth, pitches);
            assert!(
                errors.missed() < 2.0 && errors.gross() < 2.0 && errors.off() < 1.0,
                "{pitches:?} {errors:?}"
            );
        }
    }
}

#[test]
fn ten_decibels_of_noise_do_not_hide_the_pitch() {
    let voice = MadeVoice { noise_db: 10.0, jitter: 0.01, ..MadeVoice::default() };
    for (mouth, pitches) in [(1.0, &[75.0, 90.0, 120.0][..]), (1.2, &[200.0, 260.0, 400.0][..])] {
        let errors = vowels(voice, mouth, pitches);
        assert!(
            errors.missed() < 5.0 && errors.gross() < 5.0 && errors.off() < 1.5,
            "{pitches:?} {errors:?}"
        );
    }
}

/// A child's voice has its first harmonic where a man's has his fourth: two periods fit as well as one, and noise decides.
#[test]
fn high_voices_are_not_halved_in_noise() {
    let voice = MadeVoice { noise_db: 6.0, jitter: 0.01, ..MadeVoice::default() };
    for (mouth, pitches) in [(1.15, &[200.0, 250.0, 300.0][..]), (1.35, &[340.0, 380.0, 420.0, 460.0][..])] {
        let errors = vowels(voice, mouth, pitches);
        // The first tenth of a second of somebody unheard is in doubt.
        assert!(errors.missed() < 2.0 && errors.gross() < 20.0, "{pitches:?} {errors:?}");
    }
    let errors = vowels(MadeVoice { noise_db: 20.0, ..voice }, 1.35, &[500.0, 540.0]);
    assert!(errors.missed() < 2.0 && errors.gross() < 5.0, "the highest: {errors:?}");
}

#[test]
fn a_rough_voice_is_found() {
    let voice = MadeVoice { jitter: 0.03, limp: 0.1, ..MadeVoice::default() };
    let errors = vowels(voice, 1.0, &[75.0, 95.0, 120.0]);
    assert!(errors.missed() < 5.0 && errors.gross() < 5.0, "{errors:?}");
}

#[test]
fn glides_over_two_octaves_are_followed() {
    for (from, to) in [(70.0, 140.0), (120.0, 450.0), (450.0_f64, 160.0_f64)] {
        let truth = |at: f64| from * (to / from).powf((at / 3.0).min(1.0));
        let mut errors = Errors::default();
        for formants in [A, I, O] {
            let said = MadeVoice { formants, ..MadeVoice::default() }.say(3.0, truth);
            errors.add(&hops(&said, |_| false), 0.06, 2.9, truth);
        }
        assert!(errors.missed() < 2.0 && errors.gross() < 2.0 && errors.off() < 1.0, "{from} {errors:?}");
    }
}

#[test]
fn who_becomes_excited_or_gives_the_telephone_away_is_not_held_to_the_old_octave() {
    for (before, after) in [(110.0, 200.0), (200.0, 380.0), (220.0, 100.0), (400.0, 90.0)] {
        let truth = |at: f64| if at < 4.0 { before } else { after } * (1.0 + 0.1 * (at * 5.0).sin());
        let mut errors = Errors::default();
        for formants in [A, E, I] {
            let said = MadeVoice { formants, noise_db: 15.0, ..MadeVoice::default() }.say(6.0, truth);
            errors.add(&hops(&said, |_| false), 4.5, 5.9, truth);
        }
        assert!(errors.missed() < 5.0 && errors.gross() < 8.0, "{before} to {after}: {errors:?}");
    }
}

#[test]
fn noise_is_no_voice() {
    for loud in [20.0, 300.0, 5_000.0] {
        let hops = hops(&noise(5.0, loud), |_| false);
        let voiced = hops.iter().filter(|hop| hop.f0_hz > 0.0).count();
        assert!(voiced * 50 < hops.len(), "{voiced} of {}", hops.len());
    }
}

#[test]
fn lost_frames_cost_little_more_than_themselves() {
    let said = MadeVoice::default().say(4.0, |_| 120.0);
    let hops = hops(&said, |number| number % 20 == 10);
    assert_eq!(hops.len(), 190 * 2 - super::LATE_HOPS);
    let mut errors = Errors::default();
    errors.add(&hops, 0.06, 3.9, |_| 120.0);
    assert!(errors.missed() < 3.0 && errors.gross() < 1.0 && errors.off() < 1.0, "{errors:?}");
    assert!(hops[2..].windows(2).all(|pair| pair[0].at < pair[1].at));
}

#[test]
fn a_long_gap_is_forgotten() {
    let truth = |at: f64| if at < 2.0 { 100.0 } else { 210.0 };
    let said = MadeVoice::default().say(4.0, truth);
    let hops = hops(&said, |number| (90..110).contains(&number));
    let mut errors = Errors::default();
    errors.add(&hops, 2.3, 3.9, truth);
    assert!(errors.missed() < 3.0 && errors.gross() < 3.0, "{errors:?}");
}
