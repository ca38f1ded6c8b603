//! The carrier against a server of a few lines that plays Baton's part.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::echo::Echo;
use super::*;
use crate::sim::person::{Answers, Person, Step};
use crate::sim::sound::{Phrase, Pitch};

pub(super) const LIMIT: Duration = Duration::from_secs(10);
pub(super) const PROSPECT: &str = "+14155550123";
pub(super) const REP: &str = "+14155550177";

pub(super) fn millis(n: u64) -> Duration {
    Duration::from_millis(n)
}

pub(super) fn prospect() -> Phone {
    Phone { number: PROSPECT.into(), person: Person::new("prospect") }
}

pub(super) async fn carrier(echo: &Echo, change: impl FnOnce(&mut CarrierSettings)) -> Carrier {
    let mut settings = CarrierSettings {
        line: LineSettings {
            voice_url: echo.url("/voice"),
            fallback_url: Some(echo.url("/fallback")),
            status_url: Some(echo.url("/status")),
            ..LineSettings::default()
        },
        ..CarrierSettings::default()
    };
    change(&mut settings);
    Carrier::start(settings).await.unwrap()
}

fn media(echo: &Echo, millis: usize) -> String {
    let payload = STANDARD.encode(vec![0x9f; millis * 8]);
    json!({"event": "media", "streamSid": echo.stream_sid(), "media": {"payload": payload}}).to_string()
}

fn mark(echo: &Echo, name: &str) -> String {
    json!({"event": "mark", "streamSid": echo.stream_sid(), "mark": {"name": name}}).to_string()
}

/// Lets somebody dial in and be connected to a stream that says nothing by itself.
pub(super) async fn streaming(echo: &Echo, carrier: &Carrier) -> PhoneCall {
    let call = carrier.place(prospect());
    assert!(call.is_streaming(LIMIT).await, "{:?}", carrier.notices());
    echo.until("media", |echo| !echo.told("media").is_empty()).await;
    call
}

#[tokio::test]
async fn a_call_asks_the_signed_webhook_and_streams_the_prospects_voice_there_and_back() {
    let echo = Echo::start().await;
    echo.document("/voice", &echo.connect(""));
    let carrier = carrier(&echo, |_| {}).await;
    let words = Phrase::spoken("hello, is this the company?", Pitch::PROSPECT);
    let person = Person::new("prospect")
        .then(Step::Wait(millis(500)))
        .then(Step::Say(words.clone()))
        .then(Step::Wait(millis(600)))
        .then(Step::HangUp);
    let call = carrier.place(Phone { number: PROSPECT.into(), person });
    assert_eq!(call.is_over(LIMIT).await, Some(CallStatus::Completed));

    let voice = &echo.asked("/voice")[0];
    let token = &carrier.settings().auth_token;
    assert_eq!(voice.header("x-twilio-signature"), sign(token, &echo.url("/voice"), &voice.form));
    assert_eq!(voice.field("CallSid"), call.sid());
    assert_eq!((voice.field("From"), voice.field("Direction")), (PROSPECT, "inbound"));
    assert_eq!(voice.field("CallStatus"), "ringing");

    let upgrade = &echo.asked("/media")[0];
    let url = format!("ws://{}/media", echo.address);
    assert_eq!(upgrade.header("x-twilio-signature"), sign(token, &url, &[]));
    assert_eq!(upgrade.header("user-agent"), "Twilio.TmeWs/1.0");
    for absent in ["origin", "sec-websocket-protocol", "sec-websocket-extensions"] {
        assert_eq!(upgrade.header(absent), "");
    }

    let start = &echo.told("start")[0].1;
    assert_eq!(start["sequenceNumber"], "1");
    assert_eq!(start["start"]["callSid"], call.sid());
    assert_eq!(start["start"]["customParameters"], json!({"k": "v"}));
    assert_eq!(start["start"]["mediaFormat"]["sampleRate"], 8000);
    let first = &echo.told("media")[0].1;
    assert_eq!((&first["media"]["chunk"], &first["media"]["timestamp"]), (&json!("1"), &json!("0")));
    assert_eq!(echo.told("stop").len(), 1);

    let heard = call.ear().heard(&words.clip).expect("the echo was heard");
    assert!(heard.share > 0.95, "{heard:?}");
    let round_trip = (call.ear().began() + heard.when.start).saturating_sub(call.said()[0].0);
    assert!((millis(120)..millis(400)).contains(&round_trip), "{round_trip:?}");
    assert_eq!(call.stream().unwrap().faults(), 0);
    echo.until("status", |echo| !echo.asked("/status").is_empty()).await;
    let status = &echo.asked("/status")[0];
    assert_eq!((status.field("CallStatus"), status.field("SequenceNumber")), ("completed", "0"));
    assert!(status.header("i-twilio-idempotency-token").starts_with("IT"));
}

