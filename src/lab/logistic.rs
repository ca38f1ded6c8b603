//! Fits the logistic regressions that the mood is read with: Newton's method, in whole and in order, so that the same
//! clips give the same weights to the last bit.

/// A sum of weighted figures that says how likely a yes is.
#[derive(Clone, Debug, PartialEq)]
pub struct Regression {
    /// A weight for each figure.
    pub coefficients: Vec<f64>,
    /// Added.
    pub bias: f64,
}

/// One piece of evidence.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// The figures.
    pub figures: Vec<f64>,
    /// How much of a yes it is, 0 to 1.
    pub yes: f64,
    /// How much it counts.
    pub weight: f64,
}

impl Regression {
    /// The sum for these figures: the logarithm of the odds of a yes.
    pub fn sum(&self, figures: &[f64]) -> f64 {
        self.bias + self.coefficients.iter().zip(figures).map(|(c, x)| c * x).sum::<f64>()
    }

    /// The most likely regression, a coefficient costing half of its `penalty` times its square; `None` when there is no
    /// evidence, or when both penalty and evidence leave a coefficient open.
    pub fn fit(evidence: &[Evidence], penalties: &[f64]) -> Option<Self> {
        let many = penalties.len();
        let mut fitted = Self { coefficients: vec![0.0; many], bias: 0.0 };
        if evidence.is_empty() {
            return None;
        }
        let mut cost = fitted.cost(evidence, penalties);
        for _ in 0..MOST_STEPS {
            let step = fitted.step(evidence, penalties)?;
            // A whole step may lead too far from where the curve was looked at: halve it until it helps.
            let mut share = 1.0;
            let (next, next_cost) = loop {
                let next = Self {
                    coefficients: fitted.coefficients.iter().zip(&step).map(|(c, s)| c - share * s).collect(),
                    bias: fitted.bias - share * step[many],
                };
                let next_cost = next.cost(evidence, penalties);
                if next_cost <= cost || share < SMALLEST_SHARE {
                    break (next, next_cost);
                }
                share /= 2.0;
            };
            let gained = cost - next_cost;
            if gained <= 0.0 {
                break;
            }
            (fitted, cost) = (next, next_cost);
            if gained < ENOUGH * cost.abs().max(1.0) {
                break;
            }
        }
        let sound = fitted.coefficients.iter().chain([&fitted.bias]).all(|x| x.is_finite());
        sound.then_some(fitted)
    }

    fn cost(&self, evidence: &[Evidence], penalties: &[f64]) -> f64 {
        let unlikely: f64 = evidence
            .iter()
            .map(|piece| {
                let sum = self.sum(&piece.figures);
                // ln(1 + e^s) - y s, without e to a large power.
                piece.weight * (sum.max(0.0) + libm::log1p(libm::exp(-sum.abs())) - piece.yes * sum)
            })
            .sum();
        let dear: f64 = self.coefficients.iter().zip(penalties).map(|(c, penalty)| penalty * c * c).sum();
        unlikely + dear / 2.0
    }

    /// Newton's step: the slope of the cost, divided by its curvature.
    fn step(&self, evidence: &[Evidence], penalties: &[f64]) -> Option<Vec<f64>> {
        let many = penalties.len();
        let mut slope = vec![0.0; many + 1];
        let mut curvature = vec![vec![0.0; many + 1]; many + 1];
        for piece in evidence {
            let likely = likelihood(self.sum(&piece.figures));
            let off = piece.weight * (likely - piece.yes);
            let bend = piece.weight * likely * (1.0 - likely);
            for i in 0..=many {
                let here = piece.figures.get(i).copied().unwrap_or(1.0);
                slope[i] += off * here;
                for (j, entry) in curvature[i].iter_mut().enumerate().take(i + 1) {
                    *entry += bend * here * piece.figures.get(j).copied().unwrap_or(1.0);
                }
            }
        }
        for i in 0..many {
            slope[i] += penalties[i] * self.coefficients[i];
            curvature[i][i] += penalties[i];
        }
        curvature[many][many] += FLAT;
        solve(curvature, slope)
    }
}

