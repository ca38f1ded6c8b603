//! The assistant's own voice webhook: a document that leads to its websocket, as an assistant on Twilio has it.

use std::sync::Arc;

use axum::Router;
use axum::extract::{RawForm, State};
use axum::http::{HeaderMap, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;

use crate::sim::assistant::House;

/// A question to the voice webhook, or to a document below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The path, with the query.
    pub path: String,
    /// What it was told.
    pub form: Vec<(String, String)>,
    /// The signature that came with it.
    pub signature: Option<String>,
}

#[derive(Clone)]
struct Door {
    house: Arc<House>,
    url: String,
}

/// The webhook's routes.
pub(crate) fn router(house: Arc<House>, url: String) -> Router {
    Router::new()
        .route("/voice", post(answer))
        .route("/voice/{*below}", post(answer_below))
        .with_state(Door { house, url })
}

async fn answer_below(
    State(door): State<Door>,
    uri: Uri,
    headers: HeaderMap,
    RawForm(form): RawForm,
) -> Response {
    door.was_asked(&uri, &headers, &form);
    document(&door.house.script().action_says)
}

async fn answer(State(door): State<Door>, uri: Uri, headers: HeaderMap, RawForm(form): RawForm) -> Response {
    door.was_asked(&uri, &headers, &form);
    let script = door.house.script();
    let action = script.action.map(|action| format!(r#" action="{}""#, escape(&action))).unwrap_or_default();
    let mut parameters = String::new();
    for (name, value) in &script.parameters {
        let (name, value) = (escape(name), escape(value));
        for part in [r#"<Parameter name=""#, &name, r#"" value=""#, &value, r#""/>"#] {
            parameters.push_str(part);
        }
    }
    document(&format!(
        r#"<Connect{action}><Stream url="{}">{parameters}</Stream></Connect>{}"#,
        escape(&door.url),
        script.after_stream,
    ))
}

impl Door {
    fn was_asked(&self, uri: &Uri, headers: &HeaderMap, form: &[u8]) {
        let signature = headers.get("X-Twilio-Signature").and_then(|value| value.to_str().ok());
        self.house.was_asked(Asked {
            path: uri.to_string(),
            form: serde_urlencoded::from_bytes(form).unwrap_or_default(),
            signature: signature.map(str::to_owned),
        });
    }
}

fn document(verbs: &str) -> Response {
    let document = format!(r#"<?xml version="1.0" encoding="UTF-8"?><Response>{verbs}</Response>"#);
    ([(header::CONTENT_TYPE, "text/xml")], document).into_response()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}
