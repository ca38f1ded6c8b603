//! What an assistant says and how it misbehaves.

use std::time::Duration;

use crate::sim::sound::Phrase;

/// How an assistant behaves in every connection.
#[derive(Clone, Debug)]
pub struct AssistantScript {
    /// Said as soon as the stream has started.
    pub greeting: Option<Phrase>,
    /// Said one after the other, each when the prospect has finished a turn.
    pub answers: Vec<Phrase>,
    /// What it does when it has given its last answer.
    pub after_last: AfterLast,
    /// How fast its sound leaves.
    pub pace: Pace,
    /// Whether a mark follows each chunk (as the OpenAI examples do) rather than each phrase.
    pub marks_every_chunk: bool,
    /// Whether it sends marks at all (Pipecat does not).
    pub marks: bool,
    /// How long it thinks before it answers.
    pub thinks: Duration,
    /// Whether it falls silent, with a `clear`, when the prospect speaks.
    pub yields: bool,
    /// What it does wrong, counted from `start`.
    pub faults: Vec<Planned>,
    /// How it takes connections.
    pub door: Door,
    /// What its voice webhook says after the stream (`<Hangup/>`, `<Dial>…`), and the `action` of its `<Connect>`.
    pub after_stream: String,
    /// The `action` of its `<Connect>`, if it has one.
    pub action: Option<String>,
    /// The verbs of its other documents: all that are asked for below its voice webhook.
    pub action_says: String,
    /// What its voice webhook hands to its stream.
    pub parameters: Vec<(String, String)>,
}

impl Default for AssistantScript {
    fn default() -> Self {
        Self {
            greeting: None,
            answers: Vec::new(),
            after_last: AfterLast::StaysQuiet,
            pace: Pace::default(),
            marks_every_chunk: false,
            marks: true,
            thinks: Duration::from_millis(300),
            yields: true,
            faults: Vec::new(),
            door: Door::Opens,
            after_stream: String::new(),
            action: None,
            action_says: String::new(),
            parameters: Vec::new(),
        }
    }
}

/// What an assistant does when it has given its last answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterLast {
    /// Begins again with the first.
    BeginsAgain,
    /// Says nothing any more.
    StaysQuiet,
    /// Closes the connection properly.
    Closes,
}

/// How fast an assistant's sound leaves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// How much sound one message holds.
    pub chunk: Duration,
    /// How many times faster than real time; infinite is at once.
    pub times_real_time: f64,
}

impl Default for Pace {
    /// Chunks of 50 ms, twice as fast as real time: Pipecat's and the OpenAI examples' habit (PROTOCOLS.md §8a).
    fn default() -> Self {
        Self { chunk: Duration::from_millis(50), times_real_time: 2.0 }
    }
}

impl Pace {
    /// Everything at once, in messages of two seconds.
    pub fn at_once() -> Self {
        Self { chunk: Duration::from_secs(2), times_real_time: f64::INFINITY }
    }
}

/// How an assistant takes connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// As it should.
    Opens,
    /// Answers the upgrade with this HTTP status.
    Refuses(u16),
    /// Accepts the connection and never says a word.
    NeverAnswers,
}

/// A fault and when it shows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Planned {
    /// How long after `start`.
    pub after: Duration,
    /// What happens then.
    pub fault: Fault,
}

/// What an assistant does wrong, from one moment on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Closes properly.
    Closes,
    /// Drops the connection without a close.
    Vanishes,
    /// Says nothing any more, whatever it hears.
    Mute,
    /// Reads nothing and says nothing any more, without closing: hung.
    Hangs,
    /// Reads nothing any more, and speaks on. Planned from the start, the socket takes in little, so that it is felt soon.
    StopsReading,
    /// Answers no ping any more, and is well otherwise.
    NoPong,
    /// Takes this many milliseconds to read each message.
    ReadsSlowly(u64),
    /// Sends this many seconds of sound at once.
    Floods(u64),
    /// Sends messages that are no JSON, of unknown events, for other streams.
    TalksRubbish,
    /// Sends binary messages.
    SendsBinary,
    /// Sends one text message of this many bytes.
    SendsHuge(usize),
}
