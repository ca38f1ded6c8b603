//! The carrier's official SDK judges our signatures and documents, and we judge its signatures.

use baton::edge::carrier::twilio::account::{Account, Fallback};
use baton::edge::carrier::twilio::signature::{Keys, Request, sign};
use baton::edge::carrier::twilio::twiml::{self, Method};
use serde_json::{Value, json};

use crate::extras::{answer, python};
use crate::stage::Stage;

#[tokio::test]
async fn the_official_sdk_and_baton_take_each_others_signatures() {
    let requests = requests();
    let ours = requests.iter().map(|(url, form)| {
        json!({"op": "validate", "url": url, "params": form, "token": TOKEN, "signature": sign(TOKEN, url, form)})
    });
    let theirs =
        requests.iter().map(|(url, form)| json!({"op": "sign", "url": url, "params": form, "token": TOKEN}));
    let Some(verdicts) = judge(ours.chain(theirs).collect()).await else { return };
    let keys = Keys { tokens: vec![TOKEN.to_owned()], ..Keys::default() };
    let (of_ours, theirs) = verdicts.split_at(requests.len());
    for (((url, form), of_ours), theirs) in requests.iter().zip(of_ours).zip(theirs) {
        assert_eq!(of_ours["ok"], json!(true), "the SDK refuses our signature of {url} {form:?}");
        let signature = theirs["signature"].as_str();
        let verdict = keys.verify(&Request { url, form, other_body: None, signature, settings: None });
        assert_eq!(verdict, Ok(()), "we refuse the SDK's signature of {url} {form:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_official_sdk_could_have_written_every_document_of_baton() {
    let stage = Stage::start(Stage::kind_assistant()).await;
    let settings = stage.world.carrier.settings();
    let call = "CA00000000000000000000000000000009";
    let of_call = |status: &str| {
        form(&[("AccountSid", &settings.account_sid), ("CallSid", call), ("CallStatus", status)])
    };
    let voice = ask(&stage, "voice", &of_call("ringing")).await;
    let again = ask(&stage, "connect-ended", &of_call("in-progress")).await;
    let over = ask(&stage, "connect-ended", &of_call("completed")).await;
    let unanswered = ask(&stage, "fallback-ended", &form(&[("DialCallStatus", "busy")])).await;
    assert!(voice.contains("<Stream") && again.contains("<Stream"), "{voice}\n{again}");
    assert!(over.contains("<Hangup") && unanswered.contains("<Say"), "{over}\n{unanswered}");
    let account = Account {
        sid: settings.account_sid.clone(),
        keys: Keys::default(),
        validate: true,
        number: "+14155550100".to_owned(),
        public_url: "https://baton.example.com".to_owned(),
        overrides: "rc=2&rt=10000".to_owned(),
        reconnect_words: String::new(),
        announcement: String::new(),
        stream_name: "baton".to_owned(),
        transcription: None,
    };
    let to = |number: Option<&str>| {
        let number = number.map(str::to_owned);
        Fallback { number, words: "Nobody's here <now> & \"then\": ça va".to_owned() }.document(&account)
    };
    let documents = [
        voice,
        again,
        over,
        unanswered,
        to(Some("+14155550199")),
        to(None),
        twiml::redirect("https://assistant.example.com/next?a=1&b=2", Method::Get),
    ];
    let questions = documents.iter().map(|xml| json!({"op": "twiml", "xml": xml})).collect();
    let Some(verdicts) = judge(questions).await else { return };
    for (document, verdict) in documents.iter().zip(verdicts) {
        assert_eq!(verdict["ok"], json!(true), "{document}\n{}", verdict["problems"]);
    }
    stage.close().await;
}

/// What this door answers to this form.
async fn ask(stage: &Stage, door: &str, form: &[(String, String)]) -> String {
    let url = format!("{}/twilio/{door}", stage.base);
    let token = &stage.world.carrier.settings().auth_token;
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let request = baton::edge::http::client().unwrap().post(&url);
    let request = request.header("Content-Type", "application/x-www-form-urlencoded").body(body);
    let answer = request.header("X-Twilio-Signature", sign(token, &url, form)).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{door}");
    answer.text().await.unwrap()
}

/// The SDK's answers, in order; none where it is missing.
async fn judge(questions: Vec<Value>) -> Option<Vec<Value>> {
    let asked = questions.len();
    let told = answer(python("sdk_oracle.py")?, Value::Array(questions).to_string()).await;
    let verdicts: Vec<Value> = told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(verdicts.len(), asked, "{told}");
    Some(verdicts)
}

fn requests() -> Vec<(String, Vec<(String, String)>)> {
    let origin = "https://baton.example.com";
    vec![
        ("wss://assistant.example.com/stream".to_owned(), Vec::new()),
        ("wss://assistant.example.com:8443/stream/a%20b".to_owned(), Vec::new()),
        (
            format!("{origin}/twilio/status?call=call-1&leg=rep:1"),
            form(&[("CallStatus", "busy"), ("To", "+1")]),
        ),
        (format!("{origin}/x?b=2&a=1&b=2&c=%C3%A9"), form(&[("From", "+14155550123")])),
        (format!("{origin}:8443/x"), form(&[("Name", "Zoë Müller 日本語 🎧"), ("Ähre", "é"), ("empty", "")])),
        (format!("{origin}/x"), form(&[("b", "2"), ("B", "1"), ("a_", "é"), ("_a", ""), ("a", "&=+ %")])),
        (format!("{origin}/x"), form(&[("Event", "b"), ("Event", "a"), ("Event", "a"), ("A", "z")])),
    ]
}

fn form(fields: &[(&str, &str)]) -> Vec<(String, String)> {
    fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

const TOKEN: &str = "0123456789abcdef0123456789abcdef";
