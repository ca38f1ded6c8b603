//! Activation and tone from how far a voice is from its usual: two logistic regressions whose weights are a file.
//!
//! The file says what it was trained on and how well it did on speakers left out; it is made by `lab::train` and by nobody's
//! hand. A file that speaks of other figures than this program measures is refused.

use serde::{Deserialize, Serialize};

use crate::ear::mood::baseline::{Figures, Population};
use crate::ear::mood::functionals::{FEATURES, NAMES};

/// The weights that this program was built with.
pub static SHIPPED: &str = include_str!("weights.json");

/// The version of the file's form and of the figures' definition: to be raised when either changes.
pub const VERSION: u32 = 1;

/// Why a file of weights is refused.
#[derive(Debug, thiserror::Error)]
pub enum BadWeights {
    /// It is not JSON of this form.
    #[error("the weights of the mood are not to be read: {0}")]
    Form(#[from] serde_json::Error),
    /// It was made for another version of the figures.
    #[error(
        "the weights of the mood have version {found}, and this program measures version {VERSION}: train them again"
    )]
    Version {
        /// What the file says.
        found: u32,
    },
    /// It speaks of other figures, or of these in another order.
    #[error(
        "the weights of the mood are for figure {at} = {found:?}, and this program measures {measured:?} there: train them again"
    )]
    Names {
        /// The place in the list.
        at: usize,
        /// What the file has there.
        found: String,
        /// What is measured.
        measured: String,
    },
    /// A list is too short or too long, or a number is none or out of all reason.
    #[error("the weights of the mood: {what} is not {FEATURES} sound numbers")]
    Numbers {
        /// Which list.
        what: &'static str,
    },
}

/// The file of weights, as it stands in JSON.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Weights {
    /// See [`VERSION`].
    pub version: u32,
    /// What made it.
    pub made_by: String,
    /// What it was trained on.
    pub trained_on: TrainedOn,
    /// The names of the figures, in order.
    pub features: Vec<String>,
    /// Calm speech of people in general.
    pub population: Spread,
    /// Excited (angry, joyful) against calm (neutral, sad).
    pub activation: Head,
    /// Anger-like against joy-like, of excited speech.
    pub tone: Head,
}

/// What the weights have seen.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainedOn {
    /// The corpus.
    pub corpus: String,
    /// Its licence.
    pub licence: String,
    /// Whose speech.
    pub speakers: Vec<String>,
    /// How many clips.
    pub clips: usize,
    /// SHA-256 over the names and sums of all clips, in order.
    pub sha256: String,
}

/// Calm speech of people in general, as in [`Population`].
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spread {
    /// Means.
    pub mean: Vec<f32>,
    /// Between speakers.
    pub between: Vec<f32>,
    /// Within a speaker.
    pub within: Vec<f32>,
}

/// One logistic regression on differences from usual.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// What the positive side means.
    pub says: String,
    /// Mean of each difference in training; subtracted.
    pub means: Vec<f32>,
    /// Spread of each difference in training; divided by.
    pub scales: Vec<f32>,
    /// A coefficient each.
    pub coefficients: Vec<f32>,
    /// Added.
    pub bias: f32,
    /// Makes a probability of the sum.
    pub calibration: Calibration,
    /// How well it did on speakers that it was not trained on.
    pub left_out: LeftOut,
}

/// `1 / (1 + exp(-(slope * sum + offset)))`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// Steepness.
    pub slope: f32,
    /// Shift.
    pub offset: f32,
}

/// Figures of speakers left out of training.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeftOut {
    /// Area under the curve, a clip a decision.
    pub auc: f32,
    /// Mean of the two classes' recall at one half.
    pub uar: f32,
    /// Expected error of the calibrated probability.
    pub ece: f32,
}

/// Both heads and the population, in fixed arrays.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Heads {
    /// Calm speech of people in general.
    pub population: Population,
    activation: Line,
    tone: Line,
}

/// Coefficients on the differences themselves, calibration included.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Line {
    coefficients: Figures,
    bias: f32,
}

impl Heads {
    /// The heads of the weights that this program was built with.
    pub fn shipped() -> Result<Self, BadWeights> {
        Self::from_json(SHIPPED)
    }

