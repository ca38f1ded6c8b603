//! What the carrier's stream says and what we say to it: the messages of a bidirectional Media Stream.
//!
//! Reading a frame's message takes no memory. Unknown events and fields are let through; what must be there is checked,
//! and names that will be stored or put into URLs are plain. Writing uses exactly the documented keys: the carrier refuses
//! a message with one more (31951). <https://www.twilio.com/docs/voice/media-streams/websocket-messages>

use std::collections::BTreeMap;
use std::fmt;

use bytes::BytesMut;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::edge::json::{put_raw, put_sound, put_text};
use crate::edge::lenient::{self, Number, Text, WireError, mark_name, object, part, within_length};
use crate::edge::plain::{self, PlainMedia};
use crate::time::MediaTime;

/// One message from the carrier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FromCarrier<'a> {
    /// The websocket speaks the protocol; nothing else is known yet.
    Connected,
    /// The stream begins.
    Start(Start),
    /// Some sound, mostly 20 ms.
    Media {
        /// Of which stream.
        stream: Text<'a>,
        /// Whether it is what the party on the phone said, not what they hear.
        track_is_inbound: bool,
        /// When it was said, if the carrier tells.
        stamp: Option<MediaTime>,
        /// µ-law in base64: for [`decode_payload`](crate::edge::lenient::decode_payload).
        payload: Text<'a>,
    },
    /// The party pressed a key.
    Key {
        /// Of which stream.
        stream: Text<'a>,
        /// One of `0-9 * # A-D`.
        digit: char,
    },
    /// What was sent before this mark has been played, or was cleared.
    Mark {
        /// Of which stream.
        stream: Text<'a>,
        /// The name that we gave it.
        name: Text<'a>,
    },
    /// The stream is over; the call may live on.
    Stop {
        /// Which stream.
        stream: Text<'a>,
        /// Of which call, if the carrier tells.
        call: Option<Text<'a>>,
    },
    /// Something that the protocol did not have when this was written.
    Unknown,
}

/// What the carrier says of a stream as it begins. Prints no values of parameters.
#[derive(Clone, PartialEq, Eq)]
pub struct Start {
    /// The carrier's name for the stream (`MZ…`).
    pub stream_sid: String,
    /// The carrier's name for the call (`CA…`).
    pub call_sid: String,
    /// The account that the call belongs to (`AC…`).
    pub account_sid: String,
    /// How the sound is written: `audio/x-mulaw`.
    pub encoding: String,
    /// Samples a second: 8000.
    pub sample_rate: u64,
    /// 1.
    pub channels: u64,
    /// What the TwiML gave along.
    pub parameters: BTreeMap<String, String>,
}

impl Start {
    /// Whether this is the one kind of sound that Baton takes: µ-law, 8 kHz, mono.
    pub fn is_mu_law(&self) -> bool {
        self.encoding == MU_LAW && self.sample_rate == SAMPLE_RATE && self.channels == 1
    }
}

impl fmt::Debug for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Start")
            .field("stream_sid", &self.stream_sid)
            .field("call_sid", &self.call_sid)
            .field("encoding", &self.encoding)
            .field("sample_rate", &self.sample_rate)
            .field("channels", &self.channels)
            .field("parameters", &self.parameters.keys())
            .finish_non_exhaustive()
    }
}

/// Reads one message of the carrier's.
pub fn read(text: &str) -> Result<FromCarrier<'_>, WireError> {
    within_length(text)?;
    if let Some(media) = plain_media(text) {
        return Ok(media);
    }
    let message: Message<'_> = object(text, "message")?;
    let event = message.event.as_ref().ok_or(WireError::Missing("event"))?;
    match event.as_str() {
        "media" => read_media(&message),
        "mark" => read_mark(&message),
        "dtmf" => read_key(&message),
        "connected" => Ok(FromCarrier::Connected),
        "start" => read_start(&message).map(FromCarrier::Start),
        "stop" => read_stop(&message),
        _ => Ok(FromCarrier::Unknown),
    }
}

/// Appends the message that plays this sound.
pub fn write_media(into: &mut BytesMut, stream: &str, sound: &[u8]) {
    put_raw(into, r#"{"event":"media","streamSid":"#);
    put_text(into, stream);
    put_raw(into, r#","media":{"payload":"#);
    put_sound(into, sound);
    put_raw(into, "}}");
}

/// Appends the message that asks to be told when all sound before it was played.
pub fn write_mark(into: &mut BytesMut, stream: &str, name: &str) {
    put_raw(into, r#"{"event":"mark","streamSid":"#);
    put_text(into, stream);
    put_raw(into, r#","mark":{"name":"#);
    put_text(into, name);
    put_raw(into, "}}");
}

/// Appends the message that throws away all sound not yet played.
pub fn write_clear(into: &mut BytesMut, stream: &str) {
    put_raw(into, r#"{"event":"clear","streamSid":"#);
    put_text(into, stream);
    put_raw(into, "}");
}

/// A frame as the carrier writes it, fifty times a second a leg; everything else takes the long way.
fn plain_media(text: &str) -> Option<FromCarrier<'_>> {
    let PlainMedia { stream, track, stamp, payload } = plain::media(text)?;
    Some(FromCarrier::Media {
        stream: Text::from(stream?).sid("streamSid").ok()?,
        track_is_inbound: track.is_none_or(is_inbound),
        stamp: stamp.map(MediaTime::from_millis),
        payload: Text::from(payload),
    })
}

fn is_inbound(track: &str) -> bool {
    matches!(track, "inbound" | "inbound_track")
}

fn read_media<'a>(message: &Message<'a>) -> Result<FromCarrier<'a>, WireError> {
    let media: Media<'a> = part(message.media, "media")?;
    Ok(FromCarrier::Media {
        stream: message.stream()?,
        track_is_inbound: media.track.is_none_or(|track| is_inbound(track.as_str())),
        stamp: media.timestamp.map(|millis| MediaTime::from_millis(millis.0)),
        payload: media.payload.ok_or(WireError::Missing("media.payload"))?,
    })
}

fn read_mark<'a>(message: &Message<'a>) -> Result<FromCarrier<'a>, WireError> {
    let name = mark_name(message.mark)?;
    Ok(FromCarrier::Mark { stream: message.stream()?, name })
}

