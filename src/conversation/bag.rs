//! What a sentence is about, as a bag of stems: cheap to keep, cheap to compare with another that says the same in other words.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use crate::conversation::text::Text;
use crate::conversation::tongue::Tongue;

/// The stems of a stretch that say what it is about, hashed, sorted, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bag(Vec<u64>);

impl Bag {
    /// Of the kept words from here to there.
    pub(crate) fn of(tongue: &Tongue, text: &Text, from: usize, to: usize) -> Self {
        let stems = (from..to.min(text.len())).map(|place| text.stem(place));
        let telling = stems.filter(|stem| !tongue.empty.contains(*stem)).map(|stem| tongue.alike(stem));
        let mut bag: Vec<u64> = telling.map(hashed).take(MOST).collect();
        bag.sort_unstable();
        bag.dedup();
        Self(bag)
    }

    /// How many different stems.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// How many stems both have.
    pub(crate) fn shared(&self, other: &Self) -> usize {
        self.0.iter().filter(|stem| other.0.binary_search(stem).is_ok()).count()
    }

    /// How much of the smaller one is in the other, in hundredths.
    pub(crate) fn likeness(&self, other: &Self) -> usize {
        100 * self.shared(other) / self.len().min(other.len()).max(1)
    }

    /// How much of both together both have, in hundredths.
    pub(crate) fn sameness(&self, other: &Self) -> usize {
        let shared = self.shared(other);
        100 * shared / (self.len() + other.len() - shared).max(1)
    }
}

fn hashed(stem: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    stem.hash(&mut hasher);
    hasher.finish()
}

/// So many stems say what a turn is about.
const MOST: usize = 64;
