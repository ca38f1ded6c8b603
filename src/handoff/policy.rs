//! How long each stage of a handoff may take.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The time limits of a handoff, as the operator set them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Policy {
    /// Who offers the prospect a person.
    pub proposes: Proposer,
    /// How long the prospect has to answer that, from its end.
    pub propose: Duration,
    /// How long an offer that does not press waits for the assistant to have its say.
    pub pause: Duration,
    /// Finding a free rep.
    pub seek: Duration,
    /// Ringing one rep, from the carrier's word that it rings.
    pub ring: Duration,
    /// Pressing the key, from the end of the question.
    pub accept: Duration,
    /// The rep's sound and the claim arriving after the key.
    pub join: Duration,
    /// The whisper.
    pub brief: Duration,
    /// How long the assistant may go on speaking once the rep is ready.
    pub patience: Duration,
    /// The introduction.
    pub introduction: Duration,
    /// The rep's broken line coming back once they are with the prospect.
    pub rejoin: Duration,
    /// How long new reps are rung.
    pub search: Duration,
}

/// Who offers the prospect a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proposer {
    /// The house voice, in the same words each time: whatever the assistant is.
    House,
    /// The assistant, which is told what to say and must follow the call for that.
    Assistant,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            proposes: Proposer::House,
            propose: Duration::from_secs(12),
            pause: Duration::from_secs(8),
            seek: Duration::from_secs(2),
            ring: Duration::from_secs(18),
            accept: Duration::from_secs(10),
            join: Duration::from_secs(8),
            brief: Duration::from_secs(10),
            patience: Duration::from_millis(1_500),
            introduction: Duration::from_secs(12),
            rejoin: Duration::from_secs(15),
            search: Duration::from_secs(45),
        }
    }
}
