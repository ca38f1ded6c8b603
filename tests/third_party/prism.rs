//! Prism, a server made of the carrier's own OpenAPI document, judges the requests that Baton really sends.

use std::path::PathBuf;
use std::time::Duration;

use baton::edge::carrier::twilio::account::Account;
use baton::edge::carrier::twilio::numbers::NumberSettings;
use baton::edge::carrier::twilio::rest::TwilioRest;
use baton::edge::carrier::twilio::signature::Keys;
use baton::id::{AttemptId, CallId, RepId};
use baton::phone_number::PhoneNumber;
use baton::ports::{Carrier as _, CarrierCall, RingOrder};

use crate::extras::{Program, node, top};

#[tokio::test]
async fn the_carriers_own_document_takes_what_baton_asks_of_its_rest_api() {
    let Some((_prism, rest)) = judge(&["--errors"]).await else { return };
    let order = RingOrder {
        call: CallId::from_bits(7),
        attempt: AttemptId(1),
        rep: RepId::new("sam"),
        phone: PhoneNumber::new("+14155550101"),
        ring: Duration::from_secs(18),
        ticket: "0123456789abcdef0123456789abcdef".to_owned(),
    };
    let rung = rest.ring(order).await;
    assert!(rung.is_ok(), "the document refuses to ring: {rung:?}");
    let named = CarrierCall("CA00000000000000000000000000000002".to_owned());
    let ended = rest.hang_up(named).await;
    assert!(ended.is_ok(), "the document refuses to hang up: {ended:?}");

    // The judge is awake: a call that cannot be one is refused by the same server.
    let mut wrong = rest;
    wrong.account.sid = "nobody".to_owned();
    let path = CarrierCall("CA1".to_owned());
    assert!(wrong.hang_up(path).await.is_err(), "an account of no known form is refused");
}

#[tokio::test]
async fn the_carriers_own_document_takes_how_baton_sets_its_number_up() {
    // Without --errors: the document's own examples of numbers are not as it says that they must be.
    let Some((_prism, mut rest)) = judge(&[]).await else { return };
    let found = rest.our_number().await;
    assert!(matches!(found, Ok(None)), "the only number is the document's example: {found:?}");
    "+18089255327".clone_into(&mut rest.account.number);
    let number = rest.our_number().await.unwrap().expect("the example's number");
    let wanted = NumberSettings::wanted(&rest.account, Some("https://static.example.com/fallback.xml"));
    let set = rest.set_number(&number, &wanted).await;
    assert!(set.is_ok(), "the document refuses to set a number up: {set:?}");

    // The judge is awake here as well.
    let nonsense = NumberSettings(vec![("VoiceMethod", "SHOUT".to_owned())]);
    let set = rest.set_number(&number, &nonsense).await;
    assert!(set.is_err(), "a method of no known form is refused: {set:?}");
}

/// Prism, and a Baton that takes it for its carrier; nothing where it is not installed.
async fn judge(flags: &[&str]) -> Option<(Program, TwilioRest)> {
    let beside = || top().join("../shared/twilio/twilio_api_v2010.json");
    let document = std::env::var_os("BATON_TWILIO_SPEC").map_or_else(beside, PathBuf::from);
    if !document.exists() {
        println!("skipped: no Twilio document at {}", document.display());
        return None;
    }
    let mut command = node("prism")?;
    command.arg("mock").args(flags).args(["--host", "127.0.0.1", "--port", "0"]).arg(document);
    let mut prism = Program::start(command);
    let address = prism.says("listening on ").await;

    let _ = rustls::crypto::ring::default_provider().install_default();
    let sid = "AC00000000000000000000000000000001";
    let rest = TwilioRest {
        account: Account {
            sid: sid.to_owned(),
            keys: Keys::default(),
            validate: true,
            number: "+14155550100".to_owned(),
            public_url: "https://baton.example.com".to_owned(),
            overrides: "rc=5&ct=2000&rt=10000&tt=14000&rp=all".to_owned(),
            reconnect_words: "One moment, please.".to_owned(),
            announcement: String::new(),
            stream_name: "baton".to_owned(),
            transcription: None,
        },
        api_url: address.trim().to_owned(),
        credentials: (sid.to_owned(), "secret".to_owned()),
        http: baton::edge::http::client().unwrap(),
        rep_fallback: Some("https://static.example.com/lost.xml".to_owned()),
    };
    Some((prism, rest))
}
