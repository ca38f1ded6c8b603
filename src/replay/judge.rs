//! Measures the judgement: conversations with known right decisions in, and for each of these whether it was made.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;

use crate::conversation::{Lexicon, Told, Turn, Understanding};
use crate::escalation::{Decision, Engine, Policy, Reason, voice_signals};
use crate::replay::talk::{BadTalk, Beside, Expected, Line, Talk};

/// What came of a folder of conversations.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Conversation by conversation, by file name.
    pub talks: Vec<Judged>,
}

/// What came of one conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Judged {
    /// Its file.
    pub file: String,
    /// What it is about.
    pub title: String,
    /// What was right, and what came of it.
    pub expected: Vec<(Expected, Verdict, Option<Made>)>,
    /// Decisions that were not right at all.
    pub uncalled_for: Vec<Made>,
}

/// A decision that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Made {
    /// At which turn, or after which one.
    pub turn: u32,
    /// What was decided.
    pub decision: Decision,
}

/// What came of a decision that was right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It was made in time.
    Met,
    /// It was made before there was ground for it.
    Early,
    /// It was made after the prospect had spoken once more.
    Late,
    /// Another one was made in its place.
    WrongReason,
    /// It was made with another urgency.
    WrongUrgency,
    /// It was not made.
    Missed,
}

/// Why a folder cannot be judged.
#[derive(Debug, thiserror::Error)]
pub enum JudgeError {
    /// It cannot be read.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// What cannot be read.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file in it is no conversation.
    #[error("{}: {source}", path.display())]
    BadTalk {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        source: BadTalk,
    },
}

/// One step through a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The latest turn at that step.
    pub turn: Option<Turn>,
    /// What the step told.
    pub told: Told,
    /// What was decided at it.
    pub decision: Option<Decision>,
}

/// Runs the conversations of a folder (files that end in `.talk`) through understanding and deciding.
pub fn judge(folder: &Path, lexicon: &Arc<Lexicon>, policy: &Arc<Policy>) -> Result<Report, JudgeError> {
    let unreadable = |path: &Path, source| JudgeError::Unreadable { path: path.to_owned(), source };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|source| unreadable(folder, source))? {
        let file = entry.map_err(|source| unreadable(folder, source))?.path();
        if file.extension().is_some_and(|ending| ending == "talk") {
            files.push(file);
        }
    }
    files.sort();
    let mut report = Report::default();
    for file in files {
        let text = std::fs::read_to_string(&file).map_err(|source| unreadable(&file, source))?;
        let talk: Talk = text.parse().map_err(|source| JudgeError::BadTalk { path: file.clone(), source })?;
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        report.talks.push(judge_talk(&name, &talk, lexicon, policy));
    }
    Ok(report)
}

/// Runs one conversation through understanding and deciding.
pub fn judge_talk(file: &str, talk: &Talk, lexicon: &Arc<Lexicon>, policy: &Arc<Policy>) -> Judged {
    let made = play(talk, lexicon, policy).into_iter().filter_map(|step| {
        let turn = step.turn.map_or(0, |turn| turn.number);
        step.decision.map(|decision| Made { turn, decision })
    });
    compare(file, talk, made.collect())
}

/// Plays a conversation, line by line.
pub fn play(talk: &Talk, lexicon: &Arc<Lexicon>, policy: &Arc<Policy>) -> Vec<Step> {
    let mut understanding = Understanding::new(lexicon, talk.context.clone());
    let mut engine = Engine::new(Arc::clone(policy), &talk.context);
    let mut latest = None;
    let mut steps = Vec::new();
    for line in &talk.lines {
        let (told, decision) = match line {
            Line::Said(turn) => {
                let told = understanding.hear(turn);
                let decision = engine.said(turn, &told.signals, &told.shape);
                latest = Some(turn.clone());
                (told, decision)
            }
            Line::Beside(at, Beside::Noted(note)) => {
                let told = understanding.note(*at, note);
                let decision = engine.noticed(*at, &told.signals);
                (told, decision)
            }
            Line::Beside(at, Beside::Voice(shown)) => {
                let told = Told { signals: voice_signals(*at, *shown), ..Told::default() };
                let decision = engine.noticed(*at, &told.signals);
                (told, decision)
            }
            Line::Beside(at, Beside::Answered(answer)) => {
                engine.answered(*at, *answer);
                (Told::default(), None)
            }
        };
        steps.push(Step { turn: latest.clone(), told, decision });
    }
    steps
}

