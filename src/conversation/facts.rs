//! What is learned of the prospect: names, sizes, addresses, dates; who said it, and how sure it is. Nothing sensitive is kept.
//!
//! A wrong fact is worse than none: a rep would repeat it to the prospect. So a phrase alone is not enough: a name must look like
//! one, a date must be about a plan, and what is asked, denied or told of others is no fact.

use crate::conversation::answers::answered;
use crate::conversation::bearing::Bearing;
use crate::conversation::counts::{corrected, counted, is_denied, is_of_others};
use crate::conversation::fact::{Fact, Standing};
use crate::conversation::listening::{Listening, Words};
use crate::conversation::meaning::{Grammar, Meaning};
use crate::conversation::numbers::Number;
use crate::conversation::questions::asked;
use crate::conversation::rules::Found;
use crate::conversation::sensitive::ReadOut;
use crate::conversation::signal::SignalKind;
use crate::conversation::text::Pause;
use crate::conversation::turn::FactName;

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
    // A question is no statement.
    let questions = asked(listening.tongue, said.text, said.found);
    let is_asked = |place: usize| questions.iter().any(|q| q.from <= place && place < q.to);
    for found in said.found {
        let Some(Meaning::Fact(name)) = bearing.meaning(found) else { continue };
        if is_asked(found.from) {
            continue;
        }
        if let Some(value) = value(listening, said, bearing, found, name) {
            put_longest(&mut facts, confirmed(name, value, turn));
        }
    }
    for fact in counted(listening, said, bearing, &is_asked) {
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
fn value(
    listening: &Listening<'_>,
    said: &Words<'_>,
    bearing: &Bearing<'_>,
    found: &Found<'_>,
    name: FactName,
) -> Option<String> {
    let number = said.numbers.iter().rev().find(|n| n.from >= found.from && n.to <= found.to);
    let stretch = |from, to| {
        listening
            .stretch(said, from, to)
            .trim_end_matches("'s")
            .chars()
            .take(LONGEST_VALUE)
            .collect::<String>()
    };
    match name {
        FactName::Name => {
            let (from, to) = found.took?;
            looks_like_a_name(listening, said, from, to).then(|| titled(&stretch(from, to)))
        }
        FactName::Company => {
            let (from, to) = found.took?;
            is_called_so(listening, said, from, to).then(|| stretch(from, with_partners(listening, said, to)))
        }
        FactName::Role => {
            let theirs = found.took.is_none_or(|(from, _)| is_determined(listening, said, from));
            theirs.then(|| stretch(behind_the_subject(said, found), found.to))
        }
        FactName::CompanySize | FactName::Budget => {
            let theirs = |n: &&Number| !is_denied(said, n) && !is_of_others(said, n) && n.value > 0;
            number.filter(theirs).map(|n| n.value.to_string())
        }
        FactName::Timeline => is_planned(said, bearing, found).then(|| stretch(found.from, found.to)),
        FactName::UseCase => {
            let (from, _) = found.took?;
            if listening.tongue.is_everyday(said.text.plain(from)) {
                return None;
            }
            let to = end_of_clause(said, bearing, from);
            let vague =
                |f: &Found<'_>| matches!(f.spoken.meaning, Meaning::Signal(kind) if NO_USE.contains(&kind));
            // "We want to *automate* the reminders", but "an offer *for* the reminders".
            let verb = from > 0 && !listening.tongue.ends_name.contains(said.text.plain(from - 1));
            let from = if verb && found.from < from { from - 1 } else { from };
            let none = said.found.iter().any(|f| vague(f) && f.from < to && found.from < f.to);
            (!none && to > from + 1).then(|| stretch(from, to))
        }
        FactName::Tools => match found.took {
            Some((from, to)) => is_called_so(listening, said, from, to).then(|| stretch(from, to)),
            None => Some(stretch(found.from, found.to)),
        },
        FactName::Email | FactName::Phone | FactName::Website | FactName::Volume => {
            let (from, to) = found.took.unwrap_or((found.from, found.to));
            Some(stretch(from, to))
        }
    }
}

/// A few words that are letters and no everyday word; in capitals, where the recogniser writes capitals.
fn looks_like_a_name(listening: &Listening<'_>, said: &Words<'_>, from: usize, to: usize) -> bool {
    let words = || (from..to).map(|place| said.text.plain(place));
    let letters = words().all(|w| w.chars().all(|c| c.is_alphabetic() || matches!(c, '-' | '\'' | '.')));
    let everyday = words().any(|w| listening.tongue.is_everyday(w)) || !is_bare(said, from);
    letters && !everyday && is_capital(listening, said, from)
}

/// What carries a name: with capitals where the recogniser writes them, and without an article else.
pub(crate) fn is_called_so(listening: &Listening<'_>, said: &Words<'_>, from: usize, to: usize) -> bool {
    let everyday = (from..to).all(|place| listening.tongue.is_everyday(said.text.plain(place)));
    let counts = said.numbers.iter().any(|n| n.from == from);
    let named =
        if writes_capitals(listening) { is_capital(listening, said, from) } else { is_bare(said, from) };
    !everyday && !counts && named && !listening.tongue.is_everyday(said.text.plain(from))
}

/// "I run *the* warehouse", "head *of* purchasing"; "I run every morning" is no role.
fn is_determined(listening: &Listening<'_>, said: &Words<'_>, from: usize) -> bool {
    !is_bare(said, from) || from > 0 && listening.tongue.ends_name.contains(said.text.plain(from - 1))
}

/// "Pearce *and Sons*".
fn with_partners(listening: &Listening<'_>, said: &Words<'_>, to: usize) -> usize {
    let next = to + 1;
    let joined = next < said.text.len() && JOINS_NAMES.contains(&said.text.plain(to));
    let partner = joined
        && said.text.pause_before(to) == Pause::None
        && (PARTNERS.contains(&said.text.plain(next))
            || writes_capitals(listening)
                && is_capital(listening, said, next)
                && !listening.tongue.is_everyday(said.text.plain(next)));
    if partner { next + 1 } else { to }
}

/// No article or the like stands before it, which fillers took away.
fn is_bare(said: &Words<'_>, from: usize) -> bool {
    let raw = said.text.kept[from];
    raw == 0 || !ARTICLES.contains(&said.text.all[raw - 1].plain.as_str())
}

fn is_capital(listening: &Listening<'_>, said: &Words<'_>, place: usize) -> bool {
    let word = &said.text.all[said.text.kept[place]];
    !writes_capitals(listening)
        || listening.turn.words.get(word.from..word.to).is_some_and(|w| w.starts_with(char::is_uppercase))
}

/// Some recognisers write capitals, some none: a turn that begins with one has them.
fn writes_capitals(listening: &Listening<'_>) -> bool {
    listening.turn.words.trim_start().starts_with(char::is_uppercase)
}

/// "I am the …", "I run …": where what they are or do begins.
fn behind_the_subject(said: &Words<'_>, found: &Found<'_>) -> usize {
    let skips = |place: usize| {
        ["i", "am", "my", "role", "job", "title", "is", "as", "work", "ich", "bin"]
            .contains(&said.text.plain(place))
    };
    (found.from..found.to).find(|&place| !skips(place)).unwrap_or(found.from)
}

/// A date is theirs where it is about beginning, needing, ending; or stands there by itself.
fn is_planned(said: &Words<'_>, bearing: &Bearing<'_>, found: &Found<'_>) -> bool {
    let sentence = said.text.sentence(found.from);
    let within = |f: &Found<'_>| sentence.from <= f.from && f.to <= sentence.to;
    let near = |f: &Found<'_>| f.from.abs_diff(found.from) <= REACH_OF_PLAN;
    let past = said
        .found
        .iter()
        .any(|f| f.spoken.meaning == Meaning::Grammar(Grammar::NotTheirs) && within(f) && near(f));
    let plan = bearing.all(Grammar::Plans).any(|f| within(f) && near(f));
    !past && (plan || said.text.len() <= found.to - found.from + FEW)
}

/// Where the clause of this word ends.
fn end_of_clause(said: &Words<'_>, bearing: &Bearing<'_>, from: usize) -> usize {
    let most = (from + LONGEST_USE).min(said.text.sentence(from).to);
    let turns = |place: usize| {
        said.text.pause_before(place) > Pause::None
            || bearing.all(Grammar::NewClause).any(|c| c.from == place)
    };
    (from + 1..most).find(|&place| turns(place)).unwrap_or(most)
}

fn put(facts: &mut Vec<Fact>, fact: Fact) {
    facts.retain(|known| known.name != fact.name);
    facts.push(fact);
}

/// Several phrases may find the same in longer and shorter words.
fn put_longest(facts: &mut Vec<Fact>, fact: Fact) {
    let longer = |known: &Fact| known.name == fact.name && known.value.contains(fact.value.as_str());
    if !facts.iter().any(longer) {
        put(facts, fact);
    }
}

/// Names with capitals, as recognisers often leave them without.
pub(crate) fn titled(name: &str) -> String {
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
const NO_USE: [SignalKind; 5] = [
    SignalKind::Vague,
    SignalKind::AskedForPerson,
    SignalKind::WantsNoPerson,
    SignalKind::WantsToCancel,
    SignalKind::Complained,
];

/// What stands before a common noun, and before no name.
const ARTICLES: [&str; 14] =
    ["a", "an", "the", "my", "your", "our", "his", "her", "their", "some", "any", "this", "ein", "eine"];

/// What joins the names in a company's.
const JOINS_NAMES: [&str; 3] = ["and", "&", "und"];

/// What companies' names end with.
const PARTNERS: [&str; 14] = [
    "sons",
    "son",
    "daughters",
    "daughter",
    "partners",
    "co",
    "company",
    "brothers",
    "sisters",
    "associates",
    "söhne",
    "sohn",
    "partner",
    "töchter",
];

/// A fact in more letters is a speech.
pub(crate) const LONGEST_VALUE: usize = 120;

/// What it is wanted for is told in so many words, or is a story.
const LONGEST_USE: usize = 10;

/// A date belongs to a plan that is named within so many words.
const REACH_OF_PLAN: usize = 12;

/// With so few words beside it a date is an answer of its own.
const FEW: usize = 3;

#[cfg(test)]
#[path = "facts_tests.rs"]
mod tests;
