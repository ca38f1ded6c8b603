//! One thing that is known of the prospect, and what it stands on.

use serde::{Deserialize, Serialize};

use crate::conversation::turn::FactName;

/// One thing that is known of the prospect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// What it is.
    pub name: FactName,
    /// Its value.
    pub value: String,
    /// How well it is known.
    pub standing: Standing,
    /// The turn that it stands on; none where the assistant or the account said it.
    pub turn: Option<u32>,
}

/// How well a fact is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// They said so themselves, or agreed when it was said to them.
    Confirmed,
    /// It follows from what was said.
    Inferred,
}
