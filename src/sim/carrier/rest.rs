//! The carrier's REST API, as much of it as rings, redirects and ends calls (PROTOCOLS.md §4).

use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::RawFormRejection;
use axum::extract::{RawForm, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::sim::carrier::account::{Account, RestRequest};
use crate::sim::carrier::call::{Call, CallStatus, Order, Source};
use crate::sim::carrier::create::{self, field};
use crate::sim::carrier::numbers;
use crate::sim::carrier::twiml::Target;

/// The routes of the API.
pub(crate) fn router(account: Arc<Account>) -> Router {
    Router::new().fallback(answer).with_state(account)
}

/// Why a request was not done, as the API says it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: u32,
    pub(crate) message: String,
}

impl Refusal {
    /// A mistake in the request.
    pub(crate) fn bad(code: u32, message: &str) -> Self {
        Self { status: 400, code, message: message.to_owned() }
    }
}

async fn answer(
    State(account): State<Arc<Account>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    form: Result<RawForm, RawFormRejection>,
) -> Response {
    let trip = account.settings.network.delay;
    tokio::time::sleep(trip).await;
    let form: Vec<(String, String)> =
        form.ok().and_then(|RawForm(bytes)| serde_urlencoded::from_bytes(&bytes).ok()).unwrap_or_default();
    let request = Request {
        account: &account,
        post: method == Method::POST,
        headers: &headers,
        path: uri.path(),
        form: &form,
    };
    let (status, body) = match request.answer() {
        Ok(answer) => answer,
        Err(refusal) => (refusal.status, problem(&refusal)),
    };
    account.was_asked(RestRequest {
        at: account.story.elapsed(),
        method: method.to_string(),
        path: uri.path().to_owned(),
        form,
        status,
    });
    tokio::time::sleep(trip).await;
    let status = StatusCode::from_u16(status).expect("statuses here are literals");
    (status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

struct Request<'a> {
    account: &'a Arc<Account>,
    post: bool,
    headers: &'a HeaderMap,
    path: &'a str,
    form: &'a [(String, String)],
}

impl Request<'_> {
    fn answer(&self) -> Result<(u16, Value), Refusal> {
        self.authenticate()?;
        let base = format!("/2010-04-01/Accounts/{}/", self.account.settings.account_sid);
        let path = self.path.strip_prefix(&base).and_then(|path| path.strip_suffix(".json"));
        match path.ok_or_else(not_found)?.split_once('/') {
            None if path == Some("Calls") && self.post => {
                let call = create::create(self.account, self.form)?;
                Ok((201, resource(self.account, &call)))
            }
            None if path == Some("Calls") => Ok((200, self.list())),
            Some(("Calls", sid)) => {
                let call = self.account.call(sid).ok_or_else(not_found)?;
                if self.post {
                    self.update(&call)?;
                }
                Ok((200, resource(self.account, &call)))
            }
            None if path == Some("IncomingPhoneNumbers") && !self.post => {
                Ok((200, numbers::list(self.account, self.form)?))
            }
            Some(("IncomingPhoneNumbers", numbers::SID)) => {
                if self.post {
                    numbers::update(self.account, self.form)?;
                }
                Ok((200, numbers::resource(self.account)))
            }
            None | Some(_) => Err(not_found()),
        }
    }

    /// §4: Basic, with the account's name and token.
    fn authenticate(&self) -> Result<(), Refusal> {
        let settings = &self.account.settings;
        let expected = STANDARD.encode(format!("{}:{}", settings.account_sid, settings.auth_token));
        let given = self.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        if given.and_then(|given| given.strip_prefix("Basic ")) == Some(&expected) {
            return Ok(());
        }
        Err(Refusal { status: 401, code: 20_003, message: "Authenticate".to_owned() })
    }

    /// §4.2.
    fn update(&self, call: &Arc<Call>) -> Result<(), Refusal> {
        create::check_names(self.form, UPDATE_FIELDS)?;
        if let Some(url) = field(self.form, "FallbackUrl") {
            let get = field(self.form, "FallbackMethod") == Some("GET");
            call.fall_back_to(Target { url: url.to_owned(), get });
        }
        let url = field(self.form, "Url");
        let twiml = field(self.form, "Twiml");
        let live = call.status() == CallStatus::InProgress;
        let not_live = || Refusal::bad(21_220, "Call is not in-progress. Cannot redirect.");
        match (field(self.form, "Status"), url, twiml) {
            (Some("completed"), None, None) if !call.status().is_over() => call.order(Order::Complete),
            (Some("canceled"), None, None) if call.status() < CallStatus::InProgress => {
                call.order(Order::Cancel);
            }
            (Some("completed" | "canceled"), None, None) => return Err(not_live()),
            (None, Some(url), None) if live => {
                let target = Target { url: url.to_owned(), get: field(self.form, "Method") == Some("GET") };
                call.order(Order::Replace(Source::Web(target, Vec::new())));
            }
            (None, None, Some(twiml)) if live => {
                create::check_twiml(twiml)?;
                call.order(Order::Replace(Source::Inline(twiml.to_owned())));
            }
            (None, Some(_), None) | (None, None, Some(_)) => return Err(not_live()),
            (None, None, None) if field(self.form, "FallbackUrl").is_some() => {}
            _ => return Err(Refusal::bad(20_001, "Url, Twiml and Status exclude each other")),
        }
        Ok(())
    }

    /// `GET Calls.json?To=…`, the newest first.
    fn list(&self) -> Value {
        let matches = |call: &Arc<Call>| {
            let same = |name, value: &str| field(self.form, name).is_none_or(|wanted| wanted == value);
            same("To", &call.to) && same("From", &call.from) && same("Status", call.status().as_str())
        };
        let calls: Vec<Value> = self
            .account
            .calls()
            .iter()
            .rev()
            .filter(|call| matches(call))
            .map(|call| resource(self.account, call))
            .collect();
        let uri = format!("/2010-04-01/Accounts/{}/Calls.json", self.account.settings.account_sid);
        json!({
            "calls": calls, "page": 0, "page_size": 50, "start": 0, "end": calls.len().saturating_sub(1),
            "uri": uri, "first_page_uri": uri, "next_page_uri": null, "previous_page_uri": null,
        })
    }
}

