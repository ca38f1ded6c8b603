//! `baton twilio`: what our number at the carrier does with a call, what it should do, and the document for when Baton
//! is not there to answer.

use std::fmt::Write as _;

use anyhow::Context as _;
use serde_json::json;
use url::Url;

use crate::app;
use crate::config::Config;
use crate::edge::carrier::twilio::numbers::{Number, NumberSettings};
use crate::edge::carrier::twilio::twiml;
use crate::edge::http::is_loopback;
use crate::ports::{Fault, FaultKind};

/// Whether the number may be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent {
    /// Only look.
    Look,
    /// Change what is not as it should be.
    Change,
}

/// Whose call it is that Baton is not there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// A prospect's.
    Prospect,
    /// A rep's.
    Rep,
}

/// What was found, and what became of it.
pub struct Findings {
    /// For people.
    pub text: String,
    /// For machines.
    pub json: String,
    /// Whether the number does what it should, at the end.
    pub as_wanted: bool,
}

/// What keeps Baton from setting a number up: settings to change, each with what to do.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct NotReady(Vec<String>);

/// Compares what the carrier does with calls to our number with what it should do, and changes it where that is wished.
pub async fn number(config: &Config, consent: Consent) -> anyhow::Result<Findings> {
    readiness(config)?;
    let rest = app::carrier_rest(config)?;
    let ours = &rest.account.number;
    let found = rest.our_number().await.map_err(|fault| in_words(&fault))?;
    let found = found.with_context(|| {
        format!(
            "the number {ours} was not found: account {} has no such number; \
             is carrier.twilio.number right, and is it this account's?",
            rest.account.sid
        )
    })?;
    let fallback_url = Some(config.fallback.url.as_str()).filter(|url| !url.is_empty());
    let wanted = NumberSettings::wanted(&rest.account, fallback_url);
    let differs = wanted.0.iter().any(|pair| !found.settings.contains(pair));
    if let Some(leader) = found.led_by.as_ref().filter(|_| consent == Consent::Change) {
        anyhow::bail!(
            "{leader} leads the calls of {ours}, whatever the number itself is set to: \
             take the number out of it in the carrier's console, then try again; nothing was changed"
        );
    }
    let became = match consent {
        Consent::Change if differs => {
            Some(rest.set_number(&found, &wanted).await.map_err(|fault| in_words(&fault))?)
        }
        Consent::Change | Consent::Look => None,
    };
    let now = became.as_ref().unwrap_or(&found);
    let as_wanted = now.led_by.is_none() && wanted.0.iter().all(|pair| now.settings.contains(pair));
    anyhow::ensure!(
        as_wanted || became.is_none(),
        "the carrier took the change of {ours}, and yet the number does something else: {:?}",
        now.settings
    );
    let changed = became.is_some();
    Ok(Findings {
        text: text(config, &found, &wanted, changed),
        json: json(config, &found, &wanted, changed, as_wanted),
        as_wanted,
    })
}

/// The document to put where `fallback.url` (or `fallback.rep_url`) points: it needs nothing of ours.
pub fn fallback_document(config: &Config, whose: Whose) -> String {
    let Config { fallback, carrier, .. } = config;
    let document = match whose {
        Whose::Rep => twiml::say_and_hang_up(LOST),
        Whose::Prospect if fallback.number.is_empty() => twiml::say_and_hang_up(&fallback.words),
        Whose::Prospect => {
            let ours = Some(carrier.twilio.number.as_str()).filter(|number| !number.is_empty());
            twiml::dial_then_say(&fallback.number, ours, &fallback.words)
        }
    };
    document + "\n"
}