#[tokio::test]
async fn frames_leave_every_20_ms_in_the_mean_and_their_timestamps_exactly_so() {
    let echo = Echo::start().await;
    echo.be_quiet();
    echo.document("/voice", &echo.connect(""));
    let carrier = carrier(&echo, |_| {}).await;
    let _call = streaming(&echo, &carrier).await;
    echo.until("150 frames", |echo| echo.told("media").len() >= 150).await;
    let frames = echo.told("media");
    for (n, (_, frame)) in frames.iter().enumerate() {
        assert_eq!(frame["media"]["timestamp"], (n * 20).to_string());
        assert_eq!(frame["media"]["payload"].as_str().unwrap().len(), 216);
    }
    let mean = (frames[149].0 - frames[0].0).as_secs_f64() * 1_000.0 / 149.0;
    assert!((19.0..21.5).contains(&mean), "{mean} ms");
}

#[tokio::test]
async fn marks_come_back_when_played_and_clear_returns_them_at_once() {
    let echo = Echo::start().await;
    echo.be_quiet();
    echo.document("/voice", &echo.connect(""));
    let carrier = carrier(&echo, |_| {}).await;
    let call = streaming(&echo, &carrier).await;

    let began = clock::now();
    echo.say(mark(&echo, "empty"));
    echo.say(media(&echo, 1_000));
    echo.say(mark(&echo, "played"));
    echo.until("the mark", |echo| echo.told("mark").len() == 2).await;
    let marks = echo.told("mark");
    assert_eq!(marks[0].1["mark"]["name"], "empty");
    assert!(marks[0].0 - began >= millis(120), "an echo needs a round trip");
    assert!(marks[0].0 - began < millis(1_000), "nothing was queued before it");
    assert!(marks[1].0 - began >= millis(1_120), "a second had to be played first");

    echo.say(media(&echo, 60_000));
    echo.say(mark(&echo, "a"));
    echo.say(mark(&echo, "b"));
    assert!(call.until(LIMIT, |call| call.stream().unwrap().backlog_millis > 50_000).await);
    let cut = clock::now();
    echo.say(json!({"event": "clear", "streamSid": echo.stream_sid()}).to_string());
    echo.until("the marks", |echo| echo.told("mark").len() == 4).await;
    let marks = echo.told("mark");
    assert_eq!((&marks[2].1["mark"]["name"], &marks[3].1["mark"]["name"]), (&json!("a"), &json!("b")));
    assert!((millis(120)..millis(1_000)).contains(&(marks[3].0 - cut)));
    let tally = call.stream().unwrap();
    assert_eq!((tally.clears, tally.backlog_millis, tally.faults()), (1, 0, 0));
}

#[tokio::test]
async fn what_twilio_does_not_accept_is_counted_and_noticed_once() {
    let echo = Echo::start().await;
    echo.be_quiet();
    echo.document("/voice", &echo.connect(""));
    let carrier = carrier(&echo, |settings| settings.network = Network::perfect()).await;
    let call = streaming(&echo, &carrier).await;
    for bad in ["nonsense", r#"{"event":"mark","streamSid":"MZ1","mark":{"name":"x"}}"#] {
        echo.say(bad);
    }
    echo.say_binary();
    echo.say(media(&echo, 599_000));
    echo.say(media(&echo, 2_000));
    assert!(call.until(LIMIT, |call| call.stream().unwrap().discarded > 0).await);
    let tally = call.stream().unwrap();
    assert_eq!((tally.invalid, tally.malformed, tally.discarded, tally.faults()), (2, 1, 1, 4));
    let codes: Vec<u32> = carrier.notices().iter().map(|notice| notice.code).collect();
    assert_eq!(codes, [31_951, 31_950, 31_931]);
}

