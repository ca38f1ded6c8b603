//! Reading what others send, in whatever shape they send it: text and numbers of a message, borrowed where they stand.
//!
//! Twilio writes numbers as strings, its imitators as numbers, some as `5.0`. All are taken; what is neither is refused.
//! Nothing here keeps or prints what was said: an error names the place, never the content (promise 8).

use std::borrow::Cow;
use std::fmt;
use std::sync::LazyLock;

use base64::Engine;
use base64::engine::{DecodePaddingMode, GeneralPurposeConfig, Simd};
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// Why a message was not understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// Not JSON, or not of the shape that this part has.
    #[error("malformed {0}")]
    Malformed(&'static str),
    /// It is not there, and nothing can be done without it.
    #[error("missing {0}")]
    Missing(&'static str),
    /// It is there, but longer than anyone needs.
    #[error("{0} too long")]
    TooLong(&'static str),
    /// Sound that is not base64.
    #[error("sound that is not base64")]
    NotBase64,
}

/// Text as it stands in the message: borrowed unless it was written with escapes. Prints its length only.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text<'a>(Cow<'a, str>);

impl Text<'_> {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text, to keep.
    pub fn into_owned(self) -> String {
        self.0.into_owned()
    }

    /// Whether it stands in the message as it is, so that reading it cost no memory.
    pub const fn is_borrowed(&self) -> bool {
        matches!(self.0, Cow::Borrowed(_))
    }

    /// The same text if it is a name that may go into a URL or a log: `[A-Za-z0-9_-]{1,64}`, as all of Twilio's are.
    pub(crate) fn sid(self, what: &'static str) -> Result<Self, WireError> {
        let fits = (1..=MAX_SID).contains(&self.0.len())
            && self.0.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
        if fits { Ok(self) } else { Err(WireError::Malformed(what)) }
    }

    /// The same text if it is short enough to wait in memory.
    pub(crate) fn name(self, what: &'static str) -> Result<Self, WireError> {
        if self.0.len() <= MAX_NAME { Ok(self) } else { Err(WireError::TooLong(what)) }
    }
}

impl<'a> From<&'a str> for Text<'a> {
    fn from(text: &'a str) -> Self {
        Self(Cow::Borrowed(text))
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Text({} bytes)", self.0.len())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor).map(Self)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text")
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Cow::Owned(number.to_string()))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Cow::Owned(number.to_string()))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Cow::Owned(number.to_string()))
    }
}

/// A count, however it was written; fractions are cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Number(pub(crate) u64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberVisitor).map(Self)
    }
}

struct NumberVisitor;

impl Visitor<'_> for NumberVisitor {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number from 0 to 2^53, or one in a string")
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<u64, E> {
        if number <= MAX_NUMBER { Ok(number) } else { Err(E::custom("number too large")) }
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<u64, E> {
        u64::try_from(number).map_err(|_| E::custom("number below zero")).and_then(|n| self.visit_u64(n))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<u64, E> {
        // NaN is in no range.
        if (0.0..=MAX_NUMBER as f64).contains(&number) {
            Ok(number as u64)
        } else {
            Err(E::custom("number out of range"))
        }
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<u64, E> {
        match text.parse::<u64>() {
            Ok(number) => self.visit_u64(number),
            Err(_) => text.parse().map_err(|_| E::custom("not a number")).and_then(|n| self.visit_f64(n)),
        }
    }
}

/// Reads a JSON object, and nothing that merely could be taken for one: serde fills a struct from an array as well.
pub(crate) fn object<'a, T: Deserialize<'a>>(json: &'a str, what: &'static str) -> Result<T, WireError> {
    if !json.trim_start().starts_with('{') {
        return Err(WireError::Malformed(what));
    }
    serde_json::from_str(json).map_err(|_| WireError::Malformed(what))
}

/// The part of a message that its event is about.
pub(crate) fn part<'a, T: Deserialize<'a>>(
    raw: Option<&'a RawValue>,
    what: &'static str,
) -> Result<T, WireError> {
    object(raw.ok_or(WireError::Missing(what))?.get(), what)
}

/// A text of a message that was left unread until it counts.
pub(crate) fn text<'a>(raw: &'a RawValue, what: &'static str) -> Result<Text<'a>, WireError> {
    serde_json::from_str(raw.get()).map_err(|_| WireError::Malformed(what))
}

/// Whether a message is short enough to be looked at.
pub(crate) fn within_length(json: &str) -> Result<(), WireError> {
    if json.len() > MAX_MESSAGE { Err(WireError::TooLong("message")) } else { Ok(()) }
}

/// The name of the mark that a message is about.
pub(crate) fn mark_name<'a>(mark: Option<&'a RawValue>) -> Result<Text<'a>, WireError> {
    let mark: Mark<'a> = part(mark, "mark")?;
    mark.name.ok_or(WireError::Missing("mark.name"))?.name("mark.name")
}

#[derive(Deserialize)]
struct Mark<'a> {
    #[serde(borrow)]
    name: Option<Text<'a>>,
}

