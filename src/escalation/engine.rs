//! Decides: signals in, at most one decision at a time out.
//!
//! Each telling is weighed by every trigger. Of those that reach their threshold, and that nothing holds back, the first by rank
//! is decided on. What it stood on is then spent. Until the decision is answered only an explicit request goes over a softer one;
//! after the answer there is a pause, and after a "no" only new and stronger grounds ask again.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::conversation::{
    Context, FactName, Shape, Signal, SignalKind, Speaker, StageOfTalk, Turn, Wording,
};
use crate::escalation::decision::{Decision, Reason, Urgency};
use crate::escalation::ledger::Ledger;
use crate::escalation::policy::{Changes, Policy};
use crate::escalation::score::{Ground, Score};
use crate::escalation::standing::{Hurdle, TriggerStanding};
use crate::escalation::trigger::Trigger;
use crate::time::CallTime;

/// What decides in one call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Engine {
    /// As it is for this call's direction.
    policy: Arc<Policy>,
    tier: String,
    known_account: Option<Signal>,
    ledger: Ledger,
    stage: StageOfTalk,
    prospect_turns: u32,
    open_questions: Vec<String>,
    facts_missing: Vec<FactName>,
    at: CallTime,
    decided: u32,
    pending: Option<Pending>,
    quiet_until: CallTime,
    /// The prospect wants the person who was offered.
    coming: bool,
    refusals: Vec<Pending>,
    /// Triggers that have fired, were not answered, and have not fallen since.
    fired: Vec<String>,
}

/// A decision that waits for its answer, or had it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Pending {
    reason: Reason,
    trigger: String,
    score: i64,
}

/// What became of a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// The prospect wants the person.
    Agreed,
    /// The prospect does not.
    Refused,
    /// They said neither, or nobody could be found.
    NoAnswer,
    /// They had wanted one and took it back.
    CalledOff,
}

/// Whether the words that were told may still change.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Telling {
    Turn(u32, Wording),
    Notice,
}

impl Engine {
    /// The engine of a call of which this is known beforehand.
    pub fn new(policy: Arc<Policy>, context: &Context) -> Self {
        let known_account = policy.is_important(&context.account).then(|| Signal {
            kind: SignalKind::KnownAccount,
            strength: 100,
            at: CallTime::ZERO,
            turn: None,
            words: String::new(),
            about: context.account.tier.clone(),
        });
        Self {
            policy: if policy.changes(context.direction) == &Changes::default() {
                policy
            } else {
                Arc::new(policy.facing(context.direction))
            },
            tier: context.account.tier.trim().to_owned(),
            known_account,
            ledger: Ledger::default(),
            stage: StageOfTalk::Opening,
            prospect_turns: 0,
            open_questions: Vec::new(),
            facts_missing: Vec::new(),
            at: CallTime::ZERO,
            decided: 0,
            pending: None,
            quiet_until: CallTime::ZERO,
            coming: false,
            refusals: Vec::new(),
            fired: Vec::new(),
        }
    }

    /// Somebody said this, and it tells that; what this turn told before no longer counts.
    pub fn said(&mut self, turn: &Turn, signals: &[Signal], shape: &Shape) -> Option<Decision> {
        if turn.by == Speaker::Rep {
            return None;
        }
        self.rearm(turn.until);
        self.stage = shape.stage;
        self.prospect_turns = shape.prospect_turns;
        self.open_questions = shape.open_questions.iter().take(MOST_OPEN).cloned().collect();
        self.facts_missing = shape.missing.iter().take(FactName::ALL.len()).copied().collect();
        self.ledger.turn_said(turn.number, self.policy.place(shape.stage, shape.prospect_turns), signals);
        self.decide(turn.until, Telling::Turn(turn.number, turn.wording))
    }

    /// Something other than words tells this: a note of the assistant, or the voice, of which the latest of a kind counts.
    pub fn noticed(&mut self, at: CallTime, signals: &[Signal]) -> Option<Decision> {
        self.rearm(at);
        self.ledger.noticed(self.policy.place(self.stage, self.prospect_turns), signals);
        self.decide(at, Telling::Notice)
    }

    /// This became of the latest decision.
    pub fn answered(&mut self, at: CallTime, answer: Answer) {
        self.at = self.at.max(at);
        let pending = self.pending.take();
        self.quiet_until = self.at + self.policy.cool_down.0;
        self.coming = answer == Answer::Agreed;
        self.fired.clear();
        match answer {
            Answer::Agreed | Answer::CalledOff => self.ledger.spend_all(),
            Answer::Refused => {
                self.ledger.spend_all();
                let nameless = Pending { reason: Reason::ExplicitRequest, trigger: String::new(), score: 0 };
                self.refusals.push(pending.unwrap_or(nameless));
                let too_many = self.refusals.len().saturating_sub(MOST_REFUSALS_KNOWN);
                self.refusals.drain(..too_many);
            }
            Answer::NoAnswer => {}
        }
    }

