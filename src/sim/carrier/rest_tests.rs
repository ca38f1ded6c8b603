//! The carrier's REST API and its status callbacks, against a server of a few lines.

use serde_json::json;

use super::echo::Echo;
use super::tests::{LIMIT, REP, carrier, millis, prospect, streaming};
use super::*;
use crate::sim::person::{Answers, Person, Step};
use crate::sim::twilio_spec::TwilioSpec;

pub(super) async fn rest(carrier: &Carrier, path: &str, form: &[(&str, &str)]) -> (u16, serde_json::Value) {
    let settings = carrier.settings();
    let url = format!("{}/2010-04-01/Accounts/{}/{path}", carrier.api_url(), settings.account_sid);
    let client = reqwest::Client::builder().timeout(LIMIT).build().unwrap();
    let request = if form.is_empty() {
        client.get(url)
    } else {
        client
            .post(url)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(serde_urlencoded::to_string(form).unwrap())
    };
    let request = request.basic_auth(&settings.account_sid, Some(&settings.auth_token));
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap())
}

#[tokio::test]
async fn rest_rings_one_phone_a_second_and_reports_each_milestone() {
    let echo = Echo::start().await;
    let carrier = carrier(&echo, |settings| settings.network = Network::perfect()).await;
    let (from, status) = (carrier.settings().number.clone(), echo.url("/rep-status"));
    let numbers = ["+14155550171", "+14155550172", "+14155550173"];
    for number in numbers {
        let person = Person::new(number).who_answers(Answers::After(millis(100))).then(Step::HangUp);
        carrier.install(Phone { number: number.into(), person });
        let form = [
            ("To", number),
            ("From", &from),
            ("Twiml", r#"<Response><Pause length="30"/></Response>"#),
            ("StatusCallback", &status),
            ("StatusCallbackEvent", "initiated"),
            ("StatusCallbackEvent", "ringing"),
            ("StatusCallbackEvent", "answered"),
            ("StatusCallbackEvent", "completed"),
        ];
        let (code, body) = rest(&carrier, "Calls.json", &form).await;
        assert_eq!((code, &body["status"]), (201, &json!("queued")));
    }
    let mut answered = Vec::new();
    for number in numbers {
        let call = carrier.call_with(number, LIMIT).await.unwrap();
        assert_eq!(call.is_over(LIMIT).await, Some(CallStatus::Completed));
        answered.push(call.answered_at().unwrap());
    }
    for pair in answered.windows(2) {
        assert!((millis(800)..millis(1_500)).contains(&pair[1].saturating_sub(pair[0])), "{answered:?}");
    }
    echo.until("all callbacks", |echo| echo.asked("/rep-status").len() == 12).await;
    let first: Vec<_> =
        echo.asked("/rep-status").into_iter().filter(|asked| asked.field("To") == numbers[0]).collect();
    let told: Vec<_> = first.iter().map(|a| (a.field("SequenceNumber"), a.field("CallStatus"))).collect();
    assert_eq!(told, [("0", "initiated"), ("1", "ringing"), ("2", "in-progress"), ("3", "completed")]);
    assert_eq!(first[0].field("CallbackSource"), "call-progress-events");
}

#[tokio::test]
async fn callbacks_overtake_each_other_and_come_twice_when_asked() {
    let echo = Echo::start().await;
    let carrier = carrier(&echo, |settings| {
        settings.network = Network::perfect();
        settings.calls_per_second = 100.0;
        settings.callbacks_shuffled = true;
        settings.callbacks_doubled = 1.0;
        settings.callback_delay = Duration::ZERO..millis(1_500);
        settings.line.status_url = Some(echo.url("/status"));
    })
    .await;
    echo.document("/voice", "<Hangup/>");
    let person = Person::new("rep").who_answers(Answers::After(millis(10)));
    for n in 0..4 {
        carrier.ring(Phone { number: format!("+1415555018{n}"), person: person.clone() });
    }
    echo.until("all callbacks", |echo| echo.asked("/status").len() == 32).await;
    let asked = echo.asked("/status");
    let voice = &echo.asked("/voice")[0];
    assert_eq!((voice.field("Direction"), voice.field("CallStatus")), ("outbound-api", "in-progress"));
    assert!(voice.field("To").starts_with("+1415555018"), "the person is the one who was dialled");
    let numbers: Vec<u32> = asked.iter().map(|a| a.field("SequenceNumber").parse().unwrap()).collect();
    assert!(!numbers.is_sorted());
    let mut tokens: Vec<_> = asked.iter().map(|a| a.header("i-twilio-idempotency-token")).collect();
    tokens.sort_unstable();
    tokens.dedup();
    assert_eq!(tokens.len(), 16, "a doubled callback carries the same token");
}

#[tokio::test]
async fn rest_refuses_what_twilio_refuses() {
    let echo = Echo::start().await;
    let carrier = carrier(&echo, |settings| settings.network = Network::perfect()).await;
    let from = carrier.settings().number.clone();
    let twiml = "<Response/>";
    for (form, code) in [
        (vec![("From", from.as_str()), ("Twiml", twiml)], 21_201),
        (vec![("To", REP), ("Twiml", twiml)], 21_213),
        (vec![("To", REP), ("From", &from)], 21_205),
        (vec![("To", "+15005550001"), ("From", &from), ("Twiml", twiml)], 21_217),
        (vec![("To", REP), ("From", "+15005550009"), ("Twiml", twiml)], 21_210),
        (vec![("To", REP), ("From", &from), ("Twiml", twiml), ("Ring", "18")], 20_001),
        (vec![("To", REP), ("From", &from), ("Twiml", twiml), ("Timeout", "601")], 21_208),
    ] {
        let (status, body) = rest(&carrier, "Calls.json", &form).await;
        assert_eq!((status, &body["code"]), (400, &json!(code)), "{form:?}");
        assert_eq!(body["status"], 400);
    }
    let (status, body) = rest(&carrier, "Calls/CA404.json", &[("Status", "completed")]).await;
    assert_eq!((status, &body["code"]), (404, &json!(20_404)));
    let url = format!("{}/2010-04-01/Accounts/x/Calls.json", carrier.api_url());
    let client = reqwest::Client::builder().timeout(LIMIT).build().unwrap();
    assert_eq!(client.get(url).send().await.unwrap().status(), 401);
    assert_eq!(carrier.requests().len(), 9);
}

#[tokio::test]
async fn rest_redirects_a_live_call_whose_stream_then_stops_and_ends_it() {
    let echo = Echo::start().await;
    echo.document("/voice", &echo.connect(r#"action="/ended""#));
    let carrier = carrier(&echo, |settings| settings.network = Network::perfect()).await;
    let call = streaming(&echo, &carrier).await;
    let path = format!("Calls/{}.json", call.sid());
    let twiml = r#"<Response><Say>one moment</Say><Pause length="60"/></Response>"#;
    assert_eq!(rest(&carrier, &path, &[("Twiml", twiml)]).await.0, 200);
    echo.until("stop", |echo| !echo.told("stop").is_empty()).await;
    assert!(call.until(LIMIT, |call| !call.ear().words().is_empty()).await);
    assert!(echo.asked("/ended").is_empty(), "a redirect replaces the document, its action included");
    assert_eq!(rest(&carrier, &path, &[("Status", "completed")]).await.0, 200);
    assert_eq!(call.is_over(LIMIT).await, Some(CallStatus::Completed));
    let (status, body) = rest(&carrier, &path, &[("Status", "completed")]).await;
    assert_eq!((status, &body["code"]), (400, &json!(21_220)));
    let (_, list) = rest(&carrier, &format!("Calls.json?To={}", "%2B14155550100"), &[]).await;
    assert_eq!(list["calls"][0]["sid"], call.sid());
}

#[tokio::test]
async fn a_call_that_rings_can_be_cancelled_and_one_that_nobody_answers_ends() {
    let echo = Echo::start().await;
    echo.document("/voice", "<Hangup/>");
    let carrier = carrier(&echo, |settings| {
        settings.network = Network::perfect();
        settings.calls_per_second = 100.0;
    })
    .await;
    let phone = |number: &str, answers| Phone {
        number: number.into(),
        person: Person::new(number).who_answers(answers),
    };
    let ringing = carrier.ring(phone("+14155550181", Answers::Never));
    assert!(ringing.until(LIMIT, |call| call.status() == CallStatus::Ringing).await);
    rest(&carrier, &format!("Calls/{}.json", ringing.sid()), &[("Status", "canceled")]).await;
    assert_eq!(ringing.is_over(LIMIT).await, Some(CallStatus::Canceled));
    let declined = carrier.ring(phone("+14155550182", Answers::Declines(millis(50))));
    assert_eq!(declined.is_over(LIMIT).await, Some(CallStatus::Busy));
    let from = carrier.settings().number.clone();
    carrier.install(phone("+14155550183", Answers::Never));
    let form = [("To", "+14155550183"), ("From", &from), ("Twiml", "<Response/>"), ("Timeout", "1")];
    rest(&carrier, "Calls.json", &form).await;
    let unanswered = carrier.call_with("+14155550183", LIMIT).await.unwrap();
    assert_eq!(unanswered.is_over(LIMIT).await, Some(CallStatus::NoAnswer));
}

#[tokio::test]
async fn our_number_is_found_and_does_what_it_is_set_to_do() {
    let echo = Echo::start().await;
    let carrier = carrier(&echo, |settings| settings.network = Network::perfect()).await;
    let found = async |query: &str| {
        let (status, list) = rest(&carrier, &format!("IncomingPhoneNumbers.json{query}"), &[]).await;
        assert_eq!(status, 200);
        list["incoming_phone_numbers"].as_array().unwrap().clone()
    };
    let [number] = &found("").await[..] else { panic!("the account has one number") };
    assert_eq!(number["voice_url"], echo.url("/voice"));
    for (query, count) in [("%2B14155550100", 1), ("415*0100", 1), ("%2B14155550109", 0)] {
        assert_eq!(found(&format!("?PhoneNumber={query}")).await.len(), count, "{query}");
    }
    let path = format!("IncomingPhoneNumbers/{}.json", number["sid"].as_str().unwrap());
    for (form, code) in [
        ([("VoiceUrl", "no url")], 21_402),
        ([("VoiceMethod", "PUT")], 21_403),
        ([("VoiceUrl", "")], 21_405),
        ([("VoiceVolume", "11")], 20_001),
    ] {
        let (status, body) = rest(&carrier, &path, &form).await;
        assert_eq!((status, &body["code"]), (400, &json!(code)), "{form:?}");
    }
    assert_eq!(found("").await[0], *number, "what is refused changes nothing");

    let elsewhere = echo.url("/elsewhere");
    let form = [("VoiceUrl", &*elsewhere), ("VoiceFallbackMethod", "GET"), ("StatusCallback", "")];
    let (status, set) = rest(&carrier, &path, &form).await;
    assert_eq!((status, &set["voice_url"]), (200, &json!(elsewhere)));
    assert_eq!(set["voice_fallback_url"], echo.url("/fallback"), "what is not named stays");
    assert_eq!((&set["voice_fallback_method"], &set["status_callback"]), (&json!("GET"), &json!("")));
    echo.document("/elsewhere", "<Hangup/>");
    let call = carrier.place(prospect());
    assert_eq!(call.is_over(LIMIT).await, Some(CallStatus::Completed));
    assert_eq!((echo.asked("/elsewhere").len(), echo.asked("/voice").len()), (1, 0));
    let (status, body) = rest(&carrier, "IncomingPhoneNumbers/PN404.json", &[]).await;
    assert_eq!((status, &body["code"]), (404, &json!(20_404)));
}

#[tokio::test]
async fn twilios_own_document_accepts_our_requests_and_the_carriers_answers() {
    let Some(spec) = TwilioSpec::load() else { return };
    let echo = Echo::start().await;
    let carrier = carrier(&echo, |settings| settings.network = Network::perfect()).await;
    let from = carrier.settings().number.clone();
    let person = Person::new("rep").who_answers(Answers::After(millis(10)));
    carrier.install(Phone { number: REP.into(), person });
    let form = [
        ("To", REP),
        ("From", &from),
        ("Twiml", r#"<Response><Pause length="30"/></Response>"#),
        ("Timeout", "18"),
        ("StatusCallback", "http://127.0.0.1:1/status"),
        ("StatusCallbackEvent", "ringing"),
        ("StatusCallbackEvent", "answered"),
    ];
    let (_, created) = rest(&carrier, "Calls.json", &form).await;
    let call = carrier.call_with(REP, LIMIT).await.unwrap();
    assert!(call.is_answered(LIMIT).await);
    let path = format!("Calls/{}.json", call.sid());
    let (_, ended) = rest(&carrier, &path, &[("Status", "completed")]).await;
    call.is_over(LIMIT).await;
    let (_, fetched) = rest(&carrier, &path, &[]).await;
    for answer in [created, ended, fetched] {
        assert_eq!(spec.judge_resource("call", &answer), Vec::<String>::new());
    }
    let (_, numbers) = rest(&carrier, "IncomingPhoneNumbers.json?PhoneNumber=%2B14155550100", &[]).await;
    let number = numbers["incoming_phone_numbers"][0].clone();
    let path = format!("IncomingPhoneNumbers/{}.json", number["sid"].as_str().unwrap());
    let form = [
        ("VoiceUrl", "https://baton.example.com/twilio/voice#rc=2"),
        ("VoiceMethod", "POST"),
        ("VoiceFallbackUrl", "https://static.example.com/fallback.xml"),
        ("VoiceFallbackMethod", "GET"),
        ("StatusCallback", "https://baton.example.com/twilio/status"),
        ("StatusCallbackMethod", "POST"),
    ];
    let (_, set) = rest(&carrier, &path, &form).await;
    for answer in [number, set] {
        assert_eq!(spec.judge_resource("incoming_phone_number", &answer), Vec::<String>::new());
    }
    for request in carrier.requests() {
        let complaints = spec.judge_request(&request.method, &request.path, &request.form);
        assert_eq!(complaints, Vec::<String>::new(), "{} {}", request.method, request.path);
    }
    let bad = [("To".to_owned(), REP.to_owned()), ("Ring".to_owned(), "x".to_owned())];
    let complaints = spec.judge_request("POST", &carrier.requests()[0].path, &bad);
    assert_eq!(complaints.len(), 2, "{complaints:?}");
}
