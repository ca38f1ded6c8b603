//! Told to stop: running calls finish, new ones go to the fallback, and so does who is still there when the time is over.

use std::time::Duration;

use baton::call::Event;
use baton::config::{Config, Span};
use baton::sim::sound::{Phrase as Said, Pitch};
use reqwest::Method;

use crate::doors::{CALL, Raw, client};
use crate::stage::{PROSPECT, Stage, answer, clearly_heard, greeting, patient_prospect, s};

const FALLBACK_NUMBER: &str = "+15550100177";

fn call_again(config: &mut Config) {
    "please call again tomorrow".clone_into(&mut config.fallback.words);
}

pub(crate) async fn readiness(base: &str) -> u16 {
    client(Method::GET, &format!("{base}/readyz")).send().await.unwrap().status().as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn prospect_who_is_on_the_line_finishes_when_baton_is_told_to_stop_and_a_new_one_goes_to_the_fallback()
{
    let mut stage = Stage::start_with(Stage::unkind_carrier(), Stage::kind_assistant(), call_again).await;
    let prospect = stage.world.prospect_calls(PROSPECT, patient_prospect());
    assert!(prospect.hears(&greeting().clip, s(8)).await.is_some());
    assert_eq!(readiness(&stage.base).await, 200);
    stage.tell_to_stop();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(readiness(&stage.base).await, 503, "it says so at once");
    let document = Raw::new(&stage).asks_about(CALL).await;
    assert!(document.contains("again tomorrow") && !document.contains("<Connect"), "{document}");
    prospect.say(Said::spoken("then tell me more please", Pitch::PROSPECT));
    assert!(prospect.hears(&answer().clip, s(12)).await.is_some(), "the call goes on");
    assert!(!stage.has_stopped(s(1)).await, "for as long as it runs");
    prospect.hang_up();
    assert!(stage.has_stopped(s(8)).await, "and no longer");
    assert!(prospect.is_over(s(1)).await.is_some());
    let record = stage.record().await;
    assert_eq!(record.end.as_deref(), Some("prospect-left"));
    stage.timeline(&record).await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn prospect_and_rep_who_talk_longer_than_baton_may_wait_are_told_and_the_prospect_is_put_through_elsewhere()
 {
    let change = |config: &mut Config| {
        config.server.drain = Span::secs(2);
        config.fallback.number = FALLBACK_NUMBER.to_owned();
    };
    let mut stage = Stage::start_with(Stage::unkind_carrier(), Stage::kind_assistant(), change).await;
    stage.world.rep(FALLBACK_NUMBER, patient_prospect());
    let (prospect, rep) = stage.bridged().await;
    stage.tell_to_stop();
    stage.is_told(Event::ShuttingDown).await;
    let elsewhere = stage.world.call_to_rep(FALLBACK_NUMBER, s(8)).await.expect("the fallback is dialled");
    let words = Said::spoken("you are through to the front desk", Pitch::REP);
    elsewhere.say(words.clone());
    assert!(prospect.hears(&words.clip, s(8)).await.is_some(), "the prospect is with somebody");
    assert!(rep.is_over(s(8)).await.is_some());
    assert!(clearly_heard(&rep, stage.clip(baton::handoff::Phrase::Withdrawn)), "the rep was told");
    assert!(stage.has_stopped(s(16)).await);
    let record = stage.record().await;
    assert_eq!(record.end.as_deref(), Some("shut-down"));
    assert_eq!(record.handoffs.len(), 1);
    assert_eq!(record.handoffs[0].outcome, "cut-short");
    assert_eq!(record.handoffs[0].rep.as_ref().map(baton::id::RepId::as_str), Some("sam"));
    assert!(record.attempts.iter().all(|attempt| attempt.end.is_some()));
    stage.timeline(&record).await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_7_prospect_hears_the_fallback_when_baton_is_told_to_stop_now() {
    let mut stage = Stage::start_with(Stage::unkind_carrier(), Stage::kind_assistant(), call_again).await;
    let (prospect, rep) = stage.rep_is_rung().await;
    stage.tell_to_stop();
    stage.tell_to_stop_now();
    assert!(prospect.is_over(s(12)).await.is_some());
    let words = prospect.ear().words().to_vec();
    assert!(words.iter().any(|heard| heard.words.contains("again tomorrow")), "{words:?}");
    assert!(rep.is_over(s(5)).await.is_some(), "nobody's phone is left ringing");
    assert!(stage.has_stopped(s(12)).await);
    let record = stage.record().await;
    assert_eq!(record.end.as_deref(), Some("shut-down"));
    assert_eq!(record.handoffs[0].outcome, "cut-short");
    stage.timeline(&record).await;
    stage.close().await;
}
