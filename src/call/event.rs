//! Everything that can happen to a call, in one list.

use serde::{Deserialize, Serialize};

use crate::call::assistant::AssistantFault;
use crate::call::call::Terms;
use crate::conversation::{Fact, Note, Shape, Signal, Turn};
use crate::escalation::{Answer, Reason, Urgency};
use crate::handoff::{End, Pace, Phrase};
use crate::id::{AttemptId, LegId, RepId};

/// Something happened to a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// The call began, on these terms.
    Began(Box<Terms>),
    /// The prospect's sound is connected.
    ProspectArrived,
    /// The prospect's stream broke; the carrier may still have them on the line.
    ProspectStreamBroke,
    /// The prospect's stream broke so often that another would not hold either.
    ProspectGivenUp,
    /// The prospect hung up, or the carrier says that their call is over.
    ProspectLeft,
    /// The stream that we closed ourselves is closed.
    ProspectStreamClosed,
    /// The assistant answered.
    AssistantConnected,
    /// The assistant could not be reached, or its line is of no use any more.
    AssistantBroke(AssistantFault),
    /// The assistant has finished: a clean close, or its own hang-up order.
    AssistantFinished,
    /// Somebody asked for a person.
    PersonAsked(Asker),
    /// Somebody wants the prospect to be asked whether they would like a person.
    PersonProposed {
        /// Who.
        by: Asker,
        /// How much that presses.
        pace: Pace,
    },
    /// Why the next [`Event::PersonAsked`] asks, where the asker says so.
    WhyAsked(Box<WhyAsked>),
    /// Somebody took that back.
    PersonNotNeeded,
    /// The assistant offered a person, and the prospect answered so.
    ProposalAnswered(Answer),
    /// A key was pressed on this leg.
    KeyPressed {
        /// Which leg.
        leg: LegId,
        /// The key.
        key: char,
    },
    /// The store reserved this rep for this try.
    RepReserved {
        /// Which try.
        attempt: AttemptId,
        /// Whom.
        rep: RepId,
    },
    /// The store has nobody free for this try.
    NobodyFree(AttemptId),
    /// The store holds the claim of this try.
    ClaimCommitted(AttemptId),
    /// The store gave the claim of this try to another, or could not be asked.
    ClaimLost(AttemptId),
    /// The carrier says that this rep's phone rings.
    RepRang(AttemptId),
    /// This rep's sound is connected.
    RepArrived(AttemptId),
    /// This rep's stream broke; the carrier may still have them on the phone.
    RepStreamBroke(AttemptId),
    /// This rep's line ended, or never came about.
    RepLeft {
        /// Which try.
        attempt: AttemptId,
        /// What the carrier said of it.
        why: End,
    },
    /// This phrase was played on this leg.
    Played {
        /// Which leg.
        leg: LegId,
        /// What.
        phrase: Phrase,
    },
    /// Frames of this leg reached somebody under this hearing (counted as they are set, in 16 bits).
    Flowed {
        /// Which leg.
        leg: LegId,
        /// Under which hearing.
        hearing: u32,
    },
    /// The ear heard something on this leg.
    Heard {
        /// Which leg.
        leg: LegId,
        /// What.
        what: Heard,
    },
    /// A turn of the talk is over: whose, and what it was like.
    TurnHeard(TurnHeard),
    /// How the prospect is, by their voice and by how the talk goes; told when it has changed.
    MoodHeard(MoodHeard),
    /// Somebody said this, as far as it is known by now, and it tells that.
    Said(Box<Said>),
    /// The assistant noted something beside the words, and it tells that.
    Noted(Box<Noted>),
    /// The process was killed and started again, and takes the call up from its timeline: every line is broken, and what
    /// was wanted last may never have been done.
    CameBack,
    /// A deadline may have passed.
    Ticked,
    /// Baton stops and can wait for this call no longer.
    ShuttingDown,
}

/// What the ear heard on a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Heard {
    /// Somebody began to speak.
    TurnBegan,
    /// They have spoken long enough to have the floor.
    TookTheFloor,
    /// They stopped. For the assistant: the gap after its speech, as played to the prospect.
    TurnEnded,
}

/// A turn of the talk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TurnHeard {
    /// Whose: the prospect's, or whoever's they talk with.
    pub leg: LegId,
    /// From their first word to their last, in milliseconds.
    pub lasted_millis: u32,
    /// How long ago their last word was when this was certain, in milliseconds.
    pub ended_ago_millis: u32,
    /// From the other's last word to their first, in milliseconds; negative when both spoke; none: it answers nothing.
    pub latency_millis: Option<i32>,
    /// Pauses inside.
    pub pauses: u32,
    /// How loud they spoke, in dB below full scale: the prospect as they came in, the other as they were played to them.
    pub level_dbfs: Option<i8>,
    /// Whether they took it while the other spoke.
    pub barged_in: bool,
}

/// How the prospect is. Each: none where there is no evidence yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MoodHeard {
    /// Excited or calm, by the voice alone.
    pub activation: Option<Felt>,
    /// Of low confidence by design: a voice hardly tells anger from joy.
    pub frustration: Option<Felt>,
    /// Of low confidence by design.
    pub interest: Option<Felt>,
    /// By the talk's timing and the pace of the voice.
    pub hesitation: Option<Felt>,
}

/// A value and how far it is to be believed, both in hundredths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Felt {
    /// 0 to 100.
    pub value: u8,
    /// 0 to 100.
    pub confidence: u8,
    /// It has been high for two seconds, and not yet low for two.
    pub acting: bool,
}

/// What somebody said, and what it tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// The turn; one of a number that was told before takes that one's place.
    pub turn: Turn,
    /// What it tells.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signals: Vec<Signal>,
    /// What is known of the prospect by it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub facts: Vec<Fact>,
    /// How the talk stands after it.
    #[serde(default)]
    pub shape: Shape,
}

/// What the assistant noted, and what it tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Noted {
    /// What it noted.
    pub note: Note,
    /// What that tells.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signals: Vec<Signal>,
}

/// Who asked for a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Asker {
    /// The prospect, by key.
    ProspectKey,
    /// The assistant or an operator, over the control API.
    Api,
}

/// Why a person is asked for, in the asker's words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhyAsked {
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// How soon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub urgency: Option<Urgency>,
    /// What the rep should know; empty where nothing is said.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}
