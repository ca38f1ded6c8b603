//! What is usual for this speaker in this call, so that a reading says how they differ from themselves.
//!
//! It knows what people in general are like, and how far they lie apart, before it has heard a word; with every second of
//! speech it believes the speaker more and people in general less. A difference is counted in the spread that was to be
//! expected, doubt about the baseline included: early in a call everything looks near to usual, by design. Excitement
//! teaches it little: whoever has been angry for a minute is still angry.

use crate::ear::mood::functionals::FEATURES;

/// The sixteen figures, or sixteen numbers about them.
pub type Figures = [f32; FEATURES];

/// What calm speech of people in general is like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Population {
    /// The mean over speakers.
    pub mean: Figures,
    /// How far speakers' own means lie apart (standard deviation).
    pub between: Figures,
    /// How far a window lies from its speaker's own mean (standard deviation).
    pub within: Figures,
}

/// One speaker's usual.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Baseline {
    mean: Figures,
    variance: Figures,
    learned_s: f32,
}

impl Baseline {
    /// Seconds of speech that it stands on; what was learned slowly counts less.
    pub fn learned_s(&self) -> f32 {
        self.learned_s
    }

    /// How far these figures are from usual, in spreads, at most [`FARTHEST`] either way.
    pub fn z(&self, population: &Population, figures: &Figures) -> Figures {
        let looks = self.learned_s / LOOK_S;
        std::array::from_fn(|i| {
            let within = square(population.within[i]).max(TINY);
            let between = square(population.between[i]).max(TINY);
            // Two witnesses of the speaker's mean, each weighed by how sure it is.
            let (people, own) = (1.0 / between, looks / within);
            let mean = (people * population.mean[i] + own * self.mean[i]) / (people + own);
            let doubt = 1.0 / (people + own);
            let spread = (within * POPULATION_LOOKS + self.variance[i] * looks) / (POPULATION_LOOKS + looks);
            let z = (figures[i] - mean) / (spread + doubt).sqrt();
            if z.is_finite() { z.clamp(-FARTHEST, FARTHEST) } else { 0.0 }
        })
    }

    /// Takes in a window's figures of which `fresh_s` seconds were not heard before, `z` being how unusual they are.
    pub fn learn(&mut self, figures: &Figures, z: &Figures, fresh_s: f32) {
        if !(fresh_s > 0.0 && figures.iter().all(|figure| figure.is_finite())) {
            return;
        }
        let unusual = z.iter().map(|z| z.abs()).sum::<f32>() / FEATURES as f32;
        let excited = self.learned_s >= TRUSTED_S && unusual > EXCITED_Z;
        // The plain mean of all so far, until that would learn more slowly than the running mean does; but never of
        // excitement, and no spread of that either: a wide usual would swallow it.
        let (taken, gain) = if excited {
            (fresh_s * EXCITED_SHARE, fresh_s * EXCITED_SHARE * LEARNED_PER_S)
        } else {
            (fresh_s, (fresh_s / (self.learned_s + fresh_s)).max(fresh_s * LEARNED_PER_S))
        };
        self.learned_s += taken;
        let gain = gain.min(1.0);
        for ((mean, variance), figure) in self.mean.iter_mut().zip(&mut self.variance).zip(figures) {
            let off = figure - *mean;
            *mean += gain * off;
            // The first window has no spread of its own.
            if !excited && gain < 1.0 {
                let step = gain * (off * off * (1.0 - gain) - *variance);
                *variance = (*variance + step).max(0.0);
            }
        }
    }
}

fn square(x: f32) -> f32 {
    x * x
}

/// Two windows as long as a window tell twice as much as one; those between them repeat what these say.
const LOOK_S: f32 = 3.0;

/// The spread of people in general counts as much as so many windows (24 s) of the speaker's own: a spread needs more
/// evidence than a mean.
const POPULATION_LOOKS: f32 = 8.0;

/// Nothing in a voice is farther from usual than six spreads; what seems so is an error of measurement.
pub const FARTHEST: f32 = 6.0;

/// 1 % for each half second: a minute and a half of new habits makes them usual.
const LEARNED_PER_S: f32 = 0.02;

/// Of excited speech a fifth of that, so that a minute of anger does not become the norm.
const EXCITED_SHARE: f32 = 0.2;

/// Mean distance over all figures from which speech counts as excited (calm speech has 0.8).
const EXCITED_Z: f32 = 1.5;

/// Before so much speech "unusual" says more about the baseline than about the speech.
const TRUSTED_S: f32 = 8.0;

