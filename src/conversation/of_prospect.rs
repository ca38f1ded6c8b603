//! What a turn of the prospect tells: what its phrases mean, what it asks, answers, counts and says again.

use crate::conversation::bearing::Bearing;
use crate::conversation::facts;
use crate::conversation::listening::{Asked, Heard, Listening, REPEATS_FROM, SAME, Words, add};
use crate::conversation::meaning::{Grammar, Meaning};
use crate::conversation::questions::{Question, asked};
use crate::conversation::rules::Found;
use crate::conversation::sensitive::{ReadOut, read_out};
use crate::conversation::signal::SignalKind;
use crate::conversation::text::Pause;
use crate::conversation::turn::{FactName, Speaker};

impl Listening<'_> {
    /// Everything that it tells, in whatever order.
    pub(crate) fn of_prospect(&self, said: &Words<'_>, heard: &mut Heard) {
        let bearing = Bearing::new(said.text, said.found);
        self.by_phrases(said, &bearing, heard);
        self.by_numbers(said, &bearing, heard);
        self.by_sense(said, &bearing, heard);
        self.by_answer(said, &bearing, heard);
        self.by_questions(said, heard);
        self.by_repetition(heard);
        heard.facts = facts::told(self, said, &bearing);
        for (what, _, _) in read_out(self.tongue, said.text) {
            if let Some((name, value)) = facts::read_out(&what) {
                heard.facts.push(facts::confirmed(name, value, self.turn.number));
            } else if what == ReadOut::Card {
                heard.signals.push(self.signal(SignalKind::SensitiveSaid, 95, "", "card number"));
            }
        }
        self.by_evasion(heard);
    }

    /// The signals of phrases, the strongest of each kind and matter.
    fn by_phrases(&self, said: &Words<'_>, bearing: &Bearing<'_>, heard: &mut Heard) {
        let glad = bearing.has(Grammar::Joy) || bearing.has(Grammar::NotAtUs);
        let mut ends: Vec<(SignalKind, usize)> = Vec::new();
        for found in said.found {
            let Some(Meaning::Signal(kind)) = bearing.meaning(found) else { continue };
            let cross = matches!(kind, SignalKind::AnnoyedMildly | SignalKind::AnnoyedStrongly);
            if cross && glad {
                continue;
            }
            let about = match found.took {
                Some((from, to)) if kind == SignalKind::CompetitorNamed => self.stretch(said, from, to),
                _ => found.spoken.about.as_str(),
            };
            let words = self.stretch(said, found.from, found.to);
            add(&mut heard.signals, self.signal(kind, found.spoken.strength, words, about));
            ends.push((kind, found.from));
        }
        // "Can I talk to, oh, never mind": what came before it is taken back.
        let taken_back =
            ends.iter().filter(|(kind, _)| *kind == SignalKind::NeverMind).map(|&(_, at)| at).max();
        if let Some(at) = taken_back {
            let stands = |kind: SignalKind| ends.iter().any(|&(k, from)| k == kind && from > at);
            heard.signals.retain(|signal| !CAN_BE_TAKEN_BACK.contains(&signal.kind) || stands(signal.kind));
        }
        // Who says that they need nobody, and then asks for somebody, asks.
        let last = |kind| ends.iter().filter(|(k, _)| *k == kind).map(|&(_, at)| at).max();
        if let (Some(none), Some(wanted)) =
            (last(SignalKind::WantsNoPerson), last(SignalKind::AskedForPerson))
        {
            let dropped = if wanted > none { SignalKind::WantsNoPerson } else { SignalKind::AskedForPerson };
            heard.signals.retain(|signal| signal.kind != dropped);
        }
        self.by_depth(said, heard);
    }

    /// Words of the trade, numbers and conditions: how deep it goes.
    fn by_depth(&self, said: &Words<'_>, heard: &mut Heard) {
        let deep: Vec<&Found<'_>> =
            said.found.iter().filter(|f| f.spoken.meaning == Meaning::Grammar(Grammar::Deep)).collect();
        let mut terms: Vec<&str> = deep.iter().map(|f| f.spoken.about.as_str()).collect();
        terms.sort_unstable();
        terms.dedup();
        let (Some(first), Some(last)) = (deep.first(), deep.iter().map(|f| f.to).max()) else { return };
        let weight = terms.len() * DEPTH_OF_TERM
            + said.numbers.len().min(3) * DEPTH_OF_NUMBER
            + said.text.len().min(60) / 10 * DEPTH_OF_TEN_WORDS;
        if terms.len() >= 2 || weight >= DEEP {
            let strength = (weight + 20).min(100) as u8;
            let words = self.stretch(said, first.from, last);
            add(&mut heard.signals, self.signal(SignalKind::Deep, strength, words, &terms.join(", ")));
        }
    }

    /// Yes or no to what the assistant asked last.
    fn by_answer(&self, said: &Words<'_>, bearing: &Bearing<'_>, heard: &mut Heard) {
        let Some(last) = self.before.iter().rev().take(2).find(|heard| heard.by == Speaker::Assistant) else {
            return;
        };
        if !last.lead.asks_yes_or_no && !last.lead.offers_person {
            return;
        }
        let answers = |what: Grammar| {
            let clauses = bearing.all(what).filter(|found| {
                said.text.pause_before(found.from) > Pause::None || found.from < ANSWER_WITHIN
            });
            clauses.min_by_key(|found| found.from)
        };
        let about = if last.lead.offers_person { "a person" } else { "a question" };
        let has = |kind| heard.signals.iter().any(|signal| signal.kind == kind);
        let not_now = has(SignalKind::NotNow) || has(SignalKind::WantsNoPerson) || has(SignalKind::NeverMind);
        let (yes, no) = (answers(Grammar::Yes), answers(Grammar::No));
        let refused = match (yes, no) {
            (None, None) => return,
            (Some(yes), Some(no)) => no.from < yes.from || last.lead.offers_person && not_now,
            (None, Some(_)) => true,
            (Some(_), None) => last.lead.offers_person && not_now,
        };
        let refused = refused && !(last.lead.offers_person && has(SignalKind::AskedForPerson));
        if refused && last.lead.offers_person {
            // "Not now" to the offer of a person puts off the person, not the need.
            heard.signals.retain(|s| s.kind != SignalKind::NotNow || s.words.len() > SHORT_NOT_NOW);
        }
        let found = if refused { no.or(yes) } else { yes.or(no) };
        let words = found.map_or("", |found| self.stretch(said, found.from, found.to));
        let kind = if refused { SignalKind::SaidNo } else { SignalKind::SaidYes };
        let strength = found.map_or(80, |found| found.spoken.strength);
        add(&mut heard.signals, self.signal(kind, strength, words, about));
    }

    /// What they stay vague about, where the assistant asked for it.
    fn by_evasion(&self, heard: &mut Heard) {
        let last = self.before.iter().rev().take(2).find(|heard| heard.by == Speaker::Assistant);
        let asked = last.and_then(|last| last.lead.asks.iter().find(|fact| TELLING.contains(fact)));
        let vague = heard.signals.iter_mut().find(|signal| signal.kind == SignalKind::Vague);
        if let (Some(fact), Some(vague)) = (asked, vague) {
            fact.word().clone_into(&mut vague.about);
            vague.strength = vague.strength.saturating_add(20).min(100);
        }
    }

    fn by_questions(&self, said: &Words<'_>, heard: &mut Heard) {
        let questions = asked(self.tongue, said.text, said.found);
        let earlier: Vec<&Asked> = self
            .before
            .iter()
            .filter(|heard| heard.by == Speaker::Prospect)
            .flat_map(|heard| &heard.asked)
            .collect();
        for question in &questions {
            let words = self.stretch(said, question.from, question.to);
            let strength = if question.marked { 90 } else { 70 };
            let mut again = 0;
            for known in &earlier {
                let likeness = question.bag.likeness(&known.bag);
                if question.bag.shared(&known.bag) >= 2 && likeness >= ALIKE {
                    again = again.max(likeness);
                }
            }
            let signal = self.signal(SignalKind::Questioned, strength, words, "");
            add(&mut heard.signals, signal);
            if again > 0 {
                let times = earlier.iter().filter(|known| question.bag.likeness(&known.bag) >= ALIKE).count();
                let strength = (again / 2 + 20 * times + 10).min(100) as u8;
                add(&mut heard.signals, self.signal(SignalKind::AskedAgain, strength, words, ""));
            }
            if self.is_off_knowledge(said, question) {
                add(&mut heard.signals, self.signal(SignalKind::OffKnowledge, 60, words, ""));
            }
            let words = words.chars().take(LONGEST_QUESTION).collect();
            heard.asked.push(Asked { words, bag: question.bag.clone(), again: again > 0 });
        }
        if questions.len() >= 2 {
            let words = self.stretch(said, questions[0].from, questions[questions.len() - 1].to);
            let strength = (25 + 20 * questions.len()).min(100) as u8;
            add(&mut heard.signals, self.signal(SignalKind::MultiPart, strength, words, ""));
        }
    }

    fn is_off_knowledge(&self, said: &Words<'_>, question: &Question) -> bool {
        let known = &self.tongue.knowledge;
        let stems = || (question.from..question.to).map(|place| said.text.stem(place));
        !known.is_empty() && question.bag.len() >= 2 && !stems().any(|stem| known.contains(stem))
    }

    /// Numbers of what is counted, where they are large.
    fn by_numbers(&self, said: &Words<'_>, bearing: &Bearing<'_>, heard: &mut Heard) {
        for number in said.numbers {
            let Some((unit, to)) = self.tongue.counting.unit(said.text, number) else { continue };
            let Some(large) = unit.large.filter(|large| number.value >= *large) else { continue };
            let spoken = said.found.iter().find(|found| found.from <= number.from && found.to >= number.to);
            if spoken.is_some_and(|found| bearing.told_of_others(found)) {
                continue;
            }
            let twices = (number.value / large.max(1)).ilog2().min(3) as u8;
            let words = self.stretch(said, number.from, to);
            let about = format!("{} {}", number.value, unit.name);
            add(&mut heard.signals, self.signal(SignalKind::LargeSize, 65 + 12 * twices, words, &about));
        }
        // What was counted says it better than a phrase about it.
        if heard.signals.iter().any(|signal| signal.kind == SignalKind::LargeSize && !signal.about.is_empty())
        {
            heard.signals.retain(|signal| signal.kind != SignalKind::LargeSize || !signal.about.is_empty());
        }
        let sizes = || heard.signals.iter().filter(|signal| signal.kind == SignalKind::LargeSize);
        if sizes().count() > 1 {
            let large = heard.signals.iter_mut().filter(|signal| signal.kind == SignalKind::LargeSize);
            large.for_each(|signal| signal.strength = signal.strength.saturating_add(LARGE_TWICE).min(100));
        }
    }

    /// The prospect says again what they said.
    fn by_repetition(&self, heard: &mut Heard) {
        if heard.bag.len() < REPEATS_FROM || !heard.asked.is_empty() {
            return;
        }
        let earlier = self.before.iter().filter(|earlier| {
            earlier.by == Speaker::Prospect && earlier.bag.len() >= REPEATS_FROM && earlier.asked.is_empty()
        });
        let same = earlier.map(|earlier| heard.bag.sameness(&earlier.bag)).max().unwrap_or(0);
        if same >= SAME {
            let signal = self.signal(SignalKind::RepeatedSelf, same.min(100) as u8, &self.turn.words, "");
            add(&mut heard.signals, signal);
        }
    }
}

