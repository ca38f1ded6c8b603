//! One call as a value: `handle` takes what happened and says what to do. It never waits and cannot fail.

#![warn(clippy::wildcard_enum_match_arm)]

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::call::alone::Alone;
use crate::call::assistant::{Assistant, AssistantFault, AssistantTerms};
use crate::call::deciding::Deciding;
use crate::call::effect::{CallEnd, Effect, Next};
use crate::call::event::Event;
use crate::call::prospect::Prospect;
use crate::conversation::{Context, Source};
use crate::escalation::Policy as Escalation;
use crate::handoff::{Action, Handoff, Hearing, Input, Policy, Sounds, Stage};
use crate::id::{LegId, RepId};
use crate::time::CallTime;

/// What a call is run by; written into its timeline, so that it replays as it was.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Terms {
    /// The prospect's key that asks for a person.
    pub person_key: Option<char>,
    /// Who may be asked, in order.
    pub reps: Vec<RepId>,
    /// The handoff's time limits.
    pub handoff: Policy,
    /// The assistant's time limits.
    pub assistant: AssistantTerms,
    /// How long a prospect whose stream broke, or has yet to come, is waited for.
    pub away: Duration,
    /// How long prospect or rep are alone on the bridge before they are told that the other's line broke.
    pub alone: Duration,
    /// When a person should be involved.
    #[serde(default)]
    pub escalation: Arc<Escalation>,
    /// What is known before anybody has said a word.
    #[serde(default)]
    pub context: Context,
    /// Who makes words of the call, besides the assistant where it does: without them most reasons for a person are not heard.
    #[serde(default)]
    pub sources: Vec<Source>,
}

/// One prospect's conversation with us.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    pub(super) terms: Terms,
    pub(super) prospect: Prospect,
    pub(super) assistant: Assistant,
    pub(super) dialled: u32,
    pub(super) handoff: Option<Handoff>,
    pub(super) handoffs: u32,
    pub(super) attempts: u32,
    pub(super) assistant_speaks: bool,
    pub(super) bridge_flows: (bool, bool),
    pub(super) one_waits_alone: Alone,
    pub(super) hearing: Hearing,
    pub(super) hearings: u32,
    pub(super) deciding: Option<Box<Deciding>>,
}

/// Why a call waits for a certain time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Timer {
    /// The prospect's sound must have come by then.
    Prospect,
    /// The assistant is to be dialled, counts as hung or broken, or is let go.
    Assistant,
    /// The handoff's stage has a limit.
    Handoff,
    /// Somebody who is alone on the bridge is to be told why.
    Alone,
}

impl Call {
    /// A call on these terms, before its first event ([`Event::Began`]).
    pub fn new(terms: Terms) -> Self {
        let until = CallTime::ZERO + terms.away;
        Self {
            terms,
            prospect: Prospect::Away { until },
            assistant: Assistant::NotYet,
            dialled: 0,
            handoff: None,
            handoffs: 0,
            attempts: 0,
            assistant_speaks: false,
            bridge_flows: (false, false),
            one_waits_alone: Alone::Nobody,
            hearing: Hearing::outside_handoff(Sounds::HOLD),
            hearings: 0,
            deciding: None,
        }
    }

    /// Something happened: this is to be done, in this order.
    #[must_use]
    pub fn handle(&mut self, at: CallTime, event: Event) -> Vec<Effect> {
        let mut effects = Vec::new();
        if self.is_over() {
            Self::after_the_end(&event, &mut effects);
            return effects;
        }
        match event {
            Event::Began(_) => {}
            Event::ProspectArrived => self.prospect_arrived(at, &mut effects),
            Event::ProspectStreamBroke => self.prospect_stream_broke(at, &mut effects),
            Event::ProspectGivenUp => self.prospect_given_up(at, &mut effects),
            Event::CameBack => self.came_back(at, &mut effects),
            Event::ProspectLeft => self.prospect_left(at, &mut effects),
            Event::ProspectStreamClosed => self.prospect_stream_closed(&mut effects),
            Event::AssistantConnected => self.assistant_connected(at),
            Event::AssistantBroke(fault) => self.assistant_broke(at, fault, &mut effects),
            Event::AssistantFinished => self.assistant_finished(at, &mut effects),
            Event::PersonAsked(_) => self.person_asked(at, &mut effects),
            Event::PersonProposed { pace, .. } => self.person_proposed(at, pace, &mut effects),
            Event::ProposalAnswered(answer) => self.proposal_answered(at, answer, &mut effects),
            Event::Said(said) => self.said(at, &said, &mut effects),
            Event::Noted(noted) => self.noted(at, &noted, &mut effects),
            Event::MoodHeard(mood) => self.mood_heard(at, &mood, &mut effects),
            Event::PersonNotNeeded => self.tell_handoff(at, Input::CalledOff, &mut effects),
            Event::KeyPressed { leg, key } => self.key_pressed(at, leg, key, &mut effects),
            Event::RepReserved { attempt, rep } => self.rep_reserved(at, attempt, rep, &mut effects),
            Event::NobodyFree(attempt) => self.tell_handoff(at, Input::NobodyFree(attempt), &mut effects),
            Event::ClaimCommitted(attempt) => self.tell_handoff(at, Input::Committed(attempt), &mut effects),
            Event::ClaimLost(attempt) => self.tell_handoff(at, Input::CommitLost(attempt), &mut effects),
            Event::RepRang(attempt) => self.tell_handoff(at, Input::Rang(attempt), &mut effects),
            Event::RepArrived(attempt) => self.rep_arrived(at, attempt, &mut effects),
            Event::RepStreamBroke(attempt) => {
                self.tell_handoff(at, Input::RepAway(attempt), &mut effects);
            }
            Event::RepLeft { attempt, why } => {
                self.tell_handoff(at, Input::RepGone { attempt, why }, &mut effects);
            }
            Event::Played { leg, phrase } => self.played(at, leg, phrase, &mut effects),
            Event::Flowed { leg, hearing } => self.flowed(at, leg, hearing, &mut effects),
            Event::Heard { leg, what } => self.heard(at, leg, what, &mut effects),
            // For the record and for whoever watches.
            Event::TurnHeard(_) | Event::WhyAsked(_) => {}
            Event::Ticked => self.ticked(at, &mut effects),
            Event::ShuttingDown => self.shutting_down(at, &mut effects),
        }
        self.tell_engine_the_answer(at);
        self.settle(at, &mut effects);
        effects
    }

