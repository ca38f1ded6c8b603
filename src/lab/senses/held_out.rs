//! What the sense makes of turns that it was not taught: the corpus in parts, each left out in turn.

use std::collections::BTreeMap;

use crate::conversation::senses::features::each;
use crate::conversation::senses::kin::Kin;
use crate::conversation::senses::reading::Reading;
use crate::conversation::senses::{LENGTHS, length};
use crate::conversation::signal::SignalKind;
use crate::conversation::turn::Speaker;
use crate::lab::senses::corpus::{Labelled, Sentences};
use crate::lab::senses::fit::{Fitted, Row, fit};

/// The turns of one party as rows of features.
pub(crate) struct Rows {
    /// The hash of each feature.
    pub(crate) features: Vec<u32>,
    pub(crate) rows: Vec<Row>,
    /// Which turn of the corpus each row is.
    pub(crate) turns: Vec<usize>,
    /// In which part each is left out.
    pub(crate) parts: Vec<usize>,
}

impl Rows {
    /// The turns of this party.
    pub(crate) fn of(kin: &Kin, sentences: &Sentences, by: Speaker) -> Self {
        let turns: Vec<usize> =
            (0..sentences.turns.len()).filter(|&turn| sentences.turns[turn].by == by).collect();
        let read: Vec<BTreeMap<u32, f32>> =
            turns.iter().map(|&turn| worths(kin, &sentences.turns[turn].words)).collect();
        let mut often: BTreeMap<u32, usize> = BTreeMap::new();
        read.iter().flat_map(BTreeMap::keys).for_each(|&hash| *often.entry(hash).or_default() += 1);
        often.retain(|_, often| *often >= OFTEN);
        let features: Vec<u32> = often.into_keys().collect();
        let row = |worths: &BTreeMap<u32, f32>| {
            let at = |(hash, &worth): (&u32, &f32)| Some((features.binary_search(hash).ok()? as u32, worth));
            worths.iter().filter_map(at).collect()
        };
        let rows = read.iter().map(row).collect();
        let parts = turns.iter().map(|&turn| part(&sentences.turns[turn])).collect();
        Self { features, rows, turns, parts }
    }

    /// Weights for a meaning from all turns but those of this part: learned of all features, then again of those that matter most.
    pub(crate) fn fit(&self, so: &[bool], without: Option<usize>, taught: Taught) -> Fitted {
        let kept: Vec<usize> = (0..self.rows.len()).filter(|&n| Some(self.parts[n]) != without).collect();
        let rows: Vec<&Row> = kept.iter().map(|&n| &self.rows[n]).collect();
        let so: Vec<bool> = kept.iter().map(|&n| so[n]).collect();
        let first = fit(&rows, &so, self.features.len(), taught.looseness);
        let matters = self.matters(&first, &rows, taught.most);
        let fewer: Vec<Row> = rows
            .iter()
            .map(|row| row.iter().copied().filter(|&(at, _)| matters[at as usize]).collect())
            .collect();
        fit(&fewer.iter().collect::<Vec<_>>(), &so, self.features.len(), taught.looseness)
    }

    /// So many features at most: those that weigh most in most turns.
    fn matters(&self, fitted: &Fitted, rows: &[&Row], most: usize) -> Vec<bool> {
        let mut often = vec![0_u32; self.features.len()];
        rows.iter().copied().flatten().for_each(|&(at, _)| often[at as usize] += 1);
        let worth = |at: usize| fitted.weights[at].abs() * f64::from(often[at]).sqrt();
        let mut ranked: Vec<usize> = (0..self.features.len()).collect();
        ranked.sort_by(|&one, &other| worth(other).total_cmp(&worth(one)).then(one.cmp(&other)));
        let mut matters = vec![false; self.features.len()];
        ranked.into_iter().take(most).for_each(|at| matters[at] = true);
        matters
    }

    /// Which rows mean this.
    pub(crate) fn so(&self, sentences: &Sentences, kind: SignalKind) -> Vec<bool> {
        self.turns.iter().map(|&turn| sentences.turns[turn].means.contains(&kind)).collect()
    }
}

/// How weights are learned.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Taught {
    /// How dear a turn that is wrong is beside large weights.
    pub(crate) looseness: f64,
    /// So many features are kept for each meaning.
    pub(crate) most: usize,
}

/// The features of these words by their hash, as much worth as the sense makes them.
fn worths(kin: &Kin, words: &str) -> BTreeMap<u32, f32> {
    let reading = Reading::of(kin, words);
    let long = length(reading.tokens.len()) as f32 / LENGTHS as f32;
    let mut worths = BTreeMap::new();
    each(kin, &reading, |feature| {
        worths.insert(feature.hash, feature.form.worth() as f32 / 4.0 / long);
    });
    worths
}

/// Sentences that stand together were thought of together: they are left out together.
fn part(turn: &Labelled) -> usize {
    let file: usize = turn.file.bytes().map(usize::from).sum();
    (file + turn.line / TOGETHER) % PARTS
}

/// The corpus is left out in so many parts.
pub(crate) const PARTS: usize = 10;

/// So many lines of a file stand together.
const TOGETHER: usize = 25;

/// What is said only once teaches nothing.
const OFTEN: usize = 2;