    /// The heads of a file of weights.
    pub fn from_json(text: &str) -> Result<Self, BadWeights> {
        Self::new(&serde_json::from_str(text)?)
    }

    /// The heads of these weights.
    pub fn new(weights: &Weights) -> Result<Self, BadWeights> {
        if weights.version != VERSION {
            return Err(BadWeights::Version { found: weights.version });
        }
        for at in 0..FEATURES.max(weights.features.len()) {
            let found = weights.features.get(at).map_or("nothing", String::as_str);
            let measured = NAMES.get(at).copied().unwrap_or("nothing");
            if found != measured {
                return Err(BadWeights::Names { at, found: found.to_owned(), measured: measured.to_owned() });
            }
        }
        let spread = &weights.population;
        let population = Population {
            mean: figures("population.mean", &spread.mean)?,
            between: positive("population.between", &spread.between)?,
            within: positive("population.within", &spread.within)?,
        };
        Ok(Self { population, activation: line(&weights.activation)?, tone: line(&weights.tone)? })
    }

    /// How likely it is that somebody so far from their usual is excited, 0 to 1.
    pub fn activation(&self, z: &Figures) -> f32 {
        self.activation.probability(z)
    }

    /// How anger-like rather than joy-like it is, given that it is excited, 0 to 1. A voice tells this badly: among
    /// strangers in another language three of four at best.
    pub fn tone(&self, z: &Figures) -> f32 {
        self.tone.probability(z)
    }
}

impl Line {
    fn probability(&self, z: &Figures) -> f32 {
        let sum: f32 = self.coefficients.iter().zip(z).map(|(c, z)| c * z).sum();
        logistic(sum + self.bias)
    }
}

/// `1 / (1 + exp(-x))`.
pub(crate) fn logistic(x: f32) -> f32 {
    1.0 / (1.0 + libm::expf(-x))
}

/// Takes means, scales and calibration into the coefficients.
fn line(head: &Head) -> Result<Line, BadWeights> {
    let means = figures("means", &head.means)?;
    let scales = positive("scales", &head.scales)?;
    let raw = figures("coefficients", &head.coefficients)?;
    let [slope, bias, offset] = [head.calibration.slope, head.bias, head.calibration.offset];
    if ![slope, bias, offset].iter().all(|x| x.is_finite() && x.abs() <= MOST) || slope < 0.0 {
        return Err(BadWeights::Numbers { what: "calibration or bias" });
    }
    let coefficients: Figures = std::array::from_fn(|i| slope * raw[i] / scales[i]);
    let shift: f32 = coefficients.iter().zip(&means).map(|(c, mean)| c * mean).sum();
    Ok(Line { coefficients, bias: slope * bias + offset - shift })
}

fn figures(what: &'static str, list: &[f32]) -> Result<Figures, BadWeights> {
    let array: Figures = list.try_into().map_err(|_| BadWeights::Numbers { what })?;
    if array.iter().all(|x| x.is_finite() && x.abs() <= MOST) {
        Ok(array)
    } else {
        Err(BadWeights::Numbers { what })
    }
}

fn positive(what: &'static str, list: &[f32]) -> Result<Figures, BadWeights> {
    let array = figures(what, list)?;
    if array.iter().all(|&x| x >= LEAST_SCALE) { Ok(array) } else { Err(BadWeights::Numbers { what }) }
}

/// No figure, spread or coefficient is larger; what is, would be a broken file.
const MOST: f32 = 1e4;

/// Nothing is divided by less.
const LEAST_SCALE: f32 = 1e-4;

#[cfg(test)]
mod tests {
    use super::*;

    fn shipped() -> Weights {
        serde_json::from_str(SHIPPED).unwrap()
    }

    fn refused(change: impl FnOnce(&mut Weights)) -> String {
        let mut weights = shipped();
        change(&mut weights);
        Heads::new(&weights).unwrap_err().to_string()
    }

