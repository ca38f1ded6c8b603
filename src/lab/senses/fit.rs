//! Fits one sum of weights by logistic regression: the dual problem, one turn after the other, as Yu, Huang and Lin describe it.
//! The order is drawn by seed, so the same turns give the same weights to the last bit.

use crate::lab::score::Chance;

/// A turn as features: which, and how much; sorted.
pub(crate) type Row = Vec<(u32, f32)>;

/// A sum of weights.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fitted {
    /// The weight of each feature.
    pub(crate) weights: Vec<f64>,
    /// Added.
    pub(crate) bias: f64,
}

impl Fitted {
    /// The logarithm of the odds that this row is a yes.
    pub(crate) fn sum(&self, row: &Row) -> f64 {
        self.bias + row.iter().map(|&(at, worth)| self.weights[at as usize] * f64::from(worth)).sum::<f64>()
    }
}

/// The likeliest weights for these rows, of which some are a yes. `looseness` says how dear a turn that is wrong is beside large
/// weights.
pub(crate) fn fit(rows: &[&Row], so: &[bool], features: usize, looseness: f64) -> Fitted {
    let mut fitted = Fitted { weights: vec![0.0; features], bias: 0.0 };
    let mut held = vec![looseness * 1e-6; rows.len()];
    let long: Vec<f64> = rows
        .iter()
        .map(|row| 1.0 + row.iter().map(|&(_, x)| f64::from(x) * f64::from(x)).sum::<f64>())
        .collect();
    for (number, row) in rows.iter().enumerate() {
        fitted.push(row, if so[number] { held[number] } else { -held[number] });
    }
    let mut order: Vec<usize> = (0..rows.len()).collect();
    let mut chance = Chance(SEED);
    for _ in 0..ROUNDS {
        for last in (1..order.len()).rev() {
            order.swap(last, chance.below(last + 1));
        }
        for &number in &order {
            let sign = if so[number] { 1.0 } else { -1.0 };
            let (most, a, b) = (looseness, long[number], sign * fitted.sum(rows[number]));
            let share = best_share(most, a, b, held[number]);
            fitted.push(rows[number], sign * (share - held[number]));
            held[number] = share;
        }
    }
    fitted
}

/// The share of a turn, most / (1 + exp(-t)), at which t + a (share - held) + b is nothing: it rises with t, so it has one such place.
fn best_share(most: f64, a: f64, b: f64, held: f64) -> f64 {
    let (mut low, mut high) = (-b - a * (most - held), -b + a * held);
    let mut t = (-b).clamp(low, high);
    for _ in 0..STEPS {
        let part = 1.0 / (1.0 + libm::exp(-t));
        let off = t + a * (most * part - held) + b;
        if off.abs() < 1e-9 {
            break;
        }
        if off > 0.0 {
            high = t;
        } else {
            low = t;
        }
        let next = t - off / (1.0 + a * most * part * (1.0 - part));
        // A step of Newton's that leaves what is known of the place is none.
        t = if next > low && next < high { next } else { f64::midpoint(low, high) };
    }
    most / (1.0 + libm::exp(-t))
}

impl Fitted {
    fn push(&mut self, row: &Row, by: f64) {
        for &(at, worth) in row {
            self.weights[at as usize] += by * f64::from(worth);
        }
        self.bias += by;
    }
}

/// Every turn is looked at so often; more changes the third digit of a weight.
const ROUNDS: usize = 30;

/// Newton's method is done long before.
const STEPS: usize = 40;

/// Any number but zero.
const SEED: u64 = 0x5e_75e5;
