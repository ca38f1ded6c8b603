//! The program against itself: `baton sim` plays a script, `baton serve` runs with the settings that it asked for.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

#[test]
fn a_script_is_played_against_a_baton_that_runs_and_handed_over() {
    rehearse("handed_over.toml");
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

/// Plays this script with two processes; fails where it did not go as the script expects.
fn rehearse(script: &str) {
    let folder = std::env::temp_dir().join(format!("baton-rehearsed-{:032x}", baton::live::chance::bits()));
    std::fs::create_dir_all(&folder).unwrap();
    let settings = folder.join("baton.toml");
    let [listen, rest, assistant] = free_addresses();
    let (script, url) = (scripts().join(script), format!("http://{listen}"));
    let text = |path: &Path| path.display().to_string();
    let mut sim = program(&["sim", "--json", "--url", &url, "--rest", &rest, "--assistant", &assistant]);
    sim.args(["--script", &text(&script), "--settings", &text(&settings), "--record", &text(&folder)]);
    let sim = sim.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    for _ in 0..200 {
        // Written at one go, so whole once it holds the reps.
        if std::fs::read_to_string(&settings).is_ok_and(|text| text.contains("phone =")) {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let mut serve = program(&["serve", "--listen", &listen, "--config", &text(&settings)]);
    let serve = Running(serve.args(["--data", &text(&folder)]).stderr(Stdio::null()).spawn().unwrap());
    let played = sim.wait_with_output().unwrap();
    drop(serve);
    let _ = std::fs::remove_dir_all(&folder);
    let (verdict, story) = (String::from_utf8_lossy(&played.stdout), String::from_utf8_lossy(&played.stderr));
    assert!(played.status.success(), "{verdict}\n{story}");
    let verdict: serde_json::Value = serde_json::from_str(&verdict).unwrap();
    assert_eq!(verdict["as_expected"], true);
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
