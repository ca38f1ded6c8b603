//! A browser as the judge of the pages: what `baton listen` and `baton replay` write is opened in Chromium, with no network.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use tokio::time::timeout;

use crate::extras::top;

/// A folder that goes when the test does.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("baton-pages-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[tokio::test]
async fn a_browser_draws_all_of_a_replayed_call() {
    let folder = Folder::new("replay");
    let page = folder.0.join("page.html");
    let talk = "title: Asks & <waits>\ndirection: inbound\nexpect: explicit-request, immediate, at 2\n\n\
                0:00.8-0:04.1  assistant       Hi, this is Ada, how can I help you?\n\
                0:04.9-0:09.0  prospect  0.96  can I talk to a person please\n\
                0:09.2         ~               mood frustration=70/60\n\
                0:09.5         ~               agreed\n\
                0:10.0-0:12.0  assistant       One moment, I am getting somebody.\n";
    std::fs::write(folder.0.join("asks.talk"), talk).unwrap();
    baton(&["replay", "asks.talk", "--html", "page.html"], &folder.0);
    let Some(drawn) = drawn(&page, &folder.0).await else { return };
    assert!(drawn.contains("data-ready=\"all\""), "its script stopped on the way:\n{drawn:.2000}");
    let count = |what: &str| drawn.matches(what).count();
    assert_eq!((count("class=\"decision\""), count("data-turn=\"")), (1, 3));
    assert!(
        count("data-score=\"explicit-request\"") == 1 && count("class=\"threshold\"") >= 1,
        "a score and its threshold"
    );
    assert!(count("<mark class=\"decisive\"") >= 1, "the words that mattered");
    assert!(drawn.contains("Asks &amp; &lt;waits&gt;") && drawn.contains("by the voice"));
}

#[tokio::test]
async fn a_browser_draws_all_of_a_recording() {
    let folder = Folder::new("listen");
    let page = folder.0.join("page.html");
    let sound = top().join("fixtures/audio/demo/prospect_question.wav");
    baton(&["listen", sound.to_str().unwrap(), "--html", "page.html"], &folder.0);
    let Some(drawn) = drawn(&page, &folder.0).await else { return };
    assert!(drawn.contains("data-ready=\"all\""), "its script stopped on the way:\n{drawn:.2000}");
    assert!(
        drawn.contains("prospect_question.wav") && drawn.matches("data-from=\"").count() >= 1,
        "turns are listed"
    );
}

fn baton(arguments: &[&str], folder: &Path) {
    let done =
        Command::new(env!("CARGO_BIN_EXE_baton")).args(arguments).current_dir(folder).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

/// The page as it is once its script has run; none, and one line, where there is no browser.
async fn drawn(page: &Path, folder: &Path) -> Option<String> {
    let Some(browser) = BROWSERS.into_iter().find(|name| runs(name)) else {
        println!("skipped: no Chromium; .ci/run installs it where it can");
        return None;
    };
    let mut command = tokio::process::Command::new(browser);
    command.args([
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run",
    ]);
    // Nothing but this file can be reached.
    command.args([
        "--proxy-server=127.0.0.1:9",
        "--disable-background-networking",
        "--virtual-time-budget=5000",
    ]);
    command.arg(format!("--user-data-dir={}", folder.join("profile").display())).arg("--dump-dom");
    command.arg(format!("file://{}", page.display()));
    command.stderr(Stdio::null()).kill_on_drop(true);
    let output = timeout(PATIENCE, command.output()).await.expect("the browser ends").unwrap();
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn runs(browser: &str) -> bool {
    let asked = Command::new(browser).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    asked.is_ok_and(|status| status.success())
}

/// What the browser is called, from one system to the next.
const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// A first start writes a profile, on a machine that also builds.
const PATIENCE: Duration = Duration::from_secs(90);
