//! What the carrier does when Baton does not answer: retries, the fallback, and its own last words.

use std::net::TcpListener;

use super::echo::Echo;
use super::rest_tests::rest;
use super::tests::{LIMIT, REP, carrier, millis, prospect, streaming};
use super::*;
use crate::sim::person::{Person, Step};
use crate::sim::sound::{Phrase, Pitch};

/// An address where nobody listens, and where somebody may begin to.
fn nobody() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

async fn says(words: &str) -> StaticFallback {
    StaticFallback::start(&FallbackDocument::Says(words.to_owned())).await.unwrap()
}

fn field<'a>(form: &'a [(String, String)], name: &str) -> &'a str {
    form.iter().find(|(field, _)| field == name).map_or("", |(_, value)| value)
}

fn tries(carrier: &Carrier, url: &str) -> Vec<Result<u16, u32>> {
    let hooks = carrier.webhooks().into_iter().filter(|hook| hook.url.starts_with(url));
    hooks.map(|hook| hook.answer.map_err(|(code, _)| code)).collect()
}

/// A carrier without delays whose number points at nobody, with these overrides and this fallback.
async fn unanswered(overrides: &str, fallback: &StaticFallback, pause: Duration) -> (Carrier, String) {
    let url = format!("http://{}/voice", nobody());
    let settings = CarrierSettings {
        line: LineSettings {
            voice_url: format!("{url}{overrides}"),
            fallback_url: Some(fallback.url().to_owned()),
            ..LineSettings::default()
        },
        network: Network::perfect(),
        retry_pause: pause,
        ..CarrierSettings::default()
    };
    (Carrier::start(settings).await.unwrap(), url)
}

#[tokio::test]
async fn a_refused_connection_is_tried_again_as_often_as_the_url_says_and_then_the_fallback_is_asked() {
    for (overrides, count) in [("", 2), ("#rc=3&rp=ct", 4), ("#rc=3&rp=5xx", 1), ("#rc=0", 1)] {
        let fallback = says("please hold the line").await;
        let (carrier, url) = unanswered(overrides, &fallback, Duration::ZERO).await;
        let call = carrier.place(prospect());
        assert_eq!(call.is_over(LIMIT).await, Some(CallStatus::Completed));
        assert_eq!(tries(&carrier, &url), vec![Err(11_205); count], "{overrides}");
        let asked = &fallback.asked()[..];
        assert_eq!(asked.len(), 1, "{overrides}");
        assert_eq!(field(&asked[0], "ErrorCode"), "11205");
        assert_eq!(field(&asked[0], "ErrorUrl"), format!("{url}{overrides}"));
        assert_eq!(field(&asked[0], "CallSid"), call.sid());
        assert_eq!(call.ear().words()[0].words, "please hold the line");
    }
}

#[tokio::test]
async fn all_tries_together_take_no_longer_than_the_url_allows() {
    let fallback = says("please hold the line").await;
    let (carrier, url) = unanswered("#rc=5&tt=500", &fallback, millis(200)).await;
    let call = carrier.place(prospect());
    assert_eq!(call.is_over(LIMIT).await, Some(CallStatus::Completed));
    let refused = Err(11_205);
    assert_eq!(tries(&carrier, &url), [refused, refused, refused, Err(11_203)]);
}

#[tokio::test]
async fn without_a_fallback_that_answers_the_caller_hears_of_an_error_and_the_carrier_hangs_up() {
    let fallback = says("nobody hears this").await;
    let (carrier, _) = unanswered("", &fallback, Duration::ZERO).await;
    drop(fallback);
    tokio::time::sleep(millis(50)).await;
    let call = carrier.place(prospect());
    assert_eq!(call.is_over(LIMIT).await, Some(CallStatus::Completed));
    let ear = call.ear();
    assert_eq!(ear.words().len(), 1);
    assert!(ear.words()[0].words.contains("application error"));
    assert!(ear.duration() > Duration::from_secs(1), "the words are said to their end: {:?}", ear.duration());
}

