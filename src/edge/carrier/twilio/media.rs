//! The carrier's stream of one leg: the websocket that it opens to us, and what we make of its messages.
//!
//! What cannot be read is refused, counted, logged once a stream, and harms nothing else.

use std::collections::VecDeque;
use std::io::Write as _;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use bytes::BytesMut;
use tokio::time::{Instant, timeout};

use crate::audio::arrival::{Arrival, Place};
use crate::audio::frame::{FRAME_SAMPLES, Frame};
use crate::edge::budget::Budget;
use crate::edge::carrier::twilio::wire::{self, FromCarrier as Wire, Start};
use crate::edge::lenient::decode_payload;
use crate::live::clock;
use crate::live::line::{CarrierLine, FromCarrier, LineBroke};
use crate::time::MediaTime;

/// Why a message or a whole stream was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No `start` came in time.
    #[error("no start in time")]
    NoStart,
    /// The `start` names another call than the ticket.
    #[error("a start for another call")]
    OtherCall,
    /// The `start` names another account than ours.
    #[error("a start for another account")]
    OtherAccount,
    /// The sound is not µ-law at 8 kHz.
    #[error("a start with sound that is not mu-law at 8 kHz")]
    OtherSound,
    /// The message is no message.
    #[error("a message that cannot be read")]
    Malformed,
    /// The message belongs to another stream.
    #[error("a message of another stream")]
    OtherStream,
    /// Binary messages are not part of the protocol.
    #[error("a binary message")]
    Binary,
    /// The message is too long.
    #[error("a message over 64 KiB")]
    TooLong,
    /// More messages, or bytes, than any carrier sends.
    #[error("a flood")]
    Flood,
    /// More keys than anybody can press.
    #[error("a flood of keys")]
    Keys,
    /// A second `start`.
    #[error("a second start")]
    SecondStart,
}

/// Waits for the `start` of a stream that has just connected.
pub async fn await_start(socket: &mut WebSocket) -> Result<Start, Refusal> {
    let started = async {
        for _ in 0..BEFORE_START {
            match socket.recv().await {
                Some(Ok(Message::Text(text))) if text.len() > LONGEST_MESSAGE => {
                    return Err(Refusal::TooLong);
                }
                Some(Ok(Message::Text(text))) => match wire::read(&text) {
                    Ok(Wire::Start(start)) => return Ok(start),
                    Ok(_before_the_start) => {}
                    Err(_unreadable) => return Err(Refusal::Malformed),
                },
                Some(Ok(Message::Binary(_))) => return Err(Refusal::Binary),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Close(_)) | Err(_)) | None => return Err(Refusal::NoStart),
            }
        }
        Err(Refusal::Flood)
    };
    timeout(START_WITHIN, started).await.unwrap_or(Err(Refusal::NoStart))
}

/// Notes a refusal: counted always, logged where it is the first of its stream.
pub fn refused(why: Refusal, first: bool) {
    metrics::counter!("baton_refused_total", "door" => "media", "why" => why.to_string()).increment(1);
    if first {
        tracing::warn!(refused.why = %why, "the carrier's stream sent something that was refused");
    }
}

/// Closes a stream that is not let in.
pub async fn turn_away(mut socket: WebSocket, why: Refusal) {
    refused(why, true);
    let frame = CloseFrame { code: POLICY, reason: Utf8Bytes::from_static("refused") };
    let _ = timeout(CLOSING, socket.send(Message::Close(Some(frame)))).await;
}

/// The stream of one leg, once it has started.
pub struct TwilioLine {
    socket: WebSocket,
    incoming: Incoming,
    out: BytesMut,
    messages: Budget,
    taken: u32,
    turn_began: Instant,
    flooded: bool,
}

impl TwilioLine {
    /// The stream that has started so.
    pub fn new(socket: WebSocket, start: &Start) -> Self {
        let now = clock::now();
        Self {
            socket,
            incoming: Incoming::of(&start.stream_sid),
            out: BytesMut::with_capacity(OUT_CAPACITY),
            messages: Budget::new(MESSAGES_AT_ONCE, MESSAGES_A_SECOND, now),
            taken: 0,
            turn_began: now,
            flooded: false,
        }
    }

    /// Whether this message is one too many; then nothing more is read.
    fn floods(&mut self, message: &Message) -> bool {
        let bytes = match message {
            Message::Text(text) => text.len(),
            Message::Binary(bytes) | Message::Ping(bytes) | Message::Pong(bytes) => bytes.len(),
            Message::Close(_) => 0,
        };
        let weight = 1 + u32::try_from(bytes / WEIGHT).unwrap_or(u32::MAX / 2);
        if self.messages.spends(weight, clock::now()) {
            return false;
        }
        self.flooded = true;
        // Logged whatever was refused before: this ends the stream.
        refused(Refusal::Flood, true);
        true
    }

