//! `baton replay`: a recorded call through understanding and engine again, with any settings, and everything that came of it.
//!
//! A call is one of the store, a timeline, a conversation (`.talk`), a transcript, or sound with or without words. What comes out is
//! the timeline in words, JSON, or a page; of a folder of calls, a line each, or what other settings would change.

pub mod compare;
pub mod course;
pub mod judge;
mod page;
pub mod recorded;
pub mod run;
pub mod source;
pub mod stored;
pub mod talk;
pub mod text;
pub mod written;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use serde::Serialize;

use crate::call::in_words;
use crate::escalation::Decision;
use crate::listen::is_broken_pipe;
use compare::{Comparison, Unreadable, compare, in_short};
use judge::{Judged, Report, judge_talk};
use recorded::Recorded;
use run::{Detail, Judgement, Signals, run as run_through};
use source::Found;

/// How to show one call; each field is a flag of `baton replay`.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Which signals count.
    pub signals: Signals,
    /// Print everything as JSON.
    pub json: bool,
    /// Write the page here.
    pub html: Option<PathBuf>,
}

/// Runs one call and prints what came of it.
pub fn show(recorded: &Recorded, by: &Judgement, plan: &Plan, out: &mut dyn Write) -> anyhow::Result<()> {
    // Tried before the work. What is there stays until then.
    let page = match &plan.html {
        Some(path) => {
            let file = File::options().write(true).create(true).truncate(false).open(path);
            Some((path, file.with_context(|| format!("{} cannot be written", path.display()))?))
        }
        None => None,
    };
    let course = run_through(recorded, by, plan.signals, Detail::Full);
    if plan.json {
        serde_json::to_writer_pretty(&mut *out, &course)?;
        writeln!(out)?;
    } else {
        text::write(&course, out)?;
    }
    if let Some((path, file)) = page {
        let written = file.set_len(0).and_then(|()| {
            let mut file = BufWriter::new(file);
            page::write(&course, recorded.sound.as_ref(), &mut file)?;
            file.flush()
        });
        written.with_context(|| format!("{} cannot be written", path.display()))?;
        if !plan.json {
            writeln!(out, "\nThe page is in {}", path.display())?;
        }
    }
    Ok(())
}

/// What is printed of a folder of calls.
#[derive(Debug, Serialize)]
struct Folder {
    /// Those without expectations: what is decided in each.
    calls: Vec<Plain>,
    /// Those with: how it went.
    judged: Report,
    /// Files that could not be read, and why.
    unreadable: Vec<Unreadable>,
}

#[derive(Debug, Serialize)]
struct Plain {
    name: String,
    decisions: Vec<Decision>,
    then: Vec<Decision>,
}

/// Runs every call of a folder: a line each, and of those that say what is right how well it went.
pub fn show_folder(folder: &Path, by: &Judgement, plan: &Plan, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut all = Folder { calls: Vec::new(), judged: Report::default(), unreadable: Vec::new() };
    for path in calls_in(folder)? {
        let name = source::name(&path);
        match judged_or_not(&path, by, plan.signals) {
            Ok(Outcome::Judged(judged)) => all.judged.talks.push(*judged),
            Ok(Outcome::Plain(decisions, then)) => all.calls.push(Plain { name, decisions, then }),
            Err(error) => all.unreadable.push(Unreadable { name, why: format!("{error:#}") }),
        }
    }
    if plan.json {
        serde_json::to_writer_pretty(&mut *out, &all)?;
        return Ok(writeln!(out)?);
    }
    let wide = all.calls.iter().map(|call| call.name.chars().count()).max().unwrap_or(0).min(60);
    for Plain { name, decisions, .. } in &all.calls {
        writeln!(out, "{:<wide$}  {}", in_words::one_line(name), in_short(decisions))?;
    }
    for Unreadable { name, why } in &all.unreadable {
        writeln!(out, "{:<wide$}  left out: {}", in_words::one_line(name), in_words::one_line(why))?;
    }
    if !all.judged.talks.is_empty() {
        write!(out, "{}", all.judged)?;
    }
    Ok(())
}

enum Outcome {
    Judged(Box<Judged>),
    Plain(Vec<Decision>, Vec<Decision>),
}

fn judged_or_not(path: &Path, by: &Judgement, signals: Signals) -> anyhow::Result<Outcome> {
    if path.extension().is_some_and(|ending| ending == "talk")
        && let Found::Talk(talk) = source::read(path)?
    {
        let judged = judge_talk(&source::name(path), &talk, &by.lexicon, &by.policy);
        return Ok(Outcome::Judged(Box::new(judged)));
    }
    let recorded = source::open(path, None)?;
    Ok(Outcome::Plain(decisions(&recorded, by, signals), recorded.then))
}

/// Says for each call of a folder what the new settings would change.
pub fn show_comparison(
    folder: &Path,
    old: &Judgement,
    new: &Judgement,
    plan: &Plan,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let (mut calls, mut unreadable) = (Vec::new(), Vec::new());
    for path in calls_in(folder)? {
        match source::open(&path, None) {
            Ok(recorded) => {
                let [was, is] = [old, new].map(|by| decisions(&recorded, by, plan.signals));
                calls.push(compare(recorded.name, was, is));
            }
            Err(error) => {
                unreadable.push(Unreadable { name: source::name(&path), why: format!("{error:#}") });
            }
        }
    }
    let comparison = Comparison::of(calls, unreadable);
    if plan.json {
        serde_json::to_writer_pretty(&mut *out, &comparison)?;
        return Ok(writeln!(out)?);
    }
    Ok(out.write_all(comparison.text().as_bytes())?)
}

fn decisions(recorded: &Recorded, by: &Judgement, signals: Signals) -> Vec<Decision> {
    let course = run_through(recorded, by, signals, Detail::Decisions);
    course.decisions.into_iter().map(|decided| decided.decision).collect()
}

/// The calls of a folder, by name.
fn calls_in(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let unreadable = || format!("the folder {} cannot be read", folder.display());
    let mut calls = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(unreadable)? {
        let path = entry.with_context(unreadable)?.path();
        if path.is_file() && source::may_be_a_call(&path) {
            calls.push(path);
        }
    }
    if calls.is_empty() {
        bail!("there is no call in {}: .talk, .json, .jsonl or .wav", folder.display());
    }
    calls.sort();
    Ok(calls)
}

/// Writes to the standard output; whoever has read enough is no failure.
pub fn printed(write: impl FnOnce(&mut dyn Write) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    match write(&mut out).and_then(|()| out.flush().context("the output cannot be written")) {
        Err(error) if error.chain().any(is_broken_pipe) => Ok(()),
        said => said,
    }
}

#[cfg(test)]
mod tests;
