//! What an operator may set. `deploy/baton.toml` is the reference of every key.

pub mod api;
pub mod assistant;
pub mod carrier;
pub mod check;
mod check_words;
pub mod ear;
pub mod handoff;
pub mod load;
pub mod secret;
pub mod server;
pub mod words;

use serde::{Deserialize, Serialize};

use crate::escalation::Policy;
pub use crate::time::Span;
pub use api::Api;
pub use assistant::Assistant;
pub use carrier::{Carrier, Twilio};
pub use ear::{Ear, VoiceBy};
pub use handoff::{Handoff, ProposesWord, Rep};
pub use load::{ConfigError, Loaded, load};
pub use secret::Secret;
pub use server::{Fallback, Log, LogFormat, Server, Store, Voice};
pub use words::{ClipWords, DeepgramWords, Llm, Words};

/// Everything that can be set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where Baton listens, and for whom.
    pub server: Server,
    /// What must survive the process.
    pub store: Store,
    /// The telephone network.
    pub carrier: Carrier,
    /// The AI voice that has the prospect first.
    pub assistant: Assistant,
    /// The control API.
    pub api: Api,
    /// How Baton listens.
    pub ear: Ear,
    /// When a person should be involved.
    pub escalation: Policy,
    /// Where the words of a call come from.
    pub words: Words,
    /// How a person is put into a call.
    pub handoff: Handoff,
    /// Who may take over, in the order in which they are asked.
    pub reps: Vec<Rep>,
    /// Where prospects go whom nobody here can carry.
    pub fallback: Fallback,
    /// Baton's own voice.
    pub voice: Voice,
    /// What is written about running it.
    pub log: Log,
}
