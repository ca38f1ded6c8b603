//! The control API: tell a call what was said, ask for a person, follow what becomes of it, look at calls. For operators by
//! key, and for the assistant of a call by the token that it got with the start of its stream.
//!
//! `openapi.json` describes all of it and is served; a test holds the two to each other. Whatever is refused is answered with
//! `{"error": …}`, which says what to do.

mod calls;
mod follow;
pub mod news;
mod outbound;
mod tell;
pub mod told;
pub mod webhook;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::DefaultBodyLimit;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use subtle::ConstantTimeEq as _;

use crate::edge::api::follow::Followers;
use crate::edge::budget::Budget;
use crate::id::CallId;
use crate::live::clock;
use crate::live::live_call::LiveCall;
use crate::live::switchboard::Switchboard;
use crate::ports::{Announcements, Calls, Fault};

/// What the control API needs.
pub struct Api {
    switchboard: Arc<Switchboard>,
    calls: Arc<dyn Calls>,
    announcements: Arc<dyn Announcements>,
    operator_keys: Vec<String>,
    announced: Duration,
    followers: Arc<Followers>,
    /// What may still be told of each call.
    budgets: Mutex<HashMap<CallId, Budget>>,
}

impl Api {
    /// An API to these calls, for operators with these keys; announcements are kept so long.
    pub fn new(
        switchboard: Arc<Switchboard>,
        calls: Arc<dyn Calls>,
        announcements: Arc<dyn Announcements>,
        operator_keys: Vec<String>,
        announced: Duration,
    ) -> Self {
        Self {
            switchboard,
            calls,
            announcements,
            operator_keys,
            announced,
            followers: Arc::default(),
            budgets: Mutex::default(),
        }
    }
}

/// The control API, as routes.
pub fn routes(api: Arc<Api>) -> Router {
    Router::new()
        .route("/v1/openapi.json", get(openapi))
        .route("/v1/calls", get(calls::list))
        .route("/v1/calls/{call}", get(calls::show))
        .route("/v1/calls/{call}/timeline", get(calls::timeline))
        .route("/v1/calls/{call}/events", get(follow::events))
        .route("/v1/calls/{call}/turns", post(tell::turns).layer(DefaultBodyLimit::max(MOST_WORDS)))
        .route("/v1/calls/{call}/facts", post(tell::facts))
        .route("/v1/calls/{call}/signals", post(tell::signals))
        .route("/v1/calls/{call}/handoff", post(tell::handoff).delete(tell::call_off))
        .route("/v1/calls/{call}/proposal", post(tell::proposal))
        .route("/v1/outbound", post(outbound::announce))
        .method_not_allowed_fallback(other_method)
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .with_state(api)
}

/// The description of all this: nothing in it is secret.
async fn openapi() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], OPENAPI).into_response()
}

async fn other_method() -> Response {
    refusal(StatusCode::METHOD_NOT_ALLOWED, "this path takes other methods: see /v1/openapi.json")
}

impl Api {
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

    /// The same, for who wants to tell a call something: it must run.
    async fn running(&self, headers: &HeaderMap, call: &str) -> Result<Arc<LiveCall>, Response> {
        let (id, live) = self.allowed(headers, call)?;
        match live {
            Some(live) if !live.is_over() => Ok(live),
            Some(_over) => Err(over()),
            None => match self.calls.call(id).await {
                Ok(Some(_over)) => Err(over()),
                Ok(None) => Err(not_found()),
                Err(fault) => Err(unavailable(&fault)),
            },
        }
    }

    fn is_operator(&self, headers: &HeaderMap) -> bool {
        self.operator_keys.iter().any(|key| bears(headers, key))
    }

    /// So many things are told of a call; false where that is more than anybody could say.
    fn may_tell(&self, call: CallId, much: usize) -> bool {
        // What is behind it is whole after every statement, so a panic elsewhere does not spoil it.
        let mut budgets = self.budgets.lock().unwrap_or_else(PoisonError::into_inner);
        if budgets.len() > BUDGETS_KEPT {
            budgets.retain(|call, _| self.switchboard.call(*call).is_some());
        }
        let much = u32::try_from(much).unwrap_or(u32::MAX);
        budgets.entry(call).or_insert_with(told::budget).spends(much, clock::now())
    }

    /// Waits until what was decided is written, so that whoever asks finds it; a store that hangs is not waited for.
    async fn written(&self) {
        let _ = tokio::time::timeout(WRITTEN_WITHIN, self.switchboard.world().recorder.flush()).await;
    }
}

fn bears(headers: &HeaderMap, token: &str) -> bool {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = value.and_then(|value| value.strip_prefix("Bearer ")).map(str::trim);
    !token.is_empty() && bearer.is_some_and(|bearer| bearer.as_bytes().ct_eq(token.as_bytes()).into())
}

/// The body as JSON; an empty one is an empty object.
fn read(body: Result<Bytes, BytesRejection>) -> Result<Value, Response> {
    let body = body.map_err(|rejection| {
        let status = rejection.status();
        let why = if status == StatusCode::PAYLOAD_TOO_LARGE {
            "this is more than one request may bring: send it in parts"
        } else {
            "the body could not be read: send it again"
        };
        refusal(status, why)
    })?;
    if body.trim_ascii().is_empty() {
        return Ok(json!({}));
    }
    serde_json::from_slice(&body)
        .map_err(|error| refusal(StatusCode::BAD_REQUEST, &format!("the body is no JSON: {error}")))
}

fn unauthorized() -> Response {
    metrics::counter!("baton_refused_total", "door" => "api", "why" => "credentials").increment(1);
    let why = "send `Authorization: Bearer <token>`: an operator's key, or the baton_token of this call";
    refusal(StatusCode::UNAUTHORIZED, why)
}

fn not_found() -> Response {
    refusal(StatusCode::NOT_FOUND, "no such call: its id is the baton_call of the stream's start, call-…")
}

fn over() -> Response {
    refusal(StatusCode::CONFLICT, "this call is over: nothing can be told it any more")
}

fn wrong(why: &str) -> Response {
    refusal(StatusCode::UNPROCESSABLE_ENTITY, why)
}

fn too_much(why: &str, again_after: Duration) -> Response {
    let after = [(header::RETRY_AFTER, again_after.as_secs().to_string())];
    (after, refusal(StatusCode::TOO_MANY_REQUESTS, why)).into_response()
}

fn unavailable(fault: &Fault) -> Response {
    tracing::warn!(%fault, "the store could not be used for the control API");
    refusal(StatusCode::SERVICE_UNAVAILABLE, "the store does not answer now: try again")
}

fn refusal(status: StatusCode, why: &str) -> Response {
    (status, Json(json!({ "error": why }))).into_response()
}

/// The description that is served.
const OPENAPI: &str = include_str!("openapi.json");

/// A hundred turns of five minutes do not come at once, a hundred ordinary ones do.
const MOST_WORDS: usize = 256 * 1024;

/// Nothing else that is posted here is long.
const LARGEST_BODY: usize = 16 * 1024;

/// Beyond so many calls, those long over are forgotten.
const BUDGETS_KEPT: usize = 4_096;

/// A commit takes some 20 ms.
const WRITTEN_WITHIN: Duration = Duration::from_millis(500);
