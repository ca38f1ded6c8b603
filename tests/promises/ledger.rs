//! What the promises need to be checked: an account of a call kept from outside, by its events and effects alone.

use std::collections::{BTreeMap, BTreeSet};

use baton::call::{Call, CallEnd, Effect, Event};
use baton::escalation::Answer;
use baton::handoff::{Hearing, Outcome, Phrase, Proposal, Sounds, Stage};
use baton::id::{AttemptId, LegId, RepId};

/// The account of one call.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ledger {
    /// Who could be reserved for each try that was asked for.
    pub(crate) asked: BTreeMap<AttemptId, Vec<RepId>>,
    /// The tries that the store has answered for.
    pub(crate) answered: BTreeSet<AttemptId>,
    /// Whom the store reserved.
    pub(crate) reserved: BTreeMap<AttemptId, RepId>,
    /// Whose phone was rung.
    pub(crate) rung: BTreeSet<AttemptId>,
    /// Whose sound is connected.
    pub(crate) arrived: BTreeSet<AttemptId>,
    /// Who pressed 1 with their sound connected.
    pub(crate) said_yes: BTreeSet<AttemptId>,
    /// For whom a claim was asked.
    pub(crate) committed: BTreeSet<AttemptId>,
    /// Whose try has ended.
    pub(crate) ended: BTreeSet<AttemptId>,
    /// Handoffs that came to rest.
    pub(crate) rested: u32,
    /// How often the call was closed.
    pub(crate) closed: u32,
    /// The carrier was told to let the prospect go.
    pub(crate) let_go: bool,
    /// The prospect was gone before that.
    left: bool,
    hearing: Option<(u32, [u8; 3], Option<AttemptId>)>,
}

impl Ledger {
    /// The number of the hearing that stands, as legs count it.
    pub(crate) fn hearing_number(&self) -> u32 {
        self.hearing.map_or(0, |(number, ..)| number % 65_536)
    }

    /// The ledger without what only counts up.
    pub(crate) fn without_counts(&self) -> Self {
        let mut ledger = self.clone();
        if let Some((number, ..)) = &mut ledger.hearing {
            *number = 0;
        }
        ledger
    }

    /// Notes one step and says which promises it breaks.
    pub(crate) fn step(
        &mut self,
        before: &Call,
        event: &Event,
        effects: &[Effect],
        after: &Call,
    ) -> Vec<String> {
        let mut broken = Vec::new();
        let known_before = self.clone();
        self.note_event(event);
        let hearing_before = *before.hearing();
        for effect in effects {
            self.note_effect(effect, &hearing_before, after, &mut broken);
        }
        self.check_prospect_hears(after, &mut broken);
        self.check_isolation(after, &mut broken);
        self.check_tries(after, &mut broken);
        Self::check_refusal(before, event, after, &mut broken);
        self.check_outcomes(after, &mut broken);
        Self::check_late_reservation(event, effects, &mut broken);
        self.check_shutting_down(event, after, &mut broken);
        known_before.check_late_facts(before, event, effects, after, &mut broken);
        broken
    }

    fn note_event(&mut self, event: &Event) {
        if let Event::RepReserved { attempt, .. } | Event::NobodyFree(attempt) = event {
            self.answered.insert(*attempt);
        }
        match event {
            Event::RepReserved { attempt, rep } if !self.ended.contains(attempt) => {
                self.reserved.entry(*attempt).or_insert_with(|| rep.clone());
            }
            Event::RepArrived(attempt) if !self.ended.contains(attempt) => {
                self.arrived.insert(*attempt);
            }
            Event::KeyPressed { leg: LegId::Rep(attempt), key: '1' } if self.arrived.contains(attempt) => {
                self.said_yes.insert(*attempt);
            }
            Event::RepLeft { attempt, .. } | Event::RepStreamBroke(attempt) => {
                self.arrived.remove(attempt);
            }
            Event::CameBack => {
                self.arrived.clear();
                // What was asked of the store may never have reached it: it is asked again, which does no harm.
                self.committed.clear();
                self.asked.retain(|attempt, _| self.answered.contains(attempt));
            }
            _other => {}
        }
    }

