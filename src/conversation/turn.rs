//! One party's uninterrupted speech in words, and what the assistant notes about the talk beside them.

use serde::{Deserialize, Serialize};

use crate::time::CallTime;

/// One party's uninterrupted speech in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// Counted within the call from 1; a turn that becomes better known keeps its number.
    pub number: u32,
    /// Who spoke.
    pub by: Speaker,
    /// Their first word.
    pub from: CallTime,
    /// Their last word, as far as it is known.
    pub until: CallTime,
    /// What they said.
    pub words: String,
    /// How sure the recogniser was, in hundredths.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<u8>,
    /// Whether these words may still change.
    pub wording: Wording,
    /// Who heard it.
    pub source: Source,
}

/// Who spoke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Speaker {
    /// The prospect.
    Prospect,
    /// The assistant.
    Assistant,
    /// The rep who took over.
    Rep,
}

impl Speaker {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Prospect, Self::Assistant, Self::Rep];

    /// In one word, as files and pages show it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Prospect => "prospect",
            Self::Assistant => "assistant",
            Self::Rep => "rep",
        }
    }
}

/// Whether the words of a turn may still change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wording {
    /// They may: the recogniser is still listening.
    Partial,
    /// They stand.
    Final,
}

/// Who heard a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// The assistant itself, over the control API or its own socket.
    Assistant,
    /// The carrier's transcription.
    Carrier,
    /// A recogniser that listens along.
    Recogniser,
    /// A recogniser that is sent one turn after the other.
    Clips,
    /// A file that is replayed.
    Script,
}

/// What the assistant notes beside the words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Note {
    /// It did not understand and said so.
    FellBack,
    /// It could not answer what it was asked.
    Unanswered,
    /// It is not sure of its answer; how sure, in hundredths.
    Unsure(Option<u8>),
    /// It learned this.
    Fact(FactName, String),
}

/// What can be known of a prospect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FactName {
    /// Their name.
    Name,
    /// Their company.
    Company,
    /// What they do there.
    Role,
    /// How many people work there, or would use it.
    CompanySize,
    /// What they can spend.
    Budget,
    /// When they want it.
    Timeline,
    /// What they want it for.
    UseCase,
    /// Their e-mail address.
    Email,
    /// Their phone number.
    Phone,
    /// Their website.
    Website,
    /// How much of it: calls, orders, sites.
    Volume,
    /// What they use today.
    Tools,
}

impl FactName {
    /// Every one.
    pub const ALL: [Self; 12] = [
        Self::Name,
        Self::Company,
        Self::Role,
        Self::CompanySize,
        Self::Budget,
        Self::Timeline,
        Self::UseCase,
        Self::Email,
        Self::Phone,
        Self::Website,
        Self::Volume,
        Self::Tools,
    ];

    /// In one word, as files and the API write it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Company => "company",
            Self::Role => "role",
            Self::CompanySize => "company-size",
            Self::Budget => "budget",
            Self::Timeline => "timeline",
            Self::UseCase => "use-case",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Website => "website",
            Self::Volume => "volume",
            Self::Tools => "tools",
        }
    }
}
