//! The doors: who is let in, and that whoever is not does no harm to a call that goes on.

use baton::call::{AssistantFault, Event};
use baton::config::Secret;
use baton::id::LegId;
use baton::sim::carrier::{CallStatus, sign};
use futures_util::{SinkExt as _, StreamExt as _};
use reqwest::{Method, RequestBuilder};
use serde_json::json;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::stage::{
    FIRST_REP, OPERATOR_KEY, PROSPECT, SAM, Stage, greeting, patient_prospect, patient_rep,
    prospect_in_a_hurry, s,
};

pub(crate) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

pub(crate) const CALL: &str = "CA0123456789abcdef0123456789abcdef";
pub(crate) const STREAM: &str = "MZ0123456789abcdef0123456789abcdef";

/// A carrier of few words, who can be made to send anything.
pub(crate) struct Raw<'a> {
    pub(crate) stage: &'a Stage,
    pub(crate) account: String,
    pub(crate) token: String,
}

impl<'a> Raw<'a> {
    pub(crate) fn new(stage: &'a Stage) -> Self {
        let settings = stage.world.carrier.settings();
        Self { stage, account: settings.account_sid.clone(), token: settings.auth_token.clone() }
    }

    /// Posts this form, signed; the status and the body of the answer.
    pub(crate) async fn post(&self, path: &str, form: &[(&str, &str)]) -> (u16, String) {
        self.post_signed_with(&self.token, path, form).await
    }

