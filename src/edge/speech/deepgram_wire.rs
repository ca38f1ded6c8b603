//! What Deepgram's streaming recogniser says: its messages, and the pieces of words that they are.
//!
//! It counts time in seconds of the sound that it was sent; where that began, and what was left out of it, stands in anchors.
//! <https://developers.deepgram.com/reference/speech-to-text/listen-streaming>

use std::collections::VecDeque;
use std::time::Duration;

use serde::Deserialize;

use crate::conversation::{Piece, Source, Speaker, Wording};
use crate::time::CallTime;

/// A message that can be read.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// This was heard.
    Heard(Box<Results>),
    /// It says that it cannot go on.
    Failed,
    /// Nothing that words need.
    Other,
}

/// What was heard of a stretch of sound.
#[derive(Clone, Debug, PartialEq)]
pub struct Results {
    channel: u32,
    /// Where the stretch begins; what becomes better known of it begins there too.
    start: f64,
    first_word: f64,
    last_word: f64,
    words: String,
    confidence: Option<f64>,
    wording: Wording,
}

#[derive(Deserialize)]
struct Wire {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    channel_index: Vec<u32>,
    #[serde(default)]
    start: f64,
    #[serde(default)]
    duration: f64,
    #[serde(default)]
    is_final: bool,
    #[serde(default)]
    channel: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Channel {
    #[serde(default)]
    alternatives: Vec<Alternative>,
}

#[derive(Deserialize)]
struct Alternative {
    #[serde(default)]
    transcript: String,
    #[serde(default)]
    confidence: Option<f64>,
    #[serde(default)]
    words: Vec<Word>,
}

#[derive(Deserialize)]
struct Word {
    start: f64,
    end: f64,
}

impl Message {
    /// Reads a message; none where nobody can.
    pub fn read(text: &str) -> Option<Self> {
        let wire: Wire = serde_json::from_str(text).ok()?;
        match wire.kind.as_str() {
            "Results" => {
                let channel: Channel = serde_json::from_value(wire.channel?).ok()?;
                let best = channel.alternatives.into_iter().next()?;
                let last = best.words.last().map_or(wire.start + wire.duration, |word| word.end);
                let sane = |seconds: f64| (0.0..LONGEST_CALL).contains(&seconds);
                let first = best.words.first().map_or(wire.start, |word| word.start);
                if !sane(wire.start) || !sane(last) || !sane(first) {
                    return None;
                }
                Some(Self::Heard(Box::new(Results {
                    channel: wire.channel_index.first().copied().unwrap_or_default(),
                    start: wire.start,
                    first_word: first,
                    last_word: last.max(first),
                    words: best.transcript,
                    confidence: best.confidence.filter(|share| (0.0..=1.0).contains(share)),
                    wording: if wire.is_final { Wording::Final } else { Wording::Partial },
                })))
            }
            "Error" => Some(Self::Failed),
            _ => Some(Self::Other),
        }
    }
}

/// Where in the call a stream's sound was heard, and whose it was.
#[derive(Clone, Debug)]
pub struct Anchors {
    /// Which of the call's streams it is: each counts from nothing.
    stream: u32,
    sent: u64,
    next: CallTime,
    anchors: VecDeque<Anchor>,
}

#[derive(Clone, Copy, Debug)]
struct Anchor {
    /// From this sample on …
    sample: u64,
    /// … which was heard then …
    at: CallTime,
    /// … whoever the prospect hears is this.
    other: Speaker,
}

impl Anchors {
    /// Those of this stream, of which nothing was sent yet.
    pub fn new(stream: u32) -> Self {
        Self { stream, sent: 0, next: CallTime::ZERO, anchors: VecDeque::new() }
    }

    /// So many samples that were heard then are sent.
    pub fn sending(&mut self, samples: u64, at: CallTime, other: Speaker) {
        let goes_on = self.anchors.back().is_some_and(|anchor| anchor.other == other);
        // What was left out is longer than what clocks differ by.
        if !goes_on || at.since(self.next) > TOGETHER || self.next.since(at) > TOGETHER {
            if self.anchors.len() == ANCHORS {
                self.anchors.pop_front();
            }
            self.anchors.push_back(Anchor { sample: self.sent, at, other });
        }
        self.sent += samples;
        self.next = at + spanning(samples);
    }

    /// What was heard as a piece of words; none of a channel that we do not send, or of sound that we did not.
    pub fn piece(&self, results: Results) -> Option<Piece> {
        let (_, other) = self.place(results.first_word)?;
        let by = match results.channel {
            0 => Speaker::Prospect,
            1 => other,
            _ => return None,
        };
        let hundredths = |share: f64| (share * 100.0).round() as u8;
        Some(Piece {
            source: Source::Recogniser,
            name: format!("{}-{}-{:.2}", self.stream, results.channel, results.start),
            by,
            from: self.place(results.first_word)?.0,
            until: self.place(results.last_word)?.0,
            words: results.words,
            confidence: results.confidence.map(hundredths),
            wording: results.wording,
        })
    }