    fn note_effect(&mut self, effect: &Effect, before: &Hearing, after: &Call, broken: &mut Vec<String>) {
        match effect {
            Effect::Reserve { attempt, among } => {
                if self.asked.insert(*attempt, among.clone()).is_some() {
                    broken.push(format!("3: {attempt} was reserved for twice"));
                }
            }
            Effect::Ring { attempt, .. } => {
                if !self.reserved.contains_key(attempt) {
                    broken.push(format!("3: {attempt} is rung without a reservation"));
                }
                if !self.rung.insert(*attempt) {
                    broken.push(format!("6: {attempt} is rung twice"));
                }
            }
            Effect::Commit(attempt) => {
                if !self.said_yes.contains(attempt) {
                    broken.push(format!("3: {attempt} is committed without a yes"));
                }
                if !self.committed.insert(*attempt) {
                    broken.push(format!("3: {attempt} is committed twice"));
                }
            }
            Effect::EndAttempt { attempt, .. } => {
                if !self.ended.insert(*attempt) && self.rung.contains(attempt) {
                    broken.push(format!("4: {attempt} ended twice"));
                }
                // What came before its end does not matter any more.
                for set in [&mut self.arrived, &mut self.said_yes, &mut self.committed] {
                    set.remove(attempt);
                }
                self.reserved.remove(attempt);
            }
            Effect::FileHandoff { .. } => self.rested += 1,
            Effect::Close(end) => {
                self.closed += 1;
                self.left |= matches!(end, CallEnd::ProspectLeft | CallEnd::NeverCame);
            }
            Effect::LetGo(_) => self.let_go = true,
            Effect::Say { leg, phrase } => self.check_said(*leg, *phrase, broken),
            Effect::Hear { number, hearing, cut } => {
                let ear = [hearing.prospect.bits(), hearing.assistant.bits(), hearing.rep.bits()];
                if self.hearing.is_some_and(|(last, ..)| *number <= last) {
                    broken.push("9: hearings are not counted up".to_owned());
                }
                self.hearing = Some((*number, ear, hearing.on_line));
                let cut_off = before.prospect.has(Sounds::ASSISTANT)
                    && (hearing.prospect.has(Sounds::REP) || hearing.prospect.has(Sounds::HOUSE));
                if cut_off && !cut {
                    broken.push("2: the assistant's speech stays queued for the introduction".to_owned());
                }
                if hearing != after.hearing() {
                    broken.push("1: the hearing that was set is not the one that stands".to_owned());
                }
            }
            Effect::DialAssistant { .. }
            | Effect::CloseAssistant { .. }
            | Effect::PassKey(_)
            | Effect::Decide(_)
            | Effect::Dismiss { .. } => {}
        }
    }

    fn check_said(&self, leg: LegId, phrase: Phrase, broken: &mut Vec<String>) {
        match (leg, phrase) {
            (
                LegId::Prospect,
                Phrase::Proposal | Phrase::Introduction | Phrase::OneMoment | Phrase::RepLeft,
            ) => {}
            (LegId::Prospect, said) => broken.push(format!("2: the prospect is told {said:?}")),
            (LegId::Rep(attempt), Phrase::Whisper | Phrase::Introduction)
                if !self.said_yes.contains(&attempt) =>
            {
                broken.push(format!("2: {attempt} is told {phrase:?} before saying yes"));
            }
            (LegId::Rep(attempt), _) if !self.arrived.contains(&attempt) => {
                broken.push(format!("2: {phrase:?} is said to {attempt}, who is not there"));
            }
            (LegId::Rep(_), _) => {}
            (LegId::Assistant, said) => broken.push(format!("2: the assistant is told {said:?}")),
        }
    }

    fn check_prospect_hears(&self, call: &Call, broken: &mut Vec<String>) {
        if !call.prospect_is_here() || call.is_over() {
            return;
        }
        let ear = call.hearing().prospect;
        if ear.is_silence() {
            broken.push("1: the prospect hears nothing".to_owned());
        }
        if ear.has(Sounds::ASSISTANT) && !call.assistant_is_audible() {
            broken.push("1: the prospect hears an assistant that is not there".to_owned());
        }
        if ear == Sounds::HOLD && call.assistant_is_audible() {
            broken.push("1: the prospect hears hold although the assistant is there".to_owned());
        }
        if ear.has(Sounds::REP) {
            let there =
                call.hearing().on_line.is_some_and(|a| self.arrived.contains(&a) && !self.ended.contains(&a));
            if !there {
                broken.push("1: the prospect hears a rep who is not there".to_owned());
            }
        }
        if ear.has(Sounds::HOUSE) && call.deadline().is_none() {
            broken.push("1: the prospect hears a house voice that may never end".to_owned());
        }
        match self.hearing {
            Some((_, set, on_line)) => {
                let stands = call.hearing();
                let bits = [stands.prospect.bits(), stands.assistant.bits(), stands.rep.bits()];
                if set != bits || on_line != stands.on_line {
                    broken.push("1: the patchbay was not told who hears whom".to_owned());
                }
            }
            None => broken.push("1: a prospect is here and the patchbay was told nothing".to_owned()),
        }
    }

