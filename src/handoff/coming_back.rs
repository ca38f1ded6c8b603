//! Lines that break in the middle of a handoff, and how it goes on: the rep's own, or all at once when the process was
//! killed and takes the call up again.
//!
//! Before the introduction the safe stages are `Offering` and `Joining`: the rep is asked or briefed anew. From the
//! introduction on it is `Rejoining`: the prospect is told, hears hold, and the two go on when the rep is back.

use crate::handoff::action::Action;
use crate::handoff::attempt::{End, Phase};
use crate::handoff::input::Input;
use crate::handoff::machine::{Handoff, SAYING};
use crate::handoff::stage::{Introduced, Stage};
use crate::id::AttemptId;
use crate::time::CallTime;

impl Handoff {
    pub(super) fn rejoining(
        &mut self,
        at: CallTime,
        attempt: AttemptId,
        introduced: Introduced,
        input: &Input,
        actions: &mut Vec<Action>,
    ) {
        match (input, introduced) {
            (Input::Answered(of), Introduced::Already) if *of == attempt => {
                self.stage = Stage::Bridging { attempt };
            }
            (Input::Answered(of), Introduced::NotYet) if *of == attempt => {
                self.introduce(at, attempt, actions);
            }
            (Input::RepGone { attempt: of, .. }, _) if *of == attempt => {
                self.lost_rep(at, introduced, actions);
            }
            _late_or_of_another_stage => {}
        }
    }

    /// A rep's line that breaks again and again before the two talk counts as gone.
    pub(super) fn gone_if_it_flaps(&mut self, input: Input) -> Input {
        let talk = matches!(
            self.stage,
            Stage::Bridging { .. } | Stage::Rejoining { introduced: Introduced::Already, .. }
        );
        let of = match &input {
            Input::Answered(of) | Input::RepAway(of) => *of,
            _about_no_line => return input,
        };
        let Some(attempt) = self.attempt.as_mut().filter(|attempt| attempt.id == of) else { return input };
        if matches!(input, Input::Answered(_)) {
            attempt.arrived();
        } else if !talk && !attempt.is_waited_for() {
            return Input::RepGone { attempt: of, why: End::CarrierFault };
        }
        input
    }

    /// Every line is gone, and what was wanted last may never have been done: each stage goes on where that is safe.
    pub(super) fn came_back(&mut self, at: CallTime, actions: &mut Vec<Action>) {
        self.assistant_speaks = false;
        match self.stage.clone() {
            Stage::Proposing { proposal, .. } => self.proposal_came_back(at, proposal),
            // Nobody is looked for on behalf of a call that was left alone for so long.
            Stage::Seeking { .. } if at.since(self.seeks_since) >= self.policy.search => {
                self.nobody_left(actions);
            }
            Stage::Seeking { attempt, .. } => {
                self.stage = Stage::Seeking { attempt, until: at + self.policy.seek };
                actions.push(Action::Reserve { attempt, among: self.left_to_ask.clone() });
            }
            Stage::Offering { .. } => {
                // The phone may ring or may never have been rung: there is no asking twice, so it is waited for.
                let until = at + self.policy.ring;
                if let Some(attempt) = &mut self.attempt {
                    attempt.phase = match attempt.phase {
                        Phase::Dialling { .. } => Phase::Dialling { until },
                        Phase::Ringing { .. } | Phase::Asking { .. } | Phase::Accepted { .. } => {
                            Phase::Ringing { until }
                        }
                    };
                }
            }
            Stage::Joining { attempt, .. }
            | Stage::Briefing { attempt, .. }
            | Stage::Cutting { attempt, .. } => {
                self.join_again(at, attempt);
                if !self.is_committed() {
                    actions.push(Action::Commit(attempt));
                }
            }
            Stage::Introducing { attempt, .. } => self.rejoin(at, attempt, Introduced::NotYet),
            Stage::Bridging { attempt } => self.rejoin(at, attempt, Introduced::Already),
            Stage::Rejoining { attempt, introduced, .. } => self.rejoin(at, attempt, introduced),
            Stage::Recovering { .. } => self.stage = Stage::Recovering { until: at + SAYING },
            Stage::Over(_) => {}
        }
    }

    /// The rep said yes, and their line broke before they were with the prospect: they are briefed anew.
    pub(super) fn join_again(&mut self, at: CallTime, attempt: AttemptId) {
        self.stage = Stage::Joining { attempt, until: at + self.policy.join };
        if let Some(Phase::Accepted { flows, .. }) = self.attempt.as_mut().map(|a| &mut a.phase) {
            *flows = false;
        }
    }

    fn is_committed(&self) -> bool {
        matches!(self.attempt.as_ref().map(|a| &a.phase), Some(Phase::Accepted { committed: true, .. }))
    }

    pub(super) fn rejoin(&mut self, at: CallTime, attempt: AttemptId, introduced: Introduced) {
        self.stage = Stage::Rejoining { attempt, until: at + self.policy.rejoin, introduced };
    }

    pub(super) fn lost_rep(&mut self, at: CallTime, introduced: Introduced, actions: &mut Vec<Action>) {
        let end = match introduced {
            Introduced::Already => End::LeftAfter,
            Introduced::NotYet => End::LeftBefore,
        };
        self.end_attempt(end, None, actions);
        self.recover(at, actions);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handoff::policy::Policy;
    use crate::id::RepId;

    const FIRST: AttemptId = AttemptId(1);

    fn asked() -> (Handoff, CallTime) {
        let at = CallTime::from_millis(1_000);
        let sam = RepId::new("sam");
        let (mut handoff, _) = Handoff::begin(at, Policy::default(), vec![sam.clone()], 0, false);
        let _ = handoff.handle(at, Input::RepReserved { attempt: FIRST, rep: sam });
        let _ = handoff.handle(at, Input::Rang(FIRST));
        let _ = handoff.handle(at, Input::Answered(FIRST));
        (handoff, at)
    }

    #[test]
    fn a_rep_whose_line_comes_and_goes_is_let_go_before_the_prospect_meets_them() {
        let (mut handoff, at) = asked();
        for _ in 0..3 {
            assert_eq!(handoff.handle(at, Input::RepAway(FIRST)), [], "they are waited for");
            assert!(!handoff.handle(at, Input::Answered(FIRST)).is_empty(), "and hear the question again");
        }
        let ended = |end| Action::EndAttempt { attempt: FIRST, end, last_words: None };
        assert_eq!(handoff.handle(at, Input::RepAway(FIRST))[0], ended(End::NotVerified));
        assert!(matches!(handoff.stage, Stage::Over(_)), "nobody else is left to ask");
    }

    #[test]
    fn a_rep_who_talks_with_the_prospect_is_waited_for_however_often_their_line_breaks() {
        let (mut handoff, at) = asked();
        handoff.stage = Stage::Bridging { attempt: FIRST };
        for _ in 0..20 {
            assert_eq!(handoff.handle(at, Input::RepAway(FIRST)), []);
            assert!(matches!(handoff.stage, Stage::Rejoining { .. }));
            assert_eq!(handoff.handle(at, Input::Answered(FIRST)), []);
            assert_eq!(handoff.stage, Stage::Bridging { attempt: FIRST });
        }
    }
}
