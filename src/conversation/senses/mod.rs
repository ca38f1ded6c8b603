//! A sense of what a turn means, learned from labelled sentences: what people say in words that no phrase foresaw.
//!
//! One sum of weights for each meaning, over features of the turn (`features`) as it is read here (`reading`). All of it is whole
//! numbers, so every machine senses the same. It stands beside the phrases, which know what is denied, told of others or only thought
//! of: `by_sense` listens to both. `baton sense train` makes the weights.

pub(crate) mod features;
pub(crate) mod kin;
pub(crate) mod reading;
pub(crate) mod weights;

use std::sync::{Arc, LazyLock};

use crate::conversation::senses::features::{Feature, each};
use crate::conversation::senses::kin::Kin;
use crate::conversation::senses::reading::Reading;
use crate::conversation::senses::weights::Weights;
use crate::conversation::signal::SignalKind;
use crate::conversation::turn::Speaker;

/// A sense of what turns of a language mean.
#[derive(Debug)]
pub(crate) struct Sense {
    kin: Kin,
    weights: Weights,
}

/// A meaning that was sensed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sensed {
    pub(crate) kind: SignalKind,
    /// How likely, in hundredths.
    pub(crate) likely: u8,
    /// How clearly, as a signal says it.
    pub(crate) strength: u8,
    /// The stretch of the turn that speaks most for it, in bytes.
    pub(crate) from: usize,
    /// Where that ends.
    pub(crate) to: usize,
}

impl Sense {
    /// What Baton ships with for this language (`en`, `en-GB`), where it has any.
    pub(crate) fn shipped(language: &str) -> Option<Arc<Self>> {
        let short = language.split(['-', '_']).next().unwrap_or_default();
        short.eq_ignore_ascii_case("en").then(|| Arc::clone(&ENGLISH))
    }

    /// With these weights.
    pub(crate) fn with(weights: Weights) -> Self {
        Self { kin: Kin::read(KIN), weights }
    }

    /// What these words of this party mean, the likeliest first.
    #[cfg(test)]
    pub(crate) fn sensed(&self, by: Speaker, words: &str) -> Vec<Sensed> {
        self.judged(by, words).0
    }

    /// What these words of this party mean, the likeliest first; and what they most likely do not.
    pub(crate) fn judged(&self, by: Speaker, words: &str) -> (Vec<Sensed>, Vec<SignalKind>) {
        let reading = Reading::of(&self.kin, words);
        let features = self.features(&reading);
        let sums = self.sums(&reading, &features);
        let mut sensed: Vec<Sensed> = Vec::new();
        let mut unlikely = Vec::new();
        for (number, (learned, &sum)) in self.weights.head.meanings.iter().zip(&sums).enumerate() {
            if learned.by != by {
                continue;
            }
            if sum < i64::from(learned.tells_from) {
                if learned.likely(sum) <= UNLIKELY {
                    unlikely.push(learned.meaning);
                }
                continue;
            }
            let (from, to) = self.stretch(&reading, &features, number);
            let likely = learned.likely(sum);
            sensed.push(Sensed {
                kind: learned.meaning,
                likely,
                strength: learned.strength(likely),
                from,
                to,
            });
        }
        sensed.sort_by_key(|sensed| (std::cmp::Reverse(sensed.likely), sensed.kind));
        (sensed, unlikely)
    }

    /// The features of a turn that weigh anything, each once.
    fn features(&self, reading: &Reading) -> Vec<Feature> {
        let mut features: Vec<Feature> = Vec::with_capacity(reading.tokens.len() * 8);
        each(&self.kin, reading, |feature| {
            if self.weights.knows(feature.hash) {
                features.push(feature);
            }
        });
        features.sort_by_key(|feature| (feature.hash, feature.at));
        features.dedup_by_key(|feature| feature.hash);
        features
    }

    /// What speaks for each meaning.
    fn sums(&self, reading: &Reading, features: &[Feature]) -> Vec<i64> {
        let mut sums = vec![0_i64; self.weights.head.meanings.len()];
        for feature in features {
            for &(number, weight) in self.weights.of(feature.hash) {
                sums[usize::from(number)] += i64::from(weight) * feature.form.worth();
            }
        }
        let long = length(reading.tokens.len());
        for (sum, learned) in sums.iter_mut().zip(&self.weights.head.meanings) {
            *sum = *sum * LENGTHS / long + i64::from(learned.bias);
        }
        sums
    }

    /// The shortest stretch of the turn that holds most of what speaks for a meaning, in bytes.
    fn stretch(&self, reading: &Reading, features: &[Feature], number: usize) -> (usize, usize) {
        let mut share = vec![0_i64; reading.tokens.len()];
        for feature in features {
            let weights = self.weights.of(feature.hash).iter();
            let weight =
                weights.filter(|(other, _)| usize::from(*other) == number).map(|&(_, weight)| weight);
            let weight = weight.map(i64::from).sum::<i64>() * feature.form.worth();
            for &place in &feature.at {
                share[usize::from(place)] += weight;
            }
        }
        let all: i64 = share.iter().filter(|share| **share > 0).sum();
        let (mut best, mut from, mut held) = (0..share.len(), 0, 0);
        for to in 0..share.len() {
            held += share[to].max(0);
            while held - share[from].max(0) >= all * MOST_OF_IT / 100 && from < to {
                held -= share[from].max(0);
                from += 1;
            }
            if held >= all * MOST_OF_IT / 100 && to + 1 - from < best.len() {
                best = from..to + 1;
            }
        }
        match (reading.tokens.get(best.start), best.end.checked_sub(1).and_then(|to| reading.tokens.get(to)))
        {
            (Some(first), Some(last)) => (first.from, last.to),
            _ => (0, 0),
        }
    }
}

/// What a turn of so many words is divided by, in sixty-fourths: the root of its length, so that a long one is not sure of everything.
pub(crate) fn length(words: usize) -> i64 {
    (words.max(SHORTEST) * (LENGTHS * LENGTHS) as usize / USUAL_LENGTH).isqrt() as i64
}

static ENGLISH: LazyLock<Arc<Sense>> = LazyLock::new(|| {
    Arc::new(Sense::with(Weights::read(WEIGHTS).expect("the shipped weights are whole: a test reads them")))
});

/// What was learned of English.
pub(crate) const WEIGHTS: &[u8] = include_bytes!("en.sense");

/// Families of English words.
pub(crate) const KIN: &str = include_str!("en.kin");

/// So much of what speaks for a meaning lies in the stretch that is shown, in hundredths.
const MOST_OF_IT: i64 = 70;

/// What is no likelier, in hundredths, is doubted also where a phrase says it.
const UNLIKELY: u8 = 4;

/// One, where lengths are reckoned.
pub(crate) const LENGTHS: i64 = 64;

/// A turn of fewer words is divided by as much as one of so many.
const SHORTEST: usize = 8;

/// A turn of so many words is taken as it is.
const USUAL_LENGTH: usize = 12;

#[cfg(test)]
#[path = "senses_tests.rs"]
mod tests;