    async fn post_signed_with(&self, token: &str, path: &str, form: &[(&str, &str)]) -> (u16, String) {
        let url = format!("{}{path}", self.stage.base);
        let mut fields: Vec<(String, String)> =
            form.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        fields.push(("AccountSid".to_owned(), self.account.clone()));
        let request = client(Method::POST, &url).header("X-Twilio-Signature", sign(token, &url, &fields));
        let body = serde_urlencoded::to_string(&fields).unwrap();
        let request = request.header("Content-Type", "application/x-www-form-urlencoded").body(body);
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// Asks what to do with this call, as the carrier does first of all.
    pub(crate) async fn asks_about(&self, call: &str) -> String {
        let form = [("CallSid", call), ("From", PROSPECT), ("To", "+15550100100"), ("Direction", "inbound")];
        let (status, document) = self.post("/twilio/voice", &form).await;
        assert_eq!(status, 200, "{document}");
        document
    }

    /// Connects to the stream of this document.
    pub(crate) async fn connects(&self, document: &str) -> Result<Socket, u16> {
        let url = stream_url(document);
        self.connects_signed(&url, Some(sign(&self.token, &url, &[]))).await
    }

    async fn connects_signed(&self, url: &str, signature: Option<String>) -> Result<Socket, u16> {
        let mut request = url.into_client_request().unwrap();
        if let Some(signature) = signature {
            request.headers_mut().insert("X-Twilio-Signature", signature.parse().unwrap());
        }
        match connect_async(request).await {
            Ok((socket, _)) => Ok(socket),
            Err(Error::Http(answer)) => Err(answer.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    /// The first two messages of a stream of this call.
    pub(crate) async fn begins(&self, socket: &mut Socket, account: &str, call: &str) {
        let connected = json!({"event": "connected", "protocol": "Call", "version": "1.0.0"});
        let start = json!({
            "event": "start", "sequenceNumber": "1", "streamSid": STREAM,
            "start": {
                "streamSid": STREAM, "accountSid": account, "callSid": call, "tracks": ["inbound"],
                "customParameters": {},
                "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}
            }
        });
        for message in [connected, start] {
            socket.send(Message::text(message.to_string())).await.unwrap();
        }
    }
}

pub(crate) fn client(method: Method, url: &str) -> RequestBuilder {
    baton::edge::http::client().unwrap().request(method, url)
}

pub(crate) fn stream_url(document: &str) -> String {
    let from = document.find("ws://").expect("the document has a stream");
    let url = document[from..].split(['"', '#']).next().unwrap();
    url.replace("&amp;", "&")
}

/// How often something was refused for this reason, in all of this process: only one journey is refused for each.
async fn refused(stage: &Stage, why: &str) -> u64 {
    let label = format!("why=\"{why}\"");
    let numbers = stage.numbers().await;
    let counts =
        numbers.lines().filter(|line| line.starts_with("baton_refused_total{") && line.contains(&label));
    counts.map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum()
}

/// The same for each of these reasons.
async fn all_refused<const N: usize>(stage: &Stage, reasons: [&str; N]) -> [u64; N] {
    let mut counts = [0; N];
    for (count, why) in counts.iter_mut().zip(reasons) {
        *count = refused(stage, why).await;
    }
    counts
}

/// Whether sound comes out of this stream before it closes.
pub(crate) async fn speaks(socket: &mut Socket) -> bool {
    let heard = async {
        while let Some(Ok(message)) = socket.next().await {
            if message.to_text().is_ok_and(|text| text.contains("\"media\"")) {
                return true;
            }
        }
        false
    };
    tokio::time::timeout(s(8), heard).await.unwrap_or(false)
}

#[tokio::test(flavor = "multi_thread")]
async fn prospect_of_a_stranger_is_not_let_in_and_the_refusal_is_counted() {
    let stage = Stage::start(Stage::kind_assistant()).await;
    let raw = Raw::new(&stage);
    let reasons = ["no signature", "signature does not match"];
    let before = all_refused(&stage, reasons).await;
    let form = [("CallSid", CALL), ("From", PROSPECT)];
    assert_eq!(raw.post_signed_with("not the token", "/twilio/voice", &form).await.0, 403);
    let unsigned = client(Method::POST, &format!("{}/twilio/voice", stage.base)).send().await.unwrap();
    assert_eq!(unsigned.status().as_u16(), 403);
    let document = raw.asks_about(CALL).await;
    let url = stream_url(&document);
    assert_eq!(raw.connects_signed(&url, None).await.err(), Some(403));
    let wrong = Some(sign("not the token", &url, &[]));
    assert_eq!(raw.connects_signed(&url, wrong).await.err(), Some(403));
    let after = all_refused(&stage, reasons).await;
    assert_eq!(after, before.map(|count| count + 2), "each was tried at a webhook and at a stream");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn prospect_has_one_call_however_often_the_carrier_asks_and_a_ticket_is_good_once() {
    let stage = Stage::start(Stage::kind_assistant()).await;
    let raw = Raw::new(&stage);
    let document = raw.asks_about(CALL).await;
    let again = raw.asks_about(CALL).await;
    stage.record_when(|_| true).await;
    let mut socket = raw.connects(&again).await.unwrap();
    assert_eq!(raw.connects(&again).await.err(), Some(404), "used");
    let unknown = stream_url(&document).rsplit_once('/').unwrap().0.to_owned() + "/guessed";
    let signature = Some(sign(&raw.token, &unknown, &[]));
    assert_eq!(raw.connects_signed(&unknown, signature).await.err(), Some(404), "unknown");
    let account = raw.account.clone();
    raw.begins(&mut socket, &account, CALL).await;
    assert!(speaks(&mut socket).await, "the assistant is heard");
    socket.close(None).await.unwrap();
    for _ in 0..2 {
        let (status, answer) =
            raw.post("/twilio/connect-ended", &[("CallSid", CALL), ("CallStatus", "completed")]).await;
        assert_eq!(status, 200);
        assert!(answer.contains("<Hangup"), "{answer}");
    }
    let statuses = [("completed", "3"), ("ringing", "1"), ("in-progress", "2"), ("completed", "3")];
    for (status, number) in statuses {
        let form = [("CallSid", CALL), ("CallStatus", status), ("SequenceNumber", number)];
        assert_eq!(raw.post("/twilio/status", &form).await.0, 204);
    }
    let record = stage.record().await;
    assert_eq!(record.end.as_deref(), Some("prospect-left"));
    stage.timeline(&record).await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn prospect_cannot_be_taken_by_a_stream_of_another_call_or_account_or_without_a_start() {
    let stage = Stage::start(Stage::kind_assistant()).await;
    let raw = Raw::new(&stage);
    let reasons = ["a start for another call", "a start for another account", "no start in time"];
    let before = all_refused(&stage, reasons).await;
    let own = raw.account.clone();
    let other_call = CALL.replace("CA0", "CA1");
    let other_account = "AC".to_owned() + &"9".repeat(32);
    for (account, call) in [(&*own, &*other_call), (&*other_account, CALL)] {
        let mut socket = raw.connects(&raw.asks_about(CALL).await).await.unwrap();
        raw.begins(&mut socket, account, call).await;
        assert!(!speaks(&mut socket).await, "a stream of {account} {call} is closed");
    }
    let mut silent = raw.connects(&raw.asks_about(CALL).await).await.unwrap();
    let closed = async { while let Some(Ok(_)) = silent.next().await {} };
    assert!(tokio::time::timeout(s(8), closed).await.is_ok(), "without a start it is closed");
    let mut good = raw.connects(&raw.asks_about(CALL).await).await.unwrap();
    raw.begins(&mut good, &own, CALL).await;
    assert!(speaks(&mut good).await, "the call itself is unharmed");
    let after = all_refused(&stage, reasons).await;
    assert_eq!(after[..2], before.map(|count| count + 1)[..2]);
    // A stream that a journey cuts before its start counts as well.
    assert!(after[2] > before[2]);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_7_prospect_keeps_talking_while_their_stream_carries_messages_that_nobody_can_read() {
    let stage = Stage::start(Stage::kind_assistant()).await;
    let raw = Raw::new(&stage);
    let mut socket = raw.connects(&raw.asks_about(CALL).await).await.unwrap();
    let account = raw.account.clone();
    raw.begins(&mut socket, &account, CALL).await;
    let reasons = [
        "a binary message",
        "a message that cannot be read",
        "a message of another stream",
        "a message over 64 KiB",
    ];
    let before = all_refused(&stage, reasons).await;
    let long = json!({"event": "media", "streamSid": STREAM, "media": {"payload": "/".repeat(70_000)}});
    let strange =
        json!({"event": "media", "streamSid": "MZother", "media": {"track": "inbound", "payload": "////"}});
    let key = json!({"event": "dtmf", "streamSid": STREAM, "dtmf": {"track": "inbound_track", "digit": "7"}});
    let messages = [
        Message::binary(vec![1, 2, 3]),
        Message::binary(vec![]),
        Message::text("{"),
        Message::text(strange.to_string()),
        Message::text(long.to_string()),
        Message::text(key.to_string()),
    ];
    for message in messages {
        socket.send(message).await.unwrap();
    }
    stage.is_told(Event::KeyPressed { leg: LegId::Prospect, key: '7' }).await;
    assert!(speaks(&mut socket).await, "the assistant is heard");
    let [binary, unreadable, strange, long] = before;
    assert_eq!(all_refused(&stage, reasons).await, [binary + 2, unreadable + 1, strange + 1, long + 1]);
    socket.close(None).await.unwrap();
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn prospect_survives_that_the_assistant_completes_its_call_by_rest() {
    let change = |config: &mut baton::config::Config| {
        config.assistant.auth_token = Secret::new("the-token-of-the-assistant");
    };
    let stage = Stage::start_with(Stage::unkind_carrier(), Stage::kind_assistant(), change).await;
    stage.world.rep(SAM, patient_rep());
    let prospect = stage.world.prospect_calls(PROSPECT, prospect_in_a_hurry());
    let visit = stage.world.assistant.visit(0, s(8)).await.expect("the assistant is dialled");
    let start = visit.start().unwrap();
    let own = start.parameters.iter().find(|(name, _)| name == "baton_token").unwrap().1.clone();
    let url =
        |call: &str| format!("{}/2010-04-01/Accounts/{}/Calls/{call}.json", stage.base, start.account_sid);
    let completed = |call: &str, password: &str| {
        client(Method::POST, &url(call))
            .basic_auth(&start.account_sid, Some(password))
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body("Status=completed")
            .send()
    };
    assert_eq!(completed(&start.call_sid, "wrong").await.unwrap().status().as_u16(), 401);
    let unknown = "CA".to_owned() + &"0".repeat(32);
    assert_eq!(completed(&unknown, "the-token-of-the-assistant").await.unwrap().status().as_u16(), 404);
    assert_eq!(completed(prospect.sid(), "the-token-of-the-assistant").await.unwrap().status().as_u16(), 404);
    let look = client(Method::GET, &url(&start.call_sid)).basic_auth("AC", Some(&own)).send().await.unwrap();
    assert!(look.text().await.unwrap().contains("in-progress"));
    // While a person is being found, an assistant that is done ends nothing.
    stage.says(FIRST_REP, baton::handoff::Phrase::Offer).await;
    assert_eq!(completed(&start.call_sid, &own).await.unwrap().status().as_u16(), 200);
    stage.is_told(Event::AssistantFinished).await;
    assert_eq!(prospect.status(), CallStatus::InProgress, "the prospect's own call goes on");
    assert!(visit.until(s(4), |visit| visit.closed().is_some()).await, "the assistant is let go");
    prospect.hang_up();
    stage.record().await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn prospect_goes_on_as_the_assistant_says_when_it_completes_its_call_by_rest_and_nobody_was_asked_for()
{
    let script = baton::sim::assistant::AssistantScript {
        after_stream: "<Say>our office is closed now</Say><Hangup/>".into(),
        ..Stage::kind_assistant()
    };
    let stage = Stage::start_at_webhook(script, |_| {}).await;
    let prospect = stage.world.prospect_calls(PROSPECT, patient_prospect());
    assert!(prospect.hears(&greeting().clip, s(8)).await.is_some());
    let visit = stage.world.assistant.visits().remove(0);
    let start = visit.start().unwrap();
    let own = start.parameters.iter().find(|(name, _)| name == "baton_token").unwrap().1.clone();
    let url =
        format!("{}/2010-04-01/Accounts/{}/Calls/{}.json", stage.base, start.account_sid, start.call_sid);
    let ask = async |method: Method, body: &'static str| {
        let request = client(method, &url).basic_auth(&start.account_sid, Some(&own));
        let request = request.header("Content-Type", "application/x-www-form-urlencoded").body(body);
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_str::<serde_json::Value>(&answer.text().await.unwrap()).unwrap())
    };
    // What Baton does not do for it, it says, and the call goes on.
    let (status, refusal) = ask(Method::POST, "Twiml=%3CResponse%2F%3E").await;
    assert_eq!((status, &refusal["code"]), (400, &json!(21_220)));
    assert_eq!(ask(Method::GET, "").await.1["status"], "in-progress");
    assert!(visit.closed().is_none());
    let (status, answer) = ask(Method::POST, "Status=completed").await;
    assert_eq!((status, &answer["status"]), (200, &json!("completed")));
    assert!(prospect.is_over(s(15)).await.is_some(), "{}", stage.all_that_happened().await);
    let words = prospect.ear().words().to_vec();
    assert!(words.iter().any(|heard| heard.words.contains("office is closed")), "{words:?}");
    assert!(visit.stopped_at().is_some(), "the assistant is let go");
    assert_eq!(stage.record().await.end.as_deref(), Some("assistant-finished"));
    assert_eq!(ask(Method::GET, "").await.1["status"], "completed");
    assert_eq!(ask(Method::POST, "Status=completed").await.0, 200, "twice does no harm");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn prospect_keeps_talking_while_old_news_of_their_call_and_of_the_reps_come_late_and_shuffled() {
    let stage = Stage::start(Stage::kind_assistant()).await;
    let raw = Raw::new(&stage);
    let (prospect, rep) = stage.bridged().await;
    let call = stage.record_when(|_| true).await.call;
    let tell = async |path: String, sid: &str, status: &str, number: &str| {
        let form = [("CallSid", sid), ("CallStatus", status), ("SequenceNumber", number)];
        assert_eq!(raw.post(&path, &form).await.0, 204, "{path} {status} {number}");
    };
    let old = [("in-progress", "2"), ("queued", "0"), ("ringing", "1"), ("initiated", "0"), ("ringing", "1")];
    for (status, number) in old {
        tell("/twilio/status".into(), prospect.sid(), status, number).await;
        tell(format!("/twilio/status?call={call}&leg=rep:1"), rep.sid(), status, number).await;
    }
    // Of calls and tries that nobody knows, even an end is nobody's.
    tell("/twilio/status".into(), CALL, "completed", "3").await;
    tell(format!("/twilio/status?call={call}&leg=rep:9"), CALL, "no-answer", "3").await;
    let other = format!("/twilio/status?call={}&leg=prospect", baton::id::CallId::from_bits(7));
    tell(other, CALL, "completed", "3").await;
    tell("/twilio/status".into(), prospect.sid(), "on-the-moon", "9").await;
    let words = baton::sim::sound::Phrase::spoken("we are still talking", baton::sim::sound::Pitch::PROSPECT);
    prospect.say(words.clone());
    assert!(rep.hears(&words.clip, s(8)).await.is_some(), "{}", stage.all_that_happened().await);
    // The end is news, though everything after it is not.
    tell(format!("/twilio/status?call={call}&leg=rep:1"), rep.sid(), "completed", "3").await;
    let left = stage.clip(baton::handoff::Phrase::RepLeft);
    assert!(prospect.hears(left, s(12)).await.is_some(), "the prospect is told");
    tell(format!("/twilio/status?call={call}&leg=rep:1"), rep.sid(), "in-progress", "4").await;
    prospect.hang_up();
    let record = stage.record().await;
    assert_eq!(record.handoffs.len(), 1);
    assert_eq!(
        (&*record.handoffs[0].outcome, &*record.handoffs[0].reason),
        ("returned-to-assistant", "rep-left")
    );
    stage.timeline(&record).await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn prospect_is_put_through_only_by_who_has_the_key() {
    let stage = Stage::start(Stage::kind_assistant()).await;
    let prospect = stage.world.prospect_calls(PROSPECT, patient_prospect());
    assert!(prospect.hears(&greeting().clip, s(8)).await.is_some());
    let second = stage.world.prospect_calls("+15550100143", patient_prospect());
    let (one, two) = (stage.world.assistant.visits().remove(0), stage.world.assistant.visit(1, s(8)).await);
    let told = |visit: &baton::sim::assistant::Visit, name: &str| {
        let start = visit.start().unwrap();
        start.parameters.iter().find(|(n, _)| n == name).unwrap().1.clone()
    };
    let two = two.expect("the second call has an assistant");
    let (call, token, other) =
        (told(&one, "baton_call"), told(&one, "baton_token"), told(&two, "baton_token"));
    let url = format!("{}/calls/{call}/handoff", told(&one, "baton_api"));
    let status = async |request: RequestBuilder| request.send().await.unwrap().status().as_u16();
    assert_eq!(status(client(Method::POST, &url)).await, 401, "no key");
    assert_eq!(status(client(Method::POST, &url).bearer_auth(other)).await, 401, "the key of another call");
    let all = format!("{}/v1/calls", stage.base);
    assert_eq!(status(client(Method::GET, &all).bearer_auth(&token)).await, 401, "not for operators' doors");
    assert_eq!(status(client(Method::GET, &all).bearer_auth(OPERATOR_KEY)).await, 200);
    assert_eq!(status(client(Method::POST, &url).bearer_auth(&token)).await, 202, "its own");
    prospect.hang_up();
    second.hang_up();
    assert!(prospect.is_over(s(8)).await.is_some());
    stage.is_told(Event::ProspectLeft).await;
    assert_eq!(status(client(Method::POST, &url).bearer_auth(OPERATOR_KEY)).await, 409, "over");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn prospect_hears_hold_when_the_assistant_closes_and_says_that_something_is_wrong() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    let broken = tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let Ok(mut socket) = tokio_tungstenite::accept_async(socket).await else { continue };
            let _ = socket.send(Message::text("{}")).await;
            let code = tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode::Error;
            let frame =
                tokio_tungstenite::tungstenite::protocol::CloseFrame { code, reason: "broken".into() };
            let _ = socket.close(Some(frame)).await;
            while let Some(Ok(_)) = socket.next().await {}
        }
    });
    let change = |config: &mut baton::config::Config| {
        config.assistant.stream_url = url;
        config.assistant.give_up = baton::config::Span::secs(2);
        config.fallback.words = "please call again tomorrow".to_owned();
    };
    let stage = Stage::start_with(Stage::unkind_carrier(), Stage::kind_assistant(), change).await;
    let prospect = stage.world.prospect_calls(PROSPECT, patient_prospect());
    stage.is_told(Event::AssistantBroke(AssistantFault::ClosedInError)).await;
    assert!(prospect.is_over(s(30)).await.is_some(), "{}", stage.all_that_happened().await);
    let words = prospect.ear().words().to_vec();
    assert!(words.iter().any(|heard| heard.words.contains("again tomorrow")), "{words:?}");
    broken.abort();
    stage.close().await;
}
