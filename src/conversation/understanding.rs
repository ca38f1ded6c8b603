//! The talk so far, and what each turn adds to it: signals, facts, the shape of the whole.
//!
//! A turn of a number that is known takes that turn's place, and what it told before counts no longer. The latest turns are kept
//! word by word, as far as questions and repetitions need them; of older ones only what they add up to.
//!
//! A partial turn tells only what more words cannot take back: what its previous wording told as well, what is followed by a full
//! stop or by six more words, a card number that was read out, and anger. Facts and questions wait for the final words.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::conversation::context::Context;
use crate::conversation::fact::{Fact, Standing};
use crate::conversation::lexicon::Lexicon;
use crate::conversation::listening::{Heard, Listening};
use crate::conversation::senses::Sense;
use crate::conversation::shape::{Shape, StageOfTalk};
use crate::conversation::signal::{Signal, SignalKind};
use crate::conversation::tongue::Tongue;
use crate::conversation::turn::{FactName, Note, Speaker, Turn, Wording};
use crate::time::CallTime;

/// The talk so far, as far as words tell of it.
#[derive(Clone, Debug)]
pub struct Understanding {
    tongue: Arc<Tongue>,
    sense: Option<Arc<Sense>>,
    context: Context,
    /// The latest turns, oldest first.
    turns: VecDeque<Heard>,
    /// What the turns before those add up to.
    older: Older,
    /// What the assistant noted.
    noted: Vec<Fact>,
}

/// What a turn or a note tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// What was observed in it.
    pub signals: Vec<Signal>,
    /// What is known by it that was not, or otherwise.
    pub facts: Vec<Fact>,
    /// How the talk stands after it.
    pub shape: Shape,
}

/// What turns that are kept no longer add up to.
#[derive(Clone, Debug, Default)]
struct Older {
    prospect_turns: u32,
    questions: u32,
    stage: StageOfTalk,
    facts: Vec<Fact>,
    until: u32,
}

impl Understanding {
    /// A talk in which nothing has been said.
    pub fn new(lexicon: &Lexicon, context: Context) -> Self {
        let tongue = lexicon.tongue(&context.language);
        let sense = lexicon.sense(&context.language);
        let older = Older::default();
        Self { tongue, sense, context, turns: VecDeque::new(), older, noted: Vec::new() }
    }

    /// Somebody said this. A turn of a known number takes that turn's place.
    pub fn hear(&mut self, turn: &Turn) -> Told {
        if turn.number <= self.older.until && self.older.until > 0 {
            // A word on a turn that was forgotten long ago.
            return Told { shape: self.shape(), ..Told::default() };
        }
        let place = self.turns.partition_point(|heard| heard.number < turn.number);
        let same = self.turns.get(place).is_some_and(|heard| heard.number == turn.number);
        let before_it = self.facts();
        let known = self.facts_until(turn.number);
        self.turns.make_contiguous();
        let before = &self.turns.as_slices().0[..place];
        let sense = self.sense.as_deref();
        let mut heard = Listening { tongue: &self.tongue, sense, turn, before, known: &known }.heard();
        if turn.by == Speaker::Prospect && self.is_first_of_prospect(turn.number) {
            heard.signals.extend(self.by_account(turn));
        }
        let signals = match turn.wording {
            Wording::Final => heard.signals.clone(),
            Wording::Partial => {
                heard.facts.clear();
                let previous = self.turns.get(place).filter(|_| same);
                certain(turn, &heard.signals, previous)
            }
        };
        if same {
            self.turns[place] = heard;
        } else {
            self.turns.insert(place, heard);
            self.forget();
        }
        let facts = self.facts().into_iter().filter(|fact| !before_it.contains(fact)).collect();
        Told { signals, facts, shape: self.shape() }
    }