#[tokio::test]
async fn the_action_decides_what_follows_a_stream_that_was_closed_or_cut() {
    let echo = Echo::start().await;
    echo.document("/voice", &echo.connect(r#"action="/ended""#));
    echo.document("/ended", &echo.connect(r#"action="/ended""#));
    echo.document("/ended", "<Say>good bye</Say><Hangup/>");
    let carrier = carrier(&echo, |_| {}).await;
    let call = streaming(&echo, &carrier).await;
    call.cut_stream();
    assert!(call.until(LIMIT, |call| call.streams().len() == 2).await);
    assert!(call.is_streaming(LIMIT).await);
    echo.close();
    assert_eq!(call.is_over(LIMIT).await, Some(CallStatus::Completed));
    assert_eq!(echo.asked("/ended").len(), 2);
    assert_eq!(echo.asked("/ended")[0].field("CallStatus"), "in-progress");
    assert!(echo.told("stop").is_empty(), "neither a cut nor a close by the server brings a stop");
    assert_eq!(call.ear().words()[0].words, "good bye");
    echo.until("stream callbacks", |echo| echo.asked("/stream").len() == 4).await;
    let mut events: Vec<String> =
        echo.asked("/stream").iter().map(|asked| asked.field("StreamEvent").to_owned()).collect();
    events.sort();
    assert_eq!(events, ["stream-error", "stream-started", "stream-started", "stream-stopped"]);
}

#[tokio::test]
async fn a_stalled_stream_is_silent_and_then_bursts_without_losing_its_place() {
    let echo = Echo::start().await;
    echo.be_quiet();
    echo.document("/voice", &echo.connect(""));
    let carrier = carrier(&echo, |_| {}).await;
    let call = streaming(&echo, &carrier).await;
    call.stall_stream(millis(1_000));
    let before = echo.told("media").len();
    echo.until("the burst", |echo| echo.told("media").len() >= before + 60).await;
    let frames = echo.told("media");
    let gaps = frames.windows(2).map(|pair| pair[1].0 - pair[0].0);
    assert!(gaps.max().unwrap() > millis(800));
    for (n, (_, frame)) in frames.iter().enumerate() {
        assert_eq!(frame["media"]["timestamp"], (n * 20).to_string());
    }
}

#[tokio::test]
async fn a_webhook_that_fails_is_tried_again_as_its_url_says_and_then_the_fallback_is_asked() {
    let echo = Echo::start().await;
    echo.answer("/voice", 500, "");
    echo.document("/fallback", "<Say>please hold the line</Say>");
    let carrier = carrier(&echo, |settings| {
        settings.line.voice_url += "#rc=2&rp=5xx";
        settings.network = Network::perfect();
    })
    .await;
    let call = carrier.place(prospect());
    assert_eq!(call.is_over(LIMIT).await, Some(CallStatus::Completed));
    assert_eq!(echo.asked("/voice").len(), 3);
    let tokens: Vec<_> =
        echo.asked("/voice").iter().map(|a| a.header("i-twilio-idempotency-token").to_owned()).collect();
    assert!(tokens.windows(2).all(|pair| pair[0] == pair[1]));
    let fallback = &echo.asked("/fallback")[0];
    assert_eq!(fallback.field("ErrorCode"), "11200");
    assert_eq!(call.ear().words()[0].words, "please hold the line");
}

#[tokio::test]
async fn a_caller_hears_of_an_application_error_when_nothing_answers() {
    let echo = Echo::start().await;
    echo.document("/voice", "<Redirect>http://127.0.0.1:1/gone</Redirect>");
    let carrier = carrier(&echo, |settings| {
        settings.network = Network::perfect();
        settings.line.fallback_url = None;
    })
    .await;
    let call = carrier.place(prospect());
    assert!(call.until(LIMIT, |call| !call.ear().words().is_empty()).await);
    assert!(call.ear().words()[0].words.contains("application error"));
    let tries = carrier.webhooks().iter().filter(|hook| hook.url.ends_with("/gone")).count();
    assert_eq!(tries, 2, "one retry after a connection failure");
}

#[tokio::test]
async fn a_bad_document_is_an_error_and_a_rejected_call_is_never_answered() {
    let echo = Echo::start().await;
    echo.answer("/voice", 200, "<Response><Say>unfinished</Response>");
    echo.document("/fallback", r#"<Reject reason="busy"/>"#);
    let carrier = carrier(&echo, |settings| settings.network = Network::perfect()).await;
    let call = carrier.place(prospect());
    assert_eq!(call.is_over(LIMIT).await, Some(CallStatus::Busy));
    assert_eq!(carrier.notices()[0].code, 12_100);
    assert_eq!(call.answered_at(), None);
}

#[tokio::test]
async fn dial_connects_two_people_directly_and_tells_the_action_how_it_went() {
    let echo = Echo::start().await;
    echo.document("/voice", &format!(r#"<Dial action="/dialled"><Number>{REP}</Number></Dial>"#));
    echo.document("/dialled", "<Hangup/>");
    let carrier = carrier(&echo, |settings| settings.network = Network::perfect()).await;
    let hello = Phrase::spoken("sales, good morning", Pitch::REP);
    let rep = Person::new("rep")
        .who_answers(Answers::After(millis(200)))
        .then(Step::Say(hello.clone()))
        .then(Step::HangUp);
    carrier.install(Phone { number: REP.into(), person: rep });
    let call = carrier.place(prospect());
    assert_eq!(call.is_over(LIMIT).await, Some(CallStatus::Completed));
    assert!(call.ear().heard(&hello.clip).is_some_and(|heard| heard.share > 0.8));
    let dialled = &echo.asked("/dialled")[0];
    assert_eq!(dialled.field("DialCallStatus"), "completed");
    assert_eq!(carrier.calls()[1].direction(), Direction::OutboundDial);
}

#[tokio::test]
async fn keys_reach_the_stream_and_gather() {
    let echo = Echo::start().await;
    echo.document("/voice", r#"<Gather numDigits="2" action="/keys"><Say>two keys</Say></Gather>"#);
    echo.document("/keys", &echo.connect(""));
    let carrier = carrier(&echo, |settings| settings.network = Network::perfect()).await;
    let call = carrier.place(prospect());
    assert!(call.is_answered(LIMIT).await);
    call.press('4');
    call.press('2');
    assert!(call.is_streaming(LIMIT).await);
    assert_eq!(echo.asked("/keys")[0].field("Digits"), "42");
    call.press('#');
    echo.until("the key", |echo| !echo.told("dtmf").is_empty()).await;
    assert_eq!(echo.told("dtmf")[0].1["dtmf"], json!({"track": "inbound_track", "digit": "#"}));
}

#[tokio::test]
async fn lost_frames_are_gaps_in_the_timestamps() {
    let echo = Echo::start().await;
    echo.be_quiet();
    echo.document("/voice", &echo.connect(""));
    let stalls = Stalls { every: millis(500), lasting: millis(50)..millis(100) };
    let carrier = carrier(&echo, |settings| {
        settings.network.loss = 0.2;
        settings.network.stalls = Some(stalls);
    })
    .await;
    let call = streaming(&echo, &carrier).await;
    echo.until("100 frames", |echo| echo.told("media").len() >= 100).await;
    let frames = echo.told("media");
    assert_eq!(frames[99].1["media"]["chunk"], "100");
    let timestamp: usize = frames[99].1["media"]["timestamp"].as_str().unwrap().parse().unwrap();
    assert!(timestamp / 20 > 105, "{timestamp}");
    assert!(call.stream().unwrap().frames_lost > 5);
}
