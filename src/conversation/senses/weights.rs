//! What the sense learned, as its file has it: a head that says of what and how well, then each feature by its hash.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::conversation::signal::SignalKind;
use crate::conversation::turn::Speaker;

/// What was learned.
#[derive(Debug)]
pub(crate) struct Weights {
    pub(crate) head: Head,
    /// The hash of each feature, and where its weights stand; a place that is empty has none. As long as a power of two.
    places: Vec<(u32, u32, u32)>,
    weights: Vec<(u8, i16)>,
}

/// Of what it was learned, and how well.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Head {
    /// The form of the file.
    pub version: u32,
    /// Which language.
    pub language: String,
    /// The files of sentences that it was learned from.
    pub files: Vec<String>,
    /// How many turns they hold.
    pub turns: u32,
    /// The hash of these turns.
    pub sha256: String,
    /// The hash of the families of words.
    pub kin_sha256: String,
    /// How many features have weights.
    pub features: u32,
    /// The meanings, in the order in which the features count them.
    pub meanings: Vec<Learned>,
}

/// What was learned of one meaning. All figures are of sentences that were held out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Learned {
    /// Which.
    pub meaning: SignalKind,
    /// Who says it.
    pub by: Speaker,
    /// In how many turns it was.
    pub examples: u32,
    /// The sum from which on it is told.
    pub tells_from: i32,
    /// Of a hundred that were told, so many were right.
    pub precision: u8,
    /// Of a hundred that were to be told, so many were.
    pub recall: u8,
    /// How often one that was to be told stood above one that was not, in hundredths.
    pub auc: u8,
    /// Added to every sum.
    pub bias: i32,
    /// The sums at which it is likely to 5, 10, … 95 in a hundred.
    pub likely_at: Vec<i32>,
}

/// What is wrong with a file of weights.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadWeights {
    /// Its head cannot be read.
    #[error("the head of the weights cannot be read: {0}")]
    Head(String),
    /// It is of another form.
    #[error("version {0} of the weights is not known")]
    Version(u32),
    /// Features are missing.
    #[error("{0} features of the weights are missing")]
    Missing(u32),
    /// A weight is of a meaning that the head does not list.
    #[error("there is no meaning {0} in the head of the weights")]
    Meaning(u8),
}

impl Weights {
    /// From a file.
    pub(crate) fn read(file: &[u8]) -> Result<Self, BadWeights> {
        let end = file
            .windows(END_OF_HEAD.len())
            .position(|bytes| bytes == END_OF_HEAD)
            .ok_or_else(|| BadWeights::Head("it has no end".to_owned()))?;
        let head: Head = serde_json::from_slice(&file[..end]).map_err(|e| BadWeights::Head(e.to_string()))?;
        if head.version != VERSION {
            return Err(BadWeights::Version(head.version));
        }
        let mut rest = &file[end + END_OF_HEAD.len()..];
        let room = (head.features as usize).saturating_mul(2).next_power_of_two();
        if rest.len() < head.features as usize * SHORTEST_ROW {
            return Err(BadWeights::Missing(head.features));
        }
        let mut made = Self { head, places: vec![(0, 0, 0); room], weights: Vec::new() };
        for number in 0..made.head.features {
            let (hash, weights) = row(&mut rest).ok_or(BadWeights::Missing(made.head.features - number))?;
            let from = made.weights.len() as u32;
            for code in weights.chunks_exact(2) {
                if usize::from(code[0]) >= made.head.meanings.len() {
                    return Err(BadWeights::Meaning(code[0]));
                }
                made.weights.push((code[0], weight_of(code[1] as i8)));
            }
            let mut place = hash as usize & (room - 1);
            while made.places[place].2 > 0 {
                place = (place + 1) & (room - 1);
            }
            made.places[place] = (hash, from, made.weights.len() as u32);
        }
        Ok(made)
    }

