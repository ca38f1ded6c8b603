//! Everything that can happen to a handoff. Facts about a try carry its number: late and doubled ones change nothing.

use serde::{Deserialize, Serialize};

use crate::handoff::attempt::End;
use crate::id::{AttemptId, RepId};

/// Something happened.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Input {
    /// This rep is reserved for this try.
    RepReserved {
        /// Which try.
        attempt: AttemptId,
        /// Whom.
        rep: RepId,
    },
    /// No rep can be asked for this try.
    NobodyFree(AttemptId),
    /// The question whether they would like a person was played to the prospect.
    Proposed,
    /// The prospect's broken line is back while they are asked.
    ProspectBack,
    /// The prospect would like a person.
    Agreed,
    /// The prospect would not.
    Refused,
    /// The prospect said something else, or it is known that they will not answer.
    NotAnswered,
    /// The carrier says that the phone rings.
    Rang(AttemptId),
    /// The rep's line is connected: somebody or something answered.
    Answered(AttemptId),
    /// The question was played to whoever answered.
    Asked(AttemptId),
    /// The rep said yes.
    Accepted(AttemptId),
    /// The rep said no.
    Passed(AttemptId),
    /// Frames of the rep arrive.
    RepFlows(AttemptId),
    /// The store holds the claim.
    Committed(AttemptId),
    /// The store gave the claim to another, or could not be asked.
    CommitLost(AttemptId),
    /// The whisper was played, or the rep skipped it.
    Briefed(AttemptId),
    /// The rep's line ended, or never came about.
    RepGone {
        /// Which try.
        attempt: AttemptId,
        /// What the carrier said of it.
        why: End,
    },
    /// The rep's line broke; the carrier may still have them on the phone.
    RepAway(AttemptId),
    /// Every line of the call broke at once, and orders may have been lost: the process was killed and started again.
    CameBack,
    /// The assistant has come to a gap.
    AssistantPaused,
    /// The introduction was played to the prospect.
    ProspectIntroduced,
    /// The introduction was played to the rep.
    RepIntroduced(AttemptId),
    /// Prospect or rep spoke long enough to have taken the floor.
    SpokeUp,
    /// The line about the lost rep was played to the prospect.
    ProspectTold,
    /// The prospect left.
    ProspectGone,
    /// Somebody changed their mind.
    CalledOff,
    /// Baton stops, and the prospect goes to the fallback.
    ShuttingDown,
}
