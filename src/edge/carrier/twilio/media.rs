//! The carrier's stream of one leg: the websocket that it opens to us, and what we make of its messages.
//!
//! What cannot be read is refused, counted, logged once a stream, and harms nothing else.

use std::collections::VecDeque;
use std::io::Write as _;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use bytes::BytesMut;
use tokio::time::timeout;

use crate::audio::arrival::{Arrival, Place};
use crate::audio::frame::{FRAME_SAMPLES, Frame};
use crate::edge::carrier::twilio::wire::{self, FromCarrier as Wire, Start};
use crate::edge::lenient::decode_payload;
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
    /// A second `start`.
    #[error("a second start")]
    SecondStart,
}

/// Waits for the `start` of a stream that has just connected.
pub async fn await_start(socket: &mut WebSocket) -> Result<Start, Refusal> {
    let started = async {
        loop {
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
    stream: String,
    out: BytesMut,
    arrival: Arrival,
    chunk: Vec<u8>,
    rest: Vec<u8>,
    frames: VecDeque<Frame>,
    place: MediaTime,
    refused_before: bool,
}

impl TwilioLine {
    /// The stream that has started so.
    pub fn new(socket: WebSocket, start: &Start) -> Self {
        Self {
            socket,
            stream: start.stream_sid.clone(),
            out: BytesMut::with_capacity(OUT_CAPACITY),
            arrival: Arrival::default(),
            chunk: Vec::with_capacity(2 * FRAME_SAMPLES),
            rest: Vec::with_capacity(2 * FRAME_SAMPLES),
            frames: VecDeque::with_capacity(4),
            place: MediaTime(0),
            refused_before: false,
        }
    }

    fn read(&mut self, text: &str) -> Option<FromCarrier> {
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
                self.frames.pop_front().map(FromCarrier::Sound)
            }
            Ok(Wire::Key { stream, digit }) if stream.as_str() == self.stream => {
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

    async fn send_out(&mut self) -> Result<(), LineBroke> {
        let text = Utf8Bytes::try_from(self.out.split().freeze()).map_err(|_| LineBroke)?;
        self.socket.send(Message::Text(text)).await.map_err(|_| LineBroke)
    }
}

impl CarrierLine for TwilioLine {
    async fn next(&mut self) -> FromCarrier {
        if let Some(frame) = self.frames.pop_front() {
            return FromCarrier::Sound(frame);
        }
        loop {
            match self.socket.recv().await {
                Some(Ok(Message::Text(text))) => {
                    if let Some(from) = self.read(&text) {
                        return from;
                    }
                }
                Some(Ok(Message::Binary(_))) => {
                    self.refuse(Refusal::Binary);
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => return FromCarrier::Alive,
                Some(Ok(Message::Close(_)) | Err(_)) | None => return FromCarrier::Broke,
            }
        }
    }

    async fn send_sound(&mut self, sound: &[u8]) -> Result<(), LineBroke> {
        wire::write_media(&mut self.out, &self.stream, sound);
        self.send_out().await
    }

    async fn send_mark(&mut self, mark: u32) -> Result<(), LineBroke> {
        let mut digits = [0_u8; 10];
        let mut free = &mut digits[..];
        write!(free, "{mark}").map_err(|_| LineBroke)?;
        let written = 10 - free.len();
        let name = std::str::from_utf8(&digits[..written]).map_err(|_| LineBroke)?;
        wire::write_mark(&mut self.out, &self.stream, name);
        self.send_out().await
    }

    async fn clear(&mut self) -> Result<(), LineBroke> {
        wire::write_clear(&mut self.out, &self.stream);
        self.send_out().await
    }

    async fn ping(&mut self) -> Result<(), LineBroke> {
        self.socket.send(Message::Ping(bytes::Bytes::new())).await.map_err(|_| LineBroke)
    }

    async fn close(&mut self) {
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

/// How long a close may take.
const CLOSING: Duration = Duration::from_secs(1);

/// Close code of RFC 6455 for "not by our rules".
const POLICY: u16 = 1008;

/// Room for forty messages before the buffer is used again from the start.
const OUT_CAPACITY: usize = 12 * 1024;
