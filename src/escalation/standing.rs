//! How each trigger stands, and what holds it back, in words for whoever set it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::conversation::StageOfTalk;
use crate::escalation::decision::{Evidence, Reason, Urgency};

/// How one trigger stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TriggerStanding {
    /// Its name in the settings.
    pub trigger: String,
    /// Why a person would be involved.
    pub reason: Reason,
    /// How soon.
    pub urgency: Urgency,
    /// What the evidence adds up to.
    pub score: i16,
    /// What it has to reach as things stand.
    pub threshold: u16,
    /// What holds it back, in words; nothing where it would fire with the next word that speaks for it.
    pub held_back: Vec<String>,
    /// What speaks for and against it, weightiest first.
    pub evidence: Vec<Evidence>,
}

/// What holds a trigger back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Hurdle {
    Off,
    Short { by: i64, threshold: i64 },
    MostlyVoice { words: i64, at_least: i64 },
    OneOf(Vec<&'static str>),
    Turns { so_far: u32, of: u32 },
    Stage { now: StageOfTalk, from: StageOfTalk },
    Tier(Vec<String>),
    ProspectTurns { so_far: u32, of: u32 },
    FactsMissing { so_far: u32, of: u32 },
    Known(&'static str),
    PartialWords,
    NothingNew,
    NotRearmed { score: i64, rearm: u16 },
    Pending,
    CoolingDown { seconds: u64 },
    Coming,
    RefusedForGood,
    RefusedBefore { score: i64 },
}

impl fmt::Display for Hurdle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("switched off"),
            Self::Short { by, threshold } => write!(f, "{by} short of {threshold}"),
            Self::MostlyVoice { words, at_least } => {
                write!(f, "the voice alone is not enough: words bring {words}, and must bring {at_least}")
            }
            Self::OneOf(kinds) => write!(f, "needs one of: {}", kinds.join(", ")),
            Self::Turns { so_far, of } => write!(f, "speaks from {so_far} of {of} turns that it takes"),
            Self::Stage { now, from } => {
                write!(f, "too early in the talk: {}, and not before {}", word(*now), word(*from))
            }
            Self::Tier(tiers) => write!(f, "only for accounts of {}", tiers.join(", ")),
            Self::ProspectTurns { so_far, of } => {
                write!(f, "too early: the prospect has taken {so_far} of {of} turns")
            }
            Self::FactsMissing { so_far, of } => {
                write!(f, "enough is known: {so_far} facts are missing, and it takes {of}")
            }
            Self::Known(fact) => write!(f, "only while {fact} is not known"),
            Self::PartialWords => f.write_str("waits for the end of the sentence"),
            Self::NothingNew => f.write_str("nothing new speaks for it"),
            Self::NotRearmed { score, rearm } => {
                write!(f, "has fired already, and stands at {score}: it must fall below {rearm} first")
            }
            Self::Pending => f.write_str("waits for the answer to the decision before"),
            Self::CoolingDown { seconds } => {
                write!(f, "quiet for {seconds} more seconds after the decision before")
            }
            Self::Coming => f.write_str("a person is already on the way"),
            Self::RefusedForGood => f.write_str("the prospect has said no: only their own request counts"),
            Self::RefusedBefore { score } => {
                write!(f, "the prospect said no to this at {score}: what came since must be more")
            }
        }
    }
}

fn word(stage: StageOfTalk) -> &'static str {
    match stage {
        StageOfTalk::Opening => "opening",
        StageOfTalk::Needs => "needs",
        StageOfTalk::Fit => "fit",
        StageOfTalk::Terms => "terms",
        StageOfTalk::Closing => "closing",
    }
}
