//! The carrier's real-time transcription: how it is asked for, and what its callbacks say as pieces of words.
//!
//! A callback says when it was made and not when the words were spoken: their beginning is reckoned from their length. The
//! carrier keeps the order within a track only, and its callbacks are tried again: what overtook or came twice changes nothing.
//! <https://www.twilio.com/docs/voice/twiml/transcription>

use std::collections::VecDeque;
use std::time::Duration;

use serde::Deserialize;

use crate::conversation::{Piece, Source, Speaker, Wording};
use crate::edge::carrier::twilio::twiml::put_attribute;
use crate::time::{CallTime, Timestamp};

/// How the carrier is to transcribe a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The language that it listens for.
    pub language: String,
    /// What with; empty: what it likes.
    pub engine: String,
    /// Which model of that; empty: the usual one.
    pub model: String,
}

impl Wanted {
    /// The verb that starts it, telling this URL what was heard.
    pub fn verb(&self, callback: &str) -> String {
        let mut verb = "<Start><Transcription".to_owned();
        put_attribute(&mut verb, "name", NAME);
        put_attribute(&mut verb, "track", "both_tracks");
        put_attribute(&mut verb, "statusCallbackUrl", callback);
        put_attribute(&mut verb, "partialResults", "true");
        for (name, value) in [
            ("languageCode", &self.language),
            ("transcriptionEngine", &self.engine),
            ("speechModel", &self.model),
        ] {
            if !value.is_empty() {
                put_attribute(&mut verb, name, value);
            }
        }
        verb.push_str("/></Start>");
        verb
    }
}

/// One callback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// It has begun.
    Started,
    /// It has ended.
    Stopped,
    /// It does not work: the carrier's number, and what it says of it.
    Failed(String, String),
    /// Somebody said this.
    Heard(Heard),
}

/// What was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// Which of the carrier's transcriptions of this call.
    pub run: String,
    /// Where among its callbacks.
    pub sequence: u64,
    /// On which side of the call.
    pub track: Track,
    /// When the carrier said so.
    pub at: Option<Timestamp>,
    /// The words.
    pub words: String,
    /// How sure it is, in hundredths.
    pub confidence: Option<u8>,
    /// Whether they may still change.
    pub wording: Wording,
}

/// A side of the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Track {
    /// What the carrier hears from the phone.
    Inbound,
    /// What it plays to it.
    Outbound,
}

/// Why a callback says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotTold {
    /// An event that is new to us.
    #[error("unknown event")]
    Event,
    /// Neither side of the call.
    #[error("unknown track")]
    Track,
    /// No place among the others.
    #[error("no sequence id")]
    Sequence,
    /// Its words are not what they are said to be.
    #[error("malformed transcription data")]
    Words,
}

impl Told {
    /// Reads the form of a callback; `field` finds what it calls so.
    pub fn read<'a>(field: impl Fn(&str) -> Option<&'a str>) -> Result<Self, NotTold> {
        let text = |name: &str| field(name).unwrap_or_default();
        match text("TranscriptionEvent") {
            "transcription-started" => Ok(Self::Started),
            "transcription-stopped" => Ok(Self::Stopped),
            "transcription-error" => {
                let short = |name: &str| text(name).chars().take(LONGEST_ERROR).collect();
                Ok(Self::Failed(short("TranscriptionErrorCode"), short("TranscriptionError")))
            }
            "transcription-content" => {
                let track = match text("Track") {
                    "inbound_track" => Track::Inbound,
                    "outbound_track" => Track::Outbound,
                    _ => return Err(NotTold::Track),
                };
                let data: InJson =
                    serde_json::from_str(text("TranscriptionData")).map_err(|_| NotTold::Words)?;
                let at = text("Timestamp").parse::<jiff::Timestamp>().ok();
                let hundredths = |share: f64| (share.clamp(0.0, 1.0) * 100.0).round() as u8;
                Ok(Self::Heard(Heard {
                    run: text("TranscriptionSid").chars().take(LONGEST_SID).collect(),
                    sequence: text("SequenceId").parse().map_err(|_| NotTold::Sequence)?,
                    track,
                    at: at.map(|at| Timestamp(at.as_millisecond())),
                    words: data.transcript,
                    confidence: data.confidence.filter(|share| share.is_finite()).map(hundredths),
                    wording: if text("Final") == "true" { Wording::Final } else { Wording::Partial },
                }))
            }
            _ => Err(NotTold::Event),
        }
    }
}

