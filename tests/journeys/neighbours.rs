//! Hostile neighbours: a stream that floods, one that reads nothing; and beside it an ordinary call, whose ear is judged.

use std::time::Duration;

use baton::call::Event;
use baton::config::{Config, Span};
use baton::sim::assistant::{AssistantScript, Pace};
use baton::sim::carrier::PhoneCall;
use baton::sim::sound::{Phrase as Said, Pitch};
use futures_util::SinkExt as _;
use serde_json::json;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use crate::doors::{CALL, Raw, STREAM, Socket, speaks, stream_url};
use crate::stage::{PROSPECT, Stage, answer, greeting, longest_nothing, patient_prospect, s};

/// An ordinary call that is past its greeting.
async fn neighbour(stage: &Stage) -> PhoneCall {
    let prospect = stage.world.prospect_calls("+15550100143", patient_prospect());
    assert!(prospect.hears(&greeting().clip, s(8)).await.is_some(), "the greeting");
    prospect
}

/// The neighbour asks and is answered, whole and in time, and the assistant hears them without a hole.
async fn talks_undisturbed(stage: &Stage, neighbour: &PhoneCall, times: usize) {
    for _ in 0..times {
        let from = neighbour.ear().duration();
        neighbour.say(Said::spoken("then tell me more please", Pitch::PROSPECT));
        let mut share = 0.0;
        for _ in 0..60 {
            tokio::time::sleep(Duration::from_millis(200)).await;
            share = neighbour.ear().heard_after(&answer().clip, from).map_or(0.0, |heard| heard.share);
            if share > 0.9 {
                break;
            }
        }
        assert!(share > 0.9, "the answer was heard to {share}");
    }
    let nothing = longest_nothing(neighbour);
    assert!(nothing <= s(4), "nobody speaks between question and answer, and no longer: {nothing:?}");
    let visits = stage.world.assistant.visits();
    let visit = visits.first().expect("the neighbour's assistant came first");
    assert!(visit.closed().is_none() && visit.oddities().is_empty(), "{:?}", visit.oddities());
    let gap = visit.longest_gap();
    assert!(gap < Duration::from_millis(300), "the longest hole in what the assistant hears: {gap:?}");
}

fn media() -> Utf8Bytes {
    let sound = "/".repeat(216);
    let text =
        json!({"event": "media", "streamSid": STREAM, "media": {"track": "inbound", "payload": sound}});
    text.to_string().into()
}

/// Sends this without a pause until the line breaks; how many went out, and how long it took.
async fn floods(socket: &mut Socket, message: Message) -> (u32, Duration) {
    let began = baton::live::clock::now();
    for sent in 0..2_000_000 {
        let broke = socket.feed(message.clone()).await.is_err();
        if broke || (sent % 64 == 0 && socket.flush().await.is_err()) {
            return (sent, began.elapsed());
        }
    }
    panic!("two million messages were taken");
}

