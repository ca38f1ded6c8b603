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
        let taken = if excited { fresh_s * EXCITED_SHARE } else { fresh_s };
        self.learned_s += taken;
        // The plain mean of all so far, until that would learn more slowly than the running mean does.
        let gain = (taken / self.learned_s).max(taken * LEARNED_PER_S).min(1.0);
        for i in 0..FEATURES {
            let off = figures[i] - self.mean[i];
            self.mean[i] += gain * off;
            // The first window has no spread of its own.
            let step = if gain < 1.0 { gain * (off * off * (1.0 - gain) - self.variance[i]) } else { 0.0 };
            self.variance[i] = (self.variance[i] + step).max(0.0);
        }
    }
}

fn square(x: f32) -> f32 {
    x * x
}

/// Two windows as long as a window tell twice as much as one; those between them repeat what these say.
const LOOK_S: f32 = 3.0;

/// The spread of people in general counts as much as so many windows (12 s) of the speaker's own: a spread needs more
/// evidence than a mean.
const POPULATION_LOOKS: f32 = 4.0;

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
