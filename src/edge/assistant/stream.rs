//! The assistant's stream: Baton connects to it as Twilio would, and nobody there need know the difference.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::future::BoxFuture;
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{self, Message, Utf8Bytes};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

use crate::audio::frame::FRAME_SAMPLES;
use crate::call::AssistantFault;
use crate::edge::api::told;
use crate::edge::assistant::in_band;
use crate::edge::assistant::wire::{self, FromAssistant as Wire, ToAssistant};
use crate::edge::budget::Budget;
use crate::edge::carrier::twilio::signature;
use crate::edge::lenient::decode_payload;
use crate::live::assistant_leg;
use crate::live::line::{AssistantLine, FromAssistant, LineBroke, ToFollower};
use crate::live::seat::{AssistantSeat, Assistants, CallFacts};
use crate::live::{chance, clock};
use crate::time::MediaTime;

/// The way to assistants that speak Media Streams.
#[derive(Clone)]
pub struct MediaStreams {
    /// The account that assistants are told, where the carrier did not say one.
    pub account_sid: String,
    /// What the upgrade is signed with; none: it is not.
    pub token: Option<String>,
    /// What the operator adds to the start of every stream.
    pub parameters: BTreeMap<String, String>,
    /// Where assistants reach the control API.
    pub api_url: String,
    /// How long connecting may take.
    pub connect: Duration,
    /// The longest message that is read.
    pub message_limit: usize,
}

impl Assistants for MediaStreams {
    fn dial(&self, facts: Arc<CallFacts>, time: u32, seat: AssistantSeat) -> BoxFuture<'static, ()> {
        let way = self.clone();
        Box::pin(async move {
            // Connecting takes far more room than the leg, and the leg stays for the whole call.
            let connecting = Box::pin(async move {
                let parameters = way.parameters(&facts, time, &seat.call.to_string());
                match timeout(way.connect, way.connect(&facts, &parameters)).await {
                    Ok(Ok(line)) => Ok(Box::pin(assistant_leg::run(line, seat))),
                    Ok(Err(fault)) => Err((fault, seat)),
                    Err(_too_slow) => Err((AssistantFault::Unreachable, seat)),
                }
            });
            match connecting.await {
                Ok(leg) => leg.await,
                Err((fault, seat)) => seat.unreachable(fault).await,
            }
        })
    }
}

impl MediaStreams {
    /// What the assistant is told of the call: what is known, what the operator adds, what its own document adds, and
    /// how to reach us.
    fn parameters(&self, facts: &CallFacts, time: u32, call: &str) -> BTreeMap<String, String> {
        let mut parameters = BTreeMap::from([
            ("from_number".to_owned(), facts.prospect.reveal().to_owned()),
            ("to_number".to_owned(), facts.line.reveal().to_owned()),
            ("direction".to_owned(), facts.direction.word().to_owned()),
        ]);
        if facts.direction.word() == "outbound" {
            parameters.insert("from_number".to_owned(), facts.line.reveal().to_owned());
            parameters.insert("to_number".to_owned(), facts.prospect.reveal().to_owned());
        }
        parameters.extend(self.parameters.clone());
        parameters.extend(facts.assistant_parameters.clone());
        parameters.extend([
            ("baton_call".to_owned(), call.to_owned()),
            ("baton_api".to_owned(), self.api_url.clone()),
            ("baton_token".to_owned(), facts.token.0.clone()),
            ("baton_dialled".to_owned(), time.to_string()),
        ]);
        parameters
    }

