//! What a handoff wants done.

use serde::{Deserialize, Serialize};

use crate::handoff::attempt::End;
use crate::handoff::outcome::Outcome;
use crate::id::{AttemptId, RepId};

/// Do this.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Reserve the first free rep of these for this try.
    Reserve {
        /// Which try.
        attempt: AttemptId,
        /// Who was not asked yet, in order.
        among: Vec<RepId>,
    },
    /// Ring this rep.
    Ring {
        /// Which try.
        attempt: AttemptId,
        /// Whom.
        rep: RepId,
    },
    /// Say this to the rep of this try.
    TellRep {
        /// Which try.
        attempt: AttemptId,
        /// What.
        phrase: Phrase,
    },
    /// Say this to the prospect.
    TellProspect(Phrase),
    /// Make the rep's reservation a claim.
    Commit(AttemptId),
    /// This try is over: free the rep, end their line (after a word of why, if they can hear it), write it down.
    EndAttempt {
        /// Which try.
        attempt: AttemptId,
        /// How it ended.
        end: End,
        /// What the rep is told before the line ends.
        last_words: Option<Phrase>,
    },
    /// The handoff came to rest.
    ComeToRest(Outcome),
}

/// Something that the house voice can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phrase {
    /// To the prospect: would they like a person?
    Proposal,
    /// To whoever answered: press 1 to take it, 2 to pass; nothing about the prospect.
    Offer,
    /// To whoever answered and pressed something else.
    NotUnderstood,
    /// To the rep who said yes: what this is about.
    Whisper,
    /// To both: here is the other.
    Introduction,
    /// To the prospect: the rep's line dropped.
    RepLeft,
    /// To whoever of the two is still there: the other's line broke and is coming back.
    OneMoment,
    /// To the rep: the prospect hung up.
    ProspectLeft,
    /// To a rep who answered or said yes too late.
    TooLate,
    /// To a rep whose call was called off.
    Withdrawn,
}

impl Phrase {
    /// Every phrase there is.
    pub const ALL: [Self; 10] = [
        Self::Proposal,
        Self::Offer,
        Self::NotUnderstood,
        Self::Whisper,
        Self::Introduction,
        Self::RepLeft,
        Self::OneMoment,
        Self::ProspectLeft,
        Self::TooLate,
        Self::Withdrawn,
    ];

    /// Its name, which is also the name of its clip.
    pub fn name(self) -> &'static str {
        match self {
            Self::Proposal => "proposal",
            Self::Offer => "offer",
            Self::NotUnderstood => "not_understood",
            Self::Whisper => "whisper",
            Self::Introduction => "introduction",
            Self::RepLeft => "rep_left",
            Self::OneMoment => "one_moment",
            Self::ProspectLeft => "prospect_left",
            Self::TooLate => "too_late",
            Self::Withdrawn => "withdrawn",
        }
    }
}