/// §4.1: a call as the API shows it. Numbers are strings here, and times RFC 2822.
fn resource(account: &Account, call: &Call) -> Value {
    let uri = format!("/2010-04-01/Accounts/{}/Calls/{}", account.settings.account_sid, call.sid);
    let times = call.times();
    let duration = match (times.answered, times.over) {
        (Some(from), Some(until)) => Some(until.saturating_sub(from).as_secs().to_string()),
        _ => None,
    };
    json!({
        "sid": call.sid,
        "account_sid": account.settings.account_sid,
        "parent_call_sid": call.parent,
        "to": call.to,
        "from": call.from,
        "to_formatted": call.to,
        "from_formatted": call.from,
        "status": call.status().as_str(),
        "direction": call.direction.as_str(),
        "duration": duration,
        "answered_by": null,
        "price": null,
        "price_unit": "USD",
        "queue_time": "0",
        "api_version": "2010-04-01",
        "uri": format!("{uri}.json"),
        "subresource_uris": {"streams": format!("{uri}/Streams.json")},
    })
}

fn problem(refusal: &Refusal) -> Value {
    json!({
        "code": refusal.code,
        "message": refusal.message,
        "more_info": format!("https://www.twilio.com/docs/errors/{}", refusal.code),
        "status": refusal.status,
    })
}

fn not_found() -> Refusal {
    let message = "The requested resource was not found".to_owned();
    Refusal { status: 404, code: 20_404, message }
}

/// §4.2.
const UPDATE_FIELDS: &str = "Url Method Status Twiml FallbackUrl FallbackMethod StatusCallback \
                             StatusCallbackMethod TimeLimit";
