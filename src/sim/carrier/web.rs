//! How the carrier asks a web server: signed, with a time limit, with retries, and never too patient.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reqwest::Client;
use reqwest::redirect::Policy;

use crate::sim::carrier::signature::sign;

/// One question to a web server.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) url: String,
    pub(crate) get: bool,
    pub(crate) form: Vec<(String, String)>,
    /// The same for every try of one question (§4.5).
    pub(crate) idempotency_token: String,
}

/// What a web server answered.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) body: Vec<u8>,
}

/// Why there is no answer that can be used; the number is the carrier's (§4.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NoAnswer {
    pub(crate) code: u32,
    pub(crate) text: String,
}

/// Connection overrides, from the fragment of a URL (§4.5: `#rc,ct,rt,tt,rp`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Overrides {
    retries: u32,
    connect: Duration,
    read: Duration,
    total: Duration,
    retry_on: Vec<String>,
}

impl Overrides {
    /// Reads the fragment of this URL, if there is one; what is out of range is cut to it.
    pub(crate) fn of(url: &str) -> Self {
        let mut overrides = Self {
            retries: 1,
            connect: CONNECT,
            read: PATIENCE,
            total: PATIENCE,
            retry_on: vec!["ct".to_owned()],
        };
        let fragment = url.split_once('#').map_or("", |(_, fragment)| fragment);
        for (name, value) in fragment.split('&').filter_map(|pair| pair.split_once('=')) {
            let millis = |most: Duration| {
                let asked = Duration::from_millis(value.parse().unwrap_or(u64::MAX));
                asked.clamp(Duration::from_millis(100), most)
            };
            match name {
                "rc" => overrides.retries = value.parse().unwrap_or(1).min(MOST_RETRIES),
                "ct" => overrides.connect = millis(CONNECT_LONGEST),
                "rt" => overrides.read = millis(PATIENCE),
                "tt" => overrides.total = millis(PATIENCE),
                "rp" => overrides.retry_on = value.split(',').map(str::to_owned).collect(),
                _ => {}
            }
        }
        overrides
    }

    fn retries_on(&self, policy: &str) -> bool {
        policy != "none" && self.retry_on.iter().any(|on| on == policy || on == "all")
    }
}

/// What became of one try.
pub(crate) struct Tried {
    pub(crate) outcome: Result<Answer, NoAnswer>,
    retry_policy: &'static str,
}

impl Tried {
    fn failed(code: u32, text: &str, retry_policy: &'static str) -> Self {
        Self { outcome: Err(no_answer(code, text)), retry_policy }
    }
}

/// The carrier as a web client: signs with the account's token, over a way that takes time.
#[derive(Debug)]
pub(crate) struct Web {
    auth_token: String,
    trip: Duration,
    retry_pause: Duration,
    clients: Mutex<BTreeMap<Duration, Client>>,
}

impl Web {
    /// A client that signs with this token, each message of which travels this long; it tries again after this pause.
    pub(crate) fn new(auth_token: &str, trip: Duration, retry_pause: Duration) -> Self {
        Self { auth_token: auth_token.to_owned(), trip, retry_pause, clients: Mutex::default() }
    }

    /// Asks, tries again as the overrides say, and tells `each` about every try. §4.5: by default once more, and only where
    /// no connection came about; `tt` bounds all tries and the pauses between them together.
    pub(crate) async fn ask(
        &self,
        question: &Question,
        mut each: impl FnMut(&Tried),
    ) -> Result<Answer, NoAnswer> {
        let overrides = Overrides::of(&question.url);
        let tries = async {
            let mut tried = self.ask_once(question, &overrides).await;
            each(&tried);
            for _ in 0..overrides.retries {
                if !overrides.retries_on(tried.retry_policy) {
                    break;
                }
                tokio::time::sleep(self.retry_pause).await;
                tried = self.ask_once(question, &overrides).await;
                each(&tried);
            }
            tried.outcome
        };
        let Ok(outcome) = tokio::time::timeout(overrides.total, tries).await else {
            // §4.5: total timeout.
            let late = Tried::failed(11_203, "no answer in time", "tt");
            each(&late);
            return late.outcome;
        };
        outcome
    }

