//! What happens in the simulated world, in order, for a terminal or a test to follow.

use std::fmt;
use std::time::Duration;

use tokio::sync::broadcast;
use tokio::time::Instant;

use crate::sim::clock;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happening {
    /// When, since the world began.
    pub at: Duration,
    /// To whom: a person's name, `carrier` or `assistant`.
    pub who: String,
    /// What.
    pub what: What,
}

impl fmt::Display for Happening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.at.as_millis();
        let (minutes, seconds) = (millis / 60_000, millis / 1_000 % 60);
        write!(f, "{minutes:02}:{seconds:02}.{:03} {:<12} {}", millis % 1_000, self.who, self.what)
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum What {
    /// Dialled our number.
    Dialled,
    /// Their phone rings.
    Rings,
    /// Picked up.
    Answered,
    /// Began to say this.
    Said(String),
    /// Heard words that the carrier itself speaks.
    Heard(String),
    /// Pressed a key.
    Pressed(char),
    /// Hung up.
    HungUp,
    /// The call is over, with this status.
    Over(String),
    /// Their sound is connected.
    StreamBegan,
    /// Their sound is no longer connected, and why.
    StreamEnded(String),
    /// Asked this path, and was answered so.
    Asked(String, String),
    /// Was asked this by REST, and answered with this status.
    WasAsked(String, u16),
    /// The carrier would log this error or warning on its debugger.
    Noticed(u32, String),
    /// Threw away what it had queued to say.
    Cleared,
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dialled => f.write_str("dials"),
            Self::Rings => f.write_str("rings"),
            Self::Answered => f.write_str("answers"),
            Self::Said(words) => write!(f, "says “{words}”"),
            Self::Heard(words) => write!(f, "hears “{words}”"),
            Self::Pressed(key) => write!(f, "presses {key}"),
            Self::HungUp => f.write_str("hangs up"),
            Self::Over(status) => write!(f, "call over: {status}"),
            Self::StreamBegan => f.write_str("stream begins"),
            Self::StreamEnded(why) => write!(f, "stream ends: {why}"),
            Self::Asked(path, answer) => write!(f, "asks {path}: {answer}"),
            Self::WasAsked(path, status) => write!(f, "is asked {path}: {status}"),
            Self::Noticed(code, text) => write!(f, "notices {code} {text}"),
            Self::Cleared => f.write_str("falls silent at once"),
        }
    }
}

/// Where the world tells what happens; cheap to share.
#[derive(Clone, Debug)]
pub struct Story {
    began: Instant,
    told: broadcast::Sender<Happening>,
}

impl Default for Story {
    fn default() -> Self {
        Self { began: clock::now(), told: broadcast::channel(REMEMBERED).0 }
    }
}

impl Story {
    /// How long the world has been going.
    pub fn elapsed(&self) -> Duration {
        clock::now().saturating_duration_since(self.began)
    }

    /// Everything that happens from here on; a reader who falls behind loses the oldest.
    pub fn follow(&self) -> broadcast::Receiver<Happening> {
        self.told.subscribe()
    }

    /// Tells what happened to whom.
    pub(crate) fn tell(&self, who: &str, what: What) {
        // Nobody listening is normal.
        let _ = self.told.send(Happening { at: self.elapsed(), who: who.to_owned(), what });
    }
}

/// A demo's whole story is a few hundred lines.
const REMEMBERED: usize = 1_024;