    /// How every trigger stands at this moment, in the order in which they would be decided on.
    pub fn standings(&self, at: CallTime) -> Vec<TriggerStanding> {
        let at = self.at.max(at);
        let ground = self.ground(at);
        let standing = |(name, trigger): (&String, &Trigger)| {
            let score = ground.score(trigger);
            let held_back = self.hurdles(name, trigger, score, at, Telling::Notice);
            let held_back = held_back.iter().filter(|hurdle| **hurdle != Hurdle::NothingNew);
            TriggerStanding {
                trigger: name.clone(),
                reason: trigger.reason,
                urgency: Self::urgency(trigger, &ground, score),
                score: i16::try_from(score.total).unwrap_or(if score.total < 0 {
                    i16::MIN
                } else {
                    i16::MAX
                }),
                threshold: u16::try_from(self.required(trigger)).unwrap_or(u16::MAX),
                held_back: held_back.map(ToString::to_string).collect(),
                evidence: ground.evidence(trigger),
            }
        };
        let mut all: Vec<(&String, &Trigger)> = self.policy.triggers.iter().collect();
        all.sort_by_key(|(_, trigger)| trigger.rank);
        all.into_iter().map(standing).collect()
    }

    fn decide(&mut self, at: CallTime, telling: Telling) -> Option<Decision> {
        self.at = self.at.max(at);
        let at = self.at;
        let policy = Arc::clone(&self.policy);
        let ground = self.ground(at);
        let mut best: Option<(&String, &Trigger, Score)> = None;
        for (name, trigger) in &policy.triggers {
            if best.is_some_and(|(_, best, _)| best.rank <= trigger.rank) {
                continue;
            }
            let score = ground.score(trigger);
            if score.total >= i64::from(trigger.threshold)
                && self.hurdles(name, trigger, score, at, telling).is_empty()
            {
                best = Some((name, trigger, score));
            }
        }
        let best = best.map(|(name, trigger, score)| (name.clone(), trigger, score));
        let partial = matches!(telling, Telling::Turn(_, Wording::Partial));
        if self.pending.is_none() && at >= self.quiet_until && !partial {
            self.ledger.weighed();
        }
        let (name, trigger, score) = best?;
        Some(self.decide_on(&name, trigger, score))
    }

    fn decide_on(&mut self, name: &str, trigger: &Trigger, score: Score) -> Decision {
        let at = self.at;
        let ground = self.ground(at);
        let urgency = Self::urgency(trigger, &ground, score);
        let evidence = ground.evidence(trigger);
        let threshold = u16::try_from(self.required(trigger)).unwrap_or(u16::MAX);
        let mut open_questions = self.open_questions.clone();
        if trigger.reason == Reason::MissingEvidence {
            open_questions.extend(self.facts_missing.iter().map(|fact| fact.word().to_owned()));
        }
        self.decided += 1;
        self.coming = false;
        match urgency {
            Urgency::Immediate | Urgency::Normal => {
                self.ledger.spend_all();
                let pending =
                    Pending { reason: trigger.reason, trigger: name.to_owned(), score: score.total };
                self.pending = Some(pending);
            }
            Urgency::Nurture => self.ledger.spend_all(),
            Urgency::AskFirst => self.ledger.spend(|kind| trigger.weights.get(&kind).is_some_and(|w| *w > 0)),
        }
        self.quiet_until = at + self.policy.cool_down.0;
        self.fired.push(name.to_owned());
        Decision {
            number: self.decided,
            at,
            reason: trigger.reason,
            urgency,
            trigger: name.to_owned(),
            score: u16::try_from(score.total.max(0)).unwrap_or(u16::MAX),
            threshold,
            evidence,
            open_questions,
        }
    }

    /// A real need whose time is not now is a follow-up, not a person in the call.
    fn urgency(trigger: &Trigger, ground: &Ground<'_>, score: Score) -> Urgency {
        match trigger.urgency {
            Urgency::Normal if ground.is_put_off(score) => Urgency::Nurture,
            urgency => urgency,
        }
    }

    /// Triggers that have fired may fire again once they have fallen.
    fn rearm(&mut self, at: CallTime) {
        if self.fired.is_empty() {
            return;
        }
        let mut fired = std::mem::take(&mut self.fired);
        let ground = self.ground(self.at.max(at));
        fired.retain(|name| {
            let trigger = self.policy.triggers.get(name);
            trigger.is_some_and(|trigger| ground.score(trigger).with_spent >= i64::from(trigger.rearm))
        });
        self.fired = fired;
    }

