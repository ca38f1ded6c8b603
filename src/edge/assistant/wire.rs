//! What we say to an assistant, as if we were Twilio, and what it says to us.
//!
//! Assistants are built against Twilio's Media Streams and read it in their own ways: some take exactly the first two
//! messages for the handshake, some use marks as their clock. So we write what Twilio writes, numbers as strings included,
//! and read what any of them writes.

use std::collections::BTreeMap;

use bytes::BytesMut;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::edge::json::{put_number, put_raw, put_sound, put_text};
use crate::edge::lenient::{self, Text, WireError, mark_name, object, part, within_length};
use crate::edge::plain::{self, PlainMedia};
use crate::time::MediaTime;

/// Writes to one assistant: gives its stream the names that it knows, and counts as Twilio does.
#[derive(Clone, Debug)]
pub struct ToAssistant {
    stream_sid: String,
    call_sid: String,
    account_sid: String,
    sequence: u64,
    chunk: u64,
}

impl ToAssistant {
    /// Nothing has been said yet in this stream.
    pub fn new(stream_sid: &str, call_sid: &str, account_sid: &str) -> Self {
        Self {
            stream_sid: stream_sid.to_owned(),
            call_sid: call_sid.to_owned(),
            account_sid: account_sid.to_owned(),
            sequence: 0,
            chunk: 0,
        }
    }

