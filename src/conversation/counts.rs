//! What the prospect counts: people, seats, sites, calls; and a number that they put right.

use crate::conversation::bearing::Bearing;
use crate::conversation::fact::Fact;
use crate::conversation::facts::confirmed;
use crate::conversation::listening::{Listening, Words};
use crate::conversation::meaning::{Grammar, Meaning};
use crate::conversation::numbers::Number;
use crate::conversation::turn::FactName;

/// Numbers of something that is counted.
pub(crate) fn counted(
    listening: &Listening<'_>,
    said: &Words<'_>,
    bearing: &Bearing<'_>,
    is_asked: &dyn Fn(usize) -> bool,
) -> Vec<Fact> {
    let turn = listening.turn.number;
    let mut facts = Vec::new();
    for number in said.numbers {
        let Some((unit, to)) = listening.tongue.counting.unit(said.text, number) else { continue };
        let Some(name) = unit.fact else { continue };
        let few = number.value < unit.least || name == FactName::Volume && number.value < 2;
        let apart = (number.to..to).any(|place| listening.tongue.ends_name.contains(said.text.plain(place)));
        let before = |what| bearing.all(what).any(|f| f.from < number.from && number.from - f.from <= REACH);
        let told = before(Grammar::ToldOfOthers) || before(Grammar::Hypothetical);
        if few
            || apart
            || told
            || is_asked(number.from)
            || is_denied(said, number)
            || is_of_others(said, number)
        {
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

/// "No, it's forty, not fourteen": the fact whose number that was.
pub(crate) fn corrected(listening: &Listening<'_>, said: &Words<'_>, bearing: &Bearing<'_>) -> Option<Fact> {
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

/// The number that is meant: the last, where an earlier one is put right, else the first.
pub(crate) fn meant<'a>(said: &'a Words<'_>) -> Option<&'a Number> {
    let corrects = |number: &Number| {
        said.found.iter().any(|f| {
            f.spoken.meaning == Meaning::Grammar(Grammar::Correction) && f.from > 0 && f.to <= number.from
        })
    };
    let mut numbers = said
        .numbers
        .iter()
        .filter(|number| !is_denied(said, number) && !is_year(said, number) && !is_of_others(said, number));
    let first = numbers.next()?;
    Some(numbers.rfind(|number| corrects(number)).unwrap_or(first))
}

/// "In 2019": a year counts nothing.
fn is_year(said: &Words<'_>, number: &Number) -> bool {
    (1900..2100).contains(&number.value)
        && number.from > 0
        && ["in", "since", "from"].contains(&said.text.plain(number.from - 1))
}

/// "Not fourteen".
pub(crate) fn is_denied(said: &Words<'_>, number: &Number) -> bool {
    said.found.iter().any(|f| f.spoken.meaning == Meaning::Grammar(Grammar::Not) && f.to == number.from)
}

/// Not theirs, or not any more.
pub(crate) fn is_of_others(said: &Words<'_>, number: &Number) -> bool {
    let sentence = said.text.sentence(number.from);
    said.found.iter().any(|f| {
        f.spoken.meaning == Meaning::Grammar(Grammar::NotTheirs)
            && (sentence.from..number.from).contains(&f.from)
            && number.from - f.from <= REACH
    })
}

/// What is said of others reaches so far.
const REACH: usize = 8;

/// What is put right was said at most so many turns ago.
const RECENT: u32 = 4;
