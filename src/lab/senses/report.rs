//! What the sense is worth, as text: meaning by meaning, and beside the phrases.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use serde::Serialize;

use crate::conversation::context::Context;
use crate::conversation::lexicon::Lexicon;
use crate::conversation::senses::weights::Head;
use crate::conversation::signal::SignalKind;
use crate::conversation::turn::{Source, Turn, Wording};
use crate::conversation::understanding::Understanding;
use crate::lab::senses::corpus::{Labelled, Sentences};
use crate::lab::senses::threshold::Judged;
use crate::time::CallTime;

/// What training found out about itself. All figures are of turns that were held out.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// What it was trained on.
    pub turns: usize,
    /// In which files.
    pub files: Vec<String>,
    /// Their hash.
    pub sha256: String,
    /// How many features have weights.
    pub features: u32,
    /// Each meaning.
    pub meanings: Vec<Judged>,
    /// What phrases tell, and what phrases and the sense together tell.
    pub beside: BTreeMap<&'static str, [Told; 2]>,
}

/// How what was told compares with what was meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Told {
    /// Told and meant.
    pub right: usize,
    /// Told and not meant.
    pub wrong: usize,
    /// Meant and not told.
    pub missed: usize,
}

impl Told {
    /// Of what was told, what was right.
    pub fn precision(self) -> f64 {
        self.right as f64 / (self.right + self.wrong).max(1) as f64
    }

    /// Of what was meant, what was told.
    pub fn recall(self) -> f64 {
        self.right as f64 / (self.right + self.missed).max(1) as f64
    }

    fn count(&mut self, told: bool, meant: bool) {
        match (told, meant) {
            (true, true) => self.right += 1,
            (true, false) => self.wrong += 1,
            (false, true) => self.missed += 1,
            (false, false) => {}
        }
    }
}

/// Counts what the shipped phrases tell of the sentences of a folder, and what they tell with the shipped sense.
pub fn judge(folder: &Path) -> anyhow::Result<BTreeMap<&'static str, [Told; 2]>> {
    let shipped = Lexicon::shipped();
    Ok(beside(&Sentences::read(folder)?, &shipped, |_| Some(&shipped)))
}

/// Counts each meaning, told by phrases and by phrases with a sense that was taught without the turn.
pub(crate) fn beside<'a>(
    sentences: &Sentences,
    phrases: &Lexicon,
    with_sense: impl Fn(usize) -> Option<&'a Lexicon>,
) -> BTreeMap<&'static str, [Told; 2]> {
    let phrases = phrases.without_sense();
    let mut counted: BTreeMap<&'static str, [Told; 2]> = BTreeMap::new();
    let meant: Vec<SignalKind> = SignalKind::ALL
        .into_iter()
        .filter(|kind| sentences.turns.iter().any(|turn| turn.means.contains(kind)))
        .collect();
    for (number, turn) in sentences.turns.iter().enumerate() {
        let plain = told(&phrases, turn);
        let both = with_sense(number).map_or_else(|| plain.clone(), |lexicon| told(lexicon, turn));
        for kind in &meant {
            let so = turn.means.contains(kind);
            let counts = counted.entry(kind.word()).or_default();
            counts[0].count(plain.contains(kind), so);
            counts[1].count(both.contains(kind), so);
        }
    }
    counted
}

/// What a turn by itself tells.
fn told(lexicon: &Lexicon, turn: &Labelled) -> Vec<SignalKind> {
    let mut talk = Understanding::new(lexicon, Context::default());
    let told = talk.hear(&Turn {
        number: 1,
        by: turn.by,
        from: CallTime::ZERO,
        until: CallTime::ZERO,
        words: turn.words.clone(),
        confidence: None,
        wording: Wording::Final,
        source: Source::Script,
    });
    told.signals.iter().map(|signal| signal.kind).collect()
}

impl Report {
    /// Of what was learned and how it was judged; what stands beside it is still to be counted.
    pub(crate) fn of<'a>(
        sentences: &Sentences,
        head: &Head,
        judged: impl Iterator<Item = &'a Judged>,
    ) -> Self {
        Self {
            turns: sentences.turns.len(),
            files: sentences.files(),
            sha256: head.sha256.clone(),
            features: head.features,
            meanings: judged.cloned().collect(),
            beside: BTreeMap::new(),
        }
    }

    /// The report as text.
    pub fn text(&self) -> String {
        let mut text = format!(
            "Trained on {} turns of {}; {} features.\nAll figures are of turns that were held out, 25 lines of a file at a time.\n\n{:<20} {:>5} {:>6} {:>6} {:>7} {:>6}\n",
            self.turns,
            self.files.join(", "),
            self.features,
            "sense alone",
            "n",
            "AUC",
            "right",
            "found",
            "error"
        );
        for judged in &self.meanings {
            let _ = writeln!(
                text,
                "{:<20} {:>5} {:>6.3} {:>6.2} {:>7.2} {:>6.3}",
                judged.meaning.word(),
                judged.examples,
                judged.auc,
                judged.precision,
                judged.recall,
                judged.reliability.ece
            );
        }
        text += &compared(&self.beside);
        for judged in &self.meanings {
            let _ = writeln!(text, "\n{}\n{}", judged.meaning.word(), judged.reliability.text());
        }
        text
    }
}

/// Phrases beside phrases and sense, a line a meaning.
pub fn compared(beside: &BTreeMap<&'static str, [Told; 2]>) -> String {
    let mut text = format!(
        "\n{:<20} {:>5}   phrases alone   with the sense\n{:>42}   right  found\n",
        "", "n", "right  found"
    );
    let mut all = [Told::default(); 2];
    for (word, counts) in beside {
        let [plain, both] = counts;
        for (all, one) in all.iter_mut().zip(counts) {
            all.right += one.right;
            all.wrong += one.wrong;
            all.missed += one.missed;
        }
        let _ = writeln!(text, "{}", line(word, *plain, *both));
    }
    let _ = writeln!(text, "{}", line("all", all[0], all[1]));
    text
}

fn line(word: &str, plain: Told, both: Told) -> String {
    format!(
        "{word:<20} {:>5}        {:>6.2} {:>6.2}  {:>6.2} {:>6.2}",
        plain.right + plain.missed,
        plain.precision(),
        plain.recall(),
        both.precision(),
        both.recall()
    )
}
