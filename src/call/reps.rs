//! The reps' part in a call: somebody asks for one, they ring, answer, say yes, are heard.

#![warn(clippy::wildcard_enum_match_arm)]

use crate::call::alone::Alone;
use crate::call::assistant::Assistant;
use crate::call::call::Call;
use crate::call::effect::Effect;
use crate::call::event::Heard;
use crate::handoff::{End, Handoff, Input, Phrase, Sounds, Stage};
use crate::id::{AttemptId, LegId, RepId};
use crate::time::CallTime;

impl Call {
    pub(super) fn person_asked(&mut self, at: CallTime, effects: &mut Vec<Effect>) {
        if matches!(self.stage(), Some(Stage::Proposing { .. })) {
            self.tell_handoff(at, Input::Agreed, effects);
            return;
        }
        if !self.prospect_is_here() || self.handoff_is_open() {
            return;
        }
        self.handoffs += 1;
        let speaks = self.assistant_speaks && self.assistant.audible();
        let reps = self.terms.reps.clone();
        let (handoff, actions) = Handoff::begin(at, self.terms.handoff.clone(), reps, self.attempts, speaks);
        self.handoff = Some(handoff);
        self.perform(actions, effects);
    }

    pub(super) fn key_pressed(&mut self, at: CallTime, leg: LegId, key: char, effects: &mut Vec<Effect>) {
        match leg {
            LegId::Prospect => {
                if self.hearing.assistant.has(Sounds::PROSPECT) && self.assistant.audible() {
                    effects.push(Effect::PassKey(key));
                }
                if self.terms.person_key == Some(key) {
                    self.person_asked(at, effects);
                }
            }
            LegId::Rep(attempt) => match (key, self.stage()) {
                ('1', _) => self.tell_handoff(at, Input::Accepted(attempt), effects),
                ('2', _) => self.tell_handoff(at, Input::Passed(attempt), effects),
                (_, Some(Stage::Offering { attempt: asked })) if *asked == attempt => {
                    effects.push(Effect::Say { leg, phrase: Phrase::NotUnderstood });
                }
                (_, Some(Stage::Briefing { .. })) => {
                    self.tell_handoff(at, Input::Briefed(attempt), effects);
                }
                _pressed_for_nothing => {}
            },
            LegId::Assistant => {}
        }
    }

    pub(super) fn rep_reserved(
        &mut self,
        at: CallTime,
        attempt: AttemptId,
        rep: RepId,
        effects: &mut Vec<Effect>,
    ) {
        if matches!(self.stage(), Some(Stage::Seeking { attempt: sought, .. }) if *sought == attempt) {
            self.tell_handoff(at, Input::RepReserved { attempt, rep }, effects);
        } else if self.handoff.as_ref().and_then(Handoff::attempt).is_none_or(|a| a.id != attempt) {
            // The store answered when nobody waited for it any longer.
            effects.push(withdrawn(attempt));
        }
    }

    pub(super) fn rep_arrived(&mut self, at: CallTime, attempt: AttemptId, effects: &mut Vec<Effect>) {
        if self.stage().and_then(Stage::attempt) == Some(attempt) {
            self.tell_handoff(at, Input::Answered(attempt), effects);
            if self.rep_has_prospect() && !self.prospect_is_here() {
                // Whoever comes back to nobody is told at once.
                self.one_waits_alone = Alone::Since { told_at: at };
            }
        } else {
            effects.push(too_late(attempt));
        }
    }

    pub(super) fn played(&mut self, at: CallTime, leg: LegId, phrase: Phrase, effects: &mut Vec<Effect>) {
        let input = match (leg, phrase) {
            (LegId::Rep(attempt), Phrase::Offer | Phrase::NotUnderstood) => Input::Asked(attempt),
            (LegId::Rep(attempt), Phrase::Whisper) => Input::Briefed(attempt),
            (LegId::Rep(attempt), Phrase::Introduction) => Input::RepIntroduced(attempt),
            (LegId::Prospect, Phrase::Introduction) => Input::ProspectIntroduced,
            (LegId::Prospect, Phrase::RepLeft) => Input::ProspectTold,
            (LegId::Prospect, Phrase::Proposal) => Input::Proposed,
            (
                LegId::Rep(_),
                Phrase::Proposal
                | Phrase::RepLeft
                | Phrase::OneMoment
                | Phrase::ProspectLeft
                | Phrase::TooLate
                | Phrase::Withdrawn,
            )
            | (LegId::Prospect | LegId::Assistant, _) => return,
        };
        self.tell_handoff(at, input, effects);
    }

    pub(super) fn flowed(&mut self, at: CallTime, leg: LegId, hearing: u32, effects: &mut Vec<Effect>) {
        if let LegId::Rep(attempt) = leg {
            self.tell_handoff(at, Input::RepFlows(attempt), effects);
        }
        // Legs count hearings in 16 bits.
        if !self.is_bridging() || hearing != self.hearings % 65_536 {
            return;
        }
        match leg {
            LegId::Prospect => self.bridge_flows.0 = true,
            LegId::Rep(attempt) if self.hearing.on_line == Some(attempt) => self.bridge_flows.1 = true,
            LegId::Rep(_) | LegId::Assistant => {}
        }
        // The assistant stays able to go on until frames of both sides have crossed the bridge.
        if self.bridge_flows == (true, true)
            && let Assistant::Here { .. } = self.assistant
        {
            self.assistant = Assistant::Parked { until: at + self.terms.assistant.keep_after_bridge };
        }
    }

    pub(super) fn heard(&mut self, at: CallTime, leg: LegId, what: Heard, effects: &mut Vec<Effect>) {
        match (leg, what) {
            (LegId::Assistant, Heard::TurnBegan | Heard::TookTheFloor) => {
                self.assistant_speaks = true;
                if let Assistant::Here { owes_since, hung, .. } = &mut self.assistant {
                    (*owes_since, *hung) = (None, false);
                }
                if let Some(handoff) = &mut self.handoff {
                    handoff.assistant_spoke();
                }
            }
            (LegId::Assistant, Heard::TurnEnded) => self.assistant_paused(at, effects),
            (LegId::Prospect, Heard::TurnBegan) => {
                if let Assistant::Here { owes_since, hung: false, .. } = &mut self.assistant {
                    *owes_since = None;
                }
            }
            (LegId::Prospect, Heard::TurnEnded) => {
                // A word thrown in while the assistant speaks asks for no answer.
                let answers = self.hearing.assistant.has(Sounds::PROSPECT) && !self.assistant_speaks;
                if let Assistant::Here { owes_since: owes @ None, .. } = &mut self.assistant
                    && answers
                {
                    *owes = Some(at);
                }
            }
            (LegId::Prospect, Heard::TookTheFloor) => self.tell_handoff(at, Input::SpokeUp, effects),
            (LegId::Rep(attempt), Heard::TookTheFloor) if self.hearing.on_line == Some(attempt) => {
                self.tell_handoff(at, Input::SpokeUp, effects);
            }
            (LegId::Rep(_), _) => {}
        }
    }
}

/// A rep arrived whom nobody waits for any longer.
pub(super) fn too_late(attempt: AttemptId) -> Effect {
    Effect::Dismiss { attempt, last_words: Phrase::TooLate }
}

/// A rep was reserved whom nobody needs any longer.
pub(super) fn withdrawn(attempt: AttemptId) -> Effect {
    Effect::EndAttempt { attempt, end: End::Withdrawn, last_words: None }
}
