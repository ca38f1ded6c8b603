//! The rules of the house that no compiler knows: rings, sizes, words, promises. Each failure says where and what to do.

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Who may import whom: each module, and what it may name of the crate besides itself.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("time", &[]),
    ("id", &[]),
    ("phone_number", &[]),
    ("audio", &["time", "id"]),
    ("ear", &["time", "audio"]),
    ("conversation", &["time"]),
    ("escalation", &["time", "conversation"]),
    ("handoff", &["time", "id"]),
    ("call", &["time", "id", "conversation", "escalation", "handoff"]),
    ("ports", &["time", "id", "phone_number", "conversation"]),
    (
        "live",
        &[
            "time",
            "id",
            "phone_number",
            "audio",
            "ear",
            "conversation",
            "escalation",
            "handoff",
            "call",
            "ports",
        ],
    ),
    ("sim", &["time", "id", "phone_number", "audio"]),
    (
        "edge",
        &[
            "time",
            "id",
            "phone_number",
            "audio",
            "conversation",
            "escalation",
            "handoff",
            "call",
            "ports",
            "live",
        ],
    ),
    ("config", &["time", "phone_number", "conversation", "escalation"]),
    ("telemetry", &["config"]),
    (
        "app",
        &[
            "time",
            "id",
            "phone_number",
            "audio",
            "ear",
            "conversation",
            "escalation",
            "handoff",
            "call",
            "ports",
            "live",
            "edge",
            "config",
            "telemetry",
        ],
    ),
    (
        "demo",
        &[
            "time",
            "id",
            "phone_number",
            "audio",
            "handoff",
            "call",
            "live",
            "config",
            "telemetry",
            "app",
            "sim",
            "ports",
        ],
    ),
    ("forget", &["phone_number", "ports", "live"]),
    ("setup", &["ports", "edge", "config", "app"]),
    ("listen", &["time", "audio", "ear"]),
    ("rehearsal", &["audio", "handoff", "live", "edge", "sim"]),
    ("chaos", &["id", "audio", "handoff", "call", "live", "sim"]),
    ("listen", &["time", "audio", "ear"]),
    (
        "replay",
        &[
            "time",
            "id",
            "phone_number",
            "audio",
            "ear",
            "conversation",
            "escalation",
            "handoff",
            "call",
            "live",
            "edge",
            "config",
            "listen",
        ],
    ),
    ("lab", &["time", "audio", "ear", "conversation"]),
    (
        "bench",
        &[
            "time",
            "id",
            "audio",
            "ear",
            "conversation",
            "escalation",
            "handoff",
            "call",
            "live",
            "edge",
            "config",
            "sim",
        ],
    ),
];

const RING_1: &[&str] =
    &["time", "id", "phone_number", "audio", "ear", "conversation", "escalation", "handoff", "call"];

const NOT_IN_RING_1: &[&str] = &[
    "tokio",
    "axum",
    "sqlx",
    "reqwest",
    "std::time::Instant",
    "std::sync::Mutex",
    "std::net",
    "std::fs",
    "async fn",
];

/// Words that say nothing, and words that mean two things.
const NOT_IN_NAMES: &[&str] = &[
    "manager",
    "handler",
    "service",
    "helper",
    "helpers",
    "util",
    "utils",
    "common",
    "data",
    "info",
    "misc",
    "agent",
    "session",
    "participant",
];

/// Names that others gave to things of theirs.
const OTHERS_WORDS: &[&str] = &["user_agent"];

const AT_THE_TOP: &[&str] = &[
    "Cargo.toml",
    "Cargo.lock",
    "src",
    "benches",
    "fixtures",
    "tests",
    "deploy",
    "README.md",
    "LICENSE",
    "CHANGELOG.md",
];

const LONGEST_FILE: usize = 500;

/// A file of Rust, as a rule sees it.
struct Source {
    /// Within the repository.
    path: String,
    text: String,
}

impl Source {
    fn read(file: &Path) -> Self {
        Self { path: shown(file), text: fs::read_to_string(file).unwrap() }
    }

