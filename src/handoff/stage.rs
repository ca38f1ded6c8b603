//! Where a handoff is.

use serde::{Deserialize, Serialize};

use crate::handoff::outcome::Outcome;
use crate::handoff::proposing::Proposal;
use crate::id::AttemptId;
use crate::time::CallTime;

/// Where a handoff is, with what only matters there.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// The prospect is offered a person and has yet to say whether they want one.
    Proposing {
        /// How far that is.
        proposal: Proposal,
        /// When that has taken too long.
        until: CallTime,
    },
    /// A free rep is being looked for.
    Seeking {
        /// For which try.
        attempt: AttemptId,
        /// When that has taken too long.
        until: CallTime,
    },
    /// A rep is rung and asked; the try's own phase has its time limits.
    Offering {
        /// Which try.
        attempt: AttemptId,
    },
    /// A rep said yes; their sound and the claim are awaited.
    Joining {
        /// Which try.
        attempt: AttemptId,
        /// When that has taken too long.
        until: CallTime,
    },
    /// The rep hears the whisper.
    Briefing {
        /// Which try.
        attempt: AttemptId,
        /// When that has taken too long.
        until: CallTime,
    },
    /// The assistant is let come to a gap.
    Cutting {
        /// Which try.
        attempt: AttemptId,
        /// When patience ends.
        until: CallTime,
    },
    /// Both hear the introduction.
    Introducing {
        /// Which try.
        attempt: AttemptId,
        /// When that has taken too long.
        until: CallTime,
        /// It was played to the prospect.
        prospect_heard: bool,
        /// It was played to the rep.
        rep_heard: bool,
    },
    /// Prospect and rep talk.
    Bridging {
        /// Which try.
        attempt: AttemptId,
    },
    /// The rep's line broke while they were with the prospect, and is waited for.
    Rejoining {
        /// Which try.
        attempt: AttemptId,
        /// When that has taken too long.
        until: CallTime,
        /// Whether the two had been introduced before.
        introduced: Introduced,
    },
    /// The rep is gone and the prospect is told.
    Recovering {
        /// When that has taken too long.
        until: CallTime,
    },
    /// It came to rest.
    Over(Outcome),
}

/// Whether prospect and rep had been introduced to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Introduced {
    /// They had: they go on where they were.
    Already,
    /// They had not: it begins anew.
    NotYet,
}

impl Stage {
    /// The try whose rep is rung, asked, or there.
    pub fn attempt(&self) -> Option<AttemptId> {
        match self {
            Self::Offering { attempt }
            | Self::Joining { attempt, .. }
            | Self::Briefing { attempt, .. }
            | Self::Cutting { attempt, .. }
            | Self::Introducing { attempt, .. }
            | Self::Bridging { attempt }
            | Self::Rejoining { attempt, .. } => Some(*attempt),
            Self::Proposing { .. } | Self::Seeking { .. } | Self::Recovering { .. } | Self::Over(_) => None,
        }
    }

    /// The stage's name, as logs and pictures show it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Proposing { .. } => "proposing",
            Self::Seeking { .. } => "seeking",
            Self::Offering { .. } => "offering",
            Self::Joining { .. } => "joining",
            Self::Briefing { .. } => "briefing",
            Self::Cutting { .. } => "cutting",
            Self::Introducing { .. } => "introducing",
            Self::Bridging { .. } => "bridging",
            Self::Rejoining { .. } => "rejoining",
            Self::Recovering { .. } => "recovering",
            Self::Over(_) => "over",
        }
    }
}
