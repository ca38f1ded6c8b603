//! How good a judgement is: area under the curve with its confidence interval, median and percentiles.

use serde::Serialize;

/// What was judged in one file or of one speaker: drawn together when the confidence is measured, never torn apart.
#[derive(Clone, Debug, Default)]
pub struct Group {
    /// What the ear said of each piece that is what was looked for.
    pub found: Vec<f32>,
    /// What it said of each piece that is not.
    pub other: Vec<f32>,
}

impl Group {
    /// Takes one piece.
    pub fn push(&mut self, score: f32, is_it: bool) {
        if is_it { self.found.push(score) } else { self.other.push(score) }
    }
}

/// A figure and the interval that holds it in 95 of 100 drawings of other files.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// The figure.
    pub value: f64,
    /// The lower end of the interval.
    pub low: f64,
    /// The upper end of the interval.
    pub high: f64,
}

/// How often a piece that is it scores above one that is not (ties count half), over all pairs of all groups.
pub fn auc(groups: &[Group]) -> Option<f64> {
    let mut all: Vec<(f32, bool)> = Vec::new();
    for group in groups {
        all.extend(group.found.iter().map(|&score| (score, true)));
        all.extend(group.other.iter().map(|&score| (score, false)));
    }
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut below, mut wins, mut found) = (0.0, 0.0, 0.0);
    for ties in all.chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq()) {
        let these = ties.iter().filter(|piece| piece.1).count() as f64;
        let others = ties.len() as f64 - these;
        wins += these * (below + others / 2.0);
        below += others;
        found += these;
    }
    (found > 0.0 && below > 0.0).then(|| wins / (found * below))
}

/// The same with its confidence interval: groups are drawn with replacement, always in the same way.
pub fn auc_estimate(groups: &[Group]) -> Option<Estimate> {
    let value = auc(groups)?;
    // How often each group's pieces win against each other group's: a drawing is then a sum of weights.
    let mut sorted: Vec<(Vec<f32>, Vec<f32>)> =
        groups.iter().map(|group| (group.found.clone(), group.other.clone())).collect();
    for (found, other) in &mut sorted {
        found.sort_by(f32::total_cmp);
        other.sort_by(f32::total_cmp);
    }
    let wins: Vec<Vec<f64>> = sorted
        .iter()
        .map(|(found, _)| sorted.iter().map(|(_, other)| wins_of(found, other)).collect())
        .collect();
    let mut chance = Chance(SEED);
    let mut drawn: Vec<f64> = (0..DRAWINGS)
        .filter_map(|_| {
            let mut times = vec![0.0; groups.len()];
            (0..groups.len()).for_each(|_| times[chance.below(groups.len())] += 1.0);
            let (mut won, mut pairs) = (0.0, 0.0);
            for (of, weight) in times.iter().enumerate() {
                for (against, other) in times.iter().enumerate() {
                    won += weight * other * wins[of][against];
                    pairs += weight * other * (sorted[of].0.len() * sorted[against].1.len()) as f64;
                }
            }
            (pairs > 0.0).then(|| won / pairs)
        })
        .collect();
    let low = percentile(&mut drawn, 2.5)?;
    let high = percentile(&mut drawn, 97.5)?;
    Some(Estimate { value, low, high })
}

/// How many pairs of two sorted lists the first wins; a tie is half a win.
fn wins_of(found: &[f32], other: &[f32]) -> f64 {
    let (mut below, mut up_to, mut wins) = (0, 0, 0.0);
    for &score in found {
        while below < other.len() && other[below] < score {
            below += 1;
        }
        while up_to < other.len() && other[up_to] <= score {
            up_to += 1;
        }
        wins += (below + up_to) as f64 / 2.0;
    }
    wins
}

/// The value below which so many percent lie, between two neighbours in proportion; sorts the values.
pub fn percentile(values: &mut [f64], percent: f64) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let last = values.len().checked_sub(1)?;
    let place = (percent / 100.0).clamp(0.0, 1.0) * last as f64;
    let (lower, upper) = (values[place as usize], values[(place as usize + 1).min(last)]);
    Some(lower + (upper - lower) * place.fract())
}

/// The value in the middle; sorts the values.
pub fn median(values: &mut [f64]) -> Option<f64> {
    percentile(values, 50.0)
}

/// Chance that follows a seed (Marsaglia's xorshift of 64 bits).
#[derive(Clone, Debug)]
pub struct Chance(pub u64);

impl Chance {
    /// The next number below this.
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }
}

/// The two ends of the interval stand on 25 drawings each.
const DRAWINGS: usize = 1_000;

/// Any number but zero; the same each time, so that a table can be compared with yesterday's.
const SEED: u64 = 0x9e37_79b9_7f4a_7c15;

#[cfg(test)]
mod tests {
    use super::*;

    fn group(found: &[f32], other: &[f32]) -> Group {
        Group { found: found.to_vec(), other: other.to_vec() }
    }

    #[test]
    fn the_area_is_the_share_of_pairs_in_the_right_order() {
        assert_eq!(auc(&[group(&[0.9, 0.8], &[0.1]), group(&[], &[0.2])]), Some(1.0));
        assert_eq!(auc(&[group(&[0.5], &[0.5])]), Some(0.5));
        assert_eq!(auc(&[group(&[0.3, 0.7], &[0.5])]), Some(0.5));
        assert_eq!(auc(&[group(&[0.3], &[])]), None);
        assert_eq!(auc_estimate(&[]), None);
    }

    #[test]
    fn the_interval_holds_the_figure_and_is_the_same_each_time() {
        let mut chance = Chance(3);
        let groups: Vec<Group> = (0..12)
            .map(|_| {
                let mut draw = |lift: f32| (0..60).map(|_| lift + chance.below(100) as f32 / 100.0).collect();
                Group { found: draw(0.4), other: draw(0.0) }
            })
            .collect();
        let estimate = auc_estimate(&groups).unwrap();
        assert!(estimate.low < estimate.value && estimate.value < estimate.high, "{estimate:?}");
        assert!((0.78..0.86).contains(&estimate.value), "1 - 0.6² / 2 = 0.82: {estimate:?}");
        assert!(estimate.high - estimate.low < 0.06);
        assert_eq!(auc_estimate(&groups), Some(estimate));
    }

    #[test]
    fn percentiles_lie_between_neighbours() {
        assert_eq!(median(&mut [3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(percentile(&mut [0.0, 10.0], 95.0), Some(9.5));
        assert_eq!(percentile(&mut [4.0], 2.5), Some(4.0));
        assert_eq!(median(&mut []), None);
    }
}