    #[test]
    fn the_shipped_weights_say_what_they_have_seen_and_that_is_free() {
        let weights = shipped();
        assert_eq!(weights.trained_on.licence, "CC0-1.0");
        assert_eq!(weights.trained_on.speakers, ["emodb03", "emodb08", "emodb10", "emodb14", "emodb16"]);
        assert_eq!(weights.trained_on.sha256.len(), 64);
        assert!(weights.activation.left_out.auc >= 0.99 && weights.tone.left_out.auc >= 0.6);
    }

    #[test]
    fn the_shipped_weights_point_where_everybody_found_them_and_none_rules_alone() {
        let weights = shipped();
        let of = |head: &Head, name: &str| {
            head.coefficients[NAMES.iter().position(|other| *other == name).unwrap()]
        };
        for name in
            ["f0_p50_st", "f0_p80_st", "f0_step_st", "alpha_db", "flux", "centroid_khz", "voiced_fraction"]
        {
            assert!((0.05..1.5).contains(&of(&weights.activation, name)), "{name}");
        }
        assert!((-1.5..-0.05).contains(&of(&weights.activation, "hammarberg_db")));
        // Anger is brighter and rougher than joy.
        assert!(of(&weights.tone, "alpha_db") > 0.05 && of(&weights.tone, "hnr_db") < -0.05);
        let all = weights.activation.coefficients.iter().chain(&weights.tone.coefficients);
        assert!(all.into_iter().all(|c| c.abs() < 1.5));
    }

    #[test]
    fn the_usual_is_calm_and_a_higher_brighter_livelier_voice_is_not() {
        let heads = Heads::shipped().unwrap();
        assert!(heads.activation(&[0.0; FEATURES]) < 0.3, "{}", heads.activation(&[0.0; FEATURES]));
        let mut z = [0.0; FEATURES];
        for name in ["f0_p50_st", "f0_p80_st", "alpha_db", "flux", "centroid_khz"] {
            z[NAMES.iter().position(|other| *other == name).unwrap()] = 3.0;
        }
        z[5] = -3.0;
        assert!(heads.activation(&z) > 0.8, "{}", heads.activation(&z));
        for extreme in [[6.0; FEATURES], [-6.0; FEATURES]] {
            assert!(
                (0.0..=1.0).contains(&heads.activation(&extreme))
                    && (0.0..=1.0).contains(&heads.tone(&extreme))
            );
        }
    }

    #[test]
    fn the_heads_are_the_file_worked_out_by_hand() {
        let weights = shipped();
        let z: Figures = std::array::from_fn(|i| i as f32 / 4.0 - 2.0);
        let by_hand = |head: &Head| {
            let sum: f64 = (0..FEATURES)
                .map(|i| f64::from(head.coefficients[i]) * f64::from((z[i] - head.means[i]) / head.scales[i]))
                .sum();
            let sum = sum + f64::from(head.bias);
            1.0 / (1.0
                + (-(f64::from(head.calibration.slope) * sum + f64::from(head.calibration.offset))).exp())
        };
        let heads = Heads::new(&weights).unwrap();
        assert!((by_hand(&weights.activation) - f64::from(heads.activation(&z))).abs() < 1e-4);
        assert!((by_hand(&weights.tone) - f64::from(heads.tone(&z))).abs() < 1e-4);
    }

    #[test]
    fn weights_for_other_figures_are_refused_and_say_why() {
        let older = refused(|w| w.version = 0);
        assert!(older.contains("version 0") && older.contains("train them again"), "{older}");
        let other = refused(|w| w.features.swap(0, 1));
        assert!(other.contains("f0_p80_st") && other.contains("f0_p50_st"), "{other}");
        assert!(refused(|w| w.features.push("more".to_owned())).contains("\"more\""));
        assert!(refused(|w| w.features.truncate(15)).contains("nothing"));
        assert!(refused(|w| w.tone.coefficients[3] = f32::NAN).contains("coefficients"));
        assert!(refused(|w| w.population.within[3] = 0.0).contains("population.within"));
        assert!(refused(|w| w.activation.scales.truncate(15)).contains("scales"));
        assert!(refused(|w| w.activation.calibration.slope = -1.0).contains("calibration"));
        assert!(Heads::from_json("{").unwrap_err().to_string().contains("not to be read"));
    }
}
