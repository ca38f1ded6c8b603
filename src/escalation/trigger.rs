//! A trigger: which signals speak for involving a person, how much each, and what must hold besides.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::conversation::{FactName, SignalKind, StageOfTalk};
use crate::escalation::decision::{Reason, Urgency};
use crate::time::Span;

/// A rule over signals. Its score is the sum of what speaks for and against a person; at the threshold it fires.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trigger {
    /// Whether it is used.
    pub on: bool,
    /// Why a person is involved when it fires.
    pub reason: Reason,
    /// How soon.
    pub urgency: Urgency,
    /// When several fire at once, the lowest is the one that counts.
    pub rank: u8,
    /// The score at which it fires.
    pub threshold: u16,
    /// Having fired, its score must fall below this before it fires again, unless the prospect was asked and answered.
    pub rearm: u16,
    /// What was said counts half after this time.
    pub half_life: Span,
    /// Whether what is said early counts less, and what is said about terms more.
    pub by_stage: bool,
    /// The stage of the talk before which it does not fire.
    #[serde(default, skip_serializing_if = "is_default")]
    pub from_stage: StageOfTalk,
    /// The account tiers that it is for; empty: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tiers: Vec<String>,
    /// How many turns the prospect must have taken.
    #[serde(default, skip_serializing_if = "is_default")]
    pub prospect_turns: u32,
    /// In how many different turns there must be something that speaks for it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub different_turns: u32,
    /// One of these must be among what speaks for it; empty: any will do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub one_of: Vec<SignalKind>,
    /// It fires only at the moment when one of these comes; empty: with anything that speaks for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fires_on: Vec<SignalKind>,
    /// These facts must be missing, and being vague counts only where it is about them or about nothing in particular.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<FactName>,
    /// How many of the facts that tell whether it is worth a person's time must be missing.
    #[serde(default, skip_serializing_if = "is_default")]
    pub facts_missing: u32,
    /// Whether it may fire on words that the recogniser may still change.
    #[serde(default, skip_serializing_if = "is_default")]
    pub on_partial_words: bool,
    /// What each signal adds when it is quite clear; below zero, it speaks against.
    pub weights: BTreeMap<SignalKind, i16>,
}

impl Trigger {
    /// What is wrong with it, in words, where something is.
    pub(crate) fn fault(&self) -> Option<String> {
        if !(1..=MOST).contains(&self.threshold) {
            return Some(format!("threshold is from 1 to {MOST}"));
        }
        if self.rearm > self.threshold {
            return Some("rearm is at most the threshold".to_owned());
        }
        if self.half_life.0.as_millis() == 0 {
            return Some("half_life is more than nothing".to_owned());
        }
        if self.weights.values().any(|weight| weight.unsigned_abs() > MOST) {
            return Some(format!("a weight is from -{MOST} to {MOST}"));
        }
        None
    }
}

/// What an operator changes of a trigger; what is not named stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TriggerChange {
    /// See [`Trigger::on`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on: Option<bool>,
    /// See [`Trigger::reason`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// See [`Trigger::urgency`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub urgency: Option<Urgency>,
    /// See [`Trigger::rank`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rank: Option<u8>,
    /// See [`Trigger::threshold`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold: Option<u16>,
    /// See [`Trigger::rearm`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rearm: Option<u16>,
    /// See [`Trigger::half_life`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub half_life: Option<Span>,
    /// See [`Trigger::by_stage`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by_stage: Option<bool>,
    /// See [`Trigger::from_stage`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_stage: Option<StageOfTalk>,
    /// See [`Trigger::tiers`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tiers: Option<Vec<String>>,
    /// See [`Trigger::prospect_turns`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prospect_turns: Option<u32>,
    /// See [`Trigger::different_turns`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub different_turns: Option<u32>,
    /// See [`Trigger::one_of`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub one_of: Option<Vec<SignalKind>>,
    /// See [`Trigger::fires_on`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fires_on: Option<Vec<SignalKind>>,
    /// See [`Trigger::unknown`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown: Option<Vec<FactName>>,
    /// See [`Trigger::facts_missing`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub facts_missing: Option<u32>,
    /// See [`Trigger::on_partial_words`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_partial_words: Option<bool>,
    /// The weights that change; with 0, a signal no longer counts.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub weights: BTreeMap<SignalKind, i16>,
}

