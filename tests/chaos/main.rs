//! Chaos in small: a few calls while things go wrong to a seeded plan, the gateway's death among them.

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::Mutex;

use baton::chaos::{self, Chaos};

#[tokio::test(flavor = "multi_thread")]
async fn promise_10_prospects_come_back_or_reach_the_fallback_when_the_gateway_is_killed_and_started_again() {
    let chaos = Chaos {
        program: env!("CARGO_BIN_EXE_baton").into(),
        seed: 11,
        calls: 3,
        at_once: 3,
        kills: 2,
        faults: 1,
        ..Chaos::default()
    };
    let report = chaos::run(&chaos, |line| print!("{line}")).await.unwrap();
    println!("{}", report.text());
    assert!(report.kept(), "{}", report.text());
    assert_eq!((report.calls, report.kills), (3, 2));
    assert!(report.hit.all() > 0, "no kill hit anybody: {}", report.text());
    assert!(report.hit.came_back > 0, "nobody came back: {}", report.text());
    assert_eq!(report.hit.lost, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_forgets_what_it_wrote_is_found_out() {
    let folder = Folder::new();
    let forgetful = folder.0.join("forgetful");
    // Each time that it is started it throws its store away first.
    let script = format!(
        "#!/bin/sh\nrm -rf \"$(dirname \"$3\")/store\"\nexec {} \"$@\"\n",
        env!("CARGO_BIN_EXE_baton")
    );
    std::fs::write(&forgetful, script).unwrap();
    std::fs::set_permissions(&forgetful, std::fs::Permissions::from_mode(0o755)).unwrap();
    let chaos =
        Chaos { program: forgetful, seed: 3, calls: 2, at_once: 2, kills: 1, faults: 0, ..Chaos::default() };
    let said = Mutex::new(String::new());
    let report = chaos::run(&chaos, |line| said.lock().unwrap().push_str(line)).await.unwrap();
    let said = said.into_inner().unwrap();
    let kept = said.lines().find_map(|line| line.strip_prefix("what is left of it: ")).unwrap();
    std::fs::remove_dir_all(kept).unwrap();

    assert!(!report.kept() && report.hit.all() > 0, "{}", report.text());
    let complaints: Vec<&str> = report.complaints.iter().map(|(_, what)| what.as_str()).collect();
    for expected in ["was changed or lost by a kill", "has no record"] {
        assert!(complaints.iter().any(|what| what.contains(expected)), "{expected}: {complaints:#?}");
    }
    assert_eq!((report.hit.came_back, report.hit.lost), (0, 0), "who is not known reaches the fallback");
    let again = "baton chaos --seed 3 --calls 2 --at-once 2 --kills 1 --faults 0 --fallback asks-again";
    assert!(report.text().contains(again), "{}", report.text());
}

/// A folder that is gone when the test is over.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("baton-forgets-{:032x}", baton::live::chance::bits()));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
