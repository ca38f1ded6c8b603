//! The machine itself: one method per stage, in story order.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::handoff::action::{Action, Phrase};
use crate::handoff::attempt::{Attempt, End, Phase};
use crate::handoff::hearing::{Hearing, Sounds};
use crate::handoff::input::Input;
use crate::handoff::outcome::{Outcome, WhyReturned};
use crate::handoff::policy::Policy;
use crate::handoff::stage::{Introduced, Stage};
use crate::id::{AttemptId, RepId};
use crate::time::CallTime;

/// Everything from the wish for a person to the outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handoff {
    pub(super) policy: Policy,
    pub(super) stage: Stage,
    began: CallTime,
    pub(super) seeks_since: CallTime,
    pub(super) left_to_ask: Vec<RepId>,
    pub(super) attempt: Option<Attempt>,
    attempts_made: u32,
    pub(super) assistant_speaks: bool,
}

impl Handoff {
    /// Begins to look for a rep among these; tries are numbered on from `attempts_made`.
    pub fn begin(
        at: CallTime,
        policy: Policy,
        reps: Vec<RepId>,
        attempts_made: u32,
        assistant_speaks: bool,
    ) -> (Self, Vec<Action>) {
        let mut handoff = Self::new(at, policy, reps, attempts_made, assistant_speaks);
        let mut actions = Vec::new();
        handoff.seek(at, &mut actions);
        (handoff, actions)
    }

    /// One without a stage yet; whoever begins it gives it one.
    pub(super) fn new(
        at: CallTime,
        policy: Policy,
        reps: Vec<RepId>,
        attempts_made: u32,
        assistant_speaks: bool,
    ) -> Self {
        Self {
            stage: Stage::Over(Outcome::CalledOff),
            policy,
            began: at,
            seeks_since: at,
            left_to_ask: reps,
            attempt: None,
            attempts_made,
            assistant_speaks,
        }
    }

    /// Something happened; cannot fail.
    #[must_use]
    pub fn handle(&mut self, at: CallTime, input: Input) -> Vec<Action> {
        let mut actions = Vec::new();
        match &input {
            Input::ProspectGone => {
                self.prospect_gone(&mut actions);
                return actions;
            }
            Input::CalledOff => {
                self.called_off(&mut actions);
                return actions;
            }
            Input::CameBack => {
                self.came_back(at, &mut actions);
                return actions;
            }
            Input::ShuttingDown => {
                self.shutting_down(&mut actions);
                return actions;
            }
            Input::AssistantPaused => self.assistant_speaks = false,
            _about_one_stage => {}
        }
        let input = self.gone_if_it_flaps(input);
        match self.stage.clone() {
            Stage::Proposing { proposal, .. } => self.proposing(at, proposal, &input, &mut actions),
            Stage::Seeking { attempt, .. } => self.seeking(at, attempt, input, &mut actions),
            Stage::Offering { attempt } => self.offering(at, attempt, input, &mut actions),
            Stage::Joining { attempt, .. } => self.joining(at, attempt, input, &mut actions),
            Stage::Briefing { attempt, .. } => self.briefing(at, attempt, input, &mut actions),
            Stage::Cutting { attempt, .. } => self.cutting(at, attempt, input, &mut actions),
            Stage::Introducing { attempt, .. } => self.introducing(at, attempt, input, &mut actions),
            Stage::Bridging { attempt } => self.bridging(at, attempt, &input, &mut actions),
            Stage::Rejoining { attempt, introduced, .. } => {
                self.rejoining(at, attempt, introduced, &input, &mut actions);
            }
            Stage::Recovering { .. } => self.recovering(&input, &mut actions),
            Stage::Over(_) => {}
        }
        actions
    }

    /// The assistant began to speak: a cut will wait for its next gap.
    pub fn assistant_spoke(&mut self) {
        self.assistant_speaks = true;
        self.proposal_waits_for_assistant();
    }

