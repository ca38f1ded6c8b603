//! A document at a web server of its own, which outlives Baton: what a number's `VoiceFallbackUrl` points at in earnest.
//!
//! The carrier's own hosting of such documents fills in what a request says: `{{ErrorUrl}}` is the URL that failed.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::{any, get};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::audio::clip::Clip;
use crate::sim::ear::Ear;

/// What the fallback tells the carrier to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FallbackDocument {
    /// To say this and hang up.
    Says(String),
    /// To put the call through to this number.
    Dials(String),
    /// To say this, play this much waiting, and then to ask again what failed: a Baton that restarts gets its call back.
    AsksAgain {
        /// What is said first.
        words: String,
        /// What is played until then.
        hold: Clip,
    },
}

/// A web server with one document; it stops when dropped.
#[derive(Debug)]
pub struct StaticFallback {
    url: String,
    asked: Arc<Mutex<Vec<Form>>>,
    serving: JoinHandle<()>,
}

#[derive(Clone)]
struct Served {
    document: Arc<str>,
    hold: Bytes,
    asked: Arc<Mutex<Vec<Form>>>,
}

/// What a request said.
type Form = Vec<(String, String)>;

impl StaticFallback {
    /// Starts it on a free port of this machine.
    pub async fn start(document: &FallbackDocument) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let base = format!("http://{}", listener.local_addr()?);
        let asked = Arc::new(Mutex::default());
        let served = Served {
            document: document.written(&base).into(),
            hold: document.hold(),
            asked: Arc::clone(&asked),
        };
        let router =
            Router::new().route("/fallback", any(answer)).route("/hold.wav", get(play)).with_state(served);
        let serving = tokio::spawn(async move {
            // It ends only when this is dropped.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { url: format!("{base}/fallback"), asked, serving })
    }

    /// What the number's `VoiceFallbackUrl`, or a call's `FallbackUrl`, is to be.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// With what it was asked so far: the usual, and `ErrorCode` and `ErrorUrl`.
    pub fn asked(&self) -> Vec<Form> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for StaticFallback {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl FallbackDocument {
    fn written(&self, base: &str) -> String {
        let verbs = match self {
            Self::Says(words) => format!("<Say>{}</Say><Hangup/>", escaped(words)),
            Self::Dials(number) => format!("<Dial><Number>{}</Number></Dial>", escaped(number)),
            Self::AsksAgain { words, .. } => format!(
                "<Say>{}</Say><Play>{base}/hold.wav</Play><Redirect>{{{{ErrorUrl}}}}</Redirect>",
                escaped(words)
            ),
        };
        format!("<Response>{verbs}</Response>")
    }

    fn hold(&self) -> Bytes {
        let mut ear = Ear::default();
        if let Self::AsksAgain { hold, .. } = self {
            (0..hold.frames()).filter_map(|n| hold.frame(n)).for_each(|frame| ear.hear(frame));
        }
        let mut file = std::io::Cursor::new(Vec::new());
        ear.wav(&mut file).expect("a WAV can be written to memory");
        file.into_inner().into()
    }
}

async fn answer(State(served): State<Served>, RawQuery(query): RawQuery, body: Bytes) -> impl IntoResponse {
    let read = |bytes: &[u8]| serde_urlencoded::from_bytes(bytes).unwrap_or_default();
    let mut form: Form = read(&body);
    form.extend(read(query.unwrap_or_default().as_bytes()));
    let failed = form.iter().find(|(name, _)| name == "ErrorUrl").map_or("", |(_, url)| url.as_str());
    let document = served.document.replace("{{ErrorUrl}}", &escaped(failed));
    served.asked.lock().unwrap_or_else(PoisonError::into_inner).push(form);
    ([(header::CONTENT_TYPE, "text/xml")], document)
}

async fn play(State(served): State<Served>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "audio/wav")], served.hold)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