fn read_key<'a>(message: &Message<'a>) -> Result<FromCarrier<'a>, WireError> {
    let dtmf: Dtmf<'a> = part(message.dtmf, "dtmf")?;
    let digit = dtmf.digit.ok_or(WireError::Missing("dtmf.digit"))?;
    match digit.as_str().as_bytes() {
        &[digit @ (b'0'..=b'9' | b'*' | b'#' | b'A'..=b'D')] => {
            Ok(FromCarrier::Key { stream: message.stream()?, digit: char::from(digit) })
        }
        _ => Err(WireError::Malformed("dtmf.digit")),
    }
}

fn read_stop<'a>(message: &Message<'a>) -> Result<FromCarrier<'a>, WireError> {
    let call = match message.stop {
        Some(stop) => object::<Stop<'a>>(stop.get(), "stop")?.call_sid,
        None => None,
    };
    let call = call.map(|call| call.sid("stop.callSid")).transpose()?;
    Ok(FromCarrier::Stop { stream: message.stream()?, call })
}

fn read_start(message: &Message<'_>) -> Result<Start, WireError> {
    let begin: Begin<'_> = part(message.start, "start")?;
    // Clients of other makes leave it out, and the account: there is one kind of sound, and the ticket says whose it is.
    let format =
        begin.media_format.map(|raw| object::<Format<'_>>(raw.get(), "start.mediaFormat")).transpose()?;
    let stream = match begin.stream_sid {
        Some(stream) => stream.sid("start.streamSid")?,
        None => message.stream()?,
    };
    let owned = |sid: Option<Text<'_>>, what| match sid {
        Some(sid) => sid.sid(what).map(Text::into_owned),
        None => Err(WireError::Missing(what)),
    };
    let (encoding, sample_rate, channels) = match format {
        None => (MU_LAW.to_owned(), SAMPLE_RATE, 1),
        Some(format) => (
            format
                .encoding
                .ok_or(WireError::Missing("start.mediaFormat.encoding"))?
                .name("start.mediaFormat.encoding")?
                .into_owned(),
            format.sample_rate.ok_or(WireError::Missing("start.mediaFormat.sampleRate"))?.0,
            format.channels.map_or(1, |channels| channels.0),
        ),
    };
    let mut parameters = BTreeMap::new();
    if let Some(given) = begin.custom_parameters {
        for (name, value) in object::<BTreeMap<Text<'_>, &RawValue>>(given.get(), "start.customParameters")? {
            parameters.insert(name.into_owned(), text_or_json(value));
        }
    }
    Ok(Start {
        stream_sid: stream.into_owned(),
        call_sid: owned(begin.call_sid, "start.callSid")?,
        account_sid: begin
            .account_sid
            .map_or(Ok(String::new()), |sid| owned(Some(sid), "start.accountSid"))?,
        encoding,
        sample_rate,
        channels,
        parameters,
    })
}

/// A parameter's value: its text, or for what is no text its JSON.
fn text_or_json(value: &RawValue) -> String {
    lenient::text(value, "parameter").map_or_else(|_| value.get().to_owned(), Text::into_owned)
}

/// The outside of every message. The parts stay unread until the event says which one counts.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message<'a> {
    #[serde(borrow)]
    event: Option<Text<'a>>,
    #[serde(borrow)]
    stream_sid: Option<&'a RawValue>,
    #[serde(borrow)]
    start: Option<&'a RawValue>,
    #[serde(borrow)]
    media: Option<&'a RawValue>,
    #[serde(borrow)]
    dtmf: Option<&'a RawValue>,
    #[serde(borrow)]
    mark: Option<&'a RawValue>,
    #[serde(borrow)]
    stop: Option<&'a RawValue>,
}

impl<'a> Message<'a> {
    fn stream(&self) -> Result<Text<'a>, WireError> {
        let raw = self.stream_sid.ok_or(WireError::Missing("streamSid"))?;
        lenient::text(raw, "streamSid")?.sid("streamSid")
    }
}

#[derive(Deserialize)]
struct Media<'a> {
    #[serde(borrow)]
    track: Option<Text<'a>>,
    timestamp: Option<Number>,
    #[serde(borrow)]
    payload: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Dtmf<'a> {
    #[serde(borrow)]
    digit: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stop<'a> {
    #[serde(borrow)]
    call_sid: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Begin<'a> {
    #[serde(borrow)]
    stream_sid: Option<Text<'a>>,
    #[serde(borrow)]
    call_sid: Option<Text<'a>>,
    #[serde(borrow)]
    account_sid: Option<Text<'a>>,
    #[serde(borrow)]
    media_format: Option<&'a RawValue>,
    #[serde(borrow)]
    custom_parameters: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Format<'a> {
    #[serde(borrow)]
    encoding: Option<Text<'a>>,
    sample_rate: Option<Number>,
    channels: Option<Number>,
}

/// The one kind of sound.
const MU_LAW: &str = "audio/x-mulaw";
const SAMPLE_RATE: u64 = 8_000;

#[cfg(test)]
#[path = "wire_tests.rs"]
mod tests;
