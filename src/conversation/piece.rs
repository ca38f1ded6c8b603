//! What one source heard of what somebody said: the raw material of turns.

use serde::{Deserialize, Serialize};

use crate::conversation::turn::{Source, Speaker, Wording};
use crate::time::CallTime;

/// What one source heard of what somebody said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// Who heard it.
    pub source: Source,
    /// The source's own name for this stretch of speech: a later piece of that name takes its place.
    pub name: String,
    /// Who spoke.
    pub by: Speaker,
    /// Their first word.
    pub from: CallTime,
    /// Their last word.
    pub until: CallTime,
    /// What they said.
    pub words: String,
    /// How sure the source is, in hundredths.
    pub confidence: Option<u8>,
    /// Whether the words may still change.
    pub wording: Wording,
}