/// Nothing is asked of the carrier, and least of all changed, that would point prospects at nowhere.
fn readiness(config: &Config) -> Result<(), NotReady> {
    let twilio = &config.carrier.twilio;
    let mut wrong = Vec::new();
    let mut unless = |good: bool, words: &str| {
        if !good {
            wrong.push(words.to_owned());
        }
    };
    unless(!twilio.account_sid.is_empty(), "carrier.twilio.account_sid is missing: whose number is it? AC…");
    unless(!twilio.number.is_empty(), "carrier.twilio.number is missing: which number is to be set up? +1…");
    unless(
        !twilio.auth_token.is_empty() || !twilio.api_key.is_empty(),
        "carrier.twilio.api_key is missing, and so is auth_token: the carrier cannot be asked",
    );
    let public = &config.server.public_url;
    let simulated = twilio.api_origin().parse().is_ok_and(|url| is_loopback(&url));
    unless(
        !public.is_empty() || simulated,
        "server.public_url is missing: set the https:// origin under which the carrier reaches Baton",
    );
    unless(
        public.is_empty() || simulated || public.starts_with("https://"),
        "server.public_url must begin with https://: calls would go over the open net, and their streams not at all",
    );
    let fallback = &config.fallback.url;
    let good = |url: Url| matches!(url.scheme(), "http" | "https");
    unless(
        fallback.is_empty() || fallback.parse().is_ok_and(good),
        "fallback.url must be a URL that begins with http:// or https://",
    );
    if wrong.is_empty() { Ok(()) } else { Err(NotReady(wrong)) }
}

fn in_words(fault: &Fault) -> anyhow::Error {
    match fault.kind {
        FaultKind::Unauthorized => anyhow::anyhow!(
            "the carrier does not know these credentials: carrier.twilio.account_sid goes with auth_token, \
             api_key with api_secret, and both with the region ({})",
            fault.source
        ),
        FaultKind::Temporary | FaultKind::Permanent => anyhow::anyhow!("{}", fault.source),
    }
}

fn text(config: &Config, found: &Number, wanted: &NumberSettings, changed: bool) -> String {
    let mut text = format!("{} ({})\n", config.carrier.twilio.number, found.sid);
    for (name, should) in &wanted.0 {
        let is = found.settings.iter().find(|(n, _)| n == name).map_or("", |(_, is)| is.as_str());
        if is == should {
            let _ = writeln!(text, "  ✓ {name:<20} {should}");
        } else {
            let is = if is.is_empty() { "nothing" } else { is };
            let _ = writeln!(text, "  ✗ {name:<20} {is}");
            let _ = writeln!(text, "    {:<20} {should}", if changed { "is set to" } else { "should be" });
        }
    }
    if let Some(leader) = &found.led_by {
        let _ = writeln!(
            text,
            "{leader} leads its calls, whatever it is set to: take the number out of it first."
        );
    }
    if config.fallback.url.is_empty() {
        text.push_str(
            "fallback.url is empty: where Baton cannot be had, the carrier tells prospects of an error and hangs up.\n\
             `baton twilio fallback` prints the document to put somewhere else.\n",
        );
    }
    let differs = wanted.0.iter().any(|pair| !found.settings.contains(pair));
    text.push_str(match (changed, differs) {
        (true, _) => "The number is set up.\n",
        (false, true) => "Nothing was changed; --yes sets it up.\n",
        (false, false) => "The number is as it should be.\n",
    });
    text
}

fn json(config: &Config, found: &Number, wanted: &NumberSettings, changed: bool, as_wanted: bool) -> String {
    let object = |pairs: &[(&'static str, String)]| -> serde_json::Map<_, _> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect()
    };
    let report = json!({
        "number": config.carrier.twilio.number,
        "sid": found.sid,
        "was": object(&found.settings),
        "wanted": object(&wanted.0),
        "led_by": found.led_by.as_ref().map(ToString::to_string),
        "changed": changed,
        "as_wanted": as_wanted,
    });
    format!("{report:#}\n")
}

/// A rep whose call is lost is told so, and is not put through to where its prospect goes.
const LOST: &str = "We are sorry, this call was lost. Please hang up.";