impl TriggerChange {
    /// The trigger as it is with this change. A threshold below `rearm` takes that along, so that one line is enough.
    pub(crate) fn applied_to(&self, trigger: &Trigger) -> Trigger {
        let mut weights = trigger.weights.clone();
        weights.extend(self.weights.iter().map(|(kind, weight)| (*kind, *weight)));
        let threshold = self.threshold.unwrap_or(trigger.threshold);
        Trigger {
            on: self.on.unwrap_or(trigger.on),
            reason: self.reason.unwrap_or(trigger.reason),
            urgency: self.urgency.unwrap_or(trigger.urgency),
            rank: self.rank.unwrap_or(trigger.rank),
            threshold,
            rearm: self.rearm.unwrap_or(trigger.rearm.min(threshold)),
            half_life: self.half_life.unwrap_or(trigger.half_life),
            by_stage: self.by_stage.unwrap_or(trigger.by_stage),
            from_stage: self.from_stage.unwrap_or(trigger.from_stage),
            tiers: self.tiers.clone().unwrap_or_else(|| trigger.tiers.clone()),
            prospect_turns: self.prospect_turns.unwrap_or(trigger.prospect_turns),
            different_turns: self.different_turns.unwrap_or(trigger.different_turns),
            one_of: self.one_of.clone().unwrap_or_else(|| trigger.one_of.clone()),
            fires_on: self.fires_on.clone().unwrap_or_else(|| trigger.fires_on.clone()),
            unknown: self.unknown.clone().unwrap_or_else(|| trigger.unknown.clone()),
            facts_missing: self.facts_missing.unwrap_or(trigger.facts_missing),
            on_partial_words: self.on_partial_words.unwrap_or(trigger.on_partial_words),
            weights,
        }
    }

    /// This change, and what another one changes besides.
    pub(crate) fn over(self, below: Self) -> Self {
        let mut weights = below.weights;
        weights.extend(self.weights);
        Self {
            on: self.on.or(below.on),
            reason: self.reason.or(below.reason),
            urgency: self.urgency.or(below.urgency),
            rank: self.rank.or(below.rank),
            threshold: self.threshold.or(below.threshold),
            rearm: self.rearm.or(below.rearm),
            half_life: self.half_life.or(below.half_life),
            by_stage: self.by_stage.or(below.by_stage),
            from_stage: self.from_stage.or(below.from_stage),
            tiers: self.tiers.or(below.tiers),
            prospect_turns: self.prospect_turns.or(below.prospect_turns),
            different_turns: self.different_turns.or(below.different_turns),
            one_of: self.one_of.or(below.one_of),
            fires_on: self.fires_on.or(below.fires_on),
            unknown: self.unknown.or(below.unknown),
            facts_missing: self.facts_missing.or(below.facts_missing),
            on_partial_words: self.on_partial_words.or(below.on_partial_words),
            weights,
        }
    }

    /// A trigger of the operator's own: at the normal settings but for what is named here.
    pub(crate) fn new_trigger(&self) -> Result<Trigger, &'static str> {
        let reason = self.reason.ok_or("a trigger of your own names its reason")?;
        if self.weights.is_empty() {
            return Err("a trigger of your own names its weights");
        }
        Ok(self.applied_to(&Trigger::plain(reason, Urgency::Normal, OWN_RANK, &[])))
    }
}

impl Trigger {
    /// A trigger at the normal settings.
    pub(crate) fn plain(reason: Reason, urgency: Urgency, rank: u8, weights: &[(SignalKind, i16)]) -> Self {
        Self {
            on: true,
            reason,
            urgency,
            rank,
            threshold: 100,
            rearm: 50,
            half_life: Span::secs(180),
            by_stage: false,
            from_stage: StageOfTalk::Opening,
            tiers: Vec::new(),
            prospect_turns: 0,
            different_turns: 0,
            one_of: Vec::new(),
            fires_on: Vec::new(),
            unknown: Vec::new(),
            facts_missing: 0,
            on_partial_words: false,
            weights: weights.iter().copied().collect(),
        }
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// The highest threshold and the heaviest weight: ten times the usual threshold, beyond which a number is a typing error.
const MOST: u16 = 1_000;
/// The rank of a trigger of the operator's own that names none: after those that answer a wish of the prospect.
const OWN_RANK: u8 = 85;
