//! Where the assistant of a call is: at a fixed URL, or where its own voice webhook says, which is asked as the
//! carrier would ask it.

use std::time::Duration;

use url::Url;

use crate::edge::carrier::twilio::document::{self, After, AssistantStream, Document, DocumentError};
use crate::edge::carrier::twilio::signature;
use crate::edge::carrier::twilio::twiml::{self, Method};

/// How assistants are found.
#[derive(Clone)]
pub enum Planner {
    /// All at this URL.
    Fixed(String),
    /// By asking their webhook.
    Webhook(Webhook),
}

/// An assistant's own voice webhook.
#[derive(Clone)]
pub struct Webhook {
    /// Where it is.
    pub url: Url,
    /// What requests to it are signed with; none: they are not.
    pub token: Option<String>,
    /// The account that it is told; none: the carrier's own.
    pub account_sid: Option<String>,
    /// How long it may take in all.
    pub within: Duration,
    /// The way there.
    pub http: reqwest::Client,
}

/// What becomes of a call.
pub enum Plan {
    /// It is connected to a stream.
    Stream {
        /// What the carrier does before.
        before: String,
        /// The assistant's stream.
        stream: AssistantStream,
        /// The document for when the assistant has finished.
        afterwards: String,
    },
    /// The assistant's document opens no stream: the carrier does what it says, without us.
    PassThrough(String),
}

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The webhook did not answer in time.
    #[error("the assistant's webhook did not answer within {} ms", .0.as_millis())]
    TooSlow(Duration),
    /// The webhook could not be reached.
    #[error("the assistant's webhook could not be reached: {0}")]
    Unreachable(reqwest::Error),
    /// The webhook answered with an error.
    #[error("the assistant's webhook answered with status {0}")]
    Status(u16),
    /// The answer is no document.
    #[error("the assistant's webhook answered with something that is no document: {0}")]
    Document(#[from] DocumentError),
    /// The answer is not text.
    #[error("the assistant's webhook answered with something that is not text")]
    NotText,
    /// The documents redirect to each other.
    #[error("the assistant's documents redirect more than {MOST_REDIRECTS} times")]
    Redirects,
}

impl Planner {
    /// What becomes of the call that the carrier announced with this form; the assistant knows it by `alias`.
    pub async fn plan(&self, form: &[(String, String)], alias: &str) -> Result<Plan, PlanError> {
        match self {
            Self::Fixed(url) => Ok(Plan::Stream {
                before: String::new(),
                stream: AssistantStream { url: url.clone(), parameters: [].into() },
                afterwards: twiml::hang_up(),
            }),
            Self::Webhook(webhook) => {
                let asking = webhook.follow(form, alias);
                let too_slow = |_| PlanError::TooSlow(webhook.within);
                tokio::time::timeout(webhook.within, asking).await.map_err(too_slow)?
            }
        }
    }
}

impl Webhook {
    async fn follow(&self, form: &[(String, String)], alias: &str) -> Result<Plan, PlanError> {
        let form = self.form(form, alias);
        let mut verbs_before = String::new();
        let mut url = self.url.clone();
        let mut method = Method::Post;
        for _ in 0..=MOST_REDIRECTS {
            let text = self.ask(&url, method, &form).await?;
            match document::read(&text, &url)? {
                Document::Stream { before, stream, after } => {
                    let afterwards = match after {
                        After::Action { url, method } => twiml::redirect(&url, method),
                        After::Verbs(verbs) => twiml::document(verbs.as_str()),
                        After::Nothing => twiml::hang_up(),
                    };
                    return Ok(Plan::Stream { before: verbs_before + before.as_str(), stream, afterwards });
                }
                Document::Redirect { before, url: to, method: by } => {
                    verbs_before += before.as_str();
                    url = Url::parse(&to).map_err(|_| DocumentError::StreamUrl)?;
                    method = by;
                }
                Document::Other(verbs) => {
                    tracing::info!(
                        "the assistant's document opens no stream; the carrier follows it without us"
                    );
                    return Ok(Plan::PassThrough(twiml::document(&(verbs_before + verbs.as_str()))));
                }
            }
        }
        Err(PlanError::Redirects)
    }

    /// The carrier's form as the assistant gets it: it knows the call by our name for it only.
    fn form(&self, form: &[(String, String)], alias: &str) -> Vec<(String, String)> {
        let mut told: Vec<(String, String)> =
            form.iter().filter(|(name, _)| !KEPT_FROM_ASSISTANT.contains(&name.as_str())).cloned().collect();
        told.push(("CallSid".to_owned(), alias.to_owned()));
        if let Some(account) = &self.account_sid {
            told.retain(|(name, _)| name != "AccountSid");
            told.push(("AccountSid".to_owned(), account.clone()));
        }
        told
    }

    async fn ask(&self, url: &Url, method: Method, form: &[(String, String)]) -> Result<String, PlanError> {
        let (mut url, mut body) = (url.clone(), None);
        let encoded = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        match method {
            Method::Post => body = Some(encoded),
            Method::Get => {
                url.query_pairs_mut().extend_pairs(form);
            }
        }
        let signed_params = if body.is_some() { form } else { &[] };
        let mut tries = 0;
        let mut answer = loop {
            tries += 1;
            let mut request = match &body {
                Some(body) => self
                    .http
                    .post(url.clone())
                    .header("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
                    .body(body.clone()),
                None => self.http.get(url.clone()),
            };
            if let Some(token) = &self.token {
                request =
                    request.header("X-Twilio-Signature", signature::sign(token, url.as_str(), signed_params));
            }
            match request.send().await {
                Ok(answer) => break answer,
                // As the carrier does: once more, where it could not even connect.
                Err(error) if error.is_connect() && tries == 1 => {}
                Err(error) => return Err(PlanError::Unreachable(error.without_url())),
            }
        };
        if !answer.status().is_success() {
            return Err(PlanError::Status(answer.status().as_u16()));
        }
        let mut text = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|e| PlanError::Unreachable(e.without_url()))? {
            if text.len() + chunk.len() > document::MAX_DOCUMENT {
                return Err(DocumentError::TooLarge.into());
            }
            text.extend_from_slice(&chunk);
        }
        String::from_utf8(text).map_err(|_| PlanError::NotText)
    }
}

/// With these an assistant could reach the prospect's real call, and hang it up when it is done.
const KEPT_FROM_ASSISTANT: [&str; 3] = ["CallSid", "ParentCallSid", "CallToken"];

/// More than anybody needs; a circle is found soon.
const MOST_REDIRECTS: u32 = 5;
