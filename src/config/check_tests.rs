//! Each mistake in the settings is named by its key, and what is only unwise is said.

use super::*;
use crate::config::{Rep, Secret};
use std::collections::BTreeMap;

fn wrong(change: impl FnOnce(&mut Config)) -> Vec<&'static str> {
    let mut config = Config::default();
    config.carrier.twilio.account_sid = "AC00000000000000000000000000000001".into();
    config.carrier.twilio.auth_token = Secret::new("0123456789abcdef0123456789abcdef");
    config.assistant.stream_url = "wss://assistant.example.com/stream".into();
    change(&mut config);
    config.problems().into_iter().filter(|p| p.weight == Weight::Wrong).map(|p| p.key).collect()
}

#[test]
fn each_mistake_is_named_by_its_key() {
    assert_eq!(wrong(|_| {}), Vec::<&str>::new());
    assert_eq!(wrong(|c| c.assistant.stream_url.clear()), ["assistant.stream_url"]);
    assert_eq!(wrong(|c| c.assistant.webhook_url = "https://a.example.com".into()), ["assistant.stream_url"]);
    assert_eq!(wrong(|c| c.server.public_url = "https://b.example.com/path".into()), ["server.public_url"]);
    assert_eq!(wrong(|c| c.handoff.key = "00".into()), ["handoff.key"]);
    assert_eq!(wrong(|c| c.fallback.url = "example.com/fallback.xml".into()), ["fallback.url"]);
    assert_eq!(wrong(|c| c.fallback.rep_url = "ftp://example.com/x".into()), ["fallback.rep_url"]);
    let own = |c: &mut Config| c.fallback.url = "http://127.0.0.1:8080/twilio/voice".into();
    assert_eq!(wrong(own), ["fallback.url"]);
    assert_eq!(wrong(|c| c.handoff.join = Span::secs(0)), ["handoff.join"]);
    assert_eq!(wrong(|c| c.carrier.twilio.overrides = "tt=20000".into()), ["carrier.twilio.overrides"]);
    assert_eq!(wrong(|c| c.carrier.twilio.api_key = "SK1".into()), ["carrier.twilio.api_secret"]);
    let rep = Rep { name: "Sam".into(), phone: "12".into() };
    assert_eq!(wrong(|c| c.reps.push(rep)), ["carrier.twilio.number", "reps.name", "reps.phone"]);
}

#[test]
fn what_prospects_hear_while_baton_is_down_is_thought_of() {
    let advice = |change: fn(&mut Config)| {
        let mut config = Config::default();
        change(&mut config);
        let advice = config.problems().into_iter().filter(|p| p.weight == Weight::Advice);
        advice.map(|p| p.key).filter(|key| key.starts_with("fallback.")).collect::<Vec<_>>()
    };
    assert_eq!(advice(|_| {}), ["fallback.number", "fallback.url"]);
    let set = |c: &mut Config| {
        c.fallback.number = "+15550100199".into();
        c.fallback.url = "https://static.example.com/fallback.xml".into();
    };
    assert_eq!(advice(set), ["fallback.rep_url"]);
}

#[test]
fn signatures_may_be_off_on_loopback_only() {
    assert_eq!(wrong(|c| c.carrier.twilio.validate = false), Vec::<&str>::new());
    let open = wrong(|c| {
        c.carrier.twilio.validate = false;
        c.server.listen = ([0, 0, 0, 0], 8080).into();
        c.server.public_url = "https://baton.example.com".into();
    });
    assert_eq!(open, ["carrier.twilio.validate"]);
}

#[test]
fn promise_8_a_report_shows_no_secret_and_no_number() {
    let mut config = Config::default();
    config.carrier.twilio.auth_token = Secret::new("hush-hush");
    config.server.operator_keys = vec![Secret::new("quiet-quiet-quiet")];
    config.carrier.twilio.shared_keys = [("key-1".to_owned(), Secret::new("still-still"))].into();
    config.reps = vec![Rep { name: "sam".into(), phone: "+15550100123".into() }];
    let report = report(
        &Loaded { config, sources: BTreeMap::from([("handoff.ring".into(), "a.toml".into())]) },
        64,
        Vec::new(),
    );
    for output in [&report.text, &report.json] {
        for secret in ["hush", "quiet-", "still-", "5550100"] {
            assert!(!output.contains(secret), "{output}");
        }
    }
    assert!(report.text.contains("ring = \"18s\"  # from a.toml"), "{}", report.text);
    assert!(report.text.contains("need 2128 open files and this process may have 64"), "{}", report.text);
    assert!(!report.ready && report.text.contains("assistant.stream_url is missing"));
}
