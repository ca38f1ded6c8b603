//! The section about the control API: who is told what becomes of calls, and how long announcements are kept.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::config::check::Problems;
use crate::config::secret::Secret;
use crate::time::Span;

/// The control API.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Api {
    /// Where decisions, the handoff's stages and the ends of calls are posted; empty: nowhere.
    pub webhook_url: String,
    /// What those posts are signed with, as Standard Webhooks writes it: `whsec_` and base64.
    pub webhook_secret: Secret,
    /// How long an outbound call that was announced is waited for.
    pub announced: Span,
}

impl Default for Api {
    fn default() -> Self {
        Self { webhook_url: String::new(), webhook_secret: Secret::default(), announced: Span::secs(3_600) }
    }
}

impl Api {
    pub(super) fn check(&self, problems: &mut Problems) {
        if self.announced.0.is_zero() {
            problems.wrong("api.announced", "is zero, so every call would come too late");
        }
        match (self.webhook_url.as_str(), self.webhook_secret.is_empty()) {
            ("", true) => {}
            ("", false) => problems
                .advice("api.webhook_secret", "is set while api.webhook_url is not: nothing is posted"),
            (url, _) => {
                if !is_safe(url) {
                    problems.wrong(
                        "api.webhook_url",
                        "must be https://, or http:// to this machine: what becomes of calls is nobody else's business",
                    );
                }
                if !is_a_key(self.webhook_secret.reveal()) {
                    problems.wrong(
                        "api.webhook_secret",
                        "must be whsec_ and the base64 of 24 to 64 random bytes: `echo whsec_$(openssl rand -base64 32)`",
                    );
                }
            }
        }
    }
}

fn is_safe(url: &str) -> bool {
    let Ok(url) = url::Url::parse(url) else { return false };
    let here = url.host().is_some_and(|host| match host {
        url::Host::Ipv4(ip) => ip.is_loopback(),
        url::Host::Ipv6(ip) => ip.is_loopback(),
        url::Host::Domain(name) => name == "localhost",
    });
    url.scheme() == "https" || (url.scheme() == "http" && here)
}

fn is_a_key(secret: &str) -> bool {
    let key = secret.strip_prefix("whsec_").and_then(|base64| STANDARD.decode(base64).ok());
    key.is_some_and(|key| (24..=64).contains(&key.len()))
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, Secret};

    #[test]
    fn a_webhook_needs_a_safe_way_and_a_key_and_is_told_what_is_missing() {
        let wrong = |url: &str, secret: &str| {
            let mut config = Config::default();
            config.api.webhook_url = url.to_owned();
            config.api.webhook_secret = Secret::new(secret);
            let problems = config.problems().into_iter().map(|problem| problem.key);
            problems.filter(|key| key.starts_with("api.")).collect::<Vec<_>>()
        };
        let good = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        assert!(wrong("https://crm.example.com/baton", good).is_empty() && wrong("", "").is_empty());
        assert!(wrong("http://127.0.0.1:9000/", good).is_empty());
        assert_eq!(wrong("http://crm.example.com/", good), ["api.webhook_url"]);
        assert_eq!(wrong("https://crm.example.com/", "secret"), ["api.webhook_secret"]);
        assert_eq!(wrong("", good), ["api.webhook_secret"]);
    }
}
