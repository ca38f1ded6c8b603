//! What the assistant asked for last, where the prospect answers it: "about thirty" is a size only behind "how many of you are there?".

use crate::conversation::counts::meant;
use crate::conversation::fact::{Fact, Standing};
use crate::conversation::facts::{LONGEST_VALUE, is_called_so, titled};
use crate::conversation::listening::{Listening, Words};
use crate::conversation::meaning::{Grammar, Meaning};
use crate::conversation::rules::Found;
use crate::conversation::signal::SignalKind;
use crate::conversation::text::Pause;
use crate::conversation::turn::{FactName, Speaker};

/// What the assistant asked for last, where this answers it.
pub(crate) fn answered(listening: &Listening<'_>, said: &Words<'_>) -> Vec<Fact> {
    let last = listening.before.iter().rev().take(2).find(|heard| heard.by == Speaker::Assistant);
    let Some(last) = last else { return Vec::new() };
    let Some(from) = beginning(said) else { return Vec::new() };
    if evades(said, from) {
        return Vec::new();
    }
    let to = end_of_answer(said, from);
    let short = to - from <= SHORT_ANSWER;
    let counts_people = last.lead.asks.contains(&FactName::CompanySize);
    let stretch = |to| listening.stretch(said, from, to).chars().take(LONGEST_VALUE).collect::<String>();
    let mut facts = Vec::new();
    for &name in &last.lead.asks {
        let value = match name {
            FactName::CompanySize | FactName::Budget => meant(said).map(|n| n.value.to_string()),
            FactName::Volume if !counts_people => meant(said).map(|n| {
                let unit = n.to < to && !listening.tongue.ends_name.contains(said.text.plain(n.to));
                listening.stretch(said, n.from, n.to + usize::from(unit)).to_owned()
            }),
            FactName::Timeline => (short && is_date(said, from, to)).then(|| stretch(to)),
            FactName::Name => is_name(listening, said, from, to).then(|| titled(&stretch(to))),
            FactName::Company | FactName::Tools => {
                (short && is_called_so(listening, said, from, to)).then(|| stretch(to))
            }
            FactName::Role => (short && !counts(said, from)).then(|| stretch(to)),
            FactName::UseCase if said.text.len() - from >= 3 => Some(stretch(said.text.len())),
            FactName::Volume | FactName::UseCase | FactName::Email | FactName::Phone | FactName::Website => {
                None
            }
        };
        let turn = Some(listening.turn.number);
        facts.extend(value.map(|value| Fact { name, value, standing: Standing::Inferred, turn }));
    }
    facts
}

/// Where the answer begins: behind "yes", "well, it is", "we are called".
fn beginning(said: &Words<'_>) -> Option<usize> {
    let leads = |f: &Found<'_>| {
        matches!(f.spoken.meaning, Meaning::Grammar(Grammar::Yes | Grammar::No | Grammar::LeadIn))
    };
    let mut from = 0;
    while let Some(to) = said.found.iter().filter(|f| leads(f) && f.from == from).map(|f| f.to).max() {
        from = to;
    }
    (from < said.text.len()).then_some(from)
}

/// They ask back, put it off, do not know or stay vague: nothing is answered.
fn evades(said: &Words<'_>, from: usize) -> bool {
    said.text.sentence(from).end == Pause::Asked
        || said.found.iter().any(|f| match f.spoken.meaning {
            Meaning::Grammar(Grammar::NoAnswer) | Meaning::Signal(SignalKind::Vague) => true,
            Meaning::Grammar(Grammar::Question) => f.from <= from,
            // "We don't"; but "no, forty" and "forty, not fourteen" tell.
            Meaning::Grammar(Grammar::Not) => f.from <= from + 2 && said.numbers.is_empty(),
            Meaning::Grammar(_)
            | Meaning::Signal(_)
            | Meaning::Fact(_)
            | Meaning::Asks(_)
            | Meaning::Mark(_) => false,
        })
}

/// A day, a month, a number of weeks; or as soon as can be.
fn is_date(said: &Words<'_>, from: usize, to: usize) -> bool {
    let dated = |f: &Found<'_>| f.spoken.meaning == Meaning::Fact(FactName::Timeline);
    counts(said, from) || said.found.iter().any(|f| dated(f) && f.from < to && from < f.to)
}

fn counts(said: &Words<'_>, from: usize) -> bool {
    said.numbers.iter().any(|n| n.from == from)
}

/// What follows a pause is told besides.
fn end_of_answer(said: &Words<'_>, from: usize) -> usize {
    let len = said.text.len();
    (from + 1..len).find(|&place| said.text.pause_before(place) > Pause::None).unwrap_or(len)
}

/// One to three words that are no everyday ones.
fn is_name(listening: &Listening<'_>, said: &Words<'_>, from: usize, to: usize) -> bool {
    let everyday = |place: usize| listening.tongue.is_everyday(said.text.plain(place));
    let letters =
        |place: usize| said.text.plain(place).chars().all(|c| c.is_alphabetic() || matches!(c, '-' | '\''));
    to - from <= LONGEST_NAME && (from..to).all(|place| letters(place) && !everyday(place))
}

/// An answer to "what is it called" has at most so many words.
const SHORT_ANSWER: usize = 8;

/// First name, middle name, surname.
const LONGEST_NAME: usize = 3;
