//! What becomes of a call, in words that an assistant's developer understands: what was said and noted, what was decided
//! and how to offer it, where the handoff is, how it ended.

use serde_json::{Map, Value, json};

use crate::call::in_words;
use crate::call::{Asker, Decided, Effect, Event, Noted, Said, WhyAsked};
use crate::conversation::{Fact, Note, Signal, Turn, Wording};
use crate::escalation::Decision;
use crate::handoff::Stage;
use crate::id::CallId;
use crate::live::watching::Watched;
use crate::time::CallTime;

/// One piece of news of a call.
#[derive(Clone, Debug, PartialEq)]
pub struct News {
    /// What kind it is.
    pub kind: Kind,
    /// Of which call.
    pub call: CallId,
    /// The entry of the timeline that it tells of.
    pub number: u64,
    /// When, in the call.
    pub at: CallTime,
    what: Map<String, Value>,
}

/// What kind of news there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The call began.
    Began,
    /// Somebody said something.
    Said,
    /// The assistant noted something.
    Noted,
    /// A person should be involved.
    Decision,
    /// Somebody asked for a person.
    PersonAsked,
    /// Why the next one asks.
    WhyAsked,
    /// Somebody took that back.
    CalledOff,
    /// The prospect was offered a person and answered.
    ProposalAnswer,
    /// The handoff moved on.
    Handoff,
    /// The call is over.
    Ended,
}

impl Kind {
    /// Every one.
    pub const ALL: [Self; 10] = [
        Self::Began,
        Self::Said,
        Self::Noted,
        Self::Decision,
        Self::PersonAsked,
        Self::WhyAsked,
        Self::CalledOff,
        Self::ProposalAnswer,
        Self::Handoff,
        Self::Ended,
    ];

    /// In one word, as the wire has it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Began => "began",
            Self::Said => "said",
            Self::Noted => "noted",
            Self::Decision => "decision",
            Self::PersonAsked => "person-asked",
            Self::WhyAsked => "why-asked",
            Self::CalledOff => "called-off",
            Self::ProposalAnswer => "proposal-answer",
            Self::Handoff => "handoff",
            Self::Ended => "ended",
        }
    }

    /// Whether somebody waits for it who does not listen to every word.
    pub fn is_a_turning_point(self) -> bool {
        match self {
            Self::Decision | Self::Handoff | Self::Ended => true,
            Self::Began
            | Self::Said
            | Self::Noted
            | Self::PersonAsked
            | Self::WhyAsked
            | Self::CalledOff
            | Self::ProposalAnswer => false,
        }
    }
}

impl News {
    /// What there is to tell of this entry: often nothing, seldom more than one thing.
    pub fn of(watched: &Watched) -> Vec<Self> {
        let mut all = Vec::new();
        let mut put = |kind: Kind, what: Value| {
            let what = if let Value::Object(what) = what { what } else { Map::new() };
            let Watched { call, number, entry, .. } = watched;
            all.push(Self { kind, call: *call, number: *number, at: entry.at, what });
        };
        match &watched.entry.event {
            Event::Began(_) => put(Kind::Began, json!({})),
            Event::Said(told) => put(Kind::Said, said(told)),
            Event::Noted(told) => put(Kind::Noted, noted(told)),
            Event::WhyAsked(why) => put(Kind::WhyAsked, why_asked(why)),
            Event::PersonAsked(asker) => {
                let by = match asker {
                    Asker::ProspectKey => "prospect-key",
                    Asker::Api => "api",
                };
                put(Kind::PersonAsked, json!({ "by": by }));
            }
            Event::PersonNotNeeded => put(Kind::CalledOff, json!({})),
            Event::ProposalAnswered(answer) => put(Kind::ProposalAnswer, json!({ "answer": answer })),
            _nothing_to_tell => {}
        }
        for effect in &watched.entry.effects {
            if let Effect::Decide(decided) = effect {
                put(Kind::Decision, decision_with_words(decided));
            }
        }
        if let Some(stage) = &watched.stage {
            put(Kind::Handoff, handoff(stage));
        }
        for effect in &watched.entry.effects {
            if let Effect::Close(end) = effect {
                put(Kind::Ended, json!({ "end": end.word() }));
            }
        }
        all
    }

