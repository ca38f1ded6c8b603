//! Makes a probability of a score (Platt): a slope and a shift, fitted on speakers that the score was not trained on.

use crate::lab::logistic::{Evidence, Regression};

/// Slope and shift.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Platt {
    /// Steepness; never negative, a score is not turned round.
    pub slope: f64,
    /// Shift.
    pub offset: f64,
}

/// One score of a speaker left out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scored {
    /// What the regression said.
    pub sum: f64,
    /// What it was.
    pub yes: bool,
    /// How much it counts.
    pub weight: f64,
}

impl Platt {
    /// The most likely slope and shift. The truth itself is taken as a little doubtful, the more so the less of it there
    /// is, so that scores which happen to be perfect do not become certainties.
    pub fn fit(scores: &[Scored]) -> Option<Self> {
        let total = |yes: bool| scores.iter().filter(|s| s.yes == yes).map(|s| s.weight).sum::<f64>();
        let (yes, no) = (total(true), total(false));
        if yes <= 0.0 || no <= 0.0 {
            return None;
        }
        let (sure_yes, sure_no) = ((yes + 1.0) / (yes + 2.0), 1.0 / (no + 2.0));
        let evidence: Vec<Evidence> = scores
            .iter()
            .map(|s| Evidence {
                figures: vec![s.sum],
                yes: if s.yes { sure_yes } else { sure_no },
                // Both answers alike likely before anything is heard.
                weight: s.weight * (yes + no) / (2.0 * if s.yes { yes } else { no }),
            })
            .collect();
        let fitted = Regression::fit(&evidence, &[HARDLY])?;
        let slope = fitted.coefficients.first().copied()?;
        Some(if slope > 0.0 { Self { slope, offset: fitted.bias } } else { Self { slope: 0.0, offset: 0.0 } })
    }

    /// The score on the scale of the logarithm of odds.
    pub fn sum(&self, sum: f64) -> f64 {
        self.slope * sum + self.offset
    }
}

/// Only so that a fit exists whatever the scores are.
const HARDLY: f64 = 1e-6;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::logistic::likelihood;

    #[test]
    fn too_steep_a_score_is_made_truthful() {
        // Scores that claim e^(+-4), true three times in four.
        let scores: Vec<Scored> = (0..400)
            .map(|n| Scored {
                sum: if n % 2 == 0 { 4.0 } else { -4.0 },
                yes: (n % 2 == 0) != (n % 8 < 2),
                weight: 1.0,
            })
            .collect();
        let platt = Platt::fit(&scores).unwrap();
        let said = likelihood(platt.sum(4.0));
        assert!((said - 0.75).abs() < 0.02, "{said} {platt:?}");
    }

    #[test]
    fn a_score_that_is_wrong_says_nothing_and_one_class_alone_cannot_be_fitted() {
        let scored = |sum, yes| Scored { sum, yes, weight: 1.0 };
        let turned = [scored(1.0, false), scored(-1.0, true), scored(2.0, false), scored(-2.0, true)];
        assert_eq!(Platt::fit(&turned), Some(Platt { slope: 0.0, offset: 0.0 }));
        assert_eq!(Platt::fit(&[scored(1.0, true)]), None);
    }

    #[test]
    fn perfect_scores_do_not_become_certainties() {
        let scores: Vec<Scored> =
            (0..40).map(|n| Scored { sum: f64::from(n) - 19.5, yes: n >= 20, weight: 1.0 }).collect();
        let platt = Platt::fit(&scores).unwrap();
        assert!(likelihood(platt.sum(20.0)) < 0.999 && platt.slope > 0.0);
    }
}
