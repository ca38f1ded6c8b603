//! A recogniser that speaks Deepgram's streaming protocol: one socket a call, the prospect on the one channel and whoever they
//! hear on the other.
//!
//! It may be slow, talk rubbish, break off or not be there: its socket is connected again, less and less often, and what was
//! said meanwhile is left out. Nothing of the call waits for it.

use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::tungstenite::Message as Frame;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};
use url::Url;

use crate::conversation::Piece;
use crate::edge::speech::deepgram_wire::{Anchors, Message};
use crate::id::CallId;
use crate::live::clock;
use crate::ports::{BLOCK_SAMPLES, Block, Sound, Transcriber};

/// A recogniser that speaks Deepgram's streaming protocol.
#[derive(Clone)]
pub struct Deepgram {
    url: String,
    key: HeaderValue,
}

/// Why it cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadDeepgram {
    /// Where it is is no URL.
    #[error("its url is none")]
    Url,
    /// The key cannot stand in a header.
    #[error("its key has letters that no key has")]
    Key,
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// How a socket ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SocketEnd {
    /// There is no more sound.
    NoMoreSound,
    /// It broke, and whether anything was heard over it.
    Broke(Worked),
}

/// Whether a socket was of any use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Worked {
    Yes,
    No,
}

impl Deepgram {
    /// The one at this address, asked for this model and language.
    pub fn new(url: &str, key: &str, model: &str, language: &str) -> Result<Self, BadDeepgram> {
        let mut url = Url::parse(url).map_err(|_| BadDeepgram::Url)?;
        {
            let mut query = url.query_pairs_mut();
            for (name, value) in [("model", model), ("language", language)].into_iter().chain(ASKED_FOR) {
                if !value.is_empty() {
                    query.append_pair(name, value);
                }
            }
        }
        let mut key = HeaderValue::from_str(&format!("Token {key}")).map_err(|_| BadDeepgram::Key)?;
        key.set_sensitive(true);
        Ok(Self { url: url.into(), key })
    }

    async fn run(self, call: CallId, mut sound: mpsc::Receiver<Sound>, words: mpsc::Sender<Piece>) {
        let mut pause = FIRST_PAUSE;
        for stream in 1.. {
            // Nothing is sent before there is something to hear.
            let end = match with_sound_dropped(&mut sound, Box::pin(self.connect())).await {
                None => return,
                Some(None) => SocketEnd::Broke(Worked::No),
                Some(Some(socket)) => Listening::new(socket, stream).listen(&mut sound, &words).await,
            };
            let SocketEnd::Broke(worked) = end else { return };
            metrics::counter!("baton_recogniser_breaks_total", "recogniser" => "deepgram").increment(1);
            pause = if worked == Worked::Yes { FIRST_PAUSE } else { (pause * 2).min(LONGEST_PAUSE) };
            tracing::warn!(call.id = %call, pause.ms = pause.as_millis() as u64, "the recogniser is not there; it is tried again");
            let until = clock::now() + pause;
            if with_sound_dropped(&mut sound, sleep_until(until)).await.is_none() {
                return;
            }
        }
    }

    async fn connect(&self) -> Option<Socket> {
        let mut request = self.url.as_str().into_client_request().ok()?;
        request.headers_mut().insert("Authorization", self.key.clone());
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .max_message_size(Some(LONGEST_MESSAGE))
            .max_frame_size(Some(LONGEST_MESSAGE));
        match timeout(CONNECT, connect_async_with_config(request, Some(config), true)).await {
            Ok(Ok((socket, _answer))) => Some(socket),
            Ok(Err(error)) => {
                // The address may hold what nobody else should know: only what went wrong is told.
                tracing::debug!(%error, "the recogniser could not be reached");
                None
            }
            Err(_too_slow) => None,
        }
    }
}

impl Transcriber for Deepgram {
    fn listen(
        &self,
        call: CallId,
        sound: mpsc::Receiver<Sound>,
        words: mpsc::Sender<Piece>,
    ) -> BoxFuture<'static, ()> {
        Box::pin(self.clone().run(call, sound, words))
    }
}

/// Waits for this; what is heard meanwhile is nobody's. None once there is no more sound.
async fn with_sound_dropped<T>(
    sound: &mut mpsc::Receiver<Sound>,
    wait: impl Future<Output = T>,
) -> Option<T> {
    let mut wait = std::pin::pin!(wait);
    loop {
        tokio::select! {
            done = &mut wait => return Some(done),
            heard = sound.recv() => drop(heard?),
        }
    }
}

/// One socket.
struct Listening {
    socket: Socket,
    anchors: Anchors,
    out: Vec<u8>,
    worked: Worked,
    rubbish: u32,
    /// When something was sent last.
    sent: Instant,
    /// When it was heard from last.
    alive: Instant,
}

impl Listening {
    fn new(socket: Socket, stream: u32) -> Self {
        let now = clock::now();
        Self {
            socket,
            anchors: Anchors::new(stream),
            out: Vec::with_capacity(2 * BLOCK_SAMPLES),
            worked: Worked::No,
            rubbish: 0,
            sent: now,
            alive: now,
        }
    }

