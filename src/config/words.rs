//! The section about words: who makes text of what is said, and who of them is believed.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::config::secret::Secret;
use crate::conversation::transcript::PREFERRED;
use crate::conversation::{Lexicon, Source};
use crate::time::Span;

/// Where the words of a call come from. What the assistant says of its own talk is always taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Words {
    /// Which source's words stand where several heard the same.
    pub prefer: Vec<Source>,
    /// The language of calls of which nobody says otherwise.
    pub language: String,
    /// Files of phrases, glossary and knowledge of the operator's own.
    pub phrases: Vec<String>,
    /// Whether meanings that no phrase says are sensed as well, in the languages that a sense was learned of.
    pub sense: bool,
    /// Whether the carrier transcribes the call.
    pub carrier: bool,
    /// What it does that with; empty: what it likes.
    pub carrier_engine: String,
    /// Which model of that; empty: the engine's usual one.
    pub carrier_model: String,
    /// The language that it listens for.
    pub carrier_language: String,
    /// A recogniser that listens along.
    pub deepgram: DeepgramWords,
    /// A recogniser that is sent one turn after the other.
    pub clips: ClipWords,
    /// A model that finds signals in the words.
    pub llm: Llm,
}

/// A file of phrases that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("words.phrases: {file}: {why}")]
pub struct BadPhrases {
    file: String,
    why: String,
}

impl BadPhrases {
    /// Which file, and why, without the key.
    pub fn in_short(&self) -> String {
        format!("{}: {}", self.file, self.why)
    }
}

impl Words {
    /// The phrases that Baton ships with, and the operator's on top.
    pub fn lexicon(&self) -> Result<Arc<Lexicon>, BadPhrases> {
        let mut lexicon = Lexicon::shipped();
        for file in &self.phrases {
            let bad = |why: String| BadPhrases { file: file.clone(), why };
            let text = std::fs::read_to_string(file).map_err(|error| bad(error.to_string()))?;
            lexicon = Arc::new(lexicon.and(&text).map_err(|error| bad(error.to_string()))?);
        }
        Ok(if self.sense { lexicon } else { Arc::new(lexicon.without_sense()) })
    }
}

/// A recogniser that speaks Deepgram's streaming protocol.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DeepgramWords {
    /// Its key; empty: it is not used.
    pub key: Secret,
    /// Where it is.
    pub url: String,
    /// Which of its models.
    pub model: String,
    /// The language that it listens for.
    pub language: String,
}

/// An OpenAI-compatible transcription endpoint, which is sent what the ear heard as turns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClipWords {
    /// Where the API is, with its version; empty: it is not used.
    pub url: String,
    /// Its key; empty: none is sent.
    pub key: Secret,
    /// Which of its models.
    pub model: String,
    /// The language spoken; empty: it finds out itself.
    pub language: String,
    /// How long a turn may take.
    pub within: Span,
}

/// A language model behind an OpenAI-compatible chat API: one more source of signals, and never the only one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Llm {
    /// Where the API is, with its version; empty: none is asked.
    pub url: String,
    /// Its key; empty: none is sent.
    pub key: Secret,
    /// Which of its models.
    pub model: String,
    /// After how many turns of the prospect it is asked.
    pub every: u32,
    /// How often it is asked in a call at most.
    pub most: u32,
    /// How long an answer may take.
    pub within: Span,
}

impl Default for Llm {
    fn default() -> Self {
        Self {
            url: String::new(),
            key: Secret::default(),
            model: String::new(),
            every: 3,
            most: 20,
            within: Span::secs(10),
        }
    }
}

impl Default for DeepgramWords {
    fn default() -> Self {
        Self {
            key: Secret::default(),
            url: "wss://api.deepgram.com/v1/listen".to_owned(),
            model: "nova-3".to_owned(),
            language: "en".to_owned(),
        }
    }
}

impl Default for ClipWords {
    fn default() -> Self {
        Self {
            url: String::new(),
            key: Secret::default(),
            model: "whisper-1".to_owned(),
            language: "en".to_owned(),
            within: Span::secs(8),
        }
    }
}

impl Default for Words {
    fn default() -> Self {
        Self {
            prefer: PREFERRED.to_vec(),
            language: "en".to_owned(),
            phrases: Vec::new(),
            sense: true,
            carrier: false,
            carrier_engine: String::new(),
            carrier_model: String::new(),
            carrier_language: "en-US".to_owned(),
            deepgram: DeepgramWords::default(),
            clips: ClipWords::default(),
            llm: Llm::default(),
        }
    }
}

impl Words {
    /// Who makes words of the calls, besides the assistant where it does.
    pub fn sources(&self) -> Vec<Source> {
        let mut sources = Vec::new();
        sources.extend((!self.deepgram.key.is_empty()).then_some(Source::Recogniser));
        sources.extend(self.carrier.then_some(Source::Carrier));
        sources.extend((!self.clips.url.is_empty()).then_some(Source::Clips));
        sources
    }
}
