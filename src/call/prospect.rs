//! The prospect's part in a call: comes, is away, leaves, or is let go when nobody needs us any more.

#![warn(clippy::wildcard_enum_match_arm)]

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::call::alone::Alone;
use crate::call::assistant::Assistant;
use crate::call::call::Call;
use crate::call::effect::{CallEnd, Effect, Next};
use crate::call::event::Event;
use crate::call::reps::{too_late, withdrawn};
use crate::handoff::{Input, Phrase, Proposal, Stage};
use crate::id::LegId;
use crate::time::CallTime;

/// Where the prospect is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) enum Prospect {
    /// Admitted; the sound has yet to come, or to come back.
    Away { until: CallTime },
    /// On the line.
    Here,
    /// Being let go: the stream closes when the last words were played.
    LeavingUs { end: CallEnd, next: Next, until: CallTime },
    /// The call is over.
    Gone,
}

impl Call {
    pub(super) fn prospect_arrived(&mut self, at: CallTime, effects: &mut Vec<Effect>) {
        if let Prospect::LeavingUs { next, .. } = self.prospect {
            // The stream that was to close broke, and this one is to close in its place.
            self.say_hearing(false, effects);
            effects.push(Effect::LetGo(next));
        }
        if !matches!(self.prospect, Prospect::Away { .. }) {
            return;
        }
        self.prospect = Prospect::Here;
        if self.assistant == Assistant::NotYet {
            self.dial_assistant(None, 0, effects);
        }
        // A fresh stream knows nothing of the hearing: it is told again, and what is being said is said again.
        self.say_hearing(false, effects);
        let prospect = LegId::Prospect;
        match self.stage() {
            Some(Stage::Introducing { attempt, prospect_heard, rep_heard, .. }) => {
                let phrase = Phrase::Introduction;
                let unheard = [(prospect, prospect_heard), (LegId::Rep(*attempt), rep_heard)];
                let said = unheard.into_iter().filter(|(_, heard)| !**heard);
                effects.extend(said.map(|(leg, _)| Effect::Say { leg, phrase }));
            }
            // Whoever comes back to nobody is told at once.
            Some(Stage::Rejoining { .. }) => self.one_waits_alone = Alone::Since { told_at: at },
            // Whether they heard all of the question is not known.
            Some(Stage::Proposing { proposal: Proposal::IsSaid | Proposal::IsAsked, .. }) => {
                self.tell_handoff(at, Input::ProspectBack, effects);
            }
            Some(Stage::Recovering { .. }) => {
                effects.push(Effect::Say { leg: prospect, phrase: Phrase::RepLeft });
            }
            Some(_) | None => {}
        }
    }

    pub(super) fn prospect_stream_broke(&mut self, at: CallTime, effects: &mut Vec<Effect>) {
        match self.prospect {
            Prospect::Here => self.prospect = Prospect::Away { until: at + self.terms.away },
            Prospect::LeavingUs { .. } => self.prospect_stream_closed(effects),
            Prospect::Away { .. } | Prospect::Gone => {}
        }
    }

    /// The prospect's stream breaks so often that another would not hold either: they are sent to the fallback.
    pub(super) fn prospect_given_up(&mut self, at: CallTime, effects: &mut Vec<Effect>) {
        self.tell_handoff(at, Input::ProspectGone, effects);
        self.let_go(at, Next::Fallback, CallEnd::FellBack, effects);
        self.prospect_stream_closed(effects);
    }

    /// The process was killed and takes the call up: nobody is connected, and whoever is needed is waited for or dialled.
    pub(super) fn came_back(&mut self, at: CallTime, effects: &mut Vec<Effect>) {
        let away = at + self.terms.away;
        self.prospect = match self.prospect {
            Prospect::LeavingUs { end, next, .. } => {
                // The carrier asks what comes next, and must get the same answer.
                effects.push(Effect::LetGo(next));
                Prospect::LeavingUs { end, next, until: away }
            }
            Prospect::Here => Prospect::Away { until: away },
            // One who was waited for already is not waited for anew each time that somebody starts the process again.
            Prospect::Away { until } => Prospect::Away { until: until.max(at + ASKED_BY_NOW) },
            Prospect::Gone => Prospect::Gone,
        };
        self.assistant_speaks = false;
        self.assistant = match &self.assistant {
            Assistant::Finished => Assistant::Finished,
            Assistant::GivenUp => Assistant::GivenUp,
            Assistant::NotYet
            | Assistant::Dialling { .. }
            | Assistant::Waiting { .. }
            | Assistant::Here { .. }
            | Assistant::Parked { .. }
            | Assistant::Released => {
                if self.rep_has_prospect() {
                    Assistant::Released
                } else {
                    // It is dialled when the prospect is back.
                    Assistant::NotYet
                }
            }
        };
        self.tell_handoff(at, Input::CameBack, effects);
        // The patchbay of the new process knows of nothing.
        self.say_hearing(true, effects);
    }

