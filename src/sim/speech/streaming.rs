//! A streaming recogniser as Deepgram's (PROTOCOLS.md §8c): it finds speech by its loudness, and its script says what was said.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::{WebSocketStream, accept_hdr_async};

use crate::audio::g711;

/// What it will hear, and what goes wrong.
#[derive(Clone, Debug, Default)]
pub struct RecogniserScript {
    /// What the first channel says, one stretch of speech after the other.
    pub first: Vec<String>,
    /// What the second channel says.
    pub second: Vec<String>,
    /// What goes wrong.
    pub fault: RecogniserFault,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RecogniserFault {
    /// Nothing does.
    #[default]
    Nothing,
    /// The first connection breaks without a word after so much sound.
    BreaksAfter(Duration),
    /// Rubbish comes before each message.
    Rubbish,
    /// It takes connections and never says or reads anything.
    Hangs,
    /// It refuses connections.
    Refuses,
    /// What it tells before the end of a sentence is always this, whatever was said.
    Mishears(&'static str),
}

/// A running recogniser; it stops when dropped.
#[derive(Debug)]
pub struct Recogniser {
    url: String,
    house: Arc<House>,
    tasks: JoinSet<()>,
}

#[derive(Debug)]
struct House {
    script: RecogniserScript,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// How many stretches each channel has had.
    heard: [usize; 2],
    connections: Vec<BTreeMap<String, String>>,
    told: Vec<String>,
}

impl Recogniser {
    /// Starts a recogniser on a free port of this machine, for whoever has the key.
    pub async fn start(key: &'static str, script: RecogniserScript) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("ws://{}/v1/listen", listener.local_addr()?);
        let house = Arc::new(House { script, state: Mutex::default() });
        let mut tasks = JoinSet::new();
        let door = Arc::clone(&house);
        tasks.spawn(async move {
            let mut visits = JoinSet::new();
            while let Ok((socket, _)) = listener.accept().await {
                visits.spawn(visit(Arc::clone(&door), key, socket));
            }
        });
        Ok(Self { url, house, tasks })
    }

    /// Where it is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What each connection so far asked for.
    pub fn connections(&self) -> Vec<BTreeMap<String, String>> {
        self.house.state().connections.clone()
    }

    /// The text messages that it was sent.
    pub fn told(&self) -> Vec<String> {
        self.house.state().told.clone()
    }
}

impl Drop for Recogniser {
    fn drop(&mut self) {
        self.tasks.abort_all();
    }
}

impl House {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next thing that this channel says.
    fn next(&self, channel: usize) -> String {
        let mut state = self.state();
        let said = if channel == 0 { &self.script.first } else { &self.script.second };
        let words = said.get(state.heard[channel]).cloned().unwrap_or_default();
        state.heard[channel] += 1;
        words
    }
}

async fn visit(house: Arc<House>, key: &'static str, socket: TcpStream) {
    let fault = house.script.fault;
    let mut asked = BTreeMap::new();
    #[expect(clippy::result_large_err, reason = "the websocket crate wants it so")]
    let look = |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
        let authorized = request.headers().get("Authorization").and_then(|value| value.to_str().ok());
        if authorized != Some(&format!("Token {key}")) || fault == RecogniserFault::Refuses {
            let mut refusal = ErrorResponse::new(None);
            *refusal.status_mut() = tokio_tungstenite::tungstenite::http::StatusCode::UNAUTHORIZED;
            return Err(refusal);
        }
        let query = request.uri().query().unwrap_or_default();
        asked = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        Ok(response)
    };
    let Ok(socket) = accept_hdr_async(socket, look).await else { return };
    let number = {
        let mut state = house.state();
        state.connections.push(asked);
        state.connections.len()
    };
    if fault == RecogniserFault::Hangs {
        std::future::pending::<()>().await;
    }
    Visit { house, socket, number, channels: [Channel::default(), Channel::default()], samples: 0 }
        .serve()
        .await;
}

struct Visit {
    house: Arc<House>,
    socket: WebSocketStream<TcpStream>,
    number: usize,
    channels: [Channel; 2],
    samples: u64,
}

/// One channel: what is being said on it.
#[derive(Default)]
struct Channel {
    frame: Vec<u8>,
    loud: u32,
    quiet: u32,
    said: Option<Said>,
}

struct Said {
    words: String,
    began: f64,
    told_at: f64,
}

impl Visit {
    async fn serve(mut self) {
        while let Some(Ok(message)) = self.socket.next().await {
            let going = match message {
                Message::Binary(sound) => self.hear(&sound).await,
                Message::Text(text) => {
                    self.house.state().told.push(text.to_string());
                    if text.contains("CloseStream") {
                        self.finish().await;
                        return;
                    }
                    true
                }
                Message::Close(_) => return,
                Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => true,
            };
            if !going {
                return;
            }
        }
    }

