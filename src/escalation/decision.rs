//! The decision that a person should be involved: why, how soon, and what it stands on.

use serde::{Deserialize, Serialize};

use crate::conversation::Signal;
use crate::time::CallTime;

/// The decision that a person should be involved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Counted within the call from 1.
    pub number: u32,
    /// When.
    pub at: CallTime,
    /// Why.
    pub reason: Reason,
    /// How soon.
    pub urgency: Urgency,
    /// The trigger that fired, by the name it has in the settings.
    pub trigger: String,
    /// What the evidence adds up to, in hundredths.
    pub score: u16,
    /// What it had to reach.
    pub threshold: u16,
    /// What it stands on, weightiest first.
    pub evidence: Vec<Evidence>,
    /// What is to be asked first, or was never answered.
    pub open_questions: Vec<String>,
}

/// A signal and what it weighed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// What was observed.
    pub signal: Signal,
    /// What it added to the score, in hundredths; negative where it spoke against.
    pub weighed: i16,
}

/// Why a person should be involved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// The prospect asked for one.
    ExplicitRequest,
    /// Only a person may answer for this.
    HumanOnlyTopic,
    /// The prospect is cross.
    Frustration,
    /// The talk goes in circles.
    Loop,
    /// It has gone deeper than the assistant can follow.
    Complexity,
    /// The prospect wants to go on.
    HighInterest,
    /// The prospect is worth a person's time.
    HighValue,
    /// The prospect wavers.
    Hesitation,
    /// They want something outside the rules that may be worth it.
    Exception,
    /// They want something, and it stays open what.
    Ambiguity,
    /// What would tell whether it is worth a person's time was never said.
    MissingEvidence,
}

/// How soon a person should be involved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Urgency {
    /// At once.
    Immediate,
    /// At the next pause.
    Normal,
    /// Once the open questions have been asked.
    AskFirst,
    /// Not in this call: a follow-up is prepared.
    Nurture,
}

impl Reason {
    /// Every one.
    pub const ALL: [Self; 11] = [
        Self::ExplicitRequest,
        Self::HumanOnlyTopic,
        Self::Frustration,
        Self::Loop,
        Self::Complexity,
        Self::HighInterest,
        Self::HighValue,
        Self::Hesitation,
        Self::Exception,
        Self::Ambiguity,
        Self::MissingEvidence,
    ];

    /// In one word, as settings, files and the API write it.
    pub fn word(self) -> &'static str {
        match self {
            Self::ExplicitRequest => "explicit-request",
            Self::HumanOnlyTopic => "human-only-topic",
            Self::Frustration => "frustration",
            Self::Loop => "loop",
            Self::Complexity => "complexity",
            Self::HighInterest => "high-interest",
            Self::HighValue => "high-value",
            Self::Hesitation => "hesitation",
            Self::Exception => "exception",
            Self::Ambiguity => "ambiguity",
            Self::MissingEvidence => "missing-evidence",
        }
    }
}

impl Urgency {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Immediate, Self::Normal, Self::AskFirst, Self::Nurture];

    /// In one word, as settings, files and the API write it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Immediate => "immediate",
            Self::Normal => "normal",
            Self::AskFirst => "ask-first",
            Self::Nurture => "nurture",
        }
    }
}
