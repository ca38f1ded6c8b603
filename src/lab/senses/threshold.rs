//! From which sum on a meaning is told, and how likely each sum makes it, by turns that were held out.

use serde::Serialize;

use crate::conversation::signal::SignalKind;
use crate::lab::logistic::{Evidence, Regression, likelihood};
use crate::lab::reliability::Reliability;
use crate::lab::score::{Group, auc};

/// What turns that were held out say of one meaning.
#[derive(Clone, Debug, Serialize)]
pub struct Judged {
    /// Which.
    pub meaning: SignalKind,
    /// How many turns mean it.
    pub examples: usize,
    /// How many do not.
    pub others: usize,
    /// How often one that means it stands above one that does not.
    pub auc: f64,
    /// The sum from which on it is told; none where no sum is sure enough.
    pub tells_from: Option<f64>,
    /// Of those told, the share that is right.
    pub precision: f64,
    /// Of those that mean it, the share that is told.
    pub recall: f64,
    /// The sums at which it is likely to 5, 10, … 95 in a hundred.
    #[serde(skip)]
    pub likely_at: Vec<f64>,
    /// Whether the likelihood tells the truth.
    pub reliability: Reliability,
}

/// Judges the sums of turns, of which some mean it, with so much precision wanted.
pub(crate) fn judged(meaning: SignalKind, sums: &[f64], so: &[bool], wanted: f64) -> Judged {
    let mut group = Group::default();
    sums.iter().zip(so).for_each(|(&sum, &so)| group.push(sum as f32, so));
    let evidence: Vec<Evidence> = sums
        .iter()
        .zip(so)
        .map(|(&sum, &so)| Evidence { figures: vec![sum], yes: f64::from(u8::from(so)), weight: 1.0 })
        .collect();
    let line = Regression::fit(&evidence, &[SLACK])
        .filter(|line| line.coefficients[0] > 0.0)
        .unwrap_or(Regression { coefficients: vec![1.0], bias: 0.0 });
    let pieces: Vec<(f64, bool)> =
        sums.iter().zip(so).map(|(&sum, &so)| (likelihood(line.sum(&[sum])), so)).collect();
    let likely_at = (1..20)
        .map(|step| f64::from(step) * 0.05)
        .map(|likely| (libm::log(likely / (1.0 - likely)) - line.bias) / line.coefficients[0])
        .collect();
    let examples = so.iter().filter(|so| **so).count();
    let (tells_from, precision, recall) = tells_from(sums, so, wanted);
    Judged {
        meaning,
        examples,
        others: so.len() - examples,
        auc: auc(&[group]).unwrap_or(0.5),
        tells_from,
        precision,
        recall,
        likely_at,
        reliability: Reliability::of(&pieces),
    }
}

/// The lowest sum above which so much is right, with one more wrong than there was; with it precision and recall.
fn tells_from(sums: &[f64], so: &[bool], wanted: f64) -> (Option<f64>, f64, f64) {
    let mut ranked: Vec<(f64, bool)> = sums.iter().copied().zip(so.iter().copied()).collect();
    ranked.sort_by(|one, other| other.0.total_cmp(&one.0));
    let all = so.iter().filter(|so| **so).count().max(1) as f64;
    let (mut right, mut wrong, mut best) = (0.0, 0.0, (None, 0.0, 0.0));
    for (place, &(sum, so)) in ranked.iter().enumerate() {
        if so {
            right += 1.0;
        } else {
            wrong += 1.0;
        }
        let sure = right / (right + wrong + DOUBT) >= wanted;
        if so && sure {
            let below = ranked.get(place + 1).map_or(sum, |next| next.0);
            best = (Some(f64::midpoint(sum, below)), right / (right + wrong), right / all);
        }
    }
    best
}

/// The line through the sums is held a little, for meanings that are told apart without a doubt.
const SLACK: f64 = 1e-3;

/// So many more would be wrong on other sentences.
const DOUBT: f64 = 0.5;
