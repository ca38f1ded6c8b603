//! The program against itself: `baton sim` plays a script, `baton serve` runs with the settings that it asked for.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use baton::sim::assistant::{Assistant, AssistantScript};
use baton::sim::sound::{Phrase, Pitch};
use serde_json::{Value, json};

#[test]
fn prospect_is_handed_over_as_the_script_says() {
    let played = Rehearsal::of("handed_over.toml").play();
    assert_eq!(played.calls.len(), 1);
    assert_eq!((&played.calls[0]["outcome"], &played.calls[0]["to"]), (&json!("handed over"), &json!("sam")));
}

#[test]
fn prospect_stays_with_the_assistant_when_nobody_takes_it_as_the_script_says() {
    let played = Rehearsal::of("nobody_takes_it.toml").play();
    assert_eq!(played.calls[0]["outcome"], "returned to assistant");
}

#[test]
fn prospect_leaves_while_it_rings_as_the_script_says_and_so_does_the_next() {
    let played =
        Rehearsal { flags: vec!["--calls", "2"], ..Rehearsal::of("leaves_while_it_rings.toml") }.play();
    let outcomes: Vec<_> = played.calls.iter().map(|call| &call["outcome"]).collect();
    assert_eq!(outcomes, ["abandoned", "abandoned"]);
}

#[test]
fn prospect_is_handed_over_to_the_rep_of_the_number_that_is_named() {
    let number = "+15550100177";
    let played = Rehearsal { flags: vec!["--rep", number], ..Rehearsal::of("handed_over.toml") }.play();
    assert!(played.settings.contains(&format!("phone = \"{number}\"")), "{}", played.settings);
    assert_eq!(played.calls[0]["outcome"], "handed over");
}

#[test]
fn prospect_talks_to_the_assistant_that_baton_has_already_when_none_is_played() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let hello = Phrase::spoken("hello this is an assistant of another house", Pitch::ASSISTANT);
    let script = AssistantScript { greeting: Some(hello), ..AssistantScript::default() };
    let own = runtime.block_on(Assistant::start(script)).unwrap();
    let played = Rehearsal {
        flags: vec!["--no-assistant"],
        settings: format!("[assistant]\nstream_url = {:?}\n", own.url()),
        ..Rehearsal::of("leaves_while_it_rings.toml")
    }
    .play();
    assert!(!played.settings.contains("stream_url"), "none is asked for: {}", played.settings);
    assert_eq!(played.calls[0]["outcome"], "abandoned");
    let [visit] = &own.visits()[..] else { panic!("one call, one visit: {:?}", own.visits()) };
    assert_eq!(visit.said().len(), 1, "it greeted");
    assert!(visit.stopped_at().is_some(), "and was told of the end");
}

#[test]
fn every_script_that_is_shipped_can_be_played() {
    for file in std::fs::read_dir(scripts()).unwrap() {
        let file = file.unwrap().path();
        let script = baton::sim::script::Script::read(&std::fs::read_to_string(&file).unwrap());
        script.unwrap_or_else(|error| panic!("{}: {error}", file.display())).cast(|_| None).unwrap();
    }
}

#[test]
fn a_baton_on_another_machine_is_not_called() {
    let refused = program(&["sim", "--url", "https://baton.example.com", "--wait", "1"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("--anywhere"), "{refused:?}");
}

/// A script to be played by two processes.
struct Rehearsal {
    script: &'static str,
    /// What `baton sim` is told besides.
    flags: Vec<&'static str>,
    /// What `baton serve` is set to besides, in TOML.
    settings: String,
}

/// How it was.
struct Played {
    calls: Vec<Value>,
    /// What `baton sim` said that Baton needs.
    settings: String,
}

impl Rehearsal {
    fn of(script: &'static str) -> Self {
        Self { script, flags: Vec::new(), settings: String::new() }
    }

    /// Plays it; fails where it did not go as the script expects.
    fn play(self) -> Played {
        let folder =
            std::env::temp_dir().join(format!("baton-rehearsed-{:032x}", baton::live::chance::bits()));
        std::fs::create_dir_all(&folder).unwrap();
        let (asked, used) = (folder.join("asked.toml"), folder.join("used.toml"));
        let [listen, rest, assistant] = free_addresses();
        let (script, url) = (scripts().join(self.script), format!("http://{listen}"));
        let text = |path: &Path| path.display().to_string();
        let mut sim = program(&["sim", "--json", "--url", &url, "--rest", &rest, "--assistant", &assistant]);
        sim.args(["--script", &text(&script), "--settings", &text(&asked), "--record", &text(&folder)]);
        let sim = sim.args(&self.flags).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut settings = String::new();
        for _ in 0..400 {
            // Written at one go, so whole once it holds the reps.
            settings = std::fs::read_to_string(&asked).unwrap_or_default();
            if settings.contains("phone =") {
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        // Before the reps, whose table would go on.
        std::fs::write(&used, settings.replacen("[[reps]]", &(self.settings + "[[reps]]"), 1)).unwrap();
        let mut serve = program(&["serve", "--listen", &listen, "--config", &text(&used)]);
        let serve = Running(serve.args(["--data", &text(&folder)]).stderr(Stdio::null()).spawn().unwrap());
        let played = sim.wait_with_output().unwrap();
        drop(serve);
        let _ = std::fs::remove_dir_all(&folder);
        let (verdict, story) =
            (String::from_utf8_lossy(&played.stdout), String::from_utf8_lossy(&played.stderr));
        assert!(played.status.success(), "{}: {verdict}\n{story}", self.script);
        let mut verdict: Value = serde_json::from_str(&verdict).unwrap();
        assert_eq!(verdict["as_expected"], true);
        let Value::Array(calls) = verdict["calls"].take() else { panic!("no calls in {verdict}") };
        Played { calls, settings }
    }
}

/// Three that were free a moment ago.
fn free_addresses() -> [String; 3] {
    let doors = [(); 3].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    doors.map(|door| door.local_addr().unwrap().to_string())
}

fn program(arguments: &[&str]) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_baton"));
    program.args(arguments);
    program
}

fn scripts() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/calls")
}

/// A process that ends with its test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
