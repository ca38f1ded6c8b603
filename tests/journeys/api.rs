//! The control API over real sockets: by key and by token, what is refused, events as they come, the webhook, and the same
//! in-band on the assistant's own socket.

use std::time::Duration;

use baton::call::Event;
use baton::escalation::Answer;
use baton::handoff::Phrase;
use baton::sim::person::Phone;
use reqwest::Method;
use serde_json::{Value, json};

use crate::crm::{Crm, header, posts_to, signed};
use crate::described::Described;
use crate::doors::client;
use crate::judged::{EVENTS, Judged, TURNS, a_call, all_events};
use crate::stage::{
    OPERATOR_KEY, PROSPECT, SAM, Stage, patient_prospect, patient_rep, prospect_who_wants_a_person,
    rep_who_presses, s,
};

const HANDOFF: &str = "/v1/calls/{call}/handoff";
const CALL: &str = "/v1/calls/{call}";

#[tokio::test(flavor = "multi_thread")]
async fn what_an_assistant_tells_is_in_the_call_s_account_of_itself() {
    let stage = Stage::start(Stage::kind_assistant()).await;
    let (prospect, visit) = a_call(&stage).await;
    let api = Judged::of(&stage, &visit);
    let turns = json!([
        {"by": "assistant", "text": "how can I help?", "started_ms": 200, "ended_ms": 1_200, "id": "a1"},
        {"by": "prospect", "text": "what would that", "ago_ms": 900, "partial": true, "confidence": 0.6, "id": "p1"},
    ]);
    let (status, taken) = api.post(TURNS, turns).await;
    assert_eq!((status, &taken["taken"]), (202, &json!(2)));
    let whole = json!({"by": "prospect", "text": "what would that cost?", "ago_ms": 800, "confidence": 0.9, "id": "p1"});
    assert_eq!(api.post(TURNS, whole).await.0, 202);
    let facts =
        json!([{"name": "company-size", "value": "40 people"}, {"name": "role", "value": "head of support"}]);
    assert_eq!(api.post("/v1/calls/{call}/facts", facts).await.0, 202);
    let unsure = json!({"kind": "unsure", "confidence": 0.35});
    assert_eq!(api.post("/v1/calls/{call}/signals", unsure).await.0, 202);
    assert_eq!(api.post("/v1/calls/{call}/proposal", json!({"answer": "refused"})).await.0, 202);
    stage.is_told(Event::ProposalAnswered(Answer::Refused)).await;

    let (status, call) = api.look(CALL).await;
    assert_eq!(
        (status, &call["standing"]["running"], &call["context"]["direction"]),
        (200, &json!(true), &json!("inbound"))
    );
    let named: Vec<&str> =
        call["facts"].as_array().unwrap().iter().map(|f| f["name"].as_str().unwrap()).collect();
    assert_eq!(named, ["role", "company-size"]);
    let (_, timeline) = api.look("/v1/calls/{call}/timeline").await;
    let said: Vec<(&Value, &Value)> = timeline["timeline"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|entry| entry["event"].get("said"))
        .map(|said| (&said["turn"]["number"], &said["turn"]["words"]))
        .collect();
    let expected =
        [(json!(1), "how can I help?"), (json!(2), "what would that"), (json!(2), "what would that cost?")];
    let expected: Vec<(Value, Value)> =
        expected.into_iter().map(|(number, words)| (number, json!(words))).collect();
    assert_eq!(said, expected.iter().map(|(number, words)| (number, words)).collect::<Vec<_>>());

    for (wish, listed) in [
        ("?live=true", 1),
        ("?live=false", 0),
        ("?direction=outbound", 0),
        ("?since=2099-01-01T00:00:00Z", 0),
    ] {
        let path = format!("/v1/calls{wish}");
        assert_eq!(api.look(&path).await.1["calls"].as_array().unwrap().len(), listed, "{wish}");
    }
    assert_eq!(api.look("/v1/calls?direction=sideways").await.0, 422);
    assert_eq!(api.look("/v1/calls?since=yesterday").await.0, 422);
    prospect.hang_up();
    stage.record().await;
    let (status, refused) = api.post(TURNS, json!({"by": "prospect", "text": "still there?"})).await;
    assert_eq!((status, refused["error"].as_str().unwrap().contains("over")), (409, true));
    assert_eq!(api.look(CALL).await.1["standing"]["running"], json!(false));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_says_what_to_do_and_nothing_of_it_is_taken() {
    let stage = Stage::start(Stage::kind_assistant()).await;
    let (_prospect, visit) = a_call(&stage).await;
    let api = Judged::of(&stage, &visit);
    let good = json!({"by": "prospect", "text": "hello"});
    for path in
        [TURNS, HANDOFF, "/v1/calls/{call}/facts", "/v1/calls/{call}/signals", "/v1/calls/{call}/proposal"]
    {
        let unsigned = api.asked("POST", path).json(&good);
        assert_eq!(api.answer("POST", path, unsigned).await.0, 401, "{path}");
        let no_json = api.asked("POST", path).bearer_auth(&api.token).body("{by: prospect}");
        assert_eq!(api.answer("POST", path, no_json).await.0, 400, "{path}");
        let strange = api.asked("POST", path).bearer_auth(&api.token).json(&json!({"nobody": "knows"}));
        assert_eq!(api.answer("POST", path, strange).await.0, 422, "{path}");
        let nowhere = format!("/v1/calls/{}", baton::id::CallId::from_bits(7));
        let unknown =
            client(Method::POST, &format!("{}{}", stage.base, path.replace("/v1/calls/{call}", &nowhere)));
        assert_eq!(
            api.answer("POST", path, unknown.bearer_auth(OPERATOR_KEY).json(&good)).await.0,
            404,
            "{path}"
        );
    }
    let (_, refused) = api
        .post(TURNS, json!([good, {"by": "prospect", "text": "x", "started_ms": 1_790_000_000_000_u64}]))
        .await;
    assert!(refused["error"].as_str().unwrap().starts_with("turn 2: its time lies ahead"), "{refused}");
    let huge =
        api.asked("POST", TURNS).bearer_auth(&api.token).body(format!("[\"{}\"]", "x".repeat(256 * 1024)));
    assert_eq!(api.answer("POST", TURNS, huge).await.0, 413);
    let listing = api.asked("GET", "/v1/calls").bearer_auth(&api.token);
    assert_eq!(api.answer("GET", "/v1/calls", listing).await.0, 401, "the token opens its own call only");
    let (_, timeline) = api.look("/v1/calls/{call}/timeline").await;
    assert!(!timeline.to_string().contains("\"said\""), "nothing of it was taken: {timeline:#}");

    let mut taken = 0;
    let many: Vec<Value> = (0..100)
        .map(|n| json!({"by": "prospect", "text": format!("word {n}"), "id": format!("w{n}")}))
        .collect();
    let refused = loop {
        match api.post(TURNS, json!(many)).await {
            (202, _) => taken += 1,
            (status, refused) => break (status, refused),
        }
        assert!(taken < 10, "nobody says so much");
    };
    assert_eq!(refused.0, 429, "{}", refused.1);
    let described = api.asked("GET", "/v1/openapi.json").send().await.unwrap().json::<Value>().await.unwrap();
    assert_eq!(
        described, api.described.0,
        "what is served is what lies in the source, and anybody may read it"
    );
    let other = api.asked("PUT", TURNS).bearer_auth(&api.token).send().await.unwrap();
    assert_eq!(other.status().as_u16(), 405);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_follows_a_call_is_told_each_stage_of_its_handoff_until_it_is_over() {
    let stage = Stage::start(Stage::kind_assistant()).await;
    stage.world.rep(SAM, rep_who_presses('1'));
    let prospect = stage.world.prospect_calls(PROSPECT, prospect_who_wants_a_person());
    let visit = stage.world.assistant.visit(0, s(12)).await.expect("the assistant is dialled");
    assert!(visit.until(s(4), |visit| visit.start().is_some()).await);
    let api = Judged::of(&stage, &visit);
    let follow = |from: &str| {
        let path = format!("{EVENTS}{from}");
        api.asked("GET", &path).bearer_auth(&api.token).timeout(s(90)).send()
    };
    let following = tokio::spawn(all_events(follow("").await.unwrap()));
    let why = json!({"reason": "high-interest", "urgency": "normal", "note": "asks for a quote"});
    assert_eq!(api.post(HANDOFF, why).await.0, 202);
    assert!(
        prospect.hears(stage.clip(Phrase::Introduction), s(50)).await.is_some(),
        "{}",
        stage.all_that_happened().await
    );
    tokio::time::sleep(s(1)).await;
    prospect.hang_up();
    let sent = tokio::time::timeout(s(30), following).await.expect("it ends with the call").unwrap();
    for event in &sent {
        assert_eq!(event.it["type"], event.name.as_str());
        let complaints = api.described.complaints_about("News", &event.it);
        assert!(complaints.is_empty(), "{complaints:#?}\n{event:#?}");
    }
    let mut stages: Vec<&str> =
        sent.iter().filter(|e| e.name == "handoff").map(|e| e.it["stage"].as_str().unwrap()).collect();
    // A gap to cut in is waited for only while the assistant speaks.
    stages.retain(|stage| *stage != "cutting");
    let expected = ["seeking", "offering", "joining", "briefing", "introducing", "bridging", "over"];
    assert_eq!(stages, expected, "{sent:#?}");
    let over = sent.iter().rfind(|event| event.name == "handoff").unwrap();
    assert_eq!((&over.it["outcome"], &over.it["rep"]), (&json!("handed-over"), &json!("sam")));
    assert_eq!((sent[0].name.as_str(), sent.last().unwrap().name.as_str()), ("began", "ended"));
    let asked = sent.iter().position(|event| event.name == "why-asked").unwrap();
    assert_eq!(
        (&sent[asked].it["note"], sent[asked + 1].name.as_str()),
        (&json!("asks for a quote"), "person-asked")
    );
    let ids: Vec<u64> = sent.iter().filter_map(|event| event.id).collect();
    assert!(ids.is_sorted_by(|one, next| one < next), "each entry has one number: {ids:?}");

    let middle = ids[ids.len() / 2];
    let again =
        api.asked("GET", EVENTS).bearer_auth(OPERATOR_KEY).header("Last-Event-ID", middle.to_string());
    let rest = all_events(again.send().await.unwrap()).await;
    let expected: Vec<&Value> =
        sent.iter().filter(|e| e.it["number"].as_u64() > Some(middle)).map(|e| &e.it).collect();
    assert_eq!(
        rest.iter().map(|event| &event.it).collect::<Vec<_>>(),
        expected,
        "it goes on where they were"
    );
    let from = all_events(follow(&format!("?from={middle}")).await.unwrap()).await;
    assert_eq!(from[0].it["number"], json!(middle));
    assert_eq!(api.answer("GET", EVENTS, api.asked("GET", EVENTS)).await.0, 401);
    let (_, call) = api.look(CALL).await;
    assert_eq!(
        (&call["standing"]["handoff"]["stage"], &call["handoffs"][0]["outcome"]),
        (&json!("over"), &json!("handed-over"))
    );
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_so_many_follow_a_call_and_one_who_leaves_makes_room() {
    let stage = Stage::start(Stage::kind_assistant()).await;
    let (prospect, visit) = a_call(&stage).await;
    let api = Judged::of(&stage, &visit);
    let follow = || api.asked("GET", EVENTS).bearer_auth(&api.token);
    let mut following = Vec::new();
    for _ in 0..8 {
        let answer = follow().send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 200);
        following.push(answer);
    }
    assert_eq!(api.answer("GET", EVENTS, follow()).await.0, 429);
    following.pop();
    let mut let_in = false;
    for _ in 0..50 {
        // A connection that was dropped is noticed when something is to be written to it.
        api.post(TURNS, json!({"by": "prospect", "text": "hello"})).await;
        let_in = follow().send().await.unwrap().status().as_u16() == 200;
        if let_in {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(let_in, "there is room again");
    prospect.hang_up();
    stage.record().await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_webhook_is_told_the_stages_and_the_end_in_order_and_signed_and_again_where_it_failed() {
    let (crm, url) = Crm::start().await;
    let stage = Stage::start_with(Stage::unkind_carrier(), Stage::kind_assistant(), posts_to(url)).await;
    stage.world.rep(SAM, patient_rep());
    let (prospect, visit) = a_call(&stage).await;
    let api = Judged::of(&stage, &visit);
    assert_eq!(api.post(TURNS, json!({"by": "prospect", "text": "a person please"})).await.0, 202);
    let bare = api.asked("POST", HANDOFF).bearer_auth(&api.token);
    assert_eq!(api.answer("POST", HANDOFF, bare).await.0, 202, "without a body as well");
    let off = api.asked("DELETE", HANDOFF).bearer_auth(&api.token);
    assert_eq!(api.answer("DELETE", HANDOFF, off).await.0, 202);
    stage.record_when(|call| !call.handoffs.is_empty()).await;
    prospect.hang_up();
    stage.record().await;
    let posts = crm.posts_to_the_end().await;
    for post in &posts {
        let complaints = api.described.complaints_about("Post", &signed(post));
        assert!(complaints.is_empty(), "{complaints:#?}\n{post:#?}");
    }
    let ids: Vec<String> = posts.iter().map(|(headers, _)| header(headers, "webhook-id")).collect();
    assert_eq!(
        (ids[0].as_str(), posts[0].1.as_str()),
        (ids[1].as_str(), posts[1].1.as_str()),
        "tried again as it was"
    );
    let numbers: Vec<u64> = posts[1..]
        .iter()
        .map(|(_, body)| serde_json::from_str::<Value>(body).unwrap()["data"]["number"].as_u64().unwrap())
        .collect();
    assert!(numbers.is_sorted(), "in order: {numbers:?}");
    assert!(posts.iter().any(|(_, body)| body.contains("called-off")));
    assert!(posts.iter().all(|(_, body)| !body.contains("a person please")), "no word that was said");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_assistant_says_the_same_on_its_own_socket_and_is_told_only_after_it_said_hello() {
    let stage = Stage::start(Stage::kind_assistant()).await;
    stage.world.rep(SAM, patient_rep());
    let (prospect, visit) = a_call(&stage).await;
    let says = |word: Value| visit.send(json!({"event": "baton", "baton": word}).to_string());
    says(
        json!({"type": "turn", "by": "prospect", "text": "we are about forty people here", "ago_ms": 1_500, "id": "t1"}),
    );
    says(json!({"type": "fact", "name": "company", "value": "Example Ltd"}));
    says(json!({"type": "turn", "by": "nobody", "text": "?"}));
    says(json!({"type": "proposal-answer", "answer": "agreed"}));
    stage.is_told(Event::ProposalAnswered(Answer::Agreed)).await;
    let happened = stage.all_that_happened().await;
    assert!(
        happened.contains("we are about forty people here") && happened.contains("Example Ltd"),
        "{happened}"
    );
    assert_eq!(visit.words(), Vec::<Value>::new(), "one that did not say hello hears nothing of it");

    says(json!({"type": "hello"}));
    assert!(visit.until(s(4), |visit| !visit.words().is_empty()).await);
    says(json!({"type": "turn", "by": "nobody", "text": "?"}));
    says(json!({"type": "handoff", "reason": "explicit-request"}));
    says(json!({"type": "call-off"}));
    let over = |words: &[Value]| words.iter().any(|word| word["stage"] == "over");
    assert!(visit.until(s(8), |visit| over(&visit.words())).await, "{:#?}", visit.words());
    let words = visit.words();
    assert_eq!((&words[0]["type"], words[0]["call"].is_string()), (&json!("hello"), true));
    assert_eq!(words[1]["type"], "refused");
    assert!(words[1]["error"].as_str().unwrap().contains("`prospect`"), "{words:#?}");
    let described = Described::load();
    for word in &words[2..] {
        assert_eq!(described.complaints_about("News", word), Vec::<String>::new(), "{word:#}");
    }
    assert_eq!(
        (&words[2]["stage"], &words.last().unwrap()["outcome"]),
        (&json!("seeking"), &json!("called-off"))
    );
    assert!(visit.oddities().is_empty(), "{:?}", visit.oddities());
    assert!(stage.numbers().await.contains("baton_refused_total{door=\"assistant\",why=\"not understood\"}"));
    prospect.hang_up();
    stage.record().await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_announced_of_a_prospect_goes_with_the_call_to_them_and_with_no_other() {
    let stage = Stage::start(Stage::kind_assistant()).await;
    let announced = json!({
        "prospect": PROSPECT, "campaign": "renewals", "permission": "existing-customer",
        "account": {"tier": "enterprise", "seats": 400, "reason": "their contract ends in May"},
        "outreach": ["mail on Monday", "no answer on Tuesday"],
    });
    let announce = |key: &str| {
        client(Method::POST, &format!("{}/v1/outbound", stage.base)).bearer_auth(key).json(&announced).send()
    };
    assert_eq!(announce("nobody's key").await.unwrap().status().as_u16(), 401);
    assert_eq!(announce(OPERATOR_KEY).await.unwrap().status().as_u16(), 201);
    assert_eq!(announce(OPERATOR_KEY).await.unwrap().status().as_u16(), 201, "again does no harm");
    let mut contexts = Vec::new();
    for times in 0..2 {
        let phone = Phone { number: PROSPECT.to_owned(), person: patient_prospect() };
        let prospect = stage.world.carrier.ring(phone);
        let visit = stage.world.assistant.visit(times, s(12)).await.expect("the assistant is dialled");
        assert!(visit.until(s(4), |visit| visit.start().is_some()).await);
        let api = Judged::of(&stage, &visit);
        let (_, call) = api.look(CALL).await;
        assert_eq!(call["direction"], "outbound");
        contexts.push(call["context"].clone());
        prospect.hang_up();
        assert!(prospect.is_over(s(8)).await.is_some());
    }
    let account = &contexts[0]["account"];
    assert_eq!((&account["campaign"], &account["seats"]), (&json!("renewals"), &json!(400)));
    assert_eq!(
        (&account["permission"], account["outreach"].as_array().unwrap().len()),
        (&json!("existing-customer"), 2)
    );
    assert_eq!(
        contexts[1],
        json!({"direction": "outbound", "account": {"owner": false, "customer": false}}),
        "the next call is another"
    );
    stage.close().await;
}