    /// What holds a trigger back; nothing: it fires.
    fn hurdles(
        &self,
        name: &str,
        trigger: &Trigger,
        score: Score,
        at: CallTime,
        telling: Telling,
    ) -> Vec<Hurdle> {
        let explicit = trigger.reason == Reason::ExplicitRequest;
        let mut all = Vec::new();
        if !self.policy.on || !trigger.on {
            all.push(Hurdle::Off);
        }
        let threshold = self.required(trigger);
        if score.total < threshold {
            all.push(Hurdle::Short { by: threshold - score.total, threshold });
        }
        let at_least = i64::from(trigger.threshold) * i64::from(self.policy.words_at_least) / 100;
        if score.words < at_least && score.total > score.words {
            all.push(Hurdle::MostlyVoice { words: score.words, at_least });
        }
        if !score.has_needed && !trigger.one_of.is_empty() {
            all.push(Hurdle::OneOf(trigger.one_of.iter().map(|kind| kind.word()).collect()));
        }
        if score.turns < trigger.different_turns {
            all.push(Hurdle::Turns { so_far: score.turns, of: trigger.different_turns });
        }
        if self.stage < trigger.from_stage {
            all.push(Hurdle::Stage { now: self.stage, from: trigger.from_stage });
        }
        if !trigger.tiers.is_empty()
            && !trigger.tiers.iter().any(|tier| tier.eq_ignore_ascii_case(&self.tier))
        {
            all.push(Hurdle::Tier(trigger.tiers.clone()));
        }
        if self.prospect_turns < trigger.prospect_turns {
            all.push(Hurdle::ProspectTurns { so_far: self.prospect_turns, of: trigger.prospect_turns });
        }
        if let Some(known) = trigger.unknown.iter().find(|fact| !self.facts_missing.contains(fact)) {
            all.push(Hurdle::Known(known.word()));
        }
        let missing = u32::try_from(self.facts_missing.len()).unwrap_or(u32::MAX);
        if missing < trigger.facts_missing {
            all.push(Hurdle::FactsMissing { so_far: missing, of: trigger.facts_missing });
        }
        if matches!(telling, Telling::Turn(_, Wording::Partial)) && !trigger.on_partial_words {
            all.push(Hurdle::PartialWords);
        }
        if !score.has_new {
            all.push(Hurdle::NothingNew);
        }
        if !explicit && self.fired.iter().any(|fired| fired == name) {
            all.push(Hurdle::NotRearmed { score: score.with_spent, rearm: trigger.rearm });
        }
        all.extend(self.what_came_before(name, explicit, score, at, telling));
        all
    }

    /// What an earlier decision, and the answer to it, hold back.
    fn what_came_before(
        &self,
        name: &str,
        explicit: bool,
        score: Score,
        at: CallTime,
        telling: Telling,
    ) -> Option<Hurdle> {
        if let Some(pending) = &self.pending {
            // "Yes, get me somebody" answers the offer; it is no request beside it.
            let answers = matches!(telling, Telling::Turn(n, _) if self.ledger.says(n, SignalKind::SaidYes));
            return (!explicit || pending.reason == Reason::ExplicitRequest || answers)
                .then_some(Hurdle::Pending);
        }
        if self.coming && explicit && at < self.quiet_until {
            return Some(Hurdle::Coming);
        }
        if explicit {
            return None;
        }
        if at < self.quiet_until {
            return Some(Hurdle::CoolingDown { seconds: self.quiet_until.since(at).as_secs() + 1 });
        }
        if self.refusals.len() >= self.policy.refusals_at_most as usize && !self.refusals.is_empty() {
            return Some(Hurdle::RefusedForGood);
        }
        let before =
            self.refusals.iter().filter(|refusal| refusal.trigger == name).map(|refusal| refusal.score);
        before.max().filter(|before| score.total <= *before).map(|score| Hurdle::RefusedBefore { score })
    }

    /// What a trigger has to reach: more after a "no".
    fn required(&self, trigger: &Trigger) -> i64 {
        let threshold = i64::from(trigger.threshold);
        let asks_again = trigger.reason == Reason::ExplicitRequest || self.refusals.is_empty();
        if asks_again { threshold } else { threshold * i64::from(self.policy.after_refusal) / 100 }
    }

    fn ground(&self, at: CallTime) -> Ground<'_> {
        Ground {
            policy: &self.policy,
            ledger: &self.ledger,
            counting: self.ledger.counting().collect(),
            known_account: self.known_account.as_ref(),
            at,
            refused: !self.refusals.is_empty(),
        }
    }
}

/// Open questions that a decision names: what an assistant can ask in a minute.
const MOST_OPEN: usize = 6;
/// Refusals that are remembered one by one; there is no asking beyond the first few.
const MOST_REFUSALS_KNOWN: usize = 8;

#[cfg(test)]
#[path = "engine_tests.rs"]
mod tests;