    /// Appends the first message, which says no more than what is spoken here.
    pub fn write_connected(into: &mut BytesMut) {
        put_raw(into, r#"{"event":"connected","protocol":"Call","version":"1.0.0"}"#);
    }

    /// Appends the second message: which call this is, and what came with it.
    pub fn write_start(&mut self, into: &mut BytesMut, parameters: &BTreeMap<String, String>) {
        self.begin(into, "start");
        put_raw(into, r#","start":{"accountSid":"#);
        put_text(into, &self.account_sid);
        put_raw(into, r#","streamSid":"#);
        put_text(into, &self.stream_sid);
        put_raw(into, r#","callSid":"#);
        put_text(into, &self.call_sid);
        put_raw(
            into,
            r#","tracks":["inbound"],"mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":8000,"#,
        );
        put_raw(into, r#""channels":1},"customParameters":{"#);
        for (number, (name, value)) in parameters.iter().enumerate() {
            put_raw(into, if number == 0 { "" } else { "," });
            put_text(into, name);
            put_raw(into, ":");
            put_text(into, value);
        }
        put_raw(into, "}}}");
    }

    /// Appends what the prospect said at this place of the stream. Takes no memory when the buffer is large enough.
    pub fn write_media(&mut self, into: &mut BytesMut, at: MediaTime, sound: &[u8]) {
        self.chunk += 1;
        self.begin(into, "media");
        put_raw(into, r#","media":{"track":"inbound","chunk":"#);
        put_number(into, self.chunk);
        put_raw(into, r#","timestamp":"#);
        put_number(into, at.as_millis());
        put_raw(into, r#","payload":"#);
        put_sound(into, sound);
        put_raw(into, "}}");
    }

    /// Appends that what the assistant sent before this mark has been played.
    pub fn write_mark(&mut self, into: &mut BytesMut, name: &str) {
        self.begin(into, "mark");
        put_raw(into, r#","mark":{"name":"#);
        put_text(into, name);
        put_raw(into, "}}");
    }

    /// Appends that the prospect pressed this key.
    pub fn write_dtmf(&mut self, into: &mut BytesMut, digit: char) {
        self.begin(into, "dtmf");
        put_raw(into, r#","dtmf":{"track":"inbound_track","digit":"#);
        put_text(into, digit.encode_utf8(&mut [0; 4]));
        put_raw(into, "}}");
    }

    /// Appends a word of ours, for one that asked for it: an object in JSON.
    pub fn write_word(&mut self, into: &mut BytesMut, object: &str) {
        self.begin(into, "baton");
        put_raw(into, r#","baton":"#);
        put_raw(into, object);
        put_raw(into, "}");
    }

    /// Appends that the stream is over.
    pub fn write_stop(&mut self, into: &mut BytesMut) {
        self.begin(into, "stop");
        put_raw(into, r#","stop":{"accountSid":"#);
        put_text(into, &self.account_sid);
        put_raw(into, r#","callSid":"#);
        put_text(into, &self.call_sid);
        put_raw(into, "}}");
    }

    /// The name of the stream.
    pub fn stream_sid(&self) -> &str {
        &self.stream_sid
    }

    fn begin(&mut self, into: &mut BytesMut, event: &str) {
        self.sequence += 1;
        put_raw(into, r#"{"event":"#);
        put_text(into, event);
        put_raw(into, r#","sequenceNumber":"#);
        put_number(into, self.sequence);
        put_raw(into, r#","streamSid":"#);
        put_text(into, &self.stream_sid);
    }
}

/// One message from an assistant. Which stream it names, if any, is for the leg to judge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FromAssistant<'a> {
    /// Sound to play, of any length, after what was sent before.
    Media {
        /// The stream that it names.
        stream: Option<Text<'a>>,
        /// µ-law in base64: for [`decode_payload`](crate::edge::lenient::decode_payload).
        payload: Text<'a>,
    },
    /// Tell me when all before this has been played.
    Mark {
        /// The stream that it names.
        stream: Option<Text<'a>>,
        /// The name to answer with.
        name: Text<'a>,
    },
    /// Throw away what has not been played yet.
    Clear {
        /// The stream that it names.
        stream: Option<Text<'a>>,
    },
    /// A word to Baton itself (`{"event":"baton",…}`): the whole message, for the control API to read.
    Baton(Text<'a>),
    /// Something that Twilio would not understand either.
    Unknown,
}

/// Reads one message of an assistant's.
pub fn read(text: &str) -> Result<FromAssistant<'_>, WireError> {
    within_length(text)?;
    if let Some(media) = plain_media(text) {
        return Ok(media);
    }
    let message: Message<'_> = object(text, "message")?;
    let event = message.event.as_ref().ok_or(WireError::Missing("event"))?;
    match event.as_str() {
        "media" => {
            let media: Media<'_> = part(message.media, "media")?;
            let payload = media.payload.ok_or(WireError::Missing("media.payload"))?;
            Ok(FromAssistant::Media { stream: message.stream()?, payload })
        }
        "mark" => {
            let name = mark_name(message.mark)?;
            Ok(FromAssistant::Mark { stream: message.stream()?, name })
        }
        "clear" => Ok(FromAssistant::Clear { stream: message.stream()? }),
        "baton" => Ok(FromAssistant::Baton(Text::from(text))),
        _ => Ok(FromAssistant::Unknown),
    }
}

/// Sound as most assistants write it; everything else takes the long way.
fn plain_media(text: &str) -> Option<FromAssistant<'_>> {
    let PlainMedia { stream, payload, .. } = plain::media(text)?;
    let stream = match stream {
        Some(stream) => Some(Text::from(stream).name("streamSid").ok()?),
        None => None,
    };
    Some(FromAssistant::Media { stream, payload: Text::from(payload) })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message<'a> {
    #[serde(borrow)]
    event: Option<Text<'a>>,
    #[serde(borrow)]
    stream_sid: Option<&'a RawValue>,
    #[serde(borrow)]
    media: Option<&'a RawValue>,
    #[serde(borrow)]
    mark: Option<&'a RawValue>,
}

impl<'a> Message<'a> {
    fn stream(&self) -> Result<Option<Text<'a>>, WireError> {
        self.stream_sid.map(|raw| lenient::text(raw, "streamSid")?.name("streamSid")).transpose()
    }
}

#[derive(Deserialize)]
struct Media<'a> {
    #[serde(borrow)]
    payload: Option<Text<'a>>,
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::edge::carrier::twilio::wire::{FromCarrier, read as read_as_assistant};

    fn written(write: impl FnOnce(&mut BytesMut)) -> Value {
        let mut into = BytesMut::new();
        write(&mut into);
        serde_json::from_slice(&into).unwrap()
    }

    #[test]
    fn an_assistant_hears_what_twilio_would_say() {
        let mut to = ToAssistant::new("MZ1", "CA1", "AC1");
        assert_eq!(
            written(ToAssistant::write_connected),
            json!({"event": "connected", "protocol": "Call", "version": "1.0.0"})
        );
        let parameters = BTreeMap::from([("from\"".to_owned(), "a\nb".to_owned()), ("x".into(), "é".into())]);
        assert_eq!(
            written(|into| to.write_start(into, &parameters)),
            json!({"event": "start", "sequenceNumber": "1", "streamSid": "MZ1", "start": {
                "streamSid": "MZ1", "accountSid": "AC1", "callSid": "CA1", "tracks": ["inbound"],
                "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
                "customParameters": {"from\"": "a\nb", "x": "é"}}})
        );
        for (chunk, sequence, at) in [("1", "2", 0), ("2", "3", 20)] {
            assert_eq!(
                written(|into| to.write_media(into, MediaTime::from_millis(at), &[0xff, 0x7f])),
                json!({"event": "media", "sequenceNumber": sequence, "streamSid": "MZ1", "media":
                    {"track": "inbound", "chunk": chunk, "timestamp": at.to_string(), "payload": "/38="}})
            );
        }
        assert_eq!(
            written(|into| to.write_mark(into, "m\\1")),
            json!({"event": "mark", "sequenceNumber": "4", "streamSid": "MZ1", "mark": {"name": "m\\1"}})
        );
        assert_eq!(
            written(|into| to.write_dtmf(into, '#')),
            json!({"event": "dtmf", "sequenceNumber": "5", "streamSid": "MZ1",
                "dtmf": {"track": "inbound_track", "digit": "#"}})
        );
        assert_eq!(
            written(|into| to.write_stop(into)),
            json!({"event": "stop", "sequenceNumber": "6", "streamSid": "MZ1",
                "stop": {"accountSid": "AC1", "callSid": "CA1"}})
        );
    }

    #[test]
    fn a_start_without_parameters_has_an_empty_object() {
        let mut to = ToAssistant::new("MZ1", "CA1", "AC1");
        let start = written(|into| to.write_start(into, &BTreeMap::new()));
        assert_eq!(start["start"]["customParameters"], json!({}));
    }

    #[test]
    fn whoever_understands_the_carrier_understands_us() {
        let mut to = ToAssistant::new("MZ1", "CA1", "AC1");
        let mut into = BytesMut::new();
        to.write_start(&mut into, &BTreeMap::new());
        let text = std::str::from_utf8(&into).unwrap();
        assert!(matches!(read_as_assistant(text), Ok(FromCarrier::Start(start)) if start.is_mu_law()));
    }

    #[test]
    fn what_assistants_say_is_read_with_or_without_a_stream() {
        let stream = Some(Text::from("MZ1"));
        assert_eq!(
            read(r#"{"event":"media","streamSid":"MZ1","media":{"payload":"//8="}}"#),
            Ok(FromAssistant::Media { stream: stream.clone(), payload: Text::from("//8=") })
        );
        assert_eq!(
            read(
                r#"{"media":{"payload":"","track":"outbound","chunk":1.5},"event":"media","streamSid":null}"#
            ),
            Ok(FromAssistant::Media { stream: None, payload: Text::from("") })
        );
        assert_eq!(
            read(r#"{"event":"mark","streamSid":"MZ1","sequenceNumber":[],"mark":{"name":"a"}}"#),
            Ok(FromAssistant::Mark { stream: stream.clone(), name: Text::from("a") })
        );
        assert_eq!(read(r#"{"event":"clear","streamSid":"MZ1"}"#), Ok(FromAssistant::Clear { stream }));
        assert_eq!(read(r#"{"event":"clear","media":5}"#), Ok(FromAssistant::Clear { stream: None }));
        assert_eq!(
            read(r#"{"event":"clear","streamSid":"some other"}"#),
            Ok(FromAssistant::Clear { stream: Some(Text::from("some other")) })
        );
        let words = r#"{"event":"baton","do":{"escalate":true}}"#;
        assert_eq!(read(words), Ok(FromAssistant::Baton(Text::from(words))));
        assert_eq!(read(r#"{"event":"stop","streamSid":{},"media":5}"#), Ok(FromAssistant::Unknown));
    }

    #[test]
    fn an_assistants_sound_is_read_without_taking_memory() {
        let read = read(r#"{"event":"media","streamSid":"MZ1","media":{"payload":"//8="}}"#);
        let Ok(FromAssistant::Media { stream: Some(stream), payload }) = read else { panic!("not read") };
        assert!(stream.is_borrowed() && payload.is_borrowed());
    }

    #[test]
    fn what_assistants_must_not_leave_out_is_missed() {
        use WireError::{Malformed, Missing, TooLong};
        let endless = format!(r#"{{"event":"mark","mark":{{"name":"{}"}}}}"#, "x".repeat(1_025));
        for (message, error) in [
            (r#"{"event":"mark","streamSid":"MZ1"}"#, Missing("mark")),
            (r#"{"event":"mark","streamSid":"MZ1","mark":{}}"#, Missing("mark.name")),
            (r#"{"event":"mark","streamSid":"MZ1","mark":"a"}"#, Malformed("mark")),
            (r#"{"event":"mark","streamSid":"MZ1","mark":{"name":true}}"#, Malformed("mark")),
            (&endless, TooLong("mark.name")),
            (r#"{"event":"media","media":{}}"#, Missing("media.payload")),
            (r#"{"event":"media","media":{"payload":["//8="]}}"#, Malformed("media")),
            (r#"{"event":"clear","streamSid":{}}"#, Malformed("streamSid")),
            (r#"{"type":"response.audio.delta"}"#, Missing("event")),
            (r#"["event","clear"]"#, Malformed("message")),
            ("ping", Malformed("message")),
        ] {
            assert_eq!(read(message), Err(error), "{}", &message[..message.len().min(100)]);
        }
    }
}
