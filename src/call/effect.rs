//! Everything that a call can want done, in one list. Whoever performs them never asks back.

use serde::{Deserialize, Serialize};

use crate::call::assistant::AssistantFault;
use crate::escalation::Decision;
use crate::handoff::{End, Hearing, Outcome, Phrase};
use crate::id::{AttemptId, LegId, RepId};
use crate::time::CallTime;

/// Do this.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Dial the assistant; from the second time on it is told that it was on this call before.
    DialAssistant {
        /// Which time, from 1.
        time: u32,
    },
    /// Close the assistant's line: it has finished, is not needed, or is of no use.
    CloseAssistant {
        /// What was wrong with it, if anything.
        fault: Option<AssistantFault>,
    },
    /// Pass the prospect's key on to the assistant.
    PassKey(char),
    /// From now on, who hears whom is this. The number counts hearings, so that nothing from before can pass.
    Hear {
        /// Counted from 1.
        number: u32,
        /// Who hears whom.
        hearing: Hearing,
        /// Clear what the prospect's carrier still has queued.
        cut: bool,
    },
    /// The house voice says this on this leg.
    Say {
        /// Which leg.
        leg: LegId,
        /// What.
        phrase: Phrase,
    },
    /// A person should be involved: whoever watches is told why, and the assistant what it may say.
    Decide(Box<Decided>),
    /// Reserve the first free rep of these.
    Reserve {
        /// For which try.
        attempt: AttemptId,
        /// Among whom, in order.
        among: Vec<RepId>,
    },
    /// Write down that this rep is about to be rung, then ring them.
    Ring {
        /// Which try.
        attempt: AttemptId,
        /// Whom.
        rep: RepId,
    },
    /// Make the reservation a claim.
    Commit(AttemptId),
    /// This try is over: say the last words on its leg if there is one, end its line, free the rep, write it down.
    EndAttempt {
        /// Which try.
        attempt: AttemptId,
        /// How it ended.
        end: End,
        /// What is said before the line ends.
        last_words: Option<Phrase>,
    },
    /// A rep arrived whom nobody waits for any longer: say why and end their line.
    Dismiss {
        /// Which try.
        attempt: AttemptId,
        /// What is said before the line ends.
        last_words: Phrase,
    },
    /// A handoff came to rest: write it down.
    FileHandoff {
        /// Counted within the call from 1.
        number: u32,
        /// How it came to rest.
        outcome: Outcome,
        /// When it began.
        began: CallTime,
    },
    /// Close the prospect's stream once what was said has been played; the carrier then does this.
    LetGo(Next),
    /// The call is over: write it down.
    Close(CallEnd),
}

/// A decision, and the words that go with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decided {
    /// The decision.
    pub decision: Decision,
    /// How the assistant may offer a person; empty where there is nothing to offer.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub words: String,
    /// What is done about it; none in timelines of before this was written down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Follows>,
}

/// What is done about a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Follows {
    /// A rep is sought at once: who asks for a person is not asked back.
    RepSought,
    /// The prospect is offered a person.
    Offered,
    /// Nothing: no rep is there who could come, so nobody is offered.
    NobodyCouldCome,
    /// Nothing: the prospect's line is broken at this moment.
    ProspectIsAway,
    /// Nothing new: a handoff goes on already.
    HandoffGoesOn,
    /// The assistant is to ask what is open.
    AssistantAsks,
    /// Nothing in this call: somebody comes back to it later.
    FollowedUp,
}

/// What the carrier does with the prospect once our stream is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Next {
    /// What the assistant's own document says after its stream; hang up where it says nothing.
    AssistantDocument,
    /// Dial the fallback number, or say the fallback words where there is none.
    Fallback,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CallEnd {
    /// The prospect hung up.
    ProspectLeft,
    /// The assistant finished, and its document went on.
    AssistantFinished,
    /// Nobody of ours could carry the call: the prospect was sent to the fallback.
    FellBack,
    /// The prospect's sound never came, or never came back.
    NeverCame,
    /// Baton stopped: the prospect was sent to the fallback.
    ShutDown,
}

impl CallEnd {
    /// The end in one word, as the record keeps it.
    pub fn word(self) -> &'static str {
        match self {
            Self::ProspectLeft => "prospect-left",
            Self::AssistantFinished => "assistant-finished",
            Self::FellBack => "fell-back",
            Self::NeverCame => "never-came",
            Self::ShutDown => "shut-down",
        }
    }
}
