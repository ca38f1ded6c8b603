//! What the prospect's words mean to an offer of a person, and to the search for one.

#![warn(clippy::wildcard_enum_match_arm)]

use crate::call::call::Call;
use crate::call::effect::Effect;
use crate::call::event::Said;
use crate::conversation::{SignalKind, Speaker, Wording};
use crate::escalation::Answer;
use crate::handoff::{Handoff, Input, Pace, Proposal, Stage};
use crate::time::CallTime;

impl Call {
    /// Somebody wants the prospect to be offered a person.
    pub(super) fn person_proposed(&mut self, at: CallTime, pace: Pace, effects: &mut Vec<Effect>) {
        if !self.prospect_is_here() || self.handoff_is_open() {
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

    pub(super) fn said(&mut self, at: CallTime, said: &Said, effects: &mut Vec<Effect>) {
        if let Some(input) = self.answer_in(said) {
            self.tell_handoff(at, input, effects);
        }
    }

    /// What this turn means to the handoff that is open, if anything.
    fn answer_in(&self, said: &Said) -> Option<Input> {
        let turn = &said.turn;
        if turn.by != Speaker::Prospect || turn.wording != Wording::Final {
            return None;
        }
        let tells = |kinds: &[SignalKind]| said.signals.iter().any(|signal| kinds.contains(&signal.kind));
        let yes = tells(&[SignalKind::SaidYes, SignalKind::AskedForPerson]);
        let takes_back = tells(&[SignalKind::WantsNoPerson, SignalKind::NeverMind]);
        let no = takes_back || tells(&[SignalKind::SaidNo]);
        let handoff = self.handoff.as_ref()?;
        match handoff.stage() {
            Stage::Proposing { proposal, .. } => {
                let asks = tells(&[SignalKind::AskedForPerson]);
                match proposal {
                    // Not offered yet: only who asks for a person by themselves has answered.
                    Proposal::AwaitsTurn | Proposal::AwaitsGap => (asks && !no).then_some(Input::Agreed),
                    Proposal::IsSaid | Proposal::IsAsked | Proposal::IsLeftToAssistant => {
                        // What was said before the offer answers something else.
                        if handoff.offered_since().is_none_or(|since| turn.from < since) {
                            return None;
                        }
                        match (yes, no) {
                            (true, false) => Some(Input::Agreed),
                            (false, true) => Some(Input::Refused),
                            // Whoever goes on about something else is not kept from the assistant.
                            (false, false) if turn.words.split_whitespace().count() >= MORE_THAN_A_SOUND => {
                                (*proposal == Proposal::IsAsked).then_some(Input::NotAnswered)
                            }
                            (true, true) | (false, false) => None,
                        }
                    }
                }
            }
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

    /// Whether the house voice has a question to the prospect, so that the assistant's answer is not waited for.
    pub(super) fn house_asks(&self) -> bool {
        matches!(self.stage(), Some(Stage::Proposing { proposal: Proposal::IsSaid | Proposal::IsAsked, .. }))
    }
}

/// "Um", "what was that": these are not about something else.
const MORE_THAN_A_SOUND: usize = 4;
