//! What is known of a call before its first word: who rang whom, in which language, and what the account is worth.

use serde::{Deserialize, Serialize};

/// What is known of a call before its first word.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Context {
    /// Who rang whom.
    pub direction: Direction,
    /// What is known of the prospect's account.
    pub account: Account,
    /// The language of the talk, as in `en` or `de-AT`; empty: English.
    pub language: String,
}

/// Who rang whom.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// They rang us.
    #[default]
    Inbound,
    /// We rang them.
    Outbound,
}

/// What is known of the prospect's account; whatever is not known is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Account {
    /// The operator's name for how important it is: `enterprise`, `standard`.
    pub tier: String,
    /// How many people there would use it.
    pub seats: Option<u32>,
    /// Whether somebody here looks after it already.
    pub owner: bool,
    /// Whether they buy from us already.
    pub customer: bool,
    /// The campaign that this call belongs to.
    pub campaign: String,
    /// Why they are called.
    pub reason: String,
}