    /// When to send [`Event::Ticked`] next, and why.
    pub fn deadline(&self) -> Option<(CallTime, Timer)> {
        let prospect = match self.prospect {
            Prospect::Away { until } | Prospect::LeavingUs { until, .. } => Some((until, Timer::Prospect)),
            Prospect::Here => None,
            Prospect::Gone => return None,
        };
        let assistant = self.assistant.deadline(&self.terms.assistant).map(|until| (until, Timer::Assistant));
        let handoff = self.handoff.as_ref().and_then(Handoff::deadline).map(|until| (until, Timer::Handoff));
        let alone = match self.one_waits_alone {
            Alone::Since { told_at } => Some((told_at, Timer::Alone)),
            Alone::Nobody | Alone::Told => None,
        };
        [prospect, assistant, handoff, alone].into_iter().flatten().min_by_key(|(until, _)| *until)
    }

    /// Whether the call is over and everything about it was said.
    pub fn is_over(&self) -> bool {
        self.prospect == Prospect::Gone
    }

    /// Whether the prospect's sound is connected.
    pub fn prospect_is_here(&self) -> bool {
        matches!(self.prospect, Prospect::Here)
    }

    /// Who hears whom now.
    pub fn hearing(&self) -> &Hearing {
        &self.hearing
    }

    /// Whether the assistant is connected and not hung.
    pub fn assistant_is_audible(&self) -> bool {
        self.assistant.audible()
    }

    /// The handoff that goes on or was the last, if there was one.
    pub fn handoff(&self) -> Option<&Handoff> {
        self.handoff.as_ref()
    }

    // ── time ──

    pub(super) fn ticked(&mut self, at: CallTime, effects: &mut Vec<Effect>) {
        match self.prospect {
            Prospect::Away { until } if at >= until => {
                self.tell_handoff(at, Input::ProspectGone, effects);
                self.end(CallEnd::NeverCame, effects);
                return;
            }
            Prospect::LeavingUs { end, until, .. } if at >= until => {
                self.end(end, effects);
                return;
            }
            Prospect::Away { .. } | Prospect::LeavingUs { .. } | Prospect::Here | Prospect::Gone => {}
        }
        if self.assistant.deadline(&self.terms.assistant).is_some_and(|until| at >= until) {
            self.assistant_due(at, effects);
        }
        self.tell_who_waits_alone(at, effects);
        if let Some(handoff) = &mut self.handoff {
            let actions = handoff.tick(at);
            self.perform(actions, effects);
        }
    }

    pub(super) fn assistant_due(&mut self, at: CallTime, effects: &mut Vec<Effect>) {
        match self.assistant.clone() {
            Assistant::Waiting { broken_since, tries, .. } => {
                self.dial_assistant(Some(broken_since), tries + 1, effects);
            }
            Assistant::Here { hung: false, .. } => {
                if let Assistant::Here { hung, .. } = &mut self.assistant {
                    *hung = true;
                }
            }
            Assistant::Here { hung: true, .. } => self.assistant_broke(at, AssistantFault::Mute, effects),
            Assistant::Parked { .. } => {
                effects.push(Effect::CloseAssistant { fault: None });
                self.assistant = Assistant::Released;
            }
            Assistant::NotYet
            | Assistant::Dialling { .. }
            | Assistant::Released
            | Assistant::Finished
            | Assistant::GivenUp => {}
        }
    }

