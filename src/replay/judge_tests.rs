//! The measure itself, and what is reached on the conversations that may be looked at and on those of others.

use super::*;
use crate::conversation::{Source, Speaker, Wording};
use crate::escalation::Urgency;
use crate::time::CallTime;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/conversations");

fn shipped(folder: &Path) -> Report {
    judge(folder, &Lexicon::shipped(), &Arc::new(Policy::default())).unwrap()
}

#[test]
fn the_conversations_that_it_was_worked_out_on_are_judged_as_they_were() {
    let report = shipped(&Path::new(FIXTURES).join("seen"));
    assert!(report.talks.len() >= 36, "{report}");
    let met = report.count(Verdict::Met);
    assert!(met * 100 >= report.expected() * SEEN_AT_LEAST, "{report}");
    assert!(report.false_alarms() <= SEEN_FALSE_ALARMS, "{report}");
}

#[test]
fn conversations_of_others_call_nobody() {
    let Some(folder) = others() else {
        println!("skipped: no conversations of others (BATON_CONVERSATIONS names their folder)");
        return;
    };
    let (lexicon, policy) = (Lexicon::shipped(), Arc::new(Policy::default()));
    let mut talks = Vec::new();
    for file in ["abcd_sample.json", "schema_guided_dev_001_third.json"] {
        let text = std::fs::read_to_string(folder.join(file)).unwrap();
        let read: Vec<Theirs> = serde_json::from_str(&text).unwrap();
        talks.extend(read.into_iter().map(|theirs| (theirs.name(), theirs.talk())));
    }
    assert!(talks.len() >= 46, "{}", talks.len());
    let judged = talks.iter().map(|(name, talk)| judge_talk(name, talk, &lexicon, &policy));
    let judged = judged.filter(|judged| !MAY_CALL.contains(&judged.file.as_str()));
    let report = Report { talks: judged.collect() };
    println!("{}", report.score());
    assert!(report.false_alarms() <= 1, "{report}");
}

#[test]
fn a_decision_is_held_against_the_turns_at_which_it_is_right() {
    let verdict = |turn: u32, reason: Reason, urgency: Urgency| {
        let judged = compare("x", &four_turns(), vec![made(turn, reason, urgency)]);
        (judged.expected[0].1, judged.uncalled_for.len())
    };
    let (hesitation, normal) = (Reason::Hesitation, Urgency::Normal);
    assert_eq!(verdict(2, hesitation, normal), (Verdict::Met, 0));
    assert_eq!(verdict(4, hesitation, normal), (Verdict::Met, 0));
    assert_eq!(verdict(1, hesitation, normal), (Verdict::Early, 0));
    assert_eq!(verdict(5, hesitation, normal), (Verdict::Late, 0));
    assert_eq!(verdict(3, hesitation, Urgency::Nurture), (Verdict::WrongUrgency, 0));
    assert_eq!(verdict(3, Reason::Loop, normal), (Verdict::WrongReason, 0));
    assert_eq!(verdict(1, Reason::Loop, normal), (Verdict::Missed, 1));
    assert_eq!(compare("x", &four_turns(), Vec::new()).expected[0].1, Verdict::Missed);
    let twice = compare("x", &four_turns(), vec![made(2, hesitation, normal), made(4, hesitation, normal)]);
    assert_eq!((twice.expected[0].1, twice.uncalled_for.len()), (Verdict::Met, 1));
}

#[test]
fn a_folder_that_cannot_be_judged_says_why() {
    let (lexicon, policy) = (Lexicon::shipped(), Arc::new(Policy::default()));
    let nowhere = judge(Path::new("/nowhere/at/all"), &lexicon, &policy).unwrap_err();
    assert!(nowhere.to_string().starts_with("/nowhere/at/all: "), "{nowhere}");
}

/// Turns of the prospect at 2 and 4, of whom a wavering one justifies a decision at 2.
fn four_turns() -> Talk {
    let turn = |number: u32| {
        let by = if number.is_multiple_of(2) { Speaker::Prospect } else { Speaker::Assistant };
        Line::Said(turn(number, by, CallTime::from_millis(u64::from(number) * 1_000), String::new()))
    };
    let right = Expected { reasons: vec![Reason::Hesitation], urgency: Urgency::Normal, at: 2 };
    Talk { expected: vec![right], lines: (1..=5).map(turn).collect(), ..Talk::default() }
}

fn turn(number: u32, by: Speaker, from: CallTime, words: String) -> Turn {
    let long = u64::try_from(words.split_whitespace().count()).unwrap() * MILLIS_A_WORD;
    let until = from + std::time::Duration::from_millis(long);
    Turn { number, by, from, until, words, confidence: None, wording: Wording::Final, source: Source::Script }
}

fn made(turn: u32, reason: Reason, urgency: Urgency) -> Made {
    let decision = Decision {
        number: 1,
        at: CallTime::ZERO,
        reason,
        urgency,
        trigger: reason.word().to_owned(),
        score: 100,
        threshold: 100,
        evidence: Vec::new(),
        open_questions: Vec::new(),
    };
    Made { turn, decision }
}

/// The folder of conversations that nobody here wrote.
fn others() -> Option<PathBuf> {
    let named = std::env::var_os("BATON_CONVERSATIONS").map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/conversations");
    named.or(Some(beside)).filter(|folder| folder.is_dir())
}

/// One of them.
#[derive(serde::Deserialize)]
struct Theirs {
    id: serde_json::Value,
    /// Who, and what.
    turns: Vec<(String, String)>,
}

impl Theirs {
    fn name(&self) -> String {
        self.id.to_string().trim_matches('"').to_owned()
    }

    fn talk(&self) -> Talk {
        let mut at = CallTime::ZERO;
        let mut lines = Vec::new();
        for (number, (who, words)) in (1..).zip(&self.turns) {
            let prospect = ["user", "customer"].contains(&who.to_ascii_lowercase().as_str());
            let by = if prospect { Speaker::Prospect } else { Speaker::Assistant };
            let said = turn(number, by, at, words.clone());
            at = said.until + std::time::Duration::from_millis(PAUSE_MILLIS);
            lines.push(Line::Said(said));
        }
        Talk { title: self.name(), lines, ..Talk::default() }
    }
}

/// Marked before anything was judged: somebody asks for what the rules do not allow, and a manager is called in.
const MAY_CALL: [&str; 1] = ["3592"];
/// Quick talk is two and a half words a second.
const MILLIS_A_WORD: u64 = 400;
const PAUSE_MILLIS: u64 = 700;
/// Percent; a little below what is reached.
const SEEN_AT_LEAST: usize = 65;
/// What is reached; each is one too many.
const SEEN_FALSE_ALARMS: usize = 3;