    fn made_up(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    /// The module of the crate that it belongs to.
    fn module(&self) -> &str {
        let inside = self.path.strip_prefix("src/").unwrap_or(&self.path);
        inside.split('/').next().unwrap_or_default().trim_end_matches(".rs")
    }

    /// The lines that are not its tests, with their numbers: what stands behind `#[cfg(test)]` goes with it, and nothing else.
    fn product_lines(&self) -> Vec<(usize, &str)> {
        let mut lines = Vec::new();
        let mut numbered = self.text.lines().enumerate().map(|(n, line)| (n + 1, line));
        while let Some((number, line)) = numbered.next() {
            if line != "#[cfg(test)]" {
                lines.push((number, line));
                continue;
            }
            // The item begins behind further attributes and ends with its semicolon or its closing brace.
            let mut item = numbered.by_ref().map(|(_, line)| line).skip_while(|line| line.starts_with("#["));
            if item.next().is_some_and(|first| first.ends_with('{')) {
                item.by_ref().take_while(|line| *line != "}").for_each(drop);
            }
        }
        lines
    }
}

#[test]
fn imports_point_inwards() {
    assert_none(sources().iter().flat_map(imports_outwards));
    let listed = MAY_IMPORT.iter().flat_map(|(name, allowed)| allowed.iter().chain([name]));
    for name in listed.chain(RING_1) {
        let there = ["", ".rs"].iter().any(|ending| top().join(format!("src/{name}{ending}")).exists());
        assert!(there, "tests/tidy speaks of src/{name}, which is not there");
    }
    for (path, text) in [
        ("src/sim/world.rs", "use crate::edge::store::Store;"),
        ("src/sim/world.rs", "use crate::{audio, edge};"),
        ("src/live/clock.rs", "    let app = crate::app::App::build();"),
        ("src/nobody.rs", "use crate::time::CallTime;"),
        ("src/handoff/stage.rs", "use tokio::sync::mpsc;"),
        ("src/call/call.rs", "pub async fn wait() {}"),
        ("src/sim/carrier/mod.rs", "#[cfg(test)]\nmod echo;\nuse crate::live::clock;"),
    ] {
        assert_seen(&imports_outwards(&Source::made_up(path, text)), path, text);
    }
    let tests = "#[cfg(test)]\nmod tests {\n    use crate::live::clock;\n}\n";
    assert_none(imports_outwards(&Source::made_up("src/sim/world.rs", tests)));
}

fn imports_outwards(source: &Source) -> Vec<String> {
    let (path, module) = (&source.path, source.module());
    // Files of tests alone may see the simulated world, as tests beside the code do.
    let of_tests = ["/tests.rs", "_tests.rs"].iter().any(|ending| path.ends_with(ending));
    if module == "lib" || module == "main" || of_tests {
        return Vec::new();
    }
    let Some((_, allowed)) = MAY_IMPORT.iter().find(|(name, _)| *name == module) else {
        return vec![format!(
            "{path}: src/{module} is not in the list of tests/tidy; say what it may import"
        )];
    };
    let mut wrong = Vec::new();
    for (number, line) in source.product_lines() {
        if line.trim_start().starts_with("//") {
            continue;
        }
        for named in line.split("crate::").skip(1) {
            if named.starts_with('{') {
                wrong.push(format!(
                    "{path}:{number}: import one module a line, so that this test can read it"
                ));
            }
            let named: String = named.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            let known = MAY_IMPORT.iter().any(|(name, _)| *name == named);
            if known && named != module && !allowed.contains(&named.as_str()) {
                wrong.push(format!(
                    "{path}:{number}: {module} may not import {named}; see src/ARCHITECTURE.md, The rings"
                ));
            }
        }
        if RING_1.contains(&module) {
            for forbidden in NOT_IN_RING_1.iter().filter(|forbidden| line.contains(*forbidden)) {
                wrong.push(format!("{path}:{number}: ring 1 is plain Rust, without {forbidden}"));
            }
        }
    }
    wrong
}

#[test]
fn every_file_says_what_it_is_for_and_is_short() {
    assert_none(sources().iter().flat_map(unsaid_or_long));
    let long = "//! Long.\n".repeat(LONGEST_FILE + 1);
    let hidden = "//! Long.\n#[cfg(test)]\nmod echo;\n".to_owned() + &"// .\n".repeat(LONGEST_FILE);
    for text in ["use std::fs;", &long, &hidden] {
        assert_seen(
            &unsaid_or_long(&Source::made_up("src/live/clock.rs", text)),
            "a file of",
            &text[..20.min(text.len())],
        );
    }
}

fn unsaid_or_long(source: &Source) -> Vec<String> {
    let path = &source.path;
    let mut wrong = Vec::new();
    if !source.text.starts_with("//!") {
        wrong.push(format!("{path}:1: begin with a //! sentence that says what this does for the call"));
    }
    let lines = source.product_lines().len();
    if lines > LONGEST_FILE {
        wrong.push(format!(
            "{path}: {lines} lines without tests; {LONGEST_FILE} are the most: split it by ideas"
        ));
    }
    wrong
}

#[test]
fn names_say_something() {
    assert_none(sources().iter().flat_map(empty_names));
    for (path, text) in [
        ("src/live/call_manager.rs", ""),
        ("src/live/clock.rs", "pub struct CallHandler;"),
        ("src/live/clock.rs", "    async fn get_data() {}"),
        ("src/live/clock.rs", "const SESSION_LIMIT: u32 = 1;"),
        ("src/live/clock.rs", "impl X {\n    pub const fn agent_name(&self) {}"),
    ] {
        assert_seen(&empty_names(&Source::made_up(path, text)), path, text);
    }
    assert_none(empty_names(&Source::made_up("src/live/clock.rs", "fn user_agent() {}")));
}

fn empty_names(source: &Source) -> Vec<String> {
    let path = &source.path;
    let empty = |name: &str| words(name).find(|word| NOT_IN_NAMES.contains(&word.as_str()));
    let mut wrong = Vec::new();
    let stem = path.rsplit('/').next().unwrap_or_default().trim_end_matches(".rs");
    if let Some(word) = empty(stem) {
        wrong.push(format!("{path}: {word:?} says nothing; name what it is for"));
    }
    for (number, line) in source.product_lines() {
        let mut before = "";
        for token in line.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|t| !t.is_empty()) {
            let is_name =
                ["struct", "enum", "trait", "fn", "mod", "type", "const", "static"].contains(&before);
            if is_name
                && !OTHERS_WORDS.contains(&token)
                && let Some(word) = empty(token)
            {
                wrong.push(format!(
                    "{path}:{number}: {token}: {word:?} says nothing; use the words of the house"
                ));
            }
            before = token;
        }
    }
    wrong
}