    /// A deadline may have passed.
    #[must_use]
    pub fn tick(&mut self, at: CallTime) -> Vec<Action> {
        let mut actions = Vec::new();
        if self.deadline().is_none_or(|until| at < until) {
            return actions;
        }
        match self.stage.clone() {
            Stage::Proposing { proposal, .. } => self.proposal_is_due(at, proposal, &mut actions),
            Stage::Seeking { .. } => self.nobody_left(&mut actions),
            Stage::Offering { .. } => {
                let end = match self.attempt.as_ref().map(|a| &a.phase) {
                    Some(Phase::Dialling { .. }) => End::Unreachable,
                    Some(Phase::Ringing { .. }) => End::NoAnswer,
                    Some(Phase::Asking { .. }) => End::NotVerified,
                    Some(Phase::Accepted { .. }) | None => End::NeverJoined,
                };
                self.end_attempt(end, Some(Phrase::TooLate), &mut actions);
                self.next(at, &mut actions);
            }
            Stage::Joining { .. } => {
                self.end_attempt(End::NeverJoined, Some(Phrase::TooLate), &mut actions);
                self.next(at, &mut actions);
            }
            Stage::Briefing { attempt, .. } => self.cut(at, attempt, &mut actions),
            Stage::Cutting { attempt, .. } => self.introduce(at, attempt, &mut actions),
            Stage::Introducing { attempt, .. } => self.stage = Stage::Bridging { attempt },
            Stage::Rejoining { introduced, .. } => self.lost_rep(at, introduced, &mut actions),
            Stage::Recovering { .. } => self.rest(returned(WhyReturned::RepLeft), &mut actions),
            Stage::Bridging { .. } | Stage::Over(_) => {}
        }
        actions
    }

    /// When to tick next.
    pub fn deadline(&self) -> Option<CallTime> {
        match &self.stage {
            Stage::Proposing { until, .. }
            | Stage::Seeking { until, .. }
            | Stage::Joining { until, .. }
            | Stage::Briefing { until, .. }
            | Stage::Cutting { until, .. }
            | Stage::Introducing { until, .. }
            | Stage::Rejoining { until, .. }
            | Stage::Recovering { until } => Some(*until),
            Stage::Offering { .. } => self.attempt.as_ref().and_then(|a| a.phase.until()),
            Stage::Bridging { .. } | Stage::Over(_) => None,
        }
    }

    /// Who hears whom; `assistant` is what the prospect hears where the table says assistant.
    pub fn hears(&self, assistant: Sounds) -> Hearing {
        Hearing::in_stage(&self.stage, assistant)
    }

    /// Where it is.
    pub fn stage(&self) -> &Stage {
        &self.stage
    }

    /// When it began.
    pub fn began(&self) -> CallTime {
        self.began
    }

    /// How many tries the call has seen with this handoff's.
    pub fn attempts_made(&self) -> u32 {
        self.attempts_made
    }

    /// The try that goes on, if any.
    pub fn attempt(&self) -> Option<&Attempt> {
        self.attempt.as_ref()
    }

    /// How it came to rest, if it has.
    pub fn outcome(&self) -> Option<&Outcome> {
        match &self.stage {
            Stage::Over(outcome) => Some(outcome),
            Stage::Proposing { .. }
            | Stage::Seeking { .. }
            | Stage::Offering { .. }
            | Stage::Joining { .. }
            | Stage::Briefing { .. }
            | Stage::Cutting { .. }
            | Stage::Introducing { .. }
            | Stage::Bridging { .. }
            | Stage::Rejoining { .. }
            | Stage::Recovering { .. } => None,
        }
    }

    // ── the stages, in story order ──

    fn seeking(&mut self, at: CallTime, attempt: AttemptId, input: Input, actions: &mut Vec<Action>) {
        match input {
            Input::RepReserved { attempt: of, rep } if of == attempt => {
                self.left_to_ask.retain(|left| *left != rep);
                let until = at + self.policy.ring + DIAL_QUEUE;
                self.attempt = Some(Attempt {
                    id: attempt,
                    rep: rep.clone(),
                    phase: Phase::Dialling { until },
                    arrivals: 0,
                });
                self.stage = Stage::Offering { attempt };
                actions.push(Action::Ring { attempt, rep });
            }
            Input::NobodyFree(of) if of == attempt => self.nobody_left(actions),
            _late_or_of_another_stage => {}
        }
    }