    async fn connect(
        &self,
        facts: &CallFacts,
        parameters: &BTreeMap<String, String>,
    ) -> Result<StreamLine, AssistantFault> {
        let url = facts.assistant_url.as_str();
        let mut request = url.into_client_request().map_err(|_| AssistantFault::Unreachable)?;
        if let Some(token) = &self.token {
            let signed = HeaderValue::from_str(&signature::sign(token, url, &[]))
                .map_err(|_| AssistantFault::Unreachable)?;
            request.headers_mut().insert("X-Twilio-Signature", signed);
        }
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .max_message_size(Some(self.message_limit))
            .max_frame_size(Some(self.message_limit));
        let no_nagle = true;
        let (socket, _answer) = connect_async_with_config(request, Some(config), no_nagle).await.map_err(
            |error| match error {
                tungstenite::Error::Http(_) => AssistantFault::Refused,
                _ => AssistantFault::Unreachable,
            },
        )?;
        stay_fresh(socket.get_ref().get_ref());
        let stream_sid = format!("MZ{:032x}", chance::bits());
        let account = facts.account.as_deref().unwrap_or(&self.account_sid);
        let mut line = StreamLine {
            socket,
            to: ToAssistant::new(&stream_sid, &facts.alias, account),
            out: BytesMut::with_capacity(OUT_CAPACITY),
            incoming: Incoming::default(),
            frames: 0,
        };
        line.begin(parameters).await.map_err(|LineBroke| AssistantFault::BrokeOff)?;
        Ok(line)
    }
}

/// A connected assistant.
struct StreamLine {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    to: ToAssistant,
    out: BytesMut,
    incoming: Incoming,
    frames: u64,
}

/// What an assistant says on its stream, message by message.
pub struct Incoming {
    decoded: Vec<u8>,
    speech: BytesMut,
    budget: Budget,
}

impl Default for Incoming {
    fn default() -> Self {
        Self {
            decoded: Vec::with_capacity(4 * FRAME_SAMPLES),
            speech: BytesMut::with_capacity(SPEECH_CAPACITY),
            budget: told::budget(),
        }
    }
}

impl Incoming {
    /// The next message on the stream that we called so; nothing where it says nothing to the leg.
    pub fn read(&mut self, ours: &str, text: &str) -> Option<FromAssistant> {
        let ours = |stream: &Option<crate::edge::lenient::Text<'_>>| {
            stream.as_ref().is_none_or(|stream| stream.as_str() == ours)
        };
        match wire::read(text) {
            Ok(Wire::Media { stream, payload }) if ours(&stream) => {
                if decode_payload(payload.as_str(), &mut self.decoded).is_err() {
                    return Some(FromAssistant::Rubbish);
                }
                self.speech.extend_from_slice(&self.decoded);
                Some(FromAssistant::Speech(self.speech.split().freeze()))
            }
            Ok(Wire::Mark { stream, name }) if ours(&stream) => Some(FromAssistant::Mark(name.into_owned())),
            Ok(Wire::Clear { stream }) if ours(&stream) => Some(FromAssistant::Clear),
            Ok(Wire::Media { .. } | Wire::Mark { .. } | Wire::Clear { .. }) | Err(_) => {
                Some(FromAssistant::Rubbish)
            }
            Ok(Wire::Baton(message)) => Some(if self.budget.spends(1, clock::now()) {
                in_band::read(message.as_str())
            } else {
                FromAssistant::Misunderstood(in_band::TOO_MUCH.to_owned())
            }),
            Ok(Wire::Unknown) => None,
        }
    }
}

impl StreamLine {
    /// `connected` and `start`, before anything else: some assistants read exactly these two.
    async fn begin(&mut self, parameters: &BTreeMap<String, String>) -> Result<(), LineBroke> {
        ToAssistant::write_connected(&mut self.out);
        self.send_out().await?;
        self.to.write_start(&mut self.out, parameters);
        self.send_out().await
    }

    async fn send_out(&mut self) -> Result<(), LineBroke> {
        let text = Utf8Bytes::try_from(self.out.split().freeze()).map_err(|_| LineBroke)?;
        self.socket.send(Message::Text(text)).await.map_err(|_| LineBroke)
    }
}

