//! Deciding in the open: what is said makes Baton offer a person, and the prospect's words are the answer.

use std::time::Duration;

use baton::call::{Decided, Effect, Event};
use baton::escalation::{Reason, Urgency};
use baton::handoff::Phrase;
use baton::id::LegId;
use baton::ports::StoredCall;
use baton::sim::carrier::PhoneCall;
use serde_json::{Value, json};

use crate::stage::{
    FIRST_REP, OPERATOR_KEY, PROSPECT, SAM, Stage, clearly_heard, greeting, longest_nothing,
    patient_prospect, rep_who_presses, s,
};

/// A call whose greeting the prospect has heard, and what it is called.
async fn a_call(stage: &Stage) -> (PhoneCall, StoredCall) {
    let prospect = stage.world.prospect_calls(PROSPECT, patient_prospect());
    assert!(prospect.hears(&greeting().clip, s(8)).await.is_some(), "the assistant greets");
    (prospect, stage.record_when(|_| true).await)
}

/// Posts this about the call and expects it to be taken.
async fn post(stage: &Stage, call: &StoredCall, what: &str, body: Value) {
    let client = baton::edge::http::client().unwrap();
    let url = format!("{}/v1/calls/{}/{what}", stage.base, call.call);
    let answer = client.post(url).bearer_auth(OPERATOR_KEY).json(&body).send().await.unwrap();
    let status = answer.status();
    assert_eq!(status, 202, "{what}: {}", answer.text().await.unwrap());
}

async fn says(stage: &Stage, call: &StoredCall, by: &str, text: &str) {
    post(stage, call, "turns", json!({ "by": by, "text": text })).await;
}

/// Both have heard who the other is.
async fn introduced(stage: &Stage) {
    for leg in [LegId::Prospect, FIRST_REP] {
        stage.is_told(Event::Played { leg, phrase: Phrase::Introduction }).await;
    }
}

/// The call's decisions so far.
async fn decisions(stage: &Stage, call: &StoredCall) -> Vec<Decided> {
    let timeline = stage.timeline(call).await;
    let effects = timeline.into_iter().flat_map(|entry| entry.effects);
    let decided = |effect| if let Effect::Decide(decided) = effect { Some(*decided) } else { None };
    effects.filter_map(decided).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn prospect_asks_for_a_person_in_their_own_words_and_gets_one() {
    let stage = Stage::start(Stage::kind_assistant()).await;
    stage.world.rep(SAM, rep_who_presses('1'));
    let (prospect, call) = a_call(&stage).await;
    says(&stage, &call, "prospect", "um okay could i just talk to a real person about this please").await;
    let rep = stage.world.call_to_rep(SAM, s(12)).await.expect("the rep is rung");
    introduced(&stage).await;
    let decided = decisions(&stage, &call).await;
    assert_eq!(decided.len(), 1, "{decided:#?}");
    let decision = &decided[0].decision;
    assert_eq!((decision.reason, decision.urgency), (Reason::ExplicitRequest, Urgency::Immediate));
    let quoted = &decision.evidence[0].signal.words;
    assert!(quoted.contains("person"), "the words it stands on: {quoted:?}");
    assert!(!clearly_heard(&prospect, stage.clip(Phrase::Proposal)), "who asks is not asked back");
    prospect.hang_up();
    assert!(rep.is_over(s(8)).await.is_some());
    let record = stage.record().await;
    assert_eq!(record.handoffs[0].outcome, "handed-over");
    stage.timeline(&record).await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cross_prospect_is_offered_a_person_says_no_and_is_not_asked_again() {
    let stage = Stage::start(Stage::kind_assistant()).await;
    let (prospect, call) = a_call(&stage).await;
    let cross = "this is ridiculous you are useless i am sick of this stupid machine";
    says(&stage, &call, "prospect", cross).await;
    assert!(prospect.hears(stage.clip(Phrase::Proposal), s(15)).await.is_some(), "they are offered a person");
    says(&stage, &call, "prospect", "no thanks").await;
    let record = stage.record_when(|call| !call.handoffs.is_empty()).await;
    assert_eq!(record.handoffs[0].outcome, "declined");
    says(&stage, &call, "prospect", "this is annoying").await;
    // The assistant has them again and answers what they say.
    prospect
        .say(baton::sim::sound::Phrase::spoken("what does it cost then", baton::sim::sound::Pitch::PROSPECT));
    assert!(prospect.hears(&crate::stage::answer().clip, s(10)).await.is_some(), "the assistant goes on");
    let decided = decisions(&stage, &call).await;
    assert_eq!(decided.len(), 1, "a no is a no: {decided:#?}");
    assert_eq!(decided[0].decision.reason, Reason::Frustration);
    assert!(!decided[0].words.is_empty(), "there are words for it");
    assert!(longest_nothing(&prospect) < Duration::from_secs(14), "they were asked, and had time to answer");
    prospect.hang_up();
    stage.record().await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn prospect_who_is_offered_a_person_by_wish_of_the_assistant_says_yes_and_gets_one() {
    let stage = Stage::start(Stage::kind_assistant()).await;
    stage.world.rep(SAM, rep_who_presses('1'));
    let (prospect, call) = a_call(&stage).await;
    post(&stage, &call, "handoff", json!({ "ask_first": true, "urgency": "immediate" })).await;
    assert!(prospect.hears(stage.clip(Phrase::Proposal), s(12)).await.is_some(), "they are asked");
    assert!(stage.world.call_to_rep(SAM, Duration::from_millis(500)).await.is_none(), "nobody is rung yet");
    says(&stage, &call, "prospect", "yes please that would be great").await;
    introduced(&stage).await;
    prospect.hang_up();
    let record = stage.record().await;
    assert_eq!(record.handoffs[0].outcome, "handed-over");
    stage.timeline(&record).await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offer_that_nobody_answers_ends_and_the_assistant_goes_on() {
    let stage = Stage::start_with(Stage::unkind_carrier(), Stage::kind_assistant(), |config| {
        config.handoff.propose = baton::time::Span::secs(2);
    })
    .await;
    let (prospect, call) = a_call(&stage).await;
    post(&stage, &call, "handoff", json!({ "ask_first": true })).await;
    assert!(prospect.hears(stage.clip(Phrase::Proposal), s(20)).await.is_some(), "at the next pause");
    let record = stage.record_when(|call| !call.handoffs.is_empty()).await;
    assert_eq!(record.handoffs[0].outcome, "unanswered", "which is no refusal");
    prospect.hang_up();
    let record = stage.record().await;
    stage.timeline(&record).await;
    stage.does(Effect::Say { leg: LegId::Prospect, phrase: Phrase::Proposal }).await;
    stage.close().await;
}
