//! One command from the labelled sentences to the weights that meanings are sensed with, and the report that says how far to
//! believe them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use anyhow::Context as _;

use crate::conversation::Lexicon;
use crate::conversation::senses::kin::Kin;
use crate::conversation::senses::weights::{Head, Learned, ONE, VERSION, Weights, code_of};
use crate::conversation::senses::{KIN, Sense};
use crate::conversation::signal::SignalKind;
use crate::conversation::turn::Speaker;
use crate::lab::senses::corpus::{Sentences, digest};
use crate::lab::senses::fit::Fitted;
use crate::lab::senses::held_out::{PARTS, Rows, Taught};
use crate::lab::senses::report::{Report, beside};
use crate::lab::senses::threshold::{Judged, judged};

/// Trains on the sentences of a folder and writes `en.sense`, `report.json` and `report.txt` to the folder `out`.
pub fn train(folder: &Path, out: &Path) -> anyhow::Result<Report> {
    let sentences = Sentences::read(folder)?;
    let (file, report) = trained(&sentences)?;
    std::fs::create_dir_all(out).with_context(|| format!("cannot make {}", out.display()))?;
    let write = |name: &str, text: &[u8]| {
        std::fs::write(out.join(name), text)
            .with_context(|| format!("cannot write {name} to {}", out.display()))
    };
    write("en.sense", &file)?;
    write("report.json", format!("{}\n", serde_json::to_string_pretty(&report)?).as_bytes())?;
    write("report.txt", report.text().as_bytes())?;
    Ok(report)
}

/// The file of weights, and what it is worth on sentences that were held out.
pub(crate) fn trained(sentences: &Sentences) -> anyhow::Result<(Vec<u8>, Report)> {
    let kin = Kin::read(KIN);
    let rows = [Speaker::Prospect, Speaker::Assistant].map(|by| (by, Rows::of(&kin, sentences, by)));
    let mut questions: Vec<Question<'_>> = Vec::new();
    for (by, rows) in &rows {
        for kind in SignalKind::ALL.into_iter().filter(|kind| !BY_WHAT_CAME_BEFORE.contains(kind)) {
            let so = rows.so(sentences, kind);
            if so.iter().filter(|so| **so).count() >= FEWEST {
                questions.push(Question { kind, by: *by, rows, so });
            }
        }
    }
    let answers = answered(&questions);
    let whole = file(sentences, &questions, &answers, |answer| Some(&answer.whole))?;
    let mut report = Report::of(sentences, &whole.0, answers.iter().map(|answer| &answer.judged));
    let shipped = Lexicon::shipped();
    let mut without: Vec<Lexicon> = Vec::with_capacity(PARTS);
    for part in 0..PARTS {
        let (_, bytes) = file(sentences, &questions, &answers, |answer| answer.without.get(part))?;
        without.push(shipped.with_sense(Sense::with(Weights::read(&bytes)?)));
    }
    let parts: BTreeMap<usize, usize> = rows
        .iter()
        .flat_map(|(_, rows)| rows.turns.iter().copied().zip(rows.parts.iter().copied()))
        .collect();
    report.beside = beside(sentences, &shipped, |turn| parts.get(&turn).and_then(|&part| without.get(part)));
    Ok((whole.1, report))
}

/// One meaning to learn.
struct Question<'a> {
    kind: SignalKind,
    by: Speaker,
    rows: &'a Rows,
    so: Vec<bool>,
}

/// What was learned of it.
struct Answer {
    judged: Judged,
    whole: Fitted,
    /// Without each part.
    without: Vec<Fitted>,
}

/// Every question, two at a time; which is first changes nothing.
fn answered(questions: &[Question<'_>]) -> Vec<Answer> {
    let (next, done) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some((number, question)) =
                    Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|n| Some((n, questions.get(n)?)))
                {
                    let answer = answer(question);
                    done.lock().unwrap_or_else(PoisonError::into_inner).insert(number, answer);
                }
            });
        }
    });
    done.into_inner().unwrap_or_else(PoisonError::into_inner).into_values().collect()
}

fn answer(question: &Question<'_>) -> Answer {
    let Question { kind, by: _, rows, so } = question;
    let without: Vec<Fitted> = (0..PARTS).map(|part| rows.fit(so, Some(part), TAUGHT)).collect();
    let sums: Vec<f64> =
        rows.rows.iter().zip(&rows.parts).map(|(row, &part)| without[part].sum(row)).collect();
    let wanted = if *kind == SignalKind::AskedForPerson { PRECISION_OF_PERSON } else { PRECISION };
    Answer { judged: judged(*kind, &sums, so, wanted), whole: rows.fit(so, None, TAUGHT), without }
}

/// A file of weights, and its head.
fn file<'a>(
    sentences: &Sentences,
    questions: &[Question<'_>],
    answers: &'a [Answer],
    which: impl Fn(&'a Answer) -> Option<&'a Fitted>,
) -> anyhow::Result<(Head, Vec<u8>)> {
    let mut head = Head {
        version: VERSION,
        language: "en".to_owned(),
        files: sentences.files(),
        turns: sentences.turns.len() as u32,
        sha256: sentences.sha256(),
        kin_sha256: digest(KIN),
        features: 0,
        meanings: Vec::new(),
    };
    let mut rows: BTreeMap<u32, Vec<(u8, i8)>> = BTreeMap::new();
    for (question, answer) in questions.iter().zip(answers) {
        let (Some(fitted), Some(from)) = (which(answer), answer.judged.tells_from) else { continue };
        let number = u8::try_from(head.meanings.len()).context("more meanings than a byte counts")?;
        for (&hash, &weight) in question.rows.features.iter().zip(&fitted.weights) {
            let code = code_of(weight);
            if code.abs() >= SMALLEST {
                rows.entry(hash).or_default().push((number, code));
            }
        }
        let in_units = |sum: f64| (sum * SUM).round() as i32;
        let hundredths = |share: f64| (share * 100.0).round() as u8;
        head.meanings.push(Learned {
            meaning: question.kind,
            by: question.by,
            examples: question.so.iter().filter(|so| **so).count() as u32,
            tells_from: in_units(from),
            precision: hundredths(answer.judged.precision),
            recall: hundredths(answer.judged.recall),
            auc: hundredths(answer.judged.auc),
            bias: in_units(fitted.bias),
            likely_at: answer.judged.likely_at.iter().copied().map(in_units).collect(),
        });
    }
    head.features = rows.len() as u32;
    let bytes = Weights::file(&head, &rows)?;
    Ok((head, bytes))
}

/// How dear a turn that is wrong is: between 0.2 and 5 it makes no difference to what was held out.
const TAUGHT: Taught = Taught { looseness: 1.0, most: 3_000 };

/// Of what is told, so much shall be right, on sentences that were held out and half of which were written to mislead …
const PRECISION: f64 = 0.90;

/// … and of those who are said to ask for a person, so many shall.
const PRECISION_OF_PERSON: f64 = 0.93;

/// A meaning with fewer examples is left to the phrases.
const FEWEST: usize = 20;

/// Yes and no mean something only beside what was asked.
const BY_WHAT_CAME_BEFORE: [SignalKind; 2] = [SignalKind::SaidYes, SignalKind::SaidNo];

/// A sum of one: each feature counts in quarters.
const SUM: f64 = 4.0 * ONE as f64;

/// Codes below this weigh less than a hundredth and are left out.
const SMALLEST: i8 = 5;

/// As many as there are processors on a small machine.
const AT_ONCE: usize = 2;

#[cfg(test)]
#[path = "train_tests.rs"]
mod tests;
