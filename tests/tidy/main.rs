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
    ("handoff", &["time", "id"]),
    ("call", &["time", "id", "handoff"]),
    ("ports", &["time", "id", "phone_number"]),
    ("live", &["time", "id", "phone_number", "audio", "handoff", "call", "ports"]),
    ("sim", &["time", "id", "phone_number", "audio"]),
    ("edge", &["time", "id", "phone_number", "audio", "handoff", "call", "ports", "live"]),
    ("config", &["phone_number"]),
    ("telemetry", &["config"]),
    (
        "app",
        &[
            "time",
            "id",
            "phone_number",
            "audio",
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
    ("rehearsal", &["audio", "handoff", "live", "sim"]),
    ("bench", &["time", "id", "audio", "handoff", "call", "live", "edge", "config", "sim"]),
];

const RING_1: &[&str] = &["time", "id", "phone_number", "audio", "handoff", "call"];

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

#[test]
fn imports_point_inwards() {
    let mut wrong = Vec::new();
    for file in sources() {
        let module = module_of(&file);
        if module == "lib" || module == "main" {
            continue;
        }
        let Some((_, allowed)) = MAY_IMPORT.iter().find(|(name, _)| *name == module) else {
            wrong.push(format!(
                "{}: src/{module} is not in the list of tests/tidy; say what it may import",
                shown(&file)
            ));
            continue;
        };
        for (number, line) in product_lines(&file) {
            for named in line.split("crate::").skip(1).filter(|_| !line.trim_start().starts_with("//")) {
                let named: String = named.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                let known = MAY_IMPORT.iter().any(|(name, _)| *name == named);
                if known && named != module && !allowed.contains(&named.as_str()) {
                    wrong.push(format!(
                        "{}:{number}: {module} may not import {named}; see src/ARCHITECTURE.md, The rings",
                        shown(&file)
                    ));
                }
            }
            if RING_1.contains(&module.as_str()) && !line.trim_start().starts_with("//") {
                for forbidden in NOT_IN_RING_1.iter().filter(|forbidden| line.contains(*forbidden)) {
                    wrong.push(format!(
                        "{}:{number}: ring 1 is plain Rust, without {forbidden}",
                        shown(&file)
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_says_what_it_is_for_and_is_short() {
    let mut wrong = Vec::new();
    for file in sources() {
        let text = fs::read_to_string(&file).unwrap();
        if !text.starts_with("//!") {
            wrong.push(format!(
                "{}:1: begin with a //! sentence that says what this does for the call",
                shown(&file)
            ));
        }
        let lines = product_lines(&file).len();
        if lines > LONGEST_FILE {
            wrong.push(format!(
                "{}: {lines} lines without tests; {LONGEST_FILE} are the most: split it by ideas",
                shown(&file)
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn names_say_something() {
    let mut wrong = Vec::new();
    for file in sources() {
        let stem = file.file_stem().unwrap().to_string_lossy().into_owned();
        for word in words(&stem).filter(|word| NOT_IN_NAMES.contains(&word.as_str())) {
            wrong.push(format!("{}: {word:?} says nothing; name what it is for", shown(&file)));
        }
        for (number, line) in product_lines(&file) {
            let mut before = "";
            for token in line.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|t| !t.is_empty()) {
                if ["struct", "enum", "trait", "fn", "mod", "type"].contains(&before) {
                    if OTHERS_WORDS.contains(&token) {
                        continue;
                    }
                    for word in words(token).filter(|word| NOT_IN_NAMES.contains(&word.as_str())) {
                        wrong.push(format!(
                            "{}:{number}: {token}: {word:?} says nothing; use the words of the house",
                            shown(&file)
                        ));
                    }
                }
                before = token;
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_promise_has_its_tests_and_every_test_its_promise() {
    let architecture = fs::read_to_string(top().join("src/ARCHITECTURE.md")).unwrap();
    let section = architecture.split("## The promises").nth(1).expect("ARCHITECTURE.md lists the promises");
    let section = section.split("\n## ").next().unwrap_or_default();
    let promised: BTreeSet<u32> =
        section.lines().filter_map(|line| line.split_once(". ")?.0.parse().ok()).collect();
    let mut tested = BTreeSet::new();
    for file in all_rust_files() {
        for line in fs::read_to_string(&file).unwrap().lines() {
            let Some(name) = line.trim_start().split("fn promise").nth(1) else { continue };
            let name = name.trim_start_matches('s').trim_start_matches('_');
            let numbers: Vec<u32> = name
                .split('_')
                .map_while(|part| match part {
                    "to" => Some(0),
                    n => n.parse().ok(),
                })
                .collect();
            match numbers.as_slice() {
                [from, 0, to] => tested.extend(*from..=*to),
                numbers => tested.extend(numbers.iter().copied()),
            }
        }
    }
    let untested: Vec<_> = promised.difference(&tested).collect();
    let unknown: Vec<_> = tested.difference(&promised).collect();
    assert!(untested.is_empty(), "promises without a test named promise_N_…: {untested:?}");
    assert!(unknown.is_empty(), "tests of promises that ARCHITECTURE.md does not list: {unknown:?}");
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
    let listed = String::from_utf8(listed.stdout).unwrap();
    let top_names: BTreeSet<&str> = listed.lines().filter_map(|path| path.split('/').next()).collect();
    let wrong: Vec<_> =
        top_names.into_iter().filter(|name| !name.starts_with('.') && !AT_THE_TOP.contains(name)).collect();
    assert!(wrong.is_empty(), "not at the top of the repository: {wrong:?}");
}

/// The lines of a file that are not its tests, with their numbers.
fn product_lines(file: &Path) -> Vec<(usize, String)> {
    let text = fs::read_to_string(file).unwrap();
    let lines = text.lines().map(str::to_owned).enumerate().map(|(n, line)| (n + 1, line));
    lines
        .take_while(|(_, line)| line != "#[cfg(test)]" || text.contains("#[cfg(test)]\nmod contract;"))
        .collect()
}

/// The words of a name in either case.
fn words(name: &str) -> impl Iterator<Item = String> {
    let mut spaced = String::new();
    for c in name.chars() {
        if c.is_uppercase() {
            spaced.push(' ');
        }
        spaced.extend(if c == '_' { vec![' '] } else { c.to_lowercase().collect() });
    }
    spaced.split_whitespace().map(str::to_owned).collect::<Vec<_>>().into_iter()
}

/// The module of the crate that a file belongs to.
fn module_of(file: &Path) -> String {
    let inside = file.strip_prefix(top().join("src")).unwrap();
    let first = inside.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

fn sources() -> Vec<PathBuf> {
    rust_files(&top().join("src"))
}

fn all_rust_files() -> Vec<PathBuf> {
    let mut files = sources();
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
