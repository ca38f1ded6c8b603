//! Families of words that mean alike, so that what was learned of one is known of the others.

use std::collections::HashMap;

use rust_stemmers::{Algorithm, Stemmer};

use crate::conversation::senses::reading::hashed;

/// The families of a language.
#[derive(Debug, Default)]
pub(crate) struct Kin {
    hashes: Vec<u32>,
    of: HashMap<String, Vec<u8>>,
}

impl Kin {
    /// The families that this file lists; a line that is none is passed over.
    pub(crate) fn read(file: &str) -> Self {
        let stemmer = Stemmer::create(Algorithm::English);
        let mut kin = Self::default();
        let lines = file.lines().filter(|line| !line.starts_with('#'));
        for (name, words) in lines.filter_map(|line| line.split_once(':')) {
            let Ok(family) = u8::try_from(kin.hashes.len()) else {
                break;
            };
            kin.hashes.push(hashed(&format!("@{name}")));
            for word in words.split_whitespace() {
                let families = kin.of.entry(stemmer.stem(word).into_owned()).or_default();
                if !families.contains(&family) {
                    families.push(family);
                }
            }
        }
        kin
    }

    /// The families of a stem.
    pub(crate) fn of(&self, stem: &str) -> &[u8] {
        self.of.get(stem).map_or(&[], Vec::as_slice)
    }

    /// The hash of what it is called.
    pub(crate) fn hash(&self, family: u8) -> u32 {
        self.hashes[usize::from(family)]
    }
}
