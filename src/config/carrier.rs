//! The section about the telephone network.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::config::secret::Secret;
use crate::time::Span;

/// The telephone network.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Carrier {
    /// An account at Twilio.
    pub twilio: Twilio,
}

/// An account at Twilio.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Twilio {
    /// The account's name, `AC…`.
    pub account_sid: String,
    /// Its primary auth token: signatures are checked with it.
    pub auth_token: Secret,
    /// The token from before a rotation, as long as both are in use.
    pub auth_token_old: Secret,
    /// Shared keys for SHA-256 signatures, by their ids.
    pub shared_keys: BTreeMap<String, Secret>,
    /// Whether only SHA-256 signatures are taken.
    pub require_sha256: bool,
    /// Whether signatures are checked at all; `false` only while listening on loopback.
    pub validate: bool,
    /// The number that reps see when they are rung, `+1…`.
    pub number: String,
    /// An API key for the REST API, `SK…`; empty: the auth token is used.
    pub api_key: String,
    /// Its secret.
    pub api_secret: Secret,
    /// Where the REST API is.
    pub api_url: String,
    /// The edge of the network to use; empty: the nearest.
    pub edge: String,
    /// The region of the account; empty: the United States.
    pub region: String,
    /// How webhooks are to be connected, waited for and tried again.
    pub overrides: String,
    /// What somebody hears whose stream broke, before they are connected again, if they had time to wonder.
    pub reconnect_words: String,
    /// What our streams are called.
    pub stream_name: String,
    /// A rep's or prospect's line without frames and without an answer to a ping for this long is lost.
    pub line_lost: Span,
}

impl Default for Twilio {
    fn default() -> Self {
        Self {
            account_sid: String::new(),
            auth_token: Secret::default(),
            auth_token_old: Secret::default(),
            shared_keys: BTreeMap::new(),
            require_sha256: false,
            validate: true,
            number: String::new(),
            api_key: String::new(),
            api_secret: Secret::default(),
            api_url: "https://api.twilio.com".to_owned(),
            edge: String::new(),
            region: String::new(),
            overrides: "rc=5&ct=2000&rt=10000&tt=14000&rp=all".to_owned(),
            reconnect_words: "One moment, please.".to_owned(),
            stream_name: "baton".to_owned(),
            line_lost: Span::secs(10),
        }
    }
}

impl Twilio {
    /// Where the REST API is, for this edge and region: an edge alone is one of the United States'.
    pub fn api_origin(&self) -> String {
        let default = Self::default().api_url;
        if self.api_url != default || (self.edge.is_empty() && self.region.is_empty()) {
            return self.api_url.trim_end_matches('/').to_owned();
        }
        let region = if self.region.is_empty() { "us1" } else { &self.region };
        if self.edge.is_empty() {
            format!("https://api.{region}.twilio.com")
        } else {
            format!("https://api.{}.{region}.twilio.com", self.edge)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edge_and_region_make_the_address_of_the_api() {
        let at = |edge: &str, region: &str| {
            Twilio { edge: edge.into(), region: region.into(), ..Twilio::default() }.api_origin()
        };
        assert_eq!(at("", ""), "https://api.twilio.com");
        assert_eq!(at("dublin", ""), "https://api.dublin.us1.twilio.com");
        assert_eq!(at("dublin", "ie1"), "https://api.dublin.ie1.twilio.com");
        assert_eq!(at("", "ie1"), "https://api.ie1.twilio.com");
    }
}