/// Against a division by zero where a figure does not vary at all.
const TINY: f32 = 1e-6;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn people() -> Population {
        Population { mean: [10.0; FEATURES], between: [4.0; FEATURES], within: [1.0; FEATURES] }
    }

    /// Half seconds of windows around `mean`, half of the figures above it and half below, in turn; the mean of the last
    /// one's differences.
    fn speak(baseline: &mut Baseline, mean: f32, half_seconds: usize) -> f32 {
        let mut last = 0.0;
        for n in 0..half_seconds {
            let figures = std::array::from_fn(|i| mean + if (n + i) % 2 == 0 { 0.7 } else { -0.7 });
            let z = baseline.z(&people(), &figures);
            baseline.learn(&figures, &z, 0.5);
            last = z.iter().sum::<f32>() / FEATURES as f32;
        }
        last
    }

    #[test]
    fn before_a_word_is_heard_people_in_general_are_the_usual() {
        let z = Baseline::default().z(&people(), &[18.0; FEATURES]);
        // Eight above the mean, and people lie four apart.
        assert!(z.iter().all(|z| (1.8..2.0).contains(z)), "{z:?}");
    }

    #[test]
    fn after_ten_seconds_it_is_the_speaker() {
        let mut baseline = Baseline::default();
        let usual = speak(&mut baseline, 18.0, 20);
        assert!(usual.abs() < 1.0, "{usual}");
        let z = baseline.z(&people(), &[21.0; FEATURES]);
        assert!((2.0..3.5).contains(&z[0]), "{z:?}");
        assert!((9.9..10.1).contains(&baseline.learned_s()));
    }

    #[test]
    fn a_minute_of_excitement_does_not_become_the_norm_and_a_quarter_of_an_hour_does() {
        let mut baseline = Baseline::default();
        speak(&mut baseline, 10.0, 40);
        let at_first = baseline.z(&people(), &[13.0; FEATURES])[0];
        speak(&mut baseline, 13.0, 120);
        let after_a_minute = baseline.z(&people(), &[13.0; FEATURES])[0];
        assert!(after_a_minute > 0.55 * at_first && after_a_minute > 1.5, "{at_first} {after_a_minute}");
        speak(&mut baseline, 13.0, 1_800);
        let now = baseline.z(&people(), &[13.0; FEATURES])[0];
        assert!(now < 0.5, "{now}");
    }

    #[test]
    fn new_calm_habits_are_learned_sooner_than_excitement() {
        let mut moved = Baseline::default();
        speak(&mut moved, 10.0, 60);
        let mut excited = moved;
        // As long, but nearer: that is no excitement.
        speak(&mut moved, 10.8, 120);
        speak(&mut excited, 14.0, 120);
        let left = |baseline: &Baseline, now: f32| baseline.z(&people(), &[now; FEATURES])[0];
        assert!(
            left(&moved, 10.8) < 0.6 && left(&excited, 14.0) > 1.5,
            "{} {}",
            left(&moved, 10.8),
            left(&excited, 14.0)
        );
    }

    #[test]
    fn a_restless_speaker_has_a_wider_usual() {
        let (mut steady, mut restless) = (Baseline::default(), Baseline::default());
        for n in 0..120 {
            let side = if n % 2 == 0 { 1.0 } else { -1.0 };
            for (baseline, wide) in [(&mut steady, 0.5), (&mut restless, 2.5)] {
                baseline.learn(&[10.0 + side * wide; FEATURES], &[0.0; FEATURES], 0.5);
            }
        }
        let z = |baseline: &Baseline| baseline.z(&people(), &[13.0; FEATURES])[0];
        assert!(z(&steady) > 1.5 * z(&restless), "{} {}", z(&steady), z(&restless));
    }

    proptest! {
        #[test]
        fn whatever_comes_differences_stay_within_their_range(
            looks in proptest::collection::vec((any::<[f32; FEATURES]>(), -1.0_f32..3.0), 0..60),
            then in any::<[f32; FEATURES]>(),
        ) {
            let mut baseline = Baseline::default();
            for (figures, fresh_s) in looks {
                let z = baseline.z(&people(), &figures);
                baseline.learn(&figures, &z, fresh_s);
            }
            let z = baseline.z(&people(), &then);
            prop_assert!(z.iter().all(|z| (-FARTHEST..=FARTHEST).contains(z)), "{:?}", z);
            prop_assert!(baseline.learned_s().is_finite());
        }
    }
}
