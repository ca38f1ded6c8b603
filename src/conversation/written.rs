//! The form of a file of phrases, as it is written by hand: what ships with Baton and what an operator puts on top.
//!
//! How to write one stands at the head of `phrases/en.toml`.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use crate::conversation::turn::FactName;

/// One file of phrases.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Written {
    /// Of which language: `en`.
    pub(crate) language: String,
    /// Whose stems: the language's name in English.
    pub(crate) stems: String,
    /// Words that carry nothing, each with the words after which it does.
    pub(crate) fillers: BTreeMap<String, Vec<String>>,
    /// Endings of words that are words of their own.
    pub(crate) endings: BTreeMap<String, String>,
    /// What is heard, and what is meant.
    pub(crate) heard: BTreeMap<String, String>,
    /// Words that say too little to compare questions by.
    pub(crate) empty: Vec<String>,
    /// Words that end a name.
    pub(crate) ends_name: Vec<String>,
    /// Everyday words that no name consists of.
    pub(crate) no_names: Vec<String>,
    /// Words that mean the same when questions are compared.
    pub(crate) same: Vec<Vec<String>>,
    /// Words that stand for each other in phrases.
    pub(crate) classes: BTreeMap<String, Vec<Spanned<String>>>,
    /// What is said, and what it means.
    pub(crate) phrases: Vec<Group>,
    /// Shipped phrases that are not wanted.
    pub(crate) without: Vec<Spanned<String>>,
    /// Words of the trade: who uses them asks deep.
    pub(crate) glossary: Vec<String>,
    /// What the assistant was taught; empty: nobody said.
    pub(crate) knowledge: Vec<String>,
    /// Whom prospects compare us with.
    pub(crate) competitors: Vec<String>,
    /// How numbers are spoken.
    pub(crate) numbers: Numbers,
    /// Words for what is counted, and how many of it are a lot.
    pub(crate) counted: BTreeMap<String, Counted>,
    /// When an account is important.
    pub(crate) account: Important,
    /// What makes a prospect a qualified one.
    pub(crate) qualification: Option<Qualification>,
}

/// Phrases that mean the same.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Group {
    /// What they mean: the name of a signal, `fact-…`, `asks-…`, or one of the words that the head of the file lists.
    pub(crate) means: Spanned<String>,
    /// How clearly, in hundredths.
    #[serde(default = "usual_strength")]
    pub(crate) strength: u8,
    /// What it is about, in a word.
    #[serde(default)]
    pub(crate) about: String,
    /// Who must say it.
    #[serde(default)]
    pub(crate) by: By,
    /// What else must be there.
    #[serde(default)]
    pub(crate) needs: Needs,
    /// What its negation means: the name of a signal, `same` or nothing.
    #[serde(default)]
    pub(crate) negated: Option<Spanned<String>>,
    /// Whether it counts when it is told of others, or of a day that may come.
    #[serde(default)]
    pub(crate) told: Told,
    /// One of these must be said close by.
    #[serde(default)]
    pub(crate) beside: Vec<Spanned<String>>,
    /// None of these may be said close by.
    #[serde(default)]
    pub(crate) unless: Vec<Spanned<String>>,
    /// The phrases.
    pub(crate) say: Vec<Spanned<String>>,
}

/// Who must say a phrase.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum By {
    /// The prospect.
    #[default]
    Prospect,
    /// The assistant.
    Assistant,
    /// Either.
    Anyone,
}

/// What else must be in the sentence of a phrase.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Needs {
    /// Nothing.
    #[default]
    Nothing,
    /// A question, or a phrase that means `request`.
    Asked,
}

/// Whether a phrase counts when it is told of others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Told {
    /// It does not.
    #[default]
    Not,
    /// It counts all the same.
    Counts,
}

/// How numbers are spoken.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Numbers {
    /// Words and what they are worth.
    pub(crate) words: BTreeMap<String, u64>,
    /// Words that multiply what stands before them.
    pub(crate) times: BTreeMap<String, u64>,
    /// What stands between hundreds and the rest, and inside compound numbers: `and`.
    pub(crate) and: String,
    /// What stands before decimals: `point`.
    pub(crate) point: String,
    /// Words for a digit said twice.
    pub(crate) twice: String,
    /// Signs and words for money.
    pub(crate) money: Vec<String>,
}

/// Something that is counted.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Counted {
    /// The words for it.
    pub(crate) words: Vec<String>,
    /// From how many on it is a lot; none: it says nothing of their size.
    pub(crate) large: Option<u64>,
    /// Which fact it is.
    pub(crate) fact: Option<FactName>,
    /// Fewer are none: "one call" is no volume.
    pub(crate) least: u64,
}

/// When an account is important.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Important {
    /// Tiers that are.
    pub(crate) tiers: Vec<String>,
    /// From how many seats on it is a large one.
    pub(crate) seats: Option<u32>,
}

/// What makes a prospect a qualified one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Qualification {
    /// What counts, in the order in which it is asked for.
    pub(crate) signs: Vec<FactName>,
    /// The least company size that counts; none: any that is known.
    pub(crate) company_size: Option<u64>,
    /// The least budget that counts.
    pub(crate) budget: Option<u64>,
}

fn usual_strength() -> u8 {
    80
}

impl Written {
    /// Puts this file on top of a shipped one.
    pub(crate) fn on_top_of(self, below: Self) -> Self {
        let mut whole = below;
        if !self.stems.is_empty() {
            whole.stems = self.stems;
        }
        whole.fillers.extend(self.fillers);
        whole.endings.extend(self.endings);
        whole.heard.extend(self.heard);
        whole.empty.extend(self.empty);
        whole.ends_name.extend(self.ends_name);
        whole.no_names.extend(self.no_names);
        whole.same.extend(self.same);
        for (name, words) in self.classes {
            whole.classes.entry(name).or_default().extend(words);
        }
        whole.phrases.extend(self.phrases);
        whole.without.extend(self.without);
        whole.glossary.extend(self.glossary);
        whole.knowledge.extend(self.knowledge);
        whole.competitors.extend(self.competitors);
        whole.numbers.words.extend(self.numbers.words);
        whole.numbers.times.extend(self.numbers.times);
        for (new, old) in [
            (self.numbers.and, &mut whole.numbers.and),
            (self.numbers.point, &mut whole.numbers.point),
            (self.numbers.twice, &mut whole.numbers.twice),
        ] {
            if !new.is_empty() {
                *old = new;
            }
        }
        whole.numbers.money.extend(self.numbers.money);
        whole.counted.extend(self.counted);
        whole.account.tiers.extend(self.account.tiers);
        whole.account.seats = self.account.seats.or(whole.account.seats);
        whole.qualification = self.qualification.or(whole.qualification);
        whole
    }
}
