//! What an operator may set about deciding: the `[escalation]` section of the settings. The defaults are good without touching.

use std::collections::BTreeMap;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

use crate::conversation::{Account, Direction, FactName, SignalKind, StageOfTalk};
use crate::escalation::defaults;
use crate::escalation::trigger::{Trigger, TriggerChange};
use crate::escalation::words::OwnWords;
use crate::time::Span;

/// When a person should be involved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// Whether Baton decides at all; a person can always be asked for by key and over the control API.
    pub on: bool,
    /// After a decision and after the answer to it, only an explicit request counts for so long.
    pub cool_down: Span,
    /// After a "no", what is said from then on must reach this percentage of a threshold.
    pub after_refusal: u16,
    /// After so many a "no", only an explicit request counts.
    pub refusals_at_most: u32,
    /// How much of a threshold must come from words and from how the talk goes, in percent: 100 leaves the voice no say.
    pub words_at_least: u8,
    /// How much of a threshold the voice may add, in percent.
    pub voice_at_most: u8,
    /// From this strength on, "not now" makes a prepared follow-up out of a person in the call.
    pub not_now: u8,
    /// How long a "not now" counts.
    pub not_now_for: Span,
    /// So many first turns of the prospect are early …
    pub early_turns: u32,
    /// … and count this much, in percent, for triggers with `by_stage`.
    pub early: u8,
    /// What a word counts by where in the talk it falls, in percent, for triggers with `by_stage`.
    pub stages: Stages,
    /// The account tiers that are important.
    pub important_tiers: Vec<String>,
    /// From so many seats on, an account is important whatever its tier.
    pub important_seats: u32,
    /// The rules.
    #[serde(deserialize_with = "over_the_defaults")]
    pub triggers: BTreeMap<String, Trigger>,
    /// What is different when they rang us.
    #[serde(deserialize_with = "over_the_inbound_defaults")]
    pub inbound: Changes,
    /// What is different when we rang them.
    #[serde(deserialize_with = "over_the_outbound_defaults")]
    pub outbound: Changes,
    /// The operator's own words for offering a person.
    pub words: OwnWords,
}

/// What a word counts by where in the talk it falls, in percent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Stages {
    /// Hello, who are you.
    pub opening: u8,
    /// What the prospect needs.
    pub needs: u8,
    /// What we have for that.
    pub fit: u8,
    /// What it costs.
    pub terms: u8,
    /// Goodbye.
    pub closing: u8,
}

/// What is different for calls in one direction; what is not named stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Changes {
    /// See [`Policy::on`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on: Option<bool>,
    /// See [`Policy::cool_down`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cool_down: Option<Span>,
    /// See [`Policy::after_refusal`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after_refusal: Option<u16>,
    /// See [`Policy::refusals_at_most`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refusals_at_most: Option<u32>,
    /// What is different about single triggers.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub triggers: BTreeMap<String, TriggerChange>,
}

impl Policy {
    /// The policy for calls in this direction, what is different in it being in place.
    #[must_use]
    pub fn facing(&self, direction: Direction) -> Self {
        let changes = self.changes(direction);
        let mut policy = self.clone();
        policy.on = changes.on.unwrap_or(policy.on);
        policy.cool_down = changes.cool_down.unwrap_or(policy.cool_down);
        policy.after_refusal = changes.after_refusal.unwrap_or(policy.after_refusal);
        policy.refusals_at_most = changes.refusals_at_most.unwrap_or(policy.refusals_at_most);
        for (name, change) in &changes.triggers {
            if let Some(trigger) = policy.triggers.get_mut(name) {
                *trigger = change.applied_to(trigger);
            }
        }
        policy
    }

    /// What is different in this direction.
    pub(crate) fn changes(&self, direction: Direction) -> &Changes {
        match direction {
            Direction::Inbound => &self.inbound,
            Direction::Outbound => &self.outbound,
        }
    }

    /// What cannot be meant, in words, where there is something.
    pub fn fault(&self) -> Option<String> {
        if self.after_refusal < 100 {
            return Some(
                "escalation.after_refusal is at least 100: a no never makes it easier to ask again"
                    .to_owned(),
            );
        }
        if self.words_at_least > 100 || self.voice_at_most > 100 {
            return Some("escalation.words_at_least and voice_at_most are percentages up to 100".to_owned());
        }
        for (section, changes) in [("inbound", &self.inbound), ("outbound", &self.outbound)] {
            if let Some(name) = changes.triggers.keys().find(|name| !self.triggers.contains_key(*name)) {
                return Some(format!(
                    "escalation.{section}.triggers.{name}: there is no trigger of that name"
                ));
            }
        }
        for direction in [Direction::Inbound, Direction::Outbound] {
            for (name, trigger) in &self.facing(direction).triggers {
                if let Some(fault) = trigger.fault() {
                    return Some(format!("escalation.triggers.{name}: {fault}"));
                }
            }
        }
        None
    }

