//! The sections about putting a person into a call: how long each stage may take, and who may be asked.

use serde::{Deserialize, Serialize};

use crate::time::Span;

/// How a person is put into a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Handoff {
    /// The prospect's key that asks for a person; empty: none does.
    pub key: String,
    /// Who offers the prospect a person, where one is not asked for.
    pub proposes: ProposesWord,
    /// How long the prospect has to answer that, from its end.
    pub propose: Span,
    /// How long an offer that does not press waits for the assistant to have its say.
    pub pause: Span,
    /// Finding a free rep.
    pub seek: Span,
    /// Ringing one rep.
    pub ring: Span,
    /// Pressing the key, from the end of the question.
    pub accept: Span,
    /// The rep's sound arriving after the key.
    pub join: Span,
    /// The whisper.
    pub brief: Span,
    /// How long the assistant may go on speaking once the rep is ready.
    pub patience: Span,
    /// The introduction.
    pub introduction: Span,
    /// Speech of this length ends the introduction.
    pub speech_over_introduction: Span,
    /// The rep's broken line coming back once they are with the prospect.
    pub rejoin: Span,
    /// How long new reps are rung.
    pub search: Span,
    /// How long a prospect whose stream broke is waited for.
    pub away: Span,
    /// How long prospect or rep are alone on the bridge before they are told that the other's line broke.
    pub alone: Span,
}

impl Default for Handoff {
    fn default() -> Self {
        Self {
            key: "0".to_owned(),
            proposes: ProposesWord::House,
            propose: Span::secs(12),
            pause: Span::secs(8),
            seek: Span::secs(2),
            ring: Span::secs(18),
            accept: Span::secs(10),
            join: Span::secs(8),
            brief: Span::secs(10),
            patience: Span::millis(1_500),
            introduction: Span::secs(12),
            speech_over_introduction: Span::millis(500),
            rejoin: Span::secs(15),
            search: Span::secs(45),
            away: Span::secs(15),
            alone: Span::secs(1),
        }
    }
}

/// Who offers the prospect a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProposesWord {
    /// The house voice.
    House,
    /// The assistant, in its own words.
    Assistant,
}

/// Somebody who may take over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rep {
    /// Their name in records and logs: lower-case letters, digits and dashes.
    pub name: String,
    /// Their phone, `+1…`.
    pub phone: String,
}
