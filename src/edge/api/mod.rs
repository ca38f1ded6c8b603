//! The control API: ask for a person, take that back, look at calls. For operators by key, and for the assistant of a
//! call by the token that it got with the start of its stream.

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::json;
use subtle::ConstantTimeEq as _;

use crate::call::{Asker, Event};
use crate::id::CallId;
use crate::live::live_call::LiveCall;
use crate::live::switchboard::Switchboard;
use crate::ports::{Calls, Fault};

/// What the control API needs.
pub struct Api {
    /// The calls that run.
    pub switchboard: Arc<Switchboard>,
    /// The calls that are written down.
    pub calls: Arc<dyn Calls>,
    /// The operators' keys.
    pub operator_keys: Vec<String>,
}

/// The control API, as routes.
pub fn routes(api: Arc<Api>) -> Router {
    Router::new()
        .route("/v1/calls", get(list))
        .route("/v1/calls/{call}", get(show))
        .route("/v1/calls/{call}/timeline", get(timeline))
        .route("/v1/calls/{call}/handoff", post(ask_for_person).delete(call_off))
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .with_state(api)
}

#[derive(Deserialize)]
struct Page {
    #[serde(default = "fifty")]
    limit: u32,
}

fn fifty() -> u32 {
    50
}

/// The latest calls, for operators.
async fn list(State(api): State<Arc<Api>>, Query(page): Query<Page>, headers: HeaderMap) -> Response {
    if !api.is_operator(&headers) {
        return unauthorized();
    }
    match api.calls.latest(page.limit.clamp(1, MOST_LISTED)).await {
        Ok(calls) => Json(json!({ "calls": calls })).into_response(),
        Err(fault) => unavailable(&fault),
    }
}

/// One call as it is written down.
async fn show(State(api): State<Arc<Api>>, Path(call): Path<String>, headers: HeaderMap) -> Response {
    let call = match api.allowed(&headers, &call) {
        Ok((call, _)) => call,
        Err(refusal) => return refusal,
    };
    match api.calls.call(call).await {
        Ok(Some(stored)) => Json(stored).into_response(),
        Ok(None) => not_found(),
        Err(fault) => unavailable(&fault),
    }
}

/// The timeline of one call.
async fn timeline(State(api): State<Arc<Api>>, Path(call): Path<String>, headers: HeaderMap) -> Response {
    let call = match api.allowed(&headers, &call) {
        Ok((call, _)) => call,
        Err(refusal) => return refusal,
    };
    match api.calls.timeline(call).await {
        Ok(entries) => {
            let entries: Vec<serde_json::Value> =
                entries.iter().filter_map(|entry| serde_json::from_str(&entry.json).ok()).collect();
            Json(json!({ "call": call, "timeline": entries })).into_response()
        }
        Err(fault) => unavailable(&fault),
    }
}

/// A person is to take over. Asked again while one is sought, nothing changes.
async fn ask_for_person(
    State(api): State<Arc<Api>>,
    Path(call): Path<String>,
    headers: HeaderMap,
) -> Response {
    api.tell(&headers, &call, Event::PersonAsked(Asker::Api), "a person is being found").await
}

/// A person is not needed after all; too late once a rep is being briefed.
async fn call_off(State(api): State<Arc<Api>>, Path(call): Path<String>, headers: HeaderMap) -> Response {
    api.tell(&headers, &call, Event::PersonNotNeeded, "called off, if it was not too late").await
}

impl Api {
    async fn tell(&self, headers: &HeaderMap, call: &str, event: Event, answer: &str) -> Response {
        match self.allowed(headers, call) {
            Ok((call, Some(live))) if !live.is_over() && live.teller.tell(event).await => {
                (StatusCode::ACCEPTED, Json(json!({ "call": call, "message": answer }))).into_response()
            }
            Ok(_) => refusal(StatusCode::CONFLICT, "this call is over"),
            Err(refusal) => refusal,
        }
    }

    /// The call, if the bearer of this request may touch it.
    fn allowed(&self, headers: &HeaderMap, call: &str) -> Result<(CallId, Option<Arc<LiveCall>>), Response> {
        let id: Option<CallId> = call.parse().ok();
        let live = id.and_then(|id| self.switchboard.call(id));
        let by_token = live.as_ref().is_some_and(|live| bears(headers, &live.facts.token.0));
        if !by_token && !self.is_operator(headers) {
            return Err(unauthorized());
        }
        id.map(|id| (id, live)).ok_or_else(not_found)
    }

    fn is_operator(&self, headers: &HeaderMap) -> bool {
        self.operator_keys.iter().any(|key| bears(headers, key))
    }
}

fn bears(headers: &HeaderMap, token: &str) -> bool {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = value.and_then(|value| value.strip_prefix("Bearer ")).map(str::trim);
    !token.is_empty() && bearer.is_some_and(|bearer| bearer.as_bytes().ct_eq(token.as_bytes()).into())
}

fn unauthorized() -> Response {
    metrics::counter!("baton_refused_total", "door" => "api", "why" => "credentials").increment(1);
    refusal(
        StatusCode::UNAUTHORIZED,
        "send `Authorization: Bearer <token>`: an operator's key, or the baton_token of this call",
    )
}

fn not_found() -> Response {
    refusal(StatusCode::NOT_FOUND, "no such call")
}

fn unavailable(fault: &Fault) -> Response {
    tracing::warn!(%fault, "the store could not be read for the control API");
    refusal(StatusCode::SERVICE_UNAVAILABLE, "the store cannot be read now; try again")
}

fn refusal(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({ "error": message }))).into_response()
}

/// Nothing that is posted here is long.
const LARGEST_BODY: usize = 16 * 1024;

/// The longest list in one answer.
const MOST_LISTED: u32 = 500;
