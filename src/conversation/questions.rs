//! What is asked in a turn: each question with its stretch and what it is about, with and without a question mark.

use crate::conversation::bag::Bag;
use crate::conversation::bearing::Bearing;
use crate::conversation::meaning::{Grammar, Meaning};
use crate::conversation::rules::Found;
use crate::conversation::text::{Pause, Text};
use crate::conversation::tongue::Tongue;

/// One question of a turn.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    /// Its first kept word.
    pub(crate) from: usize,
    /// Behind its last.
    pub(crate) to: usize,
    /// Whether a question mark stands behind it.
    pub(crate) marked: bool,
    /// Whether yes or no answers it.
    pub(crate) yes_or_no: bool,
    /// What it is about.
    pub(crate) bag: Bag,
}

/// Every question of a turn.
pub(crate) fn asked(tongue: &Tongue, text: &Text, found: &[Found<'_>]) -> Vec<Question> {
    let bearing = Bearing::new(text, found);
    let mut questions = Vec::new();
    for sentence in &text.sentences {
        let marked = sentence.end == Pause::Asked;
        let mut openings: Vec<(usize, bool)> = Vec::new();
        for opening in bearing.all(Grammar::Question) {
            let within = opening.from >= sentence.from && opening.from < sentence.to;
            if within && opens(text, &bearing, opening, &openings, marked) {
                openings.push((opening.from, is_yes_or_no(opening)));
            }
        }
        if openings.is_empty() && marked {
            openings.push((sentence.from.max(sentence.to.saturating_sub(LONGEST)), true));
        }
        for (place, &(from, yes_or_no)) in openings.iter().enumerate() {
            let to = openings.get(place + 1).map_or(sentence.to, |&(next, _)| next).min(from + LONGEST);
            let idle = bearing.all(Grammar::IdleQuestion).any(|idle| idle.from < to && from < idle.to);
            if !idle && to >= from + SHORTEST {
                questions.push(Question {
                    from,
                    to,
                    marked,
                    yes_or_no,
                    bag: Bag::of(tongue, text, from, to),
                });
            }
        }
    }
    questions.truncate(MOST);
    questions
}

/// Whether a question begins with this opening, or it only goes on: "how much | does it cost".
fn opens(
    text: &Text,
    bearing: &Bearing<'_>,
    opening: &Found<'_>,
    before: &[(usize, bool)],
    marked: bool,
) -> bool {
    let at = opening.from;
    if bearing.told_of_others(opening) {
        return false;
    }
    let subject = bearing.all(Grammar::Subject).any(|subject| subject.to == at);
    if subject && is_yes_or_no(opening) && text.pause_before(at) == Pause::None {
        return false;
    }
    let paused = text.pause_before(at) >= Pause::Comma;
    let joined = bearing.all(Grammar::Joins).any(|join| join.to == at);
    match before.last() {
        None => paused || joined || marked || !bearing.denied(opening),
        Some(&(last, _)) => at > last + 1 && (paused || joined || at >= last + APART),
    }
}

/// Whether a phrase is a question's beginning that a yes or a no answers.
fn is_yes_or_no(found: &Found<'_>) -> bool {
    found.spoken.meaning == Meaning::Grammar(Grammar::Question) && found.spoken.about != WH
}

/// What openings of questions are about that yes and no do not answer.
const WH: &str = "wh";

/// A question of fewer words says nothing that one could come back to.
const SHORTEST: usize = 2;

/// Of a question no more words are looked at.
const LONGEST: usize = 30;

/// Without a pause or an "and" another question begins so many words after the last at the earliest.
const APART: usize = 7;

/// So many questions of one turn are kept.
const MOST: usize = 8;