    fn offering(&mut self, at: CallTime, attempt: AttemptId, input: Input, actions: &mut Vec<Action>) {
        let Some(phase) = self.attempt.as_mut().map(|a| &mut a.phase) else { return };
        match input {
            Input::Rang(of) if of == attempt => {
                if let Phase::Dialling { .. } = phase {
                    *phase = Phase::Ringing { until: at + self.policy.ring };
                }
            }
            Input::Answered(of) if of == attempt && !phase.answered() => {
                *phase = Phase::Asking { until: at + self.policy.accept + SAYING };
                actions.push(Action::TellRep { attempt, phrase: Phrase::Offer });
            }
            Input::Asked(of) if of == attempt => {
                if let Phase::Asking { until } = phase {
                    *until = at + self.policy.accept;
                }
            }
            Input::Accepted(of) if of == attempt && phase.answered() => {
                *phase = Phase::Accepted { flows: false, committed: false };
                self.stage = Stage::Joining { attempt, until: at + self.policy.join };
                actions.push(Action::Commit(attempt));
            }
            Input::Passed(of) if of == attempt => {
                self.end_attempt(End::Passed, None, actions);
                self.next(at, actions);
            }
            Input::RepAway(of) if of == attempt && phase.answered() => {
                // As if their phone had yet to be answered: they hear the question again.
                *phase = Phase::Ringing { until: at + self.policy.join };
            }
            Input::RepGone { attempt: of, why } if of == attempt => {
                // Who hung up on the question has passed; what answered without a key was no person we know of.
                let end = if phase.answered() || why == End::LeftAfter { End::NotVerified } else { why };
                self.end_attempt(end, None, actions);
                self.next(at, actions);
            }
            _late_or_of_another_stage => {}
        }
    }

    fn joining(&mut self, at: CallTime, attempt: AttemptId, input: Input, actions: &mut Vec<Action>) {
        let Some(Phase::Accepted { flows, committed }) = self.attempt.as_mut().map(|a| &mut a.phase) else {
            return;
        };
        match input {
            Input::RepFlows(of) if of == attempt => *flows = true,
            Input::RepAway(of) if of == attempt => {
                self.join_again(at, attempt);
                return;
            }
            Input::Committed(of) if of == attempt => *committed = true,
            Input::CommitLost(of) if of == attempt => {
                self.end_attempt(End::LostTheRace, Some(Phrase::TooLate), actions);
                self.next(at, actions);
                return;
            }
            Input::RepGone { attempt: of, .. } if of == attempt => {
                self.end_attempt(End::LeftBefore, None, actions);
                self.next(at, actions);
                return;
            }
            _late_or_of_another_stage => return,
        }
        if *flows && *committed {
            self.stage = Stage::Briefing { attempt, until: at + self.policy.brief };
            actions.push(Action::TellRep { attempt, phrase: Phrase::Whisper });
        }
    }

    fn briefing(&mut self, at: CallTime, attempt: AttemptId, input: Input, actions: &mut Vec<Action>) {
        match input {
            Input::Briefed(of) if of == attempt => self.cut(at, attempt, actions),
            input => self.rep_gone_before_bridge(at, attempt, &input, actions),
        }
    }

    fn cutting(&mut self, at: CallTime, attempt: AttemptId, input: Input, actions: &mut Vec<Action>) {
        match input {
            Input::AssistantPaused => self.introduce(at, attempt, actions),
            input => self.rep_gone_before_bridge(at, attempt, &input, actions),
        }
    }

    fn introducing(&mut self, at: CallTime, attempt: AttemptId, input: Input, actions: &mut Vec<Action>) {
        let Stage::Introducing { prospect_heard, rep_heard, .. } = &mut self.stage else { return };
        match input {
            Input::ProspectIntroduced => *prospect_heard = true,
            Input::RepIntroduced(of) if of == attempt => *rep_heard = true,
            Input::SpokeUp => {
                self.stage = Stage::Bridging { attempt };
                return;
            }
            Input::RepGone { attempt: of, .. } if of == attempt => {
                // They heard each other already: the prospect is owed a word.
                self.lost_rep(at, Introduced::NotYet, actions);
                return;
            }
            Input::RepAway(of) if of == attempt => {
                self.rejoin(at, attempt, Introduced::NotYet);
                return;
            }
            _late_or_of_another_stage => return,
        }
        if *prospect_heard && *rep_heard {
            self.stage = Stage::Bridging { attempt };
        }
    }

