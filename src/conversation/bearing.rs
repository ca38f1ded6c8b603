//! Whether what a phrase says is meant here and now: not denied, not told of somebody else, not only thought of.

use crate::conversation::meaning::{Grammar, Meaning};
use crate::conversation::rules::{Found, Negated};
use crate::conversation::text::{Pause, Text};
use crate::conversation::written::{Needs, Told};

/// The phrases of a turn, and what they are judged by.
pub(crate) struct Bearing<'a> {
    text: &'a Text,
    found: &'a [Found<'a>],
}

impl<'a> Bearing<'a> {
    /// These phrases of this text.
    pub(crate) fn new(text: &'a Text, found: &'a [Found<'a>]) -> Self {
        Self { text, found }
    }

    /// What a phrase means where it stands; none where it means nothing.
    pub(crate) fn meaning(&self, of: &Found<'_>) -> Option<Meaning> {
        let spoken = of.spoken;
        if self.covered(of, Grammar::NeverIt) {
            return None;
        }
        if spoken.unless.is_some_and(|mark| self.is_beside(of, mark))
            || spoken.beside.is_some_and(|mark| !self.is_beside(of, mark))
        {
            return None;
        }
        if spoken.needs == Needs::Asked && !self.is_asked(of) {
            return None;
        }
        if spoken.told == Told::Not && (self.told_of_others(of) || self.hypothetical(of)) {
            return None;
        }
        if !self.denied(of) {
            return Some(spoken.meaning);
        }
        match spoken.negated {
            Negated::Nothing => None,
            Negated::Same => Some(spoken.meaning),
            Negated::Other(meaning) => Some(meaning),
        }
    }

    /// Whether this word of grammar was said anywhere in the turn.
    pub(crate) fn has(&self, what: Grammar) -> bool {
        self.all(what).next().is_some()
    }

    /// Where this word of grammar was said.
    pub(crate) fn all(&self, what: Grammar) -> impl Iterator<Item = &'a Found<'a>> {
        self.found.iter().filter(move |found| found.spoken.meaning == Meaning::Grammar(what))
    }

    /// A phrase lies in what is never meant.
    fn covered(&self, of: &Found<'_>, by: Grammar) -> bool {
        self.all(by).any(|found| found.from < of.to && of.from < found.to)
    }

    /// Something is asked of us in its sentence.
    fn is_asked(&self, of: &Found<'_>) -> bool {
        let sentence = self.text.sentence(of.from);
        let within = |found: &Found<'_>| found.from >= sentence.from && found.to <= sentence.to;
        // Without punctuation a sentence may be the whole turn: what is asked stands close by.
        let close = |found: &Found<'_>| found.from <= of.to + CLOSE && of.from <= found.to + CLOSE;
        sentence.end == Pause::Asked && sentence.to - sentence.from <= LONG_QUESTION
            || self.all(Grammar::Request).chain(self.all(Grammar::Question)).any(|f| within(f) && close(f))
    }

    /// Something of this mark is said close by, in the same sentence.
    fn is_beside(&self, of: &Found<'_>, mark: u32) -> bool {
        let sentence = self.text.sentence(of.from);
        self.found.iter().any(|found| {
            found.spoken.meaning == Meaning::Mark(mark)
                && found.from >= sentence.from
                && found.to <= sentence.to
                && found.from <= of.to + BESIDE
                && of.from <= found.to + BESIDE
        })
    }

    /// A "not" stands before it in its clause.
    pub(crate) fn denied(&self, of: &Found<'_>) -> bool {
        // "No, get me a person" is another clause at once; "don't get me a person" is not.
        let parts = |not: &Found<'_>, clause: &Found<'_>| {
            clause.from > not.to || clause.from == not.to && not.spoken.about == ANSWERS
        };
        self.all(Grammar::Not).any(|not| {
            let reaches = not.to <= of.from && of.from - not.to <= REACH_OF_NOT;
            // "No, just a person" says something of its own, "no person" does not.
            let answers = not.spoken.about == ANSWERS && self.text.skips_before(of.from);
            reaches
                && !answers
                && !self.covered(not, Grammar::NoNot)
                && (not.to..=of.from).all(|place| self.text.pause_before(place) == Pause::None)
                && !self.all(Grammar::NewClause).any(|c| parts(not, c) && c.from <= of.from)
        })
    }

    /// Somebody else said it, or it was said to somebody else.
    pub(crate) fn told_of_others(&self, of: &Found<'_>) -> bool {
        self.all(Grammar::ToldOfOthers).any(|told| {
            let before = told.to <= of.from && told.from < of.from;
            let returned = |back: &Found<'_>| back.from >= told.to && back.from <= of.from;
            let same_breath = self.text.sentence(told.from) == self.text.sentence(of.from);
            let goes_on = || self.all(Grammar::WasToldOfOthers).any(|was| was.from >= of.to);
            before
                && (same_breath && of.from - told.to <= REACH_OF_TOLD || goes_on())
                && !self.all(Grammar::BackToSelf).any(returned)
        })
    }

    /// It may be one day, or would be if.
    fn hypothetical(&self, of: &Found<'_>) -> bool {
        let sentence = self.text.sentence(of.from);
        self.all(Grammar::Hypothetical).any(|if_ever| {
            let within = if_ever.from >= sentence.from && if_ever.to <= sentence.to;
            let before = if_ever.from <= of.from && of.from.saturating_sub(if_ever.to) <= REACH_OF_IF;
            let behind = if_ever.from >= of.to && if_ever.from - of.to <= CLOSE;
            let returned = |back: &Found<'_>| back.from >= if_ever.to && back.from <= of.from;
            within && (behind || before && !self.all(Grammar::BackToSelf).any(returned))
        })
    }
}

/// What a "not" is about that may be a whole answer.
const ANSWERS: &str = "answer";

/// A "not" denies what begins at most so many words behind it: "I don't really want to have to talk to".
const REACH_OF_NOT: usize = 4;

/// What is told of others goes on for so many words in an unpunctuated turn.
const REACH_OF_TOLD: usize = 16;

/// An "if I ever" reaches so many words ahead.
const REACH_OF_IF: usize = 12;

/// What is asked stands within so many words of what it is asked about.
const CLOSE: usize = 8;

/// What is said so many words away belongs to the same thought.
const BESIDE: usize = 10;

/// A longer sentence with a question mark is several that were not parted.
const LONG_QUESTION: usize = 40;
