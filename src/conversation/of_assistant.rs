//! What a turn of the assistant tells: whether it helps, falls back or says again, and what it invites.

use crate::conversation::bearing::Bearing;
use crate::conversation::listening::{Asked, Heard, Listening, REPEATS_FROM, SAME, Words, add};
use crate::conversation::meaning::{Grammar, Meaning};
use crate::conversation::questions::{Question, asked};
use crate::conversation::signal::{Signal, SignalKind};
use crate::conversation::turn::Speaker;

impl Listening<'_> {
    /// Everything that it tells.
    pub(crate) fn of_assistant(&self, said: &Words<'_>, heard: &mut Heard) {
        let bearing = Bearing::new(said.text, said.found);
        for found in said.found {
            match found.spoken.meaning {
                Meaning::Signal(kind) if OF_ASSISTANT.contains(&kind) => {
                    let words = self.stretch(said, found.from, found.to);
                    let signal = self.signal(kind, found.spoken.strength, words, &found.spoken.about);
                    add(&mut heard.signals, signal);
                }
                Meaning::Asks(fact) => heard.lead.asks.push(fact),
                Meaning::Signal(_) | Meaning::Fact(_) | Meaning::Grammar(_) | Meaning::Mark(_) => {}
            }
        }
        self.by_sense(said, &bearing, heard);
        let questions = asked(self.tongue, said.text, said.found);
        heard.lead.offers_person = bearing.has(Grammar::Offer);
        heard.lead.asks_yes_or_no =
            questions.last().is_some_and(|q| q.yes_or_no && q.to + 1 >= said.text.len());
        let earlier = self.before.iter().filter(|earlier| earlier.by == Speaker::Assistant);
        let same = earlier.rev().take(MANY_TURNS).filter(|e| e.bag.len() >= REPEATS_FROM);
        let same = same.map(|earlier| heard.bag.sameness(&earlier.bag)).max().unwrap_or(0);
        if heard.bag.len() >= REPEATS_FROM && same >= SAME {
            let strength = same.min(100) as u8;
            add(
                &mut heard.signals,
                self.signal(SignalKind::AssistantRepeated, strength, &self.turn.words, ""),
            );
        }
        self.by_what_was_asked(said, &bearing, &questions, heard);
    }

    /// Whether the assistant's turn meets what the prospect asked in the turns before it.
    fn by_what_was_asked(
        &self,
        said: &Words<'_>,
        bearing: &Bearing<'_>,
        questions: &[Question],
        heard: &mut Heard,
    ) {
        let asked: Vec<&Asked> = self
            .before
            .iter()
            .rev()
            .take_while(|earlier| earlier.by == Speaker::Prospect)
            .flat_map(|earlier| &earlier.asked)
            .collect();
        let Some(last) = asked.first() else { return };
        let evades = bearing.all(Grammar::Evades).map(|found| found.spoken.strength).max();
        let fell_back = heard.signals.iter().any(|signal| signal.kind == SignalKind::AssistantFellBack);
        let shares = asked.iter().any(|asked| asked.bag.shared(&heard.bag) > 0);
        let meets = shares
            || bearing.has(Grammar::Answers)
            || bearing.has(Grammar::Offer)
            || !said.numbers.is_empty()
            || !questions.is_empty()
            || heard.words < SHORT_ANSWER
            || asked.iter().all(|asked| asked.bag.len() < 2);
        let strength = match (evades, fell_back, meets) {
            (Some(strength), _, _) => strength,
            (None, true, _) => 80,
            (None, false, false) => 45,
            (None, false, true) => return,
        };
        heard.left_open = true;
        let signal = Signal {
            kind: SignalKind::Unanswered,
            strength,
            at: self.turn.until,
            turn: Some(self.turn.number),
            words: last.words.clone(),
            about: String::new(),
        };
        add(&mut heard.signals, signal);
    }
}

/// Signals that a phrase of the assistant's gives.
const OF_ASSISTANT: [SignalKind; 3] =
    [SignalKind::AssistantFellBack, SignalKind::AssistantRepeated, SignalKind::AssistantUnsure];

/// The assistant's turn is held against so many of its own.
const MANY_TURNS: usize = 24;

/// A shorter turn of the assistant's is an answer of its own.
const SHORT_ANSWER: usize = 5;
