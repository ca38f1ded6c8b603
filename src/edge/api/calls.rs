//! Looking at calls: the latest, one with all that is known and was decided, and its timeline.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::call::{Effect, Entry, Event};
use crate::conversation::{Fact, FactName, Note, Shape, Standing};
use crate::edge::api::news::{self, millis};
use crate::edge::api::{Api, not_found, unauthorized, unavailable, wrong};
use crate::escalation::TriggerStanding;
use crate::handoff::Handoff;
use crate::id::CallId;
use crate::live::live_call::LiveCall;
use crate::live::watching::Rewatched;
use crate::ports::{Listed, StoredCall, StoredEntry};
use crate::time::{CallTime, Timestamp};

/// Which calls are asked for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wish {
    limit: Option<u32>,
    direction: Option<DirectionWord>,
    since: Option<String>,
    live: Option<bool>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum DirectionWord {
    Inbound,
    Outbound,
}

/// The latest calls, for operators.
pub(super) async fn list(
    State(api): State<Arc<Api>>,
    wish: Result<Query<Wish>, QueryRejection>,
    headers: HeaderMap,
) -> Response {
    if !api.is_operator(&headers) {
        return unauthorized();
    }
    let which = match wish {
        Ok(Query(wish)) => match listed(&wish) {
            Ok(which) => which,
            Err(why) => return wrong(&why),
        },
        Err(rejection) => return wrong(&rejection.body_text()),
    };
    match api.calls.list(which).await {
        Ok(calls) => Json(json!({ "calls": calls })).into_response(),
        Err(fault) => unavailable(&fault),
    }
}

fn listed(wish: &Wish) -> Result<Listed, String> {
    let since = match wish.since.as_deref() {
        None => None,
        Some(since) => Some(moment(since).ok_or_else(|| {
            format!("since must be a time as 2026-01-31T09:00:00Z or milliseconds since 1970, not {since:?}")
        })?),
    };
    Ok(Listed {
        limit: wish.limit.unwrap_or(LISTED).clamp(1, MOST_LISTED),
        direction: wish.direction.map(|direction| match direction {
            DirectionWord::Inbound => "inbound",
            DirectionWord::Outbound => "outbound",
        }),
        since,
        running: wish.live,
    })
}

fn moment(text: &str) -> Option<Timestamp> {
    let millis = text.parse().ok();
    millis
        .or_else(|| text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_millisecond))
        .map(Timestamp)
}

/// One call: how it went, what is known of the prospect, what was decided and why, and where it stands.
pub(super) async fn show(
    State(api): State<Arc<Api>>,
    Path(call): Path<String>,
    headers: HeaderMap,
) -> Response {
    let (call, live) = match api.allowed(&headers, &call) {
        Ok(allowed) => allowed,
        Err(refusal) => return refusal,
    };
    api.written().await;
    let (stored, entries) = tokio::join!(api.calls.call(call), api.calls.timeline(call));
    match (stored, entries) {
        (Ok(Some(stored)), Ok(entries)) => {
            Json(whole(&stored, live.as_deref(), &Findings::of(call, &entries))).into_response()
        }
        (Ok(None), Ok(_)) => not_found(),
        (Err(fault), _) | (_, Err(fault)) => unavailable(&fault),
    }
}

/// The timeline of one call.
pub(super) async fn timeline(
    State(api): State<Arc<Api>>,
    Path(call): Path<String>,
    headers: HeaderMap,
) -> Response {
    let call = match api.allowed(&headers, &call) {
        Ok((call, _)) => call,
        Err(refusal) => return refusal,
    };
    api.written().await;
    let (stored, entries) = tokio::join!(api.calls.call(call), api.calls.timeline(call));
    match (stored, entries) {
        (Ok(Some(_)), Ok(entries)) => {
            let entries: Vec<Value> =
                entries.iter().filter_map(|entry| serde_json::from_str(&entry.json).ok()).collect();
            Json(json!({ "call": call, "timeline": entries })).into_response()
        }
        (Ok(None), Ok(_)) => not_found(),
        (Err(fault), _) | (_, Err(fault)) => unavailable(&fault),
    }
}

/// What a timeline comes to.
#[derive(Default)]
struct Findings {
    facts: BTreeMap<FactName, Fact>,
    decisions: Vec<Value>,
    talk: Option<Shape>,
    stage: Option<Value>,
    triggers: Vec<Value>,
}

impl Findings {
    fn of(call: CallId, entries: &[StoredEntry]) -> Self {
        let mut findings = Self::default();
        let mut rewatched = Rewatched::new(call);
        for entry in entries {
            // One that another version wrote and this one cannot read is passed over.
            let Ok(entry) = serde_json::from_str::<Entry>(&entry.json) else { continue };
            findings.take(&entry);
            rewatched.entry(entry);
        }
        let last = entries.last().map_or(CallTime::ZERO, |entry| entry.at);
        let standings = rewatched.call().map(|call| call.standings(last)).unwrap_or_default();
        findings.triggers = standings.iter().map(trigger).collect();
        findings.stage =
            rewatched.call().and_then(|call| call.handoff()).map(Handoff::stage).map(news::handoff);
        findings
    }

    fn take(&mut self, entry: &Entry) {
        match &entry.event {
            Event::Said(said) => {
                for fact in &said.facts {
                    self.facts.insert(fact.name, fact.clone());
                }
                self.talk = Some(said.shape.clone());
            }
            Event::Noted(noted) => {
                if let Note::Fact(name, value) = &noted.note {
                    let (name, value) = (*name, value.clone());
                    self.facts.insert(name, Fact { name, value, standing: Standing::Confirmed, turn: None });
                }
            }
            _tells_nothing => {}
        }
        for effect in &entry.effects {
            if let Effect::Decide(decided) = effect {
                let mut decision = news::decision_with_words(decided);
                decision["at_ms"] = json!(millis(decided.decision.at));
                self.decisions.push(decision);
            }
        }
    }
}

fn whole(stored: &StoredCall, live: Option<&LiveCall>, findings: &Findings) -> Value {
    let mut whole = json!(stored);
    whole["facts"] = findings.facts.values().map(news::fact).collect();
    whole["decisions"] = json!(findings.decisions);
    let mut standing = json!({ "running": stored.end.is_none() });
    if let Some(stage) = &findings.stage {
        standing["handoff"] = stage.clone();
    }
    if let Some(talk) = &findings.talk {
        standing["talk"] = json!(talk);
    }
    standing["triggers"] = json!(findings.triggers);
    if let Some(live) = live.filter(|live| !live.is_over()) {
        standing["now_ms"] = json!(millis(live.clock.now()));
    }
    whole["standing"] = standing;
    if let Some(live) = live {
        whole["context"] = json!(live.facts.context);
    }
    whole
}

fn trigger(standing: &TriggerStanding) -> Value {
    json!({
        "trigger": standing.trigger,
        "reason": standing.reason,
        "urgency": standing.urgency,
        "score": standing.score,
        "threshold": standing.threshold,
        "held_back": standing.held_back,
    })
}

/// As many as fit on a screen or two.
const LISTED: u32 = 50;

/// The longest list in one answer.
const MOST_LISTED: u32 = 500;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_as_people_and_as_machines_write_it() {
        assert_eq!(moment("2026-01-31T09:00:00Z"), Some(Timestamp(1_769_850_000_000)));
        assert_eq!(moment("1769850000000"), Some(Timestamp(1_769_850_000_000)));
        assert_eq!(moment("yesterday"), None);
    }
}
