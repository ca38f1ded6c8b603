//! The section about the AI voice that has the prospect first.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::config::secret::Secret;
use crate::time::Span;

/// The AI voice that has the prospect first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Assistant {
    /// Its stream, `wss://…`; or else:
    pub stream_url: String,
    /// its own voice webhook, `https://…`, which says where its stream is.
    pub webhook_url: String,
    /// How long the webhook may take.
    pub webhook_within: Span,
    /// Signs what we send to it, and is the password with which it may hang up.
    pub auth_token: Secret,
    /// The account that it is told; empty: the carrier's.
    pub account_sid: String,
    /// What is added to the start of its stream.
    pub parameters: BTreeMap<String, String>,
    /// How long connecting may take.
    pub connect: Span,
    /// The pause before the first redial; doubles each time.
    pub redial_first: Span,
    /// The longest pause between two redials.
    pub redial_most: Span,
    /// How long a broken assistant is dialled again before the prospect goes to the fallback.
    pub give_up: Span,
    /// How long it may say nothing after the prospect's turn before the prospect hears hold.
    pub mute: Span,
    /// How long it may say nothing before it counts as broken.
    pub mute_limit: Span,
    /// How often a silent line is pinged.
    pub ping_every: Span,
    /// How long it has to answer a ping.
    pub ping_answer: Span,
    /// How long it may leave our sound on the line.
    pub slow: Span,
    /// The longest message that is read, in bytes.
    pub message_limit: usize,
    /// How much of its speech may be queued at the carrier.
    pub ahead_at_carrier: Span,
    /// How much more of it Baton holds before it throws the rest away.
    pub ahead_here: Span,
    /// A gap of this length in its speech is a place to cut.
    pub gap: Span,
    /// So many unreadable messages are too many.
    pub rubbish: u32,
    /// How long it is kept once prospect and rep talk.
    pub keep_after_bridge: Span,
}

impl Default for Assistant {
    fn default() -> Self {
        Self {
            stream_url: String::new(),
            webhook_url: String::new(),
            webhook_within: Span::secs(8),
            auth_token: Secret::default(),
            account_sid: String::new(),
            parameters: BTreeMap::new(),
            connect: Span::secs(5),
            redial_first: Span::millis(250),
            redial_most: Span::secs(4),
            give_up: Span::secs(20),
            mute: Span::secs(6),
            mute_limit: Span::secs(12),
            ping_every: Span::secs(5),
            ping_answer: Span::secs(5),
            slow: Span::secs(5),
            message_limit: 1_048_576,
            ahead_at_carrier: Span::secs(240),
            ahead_here: Span::secs(60),
            gap: Span::millis(200),
            rubbish: 50,
            keep_after_bridge: Span::secs(20),
        }
    }
}
