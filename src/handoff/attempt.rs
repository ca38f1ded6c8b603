//! One try to get one rep: a small machine of its own with exactly one end.

use serde::{Deserialize, Serialize};

use crate::id::{AttemptId, RepId};
use crate::time::CallTime;

/// One try to get one rep.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Attempt {
    /// Which try, counted within the call.
    pub id: AttemptId,
    /// Whom.
    pub rep: RepId,
    /// How far it is.
    pub phase: Phase,
    /// How often their line came about.
    #[serde(default)]
    pub arrivals: u8,
}

impl Attempt {
    /// Their line is there, for the first time or again.
    pub fn arrived(&mut self) {
        self.arrivals = self.arrivals.saturating_add(1).min(ARRIVALS_AT_MOST + 1);
    }

    /// Whether a line that broke is waited for. One that comes and goes would hold the try for ever.
    pub fn is_waited_for(&self) -> bool {
        self.arrivals <= ARRIVALS_AT_MOST
    }
}

/// A lift, a garage, a handover between two cells: then another rep is the better choice.
const ARRIVALS_AT_MOST: u8 = 3;

/// How far a try is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// The carrier was asked to ring.
    Dialling {
        /// When we give up waiting for it to ring.
        until: CallTime,
    },
    /// The rep's phone rings.
    Ringing {
        /// When it has rung long enough.
        until: CallTime,
    },
    /// Somebody or something answered and hears the question.
    Asking {
        /// When no key is awaited any longer.
        until: CallTime,
    },
    /// The rep said yes by an act of theirs.
    Accepted {
        /// Their frames arrive.
        flows: bool,
        /// The store holds the claim.
        committed: bool,
    },
}

impl Phase {
    /// When this phase has lasted long enough, if it has a limit of its own.
    pub fn until(&self) -> Option<CallTime> {
        match self {
            Self::Dialling { until } | Self::Ringing { until } | Self::Asking { until } => Some(*until),
            Self::Accepted { .. } => None,
        }
    }

    /// Whether there is a line to somebody on which words could be heard.
    pub fn answered(&self) -> bool {
        match self {
            Self::Dialling { .. } | Self::Ringing { .. } => false,
            Self::Asking { .. } | Self::Accepted { .. } => true,
        }
    }
}

/// How a try ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// The rep pressed the key that passes.
    Passed,
    /// It rang and nobody answered.
    NoAnswer,
    /// The line was busy.
    Busy,
    /// Something answered, and no person showed themselves (a voicemail, say).
    NotVerified,
    /// The carrier could not reach the number.
    Unreachable,
    /// The carrier refused or failed to ring.
    CarrierFault,
    /// The rep said yes, but their sound or the claim never arrived.
    NeverJoined,
    /// The rep said yes and left before the introduction was over.
    LeftBefore,
    /// The rep was with the prospect and left.
    LeftAfter,
    /// The handoff ended or was called off while this try went on.
    Withdrawn,
    /// Another had the claim first.
    LostTheRace,
    /// The rep had the prospect until the prospect left.
    Served,
}

impl End {
    /// The end in one word, as the record keeps it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::NoAnswer => "no-answer",
            Self::Busy => "busy",
            Self::NotVerified => "not-verified",
            Self::Unreachable => "unreachable",
            Self::CarrierFault => "carrier-fault",
            Self::NeverJoined => "never-joined",
            Self::LeftBefore => "left-before",
            Self::LeftAfter => "left-after",
            Self::Withdrawn => "withdrawn",
            Self::LostTheRace => "lost-the-race",
            Self::Served => "served",
        }
    }
}
