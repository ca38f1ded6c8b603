//! What a media server may tell the carrier, read as strictly as Twilio does (PROTOCOLS.md §1.3).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

/// One message of the server.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// Play this.
    Media(Vec<u8>),
    /// Say when what came before was played.
    Mark(String),
    /// Drop what waits.
    Clear,
}

/// Reads a message for the stream of this name; the error is the text of a 31951.
pub(crate) fn read(text: &str, stream_sid: &str) -> Result<Told, String> {
    let message: Message = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if message.stream_sid != stream_sid {
        return Err(format!("streamSid {:?} is not this stream's", message.stream_sid));
    }
    match (message.event.as_str(), message.media, message.mark) {
        ("media", Some(media), None) => {
            STANDARD.decode(media.payload).map(Told::Media).map_err(|error| format!("payload: {error}"))
        }
        ("mark", None, Some(mark)) => Ok(Told::Mark(mark.name)),
        ("clear", None, None) => Ok(Told::Clear),
        ("media" | "mark" | "clear", ..) => Err(format!("missing or extra field in {:?}", message.event)),
        _ => Err(format!("unknown event {:?}", message.event)),
    }
}

/// §1.3: neither missing nor unexpected fields.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Message {
    event: String,
    #[serde(rename = "streamSid")]
    stream_sid: String,
    media: Option<Media>,
    mark: Option<Mark>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Media {
    payload: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mark {
    name: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_messages_are_understood() {
        let media = r#"{"event":"media","streamSid":"MZ1","media":{"payload":"AQID"}}"#;
        assert_eq!(read(media, "MZ1"), Ok(Told::Media(vec![1, 2, 3])));
        let mark = r#"{"event":"mark","streamSid":"MZ1","mark":{"name":"x"}}"#;
        assert_eq!(read(mark, "MZ1"), Ok(Told::Mark("x".into())));
        assert_eq!(read(r#"{"event":"clear","streamSid":"MZ1"}"#, "MZ1"), Ok(Told::Clear));
    }

    #[test]
    fn whatever_else_is_said_is_invalid() {
        for bad in [
            "",
            "[]",
            r#"{"event":"clear"}"#,
            r#"{"event":"clear","streamSid":"MZ2"}"#,
            r#"{"event":"clear","streamSid":"MZ1","extra":1}"#,
            r#"{"event":"stop","streamSid":"MZ1"}"#,
            r#"{"event":"mark","streamSid":"MZ1","mark":{}}"#,
            r#"{"event":"media","streamSid":"MZ1","media":{"payload":"%%"}}"#,
            r#"{"event":"media","streamSid":"MZ1","media":{"payload":"","track":"outbound"}}"#,
        ] {
            assert!(read(bad, "MZ1").is_err(), "{bad}");
        }
    }
}
