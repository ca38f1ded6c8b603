//! What is learned of the prospect: names, sizes, addresses, dates; who said it, and how sure it is. Nothing sensitive is kept.

use crate::conversation::bearing::Bearing;
use crate::conversation::fact::{Fact, Standing};
use crate::conversation::listening::{Listening, Words};
use crate::conversation::meaning::{Grammar, Meaning};
use crate::conversation::numbers::Number;
use crate::conversation::rules::Found;
use crate::conversation::sensitive::ReadOut;
use crate::conversation::signal::SignalKind;
use crate::conversation::turn::{FactName, Speaker};

/// A fact that they said themselves.
pub(crate) fn confirmed(name: FactName, value: String, turn: u32) -> Fact {
    Fact { name, value, standing: Standing::Confirmed, turn: Some(turn) }
}

/// The fact in what was read out; a card's number is none.
pub(crate) fn read_out(what: &ReadOut) -> Option<(FactName, String)> {
    match what {
        ReadOut::Card => None,
        ReadOut::Phone(number) => Some((FactName::Phone, number.clone())),
        ReadOut::Email(address) => Some((FactName::Email, address.clone())),
        ReadOut::Website(address) => Some((FactName::Website, address.clone())),
    }
}

/// What a turn of the prospect tells, latest last.
pub(crate) fn told(listening: &Listening<'_>, said: &Words<'_>, bearing: &Bearing<'_>) -> Vec<Fact> {
    let turn = listening.turn.number;
    let mut facts: Vec<Fact> = Vec::new();
    for found in said.found {
        let Some(Meaning::Fact(name)) = bearing.meaning(found) else { continue };
        if let Some(value) = value(listening, said, found, name) {
            put(&mut facts, confirmed(name, value, turn));
        }
    }
    for fact in counted(listening, said, bearing) {
        put(&mut facts, fact);
    }
    for fact in answered(listening, said) {
        if !facts.iter().any(|known| known.name == fact.name) {
            facts.push(fact);
        }
    }
    if let Some(fact) = corrected(listening, said, bearing) {
        put(&mut facts, fact);
    }
    facts.retain(|fact| !fact.value.is_empty());
    facts
}

/// What a phrase took, or the number in it, or all of it.
fn value(listening: &Listening<'_>, said: &Words<'_>, found: &Found<'_>, name: FactName) -> Option<String> {
    let number = said.numbers.iter().find(|n| n.from >= found.from && n.to <= found.to);
    let taken = match (found.took, number) {
        (Some((from, to)), _) => listening.stretch(said, from, to).to_owned(),
        (None, Some(number)) if name != FactName::Timeline => number.value.to_string(),
        (None, _) => listening.stretch(said, found.from, found.to).to_owned(),
    };
    let taken = taken.trim_end_matches("'s").chars().take(LONGEST_VALUE).collect::<String>();
    match name {
        FactName::Name => {
            let first = found.took?.0;
            let common = listening.tongue.empty.contains(said.text.stem(first));
            (!common && taken.chars().all(|c| c.is_alphabetic() || matches!(c, ' ' | '-' | '\'')))
                .then(|| titled(&taken))
        }
        FactName::Company => {
            let first = found.took?.0;
            (!listening.tongue.empty.contains(said.text.stem(first))).then_some(taken)
        }
        // "Something for the line" is no use that one could go by.
        FactName::UseCase => {
            let vague =
                |f: &Found<'_>| matches!(f.spoken.meaning, Meaning::Signal(kind) if NO_USE.contains(&kind));
            (!said.found.iter().any(|f| vague(f) && f.from < found.to && found.from < f.to)).then_some(taken)
        }
        _ => Some(taken),
    }
}

/// Numbers of something that is counted.
fn counted(listening: &Listening<'_>, said: &Words<'_>, bearing: &Bearing<'_>) -> Vec<Fact> {
    let turn = listening.turn.number;
    let mut facts = Vec::new();
    for number in said.numbers {
        let Some((unit, to)) = listening.tongue.counting.unit(said.text, number) else { continue };
        let Some(name) = unit.fact else { continue };
        let asked = said.found.iter().any(|f| {
            f.spoken.meaning == Meaning::Grammar(Grammar::Question)
                && f.from < number.from
                && f.to + 6 > number.from
        });
        let told = bearing.all(Grammar::ToldOfOthers).any(|f| f.from < number.from);
        if asked || told || is_denied(said, number) {
            continue;
        }
        let value = match name {
            FactName::CompanySize => number.value.to_string(),
            _ => format!("{} {}", number.value, listening.stretch(said, number.to, to)),
        };
        facts.push(confirmed(name, value, turn));
    }
    facts
}