/// Sets the decisions that were made beside those that are right, in order.
fn compare(file: &str, talk: &Talk, made: Vec<Made>) -> Judged {
    let mut made = made.into_iter().peekable();
    let mut uncalled_for = Vec::new();
    let mut expected = Vec::new();
    for (n, right) in talk.expected.iter().enumerate() {
        let last = talk.last_in_time(right.at);
        let next = talk.expected.get(n + 1).map_or(u32::MAX, |next| next.at);
        let mut verdict = (Verdict::Missed, None);
        while let Some(decision) = made.next_if(|decision| decision.turn < next) {
            let is_meant = right.reasons.contains(&decision.decision.reason);
            let in_time = (right.at..=last).contains(&decision.turn);
            if verdict.0 != Verdict::Missed || !(is_meant || in_time) {
                uncalled_for.push(decision);
                continue;
            }
            let what = match () {
                () if !is_meant => Verdict::WrongReason,
                () if decision.turn < right.at => Verdict::Early,
                () if decision.turn > last => Verdict::Late,
                () if decision.decision.urgency != right.urgency => Verdict::WrongUrgency,
                () => Verdict::Met,
            };
            verdict = (what, Some(decision));
        }
        expected.push((right.clone(), verdict.0, verdict.1));
    }
    uncalled_for.extend(made);
    Judged { file: file.to_owned(), title: talk.title.clone(), expected, uncalled_for }
}

impl Report {
    /// How many of the right decisions came out like this.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.talks.iter().flat_map(|talk| &talk.expected).filter(|(_, found, _)| *found == verdict).count()
    }

    /// How many decisions were right to make.
    pub fn expected(&self) -> usize {
        self.talks.iter().map(|talk| talk.expected.len()).sum()
    }

    /// How many were made that were not right at all, in all the conversations …
    pub fn uncalled_for(&self) -> usize {
        self.talks.iter().map(|talk| talk.uncalled_for.len()).sum()
    }

    /// … and in those in which nothing should happen.
    pub fn false_alarms(&self) -> usize {
        self.calm().map(|talk| talk.uncalled_for.len()).sum()
    }

    /// The conversations in which nothing should happen.
    pub fn calm(&self) -> impl Iterator<Item = &Judged> {
        self.talks.iter().filter(|talk| talk.expected.is_empty())
    }

    /// The score without a word of the conversations: by reason, and in all.
    pub fn score(&self) -> String {
        let mut by_reason: BTreeMap<Reason, (usize, usize, usize)> = BTreeMap::new();
        for (right, verdict, _) in self.talks.iter().flat_map(|talk| &talk.expected) {
            let (met, all, _) = by_reason.entry(right.reasons[0]).or_default();
            *met += usize::from(*verdict == Verdict::Met);
            *all += 1;
        }
        for made in self.talks.iter().flat_map(|talk| &talk.uncalled_for) {
            by_reason.entry(made.decision.reason).or_default().2 += 1;
        }
        let line = |(reason, (met, all, uncalled_for)): (&Reason, &(usize, usize, usize))| {
            format!("{:<18}{met:>3} of {all}, {uncalled_for} uncalled for", reason.word())
        };
        let mut lines: Vec<String> = by_reason.iter().map(line).collect();
        let counted = Verdict::ALL.map(|verdict| format!("{} {}", self.count(verdict), verdict.word()));
        lines.push(format!(
            "{} conversations, {} right decisions: {}; {} uncalled for, {} of them in the {} calm ones",
            self.talks.len(),
            self.expected(),
            counted.join(", "),
            self.uncalled_for(),
            self.false_alarms(),
            self.calm().count(),
        ));
        lines.join("\n")
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for talk in &self.talks {
            let calm = if talk.expected.is_empty() && talk.uncalled_for.is_empty() {
                "  calm, as it should be"
            } else {
                ""
            };
            writeln!(f, "{}{calm}", talk.file)?;
            for (right, verdict, made) in &talk.expected {
                let reasons: Vec<&str> = right.reasons.iter().map(|reason| reason.word()).collect();
                write!(f, "  {:<13}", verdict.word())?;
                write!(f, "{}, {}, at {}", reasons.join(" or "), right.urgency.word(), right.at)?;
                match made {
                    Some(made) if *verdict != Verdict::Met => writeln!(f, "; was: {made}")?,
                    Some(made) => writeln!(
                        f,
                        " (at {}, {} of {})",
                        made.turn, made.decision.score, made.decision.threshold
                    )?,
                    None => writeln!(f)?,
                }
            }
            for made in &talk.uncalled_for {
                writeln!(f, "  uncalled for {made}")?;
            }
        }
        writeln!(f, "\n{}", self.score())
    }
}

impl fmt::Display for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Decision { reason, urgency, score, threshold, evidence, .. } = &self.decision;
        write!(f, "{}, {}, at {} ({score} of {threshold}:", reason.word(), urgency.word(), self.turn)?;
        for evidence in evidence.iter().take(SHOWN_EVIDENCE) {
            write!(f, " {} {:+}", evidence.signal.kind.word(), evidence.weighed)?;
        }
        f.write_str(")")
    }
}

impl Verdict {
    /// Every one.
    pub const ALL: [Self; 6] =
        [Self::Met, Self::Early, Self::Late, Self::WrongReason, Self::WrongUrgency, Self::Missed];

    /// In words.
    pub fn word(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Early => "early",
            Self::Late => "late",
            Self::WrongReason => "wrong reason",
            Self::WrongUrgency => "wrong urgency",
            Self::Missed => "missed",
        }
    }
}

/// Pieces of evidence in a line of the table.
const SHOWN_EVIDENCE: usize = 5;

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