    /// As JSON: what it is, of which call, when, and what.
    pub fn json(&self) -> Value {
        let mut whole = Map::from_iter([
            ("type".to_owned(), json!(self.kind.word())),
            ("call".to_owned(), json!(self.call)),
            ("number".to_owned(), json!(self.number)),
            ("at_ms".to_owned(), json!(millis(self.at))),
        ]);
        whole.extend(self.what.clone());
        Value::Object(whole)
    }
}

/// A time of the call in milliseconds.
pub(super) fn millis(at: CallTime) -> u64 {
    at.as_micros() / 1_000
}

/// Where a handoff is.
pub(super) fn handoff(stage: &Stage) -> Value {
    let mut what = json!({ "stage": stage.name() });
    if let Some(attempt) = stage.attempt() {
        what["attempt"] = json!(attempt);
    }
    if let Stage::Over(outcome) = stage {
        what["outcome"] = json!(outcome.word());
        if !outcome.reason().is_empty() {
            what["reason"] = json!(outcome.reason());
        }
        if let Some(rep) = outcome.rep() {
            what["rep"] = json!(rep);
        }
    }
    what
}

/// A decision with what it stands on.
pub(super) fn decision(decision: &Decision) -> Value {
    let evidence: Vec<Value> = decision
        .evidence
        .iter()
        .map(|evidence| {
            let mut what = signal(&evidence.signal);
            what["weighed"] = json!(evidence.weighed);
            what
        })
        .collect();
    let because: Vec<String> =
        decision.evidence.iter().map(|evidence| in_words::evidence(evidence, &[])).collect();
    json!({
        "decision": decision.number,
        "reason": decision.reason,
        "urgency": decision.urgency,
        "trigger": decision.trigger,
        "score": decision.score,
        "threshold": decision.threshold,
        "evidence": evidence,
        "because": because,
        "open_questions": decision.open_questions,
    })
}

/// A decision, and how the assistant may offer it.
pub(super) fn decision_with_words(decided: &Decided) -> Value {
    let mut what = decision(&decided.decision);
    if !decided.words.is_empty() {
        what["suggested_words"] = json!(decided.words);
    }
    if let Some(next) = decided.next {
        what["next"] = json!(next);
    }
    what
}

/// Something that is known of the prospect.
pub(super) fn fact(fact: &Fact) -> Value {
    let mut what = json!({ "name": fact.name, "value": fact.value, "standing": fact.standing });
    if let Some(turn) = fact.turn {
        what["turn"] = json!(turn);
    }
    what
}

fn said(told: &Said) -> Value {
    json!({
        "turn": turn(&told.turn),
        "signals": told.signals.iter().map(signal).collect::<Vec<_>>(),
        "facts": told.facts.iter().map(fact).collect::<Vec<_>>(),
        "talk": told.shape,
    })
}

fn turn(turn: &Turn) -> Value {
    let mut what = json!({
        "number": turn.number,
        "by": turn.by,
        "text": turn.words,
        "started_ms": millis(turn.from),
        "ended_ms": millis(turn.until),
        "partial": turn.wording == Wording::Partial,
        "source": turn.source,
    });
    if let Some(confidence) = turn.confidence {
        what["confidence"] = json!(f64::from(confidence) / 100.0);
    }
    what
}

fn noted(told: &Noted) -> Value {
    let mut what = match &told.note {
        Note::FellBack => json!({ "note": "fell-back" }),
        Note::Unanswered => json!({ "note": "unanswered" }),
        Note::Unsure(None) => json!({ "note": "unsure" }),
        Note::Unsure(Some(sure)) => json!({ "note": "unsure", "confidence": f64::from(*sure) / 100.0 }),
        Note::Fact(name, value) => json!({ "note": "fact", "fact": { "name": name, "value": value } }),
    };
    what["signals"] = told.signals.iter().map(signal).collect();
    what
}

fn signal(signal: &Signal) -> Value {
    let mut what = json!({ "kind": signal.kind, "strength": signal.strength, "at_ms": millis(signal.at) });
    if let Some(turn) = signal.turn {
        what["turn"] = json!(turn);
    }
    for (name, text) in [("words", &signal.words), ("about", &signal.about)] {
        if !text.is_empty() {
            what[name] = json!(text);
        }
    }
    what
}

fn why_asked(why: &WhyAsked) -> Value {
    let mut what = json!({});
    if let Some(reason) = why.reason {
        what["reason"] = json!(reason);
    }
    if let Some(urgency) = why.urgency {
        what["urgency"] = json!(urgency);
    }
    if !why.note.is_empty() {
        what["note"] = json!(why.note);
    }
    what
}
