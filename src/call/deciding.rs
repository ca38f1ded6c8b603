//! Weighing what is heard: signals go to the engine, its decisions become handoffs or offers of a person, and what the prospect
//! then says is their answer.

#![warn(clippy::wildcard_enum_match_arm)]

use serde::{Deserialize, Serialize};

use crate::call::call::Call;
use crate::call::effect::{Decided, Effect, Follows};
use crate::call::event::{Felt, MoodHeard, Noted, Said};
use crate::conversation::{Fact, SignalKind, Speaker, Turn, Wording};
use crate::escalation::{
    Answer, Decision, Engine, Evidence, Reading, Reason, TriggerStanding, Urgency, VoiceReadings, proposal,
    voice_signals,
};
use crate::handoff::{Handoff, Input, Outcome, Pace, Proposal, Stage};
use crate::time::CallTime;

/// What decides in a call, from the first word or note on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Deciding {
    engine: Engine,
    facts: Vec<Fact>,
    /// The handoff whose outcome is the answer to the latest decision.
    answered_by: Option<u32>,
    /// What the latest decision stands on while that may still change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    early: Option<Early>,
}

/// Words that may still change, and on which a person was decided already.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Early {
    turn: u32,
    /// What they told that spoke for a person.
    told: Vec<SignalKind>,
}

impl Call {
    pub(super) fn said(&mut self, at: CallTime, said: &Said, effects: &mut Vec<Effect>) {
        if let Some(input) = self.corrected_by(said).or_else(|| self.answer_in(said)) {
            self.tell_handoff(at, input, effects);
            self.tell_engine_the_answer(at);
        }
        let deciding = self.deciding();
        deciding.keep(&said.facts);
        let decision = deciding.engine.said(&said.turn, &said.signals, &said.shape);
        if let Some(decision) = &decision {
            deciding.early = Early::of(&said.turn, decision);
        }
        self.decided(at, decision, effects);
    }

    pub(super) fn noted(&mut self, at: CallTime, noted: &Noted, effects: &mut Vec<Effect>) {
        let decision = self.deciding().engine.noticed(at, &noted.signals);
        self.decided(at, decision, effects);
    }

    pub(super) fn mood_heard(&mut self, at: CallTime, mood: &MoodHeard, effects: &mut Vec<Effect>) {
        let reading =
            |felt: Option<Felt>| felt.map(|felt| Reading { value: felt.value, confidence: felt.confidence });
        let shown = VoiceReadings {
            activation: reading(mood.activation),
            frustration: reading(mood.frustration),
            interest: reading(mood.interest),
            hesitation: reading(mood.hesitation),
        };
        let decision = self.deciding().engine.noticed(at, &voice_signals(at, shown));
        self.decided(at, decision, effects);
    }

    /// Somebody wants the prospect to be offered a person.
    pub(super) fn person_proposed(&mut self, at: CallTime, pace: Pace, effects: &mut Vec<Effect>) {
        // Nothing is offered that nobody could give.
        if !self.prospect_is_here() || self.handoff_is_open() || self.terms.reps.is_empty() {
            return;
        }
        self.handoffs += 1;
        let speaks = self.assistant_speaks && self.assistant.audible();
        let (policy, reps) = (self.terms.handoff.clone(), self.terms.reps.clone());
        let (handoff, actions) = Handoff::propose(at, policy, reps, self.attempts, speaks, pace);
        self.handoff = Some(handoff);
        self.perform(actions, effects);
    }

    /// Somebody says what the prospect answered to the offer of a person.
    pub(super) fn proposal_answered(&mut self, at: CallTime, answer: Answer, effects: &mut Vec<Effect>) {
        let input = match answer {
            Answer::Agreed => Input::Agreed,
            Answer::Refused => Input::Refused,
            Answer::NoAnswer => Input::NotAnswered,
            Answer::CalledOff => Input::CalledOff,
        };
        self.tell_handoff(at, input, effects);
    }

    /// Where a decision waits for the handoff that it began, and that has come to rest, the outcome is its answer.
    pub(super) fn tell_engine_the_answer(&mut self, at: CallTime) {
        let Some(outcome) = self.handoff.as_ref().and_then(Handoff::outcome) else { return };
        let Some(deciding) = &mut self.deciding else { return };
        if deciding.answered_by.take_if(|number| *number == self.handoffs).is_none() {
            return;
        }
        deciding.engine.answered(at, answer_of(outcome));
    }