/// The JSON that the carrier puts into a field of its form.
#[derive(Deserialize)]
struct InJson {
    transcript: String,
    #[serde(default)]
    confidence: Option<f64>,
}

/// What the carrier has told of one call, as far as the next callback is read by it.
#[derive(Clone, Debug, Default)]
pub struct Transcribing {
    run: String,
    runs: u32,
    inbound: Side,
    outbound: Side,
}

#[derive(Clone, Debug, Default)]
struct Side {
    /// The last callbacks whose words stand.
    stood: VecDeque<u64>,
    /// The end of the words that stand.
    said: CallTime,
    /// What is being said.
    open: Option<Open>,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    /// The first callback about it.
    name: u64,
    from: CallTime,
    /// What was told last of it, and when.
    sequence: u64,
    until: CallTime,
}

impl Transcribing {
    /// A callback of what this party said, made at that time of the call: none where it tells nothing new.
    pub fn piece(&mut self, heard: &Heard, by: Speaker, at: CallTime) -> Option<Piece> {
        if self.run != heard.run {
            // Another transcription counts anew.
            *self = Self { run: heard.run.clone(), runs: self.runs + 1, ..Self::default() };
        }
        let runs = self.runs;
        let side = match heard.track {
            Track::Inbound => &mut self.inbound,
            Track::Outbound => &mut self.outbound,
        };
        let name = |number: u64| format!("{runs}-{number}");
        let length = spoken(&heard.words);
        let since = |until: CallTime, earliest: CallTime| {
            (CallTime::ZERO + until.since_start().saturating_sub(length)).max(earliest).min(until)
        };
        let words = |number, from, until| Piece {
            source: Source::Carrier,
            name: name(number),
            by,
            from,
            until,
            words: heard.words.clone(),
            confidence: heard.confidence,
            wording: heard.wording,
        };
        if side.stood.contains(&heard.sequence) {
            return None;
        }
        if side.stood.iter().any(|stood| heard.sequence < *stood) {
            // What may change is over; words that stand were overtaken.
            if heard.wording == Wording::Final {
                side.stands(heard.sequence);
            }
            return (heard.wording == Wording::Final)
                .then(|| words(heard.sequence, since(at, CallTime::ZERO), at));
        }
        let open =
            side.open.filter(|open| open.sequence <= heard.sequence || heard.wording == Wording::Final);
        let (number, from, until) = match (open, heard.wording) {
            (Some(open), Wording::Partial) => (open.name, open.from, at.max(open.until)),
            // The words that stand come a while after the last that did not.
            (Some(open), Wording::Final) => (open.name, open.from, at.min(open.until + AFTERTHOUGHT)),
            (None, _) if side.open.is_some() => return None,
            (None, _) => (heard.sequence, since(at, side.said), at),
        };
        match heard.wording {
            Wording::Partial => {
                side.open = Some(Open { name: number, from, sequence: heard.sequence, until });
            }
            Wording::Final => {
                side.open = None;
                side.stands(heard.sequence);
                side.said = side.said.max(until);
            }
        }
        Some(words(number, from, until))
    }
}

impl Side {
    fn stands(&mut self, sequence: u64) {
        if self.stood.len() == STOOD {
            self.stood.pop_front();
        }
        self.stood.push_back(sequence);
    }
}

/// How long it takes to say this.
fn spoken(words: &str) -> Duration {
    let letters = u32::try_from(words.chars().count()).unwrap_or(u32::MAX);
    A_LETTER.saturating_mul(letters).clamp(A_WORD, LONGEST)
}

/// What our transcriptions are called at the carrier: one a call.
const NAME: &str = "baton";

/// An unhurried speaker says 16 letters a second.
const A_LETTER: Duration = Duration::from_millis(62);

/// "Yes."
const A_WORD: Duration = Duration::from_millis(250);

/// Recognisers begin anew after a minute at the latest.
const LONGEST: Duration = Duration::from_secs(60);

/// What is said after the last words that may change is a word or two.
const AFTERTHOUGHT: Duration = Duration::from_millis(500);

/// A callback that is tried again comes within seconds, and so many sentences are not said in them.
const STOOD: usize = 32;

/// `GT` and 32 digits.
const LONGEST_SID: usize = 34;

/// A sentence, for the log.
const LONGEST_ERROR: usize = 200;

#[cfg(test)]
#[path = "transcription_tests.rs"]
mod tests;
