//! What the sense adds to the phrases of a turn, where they do not say better.
//!
//! The sense takes a turn as a whole and may miss that something is denied, told of others or only thought of. Phrases know; so where
//! a phrase of a meaning was said and does not bear it, the sense does not either.

use crate::conversation::bearing::Bearing;
use crate::conversation::listening::{Heard, Listening, MORE_OF_IT, Words};
use crate::conversation::meaning::{Grammar, Meaning};
use crate::conversation::of_prospect::CAN_BE_TAKEN_BACK;
use crate::conversation::rules::Found;
use crate::conversation::senses::Sensed;
use crate::conversation::signal::SignalKind;

impl Listening<'_> {
    /// Adds what is sensed: a signal of its own, or a little to the one that the phrases gave.
    pub(crate) fn by_sense(&self, said: &Words<'_>, bearing: &Bearing<'_>, heard: &mut Heard) {
        let Some(sense) = self.sense else { return };
        let (sensed, unlikely) = sense.judged(self.turn.by, &self.turn.words);
        // A phrase hears a few words, the sense the whole turn: where it hears nothing of the kind, the phrase may have heard another's
        // words, or another sense of them.
        for signal in heard.signals.iter_mut().filter(|signal| unlikely.contains(&signal.kind)) {
            // In a long turn a wish of a few words goes under: what stands around the phrase is asked once more.
            let around = around(&self.turn.words, &signal.words);
            if around.len() < self.turn.words.len() {
                let (told, doubted) = sense.judged(self.turn.by, around);
                if told.iter().any(|one| one.kind == signal.kind) || !doubted.contains(&signal.kind) {
                    continue;
                }
            }
            signal.strength = (u16::from(signal.strength) * DOUBTFUL / 100) as u8;
        }
        for (number, one) in sensed.iter().enumerate() {
            let mut known = heard.signals.iter_mut().filter(|signal| signal.kind == one.kind).peekable();
            if known.peek().is_some() {
                known
                    .for_each(|signal| signal.strength = signal.strength.saturating_add(MORE_OF_IT).min(100));
                continue;
            }
            let likelier = &sensed[..number];
            let beside = |kind: SignalKind| {
                heard.signals.iter().any(|signal| signal.kind == kind)
                    || likelier.iter().any(|other| other.kind == kind)
            };
            if rules_out(said, bearing, one, beside) {
                continue;
            }
            let words = self.turn.words.get(one.from..one.to).unwrap_or_default();
            let signal = self.signal(one.kind, one.strength, words, "");
            heard.signals.push(signal);
        }
    }
}

/// The words of a phrase, and a few to either side.
fn around<'a>(turn: &'a str, phrase: &str) -> &'a str {
    let Some(from) = turn.find(phrase).filter(|_| !phrase.is_empty()) else { return turn };
    let to = from + phrase.len();
    let spaces = |text: &'a str| text.match_indices(char::is_whitespace).map(|(at, _)| at);
    let begin = spaces(&turn[..from]).rev().nth(BESIDE).unwrap_or(0);
    let end = spaces(&turn[to..]).nth(BESIDE).map_or(turn.len(), |at| to + at);
    &turn[begin..end]
}

/// Whether the phrases of a turn, or what stands beside it, speak against what was sensed.
fn rules_out(
    said: &Words<'_>,
    bearing: &Bearing<'_>,
    sensed: &Sensed,
    beside: impl Fn(SignalKind) -> bool,
) -> bool {
    let glad = || bearing.has(Grammar::Joy) || bearing.has(Grammar::NotAtUs);
    let against = match sensed.kind {
        SignalKind::AskedForPerson => beside(SignalKind::WantsNoPerson) || bearing.has(Grammar::ToldOfOthers),
        SignalKind::WantsNoPerson => beside(SignalKind::AskedForPerson),
        SignalKind::AnnoyedMildly => glad() || beside(SignalKind::AnnoyedStrongly),
        SignalKind::AnnoyedStrongly => glad(),
        _ => false,
    };
    // "I spoke with a colleague of yours": what they asked of others, they do not ask of us.
    let place = (0..said.text.len()).find(|&at| said.text.all[said.text.kept[at]].to >= sensed.to);
    let told = |found: &&Found<'_>| place.is_some_and(|place| found.from < place);
    let of_others = ASKED_OF_US.contains(&sensed.kind)
        && bearing.all(Grammar::ToldOfOthers).any(|found| told(&found))
        && !bearing.has(Grammar::BackToSelf);
    let taken_back = CAN_BE_TAKEN_BACK.contains(&sensed.kind) && beside(SignalKind::NeverMind);
    // A phrase that was said and does not count: denied, told of others, only thought of, or part of something else.
    let means = Meaning::Signal(sensed.kind);
    let unmeant =
        said.found.iter().any(|found| found.spoken.meaning == means && bearing.meaning(found) != Some(means));
    against || of_others || taken_back || unmeant
}

/// What is asked of us, and may be told of others.
const ASKED_OF_US: [SignalKind; 6] = [
    SignalKind::AskedForPerson,
    SignalKind::Negotiates,
    SignalKind::Complained,
    SignalKind::WantsToCancel,
    SignalKind::BuyingIntent,
    SignalKind::MeetingWanted,
];

/// So many words to either side of a phrase show what it is part of.
const BESIDE: usize = 10;

/// What the sense does not hear is so clear, in percent of what the phrase says.
const DOUBTFUL: u16 = 60;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn around_a_phrase_stand_a_few_words_to_either_side() {
        let (before, behind) = ("no ".repeat(20), " no".repeat(20));
        let turn = format!("{before}talk to someone{behind}");
        let words: Vec<&str> = around(&turn, "talk to someone").split_whitespace().collect();
        assert_eq!((words.len(), words[BESIDE]), (BESIDE + 3 + BESIDE, "talk"));
        assert_eq!(around("ä  ö\u{3000}ü", "ö"), "ä  ö\u{3000}ü");
        assert_eq!(around("all of it", ""), "all of it");
        assert_eq!(around("all of it", "else"), "all of it");
    }
}
