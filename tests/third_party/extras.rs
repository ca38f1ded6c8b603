//! Programs of third parties: whether they are here, and running them until the test is over.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

/// A program that runs; it is ended when dropped.
pub(crate) struct Program {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Program {
    /// Starts it.
    pub(crate) fn start(mut command: Command) -> Self {
        let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.kill_on_drop(true).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// The rest of the first line that says this, from there on.
    pub(crate) async fn says(&mut self, what: &str) -> String {
        let (mut told, mut found) = (Vec::new(), None);
        let reading = async {
            while let Some(line) = self.lines.next_line().await.unwrap() {
                if let Some(at) = line.find(what) {
                    found = Some(line[at + what.len()..].to_owned());
                    return;
                }
                told.push(line);
            }
        };
        let _ = timeout(PATIENCE, reading).await;
        found.unwrap_or_else(|| panic!("the program never said {what:?}, but:\n{}", told.join("\n")))
    }

    /// The next event of this name among the JSON lines.
    pub(crate) async fn event(&mut self, name: &str) -> Value {
        let rest = self.says(&format!(r#""ev": "{name}""#)).await;
        let rest = rest.trim_start_matches(", ");
        serde_json::from_str(&if rest == "}" { "{}".to_owned() } else { format!("{{{rest}") }).unwrap()
    }

    /// Waits until it ends by itself.
    pub(crate) async fn ends(&mut self) -> Option<i32> {
        timeout(PATIENCE, self.child.wait()).await.expect("the program ends").unwrap().code()
    }
}

/// A Python program of this folder, ready to start; none, and one line, where the packages are missing.
pub(crate) fn python(program: &str) -> Option<Command> {
    let mut command = Command::new(installed("venv/bin/python")?);
    command.arg("-u").arg("-B").arg(top().join("tests/third_party").join(program));
    Some(command)
}

/// A program of Node, ready to start; none, and one line, where it is missing.
pub(crate) fn node(program: &str) -> Option<Command> {
    Some(Command::new(installed(&format!("node/node_modules/.bin/{program}"))?))
}

/// What the program answers to this.
pub(crate) async fn answer(mut command: Command, question: String) -> String {
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(question.as_bytes()).await.unwrap();
    drop(stdin);
    let output = timeout(PATIENCE, child.wait_with_output()).await.expect("it answers").unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// Where the project is.
pub(crate) fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn installed(path: &str) -> Option<PathBuf> {
    let program = top().join(".extras").join(path);
    if !program.exists() {
        println!("skipped: no .extras/{path}; tests/third_party/install puts it there");
        return None;
    }
    Some(program)
}

/// Two cores that also build take their time to import Pipecat.
const PATIENCE: Duration = Duration::from_secs(40);