    async fn send_out(&mut self) -> Result<(), LineBroke> {
        let text = Utf8Bytes::try_from(self.out.split().freeze()).map_err(|_| LineBroke)?;
        self.socket.send(Message::Text(text)).await.map_err(|_| LineBroke)
    }
}

/// What the carrier says on one stream, message by message.
pub struct Incoming {
    stream: String,
    arrival: Arrival,
    chunk: Vec<u8>,
    rest: Vec<u8>,
    frames: VecDeque<Frame>,
    place: MediaTime,
    refused_before: bool,
    keys: Budget,
}

impl Incoming {
    /// Of the stream of this name.
    pub fn of(stream: &str) -> Self {
        Self {
            stream: stream.to_owned(),
            arrival: Arrival::default(),
            chunk: Vec::with_capacity(2 * FRAME_SAMPLES),
            rest: Vec::with_capacity(2 * FRAME_SAMPLES),
            frames: VecDeque::with_capacity(2),
            place: MediaTime(0),
            refused_before: false,
            keys: Budget::new(KEYS_AT_ONCE, KEYS_A_SECOND, clock::now()),
        }
    }

    /// What is left of the message before: one may hold several frames.
    pub fn left(&mut self) -> Option<FromCarrier> {
        self.frames.pop_front().map(FromCarrier::Sound)
    }

    /// The next message; nothing where it says nothing to the leg, or was refused.
    pub fn read(&mut self, text: &str) -> Option<FromCarrier> {
        if text.len() > LONGEST_MESSAGE {
            return self.refuse(Refusal::TooLong);
        }
        match wire::read(text) {
            Ok(Wire::Media { stream, track_is_inbound, stamp, payload }) => {
                if stream.as_str() != self.stream {
                    return self.refuse(Refusal::OtherStream);
                }
                if !track_is_inbound {
                    return None;
                }
                if decode_payload(payload.as_str(), &mut self.chunk).is_err() {
                    return self.refuse(Refusal::Malformed);
                }
                self.take_in(stamp);
                self.left()
            }
            Ok(Wire::Key { stream, digit }) if stream.as_str() == self.stream => {
                if !self.keys.spends(1, clock::now()) {
                    return self.refuse(Refusal::Keys);
                }
                Some(FromCarrier::Key(digit))
            }
            Ok(Wire::Mark { stream, name }) if stream.as_str() == self.stream => {
                // Ours are numbers; others are nobody's.
                name.as_str().parse().ok().map(FromCarrier::Played)
            }
            Ok(Wire::Stop { stream, .. }) if stream.as_str() == self.stream => Some(FromCarrier::Stopped),
            Ok(Wire::Key { .. } | Wire::Mark { .. } | Wire::Stop { .. }) => self.refuse(Refusal::OtherStream),
            Ok(Wire::Start(_)) => self.refuse(Refusal::SecondStart),
            Ok(Wire::Connected | Wire::Unknown) => None,
            Err(_unreadable) => self.refuse(Refusal::Malformed),
        }
    }

    /// Makes frames of the chunk that was decoded, at its place.
    fn take_in(&mut self, stamp: Option<MediaTime>) {
        let samples = self.chunk.len() as u64;
        if let Some(stamp) = stamp {
            match self.arrival.place(stamp, samples) {
                Place::Past => {
                    metrics::counter!("baton_frames_dropped_total", "why" => "late or double").increment(1);
                    return;
                }
                Place::Next { missing } => {
                    if missing > 0 {
                        metrics::counter!("baton_samples_missing_total").increment(missing);
                        self.place = self.place + missing;
                    }
                }
            }
        }
        if self.rest.is_empty() && self.chunk.len() == FRAME_SAMPLES {
            let mut frame = Frame::silence(self.place);
            frame.sound.copy_from_slice(&self.chunk);
            self.frames.push_back(frame);
            self.place = self.place + FRAME_SAMPLES as u64;
            return;
        }
        self.rest.extend_from_slice(&self.chunk);
        let whole = self.rest.len() / FRAME_SAMPLES * FRAME_SAMPLES;
        for sound in self.rest[..whole].chunks_exact(FRAME_SAMPLES) {
            let mut frame = Frame::silence(self.place);
            frame.sound.copy_from_slice(sound);
            self.frames.push_back(frame);
            self.place = self.place + FRAME_SAMPLES as u64;
        }
        self.rest.drain(..whole);
    }