/// What tells whether somebody is worth a person's time.
const TELLING: [FactName; 4] = [FactName::CompanySize, FactName::Role, FactName::Timeline, FactName::UseCase];

/// What "never mind" takes back.
pub(crate) const CAN_BE_TAKEN_BACK: [SignalKind; 8] = [
    SignalKind::AskedForPerson,
    SignalKind::PricingAsked,
    SignalKind::Negotiates,
    SignalKind::BuyingQuestion,
    SignalKind::BuyingIntent,
    SignalKind::MeetingWanted,
    SignalKind::ExceptionAsked,
    SignalKind::CustomNeed,
];

/// A yes or no stands among the first words of an answer, or begins a clause.
const ANSWER_WITHIN: usize = 4;

/// "Not right now" has so many letters; whoever says when, says more.
const SHORT_NOT_NOW: usize = 14;

/// Questions of which so much is the same are one, in hundredths of the shorter.
const ALIKE: usize = 70;

/// What a word of the trade, a number and ten words more add to the depth of a turn.
const DEPTH_OF_TERM: usize = 18;

const DEPTH_OF_NUMBER: usize = 6;

const DEPTH_OF_TEN_WORDS: usize = 4;

/// So deep is deep with a single word of the trade.
const DEEP: usize = 45;

/// Who is large in two ways is larger.
const LARGE_TWICE: u8 = 12;

/// A question is kept in so many letters.
const LONGEST_QUESTION: usize = 160;
