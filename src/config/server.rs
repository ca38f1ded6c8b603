//! The sections about the process itself: where it listens, what it keeps, how it speaks and logs.

use std::net::{Ipv4Addr, SocketAddr};

use serde::{Deserialize, Serialize};

use crate::config::secret::Secret;
use crate::time::Span;

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
    /// The most connections at once; 0: as many as so many calls need.
    pub sockets: usize,
    /// The most connections at once from one address; 0: no limit.
    pub sockets_per_address: usize,
    /// From so many MiB of resident memory on no call is let in; 0: four fifths of what there is.
    pub memory: u64,
    /// How long running calls may take to finish when Baton is told to stop.
    pub drain: Span,
}

impl Server {
    /// How many open files so many calls need.
    pub fn files_needed(&self) -> u64 {
        FILES_A_CALL.saturating_mul(self.calls as u64).saturating_add(FILES_BESIDES)
    }

    /// How many connections may be open where so many files may.
    pub fn sockets_where(&self, open_files: u64) -> usize {
        if self.sockets > 0 {
            return self.sockets;
        }
        let wanted = SOCKETS_A_CALL.saturating_mul(self.calls as u64).saturating_add(SOCKETS_BESIDES);
        // The rest is for lines to assistants and what Baton asks of others: a call that is in needs them.
        let most = (open_files / FILES_A_CALL).saturating_mul(SOCKETS_A_CALL).max(1);
        usize::try_from(wanted.min(most)).unwrap_or(usize::MAX)
    }
}

/// The streams of prospect, rep and assistant, and a request in or out.
const FILES_A_CALL: u64 = 4;

/// The store, the log, the runtime, operators who look, and some that are being closed.
const FILES_BESIDES: u64 = 128;

/// Of these, what comes in: two streams and a request.
const SOCKETS_A_CALL: u64 = 3;

/// Operators who look, and connections between two requests.
const SOCKETS_BESIDES: u64 = 64;

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            public_url: String::new(),
            operator_keys: Vec::new(),
            calls: 500,
            sockets: 0,
            sockets_per_address: 0,
            memory: 0,
            drain: Span::secs(600),
        }
    }
}

/// What must survive the process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Store {
    /// The folder of the database.
    pub data: String,
    /// How long after a call its words, facts and moods are kept; then they are taken out of its timeline.
    pub keep_words: Span,
}

impl Default for Store {
    fn default() -> Self {
        Self { data: "baton-data".to_owned(), keep_words: Span::secs(90 * 86_400) }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_files_for_what_calls_need_besides() {
        let server = Server { calls: 100, ..Server::default() };
        assert_eq!((server.files_needed(), server.sockets_where(1 << 20)), (528, 364));
        assert_eq!(server.sockets_where(256), 192, "three quarters of what there is");
        assert_eq!(server.sockets_where(0), 1);
        assert_eq!(Server { sockets: 7, ..server }.sockets_where(256), 7, "who sets it has thought of it");
    }
}
