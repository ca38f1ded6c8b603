//! The two calls of the carrier's REST API that assistants make: look at "their" call, and end it.
//!
//! They know the call by our name for it, so that the prospect's real call is out of their reach. "Completed" means
//! that the assistant is done, and nothing more.

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, Form, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::json;
use subtle::ConstantTimeEq as _;

use crate::call::Event;
use crate::live::live_call::LiveCall;
use crate::live::switchboard::Switchboard;

/// What the hosted calls need.
pub struct Hosted {
    /// The calls.
    pub switchboard: Arc<Switchboard>,
    /// The operator's secret for all assistants; none: only the token of the call is good.
    pub token: Option<String>,
}

/// The two calls, as routes.
pub fn routes(hosted: Arc<Hosted>) -> Router {
    Router::new()
        .route("/2010-04-01/Accounts/{account}/Calls/{call}", get(look).post(update))
        .layer(DefaultBodyLimit::max(LARGEST_FORM))
        .with_state(hosted)
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase")]
struct Update {
    status: Option<String>,
    twiml: Option<String>,
    url: Option<String>,
}

async fn look(
    State(hosted): State<Arc<Hosted>>,
    Path((account, call)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    match hosted.allowed(&headers, &call) {
        Ok(live) => Json(resource(&live, &account, status_of(&live))).into_response(),
        Err(refusal) => refusal,
    }
}

async fn update(
    State(hosted): State<Arc<Hosted>>,
    Path((account, call)): Path<(String, String)>,
    headers: HeaderMap,
    Form(update): Form<Update>,
) -> Response {
    let live = match hosted.allowed(&headers, &call) {
        Ok(live) => live,
        Err(refusal) => return refusal,
    };
    match update.status.as_deref() {
        Some("completed" | "canceled") => {
            live.teller.tell(Event::AssistantFinished).await;
            Json(resource(&live, &account, "completed")).into_response()
        }
        _ if update.twiml.is_some() || update.url.is_some() => refusal(
            StatusCode::BAD_REQUEST,
            NOT_IN_PROGRESS,
            "this call is led by Baton: close the stream and let its TwiML go on, or ask for a person over the control API",
        ),
        _ => refusal(
            StatusCode::BAD_REQUEST,
            MISSING,
            "Status is missing: completed is the one that is understood",
        ),
    }
}

impl Hosted {
    /// The call of this name, if the credentials are good for it.
    fn allowed(&self, headers: &HeaderMap, call: &str) -> Result<Arc<LiveCall>, Response> {
        let alias = call.strip_suffix(".json").unwrap_or(call);
        let live = self.switchboard.by_alias(alias);
        let secret = basic_secret(headers);
        let good = secret.is_some_and(|secret| {
            let is = |token: &str| !token.is_empty() && bool::from(secret.as_bytes().ct_eq(token.as_bytes()));
            self.token.as_deref().is_some_and(is) || live.as_ref().is_some_and(|live| is(&live.facts.token.0))
        });
        if !good {
            metrics::counter!("baton_refused_total", "door" => "hosted", "why" => "credentials").increment(1);
            return Err(refusal(StatusCode::UNAUTHORIZED, UNAUTHORIZED, "authenticate"));
        }
        live.ok_or_else(|| refusal(StatusCode::NOT_FOUND, NOT_FOUND, "the requested resource was not found"))
    }
}

fn basic_secret(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let decoded = STANDARD.decode(value.strip_prefix("Basic ")?.trim()).ok()?;
    let (_name, secret) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    Some(secret.to_owned())
}

fn status_of(live: &LiveCall) -> &'static str {
    if live.is_over() { "completed" } else { "in-progress" }
}

fn resource(live: &LiveCall, account: &str, status: &str) -> serde_json::Value {
    json!({
        "sid": live.facts.alias,
        "account_sid": account,
        "status": status,
        "direction": if live.facts.direction.word() == "inbound" { "inbound" } else { "outbound-api" },
        "uri": format!("/2010-04-01/Accounts/{account}/Calls/{}.json", live.facts.alias),
    })
}

fn refusal(status: StatusCode, code: u32, message: &str) -> Response {
    let body = json!({
        "code": code,
        "message": message,
        "more_info": format!("https://www.twilio.com/docs/errors/{code}"),
        "status": status.as_u16(),
    });
    (status, Json(body)).into_response()
}

/// A status and a few names.
const LARGEST_FORM: usize = 16 * 1024;

// The carrier's own codes, which assistants' libraries know.
const UNAUTHORIZED: u32 = 20_003;
const NOT_FOUND: u32 = 20_404;
const NOT_IN_PROGRESS: u32 = 21_220;
const MISSING: u32 = 20_001;
