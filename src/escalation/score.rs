//! What the evidence adds up to for one trigger, at one moment.

use crate::conversation::{FactName, Signal, SignalKind};
use crate::escalation::decay;
use crate::escalation::decision::Evidence;
use crate::escalation::ledger::{Kept, Ledger, is_lasting, is_of_the_voice};
use crate::escalation::policy::Policy;
use crate::escalation::trigger::Trigger;
use crate::time::CallTime;

/// What the evidence adds up to for one trigger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Score {
    /// All that has not been decided on, the voice with its limit.
    pub(crate) total: i64,
    /// Without the voice.
    pub(crate) words: i64,
    /// With what has been decided on.
    pub(crate) with_spent: i64,
    /// In how many turns something speaks for it.
    pub(crate) turns: u32,
    /// The latest of them.
    pub(crate) latest_turn: u32,
    /// Something of what it needs is there.
    pub(crate) has_needed: bool,
    /// Something that it fires on is new.
    pub(crate) has_new: bool,
}

/// What is reckoned with: the policy, what is known, when, and whether the prospect has said no.
pub(crate) struct Ground<'a> {
    pub(crate) policy: &'a Policy,
    pub(crate) ledger: &'a Ledger,
    pub(crate) counting: Vec<&'a Kept>,
    pub(crate) known_account: Option<&'a Signal>,
    pub(crate) at: CallTime,
    /// After a "no", what stays true for the whole call is no new ground.
    pub(crate) refused: bool,
}

impl Ground<'_> {
    /// The score of a trigger.
    pub(crate) fn score(&self, trigger: &Trigger) -> Score {
        let mut score = Score::default();
        let mut voice = 0;
        let mut voice_with_spent = 0;
        let mut last_turn = 0;
        self.each(trigger, |kept, weighed, spent| {
            let kind = kept.map_or(SignalKind::KnownAccount, |kept| kept.signal.kind);
            if is_of_the_voice(kind) {
                voice_with_spent += weighed;
                voice += if spent { 0 } else { weighed };
            } else {
                score.with_spent += weighed;
                score.words += if spent { 0 } else { weighed };
            }
            if spent || weighed <= 0 {
                return;
            }
            score.has_needed |= trigger.one_of.is_empty() || trigger.one_of.contains(&kind);
            let Some(kept) = kept else { return };
            let fires = trigger.fires_on.is_empty() || trigger.fires_on.contains(&kind);
            score.has_new |= fires && self.ledger.is_new(kept);
            score.latest_turn = score.latest_turn.max(kept.turn);
            if kept.turn != last_turn && !is_of_the_voice(kind) {
                last_turn = kept.turn;
                score.turns += 1;
            }
        });
        let most = i64::from(trigger.threshold) * i64::from(self.policy.voice_at_most) * FINE / 100;
        score.total = (score.words + voice.min(most)) / FINE;
        score.with_spent = (score.with_spent + voice_with_spent.min(most)) / FINE;
        score.words /= FINE;
        score
    }

    /// What the score stands on, weightiest first.
    pub(crate) fn evidence(&self, trigger: &Trigger) -> Vec<Evidence> {
        let mut all = Vec::new();
        self.each(trigger, |kept, weighed, spent| {
            let signal = kept.map(|kept| &kept.signal).or(self.known_account);
            let weighed = i16::try_from(weighed / FINE).unwrap_or(i16::MAX);
            if let Some(signal) = signal.filter(|_| !spent && weighed != 0) {
                all.push(Evidence { signal: signal.clone(), weighed });
            }
        });
        all.sort_by_key(|evidence| (std::cmp::Reverse(evidence.weighed.unsigned_abs()), evidence.signal.at));
        all.truncate(MOST_EVIDENCE);
        all
    }

    /// Calls back with each observation that counts for or against, what it weighs, and whether it has been decided on. The
    /// known account stands on no turn.
    fn each(&self, trigger: &Trigger, mut tell: impl FnMut(Option<&Kept>, i64, bool)) {
        let half_life = trigger.half_life.0;
        let weight = |kind: SignalKind| trigger.weights.get(&kind).copied().map_or(0, i64::from);
        let mut lasting = [None; LASTING_KINDS];
        for kept in &self.counting {
            let kind = kept.signal.kind;
            if is_lasting(kind) {
                keep_strongest(&mut lasting, kept);
                continue;
            }
            let weight = weight(kind);
            if weight == 0 || is_about_another_fact(trigger, &kept.signal) {
                continue;
            }
            let place = if trigger.by_stage && weight > 0 { i64::from(kept.place) } else { 100 };
            let fine = weight * i64::from(kept.signal.strength) * place * FINE / 10_000;
            tell(Some(kept), decay::after(fine, self.at.since(kept.signal.at), half_life), kept.spent);
        }
        let told = lasting.iter().flatten().find(|kept| kept.signal.kind == SignalKind::KnownAccount);
        let told = told.map_or(0, |kept| kept.signal.strength);
        let account = self.known_account.filter(|account| account.strength >= told);
        for kept in lasting.into_iter().flatten() {
            if kept.signal.kind != SignalKind::KnownAccount || account.is_none() {
                let fine = weight(kept.signal.kind) * i64::from(kept.signal.strength) * FINE / 100;
                tell(Some(kept), fine, self.refused && kept.spent);
            }
        }
        if let Some(account) = account {
            let fine = weight(SignalKind::KnownAccount) * i64::from(account.strength) * FINE / 100;
            if fine != 0 {
                tell(None, fine, self.refused);
            }
        }
    }

    /// Whether the prospect puts it off: said with what speaks for it or after that, and nothing urgent since.
    pub(crate) fn is_put_off(&self, score: Score) -> bool {
        let put_off = self.counting.iter().rev().find(|kept| {
            kept.signal.kind == SignalKind::NotNow
                && !kept.spent
                && kept.signal.strength >= self.policy.not_now
                && kept.turn + TURNS_AFTER >= score.latest_turn
                && self.at.since(kept.signal.at) <= self.policy.not_now_for.0
        });
        put_off.is_some_and(|put_off| {
            let urgent = |kept: &&Kept| kept.signal.kind == SignalKind::Urgent && kept.turn > put_off.turn;
            !self.counting.iter().copied().any(|kept| urgent(&kept))
        })
    }
}

/// Who evades the question how large they are is not vague about what they want.
fn is_about_another_fact(trigger: &Trigger, signal: &Signal) -> bool {
    let evaded = || FactName::ALL.into_iter().find(|fact| fact.word() == signal.about);
    signal.kind == SignalKind::Vague
        && !trigger.unknown.is_empty()
        && evaded().is_some_and(|fact| !trigger.unknown.contains(&fact))
}

fn keep_strongest<'a>(lasting: &mut [Option<&'a Kept>; LASTING_KINDS], kept: &'a Kept) {
    let same = |other: Option<&Kept>| other.is_none_or(|other| other.signal.kind == kept.signal.kind);
    let Some(place) = lasting.iter_mut().find(|other| same(**other)) else { return };
    if place.is_none_or(|other| other.signal.strength < kept.signal.strength) {
        *place = Some(kept);
    }
}

/// A need that is spoken of once more in the prospect's next turn is still put off.
const TURNS_AFTER: u32 = 2;
/// Sums are kept in hundredths of a point, so that rounding never decides.
const FINE: i64 = 100;
/// How many kinds stay true for the whole call.
const LASTING_KINDS: usize = 3;
/// What a person can take in.
const MOST_EVIDENCE: usize = 12;