#[test]
fn every_promise_has_its_tests_and_every_test_its_promise() {
    let architecture = fs::read_to_string(top().join("src/ARCHITECTURE.md")).unwrap();
    let tests: Vec<Source> = all_rust_files().iter().map(|file| Source::read(file)).collect();
    assert_none(broken_promises(&architecture, &tests));

    let two = "## The promises\n1. One.\n2. Two.\n## More\n3. No promise.\n";
    let test = |name: &str| format!("#[test]\nfn {name}() {{}}\n");
    let seen = |architecture: &str, text: &str| {
        broken_promises(architecture, &[Source::made_up("tests/x.rs", text)])
    };
    assert_none(seen(two, &(test("promise_1_x") + &test("promise_2_x"))));
    assert_none(seen(two, &test("promises_1_to_2_x")));
    for (architecture, text) in [
        (two, test("promise_1_x")),
        (two, test("promise_1_x") + &test("promise_3_x") + &test("promise_2_x")),
        (two, test("promises_1_to_2_x") + &test("promises_1_to_2_x")),
        (two, test("promise_2_x") + "fn promise_1_x() {}\n"),
        (two, test("promises_1_to_2_x") + &test("promise_x")),
        ("## The promises\n1. One.\n1. Two.\n", test("promise_1_x")),
        ("## The promises\n1. One.\n3. Three.\n", test("promise_1_x") + &test("promise_3_x")),
    ] {
        assert_seen(&seen(architecture, &text), architecture, &text);
    }
}

