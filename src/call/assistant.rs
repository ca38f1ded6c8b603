//! How the assistant of a call is doing: dialled, there, silent for too long, broken and dialled again, finished.

#![warn(clippy::wildcard_enum_match_arm)]

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::time::CallTime;

/// What can be wrong with an assistant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AssistantFault {
    /// It could not be reached in time.
    Unreachable,
    /// It answered the dial with something else than a websocket.
    Refused,
    /// Its line broke without a close.
    BrokeOff,
    /// It closed and said that something was wrong on its side.
    ClosedInError,
    /// It does not take our sound off the line.
    Slow,
    /// It sent more sound than anybody could listen to.
    Flooded,
    /// It sent messages that nobody can read.
    Rubbish,
    /// It does not answer a ping.
    NoPong,
    /// It said nothing for too long after the prospect's turn.
    Mute,
}

/// The time limits of an assistant, as the operator set them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssistantTerms {
    /// The pause before the first redial; doubles each time.
    pub redial_first: Duration,
    /// The longest pause between two redials.
    pub redial_most: Duration,
    /// How long a broken assistant is dialled again before the prospect goes to the fallback.
    pub give_up: Duration,
    /// How long it may say nothing after the prospect's turn before the prospect hears hold.
    pub mute: Duration,
    /// How long it may say nothing before it counts as broken.
    pub mute_limit: Duration,
    /// How long it is kept once the bridge carries.
    pub keep_after_bridge: Duration,
}

impl Default for AssistantTerms {
    fn default() -> Self {
        Self {
            redial_first: Duration::from_millis(250),
            redial_most: Duration::from_secs(4),
            give_up: Duration::from_secs(20),
            mute: Duration::from_secs(6),
            mute_limit: Duration::from_secs(12),
            keep_after_bridge: Duration::from_secs(20),
        }
    }
}

/// How the assistant is doing.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum Assistant {
    /// Not dialled: the prospect is not there yet.
    NotYet,
    /// Being dialled.
    Dialling {
        /// When it broke, if this is a redial.
        broken_since: Option<CallTime>,
        /// How often it was dialled since then.
        tries: u32,
    },
    /// Broken; the next dial waits.
    Waiting {
        /// When to dial.
        until: CallTime,
        /// When it broke.
        broken_since: CallTime,
        /// How often it was dialled since then.
        tries: u32,
    },
    /// There.
    Here {
        /// Since when the prospect has waited for it to say something.
        owes_since: Option<CallTime>,
        /// Whether that is long enough to count as hung.
        hung: bool,
        /// Since when it is there.
        here_since: CallTime,
        /// When it broke before, and how often it was dialled since: forgotten once it has stayed for a while.
        trouble: Option<(CallTime, u32)>,
    },
    /// Not needed: a rep has the prospect. It may still be connected until then.
    Parked {
        /// When it is let go.
        until: CallTime,
    },
    /// It was let go for a rep and can be dialled again.
    Released,
    /// It closed cleanly, or said that it was done.
    Finished,
    /// It was dialled in vain for too long.
    GivenUp,
}

impl Assistant {
    /// It has just come, after this much trouble.
    pub(crate) fn here(at: CallTime, trouble: Option<(CallTime, u32)>) -> Self {
        // Whether it greets or waits for the prospect to speak is its own affair: it owes nothing yet.
        Self::Here { owes_since: None, hung: false, here_since: at, trouble }
    }

    /// Whether the prospect can hear it.
    pub(crate) fn audible(&self) -> bool {
        match self {
            Self::Here { hung, .. } => !hung,
            Self::Parked { .. } => true,
            Self::NotYet
            | Self::Dialling { .. }
            | Self::Waiting { .. }
            | Self::Released
            | Self::Finished
            | Self::GivenUp => false,
        }
    }

    /// Whether its line is up or coming up.
    pub(crate) fn has_line(&self) -> bool {
        match self {
            Self::Dialling { .. } | Self::Here { .. } | Self::Parked { .. } => true,
            Self::NotYet | Self::Waiting { .. } | Self::Released | Self::Finished | Self::GivenUp => false,
        }
    }

    /// When something is due.
    pub(crate) fn deadline(&self, terms: &AssistantTerms) -> Option<CallTime> {
        match self {
            Self::Waiting { until, .. } | Self::Parked { until } => Some(*until),
            Self::Here { owes_since: Some(since), hung, .. } => {
                Some(*since + if *hung { terms.mute_limit } else { terms.mute })
            }
            Self::NotYet
            | Self::Dialling { .. }
            | Self::Here { owes_since: None, .. }
            | Self::Released
            | Self::Finished
            | Self::GivenUp => None,
        }
    }

    /// It broke: when to dial it again, or that it is given up.
    pub(crate) fn broke(&self, at: CallTime, terms: &AssistantTerms) -> Self {
        let (broken_since, tries) = match self {
            Self::Dialling { broken_since, tries } => (broken_since.unwrap_or(at), *tries),
            Self::Waiting { broken_since, tries, .. } => (*broken_since, *tries),
            // One that breaks as soon as it is there has not come back.
            Self::Here { here_since, trouble: Some(trouble), .. } if at.since(*here_since) < SETTLED => {
                *trouble
            }
            Self::NotYet
            | Self::Here { .. }
            | Self::Parked { .. }
            | Self::Released
            | Self::Finished
            | Self::GivenUp => (at, 0),
        };
        let pause = (terms.redial_first * 2_u32.saturating_pow(tries.min(16))).min(terms.redial_most);
        if at.since(broken_since) + pause > terms.give_up {
            return Self::GivenUp;
        }
        Self::Waiting { until: at + pause, broken_since, tries }
    }
}

/// An assistant that has stayed this long has come back for good.
const SETTLED: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_assistant_that_breaks_as_soon_as_it_is_there_is_given_up_all_the_same() {
        let terms = AssistantTerms::default();
        let mut at = CallTime::ZERO;
        let mut assistant = Assistant::here(at, None);
        for times in 0.. {
            assistant = assistant.broke(at, &terms);
            let Assistant::Waiting { until, broken_since, tries } = assistant else {
                assert!((8..12).contains(&times), "given up after {times} times");
                return;
            };
            at = until;
            assistant = Assistant::here(at, Some((broken_since, tries + 1)));
        }
    }

    #[test]
    fn a_broken_assistant_is_dialled_again_with_longer_pauses_until_it_is_given_up() {
        let terms = AssistantTerms::default();
        let mut at = CallTime::ZERO;
        let mut assistant = Assistant::here(at, None);
        let mut pauses = Vec::new();
        loop {
            assistant = assistant.broke(at, &terms);
            let Assistant::Waiting { until, broken_since, tries } = assistant else { break };
            pauses.push(until.since(at).as_millis());
            at = until;
            assistant = Assistant::Dialling { broken_since: Some(broken_since), tries: tries + 1 };
        }
        assert_eq!(pauses, [250, 500, 1_000, 2_000, 4_000, 4_000, 4_000, 4_000]);
        assert_eq!(assistant, Assistant::GivenUp);
    }
}
