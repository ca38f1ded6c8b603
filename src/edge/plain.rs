//! Reading a message that is written plainly, as nearly all are: no spaces, no escapes, nothing nested beyond what is asked
//! for. Whatever is written otherwise is left to serde, which knows every way; so this may give up at any doubt.

use crate::edge::lenient::MAX_NUMBER;

/// A message, and how far it has been read.
#[derive(Clone, Copy, Debug)]
struct Plain<'a> {
    rest: &'a str,
}

impl<'a> Plain<'a> {
    /// From its beginning.
    fn new(text: &'a str) -> Self {
        Self { rest: text }
    }

    /// Reads an object: `member` is given each name, and reads the value.
    fn object(&mut self, mut member: impl FnMut(&mut Self, &'a str) -> Option<()>) -> Option<()> {
        self.eat("{")?;
        loop {
            let name = self.string()?;
            self.eat(":")?;
            member(self, name)?;
            if self.eat(",").is_none() {
                return self.eat("}");
            }
        }
    }

    /// Reads a string without escapes.
    fn string(&mut self) -> Option<&'a str> {
        self.eat("\"")?;
        for (end, byte) in self.rest.bytes().enumerate() {
            match byte {
                b'"' => {
                    let string = &self.rest[..end];
                    self.rest = &self.rest[end + 1..];
                    return Some(string);
                }
                b'\\' | ..b' ' => return None,
                _ => {}
            }
        }
        None
    }

    /// Reads a string without escapes that is long, and of letters that its reader checks.
    fn sound(&mut self) -> Option<&'a str> {
        self.eat("\"")?;
        let end = memchr::memchr2(b'"', b'\\', self.rest.as_bytes())?;
        let (sound, rest) = self.rest.split_at(end);
        self.rest = rest.strip_prefix('"')?;
        Some(sound)
    }

    /// Reads a count, as a number or in a string.
    fn count(&mut self) -> Option<u64> {
        let digits = if self.rest.starts_with('"') { self.string()? } else { self.digits()? };
        digits.parse().ok().filter(|count| *count <= MAX_NUMBER)
    }

    /// Passes over a string or a count.
    fn skip(&mut self) -> Option<()> {
        if self.rest.starts_with('"') { self.string() } else { self.digits() }.map(|_| ())
    }

    /// Whether all of it has been read.
    fn is_read(&self) -> Option<()> {
        self.rest.is_empty().then_some(())
    }

    fn digits(&mut self) -> Option<&'a str> {
        let end = self.rest.bytes().position(|byte| !byte.is_ascii_digit())?;
        let (digits, rest) = self.rest.split_at(end);
        let is_json = !digits.is_empty() && (digits == "0" || !digits.starts_with('0'));
        self.rest = rest;
        (is_json && rest.starts_with([',', '}'])).then_some(digits)
    }

    fn eat(&mut self, text: &str) -> Option<()> {
        self.rest = self.rest.strip_prefix(text)?;
        Some(())
    }
}

/// A frame of sound as carriers and assistants write it, fifty times a second a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PlainMedia<'a> {
    /// `streamSid`.
    pub(crate) stream: Option<&'a str>,
    /// `media.track`.
    pub(crate) track: Option<&'a str>,
    /// `media.timestamp`, in milliseconds.
    pub(crate) stamp: Option<u64>,
    /// `media.payload`, unchecked.
    pub(crate) payload: &'a str,
}

/// Reads a frame that is written plainly; nothing where it is no frame, or there is any doubt.
pub(crate) fn media(text: &str) -> Option<PlainMedia<'_>> {
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
    (event? == "media").then_some(PlainMedia { stream, track, stamp, payload: payload? })
}

/// Puts a member's value where none was: one that comes twice is a doubt.
fn once<T>(place: &mut Option<T>, value: T) -> Option<()> {
    place.replace(value).is_none().then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<(Option<&str>, Option<u64>)> {
        let (mut name, mut count) = (None, None);
        let mut plain = Plain::new(text);
        plain.object(|plain, key| match key {
            "name" => once(&mut name, plain.string()?),
            "count" => once(&mut count, plain.count()?),
            _ => plain.skip(),
        })?;
        plain.is_read().map(|()| (name, count))
    }

    #[test]
    fn plain_messages_are_read() {
        assert_eq!(read(r#"{"name":"é","other":12,"count":"7","more":"x"}"#), Some((Some("é"), Some(7))));
        assert_eq!(read(r#"{"count":0}"#), Some((None, Some(0))));
    }

    #[test]
    fn at_any_doubt_it_gives_up() {
        for text in [
            "",
            "{}",
            " {\"name\":\"a\"}",
            r#"{"name":"a"} "#,
            r#"{"name": "a"}"#,
            r#"{"name":"a\/"}"#,
            "{\"name\":\"a\u{1}\"}",
            r#"{"name":"a","name":"b"}"#,
            r#"{"name":5}"#,
            r#"{"count":05}"#,
            r#"{"count":5.0}"#,
            r#"{"count":-1}"#,
            r#"{"count":9007199254740993}"#,
            r#"{"count":""}"#,
            r#"{"other":{}}"#,
            r#"{"other":null}"#,
            r#"{"other":true}"#,
            r#"{"name":"a",}"#,
            r#"{"name":"a""#,
            r#"{"name"}"#,
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