/// Promises without a test, tests without a promise, and tests that are none.
fn broken_promises(architecture: &str, sources: &[Source]) -> Vec<String> {
    let section = architecture.split("## The promises").nth(1).expect("ARCHITECTURE.md lists the promises");
    let section = section.split("\n## ").next().unwrap_or_default();
    let listed: Vec<u32> = section.lines().filter_map(|line| line.split_once(". ")?.0.parse().ok()).collect();
    let mut wrong = Vec::new();
    if !listed.iter().copied().eq(1..=listed.len() as u32) {
        wrong.push(format!(
            "the promises of ARCHITECTURE.md are not numbered one after the other: {listed:?}"
        ));
    }
    let mut tested = BTreeSet::new();
    let mut names = BTreeSet::new();
    for source in sources {
        let mut before = Vec::new();
        for (number, line) in source.text.lines().enumerate() {
            let line = line.trim();
            let declared = ["fn ", "async fn "].iter().find_map(|kind| line.strip_prefix(kind));
            let Some(rest) = declared.and_then(|name| name.strip_prefix("promise")) else {
                if line.starts_with("#[") {
                    before.push(line);
                } else {
                    before.clear();
                }
                continue;
            };
            let at = format!("{}:{}", source.path, number + 1);
            if !before.iter().any(|attribute| attribute.contains("test")) {
                wrong.push(format!("{at}: a promise is kept by a test, and this is none"));
            }
            before.clear();
            let name = rest.split('(').next().unwrap_or_default();
            if !names.insert(name) {
                wrong.push(format!("{at}: promise{name} is there twice: say what each of them sees"));
            }
            let parts = name.trim_start_matches('s').trim_start_matches('_').split('_');
            let numbers: Vec<u32> =
                parts.map_while(|p| if p == "to" { Some(0) } else { p.parse().ok() }).collect();
            match numbers.as_slice() {
                [] => wrong.push(format!("{at}: which promise? promise_N_…")),
                [from, 0, to] => tested.extend(*from..=*to),
                numbers => tested.extend(numbers.iter().copied()),
            }
        }
    }
    let listed: BTreeSet<u32> = listed.into_iter().collect();
    let untested = listed.difference(&tested).map(|n| format!("no test is named promise_{n}_…"));
    let unknown = tested.difference(&listed).map(|n| format!("ARCHITECTURE.md lists no promise {n}"));
    wrong.extend(untested.chain(unknown));
    wrong
}

#[test]
fn only_what_belongs_there_is_visible_at_the_top() {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(top())
        .output();
    let Some(listed) = listed.ok().filter(|listed| listed.status.success()) else {
        println!("skipped: this is no git checkout");
        return;
    };
    assert_none(out_of_place(&String::from_utf8(listed.stdout).unwrap()));
    assert_seen(&out_of_place("src/lib.rs\nnotes.txt\n"), "the top", "notes.txt");
    assert_seen(&out_of_place("scripts/run\n"), "the top", "scripts");
    assert_none(out_of_place(".ci/run\nsrc/lib.rs\n"));
}

fn out_of_place(listed: &str) -> Vec<String> {
    let names: BTreeSet<&str> = listed.lines().filter_map(|path| path.split('/').next()).collect();
    let wrong = names.into_iter().filter(|name| !name.starts_with('.') && !AT_THE_TOP.contains(name));
    wrong.map(|name| format!("{name} does not belong at the top of the repository")).collect()
}

/// Nothing is wrong.
fn assert_none(wrong: impl IntoIterator<Item = String>) {
    let wrong: Vec<String> = wrong.into_iter().collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A rule that overlooks this would overlook anything.
fn assert_seen(wrong: &[String], what: &str, text: &str) {
    assert!(!wrong.is_empty(), "the rule cannot fail: it took {what} with {text:?}");
}

/// The words of a name in either case.
fn words(name: &str) -> impl Iterator<Item = String> {
    let mut spaced = String::new();
    let shouted = !name.contains(char::is_lowercase);
    for c in name.chars() {
        if c.is_uppercase() && !shouted {
            spaced.push(' ');
        }
        spaced.extend(if c == '_' { vec![' '] } else { c.to_lowercase().collect() });
    }
    spaced.split_whitespace().map(str::to_owned).collect::<Vec<_>>().into_iter()
}

fn sources() -> Vec<Source> {
    rust_files(&top().join("src")).iter().map(|file| Source::read(file)).collect()
}

fn all_rust_files() -> Vec<PathBuf> {
    let mut files = rust_files(&top().join("src"));
    files.extend(rust_files(&top().join("tests")));
    files
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn shown(file: &Path) -> String {
    file.strip_prefix(top()).unwrap_or(file).display().to_string()
}

fn top() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
