//! Pipecat, unchanged, as the assistant and as the carrier.

use std::time::Duration;

use baton::config::{Config, Secret};
use baton::sim::assistant::AssistantScript;
use baton::sim::carrier::CallStatus;
use baton::sim::person::Person;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::extras::{Program, python};
use crate::stage::{PROSPECT, Stage, s};

#[tokio::test(flavor = "multi_thread")]
async fn pipecat_as_the_assistant_greets_hangs_up_at_baton_and_the_prospect_ends_cleanly() {
    let Some(mut command) = python("pipecat_assistant.py") else { return };
    command.args([
        "0",
        "--end-after",
        "4",
        "--rest-base",
        "start",
        "--account-sid",
        ACCOUNT,
        "--auth-token",
        TOKEN,
    ]);
    let mut heard = an_assistant_that_finishes(command).await;
    let attempt = heard.event("hangup_attempt").await;
    assert!(attempt["call_sid"].as_str().is_some_and(|sid| sid.starts_with("CA")), "{attempt}");
    let log = heard.event("hangup_log").await;
    assert!(log["text"].as_str().is_some_and(|text| text.contains("Successfully")), "{log}");
    assert_clean(&heard.event("closed").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn pipecat_as_the_assistant_whose_hang_up_reaches_nobody_ends_the_same_way() {
    let Some(mut command) = python("pipecat_assistant.py") else { return };
    command.args(["0", "--end-after", "4", "--account-sid", ACCOUNT, "--auth-token", TOKEN]);
    let mut heard = an_assistant_that_finishes(command).await;
    heard.event("hangup_attempt").await;
    assert_clean(&heard.event("closed").await);
}

/// One call with an assistant that greets and, after a while, ends the call as Pipecat does.
async fn an_assistant_that_finishes(command: Command) -> Program {
    let mut assistant = Program::start(command);
    let stage = beside(&mut assistant).await;
    let prospect = stage.world.prospect_calls(PROSPECT, Person::new("prospect"));
    assert_eq!(
        assistant.event("upgrade").await["signature_ok"],
        json!(true),
        "Baton signs as the carrier does"
    );
    let greeted = prospect.until(s(8), |call| {
        call.ear().speech_within(Duration::ZERO..Duration::MAX) > Duration::from_millis(1_200)
    });
    assert!(greeted.await, "the prospect hears the greeting");
    assert_eq!(prospect.is_over(s(15)).await, Some(CallStatus::Completed));
    assert_eq!(stage.record().await.end.as_deref(), Some("assistant-finished"));
    let asked_to_end: Vec<_> =
        stage.world.carrier.requests().into_iter().filter(|r| r.path.contains(prospect.sid())).collect();
    assert!(asked_to_end.is_empty(), "the call is let go by its document, not killed: {asked_to_end:#?}");
    stage.close().await;
    assistant
}

#[tokio::test(flavor = "multi_thread")]
async fn pipecat_as_the_carrier_of_the_full_wire_hears_the_assistant() {
    let Some(command) = python("pipecat_carrier.py") else { return };
    let stage = Stage::start(talks_on()).await;
    call_through(command, &stage, false).await;
    assert_eq!(stage.record().await.end.as_deref(), Some("prospect-left"));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pipecat_as_a_plain_carrier_hears_the_assistant() {
    let Some(command) = python("pipecat_carrier.py") else { return };
    let stage = Stage::start_with(Stage::unkind_carrier(), talks_on(), unsigned).await;
    call_through(command, &stage, true).await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pipecat_on_both_sides_hears_itself_through_baton() {
    for plain in [false, true] {
        let (Some(mut command), Some(carrier)) =
            (python("pipecat_assistant.py"), python("pipecat_carrier.py"))
        else {
            return;
        };
        command.args(["0", "--auth-token", TOKEN]);
        let mut assistant = Program::start(command);
        let stage = if plain {
            let at = address(&mut assistant).await;
            let both = |config: &mut Config| {
                unsigned(config);
                assisted(config, at);
            };
            Stage::start_with(Stage::unkind_carrier(), Stage::kind_assistant(), both).await
        } else {
            beside(&mut assistant).await
        };
        call_through(carrier, &stage, plain).await;
        if !plain {
            assert_clean(&assistant.event("closed").await);
        }
        stage.close().await;
    }
}

/// One call of Pipecat's client, in which sound came back and nothing was wrong with it.
async fn call_through(mut command: Command, stage: &Stage, plain: bool) {
    command.arg(format!("{}/twilio/voice", stage.base)).args(["--seconds", "4", "--token", TOKEN]);
    command.args(["--account", ACCOUNT]).args(plain.then_some("--plain"));
    let mut carrier = Program::start(command);
    let result = carrier.event("result").await;
    assert_eq!(result["problems"], json!({}), "{result}");
    assert!(result["media_bytes"].as_u64().is_some_and(|bytes| bytes > 8_000), "{result}");
    assert_eq!(carrier.ends().await, Some(0), "{result}");
}

/// An assistant that is not interrupted by a client that speaks all the time.
fn talks_on() -> AssistantScript {
    AssistantScript { yields: false, ..Stage::kind_assistant() }
}

/// A stage whose assistant is this program.
async fn beside(assistant: &mut Program) -> Stage {
    let at = address(assistant).await;
    Stage::start_with(Stage::unkind_carrier(), Stage::kind_assistant(), |config| assisted(config, at)).await
}

async fn address(assistant: &mut Program) -> String {
    format!("ws://127.0.0.1:{}/ws", assistant.event("listening").await["port"])
}

fn assisted(config: &mut Config, at: String) {
    config.assistant.stream_url = at;
    config.assistant.auth_token = Secret::new(TOKEN);
}

/// Pipecat's example client signs nothing.
fn unsigned(config: &mut Config) {
    config.carrier.twilio.validate = false;
}

fn assert_clean(closed: &Value) {
    assert_eq!(closed["wire_problems"], json!({}), "{closed}");
    assert!(closed["received_bytes"].as_u64().is_some_and(|bytes| bytes > 8_000), "{closed}");
}

/// The account and the token of all third parties.
const ACCOUNT: &str = "AC00000000000000000000000000000001";
const TOKEN: &str = "0123456789abcdef0123456789abcdef";
