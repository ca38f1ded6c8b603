//! The section about words: who makes text of what is said, and who of them is believed.

use serde::{Deserialize, Serialize};

use crate::conversation::Source;
use crate::conversation::transcript::PREFERRED;

/// Where the words of a call come from. What the assistant says of its own talk is always taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Words {
    /// Which source's words stand where several heard the same.
    pub prefer: Vec<Source>,
    /// Whether the carrier transcribes the call.
    pub carrier: bool,
    /// What it does that with; empty: what it likes.
    pub carrier_engine: String,
    /// Which model of that; empty: the engine's usual one.
    pub carrier_model: String,
    /// The language that it listens for.
    pub carrier_language: String,
}

impl Default for Words {
    fn default() -> Self {
        Self {
            prefer: PREFERRED.to_vec(),
            carrier: false,
            carrier_engine: String::new(),
            carrier_model: String::new(),
            carrier_language: "en-US".to_owned(),
        }
    }
}

impl Words {
    /// Who makes words of the calls, besides the assistant where it does.
    pub fn sources(&self) -> Vec<Source> {
        let mut sources = Vec::new();
        sources.extend(self.carrier.then_some(Source::Carrier));
        sources
    }
}
