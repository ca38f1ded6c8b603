//! The assistant's part in a call: it is dialled, keeps the prospect company, breaks, finishes.

#![warn(clippy::wildcard_enum_match_arm)]

use crate::call::assistant::{Assistant, AssistantFault};
use crate::call::call::Call;
use crate::call::effect::Effect;
use crate::handoff::Input;
use crate::time::CallTime;

impl Call {
    pub(super) fn dial_assistant(
        &mut self,
        broken_since: Option<CallTime>,
        tries: u32,
        effects: &mut Vec<Effect>,
    ) {
        self.dialled += 1;
        self.assistant = Assistant::Dialling { broken_since, tries };
        effects.push(Effect::DialAssistant { time: self.dialled });
    }

    pub(super) fn assistant_connected(&mut self, at: CallTime) {
        if let Assistant::Dialling { broken_since, tries } = self.assistant {
            self.assistant = if self.rep_has_prospect() {
                Assistant::Parked { until: at + self.terms.assistant.keep_after_bridge }
            } else {
                Assistant::here(at, broken_since.map(|since| (since, tries)))
            };
        }
    }

    pub(super) fn assistant_broke(&mut self, at: CallTime, fault: AssistantFault, effects: &mut Vec<Effect>) {
        match self.assistant {
            Assistant::Parked { .. } => self.assistant = Assistant::Released,
            Assistant::Here { .. } | Assistant::Dialling { .. } => {
                if fault == AssistantFault::Mute {
                    effects.push(Effect::CloseAssistant { fault: Some(fault) });
                }
                self.assistant = self.assistant.broke(at, &self.terms.assistant);
                self.assistant_paused(at, effects);
            }
            Assistant::NotYet
            | Assistant::Waiting { .. }
            | Assistant::Released
            | Assistant::Finished
            | Assistant::GivenUp => {}
        }
    }

    pub(super) fn assistant_finished(&mut self, at: CallTime, effects: &mut Vec<Effect>) {
        match self.assistant {
            Assistant::Here { .. } | Assistant::Dialling { .. } => {
                effects.push(Effect::CloseAssistant { fault: None });
                self.assistant = Assistant::Finished;
                self.assistant_paused(at, effects);
            }
            Assistant::Parked { .. } => {
                effects.push(Effect::CloseAssistant { fault: None });
                self.assistant = Assistant::Released;
            }
            Assistant::NotYet
            | Assistant::Waiting { .. }
            | Assistant::Released
            | Assistant::Finished
            | Assistant::GivenUp => {}
        }
    }

    pub(super) fn assistant_paused(&mut self, at: CallTime, effects: &mut Vec<Effect>) {
        self.assistant_speaks = false;
        self.tell_handoff(at, Input::AssistantPaused, effects);
    }
}