    /// How near each trigger is to a decision, and what holds it back.
    pub fn standings(&self, at: CallTime) -> Vec<TriggerStanding> {
        self.deciding.as_ref().map_or_else(Vec::new, |deciding| deciding.engine.standings(at))
    }

    /// Whether the house voice has a question to the prospect, so that the assistant's answer is not waited for.
    pub(super) fn house_asks(&self) -> bool {
        matches!(self.stage(), Some(Stage::Proposing { proposal: Proposal::IsSaid | Proposal::IsAsked, .. }))
    }

    fn deciding(&mut self) -> &mut Deciding {
        let terms = &self.terms;
        self.deciding.get_or_insert_with(|| {
            let engine = Engine::new(terms.escalation.clone(), &terms.context);
            Box::new(Deciding { engine, facts: Vec::new(), answered_by: None, early: None })
        })
    }

    fn decided(&mut self, at: CallTime, decision: Option<Decision>, effects: &mut Vec<Effect>) {
        let Some(decision) = decision else { return };
        let next = self.what_follows(&decision);
        // The assistant is not to offer what nobody can give.
        let nobody =
            self.terms.reps.is_empty() && matches!(next, Follows::RepSought | Follows::NobodyCouldCome);
        let words = if nobody { String::new() } else { self.words_for(&decision) };
        let urgency = decision.urgency;
        effects.push(Effect::Decide(Box::new(Decided { decision, words, next: Some(next) })));
        let handoffs_before = self.handoffs;
        match (next, urgency) {
            (Follows::RepSought, _) => self.person_asked(at, effects),
            (Follows::Offered, Urgency::Immediate) => self.person_proposed(at, Pace::AtOnce, effects),
            (Follows::Offered, _) => self.person_proposed(at, Pace::AtTheNextPause, effects),
            (
                Follows::HandoffGoesOn
                | Follows::NobodyCouldCome
                | Follows::ProspectIsAway
                | Follows::AssistantAsks
                | Follows::FollowedUp,
                _,
            ) => {}
        }
        let answering = (self.handoffs > handoffs_before || self.handoff_is_open()).then_some(self.handoffs);
        let Some(deciding) = &mut self.deciding else { return };
        match urgency {
            Urgency::Immediate | Urgency::Normal if answering.is_some() => {
                deciding.answered_by = answering;
            }
            Urgency::Immediate | Urgency::Normal => deciding.engine.answered(at, Answer::NoAnswer),
            // Nobody waits for an answer to these: the prospect was asked nothing.
            Urgency::AskFirst | Urgency::Nurture => {}
        }
    }

    /// What is done about a decision.
    fn what_follows(&self, decision: &Decision) -> Follows {
        let asked_for = matches!(decision.reason, Reason::ExplicitRequest | Reason::HumanOnlyTopic);
        match decision.urgency {
            Urgency::AskFirst => Follows::AssistantAsks,
            Urgency::Nurture => Follows::FollowedUp,
            Urgency::Immediate | Urgency::Normal if !self.prospect_is_here() => Follows::ProspectIsAway,
            Urgency::Immediate if asked_for => match self.stage() {
                Some(Stage::Proposing { .. }) => Follows::RepSought,
                _ if self.handoff_is_open() => Follows::HandoffGoesOn,
                _ => Follows::RepSought,
            },
            Urgency::Immediate | Urgency::Normal if self.handoff_is_open() => Follows::HandoffGoesOn,
            Urgency::Immediate | Urgency::Normal if self.terms.reps.is_empty() => Follows::NobodyCouldCome,
            Urgency::Immediate | Urgency::Normal => Follows::Offered,
        }
    }

    fn words_for(&self, decision: &Decision) -> String {
        let (language, own) = (&self.terms.context.language, &self.terms.escalation.words);
        let facts = self.deciding.as_ref().map_or(&[][..], |deciding| &deciding.facts);
        proposal(decision, facts, language, own)
    }

