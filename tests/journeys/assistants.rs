//! Assistants of every kind: well behaved, broken, finished. What the prospect hears of it, and what is written.

use std::time::Duration;

use baton::call::{AssistantFault, Effect, Event};
use baton::config::{Config, Secret, Span};
use baton::sim::assistant::{AssistantScript, Door, Fault, Pace, Planned};
use baton::sim::carrier::{PhoneCall, sign};
use baton::sim::sound::{Phrase as Said, Pitch};

use crate::stage::{PROSPECT, Stage, greeting, longest_nothing, patient_prospect, s};

fn who_goes_wrong(fault: Fault) -> AssistantScript {
    let planned = Planned { after: Duration::from_millis(1_500), fault };
    AssistantScript { faults: vec![planned], ..quiet_later() }
}

/// An assistant that greets and then listens.
fn quiet_later() -> AssistantScript {
    AssistantScript { greeting: Some(greeting()), ..AssistantScript::default() }
}

/// The assistant goes wrong in this way; the prospect hears hold and then the assistant, which was dialled again.
async fn survived(script: AssistantScript, fault: AssistantFault, change: impl FnOnce(&mut Config)) -> Stage {
    let stage = Stage::start_with(Stage::unkind_carrier(), script, change).await;
    let prospect = stage.world.prospect_calls(PROSPECT, patient_prospect());
    stage.is_told(Event::AssistantBroke(fault)).await;
    stage.world.assistant.now_follow(Stage::kind_assistant());
    let redials = |effect: &Effect| matches!(effect, Effect::DialAssistant { time: 2.. });
    stage.happens("the redial", |entry| entry.effects.iter().any(redials)).await;
    let from = prospect.ear().duration();
    let mut heard = false;
    for _ in 0..40 {
        let greeted = prospect.ear().heard_after(&greeting().clip, from);
        heard = greeted.is_some_and(|greeted| greeted.share > 0.8);
        if heard {
            break;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    assert!(heard, "{fault:?}: the assistant is heard again: {}", stage.all_that_happened().await);
    let nothing = longest_nothing(&prospect);
    assert!(nothing <= s(2), "promise 1: {fault:?}: {nothing:?} of nothing");
    prospect.hang_up();
    let record = stage.record().await;
    assert_eq!(record.end.as_deref(), Some("prospect-left"));
    stage.timeline(&record).await;
    stage
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_1_prospect_hears_hold_within_2_s_when_the_line_of_the_assistant_breaks() {
    survived(who_goes_wrong(Fault::Vanishes), AssistantFault::BrokeOff, |_| {}).await.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn prospect_hears_hold_until_an_assistant_that_refuses_lets_baton_in() {
    let script = AssistantScript { door: Door::Refuses(503), ..quiet_later() };
    survived(script, AssistantFault::Refused, |_| {}).await.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn prospect_hears_hold_until_an_assistant_that_never_answers_does() {
    let script = AssistantScript { door: Door::NeverAnswers, ..quiet_later() };
    let change = |config: &mut Config| config.assistant.connect = Span::secs(1);
    survived(script, AssistantFault::Unreachable, change).await.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn prospect_keeps_an_assistant_that_flooded_the_line() {
    let change = |config: &mut Config| {
        config.assistant.ahead_at_carrier = Span::secs(5);
        config.assistant.ahead_here = Span::secs(2);
    };
    survived(who_goes_wrong(Fault::Floods(60)), AssistantFault::Flooded, change).await.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn prospect_keeps_an_assistant_that_talked_rubbish() {
    let change = |config: &mut Config| config.assistant.rubbish = 2;
    survived(who_goes_wrong(Fault::TalksRubbish), AssistantFault::Rubbish, change).await.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn prospect_keeps_an_assistant_that_sent_a_message_without_end() {
    let script = who_goes_wrong(Fault::SendsHuge(4_000_000));
    survived(script, AssistantFault::Rubbish, |_| {}).await.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn prospect_keeps_an_assistant_that_answered_no_ping() {
    let change = |config: &mut Config| {
        config.assistant.ping_every = Span::secs(1);
        config.assistant.ping_answer = Span::secs(1);
    };
    survived(who_goes_wrong(Fault::NoPong), AssistantFault::NoPong, change).await.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn prospect_keeps_an_assistant_that_had_hung() {
    let change = |config: &mut Config| {
        config.assistant.ping_every = Span::secs(1);
        config.assistant.ping_answer = Span::secs(1);
    };
    survived(who_goes_wrong(Fault::Hangs), AssistantFault::NoPong, change).await.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn prospect_keeps_an_assistant_that_left_their_sound_on_the_line() {
    let change = |config: &mut Config| {
        config.assistant.slow = Span::secs(1);
        config.assistant.ping_every = Span::secs(60);
    };
    survived(who_goes_wrong(Fault::StopsReading), AssistantFault::Slow, change).await.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn prospect_gets_the_assistant_again_that_answered_them_with_nothing() {
    let script = AssistantScript { greeting: None, ..AssistantScript::default() };
    let change = |config: &mut Config| {
        config.assistant.mute = Span::millis(1_000);
        config.assistant.mute_limit = Span::secs(3);
    };
    let stage = Stage::start_with(Stage::unkind_carrier(), script, change).await;
    let prospect = stage.world.prospect_calls(PROSPECT, patient_prospect());
    // One that waits for the prospect to speak first is no mute one.
    assert!(prospect.is_streaming(s(6)).await);
    prospect.say(Said::spoken("hello is anybody there", Pitch::PROSPECT));
    let mute = Effect::CloseAssistant { fault: Some(AssistantFault::Mute) };
    stage.does(mute).await;
    stage.world.assistant.now_follow(Stage::kind_assistant());
    assert!(prospect.hears(&greeting().clip, s(12)).await.is_some(), "the redialled assistant greets");
    assert!(longest_nothing(&prospect) <= s(2), "promise 1: {:?}", longest_nothing(&prospect));
    prospect.hang_up();
    stage.timeline(&stage.record().await).await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_7_prospect_hears_the_fallback_when_the_assistant_is_given_up() {
    let change = |config: &mut Config| {
        config.assistant.stream_url = "ws://127.0.0.1:9/".to_owned();
        config.assistant.give_up = Span::secs(1);
        config.fallback.words = "please call again tomorrow".to_owned();
    };
    let stage = Stage::start_with(Stage::unkind_carrier(), quiet_later(), change).await;
    let prospect = stage.world.prospect_calls(PROSPECT, patient_prospect());
    assert!(prospect.is_over(s(25)).await.is_some(), "the call ends");
    let words = prospect.ear().words().to_vec();
    assert!(words.iter().any(|heard| heard.words.contains("call again tomorrow")), "{words:?}");
    stage.is_told(Event::AssistantBroke(AssistantFault::Unreachable)).await;
    assert_eq!(stage.record().await.end.as_deref(), Some("fell-back"));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn prospect_hears_the_last_words_of_an_assistant_that_closes_and_then_the_line_ends() {
    let last = Said::spoken("thank you for calling and goodbye to you", Pitch::ASSISTANT);
    let stage = Stage::start(AssistantScript { pace: Pace::at_once(), ..quiet_later() }).await;
    let prospect = stage.world.prospect_calls(PROSPECT, patient_prospect());
    assert!(prospect.hears(&greeting().clip, s(8)).await.is_some());
    let visit = stage.world.assistant.visits().remove(0);
    visit.say(last.clone());
    assert!(visit.until(s(2), |visit| visit.said().len() > 1).await);
    // All of it is on its way, and little of it was played.
    tokio::time::sleep(Duration::from_millis(300)).await;
    visit.close();
    assert!(prospect.is_over(s(20)).await.is_some(), "the line ends: {}", stage.all_that_happened().await);
    let heard = prospect.ear().heard(&last.clip);
    assert!(heard.as_ref().is_some_and(|heard| heard.share > 0.9), "the last words: {heard:?}");
    assert_eq!(stage.record().await.end.as_deref(), Some("assistant-finished"));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn prospect_goes_where_the_document_of_the_assistant_says_and_it_is_told_all_that_it_handed_over() {
    let script = AssistantScript {
        parameters: vec![("campaign".into(), "autumn & winter".into())],
        after_stream: "<Say>our office is closed now</Say><Hangup/>".into(),
        ..quiet_later()
    };
    let stage = Stage::start_at_webhook(script, |config| {
        config.assistant.auth_token = Secret::new("the-token-of-the-assistant");
    })
    .await;
    let prospect = stage.world.prospect_calls(PROSPECT, patient_prospect());
    let visit = stage.world.assistant.visit(0, s(8)).await.expect("the assistant is dialled");
    let start = visit.start().expect("start has come");
    let told = |name: &str| start.parameters.iter().find(|(n, _)| n == name).map(|(_, value)| value.clone());
    assert_eq!(told("campaign").as_deref(), Some("autumn & winter"));
    assert!(told("baton_token").is_some_and(|token| !token.is_empty()));
    assert_eq!(visit.first_events(), ["connected", "start"]);
    let asked = stage.world.assistant.asked().remove(0);
    let url = stage.world.assistant.voice_url();
    let good = sign("the-token-of-the-assistant", url, &asked.form);
    assert_eq!(asked.signature.as_deref(), Some(&*good), "the webhook is asked as the carrier asks");
    let named = asked.form.iter().find(|(name, _)| name == "CallSid").map(|(_, sid)| sid.clone());
    assert_eq!(named.as_deref(), Some(&*start.call_sid), "one name for the call");
    assert_ne!(start.call_sid, prospect.sid(), "and it is not the carrier's");
    let good = sign("the-token-of-the-assistant", stage.world.assistant.url(), &[]);
    assert_eq!(visit.signature().as_deref(), Some(&*good), "so is the stream");
    assert!(prospect.hears(&greeting().clip, s(8)).await.is_some());
    visit.close();
    assert!(prospect.is_over(s(15)).await.is_some(), "the line ends");
    let words = prospect.ear().words().to_vec();
    assert!(words.iter().any(|heard| heard.words.contains("office is closed")), "{words:?}");
    assert!(visit.oddities().is_empty(), "{:?}", visit.oddities());
    stage.close().await;
}

/// Plays a call whose assistant closes cleanly after its greeting; the prospect, once the line has ended.
async fn assistant_closes(stage: &Stage) -> PhoneCall {
    let prospect = stage.world.prospect_calls(PROSPECT, patient_prospect());
    assert!(prospect.hears(&greeting().clip, s(8)).await.is_some());
    let visit = stage.world.assistant.visit(0, s(4)).await.expect("the assistant is there");
    assert!(visit.until(s(8), |visit| !visit.marks().is_empty()).await, "its greeting was played");
    visit.close();
    assert!(prospect.is_over(s(20)).await.is_some(), "the line ends: {}", stage.all_that_happened().await);
    assert_eq!(stage.record().await.end.as_deref(), Some("assistant-finished"));
    prospect
}

/// Which of these the prospect heard, in the order in which they heard them.
fn in_order<'a>(prospect: &PhoneCall, words: &[&'a str]) -> Vec<&'a str> {
    let heard = prospect.ear().words().to_vec();
    let mut found: Vec<_> = words
        .iter()
        .filter_map(|words| Some((heard.iter().find(|h| h.words.contains(words))?.at, *words)))
        .collect();
    found.sort();
    found.into_iter().map(|(_, words)| words).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn prospect_goes_on_with_the_action_of_the_assistant_when_it_closes() {
    let survey = "please rate this call from one to five";
    let script = AssistantScript {
        action: Some("/voice/survey?round=1&of=2".into()),
        action_says: format!("<Say>{survey}</Say><Hangup/>"),
        // With an action, what stands behind the stream is nobody's.
        after_stream: "<Say>nobody must hear this sentence</Say>".into(),
        ..quiet_later()
    };
    let stage = Stage::start_at_webhook(script, |config| {
        config.assistant.auth_token = Secret::new("the-token-of-the-assistant");
    })
    .await;
    let prospect = assistant_closes(&stage).await;
    assert_eq!(in_order(&prospect, &[survey, "nobody must hear"]), [survey]);
    let asked = stage.world.assistant.asked();
    let paths: Vec<_> = asked.iter().map(|asked| &*asked.path).collect();
    assert_eq!(paths, ["/voice", "/voice/survey?round=1&of=2"], "made absolute, query and all");
    // The carrier itself asks: with its own name for the call, and its own signature.
    let told = |name: &str| asked[1].form.iter().find(|(n, _)| n == name).map(|(_, value)| &**value);
    assert_eq!(told("CallSid"), Some(prospect.sid()));
    assert_eq!(told("CallStatus"), Some("in-progress"));
    let url = stage.world.assistant.voice_url().to_owned() + "/survey?round=1&of=2";
    let good = sign(&stage.world.carrier.settings().auth_token, &url, &asked[1].form);
    assert_eq!(asked[1].signature.as_deref(), Some(&*good));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn prospect_is_led_on_by_the_verbs_that_stand_behind_the_stream_of_the_assistant() {
    let script = AssistantScript {
        action_says: "<Say>you are in the second department</Say><Hangup/>".into(),
        after_stream: r#"<Say>one moment I am passing you on</Say><Pause length="1"/>
            <Redirect method="POST">voice/second</Redirect><Say>nobody must hear this</Say>"#
            .into(),
        ..quiet_later()
    };
    let stage = Stage::start_at_webhook(script, |_| {}).await;
    let prospect = assistant_closes(&stage).await;
    let words = ["one moment I am passing you on", "you are in the second department", "nobody must hear"];
    assert_eq!(in_order(&prospect, &words), words[..2]);
    let paths: Vec<_> = stage.world.assistant.asked().into_iter().map(|asked| asked.path).collect();
    assert_eq!(paths, ["/voice", "/voice/second"]);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn prospect_is_silent_and_the_assistant_notices_no_difference_to_the_carrier() {
    let stage = Stage::start(AssistantScript { pace: Pace::at_once(), ..quiet_later() }).await;
    let prospect = stage.world.prospect_calls(PROSPECT, patient_prospect());
    let visit = stage.world.assistant.visit(0, s(8)).await.expect("the assistant is dialled");
    assert!(visit.until(s(10), |visit| !visit.marks().is_empty()).await, "its mark comes back");
    let (said, back) = (visit.said()[0].0, visit.marks()[0].0);
    let length = Duration::from_millis(20 * greeting().clip.frames() as u64);
    assert!(back >= said + length, "not before it was played: {said:?} + {length:?}, {back:?}");
    let mean = visit.mean_gap();
    assert!((18..=22).contains(&mean.as_millis()), "a frame every 20 ms: {mean:?}");
    prospect.stall_stream(Duration::from_millis(700));
    tokio::time::sleep(s(1)).await;
    prospect.press('5');
    assert!(visit.until(s(4), |visit| visit.keys().iter().any(|(_, key)| *key == '5')).await, "a key");
    let marks = visit.marks().len();
    visit.say(Said::spoken("one two three four five six seven eight", Pitch::ASSISTANT));
    assert!(visit.until(s(2), |visit| visit.said().len() > 1).await);
    tokio::time::sleep(Duration::from_millis(600)).await;
    visit.clear();
    assert!(visit.until(s(2), |visit| visit.marks().len() > marks).await, "a clear brings the marks back");
    assert!(visit.longest_gap() < Duration::from_millis(300), "{:?}", visit.longest_gap());
    assert!(visit.oddities().is_empty(), "{:?}", visit.oddities());
    prospect.hang_up();
    assert!(visit.until(s(4), |visit| visit.stopped_at().is_some()).await, "stop");
    stage.record().await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_7_prospect_is_undisturbed_by_a_second_call_and_a_third_hears_the_fallback() {
    let change = |config: &mut Config| {
        config.server.calls = 2;
        config.fallback.words = "please call again tomorrow".to_owned();
    };
    let stage = Stage::start_with(Stage::unkind_carrier(), Stage::kind_assistant(), change).await;
    let good = stage.world.prospect_calls(PROSPECT, patient_prospect());
    assert!(good.hears(&greeting().clip, s(8)).await.is_some());
    let bad = stage.world.prospect_calls("+15550100143", patient_prospect());
    let visit = stage.world.assistant.visit(1, s(8)).await.expect("the second call has an assistant");
    let third = stage.world.prospect_calls("+15550100144", patient_prospect());
    for fault in [Fault::TalksRubbish, Fault::SendsBinary, Fault::Vanishes] {
        visit.misbehave(fault);
    }
    bad.cut_stream();
    assert!(third.is_over(s(20)).await.is_some(), "the third call is sent away");
    assert!(third.ear().words().iter().any(|heard| heard.words.contains("again tomorrow")));
    let question = Said::spoken("then tell me more please", Pitch::PROSPECT);
    good.say(question);
    assert!(good.hears(&crate::stage::answer().clip, s(12)).await.is_some(), "the first call goes on");
    let first = stage.world.assistant.visits().remove(0);
    assert!(first.closed().is_none() && first.oddities().is_empty());
    assert!(bad.is_streaming(s(8)).await, "the second comes back");
    good.hang_up();
    bad.hang_up();
    assert!(good.is_over(s(5)).await.is_some() && bad.is_over(s(5)).await.is_some());
    stage.close().await;
}
