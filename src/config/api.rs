//! The section about the control API: who is told what becomes of calls, and how long announcements are kept.

use serde::{Deserialize, Serialize};

use crate::config::secret::Secret;
use crate::time::Span;

/// The control API.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Api {
    /// Where decisions, the handoff's stages and the ends of calls are posted; empty: nowhere.
    pub webhook_url: String,
    /// What those posts are signed with, as Standard Webhooks writes it: `whsec_` and base64.
    pub webhook_secret: Secret,
    /// How long an outbound call that was announced is waited for.
    pub announced: Span,
}

impl Default for Api {
    fn default() -> Self {
        Self { webhook_url: String::new(), webhook_secret: Secret::default(), announced: Span::secs(3_600) }
    }
}