    /// The file of these weights: of each feature its hash, and for which meaning it weighs how much, by [`code_of`].
    pub(crate) fn file(
        head: &Head,
        rows: &BTreeMap<u32, Vec<(u8, i8)>>,
    ) -> Result<Vec<u8>, serde_json::Error> {
        let mut file = serde_json::to_vec_pretty(head)?;
        file.extend(END_OF_HEAD);
        for (hash, weights) in rows {
            file.extend(hash.to_le_bytes());
            file.push(weights.len() as u8);
            for &(number, code) in weights {
                file.extend([number, code as u8]);
            }
        }
        Ok(file)
    }

    /// The weights of a feature: for which meaning, and how much.
    pub(crate) fn of(&self, hash: u32) -> &[(u8, i16)] {
        let mask = self.places.len() - 1;
        let mut place = hash as usize & mask;
        loop {
            let (known, from, to) = self.places[place];
            if to == 0 {
                return &[];
            }
            if known == hash {
                return &self.weights[from as usize..to as usize];
            }
            place = (place + 1) & mask;
        }
    }

    /// Whether a feature weighs anything.
    pub(crate) fn knows(&self, hash: u32) -> bool {
        !self.of(hash).is_empty()
    }
}

impl Learned {
    /// How likely this sum makes it, in hundredths.
    pub(crate) fn likely(&self, sum: i64) -> u8 {
        let sum = sum.clamp(i64::from(i32::MIN) / 64, i64::from(i32::MAX) / 64) as i32;
        let place = self.likely_at.partition_point(|&at| at <= sum);
        let (below, above) = (place.checked_sub(1).map(|p| self.likely_at[p]), self.likely_at.get(place));
        let part = match (below, above) {
            (Some(below), Some(&above)) => (sum - below) * STEP / (above - below).max(1),
            (None, _) => 0,
            (Some(_), None) => STEP - 1,
        };
        (place as i32 * STEP + part.clamp(0, STEP - 1)).clamp(1, 99) as u8
    }

    /// How clearly a signal says it: from 45, where it is just told, to 70: alone it calls nobody but for an explicit request.
    pub(crate) fn strength(&self, likely: u8) -> u8 {
        let least = i32::from(self.likely(self.tells_from.into()));
        let above = (i32::from(likely) - least).max(0) * (CLEAREST - CLEAR) / (100 - least).max(1);
        (CLEAR + above).min(CLEAREST) as u8
    }
}

/// One feature of the file: its hash, and its weights as they are written.
fn row<'a>(rest: &mut &'a [u8]) -> Option<(u32, &'a [u8])> {
    let (hash, behind) = rest.split_first_chunk::<4>()?;
    let (&many, behind) = behind.split_first()?;
    let (weights, behind) = behind.split_at_checked(usize::from(many) * 2)?;
    *rest = behind;
    (many > 0).then_some((u32::from_le_bytes(*hash), weights))
}

/// What a byte of the file weighs: its square, so that small weights are written as finely as large ones.
fn weight_of(code: i8) -> i16 {
    i16::from(code) * i16::from(code).abs()
}

/// The byte that weighs nearest to this, in units of [`ONE`].
pub(crate) fn code_of(weight: f64) -> i8 {
    let root = (weight.abs() * f64::from(ONE)).sqrt().round().min(f64::from(i8::MAX));
    root.copysign(weight) as i8
}

/// The form of file that is read.
pub(crate) const VERSION: u32 = 1;

/// A weight of one.
pub(crate) const ONE: i32 = 4_000;

/// What parts the head from the features.
const END_OF_HEAD: &[u8] = b"\n--\n";

/// A feature's hash, how many weights it has, and one.
const SHORTEST_ROW: usize = 7;

/// How far the sums of the head lie apart, in hundredths of likelihood.
pub(crate) const STEP: i32 = 5;

/// What is just told is so clear, and what is certain so.
const CLEAR: i32 = 45;
const CLEAREST: i32 = 70;