impl AssistantLine for StreamLine {
    async fn next(&mut self) -> FromAssistant {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) => {
                    if let Some(from) = self.incoming.read(self.to.stream_sid(), &text) {
                        return from;
                    }
                }
                Some(Ok(Message::Binary(_))) => return FromAssistant::Rubbish,
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => return FromAssistant::Alive,
                Some(Ok(Message::Frame(_))) => {}
                Some(Ok(Message::Close(frame))) => return closed(frame.as_ref()),
                Some(Err(tungstenite::Error::Capacity(_))) => {
                    return FromAssistant::Broke(AssistantFault::Rubbish);
                }
                Some(Err(_)) | None => return FromAssistant::Broke(AssistantFault::BrokeOff),
            }
        }
    }

    async fn send_frame(&mut self, sound: &[u8; FRAME_SAMPLES]) -> Result<(), LineBroke> {
        let at = MediaTime(self.frames * FRAME_SAMPLES as u64);
        self.frames += 1;
        self.to.write_media(&mut self.out, at, sound);
        self.send_out().await
    }

    async fn send_played(&mut self, name: &str) -> Result<(), LineBroke> {
        self.to.write_mark(&mut self.out, name);
        self.send_out().await
    }

    async fn send_key(&mut self, key: char) -> Result<(), LineBroke> {
        self.to.write_dtmf(&mut self.out, key);
        self.send_out().await
    }

    async fn send_word(&mut self, word: ToFollower<'_>) -> Result<(), LineBroke> {
        for word in in_band::written(&word) {
            self.to.write_word(&mut self.out, &word.to_string());
            self.send_out().await?;
        }
        Ok(())
    }

    async fn ping(&mut self) -> Result<(), LineBroke> {
        self.socket.send(Message::Ping(Bytes::new())).await.map_err(|_| LineBroke)
    }

    async fn stop(&mut self) {
        // Some assistants end at `stop`, others only when the line closes: they get both.
        let stopping = async {
            self.to.write_stop(&mut self.out);
            let _ = self.send_out().await;
            let normal = CloseFrame { code: CloseCode::Normal, reason: Utf8Bytes::default() };
            let _ = self.socket.close(Some(normal)).await;
            while let Some(Ok(_)) = self.socket.next().await {}
        };
        let _ = timeout(STOPPING, stopping).await;
    }
}

/// What the assistant does not take waits here as frames, where the oldest is dropped, and not in the kernel's buffer
/// of megabytes, where all of it would arrive late. What is on its way is not limited: a long way needs it.
fn stay_fresh(socket: &TcpStream) {
    #[cfg(target_os = "linux")]
    if let Err(error) = socket2::SockRef::from(socket).set_tcp_notsent_lowat(UNSENT) {
        tracing::debug!(%error, "the kernel may hold more of our sound than is fresh");
    }
    #[cfg(not(target_os = "linux"))]
    let _ = socket;
}

/// Whether a close means that the assistant has finished or that something is wrong with it.
fn closed(frame: Option<&CloseFrame>) -> FromAssistant {
    match frame.map(|frame| frame.code) {
        None | Some(CloseCode::Normal | CloseCode::Status) => FromAssistant::Finished,
        Some(_going_away_or_in_error) => FromAssistant::Broke(AssistantFault::ClosedInError),
    }
}

/// Most assistants send a frame or a few at a time. The websocket crate writes zeros over all of it before each read.
const READ_BUFFER: usize = 2 * 1024;

/// Room for six messages before the buffer is used again from the start.
const OUT_CAPACITY: usize = 2 * 1024;

/// Half a second of speech on its way to the prospect.
const SPEECH_CAPACITY: usize = 4 * 1024;

/// Half a second of sound as messages.
#[cfg(target_os = "linux")]
const UNSENT: u32 = 8 * 1024;

/// How long a goodbye may take.
const STOPPING: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_close_is_an_end_only_when_it_says_so() {
        let close = |code| CloseFrame { code, reason: Utf8Bytes::default() };
        assert!(matches!(closed(None), FromAssistant::Finished));
        assert!(matches!(closed(Some(&close(CloseCode::Normal))), FromAssistant::Finished));
        for code in [CloseCode::Away, CloseCode::Error, CloseCode::Restart, CloseCode::Policy] {
            assert!(matches!(
                closed(Some(&close(code))),
                FromAssistant::Broke(AssistantFault::ClosedInError)
            ));
        }
    }
}
