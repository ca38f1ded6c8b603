//! How a handoff came to rest: exactly one of these, with its reason.

use serde::{Deserialize, Serialize};

use crate::id::RepId;

/// How a handoff came to rest.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The prospect and this rep talked until the prospect left.
    HandedOver {
        /// Who took over.
        rep: RepId,
    },
    /// The prospect is back with the assistant.
    ReturnedToAssistant {
        /// Why.
        why: WhyReturned,
    },
    /// The prospect was offered a person and would rather not.
    Declined,
    /// The prospect was offered a person and said neither yes nor no.
    Unanswered,
    /// Somebody changed their mind before a rep had joined.
    CalledOff,
    /// The prospect left before a rep was with them.
    Abandoned,
    /// Baton had to stop, and the prospect went to the fallback.
    CutShort {
        /// Who was talking with them, if anyone was.
        rep: Option<RepId>,
    },
}

/// Why the prospect is back with the assistant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WhyReturned {
    /// No rep could be asked.
    NobodyFree,
    /// Every rep who was asked passed, did not answer or could not be reached.
    NobodyTookIt,
    /// The rep was with them and left.
    RepLeft,
}

impl Outcome {
    /// The outcome in one word, as the record keeps it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::HandedOver { .. } => "handed-over",
            Self::ReturnedToAssistant { .. } => "returned-to-assistant",
            Self::Declined => "declined",
            Self::Unanswered => "unanswered",
            Self::CalledOff => "called-off",
            Self::Abandoned => "abandoned",
            Self::CutShort { .. } => "cut-short",
        }
    }

    /// Why, in one word; empty when the outcome says it all.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::ReturnedToAssistant { why } => match why {
                WhyReturned::NobodyFree => "nobody-free",
                WhyReturned::NobodyTookIt => "nobody-took-it",
                WhyReturned::RepLeft => "rep-left",
            },
            Self::HandedOver { .. }
            | Self::Declined
            | Self::Unanswered
            | Self::CalledOff
            | Self::Abandoned
            | Self::CutShort { .. } => "",
        }
    }

    /// Who took over, if anyone did.
    pub fn rep(&self) -> Option<&RepId> {
        match self {
            Self::HandedOver { rep } => Some(rep),
            Self::CutShort { rep } => rep.as_ref(),
            Self::ReturnedToAssistant { .. }
            | Self::Declined
            | Self::Unanswered
            | Self::CalledOff
            | Self::Abandoned => None,
        }
    }
}
