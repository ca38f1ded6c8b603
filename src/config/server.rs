//! The sections about the process itself: where it listens, what it keeps, how it speaks and logs.

use std::net::{Ipv4Addr, SocketAddr};

use serde::{Deserialize, Serialize};

use crate::config::secret::Secret;

/// Where Baton listens, and for whom.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    /// The address it listens on.
    pub listen: SocketAddr,
    /// Our own origin as the carrier and assistants reach it; empty: made of `listen`, on loopback only.
    pub public_url: String,
    /// Keys for the control API.
    pub operator_keys: Vec<Secret>,
    /// The most calls at once.
    pub calls: usize,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            public_url: String::new(),
            operator_keys: Vec::new(),
            calls: 500,
        }
    }
}

/// What must survive the process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Store {
    /// The folder of the database.
    pub data: String,
}

impl Default for Store {
    fn default() -> Self {
        Self { data: "baton-data".to_owned() }
    }
}

/// Where prospects go whom nobody here can carry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fallback {
    /// The number that is dialled; empty: the words are said instead.
    pub number: String,
    /// What is said where there is no number, or where it does not answer.
    pub words: String,
    /// A document somewhere else that outlives us; empty: the carrier tells of an error and hangs up.
    pub url: String,
    /// The same for calls to reps; empty: `url`.
    pub rep_url: String,
}

impl Default for Fallback {
    fn default() -> Self {
        let words = "We are sorry, we cannot take your call right now. Please call again later.";
        Self { number: String::new(), words: words.to_owned(), url: String::new(), rep_url: String::new() }
    }
}

/// Baton's own voice.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Voice {
    /// A folder whose WAV files take the place of the built-in clips of the same name.
    pub clips: String,
}

/// What is written about running it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// From which level on: error, warn, info, debug or trace.
    pub level: String,
    /// As text or as JSON.
    pub format: LogFormat,
}

impl Default for Log {
    fn default() -> Self {
        Self { level: "info".to_owned(), format: LogFormat::Text }
    }
}

/// How a log line looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For machines.
    Json,
}
