//! Writing JSON messages into a buffer that is there already, without taking memory: what a leg does fifty times a second.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::Simd;
use base64::engine::general_purpose::PAD;
use bytes::{BufMut, BytesMut};

/// Appends text that is JSON already.
pub(crate) fn put_raw(into: &mut BytesMut, json: &str) {
    into.put_slice(json.as_bytes());
}

/// Appends a string with its quotes, escaped where JSON asks for it.
pub(crate) fn put_text(into: &mut BytesMut, text: &str) {
    into.put_u8(b'"');
    // Folded, not searched: names of streams are short and plain, fifty times a second.
    let odd = |byte: u8| u8::from(byte < b' ') | u8::from(byte == b'"') | u8::from(byte == b'\\');
    if text.bytes().fold(0, |seen, byte| seen | odd(byte)) == 0 {
        put_raw(into, text);
        into.put_u8(b'"');
        return;
    }
    let mut plain = 0;
    for (at, byte) in text.bytes().enumerate() {
        if byte >= b' ' && byte != b'"' && byte != b'\\' {
            continue;
        }
        put_raw(into, &text[plain..at]);
        plain = at + 1;
        match byte {
            b'"' => put_raw(into, "\\\""),
            b'\\' => put_raw(into, "\\\\"),
            control => {
                put_raw(into, "\\u00");
                into.put_u8(HEX[usize::from(control >> 4)]);
                into.put_u8(HEX[usize::from(control & 15)]);
            }
        }
    }
    put_raw(into, &text[plain..]);
    into.put_u8(b'"');
}

/// Appends a number as Twilio writes them: as a string.
pub(crate) fn put_number(into: &mut BytesMut, number: u64) {
    // From behind, between its quotes.
    let mut text = [b'"'; 22];
    let (mut begin, mut left) = (text.len() - 1, number);
    loop {
        begin -= 1;
        text[begin] = b'0' + (left % 10) as u8;
        left /= 10;
        if left == 0 {
            break;
        }
    }
    into.put_slice(&text[begin - 1..]);
}

/// Appends sound as a base64 string.
pub(crate) fn put_sound(into: &mut BytesMut, sound: &[u8]) {
    into.put_u8(b'"');
    let start = into.len();
    let length = sound.len().div_ceil(3) * 4;
    into.resize(start + length, 0);
    FAST_BASE64.encode_slice(sound, &mut into[start..]).expect("four characters hold three bytes");
    into.put_u8(b'"');
}

/// With the vector instructions of this machine, where it has them.
static FAST_BASE64: LazyLock<Simd> = LazyLock::new(|| Simd::standard(PAD));

const HEX: &[u8; 16] = b"0123456789abcdef";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(put: impl FnOnce(&mut BytesMut)) -> serde_json::Value {
        let mut into = BytesMut::new();
        put(&mut into);
        serde_json::from_slice(&into).unwrap()
    }

    proptest! {
        #[test]
        fn every_text_is_read_back_as_it_was(text: String) {
            prop_assert_eq!(written(|into| put_text(into, &text)), serde_json::Value::String(text));
        }

        #[test]
        fn all_sound_is_read_back_as_it_was(sound: Vec<u8>) {
            let json = written(|into| put_sound(into, &sound));
            let mut back = Vec::new();
            crate::edge::lenient::decode_payload(json.as_str().unwrap(), &mut back).unwrap();
            prop_assert_eq!(back, sound);
        }
    }

    #[test]
    fn control_characters_and_quotes_are_escaped() {
        let hostile = "\u{0}\u{1f}\"\\\n\",\"event\":\"clear";
        assert_eq!(written(|into| put_text(into, hostile)), hostile);
        for number in [0, 7, 10, 1_234_567_890, u64::MAX] {
            assert_eq!(written(|into| put_number(into, number)), number.to_string());
        }
    }
}