    /// A policy in which every key there is has a value: for checking the names of keys.
    #[must_use]
    pub fn with_every_key() -> Self {
        let mut policy = Self::default();
        let full = |trigger: &Trigger| Trigger {
            from_stage: StageOfTalk::Needs,
            tiers: vec![String::new()],
            prospect_turns: 1,
            different_turns: 1,
            one_of: vec![SignalKind::Vague],
            fires_on: vec![SignalKind::Vague],
            unknown: vec![FactName::Role],
            facts_missing: 1,
            on_partial_words: true,
            weights: SignalKind::ALL.into_iter().map(|kind| (kind, 1)).collect(),
            ..trigger.clone()
        };
        policy.triggers =
            policy.triggers.iter().map(|(name, trigger)| (name.clone(), full(trigger))).collect();
        let changes = Changes {
            on: Some(policy.on),
            cool_down: Some(policy.cool_down),
            after_refusal: Some(policy.after_refusal),
            refusals_at_most: Some(policy.refusals_at_most),
            triggers: policy
                .triggers
                .iter()
                .map(|(name, trigger)| (name.clone(), change_to(trigger)))
                .collect(),
        };
        policy.inbound = changes.clone();
        policy.outbound = changes;
        policy
    }

    pub(crate) fn is_important(&self, account: &Account) -> bool {
        let tier = account.tier.trim();
        self.important_tiers.iter().any(|known| known.eq_ignore_ascii_case(tier))
            || account.seats.is_some_and(|seats| seats >= self.important_seats)
    }

    /// What a word of the prospect counts at this place of the talk, in percent, where a trigger asks for that.
    pub(crate) fn place(&self, stage: StageOfTalk, prospect_turns: u32) -> u8 {
        let Stages { opening, needs, fit, terms, closing } = self.stages;
        let by_stage = match stage {
            StageOfTalk::Opening => opening,
            StageOfTalk::Needs => needs,
            StageOfTalk::Fit => fit,
            StageOfTalk::Terms => terms,
            StageOfTalk::Closing => closing,
        };
        if prospect_turns <= self.early_turns { by_stage.min(self.early) } else { by_stage }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            on: true,
            cool_down: Span::secs(45),
            after_refusal: 110,
            refusals_at_most: 2,
            words_at_least: 50,
            voice_at_most: 50,
            not_now: 50,
            not_now_for: Span::secs(120),
            early_turns: 2,
            early: 60,
            stages: Stages::default(),
            important_tiers: ["enterprise", "vip", "key", "strategic"].map(str::to_owned).to_vec(),
            important_seats: 200,
            triggers: defaults::triggers(),
            inbound: defaults::inbound(),
            outbound: defaults::outbound(),
            words: OwnWords::default(),
        }
    }
}

impl Default for Stages {
    fn default() -> Self {
        Self { opening: 75, needs: 100, fit: 100, terms: 115, closing: 75 }
    }
}

/// The operator's triggers over the defaults: what is not named stays, and one of their own names its reason and weights.
fn over_the_defaults<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<String, Trigger>, D::Error> {
    let mut triggers = defaults::triggers();
    for (name, change) in BTreeMap::<String, TriggerChange>::deserialize(from)? {
        let trigger = match triggers.get(&name) {
            Some(known) => change.applied_to(known),
            None => change.new_trigger().map_err(|why| D::Error::custom(format!("trigger {name}: {why}")))?,
        };
        if let Some(fault) = trigger.fault() {
            return Err(D::Error::custom(format!("trigger {name}: {fault}")));
        }
        triggers.insert(name, trigger);
    }
    Ok(triggers)
}

fn over_the_inbound_defaults<'de, D: Deserializer<'de>>(from: D) -> Result<Changes, D::Error> {
    Ok(Changes::deserialize(from)?.over(defaults::inbound()))
}

fn over_the_outbound_defaults<'de, D: Deserializer<'de>>(from: D) -> Result<Changes, D::Error> {
    Ok(Changes::deserialize(from)?.over(defaults::outbound()))
}

impl Changes {
    fn over(self, below: Self) -> Self {
        let mut triggers = below.triggers;
        for (name, change) in self.triggers {
            let below = triggers.remove(&name).unwrap_or_default();
            triggers.insert(name, change.over(below));
        }
        Self {
            on: self.on.or(below.on),
            cool_down: self.cool_down.or(below.cool_down),
            after_refusal: self.after_refusal.or(below.after_refusal),
            refusals_at_most: self.refusals_at_most.or(below.refusals_at_most),
            triggers,
        }
    }
}

fn change_to(trigger: &Trigger) -> TriggerChange {
    TriggerChange {
        on: Some(trigger.on),
        reason: Some(trigger.reason),
        urgency: Some(trigger.urgency),
        rank: Some(trigger.rank),
        threshold: Some(trigger.threshold),
        rearm: Some(trigger.rearm),
        half_life: Some(trigger.half_life),
        by_stage: Some(trigger.by_stage),
        from_stage: Some(trigger.from_stage),
        tiers: Some(trigger.tiers.clone()),
        prospect_turns: Some(trigger.prospect_turns),
        different_turns: Some(trigger.different_turns),
        one_of: Some(trigger.one_of.clone()),
        fires_on: Some(trigger.fires_on.clone()),
        unknown: Some(trigger.unknown.clone()),
        facts_missing: Some(trigger.facts_missing),
        on_partial_words: Some(trigger.on_partial_words),
        weights: trigger.weights.clone(),
    }
}