    /// The assistant noted this beside the words.
    pub fn note(&mut self, at: CallTime, note: &Note) -> Told {
        let before = self.facts();
        let signal = |kind, strength, words: String, about: String| Signal {
            kind,
            strength,
            at,
            turn: None,
            words,
            about,
        };
        let mut signals = Vec::new();
        match note {
            Note::FellBack => {
                signals.push(signal(SignalKind::AssistantFellBack, 90, String::new(), String::new()));
            }
            Note::Unanswered => {
                if let Some(last) = self.turns.iter_mut().rev().find(|h| h.by == Speaker::Assistant) {
                    last.left_open = true;
                }
                let words = self.open_questions().pop().unwrap_or_default();
                signals.push(signal(SignalKind::Unanswered, 90, words, String::new()));
            }
            Note::Unsure(sure) => {
                let strength = sure.map_or(80, |sure| 100_u8.saturating_sub(sure));
                signals.push(signal(SignalKind::AssistantUnsure, strength, String::new(), String::new()));
            }
            Note::Fact(name, value) => {
                let value: String = value.chars().take(LONGEST_NOTE).collect();
                let count = value.parse::<u32>().ok();
                if *name == FactName::CompanySize && count.is_some_and(|count| self.is_large(count)) {
                    signals.push(signal(SignalKind::LargeSize, 70, String::new(), format!("{value} seats")));
                }
                self.noted.retain(|known| known.name != *name);
                self.noted.push(Fact { name: *name, value, standing: Standing::Confirmed, turn: None });
            }
        }
        let facts = self.facts().into_iter().filter(|fact| !before.contains(fact)).collect();
        Told { signals, facts, shape: self.shape() }
    }

    /// What is known of the prospect by now.
    pub fn facts(&self) -> Vec<Fact> {
        self.facts_until(u32::MAX)
    }

    fn facts_until(&self, number: u32) -> Vec<Fact> {
        let mut facts: Vec<Fact> = Vec::new();
        let spoken = self.turns.iter().filter(|heard| heard.number < number).flat_map(|heard| &heard.facts);
        for fact in self.noted.iter().chain(&self.older.facts).chain(spoken) {
            match facts.iter_mut().find(|known| known.name == fact.name) {
                // What only follows does not take the place of what they said.
                Some(known) if weight(fact) < weight(known) => {}
                Some(known) if known.value == fact.value => {}
                Some(known) => *known = fact.clone(),
                None => facts.push(fact.clone()),
            }
        }
        facts
    }

    fn is_first_of_prospect(&self, number: u32) -> bool {
        let earlier = |heard: &Heard| heard.by == Speaker::Prospect && heard.number < number;
        self.older.prospect_turns == 0 && !self.turns.iter().any(earlier)
    }

    /// What the account tells as soon as they speak.
    fn by_account(&self, turn: &Turn) -> Vec<Signal> {
        let account = &self.context.account;
        let signal = |kind, strength, about: String| Signal {
            kind,
            strength,
            at: turn.until,
            turn: Some(turn.number),
            words: String::new(),
            about,
        };
        let mut signals = Vec::new();
        if self.tongue.important.tiers.iter().any(|tier| tier.eq_ignore_ascii_case(&account.tier)) {
            signals.push(signal(SignalKind::KnownAccount, 80, account.tier.clone()));
        }
        if let Some(seats) = account.seats.filter(|&seats| self.is_large(seats)) {
            signals.push(signal(SignalKind::LargeSize, 70, format!("{seats} seats")));
        }
        signals
    }

    fn is_large(&self, seats: u32) -> bool {
        self.tongue.important.seats.is_some_and(|large| seats >= large)
    }

    /// How the talk stands.
    fn shape(&self) -> Shape {
        let prospect =
            || self.turns.iter().filter(|h| h.by == Speaker::Prospect && h.wording == Wording::Final);
        let said_something = prospect().filter(|heard| heard.words > 0).count() as u32;
        let questions: usize = prospect().map(|heard| heard.asked.len()).sum();
        let prospect_turns = self.older.prospect_turns + said_something;
        let facts = self.facts();
        let signs = &self.tongue.qualification.signs;
        let (there, missing): (Vec<&FactName>, Vec<&FactName>) =
            signs.iter().partition(|name| facts.iter().any(|fact| fact.name == **name));
        let counts = |name: &FactName| {
            let least = match name {
                FactName::CompanySize => self.tongue.qualification.company_size,
                FactName::Budget => self.tongue.qualification.budget,
                _ => None,
            };
            let value = facts.iter().find(|fact| fact.name == *name).map_or("", |fact| fact.value.as_str());
            let known = value.split(' ').next().and_then(|first| first.parse::<u64>().ok());
            least.is_none_or(|least| known.is_some_and(|known| known >= least))
        };
        Shape {
            stage: self.stage(prospect_turns),
            prospect_turns,
            questions: self.older.questions + questions as u32,
            open_questions: self.open_questions(),
            qualified: there.into_iter().filter(|name| counts(name)).count() as u8,
            of: signs.len() as u8,
            missing: missing.into_iter().copied().collect(),
        }
    }