/// Unpacks the sound of a message in place of what `into` held, and says how many bytes it is.
///
/// Costs no memory once `into` has held as much. Padding may be missing.
pub fn decode_payload(base64: &str, into: &mut Vec<u8>) -> Result<usize, WireError> {
    into.clear();
    let most = base64::decoded_len_estimate(base64.len());
    if most > MAX_SOUND + 2 {
        return Err(WireError::TooLong("sound"));
    }
    into.resize(most, 0);
    let decoded = LENIENT_BASE64.decode_slice(base64, into);
    into.truncate(decoded.as_ref().copied().unwrap_or(0));
    decoded.map_err(|_| WireError::NotBase64)
}

/// With the vector instructions of this machine, where it has them.
static LENIENT_BASE64: LazyLock<Simd> = LazyLock::new(|| {
    Simd::standard(
        GeneralPurposeConfig::new()
            .with_decode_padding_mode(DecodePaddingMode::Indifferent)
            .with_decode_allow_trailing_bits(true),
    )
});

/// The most sound taken from one message, in bytes: two minutes of µ-law. Assistants send a sentence at a time; nobody is
/// known to send more than half a minute.
pub const MAX_SOUND: usize = 120 * 8_000;

/// The longest message that is read, in bytes: [`MAX_SOUND`] in base64, and room for the rest.
pub const MAX_MESSAGE: usize = MAX_SOUND / 3 * 4 + 16 * 1_024;

/// The longest name of a mark that is kept, in bytes. Assistants use a word, a counter or a UUID; each waits in memory
/// until the sound before it has been played.
pub const MAX_NAME: usize = 1_024;

/// The longest name of a stream, call or account, in bytes; Twilio's have 34, others use UUIDs of 36.
const MAX_SID: usize = 64;

/// Every whole number up to 2^53 survives being a JSON number (RFC 8259 §6). In milliseconds it is 285,000 years.
pub(crate) const MAX_NUMBER: u64 = 1 << 53;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_taken_in_every_spelling_that_carriers_use() {
        for (json, value) in [
            ("5", 5),
            ("\"5\"", 5),
            ("5.0", 5),
            ("\"5.0\"", 5),
            ("20.75", 20),
            ("1e3", 1_000),
            ("-0", 0),
            ("\"\\u0035\"", 5),
            ("9007199254740992", 1 << 53),
        ] {
            assert_eq!(serde_json::from_str::<Number>(json).map(|n| n.0).ok(), Some(value), "{json}");
        }
    }

    #[test]
    fn what_is_no_count_is_refused() {
        for json in [
            "-1",
            "\"-1\"",
            "\"\"",
            "\"five\"",
            "\"NaN\"",
            "\"inf\"",
            "\" 5\"",
            "1e300",
            "9007199254740993",
            "\"18446744073709551616\"",
            "null",
            "true",
            "[5]",
            "{}",
        ] {
            assert!(serde_json::from_str::<Number>(json).is_err(), "{json} was taken for a number");
        }
    }

    #[test]
    fn text_is_borrowed_unless_it_was_escaped() {
        let plain: Text<'_> = serde_json::from_str("\"MZ1\"").unwrap();
        assert!(plain.is_borrowed() && plain.as_str() == "MZ1");
        let escaped: Text<'_> = serde_json::from_str(r#""a\/b\u00e9""#).unwrap();
        assert!(!escaped.is_borrowed() && escaped.as_str() == "a/bé");
        let number: Text<'_> = serde_json::from_str("7").unwrap();
        assert_eq!(number.as_str(), "7");
        for json in ["null", "true", "[]", "{}"] {
            assert!(serde_json::from_str::<Text<'_>>(json).is_err(), "{json} was taken for text");
        }
    }

    #[test]
    fn promise_8_text_prints_its_length_and_no_more() {
        assert_eq!(format!("{:?}", Text::from("+14155550123")), "Text(12 bytes)");
    }

    #[test]
    fn sids_are_short_and_plain() {
        for good in ["MZ1", "a-b_C9", &"x".repeat(64)] {
            assert!(Text::from(good).sid("streamSid").is_ok(), "{good} was refused");
        }
        for bad in ["", "a/b", "a b", "é", "a\"", "../x", &"x".repeat(65)] {
            assert_eq!(Text::from(bad).sid("streamSid"), Err(WireError::Malformed("streamSid")), "{bad}");
        }
    }

    #[test]
    fn sound_is_unpacked_in_place_with_or_without_padding() {
        let mut into = Vec::with_capacity(16);
        let place = into.as_ptr();
        for text in ["//8=", "//8", "//9="] {
            assert_eq!(decode_payload(text, &mut into), Ok(2), "{text}");
            assert_eq!(into, [0xff, 0xff], "{text}");
        }
        assert_eq!(decode_payload("", &mut into), Ok(0));
        assert_eq!(into.as_ptr(), place, "unpacking took memory that was there already");
    }

    #[test]
    fn sound_that_is_none_leaves_nothing_behind() {
        let mut into = vec![1, 2, 3];
        for bad in ["/", "//8=x", "?", "=", "a b=", "é"] {
            assert_eq!(decode_payload(bad, &mut into), Err(WireError::NotBase64), "{bad}");
            assert!(into.is_empty());
        }
        let endless = "A".repeat(MAX_SOUND / 3 * 4 + 8);
        assert_eq!(decode_payload(&endless, &mut into), Err(WireError::TooLong("sound")));
        assert_eq!(decode_payload(&endless[8..], &mut into), Ok(MAX_SOUND));
    }
}
