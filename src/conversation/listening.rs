//! What one turn tells, by itself and beside the turns before it.

use crate::conversation::bag::Bag;
use crate::conversation::fact::Fact;
use crate::conversation::numbers::Number;
use crate::conversation::rules::Found;
use crate::conversation::senses::Sense;
use crate::conversation::shape::StageOfTalk;
use crate::conversation::signal::{Signal, SignalKind};
use crate::conversation::text::Text;
use crate::conversation::tongue::Tongue;
use crate::conversation::turn::{FactName, Speaker, Turn, Wording};
use crate::conversation::written::By;

/// What is kept of a turn.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub(crate) number: u32,
    pub(crate) by: Speaker,
    pub(crate) wording: Wording,
    /// How many words carried something.
    pub(crate) words: usize,
    pub(crate) asked: Vec<Asked>,
    /// What it was about.
    pub(crate) bag: Bag,
    pub(crate) lead: Lead,
    /// What it told, and what a partial one would have told beside.
    pub(crate) signals: Vec<Signal>,
    pub(crate) facts: Vec<Fact>,
    /// How far in the talk we are by it.
    pub(crate) stage: StageOfTalk,
    /// Questions of before that it left open.
    pub(crate) left_open: bool,
}

/// A question that was asked.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) words: String,
    pub(crate) bag: Bag,
    /// Whether it was asked before.
    pub(crate) again: bool,
}

/// What a turn of the assistant invites.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lead {
    pub(crate) offers_person: bool,
    pub(crate) asks_yes_or_no: bool,
    pub(crate) asks: Vec<FactName>,
}

/// One turn being listened to.
pub(crate) struct Listening<'a> {
    pub(crate) tongue: &'a Tongue,
    /// What senses meanings beside the phrases.
    pub(crate) sense: Option<&'a Sense>,
    pub(crate) turn: &'a Turn,
    /// What was heard before it, oldest first.
    pub(crate) before: &'a [Heard],
    pub(crate) known: &'a [Fact],
}

impl Listening<'_> {
    /// What this turn tells.
    pub(crate) fn heard(&self) -> Heard {
        let text = Text::read(self.tongue, &self.turn.words);
        let numbers = self.tongue.counting.find(&text);
        let ends_name = |plain: &str| self.tongue.ends_name.contains(plain);
        let found = self.tongue.rules.find(&text, &numbers, &ends_name);
        let by = match self.turn.by {
            Speaker::Prospect => By::Prospect,
            Speaker::Assistant | Speaker::Rep => By::Assistant,
        };
        let mine: Vec<Found<'_>> =
            found.into_iter().filter(|f| f.spoken.by == By::Anyone || f.spoken.by == by).collect();
        let mut heard = Heard {
            number: self.turn.number,
            by: self.turn.by,
            wording: self.turn.wording,
            words: text.len(),
            asked: Vec::new(),
            bag: Bag::of(self.tongue, &text, 0, text.len()),
            lead: Lead::default(),
            signals: Vec::new(),
            facts: Vec::new(),
            stage: StageOfTalk::Opening,
            left_open: false,
        };
        let said = Words { text: &text, found: &mine, numbers: &numbers };
        match self.turn.by {
            Speaker::Prospect => self.of_prospect(&said, &mut heard),
            Speaker::Assistant => self.of_assistant(&said, &mut heard),
            Speaker::Rep => {}
        }
        // All that this turn tells is together here.
        if self.turn.by == Speaker::Prospect {
            let place = |signal: &Signal| self.turn.words.find(signal.words.as_str()).unwrap_or(0);
            heard.signals.sort_by_key(place);
            heard.stage = stage_by(&heard.signals);
        }
        heard
    }

    /// A stretch of kept words as it was said.
    pub(crate) fn stretch(&self, said: &Words<'_>, from: usize, to: usize) -> &str {
        said.text.said(&self.turn.words, from, to)
    }

    /// A signal of this turn, weaker where the recogniser was not sure.
    pub(crate) fn signal(&self, kind: SignalKind, strength: u8, words: &str, about: &str) -> Signal {
        let sure = match self.turn.confidence.unwrap_or(100) {
            sure if sure >= SURE => 100,
            sure => u32::from(sure) + 100 - u32::from(SURE),
        };
        let strength = (u32::from(strength) * sure / 100).min(100) as u8;
        let shortened = |text: &str| text.chars().take(LONGEST_WORDS).collect();
        Signal {
            kind,
            strength,
            at: self.turn.until,
            turn: Some(self.turn.number),
            words: shortened(words),
            about: shortened(about),
        }
    }
}

/// A turn's words, and what was found in them.
pub(crate) struct Words<'a> {
    pub(crate) text: &'a Text,
    pub(crate) found: &'a [Found<'a>],
    pub(crate) numbers: &'a [Number],
}

/// Puts a signal to the others: of one kind and matter the strongest stays, and each more makes it a little stronger.
pub(crate) fn add(signals: &mut Vec<Signal>, signal: Signal) {
    let alike = |known: &&mut Signal| known.kind == signal.kind && known.about == signal.about;
    match signals.iter_mut().find(alike) {
        None => signals.push(signal),
        Some(known) if known.words == signal.words => known.strength = known.strength.max(signal.strength),
        Some(known) => {
            let together = known.strength.max(signal.strength).saturating_add(MORE_OF_IT).min(100);
            if signal.strength > known.strength {
                *known = signal;
            }
            known.strength = together;
        }
    }
}

fn stage_by(signals: &[Signal]) -> StageOfTalk {
    let has = |kinds: &[SignalKind]| signals.iter().any(|signal| kinds.contains(&signal.kind));
    if has(&[SignalKind::Goodbye]) {
        StageOfTalk::Closing
    } else if has(&TERMS) {
        StageOfTalk::Terms
    } else if has(&[SignalKind::BuyingQuestion, SignalKind::Deep, SignalKind::CompetitorNamed]) {
        StageOfTalk::Fit
    } else {
        StageOfTalk::Opening
    }
}

/// What is asked when one speaks of terms.
const TERMS: [SignalKind; 6] = [
    SignalKind::PricingAsked,
    SignalKind::Negotiates,
    SignalKind::ContractAsked,
    SignalKind::ProcurementAsked,
    SignalKind::BuyingIntent,
    SignalKind::MeetingWanted,
];

/// From this confidence on a recogniser is believed, in hundredths.
const SURE: u8 = 75;

/// What each further phrase of a kind adds to it.
pub(crate) const MORE_OF_IT: u8 = 8;

/// Turns of which so much is the same say the same, in hundredths of both together.
pub(crate) const SAME: usize = 75;

/// Turns that say less cannot be told to say the same.
pub(crate) const REPEATS_FROM: usize = 4;

/// The words of a signal are kept in so many letters.
const LONGEST_WORDS: usize = 300;
