//! How the talk stands: where in it we are, and what is known by now.

use serde::{Deserialize, Serialize};

use crate::conversation::turn::FactName;

/// How the talk stands after a turn.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape {
    /// Where in the talk we are.
    pub stage: StageOfTalk,
    /// How many turns of the prospect there were that said something.
    pub prospect_turns: u32,
    /// How many questions the prospect has asked.
    pub questions: u32,
    /// What of that has not been answered yet.
    pub open_questions: Vec<String>,
    /// How many signs of a qualified prospect were seen …
    pub qualified: u8,
    /// … of how many.
    pub of: u8,
    /// What would tell, and has not been said.
    pub missing: Vec<FactName>,
}

/// Where in a talk we are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StageOfTalk {
    /// Hello, who are you.
    #[default]
    Opening,
    /// What the prospect needs.
    Needs,
    /// What we have for that.
    Fit,
    /// What it costs, and how one gets it.
    Terms,
    /// Goodbye.
    Closing,
}