    async fn listen(mut self, sound: &mut mpsc::Receiver<Sound>, words: &mpsc::Sender<Piece>) -> SocketEnd {
        loop {
            let quiet = (self.sent + KEEP_ALIVE).min(self.alive + MUTE);
            let went = tokio::select! {
                heard = sound.recv() => match heard {
                    Some(Sound::Block(block)) => self.send_block(&block).await,
                    Some(Sound::Turn { .. }) => Ok(()),
                    None => {
                        self.finish(words).await;
                        return SocketEnd::NoMoreSound;
                    }
                },
                came = self.socket.next() => self.came(came, words),
                () = sleep_until(quiet) => self.stay_alive().await,
            };
            if went.is_err() {
                // Who does not read a goodbye is not waited for.
                let _ = timeout(GOODBYE, self.socket.close(None)).await;
                return SocketEnd::Broke(self.worked);
            }
        }
    }

    async fn send_block(&mut self, block: &Block) -> Result<(), Broke> {
        self.out.clear();
        for (prospect, other) in block.prospect.iter().zip(&block.other) {
            self.out.extend([*prospect, *other]);
        }
        self.anchors.sending(BLOCK_SAMPLES as u64, block.at, block.other_is);
        let frame = Frame::Binary(Bytes::copy_from_slice(&self.out));
        self.send(frame).await
    }

    async fn stay_alive(&mut self) -> Result<(), Broke> {
        let now = clock::now();
        if now.saturating_duration_since(self.alive) >= MUTE {
            return Err(Broke);
        }
        self.send(Frame::text(r#"{"type":"KeepAlive"}"#)).await
    }

    async fn send(&mut self, frame: Frame) -> Result<(), Broke> {
        self.sent = clock::now();
        match timeout(SLOW, self.socket.send(frame)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Broke),
        }
    }

    fn came(
        &mut self,
        came: Option<Result<Frame, tokio_tungstenite::tungstenite::Error>>,
        words: &mpsc::Sender<Piece>,
    ) -> Result<(), Broke> {
        let Some(Ok(frame)) = came else { return Err(Broke) };
        self.alive = clock::now();
        let text = match &frame {
            Frame::Text(text) => text.as_str(),
            Frame::Close(_) => return Err(Broke),
            Frame::Binary(_) => "",
            Frame::Ping(_) | Frame::Pong(_) | Frame::Frame(_) => return Ok(()),
        };
        match Message::read(text) {
            Some(Message::Heard(results)) => {
                self.worked = Worked::Yes;
                if let Some(piece) = self.anchors.piece(*results)
                    && words.try_send(piece).is_err()
                {
                    metrics::counter!("baton_words_ignored_total", "why" => "too many").increment(1);
                }
            }
            Some(Message::Failed) => return Err(Broke),
            Some(Message::Other) => {}
            None => {
                metrics::counter!("baton_recogniser_rubbish_total", "recogniser" => "deepgram").increment(1);
                self.rubbish += 1;
                if self.rubbish > RUBBISH {
                    return Err(Broke);
                }
            }
        }
        Ok(())
    }

    /// There is no more sound: what was said last is still heard.
    async fn finish(&mut self, words: &mpsc::Sender<Piece>) {
        let last = async {
            if self.send(Frame::text(r#"{"type":"CloseStream"}"#)).await.is_err() {
                return;
            }
            loop {
                let came = self.socket.next().await;
                if self.came(came, words).is_err() {
                    return;
                }
            }
        };
        let _ = timeout(LAST_WORDS, last).await;
    }
}

/// The socket is of no use any more.
struct Broke;

/// What every stream is asked for: telephone sound on two channels, words as early as they come, a segment for each stretch.
const ASKED_FOR: [(&str, &str); 9] = [
    ("encoding", "mulaw"),
    ("sample_rate", "8000"),
    ("channels", "2"),
    ("multichannel", "true"),
    ("interim_results", "true"),
    ("endpointing", "300"),
    ("utterance_end_ms", "1000"),
    ("smart_format", "true"),
    ("punctuate", "true"),
];

/// Across an ocean and back, five times.
const CONNECT: Duration = Duration::from_secs(5);

/// Without sound it closes after ten seconds.
const KEEP_ALIVE: Duration = Duration::from_secs(4);

/// It says something every second while there is sound, also of silence.
const MUTE: Duration = Duration::from_secs(20);

/// A write that takes so long: nobody reads at the other end.
const SLOW: Duration = Duration::from_secs(5);

/// Of five seconds that the call waits at most.
const LAST_WORDS: Duration = Duration::from_secs(4);

/// For a close that may never be answered.
const GOODBYE: Duration = Duration::from_millis(500);

/// Before the first try after one that worked.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// Between tries of one that is down.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// So many unreadable messages on one socket are too many.
const RUBBISH: u32 = 50;

/// A minute of words with their times is 40 KiB.
const LONGEST_MESSAGE: usize = 256 * 1024;

/// Most messages are a few hundred bytes.
const READ_BUFFER: usize = 4 * 1024;
