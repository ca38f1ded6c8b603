//! A tiny server that plays Baton's part in the carrier's own tests: documents by path, and a stream that echoes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{FromRequestParts, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use crate::sim::clock;

/// The server in a test's hand.
pub(crate) struct Echo {
    pub(crate) address: String,
    shared: Arc<Shared>,
    say: mpsc::Sender<Say>,
}

struct Shared {
    documents: Mutex<BTreeMap<String, Vec<(u16, String)>>>,
    asked: Mutex<Vec<AskedFor>>,
    told: Mutex<Vec<(Instant, Value)>>,
    changes: watch::Sender<u64>,
    echoes: Mutex<bool>,
    saying: tokio::sync::Mutex<mpsc::Receiver<Say>>,
}

/// What the server does on its stream.
enum Say {
    This(Message),
    /// It is gone, without a close.
    Vanish,
}

/// One request that reached the server.
#[derive(Clone, Debug)]
pub(crate) struct AskedFor {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) form: Vec<(String, String)>,
}

impl AskedFor {
    pub(crate) fn field(&self, name: &str) -> &str {
        self.form.iter().find(|(field, _)| field == name).map_or("", |(_, value)| value)
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl Echo {
    pub(crate) async fn start() -> Self {
        Self::start_at("127.0.0.1:0").await
    }

    pub(crate) async fn start_at(address: &str) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (say, saying) = mpsc::channel(10_000);
        let shared = Arc::new(Shared {
            documents: Mutex::default(),
            asked: Mutex::default(),
            told: Mutex::default(),
            changes: watch::channel(0).0,
            echoes: Mutex::new(true),
            saying: tokio::sync::Mutex::new(saying),
        });
        let router = Router::new().fallback(answer).with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, shared, say }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Answers this path so; several answers are given one after the other, the last for ever.
    pub(crate) fn answer(&self, path: &str, status: u16, body: &str) {
        let mut documents = self.shared.documents.lock().unwrap();
        documents.entry(path.to_owned()).or_default().push((status, body.to_owned()));
    }

    /// Answers this path with a document.
    pub(crate) fn document(&self, path: &str, verbs: &str) {
        self.answer(path, 200, &format!("<Response>{verbs}</Response>"));
    }

    /// A `<Connect><Stream>` to this server.
    pub(crate) fn connect(&self, attributes: &str) -> String {
        let url = format!("ws://{}/media", self.address);
        format!(
            r#"<Connect {attributes}><Stream url="{url}" name="n" statusCallback="{}"><Parameter name="k" value="v"/></Stream></Connect>"#,
            self.url("/stream")
        )
    }

    /// Sends nothing of its own accord.
    pub(crate) fn be_quiet(&self) {
        *self.shared.echoes.lock().unwrap() = false;
    }

    /// Sends this on the stream.
    pub(crate) fn say(&self, message: impl Into<String>) {
        self.do_now(Say::This(Message::Text(message.into().into())));
    }

    pub(crate) fn say_binary(&self) {
        self.do_now(Say::This(Message::Binary(vec![0; 9].into())));
    }

    pub(crate) fn close(&self) {
        self.do_now(Say::This(Message::Close(None)));
    }

    /// Is gone from its stream, as a process that was killed.
    pub(crate) fn vanish(&self) {
        self.do_now(Say::Vanish);
    }

    fn do_now(&self, what: Say) {
        assert!(self.say.try_send(what).is_ok(), "there is room");
    }

    pub(crate) fn stream_sid(&self) -> String {
        self.told("start")[0].1["streamSid"].as_str().unwrap().to_owned()
    }

    /// What came in on this path.
    pub(crate) fn asked(&self, path: &str) -> Vec<AskedFor> {
        let asked = self.shared.asked.lock().unwrap();
        asked.iter().filter(|asked| asked.path == path).cloned().collect()
    }

    /// The stream messages of this event.
    pub(crate) fn told(&self, event: &str) -> Vec<(Instant, Value)> {
        let told = self.shared.told.lock().unwrap();
        told.iter().filter(|(_, message)| message["event"] == event).cloned().collect()
    }

    pub(crate) async fn until(&self, what: &str, wish: impl Fn(&Self) -> bool) {
        let mut changes = self.shared.changes.subscribe();
        let deadline = clock::now() + Duration::from_secs(10);
        loop {
            changes.borrow_and_update();
            if wish(self) {
                return;
            }
            tokio::time::timeout_at(deadline, changes.changed())
                .await
                .unwrap_or_else(|_| panic!("waited in vain for: {what}"))
                .unwrap();
        }
    }
}

impl Shared {
    fn changed(&self) {
        self.changes.send_modify(|count| *count += 1);
    }
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let headers = parts.headers.clone();
    if headers.contains_key("upgrade") {
        shared.asked.lock().unwrap().push(AskedFor { path, headers, form: Vec::new() });
        let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &()).await.unwrap();
        return upgrade.on_upgrade(move |socket| echo(shared, socket));
    }
    let body: Bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let form = serde_urlencoded::from_bytes(&body).unwrap();
    shared.asked.lock().unwrap().push(AskedFor { path: path.clone(), headers, form });
    let (status, text) = {
        let mut documents = shared.documents.lock().unwrap();
        match documents.get_mut(&path) {
            Some(answers) if answers.len() > 1 => answers.remove(0),
            Some(answers) => answers[0].clone(),
            None => (204, String::new()),
        }
    };
    shared.changed();
    if status == 0 {
        return std::future::pending().await;
    }
    (StatusCode::from_u16(status).unwrap(), [("content-type", "text/xml")], text).into_response()
}

async fn echo(shared: Arc<Shared>, mut socket: WebSocket) {
    let mut saying = shared.saying.lock().await;
    loop {
        tokio::select! {
            Some(what) = saying.recv() => {
                let Say::This(message) = what else { return };
                if socket.send(message).await.is_err() { return; }
            }
            message = socket.recv() => {
                let Some(Ok(message)) = message else { break };
                let Message::Text(text) = message else { continue };
                let value: Value = serde_json::from_str(&text).unwrap();
                if value["event"] == "media" && *shared.echoes.lock().unwrap() {
                    let payload = value["media"]["payload"].as_str().unwrap();
                    let back = format!(
                        r#"{{"event":"media","streamSid":{},"media":{{"payload":"{payload}"}}}}"#,
                        value["streamSid"]
                    );
                    if socket.send(Message::Text(back.into())).await.is_err() { return; }
                }
                shared.told.lock().unwrap().push((clock::now(), value));
                shared.changed();
            }
        }
    }
    shared.changed();
}
