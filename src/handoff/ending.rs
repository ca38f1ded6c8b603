//! What ends a handoff from outside, in whatever stage it is: the prospect leaves, somebody changes their mind, Baton stops.

use crate::handoff::action::{Action, Phrase};
use crate::handoff::attempt::End;
use crate::handoff::machine::{Handoff, returned};
use crate::handoff::outcome::{Outcome, WhyReturned};
use crate::handoff::stage::{Introduced, Stage};

impl Handoff {
    pub(super) fn prospect_gone(&mut self, actions: &mut Vec<Action>) {
        match self.stage.clone() {
            Stage::Over(_) => {}
            Stage::Bridging { .. } | Stage::Rejoining { introduced: Introduced::Already, .. } => {
                let rep = self.attempt.as_ref().map(|a| a.rep.clone());
                self.end_attempt(End::Served, Some(Phrase::ProspectLeft), actions);
                let rep = rep.expect("a bridge has a rep: the stage is entered only from an attempt");
                self.rest(Outcome::HandedOver { rep }, actions);
            }
            Stage::Recovering { .. } => self.rest(returned(WhyReturned::RepLeft), actions),
            Stage::Proposing { .. }
            | Stage::Seeking { .. }
            | Stage::Offering { .. }
            | Stage::Joining { .. }
            | Stage::Briefing { .. }
            | Stage::Cutting { .. }
            | Stage::Introducing { .. }
            | Stage::Rejoining { introduced: Introduced::NotYet, .. } => {
                self.end_attempt(End::Withdrawn, Some(Phrase::ProspectLeft), actions);
                self.rest(Outcome::Abandoned, actions);
            }
        }
    }

    pub(super) fn called_off(&mut self, actions: &mut Vec<Action>) {
        match self.stage.clone() {
            Stage::Proposing { .. }
            | Stage::Seeking { .. }
            | Stage::Offering { .. }
            | Stage::Joining { .. } => {
                self.end_attempt(End::Withdrawn, Some(Phrase::Withdrawn), actions);
                self.rest(Outcome::CalledOff, actions);
            }
            // The rep is about to be there, or is: calling off comes too late.
            Stage::Briefing { .. }
            | Stage::Cutting { .. }
            | Stage::Introducing { .. }
            | Stage::Bridging { .. }
            | Stage::Rejoining { .. }
            | Stage::Recovering { .. }
            | Stage::Over(_) => {}
        }
    }

    pub(super) fn shutting_down(&mut self, actions: &mut Vec<Action>) {
        if let Stage::Over(_) = self.stage {
            return;
        }
        let bridged = matches!(
            self.stage,
            Stage::Bridging { .. } | Stage::Rejoining { introduced: Introduced::Already, .. }
        );
        let rep = self.attempt.as_ref().filter(|_| bridged).map(|a| a.rep.clone());
        // The try of a rep who left the bridge has had its end.
        if !matches!(self.stage, Stage::Recovering { .. }) {
            self.end_attempt(End::Withdrawn, Some(Phrase::Withdrawn), actions);
        }
        self.rest(Outcome::CutShort { rep }, actions);
    }
}