    fn bridging(&mut self, at: CallTime, attempt: AttemptId, input: &Input, actions: &mut Vec<Action>) {
        match input {
            Input::RepGone { attempt: of, .. } if *of == attempt => {
                self.lost_rep(at, Introduced::Already, actions);
            }
            Input::RepAway(of) if *of == attempt => {
                self.rejoin(at, attempt, Introduced::Already);
            }
            _nothing_to_a_bridge => {}
        }
    }

    fn recovering(&mut self, input: &Input, actions: &mut Vec<Action>) {
        if *input == Input::ProspectTold {
            self.rest(returned(WhyReturned::RepLeft), actions);
        }
    }

    // ── what several stages do ──

    fn rep_gone_before_bridge(
        &mut self,
        at: CallTime,
        attempt: AttemptId,
        input: &Input,
        actions: &mut Vec<Action>,
    ) {
        match input {
            Input::RepGone { attempt: of, .. } if *of == attempt => {
                self.end_attempt(End::LeftBefore, None, actions);
                self.next(at, actions);
            }
            Input::RepAway(of) if *of == attempt => self.join_again(at, attempt),
            _late_or_of_another_stage => {}
        }
    }

    fn next(&mut self, at: CallTime, actions: &mut Vec<Action>) {
        if self.left_to_ask.is_empty() || at.since(self.seeks_since) >= self.policy.search {
            self.nobody_left(actions);
        } else {
            self.seek(at, actions);
        }
    }

    pub(super) fn seek(&mut self, at: CallTime, actions: &mut Vec<Action>) {
        self.attempts_made += 1;
        let attempt = AttemptId(self.attempts_made);
        self.stage = Stage::Seeking { attempt, until: at + self.policy.seek };
        actions.push(Action::Reserve { attempt, among: self.left_to_ask.clone() });
    }

    pub(super) fn nobody_left(&mut self, actions: &mut Vec<Action>) {
        let asked = self.attempt.is_some();
        // A reservation that comes later than this must not outlive the handoff.
        if let Stage::Seeking { attempt, .. } = self.stage {
            actions.push(Action::EndAttempt { attempt, end: End::Withdrawn, last_words: None });
        }
        let why = if asked { WhyReturned::NobodyTookIt } else { WhyReturned::NobodyFree };
        self.rest(returned(why), actions);
    }

    fn cut(&mut self, at: CallTime, attempt: AttemptId, actions: &mut Vec<Action>) {
        if self.assistant_speaks {
            self.stage = Stage::Cutting { attempt, until: at + self.policy.patience };
        } else {
            self.introduce(at, attempt, actions);
        }
    }

    pub(super) fn introduce(&mut self, at: CallTime, attempt: AttemptId, actions: &mut Vec<Action>) {
        self.stage = Stage::Introducing {
            attempt,
            until: at + self.policy.introduction,
            prospect_heard: false,
            rep_heard: false,
        };
        actions.push(Action::TellProspect(Phrase::Introduction));
        actions.push(Action::TellRep { attempt, phrase: Phrase::Introduction });
    }

    pub(super) fn recover(&mut self, at: CallTime, actions: &mut Vec<Action>) {
        self.stage = Stage::Recovering { until: at + SAYING };
        actions.push(Action::TellProspect(Phrase::RepLeft));
    }

    pub(super) fn end_attempt(&mut self, end: End, last_words: Option<Phrase>, actions: &mut Vec<Action>) {
        let attempt = match (&self.attempt, &self.stage) {
            (_, Stage::Seeking { attempt, .. }) => *attempt,
            (Some(attempt), _) => attempt.id,
            (None, _) => return,
        };
        let answered = self.attempt.as_ref().is_some_and(|a| a.id == attempt && a.phase.answered());
        let last_words = last_words.filter(|_| answered);
        actions.push(Action::EndAttempt { attempt, end, last_words });
    }

    pub(super) fn rest(&mut self, outcome: Outcome, actions: &mut Vec<Action>) {
        self.stage = Stage::Over(outcome.clone());
        actions.push(Action::ComeToRest(outcome));
    }
}

pub(super) fn returned(why: WhyReturned) -> Outcome {
    Outcome::ReturnedToAssistant { why }
}

/// How long the carrier may let an order to ring wait in its queue: with one call a second, ten are ahead of it.
const DIAL_QUEUE: Duration = Duration::from_secs(10);

/// The longest that any phrase takes to be said and its mark to come back.
pub(super) const SAYING: Duration = Duration::from_secs(10);
