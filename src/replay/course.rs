//! What became of a recorded call in understanding and engine: the plain form that every output is made from.
//!
//! Times are microseconds of the call, as in `baton show --json`.

use serde::Serialize;

use crate::conversation::{Account, Direction, Fact, Shape, Signal, StageOfTalk, Turn};
use crate::escalation::{Answer, Decision, Reason, TriggerStanding, VoiceReadings};
use crate::time::CallTime;

/// The course of a call.
#[derive(Debug, Serialize)]
pub struct Course {
    /// The form of this, for whoever reads it by a program.
    pub version: u32,
    /// What it was read from.
    pub name: String,
    /// What it is about.
    pub title: String,
    /// Who rang whom.
    pub direction: Direction,
    /// What was known of the account.
    pub account: Account,
    /// When the last thing happened.
    pub until: CallTime,
    /// What whoever looks at it should know.
    pub notes: Vec<String>,
    /// What was said, each turn as it was known last, and what it told.
    pub turns: Vec<TurnSeen>,
    /// What else happened that the engine was told of.
    pub happenings: Vec<Happening>,
    /// What was decided.
    pub decisions: Vec<Decided>,
    /// What was decided in the call itself, where that is on record.
    pub then: Vec<Decision>,
    /// What should have been decided, in words, where somebody wrote that down.
    pub expected: Vec<String>,
    /// Each trigger's score along the call.
    pub triggers: Vec<TriggerCourse>,
    /// What is known of the prospect at the end.
    pub facts: Vec<Fact>,
    /// How the talk stands at the end.
    pub shape: Shape,
}

/// A turn, and what it told.
#[derive(Debug, Serialize)]
pub struct TurnSeen {
    /// The turn as it was known last.
    #[serde(flatten)]
    pub turn: Turn,
    /// What it told.
    pub signals: Vec<Signal>,
    /// What is known by it.
    pub facts: Vec<Fact>,
    /// Where in the talk it stands.
    pub stage: StageOfTalk,
    /// The triggers whose score it raised: to how much, of how much.
    pub raised: Vec<Raised>,
}

/// A score that something raised.
#[derive(Debug, Serialize)]
pub struct Raised {
    /// Of which trigger.
    pub trigger: String,
    /// To this.
    pub score: i64,
    /// Of this.
    pub threshold: u16,
}

/// Something other than words.
#[derive(Debug, Serialize)]
pub struct Happening {
    /// When.
    pub at: CallTime,
    /// What, in words.
    pub says: String,
    /// How the voice was, where it is that.
    #[serde(skip)]
    pub voice: Option<VoiceReadings>,
    /// What it told.
    pub signals: Vec<Signal>,
    /// The triggers whose score it raised.
    pub raised: Vec<Raised>,
}

/// A decision, and what it led to.
#[derive(Debug, Serialize)]
pub struct Decided {
    /// The decision.
    pub decision: Decision,
    /// What it stands on, in words, weightiest first.
    pub because: Vec<String>,
    /// How a person would be offered.
    pub suggested_words: String,
    /// What became of it, where that is on record.
    pub answer: Option<Answer>,
    /// The same in words; and where it is not, how it is taken.
    pub became: String,
}

/// A trigger along the call.
#[derive(Debug, Serialize)]
pub struct TriggerCourse {
    /// Its name in the settings.
    pub trigger: String,
    /// Why a person would be involved.
    pub reason: Reason,
    /// Its score over time.
    pub points: Vec<Point>,
    /// When it fired.
    pub fired: Vec<CallTime>,
    /// How it stood when it came nearest to firing.
    pub nearest: TriggerStanding,
    /// When that was.
    pub nearest_at: CallTime,
    /// How it stands at the end.
    pub at_end: TriggerStanding,
}

/// A score at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Point {
    /// When.
    pub at: CallTime,
    /// The score.
    pub score: i64,
    /// What it had to reach.
    pub threshold: u16,
}

impl Course {
    /// The form that is written now.
    pub const VERSION: u32 = 1;
}