    async fn ask_once(&self, question: &Question, overrides: &Overrides) -> Tried {
        tokio::time::sleep(self.trip).await;
        let Ok(request) = self.request(question, overrides.read) else {
            return Tried::failed(11_100, "invalid URL", "none");
        };
        let response = match self.client(overrides.connect).execute(request).await {
            Ok(response) => response,
            Err(error) if error.is_connect() => return Tried::failed(11_205, "could not connect", "ct"),
            Err(error) if error.is_timeout() => return Tried::failed(11_203, "no answer in time", "rt"),
            Err(_) => return Tried::failed(11_200, "connection broke", "rt"),
        };
        let status = response.status().as_u16();
        let content_type = response.headers().get("content-type").and_then(|value| value.to_str().ok());
        let content_type = content_type.unwrap_or_default().to_owned();
        let Ok(body) = response.bytes().await else {
            return Tried::failed(11_200, "connection broke", "rt");
        };
        tokio::time::sleep(self.trip).await;
        let retry_policy = match status {
            400..=499 => "4xx",
            500..=599 => "5xx",
            _ => "none",
        };
        if !(200..300).contains(&status) {
            return Tried::failed(11_200, &format!("HTTP {status}"), retry_policy);
        }
        Tried { outcome: Ok(Answer { status, content_type, body: body.to_vec() }), retry_policy }
    }

    fn request(&self, question: &Question, patience: Duration) -> reqwest::Result<reqwest::Request> {
        let client = self.client(CONNECT);
        let body = serde_urlencoded::to_string(&question.form).expect("pairs of text can be form-encoded");
        let mut url = question.url.split('#').next().unwrap_or_default().to_owned();
        let request = if question.get {
            // §2 step 2: a GET carries its parameters in the signed URL.
            if !body.is_empty() {
                url = format!("{url}{}{body}", if url.contains('?') { '&' } else { '?' });
            }
            client.get(&url).header("X-Twilio-Signature", sign(&self.auth_token, &url, &[]))
        } else {
            client
                .post(&url)
                .header("X-Twilio-Signature", sign(&self.auth_token, &url, &question.form))
                .header("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8")
                .body(body)
        };
        request
            .header("User-Agent", "TwilioProxy/1.1")
            .header("I-Twilio-Idempotency-Token", &question.idempotency_token)
            .timeout(patience)
            .build()
    }

    fn client(&self, connect: Duration) -> Client {
        let build = || {
            Client::builder()
                .connect_timeout(connect)
                .redirect(Policy::none())
                .pool_max_idle_per_host(0)
                .build()
                .expect("a client without special wishes can be built")
        };
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        clients.entry(connect).or_insert_with(build).clone()
    }
}

fn no_answer(code: u32, text: &str) -> NoAnswer {
    NoAnswer { code, text: text.to_owned() }
}

/// PROTOCOLS.md §4.5: a webhook answers within 15 s; `rt` and `tt` can only shorten it.
const PATIENCE: Duration = Duration::from_secs(15);
/// Twilio's default for `ct`.
const CONNECT: Duration = Duration::from_secs(5);
/// Twilio's limit for `ct`.
const CONNECT_LONGEST: Duration = Duration::from_secs(10);
/// Twilio's limit for `rc`.
const MOST_RETRIES: u32 = 5;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overrides_are_read_and_kept_in_range() {
        let plain = Overrides::of("https://b/x?y=1");
        assert_eq!((plain.retries, plain.total), (1, PATIENCE));
        assert!(plain.retries_on("ct") && !plain.retries_on("5xx"));

        let over = Overrides::of("https://b/x#rc=9&ct=1&rt=2000&tt=99999&rp=5xx,rt");
        assert_eq!((over.retries, over.connect), (5, Duration::from_millis(100)));
        assert_eq!((over.read, over.total), (Duration::from_secs(2), PATIENCE));
        assert!(over.retries_on("5xx") && !over.retries_on("ct"));
        assert!(Overrides::of("https://b/x#rp=all").retries_on("4xx"));
        assert!(!Overrides::of("https://b/x#rp=all").retries_on("none"), "what went well is not tried again");
    }
}