async fn is_flooded(message: Message) {
    let stage = Stage::start(Stage::kind_assistant()).await;
    let neighbour = neighbour(&stage).await;
    let raw = Raw::new(&stage);
    let hostile = async {
        let mut document = raw.asks_about(CALL).await;
        for time in 0..5 {
            let mut socket = raw.connects(&document).await.unwrap();
            raw.begins(&mut socket, &raw.account, CALL).await;
            let (sent, took) = floods(&mut socket, message.clone()).await;
            println!("flood {time}: {sent} messages in {took:?}");
            assert!(took < s(10), "it is ended: {took:?}");
            let form = [("CallSid", CALL), ("CallStatus", "in-progress")];
            let (status, next) = raw.post("/twilio/connect-ended", &form).await;
            assert!(status == 200 && next.contains("<Stream"), "the call itself goes on: {next}");
            document = next;
        }
        let mut socket = raw.connects(&document).await.unwrap();
        raw.begins(&mut socket, &raw.account, CALL).await;
        socket.send(Message::text(media())).await.unwrap();
        assert!(speaks(&mut socket).await, "a line that behaves again is served");
    };
    tokio::join!(hostile, talks_undisturbed(&stage, &neighbour, 2));
    let numbers = stage.numbers().await;
    assert!(numbers.contains("door=\"media\",why=\"a flood\""), "it is counted:\n{numbers}");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_7_prospect_is_undisturbed_while_a_neighbour_floods_with_sound() {
    is_flooded(Message::text(media())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_7_prospect_is_undisturbed_while_a_neighbour_floods_with_rubbish() {
    is_flooded(Message::text("{\"event\": \"media\", \"media\"")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn prospect_of_a_carrier_that_makes_up_for_half_a_minute_is_no_flood() {
    let stage = Stage::start(Stage::kind_assistant()).await;
    let raw = Raw::new(&stage);
    let mut socket = raw.connects(&raw.asks_about(CALL).await).await.unwrap();
    raw.begins(&mut socket, &raw.account, CALL).await;
    for _ in 0..1_500 {
        socket.feed(Message::text(media())).await.unwrap();
    }
    let key = json!({"event": "dtmf", "streamSid": STREAM, "dtmf": {"track": "inbound_track", "digit": "7"}});
    socket.send(Message::text(key.to_string())).await.unwrap();
    stage.is_told(Event::KeyPressed { leg: baton::id::LegId::Prospect, key: '7' }).await;
    assert!(speaks(&mut socket).await);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn prospect_whose_machine_presses_a_thousand_keys_is_heard_and_the_record_is_not_filled() {
    let stage = Stage::start(Stage::kind_assistant()).await;
    let raw = Raw::new(&stage);
    let mut socket = raw.connects(&raw.asks_about(CALL).await).await.unwrap();
    raw.begins(&mut socket, &raw.account, CALL).await;
    let key = json!({"event": "dtmf", "streamSid": STREAM, "dtmf": {"track": "inbound_track", "digit": "7"}});
    for _ in 0..1_000 {
        socket.feed(Message::text(key.to_string())).await.unwrap();
    }
    socket.flush().await.unwrap();
    assert!(speaks(&mut socket).await, "the line is kept");
    socket.close(None).await.unwrap();
    stage.is_told(Event::ProspectStreamBroke).await;
    let record = stage.record_when(|_| true).await;
    let keys =
        stage.timeline(&record).await.iter().filter(|e| matches!(e.event, Event::KeyPressed { .. })).count();
    assert!((60..150).contains(&keys), "{keys} keys");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_7_prospect_is_undisturbed_while_a_neighbour_reads_nothing_whose_line_is_then_broken() {
    // It says so much that it cannot all wait in the network.
    let long =
        Said::spoken(&"one two three four five six seven eight nine ten ".repeat(40), Pitch::ASSISTANT);
    let script = AssistantScript { pace: Pace::at_once(), ..Stage::kind_assistant() };
    let change = |config: &mut Config| config.assistant.slow = Span::secs(2);
    let stage = Stage::start_with(Stage::unkind_carrier(), script, change).await;
    let neighbour = neighbour(&stage).await;
    let raw = Raw::new(&stage);
    let hostile = async {
        let document = raw.asks_about(CALL).await;
        let mut socket = connects_narrowly(&raw, &stream_url(&document)).await;
        raw.begins(&mut socket, &raw.account, CALL).await;
        let visit = stage.world.assistant.visit(1, s(8)).await.expect("the second call has an assistant");
        assert!(visit.until(s(5), |visit| visit.start().is_some()).await);
        let began = baton::live::clock::now();
        for _ in 0..8 {
            visit.say(long.clone());
        }
        // It speaks and does not listen.
        while socket.send(Message::text(media())).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
            assert!(began.elapsed() < s(30), "who does not read is not kept");
        }
        let form = [("CallSid", CALL), ("CallStatus", "in-progress")];
        let (_, next) = raw.post("/twilio/connect-ended", &form).await;
        assert!(next.contains("<Stream"), "the call itself goes on: {next}");
    };
    tokio::join!(hostile, talks_undisturbed(&stage, &neighbour, 2));
    stage.close().await;
}

/// A stream with little room in the network between.
async fn connects_narrowly(raw: &Raw<'_>, url: &str) -> Socket {
    let mut request = url.into_client_request().unwrap();
    let signature = baton::sim::carrier::sign(&raw.token, url, &[]);
    request.headers_mut().insert("X-Twilio-Signature", signature.parse().unwrap());
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4 * 1024).unwrap();
    let at: std::net::SocketAddr = raw.stage.base.strip_prefix("http://").unwrap().parse().unwrap();
    let stream = tokio_tungstenite::MaybeTlsStream::Plain(socket.connect(at).await.unwrap());
    tokio_tungstenite::client_async(request, stream).await.unwrap().0
}

#[tokio::test(flavor = "multi_thread")]
async fn prospect_hears_the_fallback_when_memory_runs_short_and_who_talks_goes_on() {
    let change = |config: &mut Config| {
        config.server.memory = 1;
        config.fallback.words = "please call again tomorrow".to_owned();
    };
    let stage = Stage::start_with(Stage::unkind_carrier(), Stage::kind_assistant(), change).await;
    let prospect = stage.world.prospect_calls(PROSPECT, patient_prospect());
    assert!(prospect.is_over(s(20)).await.is_some(), "the call ends");
    let words = prospect.ear().words().to_vec();
    assert!(words.iter().any(|heard| heard.words.contains("again tomorrow")), "{words:?}");
    assert!(stage.numbers().await.contains("baton_calls_refused_total{why=\"memory\"}"));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn prospect_is_undisturbed_while_a_stranger_opens_all_the_connections_that_they_may() {
    let change = |config: &mut Config| {
        config.server.sockets = 40;
        config.server.sockets_per_address = 30;
    };
    let stage = Stage::start_with(Stage::unkind_carrier(), Stage::kind_assistant(), change).await;
    let neighbour = neighbour(&stage).await;
    let at = stage.base.strip_prefix("http://").unwrap().to_owned();
    let mut strangers = Vec::new();
    for _ in 0..200 {
        strangers.push(tokio::net::TcpStream::connect(&at).await.unwrap());
    }
    talks_undisturbed(&stage, &neighbour, 1).await;
    drop(strangers);
    let mut numbers = String::new();
    for _ in 0..50 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let client = baton::edge::http::client().unwrap();
        let Ok(answer) = client.get(format!("{}/metrics", stage.base)).send().await else { continue };
        numbers = answer.text().await.unwrap();
        break;
    }
    assert!(numbers.contains("door=\"socket\",why=\"full for its address\""), "{numbers}");
    neighbour.hang_up();
    assert!(neighbour.is_over(s(8)).await.is_some());
    stage.close().await;
}
