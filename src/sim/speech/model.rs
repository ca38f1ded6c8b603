//! A language model behind a chat API as OpenAI's (PROTOCOLS.md §8d): it always finds the same, or fails in one way.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::{Json, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A running model; it stops when dropped.
#[derive(Debug)]
pub struct Model {
    url: String,
    house: Arc<House>,
    serving: JoinHandle<()>,
}

#[derive(Debug)]
struct House {
    key: &'static str,
    answer: String,
    fault: ModelFault,
    asked: Mutex<Vec<Value>>,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ModelFault {
    /// Nothing does.
    #[default]
    Nothing,
    /// Its answers are no JSON, half of one, of another shape, or find what nobody asked for.
    Rubbish,
    /// It answers only after so long.
    Slow(Duration),
    /// It answers without end.
    Endless,
    /// It says that too much is asked of it.
    Busy,
}

impl Model {
    /// Starts a model on a free port of this machine, for whoever has the key, that answers with this text.
    pub async fn start(key: &'static str, answer: &str) -> std::io::Result<Self> {
        Self::failing(key, answer, ModelFault::Nothing).await
    }

    /// The same, where this goes wrong.
    pub async fn failing(key: &'static str, answer: &str, fault: ModelFault) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}/v1", listener.local_addr()?);
        let house = Arc::new(House { key, answer: answer.to_owned(), fault, asked: Mutex::default() });
        let router =
            Router::new().route("/v1/chat/completions", post(complete)).with_state(Arc::clone(&house));
        let serving = tokio::spawn(async move {
            // It ends only when the model is dropped.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { url, house, serving })
    }

    /// Where its API is, with its version.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What it was asked.
    pub fn asked(&self) -> Vec<Value> {
        self.house.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Model {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn complete(
    State(house): State<Arc<House>>,
    headers: HeaderMap,
    Json(question): Json<Value>,
) -> Response {
    let authorized = headers.get("authorization").and_then(|value| value.to_str().ok());
    if authorized != Some(&format!("Bearer {}", house.key)) {
        return (StatusCode::UNAUTHORIZED, r#"{"error":{"message":"no such key"}}"#).into_response();
    }
    let strict = question.pointer("/response_format/json_schema/strict") == Some(&Value::Bool(true));
    let times = {
        let mut asked = house.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.push(question);
        asked.len()
    };
    if !strict {
        return (StatusCode::BAD_REQUEST, r#"{"error":{"message":"no schema"}}"#).into_response();
    }
    match house.fault {
        ModelFault::Nothing => {}
        ModelFault::Rubbish => return RUBBISH[times % RUBBISH.len()].into_response(),
        ModelFault::Slow(long) => tokio::time::sleep(long).await,
        ModelFault::Endless => {
            let piece = || Ok::<_, std::convert::Infallible>("[[[[[[[[".repeat(1_024));
            let endless = futures_util::stream::repeat_with(piece);
            return axum::body::Body::from_stream(endless).into_response();
        }
        ModelFault::Busy => {
            return (StatusCode::TOO_MANY_REQUESTS, r#"{"error":{"message":"slow down"}}"#).into_response();
        }
    }
    let message = json!({"role": "assistant", "content": house.answer});
    Json(json!({"object": "chat.completion", "choices": [{"index": 0, "message": message}]})).into_response()
}

/// What is no answer.
const RUBBISH: [&str; 5] = [
    "<html>bad gateway</html>",
    "{\"choices\":[{\"message\":{\"content\":\"I would say that they are",
    "{\"choices\":[{\"message\":{\"content\":\"They seem nice.\"}}]}",
    "{\"choices\":[{\"message\":{\"content\":\"{\\\"findings\\\":[{\\\"turn\\\":1,\\\"kind\\\":\\\"complained\\\",\\\"strength\\\":100,\\\"quote\\\":\\\"never said\\\"},7,null]}\"}}]}",
    "",
];
