//! What is known of a call before anybody has said a word: who dialled, and what the account says.

use serde::{Deserialize, Serialize};

/// What is known of a call before anybody has said a word.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Context {
    /// Who dialled.
    pub direction: Direction,
    /// What the operator knows of the prospect.
    pub account: Account,
    /// The language of the talk as `en` or `de-CH`; empty: as the operator set it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub language: String,
}

/// Who dialled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// The prospect.
    #[default]
    Inbound,
    /// Somebody of ours.
    Outbound,
}

/// What the operator knows of a prospect. Each: empty where nothing is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Account {
    /// What kind of account it is, in the operator's words: `enterprise`, `vip`, `trial`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub tier: String,
    /// How many people there would use it, or do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seats: Option<u32>,
    /// Whether somebody of ours looks after it already.
    pub owner: bool,
    /// Whether they are a customer already.
    pub customer: bool,
    /// What they are called for.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub campaign: String,
    /// Why they are called, or why they matter.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// What was tried before to reach them, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub outreach: Vec<String>,
    /// By what right they are called: `existing-customer`, `opt-in`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub permission: String,
}
