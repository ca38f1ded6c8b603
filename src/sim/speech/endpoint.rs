//! A transcription endpoint as OpenAI's (PROTOCOLS.md §8d): it answers each file with the next words of its script.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::audio::clip::Clip;

/// What goes wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EndpointFault {
    /// Nothing does.
    #[default]
    Nothing,
    /// Every second request is one too many.
    Busy,
    /// It takes this long.
    Slow(Duration),
    /// What it answers is no answer.
    Rubbish,
    /// It is broken.
    Broken,
}

/// A file that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// How long it lasts.
    pub lasts: Duration,
    /// The model that was asked for.
    pub model: String,
    /// The status that it was answered with.
    pub status: u16,
}

/// A running endpoint; it stops when dropped.
#[derive(Debug)]
pub struct Endpoint {
    url: String,
    house: Arc<House>,
    serving: JoinHandle<()>,
}

#[derive(Debug)]
struct House {
    key: &'static str,
    fault: EndpointFault,
    state: Mutex<Asked>,
}

#[derive(Debug, Default)]
struct Asked {
    words: VecDeque<String>,
    sent: Vec<Sent>,
}

impl Endpoint {
    /// Starts an endpoint on a free port of this machine, for whoever has the key, that hears these words.
    pub async fn start(key: &'static str, words: &[&str], fault: EndpointFault) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}/v1", listener.local_addr()?);
        let words = words.iter().map(|words| (*words).to_owned()).collect();
        let house = Arc::new(House { key, fault, state: Mutex::new(Asked { words, sent: Vec::new() }) });
        let router = Router::new()
            .route("/v1/audio/transcriptions", post(transcribe))
            .layer(DefaultBodyLimit::max(LARGEST))
            .with_state(Arc::clone(&house));
        let serving = tokio::spawn(async move {
            // It ends only when the endpoint is dropped.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { url, house, serving })
    }

    /// Where its API is, with its version.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What it was sent.
    pub fn sent(&self) -> Vec<Sent> {
        self.house.state().sent.clone()
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl House {
    fn state(&self) -> MutexGuard<'_, Asked> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn transcribe(State(house): State<Arc<House>>, headers: HeaderMap, body: Bytes) -> Response {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if header("authorization") != format!("Bearer {}", house.key) {
        return (StatusCode::UNAUTHORIZED, r#"{"error":{"message":"no such key"}}"#).into_response();
    }
    let parts = parts(header("content-type"), &body);
    let part = |name: &str| {
        let named = format!("name=\"{name}\"");
        parts.iter().find(|(head, _)| head.contains(&named)).map(|(_, content)| *content)
    };
    let text = |name: &str| part(name).map(|content| String::from_utf8_lossy(content).into_owned());
    let Some(clip) = part("file").and_then(|file| Clip::from_wav(file).ok()) else {
        return (StatusCode::BAD_REQUEST, r#"{"error":{"message":"invalid file"}}"#).into_response();
    };
    if let EndpointFault::Slow(long) = house.fault {
        tokio::time::sleep(long).await;
    }
    let mut state = house.state();
    let status = match house.fault {
        EndpointFault::Busy if state.sent.len().is_multiple_of(2) => StatusCode::TOO_MANY_REQUESTS,
        EndpointFault::Broken => StatusCode::INTERNAL_SERVER_ERROR,
        EndpointFault::Nothing | EndpointFault::Busy | EndpointFault::Slow(_) | EndpointFault::Rubbish => {
            StatusCode::OK
        }
    };
    let lasts = Duration::from_millis(20) * u32::try_from(clip.frames()).unwrap_or(u32::MAX);
    let model = text("model").unwrap_or_default();
    state.sent.push(Sent { lasts, model, status: status.as_u16() });
    if status != StatusCode::OK {
        return (status, r#"{"error":{"message":"not now"}}"#).into_response();
    }
    if house.fault == EndpointFault::Rubbish {
        return "<html>".into_response();
    }
    let words = state.words.pop_front().unwrap_or_default();
    let usage = serde_json::json!({"type": "duration", "seconds": lasts.as_secs()});
    serde_json::json!({"text": words, "usage": usage}).to_string().into_response()
}

/// The parts of a form: the head and the content of each.
fn parts<'a>(content_type: &str, body: &'a [u8]) -> Vec<(String, &'a [u8])> {
    let Some((_, boundary)) = content_type.split_once("boundary=") else { return Vec::new() };
    let edge = format!("--{boundary}");
    let find = |from: usize, what: &[u8]| {
        body[from..].windows(what.len()).position(|window| window == what).map(|place| from + place)
    };
    let mut parts = Vec::new();
    let mut at = find(0, edge.as_bytes());
    while let Some(begin) = at {
        let head = begin + edge.len() + 2;
        let next = find(begin + edge.len(), edge.as_bytes());
        if let Some((end, next)) = find(head.min(body.len()), b"\r\n\r\n").zip(next)
            && end + 4 <= next.saturating_sub(2)
        {
            parts.push((String::from_utf8_lossy(&body[head..end]).into_owned(), &body[end + 4..next - 2]));
        }
        at = next;
    }
    parts
}

/// A minute of sound, and twice that.
const LARGEST: usize = 2 * 1024 * 1024;
