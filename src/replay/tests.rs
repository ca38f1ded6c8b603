//! Calls of every kind through all of it.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Value, json};

use super::course::Course;
use super::*;
use crate::audio::wav::made::MadeWav;
use crate::conversation::{Lexicon, SignalKind};
use crate::escalation::{Answer, Policy, Reason};
use crate::time::CallTime;

/// A folder for one test that goes when the test does.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("baton-replay-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn with(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn as_shipped() -> Judgement {
    Judgement { lexicon: Lexicon::shipped(), policy: Arc::new(Policy::default()), language: String::new() }
}

fn course(recorded: &Recorded, signals: Signals) -> Course {
    run_through(recorded, &as_shipped(), signals, Detail::Full)
}

fn in_text(course: &Course) -> String {
    let mut out = Vec::new();
    text::write(course, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// What a store has of a call in which a person was asked for; told then: something else than the words say.
fn timeline(words: &str, kind: &str) -> Value {
    let turn = |number: u32, by: &str, from: u64, words: &str| {
        json!({ "number": number, "by": by, "from": from, "until": from + 2_000_000, "words": words,
                "wording": "final", "source": "carrier", "confidence": 91 })
    };
    let signal = json!({ "kind": kind, "strength": 100, "at": 8_000_000, "turn": 2, "words": words });
    let shape = json!({ "stage": "needs", "prospect_turns": 3, "questions": 0, "open_questions": [],
                        "qualified": 0, "of": 5, "missing": [] });
    json!([
        { "at": 0, "event": { "began": { "person_key": "0" } }, "effects": [] },
        { "at": 3_000_000, "event": "prospect-arrived", "effects": [] },
        { "at": 4_000_000, "event": { "something-of-tomorrow": 7 }, "effects": [{ "do-it": {} }] },
        { "at": 5_100_000, "event": { "said": { "turn": turn(1, "assistant", 3_000_000, "Hello, how can I help you?") } },
          "effects": [] },
        { "at": 8_100_000,
          "event": { "said": { "turn": turn(2, "prospect", 6_000_000, words), "signals": [signal], "shape": shape } },
          "effects": [{ "decide": { "number": 1, "at": 8_000_000, "reason": "loop", "urgency": "normal",
                        "trigger": "loop", "score": 100, "threshold": 90, "evidence": [], "open_questions": [] } }] },
        { "at": 9_000_000,
          "event": { "mood-heard": { "activation": { "value": 80, "confidence": 70, "acting": true },
                                     "frustration": null, "interest": null, "hesitation": null } },
          "effects": [] },
        { "at": 12_000_000, "event": { "proposal-answered": "refused" }, "effects": [] },
    ])
}

#[test]
fn how_a_handoff_came_to_rest_is_the_answer_and_without_one_it_is_said_how_the_decision_is_taken() {
    let mut entries = timeline(ASKS, "asked-for-person");
    let mut without = entries.clone();
    without.as_array_mut().unwrap().pop();
    let read =
        |entries: &Value| course(&stored::read(&stored::entries(entries).unwrap()).unwrap(), Signals::Anew);
    let waiting = read(&without);
    assert_eq!(waiting.decisions[0].answer, None);
    assert!(
        in_text(&waiting).contains("no answer is on record: it counts as waiting"),
        "{}",
        in_text(&waiting)
    );

    let filed = json!({ "at": 14_000_000, "event": "ticked", "effects": [{ "file-handoff": {
        "number": 1, "outcome": "unanswered", "began": 8_100_000 } }] });
    entries.as_array_mut().unwrap().push(filed);
    let filed = read(&entries);
    assert_eq!(filed.decisions[0].answer, Some(Answer::NoAnswer), "what it came to counts, and counts once");
    assert!(!in_text(&filed).contains("refused"), "{}", in_text(&filed));
    assert_eq!(filed.decisions[0].became, "the offer of a person was not answered");

    let mut nobody = without;
    nobody[4]["effects"][0]["decide"] =
        json!({ "decision": nobody[4]["effects"][0]["decide"], "next": "nobody-could-come" });
    assert_eq!(
        read(&nobody).decisions[0].answer,
        Some(Answer::NoAnswer),
        "nobody was asked, so nobody answers"
    );
}

const ASKS: &str = "can I please talk to a real person";

#[test]
fn a_stored_timeline_is_understood_anew_with_the_lexicon_of_today() {
    let entries = timeline(ASKS, "thanked");
    let recorded = stored::read(&stored::entries(&entries).unwrap()).unwrap();
    let anew = course(&recorded, Signals::Anew);
    let decided = &anew.decisions[0];
    assert_eq!(decided.decision.reason, Reason::ExplicitRequest);
    assert_eq!(decided.answer, Some(Answer::Refused));
    assert!(anew.turns[1].signals.iter().any(|signal| signal.kind == SignalKind::AskedForPerson));
    assert_eq!((anew.then.len(), anew.then[0].reason), (1, Reason::Loop));

    let then = course(&recorded, Signals::AsStored);
    assert_eq!(then.turns[1].signals[0].kind, SignalKind::Thanked);
    assert!(then.decisions.is_empty(), "what it told then asks for nobody");

    let text = in_text(&anew);
    for line in [
        "00:06.0  prospect  can I please talk to a real person\n",
        "00:08.0  ▶ decision 1: explicit-request, immediate (trigger explicit-request: ",
        "at 00:08.0 the prospect said \"",
        "\": asked for a person, +",
        "00:09.0  ~         the voice: activation 80 (sure 70)\n",
        "00:12.0  ~         the prospect refused a person\n",
        "decided in the call itself: loop, normal at 00:08.0 (100 of 90)\n",
        "Why the others did not fire:\n",
        "  frustration        ",
    ] {
        assert!(text.contains(line), "{line:?} is not in\n{text}");
    }
}

#[test]
fn of_a_call_whose_words_are_gone_what_they_told_is_judged() {
    let entries = timeline("", "asked-for-person");
    let mut entries = entries.as_array().unwrap().clone();
    entries.remove(3);
    let recorded = stored::read(&entries.iter().collect::<Vec<_>>()).unwrap();
    assert!(recorded.wordless);
    let course = course(&recorded, Signals::Anew);
    assert_eq!(course.decisions[0].decision.reason, Reason::ExplicitRequest);
    let text = in_text(&course);
    assert!(
        text.contains("(its words were taken out)") && text.contains("were taken out: what they told"),
        "{text}"
    );
    assert!(text.contains("at 00:08.0 the prospect asked for a person, +"), "{text}");
}

#[test]
fn every_form_of_a_timeline_is_the_same_call() {
    let folder = Folder::new("forms");
    let entries = timeline(ASKS, "asked-for-person");
    let lines: Vec<String> = entries.as_array().unwrap().iter().map(Value::to_string).collect();
    let shown = json!({ "call": { "call": "x" }, "timeline": entries });
    let files = [
        folder.with("entries.json", entries.to_string()),
        folder.with("shown.json", format!("{shown:#}")),
        folder.with("lines.jsonl", lines.join("\n")),
    ];
    for file in files {
        let recorded = source::open(&file, None).unwrap();
        assert_eq!((recorded.steps.len(), recorded.then.len()), (4, 1), "{}", recorded.name);
    }
}

#[test]
fn what_is_no_call_says_why() {
    let folder = Folder::new("none");
    for (name, text, says) in [
        ("empty.json", "", "it is no JSON"),
        ("half.json", "{\"timeline\": [", "it is no JSON"),
        ("other.json", "{\"a\": 1}", "neither a timeline nor a transcript"),
        ("silent.json", "[{\"at\": 0, \"event\": \"prospect-arrived\"}]", "no source of words"),
        ("bad.talk", "title: x\nnonsense", "line 2"),
        ("lines.jsonl", "{\"at\": 0, \"event\": \"x\"}\n{\"at\"", "its lines are not all JSON"),
    ] {
        let error = format!("{:#}", source::open(&folder.with(name, text), None).unwrap_err());
        assert!(error.contains(says) && error.contains(name), "{name}: {error}");
    }
    assert!(
        format!("{:#}", source::open(&folder.0.join("gone.talk"), None).unwrap_err())
            .contains("cannot be read")
    );
    let error =
        show_folder(&folder.0.join("nowhere"), &as_shipped(), &Plan::default(), &mut Vec::new()).unwrap_err();
    assert!(error.to_string().contains("nowhere cannot be read"), "{error}");
}

#[test]
fn sound_brings_the_voice_and_a_file_beside_it_the_words() {
    let folder = Folder::new("sound");
    let voiced: Vec<i16> = (0..8_000 * 6).map(|n: i32| ((n * 37 % 4_000) - 2_000) as i16).collect();
    let wav = folder.with("call.wav", MadeWav::pcm16(8_000, 2, &[voiced.clone(), voiced].concat()).bytes());
    let alone = source::open(&wav, None).unwrap();
    assert!(alone.notes.iter().any(|note| note.contains("no words beside the sound")), "{:?}", alone.notes);
    assert!(course(&alone, Signals::Anew).decisions.is_empty(), "a voice alone decides nothing");

    let words =
        folder.with("words.json", json!([{"by": "prospect", "text": ASKS, "from_ms": 500}]).to_string());
    let both = source::open(&wav, Some(&words)).unwrap();
    assert_eq!(course(&both, Signals::Anew).decisions[0].decision.reason, Reason::ExplicitRequest);
    assert!(both.until() >= CallTime::from_millis(5_900));
    let page = folder.0.join("page.html");
    let plan = Plan { html: Some(page.clone()), json: true, ..Plan::default() };
    let mut out = Vec::new();
    show(&both, &as_shipped(), &plan, &mut out).unwrap();
    assert!(serde_json::from_slice::<Value>(&out).is_ok(), "only the JSON is printed");
    let html = std::fs::read_to_string(&page).unwrap();
    assert!(html.contains("\"step_s\"") && html.contains("call.wav · what Baton decided"));
    assert!(source::open(&words, Some(&wav)).unwrap_err().to_string().contains("goes with a recording"));
}

#[test]
fn nothing_that_somebody_says_gets_out_of_its_place_in_the_page() {
    let nasty = "</script><script>alert(1)</script> can I talk to a person {{script}} \u{2028}";
    let entries = timeline(nasty, "asked-for-person");
    let mut recorded = stored::read(&stored::entries(&entries).unwrap()).unwrap();
    recorded.title = nasty.to_owned();
    let mut html = Vec::new();
    page::write(&course(&recorded, Signals::Anew), None, &mut html).unwrap();
    let html = String::from_utf8(html).unwrap();
    assert!(!html.contains("<script>alert"), "words became a script");
    assert_eq!(html.matches("</script>").count(), 2);
    let json = html.split_once("type=\"application/json\">").unwrap().1.split_once("</script>").unwrap().0;
    let shown: Value = serde_json::from_str(json).unwrap();
    assert_eq!(shown["course"]["turns"][1]["words"], nasty, "and they are still the same words");
    for foreign in ["src=\"", "href=\"http", "url(", "@import"] {
        assert!(!html.contains(foreign), "{foreign}");
    }
}

#[test]
fn a_score_is_followed_to_its_decision_and_fades_after_it() {
    let entries = timeline(ASKS, "asked-for-person");
    let recorded = stored::read(&stored::entries(&entries).unwrap()).unwrap();
    let course = course(&recorded, Signals::AsStored);
    let asked = course.triggers.iter().find(|trigger| trigger.trigger == "explicit-request").unwrap();
    assert_eq!(asked.fired, [CallTime::from_millis(8_000)]);
    let most = asked.points.iter().max_by_key(|point| point.score).unwrap();
    assert!(most.score >= i64::from(most.threshold) && most.at == asked.fired[0], "{most:?}");
    assert!(asked.points.is_sorted_by_key(|point| point.at));
    assert!(asked.points.last().unwrap().score < most.score, "it is spent");
    let json = serde_json::to_value(&course).unwrap();
    assert_eq!(json["decisions"][0]["decision"]["trigger"], "explicit-request");
}

#[test]
fn other_settings_change_what_is_decided_in_a_folder_of_calls() {
    let folder = Folder::new("compare");
    folder.with("asks.json", timeline(ASKS, "asked-for-person").to_string());
    folder.with("broken.json", "[");
    folder.with("notes.txt", "not a call");
    let silent = Policy { on: false, ..Policy::default() };
    let silent = Judgement { policy: Arc::new(silent), ..as_shipped() };
    let recorded = source::open(&folder.0.join("asks.json"), None).unwrap();
    let [was, is] = [&as_shipped(), &silent].map(|by| decisions(&recorded, by, Signals::Anew));
    let compared = compare("asks.json".to_owned(), was, is);
    assert_eq!(compared.change, compare::Change::Gone);
    assert_eq!(calls_in(&folder.0).unwrap().len(), 2, "what ends otherwise is no call");
    let said = |show: &dyn Fn(&mut dyn Write) -> anyhow::Result<()>| {
        let mut out = Vec::new();
        show(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    };
    let text = said(&|out| show_comparison(&folder.0, &as_shipped(), &silent, &Plan::default(), out));
    assert!(text.starts_with("asks.json  gone  "), "{text}");
    assert!(text.contains("broken.json  left out: ") && text.contains("\n1 call: 0 same, "), "{text}");
    let json = Plan { json: true, ..Plan::default() };
    let compared: Value =
        serde_json::from_str(&said(&|out| show_comparison(&folder.0, &as_shipped(), &silent, &json, out)))
            .unwrap();
    assert_eq!((&compared["calls"][0]["change"], &compared["totals"][5][1]), (&json!("gone"), &json!(1)));
    let alone: Value =
        serde_json::from_str(&said(&|out| show_folder(&folder.0, &silent, &json, out))).unwrap();
    assert_eq!(
        (&alone["calls"][0]["decisions"], &alone["calls"][0]["then"][0]["reason"]),
        (&json!([]), &json!("loop"))
    );
}

#[test]
fn a_written_conversation_says_what_is_right_to_decide_in_it() {
    let talk = "title: Asks\ndirection: inbound\nexpect: explicit-request, immediate, at 2\n\n\
                0:00.8-0:04.1  assistant       Hi, this is Ada, how can I help you?\n\
                0:04.9-0:09.0  prospect  0.96  can I talk to a person please\n\
                0:09.5         ~               agreed\n";
    let folder = Folder::new("talk");
    let recorded = source::open(&folder.with("asks.talk", talk), None).unwrap();
    let course = course(&recorded, Signals::Anew);
    assert_eq!(course.expected, ["explicit-request, immediate, at turn 2"]);
    assert_eq!(course.decisions[0].answer, Some(Answer::Agreed));
    let text = in_text(&course);
    assert!(text.starts_with("asks.talk: Asks\ninbound, 00:09.5, 2 turns\n"), "{text}");
    let mut out = Vec::new();
    show_folder(&folder.0, &as_shipped(), &Plan::default(), &mut out).unwrap();
    let out = String::from_utf8(out).unwrap();
    assert!(out.contains("asks.talk\n  met ") && out.contains("1 right decisions: 1 met"), "{out}");
}