    fn place(&self, seconds: f64) -> Option<(CallTime, Speaker)> {
        let sample = (seconds * SAMPLES_A_SECOND) as u64;
        let behind = self.anchors.partition_point(|anchor| anchor.sample <= sample);
        let anchor = self.anchors.get(behind.checked_sub(1)?)?;
        // Some recognisers end a word a little after the sound.
        (sample <= self.sent + SLACK).then(|| (anchor.at + spanning(sample - anchor.sample), anchor.other))
    }
}

fn spanning(samples: u64) -> Duration {
    Duration::from_micros(samples.saturating_mul(125))
}

/// The telephone's.
const SAMPLES_A_SECOND: f64 = 8_000.0;

/// Half a second.
const SLACK: u64 = 4_000;

/// Blocks follow each other exactly, but for the rounding of clocks.
const TOGETHER: Duration = Duration::from_millis(5);

/// What is asked for was said within the last minute, and few of its seconds were left out.
const ANCHORS: usize = 256;

/// A day.
const LONGEST_CALL: f64 = 86_400.0;

#[cfg(test)]
mod tests {
    use super::*;

    fn results(text: &str) -> Results {
        match Message::read(text) {
            Some(Message::Heard(results)) => *results,
            other => panic!("{other:?}"),
        }
    }

    const FINAL: &str = r#"{"type":"Results","channel_index":[1,2],"duration":1.1,"start":2.0,"is_final":true,
        "speech_final":true,"from_finalize":false,"metadata":{"request_id":"x"},"channel":{"alternatives":[
        {"transcript":"Sure, of course.","confidence":0.9876,"words":[
        {"word":"sure","start":2.1,"end":2.4,"confidence":0.9,"punctuated_word":"Sure,"},
        {"word":"course","start":2.5,"end":2.9,"confidence":0.9}]}]}}"#;

    #[test]
    fn results_are_pieces_with_the_times_of_the_call() {
        let mut anchors = Anchors::new(3);
        // Twenty blocks from 00:10 on, then a second is left out.
        for block in 0..20 {
            anchors.sending(800, CallTime::from_millis(10_000 + block * 100), Speaker::Assistant);
        }
        for block in 0..20 {
            anchors.sending(800, CallTime::from_millis(13_000 + block * 100), Speaker::Rep);
        }
        let piece = anchors.piece(results(FINAL)).unwrap();
        assert_eq!((piece.by, piece.words.as_str()), (Speaker::Rep, "Sure, of course."));
        assert_eq!((piece.from, piece.until), (CallTime::from_millis(13_100), CallTime::from_millis(13_900)));
        assert_eq!((piece.confidence, piece.wording), (Some(99), Wording::Final));
        assert_eq!(piece.name, "3-1-2.00");
        let early = FINAL.replace("[1,2]", "[0,2]").replace("2.1", "0.1").replace("2.9", "1.9");
        let piece = anchors.piece(results(&early)).unwrap();
        assert_eq!((piece.by, piece.from), (Speaker::Prospect, CallTime::from_millis(10_100)));
        let never_sent = FINAL.replace("2.9", "7.9");
        assert_eq!(anchors.piece(results(&never_sent)), None);
        assert_eq!(anchors.piece(results(&FINAL.replace("[1,2]", "[2,3]"))), None);
    }

    #[test]
    fn what_is_no_result_tells_nothing() {
        for other in [
            r#"{"type":"Metadata","request_id":"x","channels":2}"#,
            r#"{"type":"UtteranceEnd","channel":[0,2],"last_word_end":3.1}"#,
            r#"{"type":"SpeechStarted","channel":[0],"timestamp":1.2}"#,
        ] {
            assert_eq!(Message::read(other), Some(Message::Other));
        }
        assert_eq!(Message::read(r#"{"type":"Error","description":"x"}"#), Some(Message::Failed));
        for broken in [
            "",
            "{}",
            "[]",
            "7",
            r#"{"type":"Results"}"#,
            r#"{"type":"Results","channel":{"alternatives":[]}}"#,
            r#"{"type":"Results","start":-1,"channel":{"alternatives":[{}]}}"#,
            r#"{"type":"Results","start":1e300,"channel":{"alternatives":[{}]}}"#,
            r#"{"type":"Results","channel":{"alternatives":{"transcript":"x"}}}"#,
        ] {
            assert_eq!(Message::read(broken), None, "{broken}");
        }
    }
}
