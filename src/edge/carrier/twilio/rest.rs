//! The carrier's REST API: rings reps and hangs up.
//!
//! What a rep's call begins with goes along with the order (`Twiml`), so that an answered phone waits for nobody. The
//! fallback is asked where the document's own URLs, of what comes after the stream, cannot be had.

use std::time::Duration;

use futures_util::future::BoxFuture;
use reqwest::StatusCode;
use serde::Deserialize;

use crate::edge::carrier::twilio::account::Account;
use crate::edge::carrier::twilio::door::connect_document;
use crate::edge::carrier::twilio::numbers::FALLBACK_METHOD;
use crate::id::LegId;
use crate::ports::{Carrier, CarrierCall, Fault, FaultKind, RingOrder};

/// The carrier, over its REST API.
pub struct TwilioRest {
    /// The account.
    pub account: Account,
    /// Where the API is, without a slash at the end.
    pub api_url: String,
    /// The name and the secret that it is called with.
    pub credentials: (String, String),
    /// The way there.
    pub http: reqwest::Client,
    /// The document that a rep's call goes on with when ours cannot be had; none: the carrier's own words.
    pub rep_fallback: Option<String>,
}

/// What the API says of a request that it does not take.
#[derive(Debug, thiserror::Error)]
pub enum RestError {
    /// It said why.
    #[error("the carrier refused ({status}, code {code}): {message}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The carrier's own code.
        code: u32,
        /// The carrier's words.
        message: String,
    },
    /// It could not be asked, or did not answer in time.
    #[error("the carrier could not be asked: {0}")]
    NoAnswer(reqwest::Error),
    /// Its answer is not one.
    #[error("the carrier's answer has no call in it")]
    NoCall,
    /// Its answer is not one.
    #[error("the carrier's answer has no number in it")]
    NoNumber,
}

#[derive(Deserialize)]
struct CallResource {
    sid: String,
}

#[derive(Deserialize, Default)]
struct Refusal {
    #[serde(default)]
    code: u32,
    #[serde(default)]
    message: String,
}

impl TwilioRest {
    async fn create(&self, order: RingOrder) -> Result<CarrierCall, Fault> {
        let leg = LegId::Rep(order.attempt);
        let document =
            connect_document(&self.account, order.call, leg, &order.ticket, "").map_err(Fault::permanent)?;
        let status_url = self.account.status_url(order.call, leg);
        // Carriers let it ring up to five seconds longer than they are told; ours ends the try itself.
        let timeout = order.ring.as_secs().clamp(5, 600).to_string();
        let mut form = vec![
            ("To", order.phone.reveal()),
            ("From", &self.account.number),
            ("Twiml", &document),
            ("Timeout", &timeout),
            ("StatusCallback", &status_url),
            ("StatusCallbackMethod", "POST"),
        ];
        form.extend(STATUS_EVENTS.map(|event| ("StatusCallbackEvent", event)));
        if let Some(url) = &self.rep_fallback {
            form.extend([("FallbackUrl", url.as_str()), ("FallbackMethod", FALLBACK_METHOD.as_str())]);
        }
        let call: CallResource = self
            .post("Calls.json", &form)
            .await?
            .json()
            .await
            .map_err(|_| Fault::permanent(RestError::NoCall))?;
        Ok(CarrierCall(call.sid))
    }

    async fn complete(&self, call: CarrierCall) -> Result<(), Fault> {
        let path = format!("Calls/{}.json", call.0);
        match self.post(&path, &[("Status", "completed")]).await {
            Ok(_) => Ok(()),
            Err(Fault { kind, source }) => match source.downcast_ref() {
                // Not in progress, or gone: it is over, which is what was asked for.
                Some(
                    RestError::Refused { code: NOT_IN_PROGRESS | NOT_FOUND, .. }
                    | RestError::Refused { status: 404, .. },
                ) => Ok(()),
                _ => Err(Fault { kind, source }),
            },
        }
    }

    pub(super) async fn post(&self, path: &str, form: &[(&str, &str)]) -> Result<reqwest::Response, Fault> {
        let body = encoded(form);
        let request = self.http.post(self.url(path));
        self.ask(request.header("Content-Type", "application/x-www-form-urlencoded").body(body)).await
    }

    pub(super) async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<reqwest::Response, Fault> {
        self.ask(self.http.get(format!("{}?{}", self.url(path), encoded(query)))).await
    }

    fn url(&self, path: &str) -> String {
        format!("{}/2010-04-01/Accounts/{}/{path}", self.api_url, self.account.sid)
    }

    async fn ask(&self, request: reqwest::RequestBuilder) -> Result<reqwest::Response, Fault> {
        let (name, secret) = &self.credentials;
        let answer = request
            .basic_auth(name, Some(secret))
            .timeout(ANSWER_WITHIN)
            .send()
            .await
            .map_err(|error| Fault::temporary(RestError::NoAnswer(error.without_url())))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        let Refusal { code, message } = answer.json().await.unwrap_or_default();
        let kind = match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => FaultKind::Unauthorized,
            StatusCode::TOO_MANY_REQUESTS => FaultKind::Temporary,
            status if status.is_server_error() => FaultKind::Temporary,
            _ => FaultKind::Permanent,
        };
        // The carrier's words may repeat the number: they stay out of the log.
        let message = if message.contains('+') { "(its words hold a number)".to_owned() } else { message };
        Err(Fault { kind, source: Box::new(RestError::Refused { status: status.as_u16(), code, message }) })
    }
}

impl Carrier for TwilioRest {
    fn ring(&self, order: RingOrder) -> BoxFuture<'_, Result<CarrierCall, Fault>> {
        Box::pin(self.create(order))
    }

    fn hang_up(&self, call: CarrierCall) -> BoxFuture<'_, Result<(), Fault>> {
        Box::pin(self.complete(call))
    }
}

fn encoded(pairs: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// What we want to hear of a call. The parameter is repeated: one list with commas is not taken.
const STATUS_EVENTS: [&str; 4] = ["initiated", "ringing", "answered", "completed"];

/// The time limit of the port.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// The carrier's code for a call that is not in progress.
const NOT_IN_PROGRESS: u32 = 21_220;

/// The carrier's code for a call that it does not know.
const NOT_FOUND: u32 = 20_404;