    /// A person was decided on early, by words that have turned out to be others: then nobody asked for one.
    fn corrected_by(&mut self, said: &Said) -> Option<Input> {
        let early = self.deciding.as_mut()?.early.take_if(|early| early.turn == said.turn.number)?;
        if said.turn.wording == Wording::Partial {
            self.deciding.as_mut()?.early = Some(early);
            return None;
        }
        if said.signals.iter().any(|signal| early.told.contains(&signal.kind)) {
            return None;
        }
        match self.handoff.as_ref()?.stage() {
            Stage::Proposing { .. }
            | Stage::Seeking { .. }
            | Stage::Offering { .. }
            | Stage::Joining { .. } => Some(Input::CalledOff),
            // A rep is there already; what they make of it is theirs.
            Stage::Briefing { .. }
            | Stage::Cutting { .. }
            | Stage::Introducing { .. }
            | Stage::Bridging { .. }
            | Stage::Rejoining { .. }
            | Stage::Recovering { .. }
            | Stage::Over(_) => None,
        }
    }

    /// What this turn means to the handoff that is open, if anything.
    fn answer_in(&self, said: &Said) -> Option<Input> {
        let turn = &said.turn;
        if turn.by != Speaker::Prospect || turn.wording != Wording::Final {
            return None;
        }
        let tells = |kinds: &[SignalKind]| said.signals.iter().any(|signal| kinds.contains(&signal.kind));
        let asks = tells(&[SignalKind::AskedForPerson]);
        let yes = asks || tells(&[SignalKind::SaidYes]);
        let takes_back = tells(&[SignalKind::WantsNoPerson, SignalKind::NeverMind]);
        let no = takes_back || tells(&[SignalKind::SaidNo]);
        let handoff = self.handoff.as_ref()?;
        match handoff.stage() {
            // Not offered yet: only who asks for a person by themselves has answered.
            Stage::Proposing { proposal: Proposal::AwaitsTurn | Proposal::AwaitsGap, .. } => {
                (asks && !no).then_some(Input::Agreed)
            }
            // What was said before the offer answers something else.
            Stage::Proposing { .. } if handoff.offered_since().is_none_or(|since| turn.from < since) => None,
            Stage::Proposing { proposal, .. } => match (yes, no) {
                (true, false) => Some(Input::Agreed),
                (false, true) => Some(Input::Refused),
                // Whoever goes on about something else is not kept from the assistant.
                (false, false) if turn.words.split_whitespace().count() >= MORE_THAN_A_SOUND => {
                    (*proposal == Proposal::IsAsked).then_some(Input::NotAnswered)
                }
                (true, true) | (false, false) => None,
            },
            Stage::Seeking { .. } | Stage::Offering { .. } | Stage::Joining { .. } => {
                (takes_back && !yes).then_some(Input::CalledOff)
            }
            Stage::Briefing { .. }
            | Stage::Cutting { .. }
            | Stage::Introducing { .. }
            | Stage::Bridging { .. }
            | Stage::Rejoining { .. }
            | Stage::Recovering { .. }
            | Stage::Over(_) => None,
        }
    }
}

impl Early {
    /// What of this decision stands on this turn, if its words may still change.
    fn of(turn: &Turn, decision: &Decision) -> Option<Self> {
        let here = |evidence: &&Evidence| evidence.weighed > 0 && evidence.signal.turn == Some(turn.number);
        let told = || decision.evidence.iter().filter(here).map(|evidence| evidence.signal.kind).collect();
        (turn.wording == Wording::Partial).then(|| Self { turn: turn.number, told: told() })
    }
}

impl Deciding {
    /// Of each kind of fact the latest counts.
    fn keep(&mut self, facts: &[Fact]) {
        for fact in facts {
            self.facts.retain(|known| known.name != fact.name);
            self.facts.push(fact.clone());
        }
    }
}

/// What this outcome of the handoff says of the decision that began it.
pub fn answer_of(outcome: &Outcome) -> Answer {
    match outcome {
        Outcome::Declined => Answer::Refused,
        Outcome::CalledOff => Answer::CalledOff,
        Outcome::Unanswered | Outcome::ReturnedToAssistant { .. } => Answer::NoAnswer,
        Outcome::HandedOver { .. } | Outcome::Abandoned | Outcome::CutShort { .. } => Answer::Agreed,
    }
}

/// "Um", "what was that": these are not about something else.
const MORE_THAN_A_SOUND: usize = 4;

#[cfg(test)]
#[path = "deciding_tests.rs"]
mod tests;
