//! The little of websockets and Media Streams that the load speaks, by hand: what the machine spends on the load it cannot
//! spend on what is measured.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::bench::note;

/// On which side of the gateway an end stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// A phone, at the carrier.
    Carrier,
    /// An assistant.
    Assistant,
}

/// What came in one websocket frame.
#[derive(Debug, PartialEq, Eq)]
pub enum Came<'a> {
    /// A message.
    Text(&'a [u8]),
    /// A ping, to be answered with the same.
    Ping(&'a [u8]),
    /// The end of the stream.
    Close,
    /// Anything else.
    Other,
}

/// Appends a websocket frame of this kind. A client's is masked with zeros: it costs the reader the same as any mask.
pub fn put_frame(into: &mut Vec<u8>, side: Side, kind: u8, payload: &[u8]) {
    let (mask, mask_length): (u8, usize) = match side {
        Side::Carrier => (0x80, 4),
        Side::Assistant => (0, 0),
    };
    into.push(0x80 | kind);
    match payload.len() {
        short @ ..126 => into.push(mask | short as u8),
        long => {
            into.push(mask | 0x7e);
            into.extend_from_slice(&u16::try_from(long).expect("our messages are short").to_be_bytes());
        }
    }
    into.extend_from_slice(&[0; 4][..mask_length]);
    into.extend_from_slice(payload);
}

/// The first websocket frame of these bytes, if it is whole, and how long it is. Unmasks in place.
pub fn take_frame(bytes: &mut [u8]) -> Option<(Came<'_>, usize)> {
    let (kind, second) = (*bytes.first()? & 0x0f, *bytes.get(1)?);
    let (mut at, length) = match second & 0x7f {
        126 => (4, usize::from(u16::from_be_bytes([*bytes.get(2)?, *bytes.get(3)?]))),
        127 => {
            let long: [u8; 8] = bytes.get(2..10)?.try_into().ok()?;
            (10, usize::try_from(u64::from_be_bytes(long)).ok()?)
        }
        short => (2, usize::from(short)),
    };
    let mut mask = [0; 4];
    if second & 0x80 != 0 {
        mask.copy_from_slice(bytes.get(at..at + 4)?);
        at += 4;
    }
    let payload = bytes.get_mut(at..at.checked_add(length)?)?;
    if mask != [0; 4] {
        for (byte, mask) in payload.iter_mut().zip(mask.iter().cycle()) {
            *byte ^= mask;
        }
    }
    let came = match kind {
        TEXT => Came::Text(payload),
        PING => Came::Ping(payload),
        CLOSE => Came::Close,
        _ => Came::Other,
    };
    Some((came, at + length))
}

/// Writes what this side says when it sends a frame of sound, in place of what `into` held.
pub fn write_media(into: &mut Vec<u8>, side: Side, stream: &str, number: u32, sound: &[u8]) {
    into.clear();
    let written = match side {
        Side::Carrier => write!(
            into,
            r#"{{"event":"media","sequenceNumber":"{}","media":{{"track":"inbound","chunk":"{}","timestamp":"{}","payload":""#,
            u64::from(number) + 2,
            u64::from(number) + 1,
            u64::from(number) * 20,
        ),
        Side::Assistant => {
            write!(into, r#"{{"event":"media","streamSid":"{stream}","media":{{"payload":""#)
        }
    };
    written.expect("memory takes everything");
    let begin = into.len();
    into.resize(begin + sound.len().div_ceil(3) * 4, 0);
    STANDARD.encode_slice(sound, &mut into[begin..]).expect("four characters hold three bytes");
    match side {
        Side::Carrier => write!(into, r#""}},"streamSid":"{stream}"}}"#),
        Side::Assistant => write!(into, r#""}}}}"#),
    }
    .expect("memory takes everything");
}

/// The first samples of a message with sound: as many as a note takes.
pub fn begin_of_sound(message: &[u8]) -> Option<[u8; note::LENGTH + 1]> {
    let begin = after(message, br#""payload":""#)?;
    let mut sound = [0; note::LENGTH + 1];
    let decoded = STANDARD.decode_slice(message.get(begin..begin + (note::LENGTH + 1) / 3 * 4)?, &mut sound);
    (decoded == Ok(note::LENGTH + 1)).then_some(sound)
}

/// The name of the stream in a `start`, if this is one.
pub fn started(message: &[u8]) -> Option<&str> {
    after(message, br#""event":"start""#)?;
    let begin = after(message, br#""streamSid":""#)?;
    let length = message[begin..].iter().position(|byte| *byte == b'"')?;
    std::str::from_utf8(&message[begin..begin + length]).ok()
}

fn after(message: &[u8], key: &[u8]) -> Option<usize> {
    message.windows(key.len()).position(|window| window == key).map(|at| at + key.len())
}

/// Kinds of websocket frames (RFC 6455 §5.2).
pub const TEXT: u8 = 1;
/// Asks for a pong.
pub const PING: u8 = 9;
/// Answers a ping.
pub const PONG: u8 = 10;
const CLOSE: u8 = 8;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::bench::note::{Note, Sound};

    #[test]
    fn a_frame_is_read_back_by_ourselves_and_by_both_readers_of_baton() {
        let note = Note { from: 3, number: 12, sent: Duration::from_micros(55) };
        let sound = note.frame(Sound::Speech);
        for side in [Side::Carrier, Side::Assistant] {
            let (mut text, mut bytes) = (Vec::new(), Vec::new());
            write_media(&mut text, side, "MZ1", 12, &sound);
            put_frame(&mut bytes, side, TEXT, &text);
            assert!(take_frame(&mut bytes.clone()[..bytes.len() - 1]).is_none(), "half a frame was taken");
            let length = bytes.len();
            let (Came::Text(message), whole) = take_frame(&mut bytes).unwrap() else { panic!("no text") };
            assert_eq!((message, whole), (text.as_slice(), length));
            assert_eq!(Note::read(&begin_of_sound(message).unwrap()), Some(note));

            let text = std::str::from_utf8(&text).unwrap();
            let payload = match side {
                Side::Carrier => match crate::edge::carrier::twilio::wire::read(text).unwrap() {
                    crate::edge::carrier::twilio::wire::FromCarrier::Media { payload, .. } => payload,
                    other => panic!("{other:?}"),
                },
                Side::Assistant => match crate::edge::assistant::wire::read(text).unwrap() {
                    crate::edge::assistant::wire::FromAssistant::Media { payload, .. } => payload,
                    other => panic!("{other:?}"),
                },
            };
            let mut decoded = Vec::new();
            crate::edge::lenient::decode_payload(payload.as_str(), &mut decoded).unwrap();
            assert_eq!(decoded, sound);
        }
    }

    #[test]
    fn a_masked_ping_and_a_start_are_understood() {
        let mut bytes = vec![0x89, 0x82, 1, 2, 3, 4, b'h' ^ 1, b'i' ^ 2];
        assert_eq!(take_frame(&mut bytes), Some((Came::Ping(b"hi"), 8)));
        assert_eq!(started(br#"{"event":"start","start":{"streamSid":"MZ7"}}"#), Some("MZ7"));
        assert_eq!(started(br#"{"event":"media","streamSid":"MZ7"}"#), None);
    }
}