/// What the assistant asked for last, where this answers it.
fn answered(listening: &Listening<'_>, said: &Words<'_>) -> Vec<Fact> {
    let last = listening.before.iter().rev().take(2).find(|heard| heard.by == Speaker::Assistant);
    let Some(last) = last else { return Vec::new() };
    let asks_back = said.found.iter().any(|f| f.spoken.meaning == Meaning::Grammar(Grammar::Question));
    if said.text.len() == 0 || asks_back {
        return Vec::new();
    }
    let whole = || {
        let from = (0..said.text.len()).find(|&place| {
            let answer = |f: &Found<'_>| {
                matches!(f.spoken.meaning, Meaning::Grammar(Grammar::Yes | Grammar::No))
                    && f.from <= place
                    && place < f.to
            };
            !said.found.iter().any(answer)
        });
        let stretch = listening.stretch(said, from.unwrap_or(said.text.len()), said.text.len());
        stretch.chars().take(LONGEST_VALUE).collect::<String>()
    };
    let vague = said.found.iter().any(|f| f.spoken.meaning == Meaning::Signal(SignalKind::Vague));
    let inferred =
        |name, value| Fact { name, value, standing: Standing::Inferred, turn: Some(listening.turn.number) };
    let mut facts = Vec::new();
    for &name in &last.lead.asks {
        let short = said.text.len() <= SHORT_ANSWER;
        let value = match name {
            FactName::CompanySize | FactName::Budget => {
                said.numbers.iter().find(|n| !is_denied(said, n)).map(|n| n.value.to_string())
            }
            FactName::Volume => said.numbers.first().map(|_| whole()),
            FactName::Timeline => (!vague && (short || !said.numbers.is_empty())).then(whole),
            FactName::Name if said.text.len() <= 4 => Some(titled(&whole())),
            FactName::Company | FactName::Role | FactName::Tools if short && !vague => Some(whole()),
            FactName::UseCase if !vague && said.text.len() >= 3 => Some(whole()),
            FactName::Name
            | FactName::Company
            | FactName::Role
            | FactName::Tools
            | FactName::UseCase
            | FactName::Email
            | FactName::Phone
            | FactName::Website => None,
        };
        facts.extend(value.map(|value| inferred(name, value)));
    }
    facts
}

/// "No, it's forty, not fourteen": the fact whose number that was.
fn corrected(listening: &Listening<'_>, said: &Words<'_>, bearing: &Bearing<'_>) -> Option<Fact> {
    let right = said.numbers.iter().find(|number| !is_denied(said, number))?;
    let wrong = said.numbers.iter().find(|number| is_denied(said, number));
    if wrong.is_none() && !bearing.has(Grammar::Correction) {
        return None;
    }
    let number_of =
        |fact: &Fact| -> Option<u64> { fact.value.split(' ').next().and_then(|first| first.parse().ok()) };
    let meant = listening.known.iter().rev().find(|fact| match (wrong, number_of(fact)) {
        (_, None) => false,
        (Some(wrong), Some(known)) => known == wrong.value,
        (None, Some(_)) => fact.turn.is_some_and(|turn| turn + RECENT >= listening.turn.number),
    })?;
    let old = meant.value.split(' ').next().unwrap_or_default();
    Some(Fact {
        value: meant.value.replacen(old, &right.value.to_string(), 1),
        ..confirmed(meant.name, String::new(), listening.turn.number)
    })
}

/// "Not fourteen".
fn is_denied(said: &Words<'_>, number: &Number) -> bool {
    said.found.iter().any(|f| f.spoken.meaning == Meaning::Grammar(Grammar::Not) && f.to == number.from)
}

fn put(facts: &mut Vec<Fact>, fact: Fact) {
    facts.retain(|known| known.name != fact.name);
    facts.push(fact);
}

/// Names with capitals, as recognisers often leave them without.
fn titled(name: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters
            .next()
            .map(|first| first.to_uppercase().chain(letters).collect::<String>())
            .unwrap_or_default()
    };
    name.split_whitespace().map(word).collect::<Vec<_>>().join(" ")
}

/// What is wanted with these is no use of ours.
const NO_USE: [SignalKind; 6] = [
    SignalKind::Vague,
    SignalKind::AskedForPerson,
    SignalKind::WantsNoPerson,
    SignalKind::WantsToCancel,
    SignalKind::Complained,
    SignalKind::MeetingWanted,
];

/// A fact in more letters is a speech.
const LONGEST_VALUE: usize = 120;

/// An answer to "what is it called" has at most so many words.
const SHORT_ANSWER: usize = 8;

/// What is put right was said at most so many turns ago.
const RECENT: u32 = 4;

#[cfg(test)]
#[path = "facts_tests.rs"]
mod tests;