    // ── what follows from all of it ──

    /// Brings everything into line after an event: who is needed, who is let go, who hears whom.
    pub(super) fn settle(&mut self, at: CallTime, effects: &mut Vec<Effect>) {
        if !self.is_over() && !self.rep_has_prospect() && !self.house_asks() {
            match self.assistant {
                Assistant::Parked { .. } => self.assistant = Assistant::here(at, None),
                Assistant::Released => self.dial_assistant(None, 0, effects),
                Assistant::Finished if !self.handoff_is_open() => {
                    self.let_go(at, Next::AssistantDocument, CallEnd::AssistantFinished, effects);
                }
                Assistant::GivenUp if !self.handoff_is_open() => {
                    self.let_go(at, Next::Fallback, CallEnd::FellBack, effects);
                }
                Assistant::NotYet
                | Assistant::Dialling { .. }
                | Assistant::Waiting { .. }
                | Assistant::Here { .. }
                | Assistant::Finished
                | Assistant::GivenUp => {}
            }
        } else if let Assistant::Here { owes_since, hung, .. } = &mut self.assistant {
            // It cannot be heard now: it owes nobody a word, and what it says is no speech to wait for.
            (*owes_since, *hung) = (None, false);
            self.assistant_speaks = false;
        }
        self.note_who_waits_alone(at, effects);
        let hearing = self.follows();
        if hearing != self.hearing {
            let before = std::mem::replace(&mut self.hearing, hearing);
            if hearing.on_line != before.on_line || !self.is_bridging() {
                self.bridge_flows = (false, false);
            }
            self.say_hearing(hearing.cuts(&before), effects);
        }
    }

    pub(super) fn say_hearing(&mut self, cut: bool, effects: &mut Vec<Effect>) {
        self.hearing = self.follows();
        self.hearings += 1;
        // Before anything that is said in it: who hears whom must hold when the first word comes.
        let speaks = |e: &Effect| matches!(e, Effect::Say { .. } | Effect::EndAttempt { .. });
        let first_word = effects.iter().position(speaks).unwrap_or(effects.len());
        let hear = Effect::Hear { number: self.hearings, hearing: self.hearing, cut };
        effects.insert(first_word, hear);
    }

    pub(super) fn follows(&self) -> Hearing {
        if self.is_over() {
            return Hearing::default();
        }
        let assistant = if self.assistant.audible() { Sounds::ASSISTANT } else { Sounds::HOLD };
        let mut hearing = match &self.handoff {
            Some(handoff) => handoff.hears(assistant),
            None => Hearing::outside_handoff(assistant),
        };
        if matches!(self.prospect, Prospect::LeavingUs { .. }) {
            // The last words may end, nothing follows them.
            hearing = Hearing::outside_handoff(Sounds::ASSISTANT);
        }
        if !self.prospect_is_here() && self.rep_has_prospect() {
            hearing.rep = Sounds::HOUSE.and(Sounds::HOLD);
        }
        hearing
    }

    pub(super) fn tell_handoff(&mut self, at: CallTime, input: Input, effects: &mut Vec<Effect>) {
        if let Some(handoff) = &mut self.handoff {
            let actions = handoff.handle(at, input);
            self.perform(actions, effects);
        }
    }

    pub(super) fn perform(&mut self, actions: Vec<Action>, effects: &mut Vec<Effect>) {
        let Some(handoff) = &self.handoff else { return };
        self.attempts = handoff.attempts_made();
        let began = handoff.began();
        for action in actions {
            effects.push(match action {
                Action::Reserve { attempt, among } => Effect::Reserve { attempt, among },
                Action::Ring { attempt, rep } => Effect::Ring { attempt, rep },
                Action::TellRep { attempt, phrase } => Effect::Say { leg: LegId::Rep(attempt), phrase },
                Action::TellProspect(phrase) => Effect::Say { leg: LegId::Prospect, phrase },
                Action::Commit(attempt) => Effect::Commit(attempt),
                Action::EndAttempt { attempt, end, last_words } => {
                    Effect::EndAttempt { attempt, end, last_words }
                }
                Action::ComeToRest(outcome) => Effect::FileHandoff { number: self.handoffs, outcome, began },
            });
        }
    }

    pub(super) fn handoff_is_open(&self) -> bool {
        self.handoff.as_ref().is_some_and(|h| h.outcome().is_none())
    }

    pub(super) fn stage(&self) -> Option<&Stage> {
        self.handoff.as_ref().map(Handoff::stage)
    }

    pub(super) fn is_bridging(&self) -> bool {
        matches!(self.stage(), Some(Stage::Bridging { .. }))
    }

    /// Whether the prospect is with a rep, or about to be, so that the assistant is not needed now.
    pub(super) fn rep_has_prospect(&self) -> bool {
        matches!(
            self.stage(),
            Some(Stage::Introducing { .. } | Stage::Bridging { .. } | Stage::Rejoining { .. })
        )
    }
}
