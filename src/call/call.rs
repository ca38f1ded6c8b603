//! One call as a value: `handle` takes what happened and says what to do. It never waits and cannot fail.

#![warn(clippy::wildcard_enum_match_arm)]

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::call::assistant::{Assistant, AssistantFault, AssistantTerms};
use crate::call::effect::{CallEnd, Effect, Next};
use crate::call::event::{Event, Heard};
use crate::handoff::{Action, Handoff, Hearing, Input, Phrase, Policy, Sounds, Stage};
use crate::id::{AttemptId, LegId, RepId};
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
}

/// One prospect's conversation with us.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    terms: Terms,
    prospect: Prospect,
    assistant: Assistant,
    dialled: u32,
    handoff: Option<Handoff>,
    handoffs: u32,
    attempts: u32,
    assistant_speaks: bool,
    bridge_flows: (bool, bool),
    hearing: Hearing,
    hearings: u32,
}

/// Where the prospect is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
enum Prospect {
    /// Admitted; the sound has yet to come, or to come back.
    Away { until: CallTime },
    /// On the line.
    Here,
    /// Being let go: the stream closes when the last words were played.
    LeavingUs { end: CallEnd, until: CallTime },
    /// The call is over.
    Gone,
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
            hearing: Hearing::outside_handoff(Sounds::HOLD),
            hearings: 0,
        }
    }

    /// Something happened: this is to be done, in this order.
    #[must_use]
    pub fn handle(&mut self, at: CallTime, event: Event) -> Vec<Effect> {
        let mut effects = Vec::new();
        if self.is_over() {
            self.after_the_end(event, &mut effects);
            return effects;
        }
        match event {
            Event::Began(_) => {}
            Event::ProspectArrived => self.prospect_arrived(&mut effects),
            Event::ProspectStreamBroke => self.prospect_stream_broke(at, &mut effects),
            Event::ProspectLeft => self.prospect_left(at, &mut effects),
            Event::ProspectStreamClosed => self.prospect_stream_closed(&mut effects),
            Event::AssistantConnected => self.assistant_connected(at),
            Event::AssistantBroke(fault) => self.assistant_broke(at, fault, &mut effects),
            Event::AssistantFinished => self.assistant_finished(at, &mut effects),
            Event::PersonAsked(_) => self.person_asked(at, &mut effects),
            Event::PersonNotNeeded => self.tell_handoff(at, Input::CalledOff, &mut effects),
            Event::KeyPressed { leg, key } => self.key_pressed(at, leg, key, &mut effects),
            Event::RepReserved { attempt, rep } => self.rep_reserved(at, attempt, rep, &mut effects),
            Event::NobodyFree(attempt) => self.tell_handoff(at, Input::NobodyFree(attempt), &mut effects),
            Event::ClaimCommitted(attempt) => self.tell_handoff(at, Input::Committed(attempt), &mut effects),
            Event::ClaimLost(attempt) => self.tell_handoff(at, Input::CommitLost(attempt), &mut effects),
            Event::RepRang(attempt) => self.tell_handoff(at, Input::Rang(attempt), &mut effects),
            Event::RepArrived(attempt) => self.rep_arrived(at, attempt, &mut effects),
            Event::RepLeft { attempt, why } => {
                self.tell_handoff(at, Input::RepGone { attempt, why }, &mut effects);
            }
            Event::Played { leg, phrase } => self.played(at, leg, phrase, &mut effects),
            Event::Flowed { leg, hearing } => self.flowed(at, leg, hearing, &mut effects),
            Event::Heard { leg, what } => self.heard(at, leg, what, &mut effects),
            Event::Ticked => self.ticked(at, &mut effects),
        }
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
        [prospect, assistant, handoff].into_iter().flatten().min_by_key(|(until, _)| *until)
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

    // ── the prospect ──

    fn prospect_arrived(&mut self, effects: &mut Vec<Effect>) {
        if !matches!(self.prospect, Prospect::Away { .. }) {
            return;
        }
        self.prospect = Prospect::Here;
        if self.assistant == Assistant::NotYet {
            self.dial_assistant(None, 0, effects);
        }
        // A fresh stream knows nothing of the hearing: it is told again, and what is being said is said again.
        self.say_hearing(false, effects);
        if let Some(Stage::Introducing { prospect_heard: false, .. } | Stage::Recovering { .. }) =
            self.stage()
        {
            let phrase = if matches!(self.stage(), Some(Stage::Recovering { .. })) {
                Phrase::RepLeft
            } else {
                Phrase::Introduction
            };
            effects.push(Effect::Say { leg: LegId::Prospect, phrase });
        }
    }

    fn prospect_stream_broke(&mut self, at: CallTime, effects: &mut Vec<Effect>) {
        match self.prospect {
            Prospect::Here => self.prospect = Prospect::Away { until: at + self.terms.away },
            Prospect::LeavingUs { .. } => self.prospect_stream_closed(effects),
            Prospect::Away { .. } | Prospect::Gone => {}
        }
    }

    fn prospect_left(&mut self, at: CallTime, effects: &mut Vec<Effect>) {
        self.tell_handoff(at, Input::ProspectGone, effects);
        let end = match self.prospect {
            Prospect::LeavingUs { end, .. } => end,
            Prospect::Here | Prospect::Away { .. } | Prospect::Gone => CallEnd::ProspectLeft,
        };
        self.end(end, effects);
    }

    fn prospect_stream_closed(&mut self, effects: &mut Vec<Effect>) {
        if let Prospect::LeavingUs { end, .. } = self.prospect {
            self.end(end, effects);
        }
    }

    fn let_go(&mut self, at: CallTime, next: Next, end: CallEnd, effects: &mut Vec<Effect>) {
        if matches!(self.prospect, Prospect::Here | Prospect::Away { .. }) {
            self.prospect = Prospect::LeavingUs { end, until: at + LETTING_GO };
            effects.push(Effect::LetGo(next));
        }
    }

    fn end(&mut self, end: CallEnd, effects: &mut Vec<Effect>) {
        if self.assistant.has_line() {
            effects.push(Effect::CloseAssistant { fault: None });
        }
        self.prospect = Prospect::Gone;
        effects.push(Effect::Close(end));
    }

    /// Facts that come when all is said: a rep who answers now is told, nothing else matters.
    fn after_the_end(&mut self, event: Event, effects: &mut Vec<Effect>) {
        match event {
            Event::RepArrived(attempt) => effects.push(too_late(attempt)),
            Event::RepReserved { attempt, .. } => effects.push(withdrawn(attempt)),
            Event::AssistantConnected => effects.push(Effect::CloseAssistant { fault: None }),
            Event::Began(_)
            | Event::ProspectArrived
            | Event::ProspectStreamBroke
            | Event::ProspectLeft
            | Event::ProspectStreamClosed
            | Event::AssistantBroke(_)
            | Event::AssistantFinished
            | Event::PersonAsked(_)
            | Event::PersonNotNeeded
            | Event::KeyPressed { .. }
            | Event::NobodyFree(_)
            | Event::ClaimCommitted(_)
            | Event::ClaimLost(_)
            | Event::RepRang(_)
            | Event::RepLeft { .. }
            | Event::Played { .. }
            | Event::Flowed { .. }
            | Event::Heard { .. }
            | Event::Ticked => {}
        }
    }

    // ── the assistant ──

    fn dial_assistant(&mut self, broken_since: Option<CallTime>, tries: u32, effects: &mut Vec<Effect>) {
        self.dialled += 1;
        self.assistant = Assistant::Dialling { broken_since, tries };
        effects.push(Effect::DialAssistant { time: self.dialled });
    }

    fn assistant_connected(&mut self, at: CallTime) {
        if let Assistant::Dialling { .. } = self.assistant {
            self.assistant = if self.rep_has_prospect() {
                Assistant::Parked { until: at + self.terms.assistant.keep_after_bridge }
            } else {
                // Who has just picked up owes the first word.
                Assistant::Here { owes_since: Some(at), hung: false }
            };
        }
    }

    fn assistant_broke(&mut self, at: CallTime, fault: AssistantFault, effects: &mut Vec<Effect>) {
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

    fn assistant_finished(&mut self, at: CallTime, effects: &mut Vec<Effect>) {
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

    fn assistant_paused(&mut self, at: CallTime, effects: &mut Vec<Effect>) {
        self.assistant_speaks = false;
        self.tell_handoff(at, Input::AssistantPaused, effects);
    }

    // ── the handoff ──

    fn person_asked(&mut self, at: CallTime, effects: &mut Vec<Effect>) {
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

    fn key_pressed(&mut self, at: CallTime, leg: LegId, key: char, effects: &mut Vec<Effect>) {
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

    fn rep_reserved(&mut self, at: CallTime, attempt: AttemptId, rep: RepId, effects: &mut Vec<Effect>) {
        if matches!(self.stage(), Some(Stage::Seeking { attempt: sought, .. }) if *sought == attempt) {
            self.tell_handoff(at, Input::RepReserved { attempt, rep }, effects);
        } else if self.handoff.as_ref().and_then(Handoff::attempt).is_none_or(|a| a.id != attempt) {
            // The store answered when nobody waited for it any longer.
            effects.push(withdrawn(attempt));
        }
    }

    fn rep_arrived(&mut self, at: CallTime, attempt: AttemptId, effects: &mut Vec<Effect>) {
        if self.stage().and_then(Stage::attempt) == Some(attempt) {
            self.tell_handoff(at, Input::Answered(attempt), effects);
        } else {
            effects.push(too_late(attempt));
        }
    }

    fn played(&mut self, at: CallTime, leg: LegId, phrase: Phrase, effects: &mut Vec<Effect>) {
        let input = match (leg, phrase) {
            (LegId::Rep(attempt), Phrase::Offer | Phrase::NotUnderstood) => Input::Asked(attempt),
            (LegId::Rep(attempt), Phrase::Whisper) => Input::Briefed(attempt),
            (LegId::Rep(attempt), Phrase::Introduction) => Input::RepIntroduced(attempt),
            (LegId::Prospect, Phrase::Introduction) => Input::ProspectIntroduced,
            (LegId::Prospect, Phrase::RepLeft) => Input::ProspectTold,
            (LegId::Rep(_), Phrase::RepLeft | Phrase::ProspectLeft | Phrase::TooLate | Phrase::Withdrawn)
            | (LegId::Prospect | LegId::Assistant, _) => return,
        };
        self.tell_handoff(at, input, effects);
    }

    fn flowed(&mut self, at: CallTime, leg: LegId, hearing: u32, effects: &mut Vec<Effect>) {
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
        if self.bridge_flows == (true, true) {
            if let Assistant::Here { .. } = self.assistant {
                self.assistant = Assistant::Parked { until: at + self.terms.assistant.keep_after_bridge };
            }
        }
    }

    fn heard(&mut self, at: CallTime, leg: LegId, what: Heard, effects: &mut Vec<Effect>) {
        match (leg, what) {
            (LegId::Assistant, Heard::TurnBegan | Heard::TookTheFloor) => {
                self.assistant_speaks = true;
                if let Assistant::Here { owes_since, hung } = &mut self.assistant {
                    (*owes_since, *hung) = (None, false);
                }
                if let Some(handoff) = &mut self.handoff {
                    handoff.assistant_spoke();
                }
            }
            (LegId::Assistant, Heard::TurnEnded) => self.assistant_paused(at, effects),
            (LegId::Prospect, Heard::TurnBegan) => {
                if let Assistant::Here { owes_since, hung: false } = &mut self.assistant {
                    *owes_since = None;
                }
            }
            (LegId::Prospect, Heard::TurnEnded) => {
                let listens = self.hearing.assistant.has(Sounds::PROSPECT);
                if let Assistant::Here { owes_since: owes @ None, .. } = &mut self.assistant
                    && listens
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

    // ── time ──

    fn ticked(&mut self, at: CallTime, effects: &mut Vec<Effect>) {
        match self.prospect {
            Prospect::Away { until } if at >= until => {
                self.tell_handoff(at, Input::ProspectGone, effects);
                self.end(CallEnd::NeverCame, effects);
                return;
            }
            Prospect::LeavingUs { end, until } if at >= until => {
                self.end(end, effects);
                return;
            }
            Prospect::Away { .. } | Prospect::LeavingUs { .. } | Prospect::Here | Prospect::Gone => {}
        }
        if self.assistant.deadline(&self.terms.assistant).is_some_and(|until| at >= until) {
            self.assistant_due(at, effects);
        }
        if let Some(handoff) = &mut self.handoff {
            let actions = handoff.tick(at);
            self.perform(actions, effects);
        }
    }

    fn assistant_due(&mut self, at: CallTime, effects: &mut Vec<Effect>) {
        match self.assistant.clone() {
            Assistant::Waiting { broken_since, tries, .. } => {
                self.dial_assistant(Some(broken_since), tries + 1, effects);
            }
            Assistant::Here { owes_since, hung: false } => {
                self.assistant = Assistant::Here { owes_since, hung: true };
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
    fn settle(&mut self, at: CallTime, effects: &mut Vec<Effect>) {
        if !self.is_over() && !self.rep_has_prospect() {
            match self.assistant {
                Assistant::Parked { .. } => {
                    self.assistant = Assistant::Here { owes_since: None, hung: false }
                }
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
        } else if let Assistant::Here { owes_since, hung } = &mut self.assistant {
            // It cannot be heard now: it owes nobody a word.
            (*owes_since, *hung) = (None, false);
        }
        let hearing = self.follows();
        if hearing != self.hearing {
            let before = std::mem::replace(&mut self.hearing, hearing);
            if hearing.on_line != before.on_line || !self.is_bridging() {
                self.bridge_flows = (false, false);
            }
            self.say_hearing(hearing.cuts(&before), effects);
        }
    }

    fn say_hearing(&mut self, cut: bool, effects: &mut Vec<Effect>) {
        self.hearing = self.follows();
        self.hearings += 1;
        // Before anything that is said in it: who hears whom must hold when the first word comes.
        let speaks = |e: &Effect| matches!(e, Effect::Say { .. } | Effect::EndAttempt { .. });
        let first_word = effects.iter().position(speaks).unwrap_or(effects.len());
        let hear = Effect::Hear { number: self.hearings, hearing: self.hearing, cut };
        effects.insert(first_word, hear);
    }

    fn follows(&self) -> Hearing {
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
            hearing.rep = Sounds::HOLD;
        }
        hearing
    }

    fn tell_handoff(&mut self, at: CallTime, input: Input, effects: &mut Vec<Effect>) {
        if let Some(handoff) = &mut self.handoff {
            let actions = handoff.handle(at, input);
            self.perform(actions, effects);
        }
    }

    fn perform(&mut self, actions: Vec<Action>, effects: &mut Vec<Effect>) {
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

    fn handoff_is_open(&self) -> bool {
        self.handoff.as_ref().is_some_and(|h| h.outcome().is_none())
    }

    fn stage(&self) -> Option<&Stage> {
        self.handoff.as_ref().map(Handoff::stage)
    }

    fn is_bridging(&self) -> bool {
        matches!(self.stage(), Some(Stage::Bridging { .. }))
    }

    /// Whether the prospect is with a rep, or about to be, so that the assistant is not needed now.
    fn rep_has_prospect(&self) -> bool {
        matches!(self.stage(), Some(Stage::Introducing { .. } | Stage::Bridging { .. }))
    }
}

fn too_late(attempt: AttemptId) -> Effect {
    Effect::Dismiss { attempt, last_words: Phrase::TooLate }
}

fn withdrawn(attempt: AttemptId) -> Effect {
    Effect::EndAttempt { attempt, end: crate::handoff::End::Withdrawn, last_words: None }
}

/// How long last words may take to be played before the stream is closed all the same: as much as an assistant may
/// have queued at the carrier, and a little for the way.
const LETTING_GO: Duration = Duration::from_secs(260);
