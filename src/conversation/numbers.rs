//! Numbers as they are spoken and written, and what is counted by them: "two hundred and fifty seats", "10k calls a month".

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::conversation::text::{Pause, Text};
use crate::conversation::turn::FactName;
use crate::conversation::written::{Counted, Numbers};

/// How numbers are spoken, and what is counted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counting {
    words: BTreeMap<String, u64>,
    times: BTreeMap<String, u64>,
    and: String,
    point: String,
    twice: String,
    money: BTreeSet<String>,
    /// The stem of what is counted.
    units: BTreeMap<String, Unit>,
}

/// Something that is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unit {
    /// What it is called in the settings: `seats`.
    pub(crate) name: String,
    /// From how many on it is a lot.
    pub(crate) large: Option<u64>,
    /// Which fact it is.
    pub(crate) fact: Option<FactName>,
    /// Fewer are none.
    pub(crate) least: u64,
}

/// A number in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Number {
    /// Its first kept word.
    pub(crate) from: usize,
    /// Behind its last.
    pub(crate) to: usize,
    /// What it is worth.
    pub(crate) value: u64,
    /// Whether money stands beside it.
    pub(crate) money: bool,
}

impl Counting {
    /// These numbers and units; `stem` makes stems.
    pub(crate) fn new(
        numbers: &Numbers,
        counted: &BTreeMap<String, Counted>,
        stem: impl Fn(&str) -> String,
    ) -> Self {
        let mut units = BTreeMap::new();
        for (name, what) in counted {
            let unit = Unit { name: name.clone(), large: what.large, fact: what.fact, least: what.least };
            units.extend(what.words.iter().map(|word| (stem(word), unit.clone())));
        }
        Self {
            words: numbers.words.clone(),
            times: numbers.times.clone(),
            and: numbers.and.clone(),
            point: numbers.point.clone(),
            twice: numbers.twice.clone(),
            money: numbers.money.iter().cloned().collect(),
            units,
        }
    }

    /// Every number of a text.
    pub(crate) fn find(&self, text: &Text) -> Vec<Number> {
        let mut numbers = Vec::new();
        let mut at = 0;
        while at < text.len() {
            let Some((to, value)) = self.number(text, at) else {
                at += 1;
                continue;
            };
            let before = at.checked_sub(1).is_some_and(|before| self.money.contains(text.plain(before)));
            let after = to < text.len() && self.money.contains(text.plain(to));
            numbers.push(Number { from: at, to, value, money: before || after });
            at = to;
        }
        numbers
    }

    /// What a number counts: the unit within the next two words, and where it ends.
    pub(crate) fn unit(&self, text: &Text, number: &Number) -> Option<(&Unit, usize)> {
        let until = (number.to + UNIT_WITHIN).min(text.sentence(number.from).to);
        // "Ten, and the hotel" counts no hotels.
        let unbroken = (number.to..until).take_while(|&place| text.pause_before(place) == Pause::None);
        unbroken.into_iter().find_map(|place| Some((self.units.get(text.stem(place))?, place + 1)))
    }

    /// The digit or digits that a word says, for numbers that are read out; and whether it says the next one twice.
    pub(crate) fn digits(&self, plain: &str) -> Option<String> {
        if !plain.is_empty() && plain.chars().all(|c| c.is_ascii_digit()) {
            return Some(plain.to_owned());
        }
        self.words.get(plain).map(u64::to_string)
    }

    /// Whether this word says the next digit twice.
    pub(crate) fn doubles(&self, plain: &str) -> bool {
        !self.twice.is_empty() && plain == self.twice
    }

    /// The number that begins at this word.
    fn number(&self, text: &Text, from: usize) -> Option<(usize, u64)> {
        let until = text.sentence(from).to;
        // "A hundred and eight" has lost its article by now.
        let bare = || self.times.get(text.plain(from)).filter(|times| **times >= 100).map(|_| 1);
        let first = self.word(text.plain(from));
        let (mut whole, mut part) = (0_u64, first.or_else(bare)?);
        let mut round = (20..100).contains(&part) && part.is_multiple_of(10);
        let mut to = if first.is_some() { from + 1 } else { from };
        while to < until {
            let plain = text.plain(to);
            if let Some(&times) = self.times.get(plain) {
                part = part.max(1).saturating_mul(times);
                // What is multiplied by more than a hundred is done with: three thousand | two hundred.
                if times > 100 {
                    whole = whole.saturating_add(part);
                    part = 0;
                }
                round = true;
            } else if plain == self.and && to + 1 < until && (part >= 100 || whole > 0) {
                let Some(next) = self.word(text.plain(to + 1)) else { break };
                if next >= 100 {
                    break;
                }
                part = part.saturating_add(next);
                to += 1;
                round = next >= 20 && next.is_multiple_of(10);
            } else if plain == self.point && to + 1 < until {
                break;
            } else if let Some(next) = self.word(plain) {
                let fits = round && next > 0 && (next < 10 || part >= 100 || part == 0);
                if !fits {
                    break;
                }
                part = part.saturating_add(next);
                round = next >= 20 && next.is_multiple_of(10);
            } else {
                break;
            }
            to += 1;
        }
        Some((to, whole.saturating_add(part)))
    }

    /// What one word is worth: "forty", "40", "10,000", "10k".
    fn word(&self, plain: &str) -> Option<u64> {
        if let Some(&value) = self.words.get(plain) {
            return Some(value);
        }
        let digits = plain.len() - plain.trim_start_matches(|c: char| c.is_ascii_digit() || c == ',').len();
        if digits > 0 {
            let value: u64 = plain[..digits].replace(',', "").parse().ok()?;
            let (tenths, ending) = tenths(&plain[digits..]);
            let times = match ending {
                "" => 10,
                ending => self.times.get(ending)?.saturating_mul(10),
            };
            return Some(value.saturating_mul(10).saturating_add(tenths).saturating_mul(times) / 100);
        }
        // Compounds of one word: "einundzwanzig", "zweihundert".
        if self.and.is_empty() || plain.len() < 6 {
            return None;
        }
        let (ones, tens) = plain.split_once(self.and.as_str())?;
        let (ones, tens) = (self.words.get(ones)?, self.words.get(tens)?);
        (*ones < 10 && *tens >= 20).then(|| ones + tens)
    }
}

/// The first decimal of ".5m", and what follows.
fn tenths(rest: &str) -> (u64, &str) {
    let Some(decimals) = rest.strip_prefix('.') else { return (0, rest) };
    let ending = decimals.trim_start_matches(|c: char| c.is_ascii_digit());
    let first = decimals.chars().next().and_then(|c| c.to_digit(10)).unwrap_or(0);
    (u64::from(first), ending)
}

/// A unit stands so many words behind its number: "forty outside sites".
const UNIT_WITHIN: usize = 3;
