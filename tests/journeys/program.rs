//! The program itself, as a process: how it starts, what it may have open, and how it ends.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::net::TcpStream;

use crate::drain::readiness;
use crate::stage::{PROSPECT, Stage, greeting, patient_prospect, s};

/// The program itself, serving the world of a stage whose own Baton nobody calls.
struct Program {
    child: Child,
    base: String,
    folder: std::path::PathBuf,
    said: std::thread::JoinHandle<String>,
}

impl Program {
    fn start(stage: &Stage) -> Self {
        Self::start_as(stage, Command::new(env!("CARGO_BIN_EXE_baton")))
    }

    fn start_as(stage: &Stage, mut command: Command) -> Self {
        let settings = stage.world.carrier.settings();
        let folder = std::env::temp_dir().join(format!("baton-program-{:032x}", baton::live::chance::bits()));
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(&folder);
        command.env("BATON_CARRIER__TWILIO__ACCOUNT_SID", &settings.account_sid);
        command.env("BATON_CARRIER__TWILIO__AUTH_TOKEN", &settings.auth_token);
        command.env("BATON_ASSISTANT__STREAM_URL", stage.world.assistant.url());
        command.env("BATON_FALLBACK__WORDS", "please call again tomorrow");
        command.current_dir(std::env::temp_dir()).stderr(Stdio::piped()).stdout(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut said = String::new();
        let base = loop {
            let before = said.len();
            assert!(log.read_line(&mut said).unwrap() > 0, "it ended: {said}");
            if let Some((_, rest)) = said[before..].split_once("listen=") {
                break format!("http://{}", rest.split_whitespace().next().unwrap());
            }
        };
        let said = std::thread::spawn(move || {
            let _ = std::io::Read::read_to_string(&mut log, &mut said);
            said
        });
        Self { child, base, folder, said }
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// What it said and how it ended, within this time.
    async fn ends(mut self, limit: Duration) -> (String, Option<i32>) {
        let until = baton::live::clock::now() + limit;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                let _ = std::fs::remove_dir_all(&self.folder);
                return (self.said.join().unwrap(), status.code());
            }
            if baton::live::clock::now() > until {
                let _ = self.child.kill();
                panic!("it does not end: {}", self.said.join().unwrap());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_ends_well_at_one_signal_without_calls_and_at_the_second_with_one() {
    let stage = Stage::start(Stage::kind_assistant()).await;
    let idle = Program::start(&stage);
    // A connection that somebody keeps holds nothing up.
    let keeps = baton::edge::http::client().unwrap();
    assert_eq!(keeps.get(format!("{}/readyz", idle.base)).send().await.unwrap().status().as_u16(), 200);
    idle.signal(Signal::TERM);
    let (said, code) = idle.ends(s(5)).await;
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("Baton has stopped"), "{said}");

    let busy = Program::start(&stage);
    stage.world.point_at(&busy.base);
    let prospect = stage.world.prospect_calls(PROSPECT, patient_prospect());
    assert!(prospect.hears(&greeting().clip, s(10)).await.is_some());
    busy.signal(Signal::INT);
    tokio::time::sleep(s(1)).await;
    assert_eq!(readiness(&busy.base).await, 503);
    assert!(prospect.is_streaming(s(1)).await, "the call goes on");
    busy.signal(Signal::INT);
    let (said, code) = busy.ends(s(12)).await;
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("draining: 1 call") && said.contains("again to end"), "{said}");
    assert!(prospect.is_over(s(12)).await.is_some());
    let words = prospect.ear().words().to_vec();
    assert!(words.iter().any(|heard| heard.words.contains("again tomorrow")), "{words:?}");
    stage.close().await;
}

/// The program where so many files may be open.
fn with_files(files: u32) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("ulimit -n {files}; exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_baton")]);
    command
}

/// Hundredths of a second of work that a process has done.
fn work(child: &Child) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap();
    let after_name = stat.rsplit_once(')').unwrap().1;
    after_name.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum()
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn the_program_names_the_files_that_it_lacks_and_serves_again_when_it_had_none_left() {
    let stage = Stage::start(Stage::kind_assistant()).await;
    let mut check = with_files(100);
    let said = check.args(["check"]).current_dir(std::env::temp_dir()).output().unwrap().stdout;
    let said = String::from_utf8(said).unwrap();
    assert!(said.contains("need 2128 open files and this process may have 100"), "{said}");

    let mut command = with_files(100);
    command.env("BATON_SERVER__SOCKETS", "1000");
    let program = Program::start_as(&stage, command);
    let at = program.base.strip_prefix("http://").unwrap().to_owned();
    let mut strangers = Vec::new();
    for _ in 0..120 {
        strangers.push(TcpStream::connect(&at).await.unwrap());
    }
    tokio::time::sleep(s(1)).await;
    let before = work(&program.child);
    tokio::time::sleep(s(2)).await;
    let worked = work(&program.child) - before;
    assert!(worked < 50, "it waits and does not spin: {worked} hundredths of a second in two seconds");
    drop(strangers);
    let mut answer = 0;
    for _ in 0..50 {
        let client = baton::edge::http::client().unwrap();
        let asked = client.get(format!("{}/readyz", program.base)).send().await;
        answer = asked.map_or(0, |answer| answer.status().as_u16());
        if answer == 200 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    program.signal(Signal::TERM);
    let (log, code) = program.ends(s(8)).await;
    assert_eq!((answer, code), (200, Some(0)), "{log}");
    assert!(log.contains("need 2128 open files and this process may have 100"), "{log}");
    assert_eq!(log.matches("no connection can be taken").count(), 1, "said, and not again and again: {log}");
    stage.close().await;
}
