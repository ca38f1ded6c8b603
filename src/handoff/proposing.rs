//! Offering the prospect a person before one is sought: by the house voice at a good moment, or left to the assistant.
//!
//! A question that is not answered is no refusal. The house voice asks where nobody is in the middle of a word: at the
//! assistant's next gap when it presses, after the assistant has had its say when it does not.

use serde::{Deserialize, Serialize};

use crate::handoff::action::{Action, Phrase};
use crate::handoff::input::Input;
use crate::handoff::machine::{Handoff, SAYING};
use crate::handoff::outcome::Outcome;
use crate::handoff::policy::{Policy, Proposer};
use crate::handoff::stage::Stage;
use crate::id::RepId;
use crate::time::CallTime;

/// How far the offer of a person is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proposal {
    /// The assistant is let have its say first: it owes the prospect an answer.
    AwaitsTurn,
    /// The assistant speaks, and its next gap is awaited.
    AwaitsGap,
    /// The house voice is saying it.
    IsSaid,
    /// It was said, and the prospect's answer is awaited.
    IsAsked,
    /// The assistant was asked to say it in its own words.
    IsLeftToAssistant,
}

/// How much an offer presses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pace {
    /// It is made at the next gap.
    AtOnce,
    /// It is made when the assistant has had its say.
    AtTheNextPause,
}

impl Handoff {
    /// Begins with the question whether the prospect would like a person.
    pub fn propose(
        at: CallTime,
        policy: Policy,
        reps: Vec<RepId>,
        attempts_made: u32,
        assistant_speaks: bool,
        pace: Pace,
    ) -> (Self, Vec<Action>) {
        let mut actions = Vec::new();
        let (patience, pause) = (policy.patience, policy.pause);
        let mut handoff = Self::new(at, policy, reps, attempts_made, assistant_speaks);
        let wait = |proposal, span| Stage::Proposing { proposal, until: at + span };
        match (handoff.policy.proposes, pace, assistant_speaks) {
            (Proposer::Assistant, _, _) => {
                handoff.stage = wait(Proposal::IsLeftToAssistant, handoff.policy.propose + SAYING);
            }
            (Proposer::House, Pace::AtOnce, true) => handoff.stage = wait(Proposal::AwaitsGap, patience),
            (Proposer::House, Pace::AtOnce, false) => handoff.say_proposal(at, &mut actions),
            (Proposer::House, Pace::AtTheNextPause, true) => {
                handoff.stage = wait(Proposal::AwaitsGap, pause);
            }
            (Proposer::House, Pace::AtTheNextPause, false) => {
                handoff.stage = wait(Proposal::AwaitsTurn, pause);
            }
        }
        (handoff, actions)
    }

    pub(super) fn proposing(
        &mut self,
        at: CallTime,
        proposal: Proposal,
        input: &Input,
        actions: &mut Vec<Action>,
    ) {
        match (input, proposal) {
            (Input::Agreed, _) => {
                self.seeks_since = at;
                self.seek(at, actions);
            }
            (Input::Refused, _) => self.rest(Outcome::Declined, actions),
            (Input::NotAnswered, Proposal::IsAsked | Proposal::IsLeftToAssistant) => {
                self.rest(Outcome::Unanswered, actions);
            }
            (Input::AssistantPaused, Proposal::AwaitsGap)
            | (Input::ProspectBack, Proposal::IsSaid | Proposal::IsAsked) => self.say_proposal(at, actions),
            (Input::Proposed, Proposal::IsSaid) => {
                let until = at + self.policy.propose;
                self.stage = Stage::Proposing { proposal: Proposal::IsAsked, until };
            }
            _late_or_of_another_stage => {}
        }
    }

    /// The assistant speaks: it has its say, and the offer comes at the gap after it.
    pub(super) fn proposal_waits_for_assistant(&mut self) {
        if let Stage::Proposing { proposal: proposal @ Proposal::AwaitsTurn, .. } = &mut self.stage {
            *proposal = Proposal::AwaitsGap;
        }
    }

    pub(super) fn proposal_is_due(&mut self, at: CallTime, proposal: Proposal, actions: &mut Vec<Action>) {
        match proposal {
            Proposal::AwaitsTurn | Proposal::AwaitsGap => self.say_proposal(at, actions),
            // Its mark was lost; it was said all the same.
            Proposal::IsSaid => {
                let until = at + self.policy.propose;
                self.stage = Stage::Proposing { proposal: Proposal::IsAsked, until };
            }
            Proposal::IsAsked | Proposal::IsLeftToAssistant => self.rest(Outcome::Unanswered, actions),
        }
    }

    /// Whether the offer had been made is not known after a kill: it is made again, or left to the assistant as before.
    pub(super) fn proposal_came_back(&mut self, at: CallTime, proposal: Proposal) {
        let (proposal, span) = match proposal {
            Proposal::IsLeftToAssistant => (proposal, self.policy.propose + SAYING),
            Proposal::AwaitsTurn | Proposal::AwaitsGap | Proposal::IsSaid | Proposal::IsAsked => {
                (Proposal::AwaitsTurn, self.policy.pause)
            }
        };
        self.stage = Stage::Proposing { proposal, until: at + span };
    }

    /// Since when the prospect may have heard the offer; none while it waits to be made.
    pub fn offered_since(&self) -> Option<CallTime> {
        let Stage::Proposing { proposal, until } = &self.stage else { return None };
        let before = match proposal {
            Proposal::AwaitsTurn | Proposal::AwaitsGap => return None,
            Proposal::IsSaid => SAYING,
            Proposal::IsAsked | Proposal::IsLeftToAssistant => self.policy.propose + SAYING,
        };
        Some(CallTime::ZERO + until.since(CallTime::ZERO + before))
    }

    fn say_proposal(&mut self, at: CallTime, actions: &mut Vec<Action>) {
        self.stage = Stage::Proposing { proposal: Proposal::IsSaid, until: at + SAYING };
        actions.push(Action::TellProspect(Phrase::Proposal));
    }
}