    /// Sound of both channels, sample by sample; false where the connection is to end.
    async fn hear(&mut self, sound: &[u8]) -> bool {
        for pair in sound.chunks_exact(2) {
            self.samples += 1;
            for (channel, sample) in pair.iter().enumerate() {
                self.channels[channel].frame.push(*sample);
            }
            if self.samples.is_multiple_of(FRAME) {
                for channel in 0..2 {
                    if let Some(message) = self.frame(channel)
                        && !self.say(&message).await
                    {
                        return false;
                    }
                }
            }
        }
        let heard = Duration::from_micros(self.samples * 125);
        let breaks = match self.house.script.fault {
            RecogniserFault::BreaksAfter(after) => self.number == 1 && heard >= after,
            _ => false,
        };
        !breaks
    }

    /// 20 ms of one channel, and what there is to say about it.
    fn frame(&mut self, number: usize) -> Option<Value> {
        let now = self.samples as f64 / 8_000.0;
        let channel = &mut self.channels[number];
        let loud = g711::level_dbfs(&channel.frame) > SPEECH_DBFS;
        channel.frame.clear();
        channel.loud = if loud { channel.loud + 1 } else { 0 };
        channel.quiet = if loud { 0 } else { channel.quiet + 1 };
        let Some(said) = &mut channel.said else {
            if channel.loud >= BEGUN {
                let words = self.house.next(number);
                channel.said = Some(Said { words, began: now - f64::from(BEGUN) * 0.02, told_at: now });
            }
            return None;
        };
        if channel.quiet >= OVER {
            let ended = now - f64::from(OVER) * 0.02;
            let message = results(number, &said.words, (said.began, ended), Certain::Final);
            channel.said = None;
            return Some(message);
        }
        if now - said.told_at < EACH {
            return None;
        }
        said.told_at = now;
        let share = (now - said.began) / (said.words.chars().count() as f64 * A_LETTER);
        let heard = match self.house.script.fault {
            RecogniserFault::Mishears(other) if number == 0 => other,
            _ => said.words.as_str(),
        };
        let words: Vec<&str> = heard.split_whitespace().collect();
        let some = words[..words.len().min((words.len() as f64 * share) as usize)].join(" ");
        Some(results(number, &some, (said.began, now), Certain::Interim))
    }

    async fn say(&mut self, message: &Value) -> bool {
        if self.house.script.fault == RecogniserFault::Rubbish {
            for rubbish in ["", "{\"type\":\"Results\"}", "[1,2", "{\"type\":\"Results\",\"start\":\"x\"}"] {
                if self.socket.send(Message::text(rubbish)).await.is_err() {
                    return false;
                }
            }
        }
        self.socket.send(Message::text(message.to_string())).await.is_ok()
    }

    /// What is being said is told as it is; then the connection ends.
    async fn finish(&mut self) {
        let now = self.samples as f64 / 8_000.0;
        for number in 0..2 {
            if let Some(said) = self.channels[number].said.take() {
                let message = results(number, &said.words, (said.began, now), Certain::Final);
                self.say(&message).await;
            }
        }
        let metadata = json!({"type": "Metadata", "channels": 2, "duration": now});
        self.say(&metadata).await;
        let _ = self.socket.close(None).await;
    }
}

/// Whether words may still change.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Certain {
    Interim,
    Final,
}

fn results(channel: usize, words: &str, (began, ended): (f64, f64), certain: Certain) -> Value {
    let list: Vec<&str> = words.split_whitespace().collect();
    let each = (ended - began) / list.len().max(1) as f64;
    let word = |(number, word): (usize, &&str)| {
        let start = began + each * number as f64;
        json!({"word": word, "start": start, "end": start + each, "confidence": 0.97})
    };
    let words_with_times: Vec<Value> = list.iter().enumerate().map(word).collect();
    json!({
        "type": "Results", "channel_index": [channel, 2], "duration": ended - began, "start": began,
        "is_final": certain == Certain::Final, "speech_final": certain == Certain::Final, "from_finalize": false,
        "channel": {"alternatives": [{"transcript": words, "confidence": 0.97, "words": words_with_times}]},
        "metadata": {"request_id": "00000000-0000-0000-0000-000000000001"},
    })
}

/// 20 ms.
const FRAME: u64 = 160;
/// Louder than an open microphone.
const SPEECH_DBFS: f32 = -42.0;
/// 60 ms of it are speech.
const BEGUN: u32 = 3;
/// 500 ms without are its end: made speech has no longer stops.
const OVER: u32 = 25;
/// Interim results come twice a second.
const EACH: f64 = 0.5;
/// As `sim::sound` speaks.
const A_LETTER: f64 = 0.062;