/// `1 / (1 + exp(-sum))`.
pub fn likelihood(sum: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-sum))
}

/// Solves a symmetric positive system of which the lower half is given (Cholesky).
fn solve(mut lower: Vec<Vec<f64>>, mut right: Vec<f64>) -> Option<Vec<f64>> {
    let many = right.len();
    for i in 0..many {
        for j in 0..=i {
            let done: f64 = (0..j).map(|k| lower[i][k] * lower[j][k]).sum();
            let rest = lower[i][j] - done;
            lower[i][j] = if i == j { (rest > 0.0).then(|| rest.sqrt())? } else { rest / lower[j][j] };
        }
    }
    for i in 0..many {
        let done: f64 = (0..i).map(|k| lower[i][k] * right[k]).sum();
        right[i] = (right[i] - done) / lower[i][i];
    }
    for i in (0..many).rev() {
        let done: f64 = (i + 1..many).map(|k| lower[k][i] * right[k]).sum();
        right[i] = (right[i] - done) / lower[i][i];
    }
    Some(right)
}

/// Newton's method is done after ten steps or never.
const MOST_STEPS: usize = 60;

/// A step of a thousandth of itself that does not help is no step.
const SMALLEST_SHARE: f64 = 1e-3;

/// When a step gains less of the cost than this, the last bits are being turned over.
const ENOUGH: f64 = 1e-12;

/// Keeps the bias's curvature above nothing when every piece is certain.
const FLAT: f64 = 1e-9;

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(figures: &[f64], yes: f64) -> Evidence {
        Evidence { figures: figures.to_vec(), yes, weight: 1.0 }
    }

    #[test]
    fn without_figures_the_bias_is_the_logarithm_of_the_odds() {
        let evidence: Vec<Evidence> = (0..10).map(|n| piece(&[], f64::from(n < 8))).collect();
        let fitted = Regression::fit(&evidence, &[]).unwrap();
        assert!((fitted.bias - 4.0_f64.ln()).abs() < 1e-6, "{fitted:?}");
    }

    #[test]
    fn at_the_end_the_slope_is_nothing_in_every_direction() {
        let mut seed = 5_u64;
        let mut draw = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) as f64 / f64::from(1_u32 << 31) * 2.0 - 1.0
        };
        let evidence: Vec<Evidence> = (0..400)
            .map(|_| {
                let figures = [draw(), draw(), draw()];
                piece(&figures, f64::from(2.0 * figures[0] - figures[1] + draw() > 0.3))
            })
            .collect();
        let penalties = [0.5, 0.5, 0.5];
        let fitted = Regression::fit(&evidence, &penalties).unwrap();
        let cost = fitted.cost(&evidence, &penalties);
        for i in 0..4 {
            for off in [-1e-4, 1e-4] {
                let mut near = fitted.clone();
                *near.coefficients.get_mut(i).unwrap_or(&mut near.bias) += off;
                assert!(near.cost(&evidence, &penalties) > cost, "{i} {off}");
            }
        }
        let [first, second, third] = fitted.coefficients[..] else { panic!("three") };
        assert!(first > 2.0 && second < -1.0 && third.abs() < 1.0, "{fitted:?}");
        assert_eq!(Regression::fit(&evidence, &penalties).unwrap(), fitted, "the same bits");
    }

    #[test]
    fn what_is_separable_stays_finite_by_its_penalty_and_nothing_fits_nothing() {
        let evidence = [piece(&[-1.0], 0.0), piece(&[1.0], 1.0)];
        let fitted = Regression::fit(&evidence, &[1.0]).unwrap();
        assert!((0.3..3.0).contains(&fitted.coefficients[0]), "{fitted:?}");
        assert_eq!(Regression::fit(&[], &[1.0]), None);
    }
}
