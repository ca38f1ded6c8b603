//! The commands that look at calls again and that forget them, as processes.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use baton::edge::store::Store;
use baton::id::CallId;
use baton::phone_number::PhoneNumber;
use baton::ports::{Calls as _, CarrierCall, Record};
use baton::time::{CallTime, Timestamp};

/// A folder that goes when the test does.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("baton-again-{name}-{:032x}", baton::live::chance::bits()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn baton(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_baton")).args(arguments).current_dir(folder).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap() + &String::from_utf8_lossy(&output.stderr)
}

const TALK: &str = "title: Asks\ndirection: inbound\nexpect: explicit-request, immediate, at 2\n\n\
                    0:00.8-0:04.1  assistant       Hi, this is Ada, how can I help you?\n\
                    0:04.9-0:09.0  prospect  0.96  can I talk to a person please\n";

const OWN_PHRASES: &str =
    "[[phrases]]\nmeans = \"asked-for-person\"\nstrength = 100\nsay = [\"fetch me the grand wizard\"]\n";

#[test]
fn an_operator_sees_what_another_threshold_would_have_changed() {
    let folder = Folder::new("compare");
    std::fs::create_dir(folder.0.join("calls")).unwrap();
    std::fs::write(folder.0.join("calls/asks.talk"), TALK).unwrap();
    std::fs::write(folder.0.join("old.toml"), "").unwrap();
    let new = "[escalation.triggers.explicit-request]\nthreshold = 1000\n";
    std::fs::write(folder.0.join("new.toml"), new).unwrap();
    std::fs::write(folder.0.join("typo.toml"), "[escalation.triggers.explicit-request]\ntreshold = 1\n")
        .unwrap();

    let one = baton(&folder.0, &["replay", "calls/asks.talk"]);
    assert!(one.status.success() && said(&one).contains("▶ decision 1: explicit-request"), "{}", said(&one));
    let other = baton(&folder.0, &["replay", "calls/asks.talk", "--config", "new.toml"]);
    assert!(
        said(&other).contains("Nothing was decided.") && said(&other).contains(" of 1000 at "),
        "{}",
        said(&other)
    );
    let all = baton(&folder.0, &["replay", "calls"]);
    assert!(said(&all).contains("1 right decisions: 1 met"), "{}", said(&all));

    let compared = baton(&folder.0, &["replay", "calls", "--compare", "old.toml", "new.toml"]);
    assert!(compared.status.success());
    assert!(
        said(&compared).contains("1 call: 0 same, 0 earlier, 0 later, 0 other reason, 0 new, 1 gone"),
        "{}",
        said(&compared)
    );
    let typo = baton(&folder.0, &["replay", "calls", "--compare", "old.toml", "typo.toml"]);
    assert_eq!(typo.status.code(), Some(64), "{}", said(&typo));
    assert!(said(&typo).contains("treshold"), "{}", said(&typo));
}

#[test]
fn a_replay_understands_by_the_phrases_and_the_language_of_the_settings() {
    let folder = Folder::new("phrases");
    let talk = TALK.replace("can I talk to a person please", "please fetch me the grand wizard");
    std::fs::write(folder.0.join("wizard.talk"), talk).unwrap();
    std::fs::write(folder.0.join("own.toml"), OWN_PHRASES).unwrap();
    std::fs::write(folder.0.join("own-settings.toml"), "[words]\nphrases = [\"own.toml\"]\n").unwrap();
    let shipped = baton(&folder.0, &["replay", "wizard.talk"]);
    assert!(said(&shipped).contains("Nothing was decided."), "{}", said(&shipped));
    let own = baton(&folder.0, &["replay", "wizard.talk", "--config", "own-settings.toml"]);
    assert!(said(&own).contains("▶ decision 1: explicit-request"), "{}", said(&own));
    assert!(said(&own).contains("no answer is on record: it counts as waiting"), "{}", said(&own));
    let german =
        TALK.replace("can I talk to a person please", "ich möchte bitte mit einem Menschen sprechen");
    std::fs::write(folder.0.join("german.talk"), german).unwrap();
    std::fs::write(folder.0.join("german.toml"), "[words]\nlanguage = \"de\"\n").unwrap();
    let in_german = baton(&folder.0, &["replay", "german.talk", "--config", "german.toml"]);
    assert!(said(&in_german).contains("▶ decision 1: explicit-request"), "{}", said(&in_german));
    std::fs::write(
        folder.0.join("gone.toml"),
        "[words]\nphrases = [\"nowhere.toml\"]\n[voice]\nclips = \"none\"\n",
    )
    .unwrap();
    let checked = baton(&folder.0, &["check", "--config", "gone.toml"]);
    assert!(!checked.status.success(), "{}", said(&checked));
    for wrong in ["voice.clips cannot be used: none: ", "words.phrases nowhere.toml: "] {
        assert!(said(&checked).contains(wrong), "{wrong}: {}", said(&checked));
    }
}

