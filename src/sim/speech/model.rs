//! A language model behind a chat API as OpenAI's (PROTOCOLS.md §8d): it always finds the same.

use std::sync::{Arc, Mutex, PoisonError};

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
    asked: Mutex<Vec<Value>>,
}

impl Model {
    /// Starts a model on a free port of this machine, for whoever has the key, that answers with this text.
    pub async fn start(key: &'static str, answer: &str) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}/v1", listener.local_addr()?);
        let house = Arc::new(House { key, answer: answer.to_owned(), asked: Mutex::default() });
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
    house.asked.lock().unwrap_or_else(PoisonError::into_inner).push(question);
    if !strict {
        return (StatusCode::BAD_REQUEST, r#"{"error":{"message":"no schema"}}"#).into_response();
    }
    let message = json!({"role": "assistant", "content": house.answer});
    Json(json!({"object": "chat.completion", "choices": [{"index": 0, "message": message}]})).into_response()
}
