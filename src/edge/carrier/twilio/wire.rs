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
use crate::edge::plain::{Plain, once};
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
    let (mut event, mut stream, mut media) = (None, None, None);
    let (mut track, mut stamp, mut payload) = (None, None, None);
    let mut plain = Plain::new(text);
    plain.object(|plain, name| match name {
        "event" => once(&mut event, plain.string()?),
        "streamSid" => once(&mut stream, plain.string()?),
        "media" => {
            once(&mut media, ())?;
            plain.object(|plain, name| match name {
                "track" => once(&mut track, plain.string()?),
                "timestamp" => once(&mut stamp, plain.count()?),
                "payload" => once(&mut payload, plain.sound()?),
                _ => plain.skip(),
            })
        }
        _ => plain.skip(),
    })?;
    plain.is_read()?;
    (event? == "media").then_some(())?;
    Some(FromCarrier::Media {
        stream: Text::from(stream?).sid("streamSid").ok()?,
        track_is_inbound: track.is_none_or(is_inbound),
        stamp: stamp.map(MediaTime::from_millis),
        payload: Text::from(payload?),
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
mod tests {
    use serde_json::json;

    use super::*;
    use crate::edge::lenient::MAX_MESSAGE;

    const START: &str = r#"{"event":"start","sequenceNumber":"1","streamSid":"MZ1","start":{"streamSid":"MZ1",
        "accountSid":"AC1","callSid":"CA1","tracks":["inbound"],"mediaFormat":{"encoding":"audio/x-mulaw",
        "sampleRate":8000,"channels":1},"customParameters":{"call":"call-1","n":5,"deep":{"a":[1]},"é\"":""}}}"#;

    fn stream() -> Text<'static> {
        Text::from("MZ1")
    }

    #[test]
    fn the_messages_of_the_documentation_are_read() {
        assert_eq!(
            read(r#"{"event":"connected","protocol":"Call","version":"1.0.0"}"#),
            Ok(FromCarrier::Connected)
        );
        assert_eq!(
            read(
                r#"{"event":"media","sequenceNumber":"3","streamSid":"MZ1","media":{"track":"inbound","chunk":"1","timestamp":"5","payload":"//8="}}"#
            ),
            Ok(FromCarrier::Media {
                stream: stream(),
                track_is_inbound: true,
                stamp: Some(MediaTime::from_millis(5)),
                payload: Text::from("//8="),
            })
        );
        assert_eq!(
            read(
                r#"{"event":"dtmf","sequenceNumber":"5","streamSid":"MZ1","dtmf":{"track":"inbound_track","digit":"1"}}"#
            ),
            Ok(FromCarrier::Key { stream: stream(), digit: '1' })
        );
        assert_eq!(
            read(r#"{"event":"mark","sequenceNumber":"4","streamSid":"MZ1","mark":{"name":"g1-7"}}"#),
            Ok(FromCarrier::Mark { stream: stream(), name: Text::from("g1-7") })
        );
        assert_eq!(
            read(
                r#"{"event":"stop","sequenceNumber":"5","streamSid":"MZ1","stop":{"accountSid":"AC1","callSid":"CA1"}}"#
            ),
            Ok(FromCarrier::Stop { stream: stream(), call: Some(Text::from("CA1")) })
        );
        assert_eq!(
            read(r#"{"event":"stop","streamSid":"MZ1"}"#),
            Ok(FromCarrier::Stop { stream: stream(), call: None })
        );
    }

    #[test]
    fn a_start_is_read_with_its_parameters() {
        let Ok(FromCarrier::Start(start)) = read(START) else { panic!("the start was not read") };
        assert!(start.is_mu_law());
        assert_eq!((&*start.stream_sid, &*start.call_sid, &*start.account_sid), ("MZ1", "CA1", "AC1"));
        let parameters: Vec<_> = start.parameters.iter().map(|(n, v)| (&**n, &**v)).collect();
        assert_eq!(parameters, [("call", "call-1"), ("deep", r#"{"a":[1]}"#), ("n", "5"), ("é\"", "")]);
        assert!(!format!("{start:?}").contains("call-1"), "a parameter's value was printed");
    }

    #[test]
    fn a_frame_is_read_without_taking_memory() {
        let message = r#"{"event":"media","sequenceNumber":"3","streamSid":"MZ1","media":{"track":"inbound","chunk":"1","timestamp":"5","payload":"//8="}}"#;
        let Ok(FromCarrier::Media { stream, payload, .. }) = read(message) else { panic!("not read") };
        assert!(stream.is_borrowed() && payload.is_borrowed());
    }

    #[test]
    fn a_plain_frame_is_read_as_the_long_way_reads_it() {
        for media in [
            r#"{"track":"inbound","chunk":"1","timestamp":"5","payload":"//8="}"#,
            r#"{"payload":"//8=","timestamp":5,"chunk":1,"track":"outbound"}"#,
            r#"{"payload":""}"#,
        ] {
            let text =
                format!(r#"{{"event":"media","sequenceNumber":"3","media":{media},"streamSid":"MZ1"}}"#);
            let short = plain_media(&text);
            assert!(short.is_some(), "{text} is plain");
            let message = object(&text, "message").unwrap();
            assert_eq!(short, read_media(&message).ok(), "{text}");
        }
    }

    #[test]
    fn other_spellings_are_understood() {
        for (media, stamp) in [
            (r#"{"timestamp":5,"payload":""}"#, Some(5)),
            (r#"{"timestamp":5.0,"payload":""}"#, Some(5)),
            (r#"{"timestamp":"5.0","payload":"","chunk":{"no":"matter"}}"#, Some(5)),
            (r#"{"payload":"","track":null,"timestamp":null}"#, None),
        ] {
            let message =
                format!(r#" {{"media":{media},"streamSid":"MZ1","extra":[[{{}}]],"event":"media"}}"#);
            let Ok(FromCarrier::Media { stamp: read, track_is_inbound: true, .. }) = read(&message) else {
                panic!("{message} was not read");
            };
            assert_eq!(read, stamp.map(MediaTime::from_millis), "{message}");
        }
        assert_eq!(
            read(r#"{"event":"dtmf","streamSid":"MZ1","dtmf":{"digit":5}}"#),
            Ok(FromCarrier::Key { stream: stream(), digit: '5' })
        );
        let escaped =
            read(r#"{"\u0065vent":"m\u0065dia","streamSid":"M\u005a1","media":{"payload":"\/\/8="}}"#);
        let Ok(FromCarrier::Media { stream, payload, .. }) = escaped else { panic!("not read") };
        assert_eq!((stream.as_str(), payload.as_str()), ("MZ1", "//8="));
    }

    #[test]
    fn unknown_events_pass_whatever_they_carry() {
        for message in [
            r#"{"event":"weather","media":5,"start":[],"streamSid":{},"mark":null}"#,
            r#"{"event":"","x":1}"#,
            r#"{"event":7}"#,
        ] {
            assert_eq!(read(message), Ok(FromCarrier::Unknown), "{message}");
        }
    }

    #[test]
    fn what_is_no_message_is_refused() {
        use WireError::{Malformed, Missing, TooLong};
        for (message, error) in [
            ("", Malformed("message")),
            ("nonsense", Malformed("message")),
            (r#"["media"]"#, Malformed("message")),
            (r#""media""#, Malformed("message")),
            (r#"{"event":"media""#, Malformed("message")),
            (r#"{"event":"connected"} {}"#, Malformed("message")),
            (r#"{"event":"connected","event":"stop"}"#, Malformed("message")),
            (r#"{"event":{}}"#, Malformed("message")),
            ("{}", Missing("event")),
            (r#"{"event":null}"#, Missing("event")),
            (r#"{"event":"media","streamSid":"MZ1"}"#, Missing("media")),
            (r#"{"event":"media","streamSid":"MZ1","media":5}"#, Malformed("media")),
            (r#"{"event":"media","streamSid":"MZ1","media":["inbound",5,""]}"#, Malformed("media")),
            (r#"{"event":"media","streamSid":"MZ1","media":{}}"#, Missing("media.payload")),
            (r#"{"event":"media","media":{"payload":""}}"#, Missing("streamSid")),
            (r#"{"event":"media","streamSid":"M Z","media":{"payload":""}}"#, Malformed("streamSid")),
            (r#"{"event":"media","streamSid":[],"media":{"payload":""}}"#, Malformed("streamSid")),
            (
                r#"{"event":"media","streamSid":"MZ1","media":{"payload":"","timestamp":"soon"}}"#,
                Malformed("media"),
            ),
            (
                r#"{"event":"media","streamSid":"MZ1","media":{"payload":"","timestamp":-1}}"#,
                Malformed("media"),
            ),
            (r#"{"event":"mark","streamSid":"MZ1","mark":{}}"#, Missing("mark.name")),
            (r#"{"event":"dtmf","streamSid":"MZ1","dtmf":{"digit":"12"}}"#, Malformed("dtmf.digit")),
            (r#"{"event":"dtmf","streamSid":"MZ1","dtmf":{"digit":"é"}}"#, Malformed("dtmf.digit")),
            (r#"{"event":"stop","streamSid":"MZ1","stop":{"callSid":"../x"}}"#, Malformed("stop.callSid")),
            (r#"{"event":"start","streamSid":"MZ1","start":{}}"#, Missing("start.callSid")),
            (&START.replace("\"CA1\"", "\"C/A\""), Malformed("start.callSid")),
            (&START.replace("\"AC1\"", "\"\""), Malformed("start.accountSid")),
            (&START.replace("8000", "\"fast\""), Malformed("start.mediaFormat")),
            (
                &format!(r#"{{"event":"mark","streamSid":"MZ1","mark":{{"name":"{}"}}}}"#, "x".repeat(1_025)),
                TooLong("mark.name"),
            ),
            (&" ".repeat(MAX_MESSAGE + 1), TooLong("message")),
            (&"[".repeat(100_000), Malformed("message")),
            (&r#"{"event":"x","y":"#.repeat(50_000), Malformed("message")),
        ] {
            assert_eq!(read(message), Err(error), "{}", &message[..message.len().min(100)]);
        }
    }

    #[test]
    fn what_is_written_has_exactly_the_documented_keys() {
        let mut into = BytesMut::new();
        write_media(&mut into, "MZ1", &[0xff, 0x7f]);
        assert_eq!(&into[..], br#"{"event":"media","streamSid":"MZ1","media":{"payload":"/38="}}"#);
        into.clear();
        write_clear(&mut into, "MZ1");
        assert_eq!(&into[..], br#"{"event":"clear","streamSid":"MZ1"}"#);
        into.clear();
        write_mark(&mut into, "MZ1", "a\"b\\\n");
        assert_eq!(
            serde_json::from_slice::<serde_json::Value>(&into).unwrap(),
            json!({"event": "mark", "streamSid": "MZ1", "mark": {"name": "a\"b\\\n"}})
        );
    }

    #[test]
    fn a_buffer_that_is_large_enough_is_written_in_place() {
        let mut into = BytesMut::with_capacity(512);
        let place = into.as_ptr();
        for _ in 0..3 {
            into.clear();
            write_media(&mut into, "MZ1", &[0xff; 160]);
        }
        assert_eq!(into.as_ptr(), place);
    }
}