    pub(super) fn prospect_left(&mut self, at: CallTime, effects: &mut Vec<Effect>) {
        self.tell_handoff(at, Input::ProspectGone, effects);
        let end = match self.prospect {
            Prospect::LeavingUs { end, .. } => end,
            Prospect::Here | Prospect::Away { .. } | Prospect::Gone => CallEnd::ProspectLeft,
        };
        self.end(end, effects);
    }

    pub(super) fn prospect_stream_closed(&mut self, effects: &mut Vec<Effect>) {
        if let Prospect::LeavingUs { end, .. } = self.prospect {
            self.end(end, effects);
        }
    }

    pub(super) fn let_go(&mut self, at: CallTime, next: Next, end: CallEnd, effects: &mut Vec<Effect>) {
        if matches!(self.prospect, Prospect::Here | Prospect::Away { .. }) {
            self.prospect = Prospect::LeavingUs { end, next, until: at + LETTING_GO };
            effects.push(Effect::LetGo(next));
        }
    }

    /// Baton stops: nothing is waited for, and who is on the line goes to the fallback.
    pub(super) fn shutting_down(&mut self, at: CallTime, effects: &mut Vec<Effect>) {
        self.tell_handoff(at, Input::ShuttingDown, effects);
        // Who was being let go already has somewhere to go.
        self.let_go(at, Next::Fallback, CallEnd::ShutDown, effects);
        self.prospect_stream_closed(effects);
    }

    pub(super) fn end(&mut self, end: CallEnd, effects: &mut Vec<Effect>) {
        if self.assistant.has_line() {
            effects.push(Effect::CloseAssistant { fault: None });
        }
        self.prospect = Prospect::Gone;
        effects.push(Effect::Close(end));
    }

    /// Facts that come when all is said: a rep who answers now is told, nothing else matters.
    pub(super) fn after_the_end(event: &Event, effects: &mut Vec<Effect>) {
        match event {
            Event::RepArrived(attempt) => effects.push(too_late(*attempt)),
            Event::RepReserved { attempt, .. } => effects.push(withdrawn(*attempt)),
            Event::AssistantConnected => effects.push(Effect::CloseAssistant { fault: None }),
            Event::Began(_)
            | Event::CameBack
            | Event::ProspectArrived
            | Event::ProspectStreamBroke
            | Event::ProspectGivenUp
            | Event::ProspectLeft
            | Event::ProspectStreamClosed
            | Event::AssistantBroke(_)
            | Event::AssistantFinished
            | Event::PersonAsked(_)
            | Event::PersonProposed { .. }
            | Event::ProposalAnswered(_)
            | Event::PersonNotNeeded
            | Event::KeyPressed { .. }
            | Event::NobodyFree(_)
            | Event::ClaimCommitted(_)
            | Event::ClaimLost(_)
            | Event::RepRang(_)
            | Event::RepStreamBroke(_)
            | Event::RepLeft { .. }
            | Event::Played { .. }
            | Event::Flowed { .. }
            | Event::Heard { .. }
            | Event::TurnHeard(_)
            | Event::MoodHeard(_)
            | Event::Said(_)
            | Event::Noted(_)
            | Event::WhyAsked(_)
            | Event::Ticked
            | Event::ShuttingDown => {}
        }
    }
}

/// The carrier's next try comes by then, or came while nobody was here.
const ASKED_BY_NOW: Duration = Duration::from_secs(3);

/// How long last words may take to be played before the stream is closed all the same: as much as an assistant may
/// have queued at the carrier, and a little for the way.
const LETTING_GO: Duration = Duration::from_secs(260);
