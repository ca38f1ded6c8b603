//! What is known before the first word.

use serde::{Deserialize, Serialize};

/// What is known before the first word.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Context {
    /// Who rang whom.
    pub direction: Direction,
    /// The account, as far as it is known.
    pub account: Account,
    /// The language of the talk.
    pub language: String,
}

/// Who rang whom.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// They rang us.
    #[default]
    Inbound,
    /// We rang them.
    Outbound,
}

/// An account, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Account {
    /// What kind of customer they are: `enterprise`, `vip`.
    pub tier: String,
    /// How many people there use it.
    pub seats: Option<u32>,
    /// Whether somebody here looks after them.
    pub owner: bool,
    /// The campaign that brought the call about.
    pub campaign: String,
    /// Why they are rung.
    pub reason: String,
}