    fn stage(&self, prospect_turns: u32) -> StageOfTalk {
        let heard = self.turns.iter().filter(|h| h.wording == Wording::Final);
        let last = heard.clone().rev().find(|h| h.by == Speaker::Prospect);
        if last.is_some_and(|last| last.stage == StageOfTalk::Closing) {
            return StageOfTalk::Closing;
        }
        let told = heard.map(|h| h.stage).filter(|stage| *stage < StageOfTalk::Closing).max();
        let by_length = match prospect_turns {
            0..NEEDS_FROM => StageOfTalk::Opening,
            NEEDS_FROM..FIT_FROM => StageOfTalk::Needs,
            _ => StageOfTalk::Fit,
        };
        told.unwrap_or_default().max(self.older.stage).max(by_length)
    }

    /// What was asked and not answered, oldest first; what was asked again stands once, in its latest words.
    fn open_questions(&self) -> Vec<String> {
        let mut open: Vec<&crate::conversation::listening::Asked> = Vec::new();
        let mut fresh: Vec<&crate::conversation::listening::Asked> = Vec::new();
        for heard in &self.turns {
            match heard.by {
                Speaker::Prospect if heard.wording == Wording::Final => {
                    for asked in &heard.asked {
                        open.retain(|known| !asked.again || known.bag.shared(&asked.bag) < 2);
                    }
                    fresh.extend(&heard.asked);
                }
                Speaker::Assistant if heard.left_open => open.append(&mut fresh),
                Speaker::Assistant | Speaker::Rep => fresh.clear(),
                Speaker::Prospect => {}
            }
        }
        open.extend(fresh);
        let kept = open.len().saturating_sub(MOST_OPEN);
        open.into_iter().skip(kept).map(|asked| asked.words.clone()).collect()
    }

    /// Adds the oldest turn to what they add up to, once more are kept than are needed.
    fn forget(&mut self) {
        while self.turns.len() > KEPT {
            let Some(oldest) = self.turns.pop_front() else { return };
            self.older.until = oldest.number;
            self.older.stage = self.older.stage.max(oldest.stage.min(StageOfTalk::Terms));
            if oldest.by == Speaker::Prospect && oldest.wording == Wording::Final {
                self.older.prospect_turns += u32::from(oldest.words > 0);
                self.older.questions += oldest.asked.len() as u32;
            }
            for fact in oldest.facts {
                self.older.facts.retain(|known| known.name != fact.name || weight(known) > weight(&fact));
                if !self.older.facts.iter().any(|known| known.name == fact.name) {
                    self.older.facts.push(fact);
                }
            }
        }
    }
}

fn weight(fact: &Fact) -> u8 {
    match fact.standing {
        Standing::Inferred => 0,
        Standing::Confirmed => 1,
    }
}

/// Of what a partial turn tells, what more words cannot take back.
fn certain(turn: &Turn, signals: &[Signal], previous: Option<&Heard>) -> Vec<Signal> {
    let told_before = |signal: &Signal| {
        previous.is_some_and(|heard| {
            heard.signals.iter().any(|s| s.kind == signal.kind && s.about == signal.about)
        })
    };
    let gone_on = |signal: &Signal| {
        let behind = turn.words.split_once(signal.words.as_str()).map_or("", |(_, behind)| behind);
        !signal.words.is_empty()
            && (behind.contains(['.', '!', '?']) || behind.split_whitespace().count() >= WORDS_BEHIND)
    };
    let stands = |signal: &&Signal| {
        !WAITS.contains(&signal.kind)
            && (matches!(signal.kind, SignalKind::SensitiveSaid | SignalKind::AnnoyedStrongly)
                || signal.words.is_empty()
                || told_before(signal)
                || gone_on(signal))
    };
    signals.iter().filter(stands).cloned().collect()
}

/// What is only known once the turn is over.
const WAITS: [SignalKind; 8] = [
    SignalKind::Questioned,
    SignalKind::AskedAgain,
    SignalKind::MultiPart,
    SignalKind::OffKnowledge,
    SignalKind::RepeatedSelf,
    SignalKind::AssistantRepeated,
    SignalKind::Unanswered,
    SignalKind::Vague,
];

/// With so many words behind it, what was said in a partial turn is no beginning of something else.
const WORDS_BEHIND: usize = 6;

/// So many turns are kept: a quarter of an hour of quick talk.
const KEPT: usize = 96;

/// So many open questions are carried along, the latest.
const MOST_OPEN: usize = 5;

/// What the assistant notes is kept in so many letters.
const LONGEST_NOTE: usize = 200;

/// From the second turn of the prospect on they speak of what they need …
const NEEDS_FROM: u32 = 2;

/// … and from the fifth on of what we have for it.
const FIT_FROM: u32 = 5;

#[cfg(test)]
#[path = "understanding_tests.rs"]
mod tests;
