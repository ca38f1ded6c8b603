//! Whoever follows the talk tells the call of it: turns, facts, how the assistant is doing, that a person is wanted.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::edge::api::news::millis;
use crate::edge::api::told::{self, Wrong, one_or_many};
use crate::edge::api::{Api, over, read, too_much, wrong};
use crate::live::telling::Telling;

/// What somebody said: one turn or a list of them.
pub(super) async fn turns(
    State(api): State<Arc<Api>>,
    Path(call): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let answer = "heard";
    answered(api.tell(&headers, &call, body, answer, |body| one_or_many(body, "turn", told::turn)).await)
}

/// What the assistant learned of the prospect: one fact or a list of them.
pub(super) async fn facts(
    State(api): State<Arc<Api>>,
    Path(call): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let answer = "noted";
    answered(api.tell(&headers, &call, body, answer, |body| one_or_many(body, "fact", told::fact)).await)
}

/// How the assistant itself is doing: one signal or a list of them.
pub(super) async fn signals(
    State(api): State<Arc<Api>>,
    Path(call): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let answer = "noted";
    answered(api.tell(&headers, &call, body, answer, |body| one_or_many(body, "signal", told::signal)).await)
}

/// A person is to take over. Asked again while one is sought, nothing changes.
pub(super) async fn handoff(
    State(api): State<Arc<Api>>,
    Path(call): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let answer = "a person is being found: go on talking until you are told otherwise";
    answered(api.tell(&headers, &call, body, answer, |body| Ok(vec![told::handoff(body)?])).await)
}

/// A person is not needed after all; too late once a rep is being briefed.
pub(super) async fn call_off(
    State(api): State<Arc<Api>>,
    Path(call): Path<String>,
    headers: HeaderMap,
) -> Response {
    let (nothing, answer) = (Ok(Bytes::new()), "called off, if it was not too late");
    answered(api.tell(&headers, &call, nothing, answer, |_| Ok(vec![Telling::PersonNotNeeded])).await)
}

/// The prospect was offered a person, and answered so.
pub(super) async fn proposal(
    State(api): State<Arc<Api>>,
    Path(call): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let answer = "noted";
    answered(api.tell(&headers, &call, body, answer, |body| Ok(vec![told::proposal(body)?])).await)
}

impl Api {
    /// Tells a running call all of this, or nothing.
    async fn tell(
        &self,
        headers: &HeaderMap,
        call: &str,
        body: Result<Bytes, BytesRejection>,
        answer: &str,
        meaning: impl FnOnce(Value) -> Result<Vec<Telling>, Wrong>,
    ) -> Result<Response, Response> {
        let live = self.running(headers, call).await?;
        let body = read(body)?;
        let tellings = meaning(body).map_err(|Wrong(why)| wrong(&why))?;
        let (now, many) = (live.clock.now(), tellings.len());
        let mut tellable = Vec::with_capacity(many);
        for (telling, number) in tellings.into_iter().zip(1..) {
            let at = telling.at(now).map_err(|why| {
                wrong(&if many > 1 { format!("turn {number}: {why}") } else { why.to_string() })
            })?;
            tellable.push(at);
        }
        if !self.may_tell(live.id, many) {
            return Err(too_much("you tell more than anybody says: send less, and later", AGAIN_AFTER));
        }
        for telling in tellable {
            if !telling.tell(&live.teller).await {
                return Err(over());
            }
        }
        let answer = json!({ "call": live.id, "taken": many, "now_ms": millis(now), "message": answer });
        Ok((StatusCode::ACCEPTED, Json(answer)).into_response())
    }
}

fn answered(answer: Result<Response, Response>) -> Response {
    answer.unwrap_or_else(|refusal| refusal)
}

/// A hundred more may be told by then.
const AGAIN_AFTER: Duration = Duration::from_secs(5);
