//! The control API as its own document judges it, and the events of a call as they are read off the wire.

use baton::sim::assistant::Visit;
use baton::sim::carrier::PhoneCall;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::Value;

use crate::described::Described;
use crate::doors::client;
use crate::stage::{OPERATOR_KEY, PROSPECT, Stage, greeting, patient_prospect, s};

pub(crate) const TURNS: &str = "/v1/calls/{call}/turns";
pub(crate) const EVENTS: &str = "/v1/calls/{call}/events";

/// An API that answers as it describes itself.
pub(crate) struct Judged<'a> {
    stage: &'a Stage,
    pub(crate) described: Described,
    pub(crate) call: String,
    pub(crate) token: String,
}

impl<'a> Judged<'a> {
    /// The API of a stage, for the call that this assistant has.
    pub(crate) fn of(stage: &'a Stage, visit: &Visit) -> Self {
        let start = visit.start().unwrap();
        let told = |name: &str| start.parameters.iter().find(|(n, _)| n == name).unwrap().1.clone();
        let (call, token) = (told("baton_call"), told("baton_token"));
        assert_eq!(told("baton_api"), format!("{}/v1", stage.base));
        Self { stage, described: Described::load(), call, token }
    }

    pub(crate) fn asked(&self, method: &str, path: &str) -> RequestBuilder {
        let url = format!("{}{}", self.stage.base, path.replace("{call}", &self.call));
        client(Method::from_bytes(method.as_bytes()).unwrap(), &url)
    }

    /// The answer to this, which must be as the document describes it.
    pub(crate) async fn answer(&self, method: &str, path: &str, request: RequestBuilder) -> (u16, Value) {
        let answer = request.send().await.unwrap();
        let (status, text) = (answer.status().as_u16(), answer.text().await.unwrap());
        let value: Value =
            serde_json::from_str(&text).unwrap_or_else(|_| panic!("{method} {path}: {status} {text}"));
        let described_as = path.split('?').next().unwrap();
        let complaints = self.described.judge(method, described_as, status, &value);
        assert!(complaints.is_empty(), "{method} {path} {status}: {complaints:#?}\n{value:#}");
        (status, value)
    }

    /// Posts this by the call's own token.
    pub(crate) async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        let request = self.asked("POST", path).bearer_auth(&self.token).json(&body);
        self.answer("POST", path, request).await
    }

    /// Asks for this by the operator's key.
    pub(crate) async fn look(&self, path: &str) -> (u16, Value) {
        self.answer("GET", path, self.asked("GET", path).bearer_auth(OPERATOR_KEY)).await
    }
}

/// A call with a prospect who waits, and the assistant's end of it.
pub(crate) async fn a_call(stage: &Stage) -> (PhoneCall, Visit) {
    let prospect = stage.world.prospect_calls(PROSPECT, patient_prospect());
    assert!(prospect.hears(&greeting().clip, s(12)).await.is_some());
    (prospect, stage.world.assistant.visits().remove(0))
}

/// One event as it was sent.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) name: String,
    pub(crate) id: Option<u64>,
    pub(crate) it: Value,
}

/// Reads events to the end of the answer.
pub(crate) async fn all_events(mut answer: Response) -> Vec<Sent> {
    assert_eq!(answer.status().as_u16(), 200);
    let mut text = String::new();
    while let Some(chunk) = answer.chunk().await.unwrap() {
        text.push_str(std::str::from_utf8(&chunk).unwrap());
    }
    let field = |event: &str, name: &str| {
        event.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")).map(str::to_owned))
    };
    let events = text.split("\n\n").filter(|event| event.contains("data: "));
    let sent = |event: &str| Sent {
        name: field(event, "event").unwrap(),
        id: field(event, "id").map(|id| id.parse().unwrap()),
        it: serde_json::from_str(&field(event, "data").unwrap()).unwrap(),
    };
    events.map(sent).collect()
}
