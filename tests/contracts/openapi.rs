//! What the control API says of itself: that it is an OpenAPI document, and says what the code does; and the tool that lies
//! ready for assistants.

use std::collections::BTreeSet;

use std::sync::Arc;

use baton::call::{Asker, CallEnd, Decided, Effect, Entry, Event, Follows, Noted, Said, WhyAsked};
use baton::conversation::turn::FactName;
use baton::conversation::{
    Fact, Note, Shape, Signal, SignalKind, Source, Speaker, StageOfTalk, Standing, Turn, Wording,
};
use baton::edge::api::news::{Kind, News};
use baton::escalation::{Answer, Decision, Evidence, Reason, Urgency};
use baton::handoff::{Outcome, Stage};
use baton::id::{AttemptId, CallId, RepId};
use baton::live::watching::Watched;
use baton::time::CallTime;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::described::Described;

/// The words of an enum, as reading one that is none names them.
fn words_of<T: DeserializeOwned>() -> BTreeSet<String> {
    let error =
        serde_json::from_str::<T>("\"no such word\"").err().expect("there is no such word").to_string();
    let known = error.split_once("expected ").expect("the error says what was expected").1;
    known.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn words_in(list: &Value) -> BTreeSet<String> {
    list.as_array().expect("a list of words").iter().map(|word| word.as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_document_is_openapi_and_each_of_its_references_leads_somewhere() {
    let document = Described::load().0;
    let parsed: openapiv3::OpenAPI = serde_json::from_value(document.clone()).unwrap();
    assert!(parsed.openapi.starts_with("3.0.") && parsed.operations().count() >= 12);
    let mut names = BTreeSet::new();
    for (path, method, operation) in parsed.operations() {
        let name = operation.operation_id.as_deref().unwrap_or_default();
        assert!(names.insert(name.to_owned()), "{method} {path}: the name {name:?} is there twice");
        assert!(operation.summary.is_some(), "{method} {path} says what it is for");
    }
    let (mut all, mut references) = (vec![&document], 0);
    while let Some(value) = all.pop() {
        match value {
            Value::Object(object) => {
                if let Some(reference) = object.get("$ref") {
                    let place = reference.as_str().unwrap().trim_start_matches('#');
                    assert!(document.pointer(place).is_some(), "{reference} leads nowhere");
                    references += 1;
                }
                all.extend(object.values());
            }
            Value::Array(values) => all.extend(values),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    assert!(references > 100, "{references} were followed");
}

#[test]
fn the_document_has_the_paths_that_the_router_has_and_no_others() {
    let source =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/src/edge/api/mod.rs")).unwrap();
    let mut routed = BTreeSet::new();
    for route in source.split(".route(").skip(1) {
        let path = route.split('"').nth(1).unwrap();
        let methods = route.split(".with_state").next().unwrap();
        for method in ["get", "post", "put", "delete", "patch"] {
            let called = [format!(" {method}("), format!(".{method}(")];
            if called.iter().any(|call| methods.contains(call)) {
                routed.insert(format!("{method} {path}"));
            }
        }
    }
    let document = Described::load().0;
    let mut described = BTreeSet::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        let methods = operations.as_object().unwrap().keys().filter(|key| *key != "parameters");
        described.extend(methods.map(|method| format!("{method} {path}")));
    }
    assert_eq!(described, routed);
}

#[test]
fn the_document_has_the_words_that_the_code_has() {
    let document = Described::load().0;
    let schema = |name: &str| &document["components"]["schemas"][name];
    assert_eq!(words_in(&schema("Reason")["enum"]), words_of::<Reason>());
    assert_eq!(words_in(&schema("Urgency")["enum"]), words_of::<Urgency>());
    assert_eq!(words_in(&schema("FactName")["enum"]), words_of::<FactName>());
    assert_eq!(words_in(&schema("SignalKind")["enum"]), words_of::<SignalKind>());
    assert_eq!(words_in(&schema("Speaker")["enum"]), words_of::<Speaker>());
    let mut answers = words_of::<Answer>();
    assert!(answers.remove("called-off"), "calling off is no answer of the prospect's");
    assert_eq!(words_in(&schema("ProposalAnswer")["properties"]["answer"]["enum"]), answers);
    assert_eq!(words_in(&schema("Talk")["properties"]["stage"]["enum"]), words_of::<StageOfTalk>());
    assert_eq!(words_in(&schema("NewsEnded")["properties"]["end"]["enum"]), words_of::<CallEnd>());
    let kinds: BTreeSet<String> = Kind::ALL.into_iter().map(|kind| kind.word().to_owned()).collect();
    let mapped = schema("News")["discriminator"]["mapping"].as_object().unwrap();
    assert_eq!(mapped.keys().cloned().collect::<BTreeSet<_>>(), kinds);
    let posted = Kind::ALL.into_iter().filter(|kind| kind.is_a_turning_point());
    let posted: BTreeSet<String> = posted.map(|kind| kind.word().to_owned()).collect();
    assert_eq!(words_in(&schema("Post")["properties"]["type"]["enum"]), posted);
}

/// One of everything that there is news of.
fn everything() -> Vec<Entry> {
    let at = CallTime::from_millis(12_500);
    let signal = Signal {
        kind: SignalKind::PricingAsked,
        strength: 80,
        at,
        turn: Some(3),
        words: "what would that cost".to_owned(),
        about: "price".to_owned(),
    };
    let fact =
        |turn| Fact { name: FactName::Budget, value: "20k".to_owned(), standing: Standing::Inferred, turn };
    let turn = Turn {
        number: 3,
        by: Speaker::Prospect,
        from: CallTime::from_millis(11_000),
        until: at,
        words: "what would that cost for 40 of us?".to_owned(),
        confidence: Some(91),
        wording: Wording::Final,
        source: Source::Assistant,
    };
    let (signals, facts) = (vec![signal.clone()], vec![fact(Some(3)), fact(None)]);
    let shape =
        Shape { open_questions: vec!["price".to_owned()], missing: vec![FactName::Role], ..Shape::default() };
    let said = Event::Said(Box::new(Said { turn, signals: signals.clone(), facts, shape }));
    let notes = [
        Note::FellBack,
        Note::Unanswered,
        Note::Unsure(None),
        Note::Unsure(Some(30)),
        Note::Fact(FactName::Company, "Example Ltd".to_owned()),
    ];
    let noted = notes.map(|note| Event::Noted(Box::new(Noted { note, signals: signals.clone() })));
    let decision = Decision {
        number: 1,
        at,
        reason: Reason::HighInterest,
        urgency: Urgency::Normal,
        trigger: "buying".to_owned(),
        score: 120,
        threshold: 100,
        evidence: vec![Evidence { signal, weighed: 120 }],
        open_questions: vec!["price".to_owned()],
    };
    let decided = Effect::Decide(Box::new(Decided {
        decision,
        words: "Shall I bring in a colleague?".to_owned(),
        next: Some(Follows::Offered),
    }));
    let why = WhyAsked {
        reason: Some(Reason::Loop),
        urgency: Some(Urgency::Immediate),
        note: "asks again".to_owned(),
    };
    let events = [
        Event::Began(Box::default()),
        said,
        Event::WhyAsked(Box::new(why)),
        Event::WhyAsked(Box::default()),
        Event::PersonAsked(Asker::Api),
        Event::PersonAsked(Asker::ProspectKey),
        Event::PersonNotNeeded,
        Event::ProposalAnswered(Answer::NoAnswer),
        Event::Ticked,
    ];
    let events = events.into_iter().chain(noted);
    let mut all: Vec<Entry> = events.map(|event| Entry { at, event, effects: Vec::new() }).collect();
    all[1].effects.push(decided);
    let ends = [
        CallEnd::ProspectLeft,
        CallEnd::AssistantFinished,
        CallEnd::FellBack,
        CallEnd::NeverCame,
        CallEnd::ShutDown,
    ];
    all.extend(ends.map(|end| Entry { at, event: Event::Ticked, effects: vec![Effect::Close(end)] }));
    all
}

#[test]
fn all_news_is_as_the_document_describes_it_and_no_kind_is_forgotten() {
    let described = Described::load();
    let mut seen = BTreeSet::new();
    let mut look = |number: u64, entry: Entry, stage: Option<Stage>| {
        let entry = Arc::new(entry);
        for news in News::of(&Watched { call: CallId::from_bits(1), number, entry, stage }) {
            let json = news.json();
            assert_eq!(described.complaints_about("News", &json), Vec::<String>::new(), "{json:#}");
            seen.insert(news.kind.word());
        }
    };
    for (entry, number) in everything().into_iter().zip(0..) {
        look(number, entry, None);
    }
    let (attempt, until) = (AttemptId(2), CallTime::ZERO);
    let rep = || RepId::new("sam");
    let why = baton::handoff::WhyReturned::NobodyTookIt;
    let stages = [
        Stage::Proposing { proposal: baton::handoff::Proposal::IsAsked, until },
        Stage::Seeking { attempt, until },
        Stage::Offering { attempt },
        Stage::Joining { attempt, until },
        Stage::Briefing { attempt, until },
        Stage::Cutting { attempt, until },
        Stage::Introducing { attempt, until, prospect_heard: false, rep_heard: false },
        Stage::Bridging { attempt },
        Stage::Rejoining { attempt, until, introduced: baton::handoff::Introduced::Already },
        Stage::Recovering { until },
        Stage::Over(Outcome::HandedOver { rep: rep() }),
        Stage::Over(Outcome::ReturnedToAssistant { why }),
        Stage::Over(Outcome::Declined),
        Stage::Over(Outcome::Unanswered),
        Stage::Over(Outcome::CalledOff),
        Stage::Over(Outcome::Abandoned),
        Stage::Over(Outcome::CutShort { rep: Some(rep()) }),
    ];
    for stage in stages {
        look(9, Entry { at: until, event: Event::Ticked, effects: Vec::new() }, Some(stage));
    }
    assert_eq!(seen, Kind::ALL.into_iter().map(Kind::word).collect());
}

#[test]
fn the_tool_that_lies_ready_asks_for_what_the_api_takes_in_the_form_of_each_framework() {
    let tools: Value =
        serde_json::from_str(include_str!("../../deploy/tools/ask_for_a_person.json")).unwrap();
    let described = Described::load();
    let chat = &tools["openai_chat"];
    assert_eq!(chat["type"], "function");
    let (name, what) = (&chat["function"]["name"], &chat["function"]["description"]);
    let parameters = &chat["function"]["parameters"];
    let forms = [
        (&tools["openai_realtime"], "parameters"),
        (&tools["anthropic"], "input_schema"),
        (&tools["server_tool"], "body"),
    ];
    for (tool, place) in forms {
        assert_eq!((&tool["name"], &tool["description"]), (name, what));
        assert_eq!(&tool[place], parameters, "{place}: the same in every form");
    }
    let pipecat = &tools["pipecat"];
    assert_eq!((&pipecat["name"], &pipecat["description"]), (name, what));
    assert_eq!(pipecat["properties"], parameters["properties"]);
    assert_eq!(pipecat["required"], parameters["required"]);
    // As long as most of them take; OpenAI's is the shortest.
    assert!(what.as_str().unwrap().len() <= 1_024 && name.as_str().unwrap().len() <= 64);

    let wish = &described.0["components"]["schemas"]["HandoffWish"]["properties"];
    for (field, schema) in parameters["properties"].as_object().unwrap() {
        assert!(wish.get(field).is_some(), "the API takes no {field}");
        assert_eq!(schema.get("maxLength"), wish[field].get("maxLength"), "{field}");
    }
    let reasons = &parameters["properties"]["reason"]["enum"];
    assert_eq!(words_in(reasons), words_of::<Reason>());
    for reason in reasons.as_array().unwrap() {
        let call = json!({ "reason": reason, "urgency": "immediate", "note": "wants a quote" });
        assert_eq!(described.complaints(parameters, &call), Vec::<String>::new());
        assert_eq!(described.complaints_about("HandoffWish", &call), Vec::<String>::new());
        assert!(baton::edge::api::told::handoff(call).is_ok());
    }
    let url = tools["server_tool"]["url"].as_str().unwrap();
    let path = url.replace("{{baton_api}}", "/v1").replace("{{baton_call}}", "{call}");
    assert!(described.0["paths"][&path]["post"].is_object(), "{path} is described");
}
