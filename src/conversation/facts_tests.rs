//! What people say of themselves, held against what is kept of it.

use std::fmt::Write as _;
use std::path::PathBuf;

use super::*;
use crate::conversation::context::Context;
use crate::conversation::lexicon::Lexicon;
use crate::conversation::turn::{Source, Speaker, Turn, Wording};
use crate::conversation::understanding::Understanding;
use crate::time::CallTime;

struct Line {
    number: usize,
    asked: String,
    words: String,
    facts: Vec<(FactName, String)>,
}

fn turn(number: u32, by: Speaker, words: &str) -> Turn {
    let at = CallTime::from_millis(u64::from(number) * 4_000);
    let words = words.to_owned();
    Turn {
        number,
        by,
        from: at,
        until: at,
        words,
        confidence: None,
        wording: Wording::Final,
        source: Source::Script,
    }
}

fn lines(of: &str) -> Vec<Line> {
    let file =
        PathBuf::from(option_env!("CARGO_MANIFEST_DIR").unwrap_or(".")).join("fixtures/facts").join(of);
    let text = std::fs::read_to_string(&file).expect("the fixture is there");
    let told = text.lines().enumerate().filter(|(_, line)| !line.starts_with('#') && !line.is_empty());
    told.map(|(at, line)| {
        let fields: Vec<&str> = line.split('\t').collect();
        let &[asked, words, facts] = fields.as_slice() else { panic!("line {}: three fields", at + 1) };
        let fact = |fact: &str| {
            let (name, value) = fact.split_once('=').expect("name=value");
            let name = FactName::ALL.into_iter().find(|known| known.word() == name.trim());
            (name.expect("a fact that there is"), value.trim().to_owned())
        };
        let facts = if facts == "nothing" { Vec::new() } else { facts.split(';').map(fact).collect() };
        Line { number: at + 1, asked: asked.to_owned(), words: words.to_owned(), facts }
    })
    .collect()
}

/// The value holds what is right, and hardly anything else.
fn fits(right: &str, value: &str) -> bool {
    let words = |text: &str| -> Vec<String> {
        let kept = |c: char| if c.is_alphanumeric() || matches!(c, '@' | '.' | '\'') { c } else { ' ' };
        text.to_lowercase()
            .chars()
            .map(kept)
            .collect::<String>()
            .split_whitespace()
            .filter(|word| !["a", "an", "the"].contains(word))
            .map(str::to_owned)
            .collect()
    };
    let (right, value) = (words(right), words(value));
    let mut rest = value.iter();
    right.iter().all(|word| rest.any(|known| known == word)) && value.len() <= right.len() + 2
}

/// How many facts were told, found and made up, and every fault in a line.
fn score(of: &str) -> (usize, usize, usize, String) {
    let lexicon = Lexicon::shipped();
    let (mut right, mut wrong, mut told) = (0, 0, 0);
    let mut report = String::new();
    for line in lines(of) {
        let mut talk = Understanding::new(&lexicon, Context::default());
        if line.asked != "-" {
            talk.hear(&turn(1, Speaker::Assistant, &line.asked));
        }
        let heard = talk.hear(&turn(2, Speaker::Prospect, &line.words));
        told += line.facts.len();
        let mut fault = |what: String| {
            let _ = writeln!(report, "{}: {what}: {}", line.number, line.words);
        };
        for (name, value) in &line.facts {
            match heard.facts.iter().find(|fact| fact.name == *name) {
                Some(fact) if fits(value, &fact.value) => right += 1,
                Some(fact) => {
                    wrong += 1;
                    fault(format!("{} is {:?}, not {value:?}", name.word(), fact.value));
                }
                None => fault(format!("{} {value:?} missed", name.word())),
            }
        }
        for fact in heard.facts.iter().filter(|fact| !line.facts.iter().any(|(name, _)| *name == fact.name)) {
            wrong += 1;
            fault(format!("{} {:?} is none", fact.name.word(), fact.value));
        }
    }
    (told, right, wrong, report)
}

#[test]
fn what_they_say_of_themselves_is_kept_and_hardly_anything_else() {
    let (told, right, wrong, report) = score("seen.tsv");
    println!("{report}{right} of {told} facts right, {wrong} wrong");
    assert!(
        right * 100 >= told * 70 && wrong * 100 <= told * 12,
        "{report}{right} right, {wrong} wrong of {told}"
    );
}

/// Lines that nobody worked on: only the score is looked at.
#[test]
fn what_strangers_say_of_themselves_is_mostly_kept_and_seldom_made_up() {
    let (told, right, wrong, _) = score("unseen.tsv");
    println!("{right} of {told} facts right, {wrong} wrong");
    assert!(right * 100 >= told * 30 && wrong * 100 <= told * 15, "{right} right, {wrong} wrong of {told}");
}