    fn check_isolation(&self, call: &Call, broken: &mut Vec<String>) {
        let hearing = call.hearing();
        if let Some(attempt) = hearing.on_line
            && (hearing.rep.has(Sounds::PROSPECT) || hearing.prospect.has(Sounds::REP))
            && !self.said_yes.contains(&attempt)
        {
            broken.push(format!("2: {attempt} and the prospect hear each other before a yes"));
        }
        let private = matches!(
            call.handoff().map(baton::handoff::Handoff::stage),
            Some(Stage::Introducing { .. } | Stage::Bridging { .. } | Stage::Rejoining { .. })
        );
        if private && hearing.assistant.has(Sounds::PROSPECT) {
            broken.push("2: the assistant hears what prospect and rep say".to_owned());
        }
        if !private && hearing.rep.has(Sounds::PROSPECT) {
            broken.push("2: a rep hears the prospect outside the bridge".to_owned());
        }
        let asked = matches!(
            call.handoff().map(baton::handoff::Handoff::stage),
            Some(Stage::Proposing { proposal: Proposal::IsSaid | Proposal::IsAsked, .. })
        );
        if asked && hearing.assistant.has(Sounds::PROSPECT) {
            broken.push("2: the assistant answers what the house voice asked".to_owned());
        }
        if hearing.prospect.has(Sounds::REP) && hearing.prospect.has(Sounds::ASSISTANT) {
            broken.push("2: the assistant speaks into the bridge".to_owned());
        }
        let told = matches!(
            call.handoff().map(baton::handoff::Handoff::stage),
            Some(
                Stage::Proposing { .. }
                    | Stage::Introducing { .. }
                    | Stage::Rejoining { .. }
                    | Stage::Recovering { .. }
            )
        );
        if hearing.prospect.has(Sounds::HOUSE) && !told {
            broken.push("2: the prospect hears what the house voice says to others".to_owned());
        }
    }

    fn check_tries(&self, call: &Call, broken: &mut Vec<String>) {
        let open: Vec<_> = self.rung.difference(&self.ended).collect();
        if open.len() > 1 {
            broken.push(format!("3: {open:?} go on at once"));
        }
        if call.hearing().on_line.is_some_and(|attempt| self.ended.contains(&attempt)) {
            broken.push("3: a rep whose try has ended is on the line".to_owned());
        }
        let over = call.is_over() || call.handoff().is_some_and(|h| h.outcome().is_some());
        if over && !open.is_empty() {
            broken.push(format!("4: {open:?} go on although the handoff is over"));
        }
    }

    /// A no is a no, at once.
    fn check_refusal(before: &Call, event: &Event, after: &Call, broken: &mut Vec<String>) {
        let stage = |call: &Call| call.handoff().map(|h| h.stage().clone());
        let refused = matches!(event, Event::ProposalAnswered(Answer::Refused));
        if refused && matches!(stage(before), Some(Stage::Proposing { .. })) && !before.is_over() {
            let declined = matches!(stage(after), Some(Stage::Over(Outcome::Declined)));
            if !declined {
                broken.push("4: the prospect said no, and that changed nothing".to_owned());
            }
        }
    }

    fn check_outcomes(&self, call: &Call, broken: &mut Vec<String>) {
        if self.closed > 1 {
            broken.push("4: the call was closed twice".to_owned());
        }
        if call.is_over() != (self.closed == 1) {
            broken.push("4: the call is over and not closed, or closed and not over".to_owned());
        }
        let open = call.handoff().is_some_and(|h| h.outcome().is_none());
        if call.is_over() && open {
            broken.push("4: the call is over and its handoff is not".to_owned());
        }
    }

    /// When Baton stops nothing is waited for, and nobody is left behind on a line that leads nowhere.
    fn check_shutting_down(&self, event: &Event, after: &Call, broken: &mut Vec<String>) {
        if *event != Event::ShuttingDown {
            return;
        }
        if !after.is_over() {
            broken.push("7: Baton stops and the call goes on".to_owned());
        }
        if !self.let_go && !self.left {
            broken.push("7: Baton stops and the prospect is sent nowhere".to_owned());
        }
    }

    /// A rep who is reserved when nobody waits for them is set free at once.
    fn check_late_reservation(event: &Event, effects: &[Effect], broken: &mut Vec<String>) {
        let Event::RepReserved { attempt, .. } = event else { return };
        let used = |e: &Effect| matches!(e, Effect::Ring { attempt: a, .. } | Effect::EndAttempt { attempt: a, .. } if a == attempt);
        if !effects.iter().any(used) {
            broken.push(format!("3: the rep of {attempt} is reserved, not rung and not set free"));
        }
    }

    /// Facts about tries that have ended change nothing.
    fn check_late_facts(
        &self,
        before: &Call,
        event: &Event,
        effects: &[Effect],
        after: &Call,
        broken: &mut Vec<String>,
    ) {
        let about = match event {
            Event::NobodyFree(a)
            | Event::ClaimCommitted(a)
            | Event::ClaimLost(a)
            | Event::RepRang(a)
            | Event::RepLeft { attempt: a, .. }
            | Event::RepStreamBroke(a)
            | Event::RepArrived(a)
            | Event::Played { leg: LegId::Rep(a), .. }
            | Event::KeyPressed { leg: LegId::Rep(a), .. } => *a,
            _about_no_try => return,
        };
        if !self.ended.contains(&about) {
            return;
        }
        let answers = |e: &Effect| !matches!(e, Effect::Dismiss { .. });
        if effects.iter().any(answers)
            || before.handoff().map(baton::handoff::Handoff::stage)
                != after.handoff().map(baton::handoff::Handoff::stage)
        {
            broken.push(format!("3: a late fact about {about} had an effect: {event:?} → {effects:?}"));
        }
        if matches!(event, Event::RepArrived(_)) && effects.is_empty() {
            broken.push(format!("3: {about} answered too late and is told nothing"));
        }
    }
}