#[tokio::test]
async fn a_stream_whose_server_vanishes_or_refuses_ends_its_connect_and_the_action_is_asked() {
    let echo = Echo::start().await;
    echo.document("/voice", &echo.connect(r#"action="/ended""#));
    let refusing =
        format!(r#"<Connect action="/ended"><Stream url="ws://{}/media" name="n"/></Connect>"#, nobody());
    echo.document("/ended", &refusing);
    echo.document("/ended", "<Say>good bye</Say><Hangup/>");
    let carrier = carrier(&echo, |_| {}).await;
    let call = streaming(&echo, &carrier).await;
    echo.vanish();
    assert_eq!(call.is_over(LIMIT).await, Some(CallStatus::Completed));
    assert_eq!(echo.asked("/ended").len(), 2);
    assert!(echo.asked("/ended").iter().all(|asked| asked.field("CallStatus") == "in-progress"));
    let codes: Vec<u32> = carrier.notices().iter().map(|notice| notice.code).collect();
    assert_eq!(codes, [31_903, 31_902]);
    assert_eq!(call.ear().words()[0].words, "good bye");
    assert!(echo.told("stop").is_empty());
}

#[tokio::test]
async fn a_stream_that_the_carrier_closes_to_order_brings_no_stop_and_its_action_is_asked() {
    let echo = Echo::start().await;
    echo.document("/voice", &echo.connect(r#"action="/ended""#));
    echo.document("/ended", "<Say>good bye</Say><Hangup/>");
    let carrier = carrier(&echo, |_| {}).await;
    let call = streaming(&echo, &carrier).await;
    call.close_stream();
    assert_eq!(call.is_over(LIMIT).await, Some(CallStatus::Completed));
    assert_eq!(echo.asked("/ended")[0].field("CallStatus"), "in-progress");
    assert!(echo.told("stop").is_empty());
    assert!(carrier.notices().is_empty(), "{:?}", carrier.notices());
}

#[tokio::test]
async fn a_stream_without_an_action_goes_on_with_the_next_verb_and_with_nothing_left_the_carrier_hangs_up() {
    let echo = Echo::start().await;
    echo.document("/voice", &format!("{}<Say>good bye</Say>", echo.connect("")));
    let carrier = carrier(&echo, |_| {}).await;
    let call = streaming(&echo, &carrier).await;
    echo.vanish();
    assert_eq!(call.is_over(LIMIT).await, Some(CallStatus::Completed));
    assert_eq!(call.ear().words()[0].words, "good bye");
    assert!(echo.asked("/fallback").is_empty(), "a stream that breaks is no document that fails");
}

#[tokio::test]
async fn a_caller_who_hangs_up_while_the_carrier_tries_ends_the_tries() {
    let fallback = says("nobody hears this").await;
    let (carrier, url) = unanswered("#rc=5&tt=15000", &fallback, millis(500)).await;
    let call = carrier.place(prospect());
    let tried = || !tries(&carrier, &url).is_empty();
    while !tried() {
        tokio::time::sleep(millis(10)).await;
    }
    call.give_up();
    assert_eq!(call.is_over(LIMIT).await, Some(CallStatus::Canceled));
    tokio::time::sleep(millis(700)).await;
    assert_eq!(tries(&carrier, &url).len(), 1);
    assert!(fallback.asked().is_empty());
}

#[tokio::test]
async fn a_fallback_that_asks_again_brings_the_call_back_to_a_server_that_was_away() {
    let (echo, away) = (Echo::start().await, nobody());
    let hold = crate::sim::sound::speech(millis(1_500), Pitch::CARRIER, 1);
    let words = "one moment please".to_owned();
    let document = FallbackDocument::AsksAgain { words: words.clone(), hold: hold.clone() };
    let fallback = StaticFallback::start(&document).await.unwrap();
    let action = format!(r#"action="http://{away}/ended?call=1&amp;leg=prospect#rc=2&amp;rp=all""#);
    echo.document("/voice", &echo.connect(&action));
    let carrier = carrier(&echo, |settings| {
        settings.line.fallback_url = Some(fallback.url().to_owned());
    })
    .await;
    let call = streaming(&echo, &carrier).await;
    echo.vanish();
    assert!(call.until(LIMIT, |call| !call.ear().words().is_empty()).await);
    let back = Echo::start_at(&away).await;
    back.be_quiet();
    back.document("/ended", &back.connect(""));
    assert!(call.until(LIMIT, |call| call.streams().len() == 2).await);
    assert!(call.is_streaming(LIMIT).await);
    assert_eq!(
        tries(&carrier, &format!("http://{away}/ended")),
        [Err(11_205), Err(11_205), Err(11_205), Ok(200)]
    );
    assert_eq!(
        field(&fallback.asked()[0], "ErrorUrl"),
        format!("http://{away}/ended?call=1&leg=prospect#rc=2&rp=all")
    );
    assert_eq!(call.ear().words()[0].words, words);
    assert!(call.ear().heard(&hold).is_some_and(|heard| heard.share > 0.9));
}

#[tokio::test]
async fn a_call_that_was_ordered_has_the_fallback_of_its_order_and_no_other() {
    let echo = Echo::start().await;
    let carrier = carrier(&echo, |settings| {
        settings.network = Network::perfect();
        settings.calls_per_second = 100.0;
    })
    .await;
    let from = carrier.settings().number.clone();
    let gone = format!("<Response><Redirect>http://{}/gone</Redirect></Response>", nobody());
    let own = says("please hold the line").await;
    for (fallback, words) in [(Some(own.url()), "please hold the line"), (None, APPLICATION_ERROR)] {
        carrier.install(Phone { number: REP.into(), person: Person::new("rep") });
        let mut form = vec![("To", REP), ("From", &from), ("Twiml", &gone)];
        form.extend(fallback.map(|url| ("FallbackUrl", url)));
        assert_eq!(rest(&carrier, "Calls.json", &form).await.0, 201);
        let call = carrier.call_with(REP, LIMIT).await.unwrap();
        assert_eq!(call.is_over(LIMIT).await, Some(CallStatus::Completed));
        assert_eq!(call.ear().words()[0].words, words);
    }
    assert!(echo.asked("/fallback").is_empty(), "the number's own fallback is for calls to the number");
}

#[tokio::test]
async fn the_fallback_of_a_running_call_can_be_changed_and_may_put_it_through() {
    let echo = Echo::start().await;
    echo.document("/voice", &echo.connect(&format!(r#"action="http://{}/ended""#, nobody())));
    let carrier = carrier(&echo, |settings| settings.network = Network::perfect()).await;
    let hello = Phrase::spoken("sales, good morning", Pitch::REP);
    let rep =
        Person::new("rep").then(Step::Wait(millis(300))).then(Step::Say(hello.clone())).then(Step::HangUp);
    carrier.install(Phone { number: REP.into(), person: rep });
    let call = streaming(&echo, &carrier).await;
    let dials = StaticFallback::start(&FallbackDocument::Dials(REP.into())).await.unwrap();
    let path = format!("Calls/{}.json", call.sid());
    assert_eq!(rest(&carrier, &path, &[("FallbackUrl", dials.url())]).await.0, 200);
    echo.vanish();
    assert_eq!(call.is_over(LIMIT).await, Some(CallStatus::Completed));
    assert!(call.ear().heard(&hello.clip).is_some_and(|heard| heard.share > 0.8));
    assert!(echo.asked("/fallback").is_empty());
}

#[tokio::test]
async fn callbacks_about_one_call_come_late_and_doubled_to_order() {
    let echo = Echo::start().await;
    echo.document("/voice", &echo.connect(""));
    let carrier = carrier(&echo, |settings| settings.network = Network::perfect()).await;
    let call = streaming(&echo, &carrier).await;
    call.callbacks_come(millis(700), 2);
    call.give_up();
    assert_eq!(call.is_over(LIMIT).await, Some(CallStatus::Completed));
    echo.until("both", |echo| echo.asked("/status").len() == 2).await;
    let told = carrier.webhooks().into_iter().filter(|hook| hook.url.ends_with("/status"));
    let late: Vec<Duration> = told.map(|hook| hook.at.saturating_sub(call.over_at().unwrap())).collect();
    assert!(late.iter().all(|late| *late > millis(700)), "{late:?}");
    let tokens: Vec<_> =
        echo.asked("/status").iter().map(|a| a.header("i-twilio-idempotency-token").to_owned()).collect();
    assert_eq!(tokens[0], tokens[1], "a doubled callback is the same callback");
}

const APPLICATION_ERROR: &str = "We are sorry, an application error has occurred. Goodbye.";