#[tokio::test]
async fn a_stored_call_is_replayed_and_then_forgotten() {
    let folder = Folder::new("forget");
    let store = Store::open(&folder.0.join("store")).await.unwrap();
    let call = CallId::from_bits(77);
    let turn = |words: &str| {
        format!(
            "{{\"at\":6000000,\"event\":{{\"said\":{{\"turn\":{{\"number\":1,\"by\":\"prospect\",\"from\":4000000,\
             \"until\":6000000,\"words\":\"{words}\",\"wording\":\"final\",\"source\":\"carrier\"}}}}}},\"effects\":[]}}"
        )
    };
    let at = Timestamp(1_790_000_000_000);
    let opened = Record::Opened {
        call,
        carrier_call: CarrierCall("CA1".into()),
        direction: "outbound",
        prospect: PhoneNumber::new("+15550100177"),
        line: PhoneNumber::new("+15550100100"),
        at,
        facts: String::new(),
    };
    let json = turn("can I talk to a person please");
    let entry = Record::Entry { call, number: 0, at: CallTime::from_millis(6_000), json };
    let closed = Record::Closed { call, how: "prospect-left".into(), at };
    store.write(vec![opened, entry, closed]).await.unwrap();

    // All of it while a gateway has the store open.
    let id = call.to_string();
    let run = |arguments: &[&str]| baton(&folder.0, &[arguments, &["--data", "store"]].concat());
    let replayed = run(&["replay", &id]);
    assert!(said(&replayed).contains("▶ decision 1: explicit-request"), "{}", said(&replayed));
    assert!(said(&replayed).contains("\noutbound, "), "{}", said(&replayed));
    let listed = run(&["calls"]);
    assert!(
        said(&listed).starts_with("CALL ") && said(&listed).contains("outbound   prospect-left"),
        "{}",
        said(&listed)
    );
    let shown = run(&["show", &id]);
    assert!(
        said(&shown).contains("00:06.000  the prospect: \"can I talk to a person please\""),
        "{}",
        said(&shown)
    );
    assert!(!said(&shown).contains('{'), "no raw JSON: {}", said(&shown));
    let raw = run(&["show", &id, "--json"]);
    assert_eq!(
        serde_json::from_slice::<serde_json::Value>(&raw.stdout).unwrap()["timeline"][0]["at"],
        6_000_000
    );
    let looked = run(&["forget", "+1 (555) 010-0177"]);
    assert_eq!(looked.status.code(), Some(3), "{}", said(&looked));
    let forgotten = run(&["forget", "+15550100177", "--yes", "--json"]);
    assert!(forgotten.status.success(), "{}", said(&forgotten));
    let done: serde_json::Value = serde_json::from_slice(&forgotten.stdout).unwrap();
    assert_eq!((&done["done"]["entries"], &done["done"]["calls"]), (&1.into(), &1.into()));
    let after = run(&["replay", &id]);
    assert!(
        !said(&after).contains("person please") && said(&after).contains("words were taken out"),
        "{}",
        said(&after)
    );
    let none = run(&["forget", "+15550100177", "--yes"]);
    assert!(none.status.success() && said(&none) == "nothing is kept of •••77\n", "{}", said(&none));
    assert_eq!(run(&["forget", "nobody"]).status.code(), Some(1));
}
