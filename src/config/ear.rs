//! The section about listening: how speech is told from noise, and whether the prospect's mood is read.

use serde::{Deserialize, Serialize};

use crate::time::Span;

/// How Baton listens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ear {
    /// What tells speech from everything else.
    pub voice: VoiceBy,
    /// Silence after which a turn may be over.
    pub turn_over: Span,
    /// Whether the prospect's mood is read.
    pub mood: bool,
    /// What the carrier says to the prospect before their sound is connected, where the law asks for it; empty: nothing.
    pub announcement: String,
}

/// What tells speech from everything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VoiceBy {
    /// The ear: a small network, and what it knows of tones, noise and echo.
    Ear,
    /// Loudness alone: cheap, and fooled by every noise.
    Level,
}

impl Default for Ear {
    fn default() -> Self {
        Self { voice: VoiceBy::Ear, turn_over: Span::millis(700), mood: false, announcement: String::new() }
    }
}