    fn refuse(&mut self, why: Refusal) -> Option<FromCarrier> {
        refused(why, !self.refused_before);
        self.refused_before = true;
        None
    }
}

impl CarrierLine for TwilioLine {
    async fn next(&mut self) -> FromCarrier {
        if let Some(frame) = self.incoming.left() {
            return frame;
        }
        loop {
            self.taken += 1;
            if self.taken >= TURN {
                let now = clock::now();
                let lasted = now.saturating_duration_since(self.turn_began);
                (self.taken, self.turn_began) = (0, now);
                if lasted < BURST {
                    // It must not keep the thread from the legs of others, nor this leg from what it is to say.
                    tokio::task::yield_now().await;
                }
            }
            let Some(Ok(message)) = self.socket.recv().await else { return FromCarrier::Broke };
            if self.floods(&message) {
                return FromCarrier::Broke;
            }
            let from = match message {
                Message::Text(text) => self.incoming.read(&text),
                Message::Binary(_) => self.incoming.refuse(Refusal::Binary),
                Message::Ping(_) | Message::Pong(_) => Some(FromCarrier::Alive),
                Message::Close(_) => Some(FromCarrier::Broke),
            };
            if let Some(from) = from {
                return from;
            }
        }
    }

    async fn send_sound(&mut self, sound: &[u8]) -> Result<(), LineBroke> {
        wire::write_media(&mut self.out, &self.incoming.stream, sound);
        self.send_out().await
    }

    async fn send_mark(&mut self, mark: u32) -> Result<(), LineBroke> {
        let mut digits = [0_u8; 10];
        let mut free = &mut digits[..];
        write!(free, "{mark}").map_err(|_| LineBroke)?;
        let written = 10 - free.len();
        let name = std::str::from_utf8(&digits[..written]).map_err(|_| LineBroke)?;
        wire::write_mark(&mut self.out, &self.incoming.stream, name);
        // It comes back. Most are the assistant's, and how many it sends must not be held against the prospect.
        self.messages.earns(1);
        self.send_out().await
    }

    async fn clear(&mut self) -> Result<(), LineBroke> {
        wire::write_clear(&mut self.out, &self.incoming.stream);
        self.send_out().await
    }

    async fn ping(&mut self) -> Result<(), LineBroke> {
        self.socket.send(Message::Ping(bytes::Bytes::new())).await.map_err(|_| LineBroke)
    }

    async fn close(&mut self) {
        if self.flooded {
            // Nothing of it is read any more, not even to the end.
            let frame = CloseFrame { code: POLICY, reason: Utf8Bytes::from_static("flood") };
            let _ = timeout(CLOSING, self.socket.send(Message::Close(Some(frame)))).await;
            return;
        }
        let closing = async {
            let _ = self.socket.send(Message::Close(None)).await;
            while let Some(Ok(_)) = self.socket.recv().await {}
        };
        let _ = timeout(CLOSING, closing).await;
    }
}

/// The protocol's own messages are a few hundred bytes; a second of sound is 11 KB.
const LONGEST_MESSAGE: usize = 64 * 1024;

/// A message up to this size is read whole and refused; a longer one breaks the line.
pub const LARGEST_MESSAGE: usize = 1024 * 1024;

/// The carrier says `start` within a round trip; five seconds is no carrier.
const START_WITHIN: Duration = Duration::from_secs(5);

/// `connected` and whatever else may come to stand before it one day.
const BEFORE_START: u32 = 100;

/// Two minutes of frames: more than waits at a carrier after any stall that its connection survives.
const MESSAGES_AT_ONCE: u32 = 6_000;

/// Four times the frames of a call, for marks and keys and a carrier that cuts its frames smaller.
const MESSAGES_A_SECOND: u32 = 200;

/// A message counts once more for so many bytes: a frame of 20 ms has 300.
const WEIGHT: usize = 4 * 1024;

/// A long number and its extension, played by a machine.
const KEYS_AT_ONCE: u32 = 60;

/// The fastest that a telephone exchange plays them.
const KEYS_A_SECOND: u32 = 15;

/// So many messages are read in a row before others have their turn.
const TURN: u32 = 32;

/// So many within the time of one frame are a burst.
const BURST: Duration = Duration::from_millis(20);

/// How long a close may take.
const CLOSING: Duration = Duration::from_secs(1);

/// Close code of RFC 6455 for "not by our rules".
const POLICY: u16 = 1008;

/// Room for six messages before the buffer is used again from the start; a longer one makes it grow, once.
const OUT_CAPACITY: usize = 2 * 1024;
