//! Files of calls as they are met: a `.talk`, a timeline, a transcript, a recording of the sound.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::listen;
use crate::replay::recorded::{Recorded, Step, What};
use crate::replay::talk::{Beside, Line, Talk};
use crate::replay::{stored, written};

/// What a file turned out to be.
#[derive(Debug)]
pub enum Found {
    /// A conversation with what is right to decide in it.
    Talk(Box<Talk>),
    /// Any other record of a call.
    Call(Box<Recorded>),
}

/// Reads a file; of sound, the words may stand in another.
pub fn open(path: &Path, words: Option<&Path>) -> anyhow::Result<Recorded> {
    let mut recorded = match words {
        Some(words) if is_sound(path) => read(words).map(recorded_of)?,
        Some(_) => bail!("--words goes with a recording of the sound, and {} is none", path.display()),
        None if is_sound(path) => Recorded::default(),
        None => read(path).map(recorded_of)?,
    };
    if is_sound(path) {
        let plan = listen::Plan { files: vec![path.to_owned()], ..listen::Plan::default() };
        recorded.hear(listen::analyse(&plan)?);
        if words.is_none() {
            recorded.notes.push(
                "there are no words beside the sound (--words FILE): only the voice could be judged, which decides nothing alone"
                    .to_owned(),
            );
        }
    }
    recorded.name = name(path);
    Ok(recorded)
}

/// Reads a file without sound.
pub fn read(path: &Path) -> anyhow::Result<Found> {
    let text = text(path)?;
    let found = if ending(path) == "talk" {
        text.parse().map(|talk| Found::Talk(Box::new(talk))).map_err(anyhow::Error::from)
    } else {
        json(&text).map(|call| Found::Call(Box::new(call)))
    };
    found.with_context(|| format!("{} is no call that can be replayed", path.display()))
}

/// Whether a file of this name may be a call.
pub fn may_be_a_call(path: &Path) -> bool {
    ["talk", "json", "jsonl", "ndjson"].contains(&ending(path).as_str()) || is_sound(path)
}

/// A conversation as a recorded call.
pub fn recorded_of(found: Found) -> Recorded {
    let talk = match found {
        Found::Call(recorded) => return *recorded,
        Found::Talk(talk) => *talk,
    };
    let steps = talk.lines.into_iter().map(|line| match line {
        Line::Said(turn) => Step { at: turn.until, what: What::Said(turn, None) },
        Line::Beside(at, Beside::Voice(shown)) => Step { at, what: What::Voice(shown) },
        Line::Beside(at, Beside::Noted(note)) => Step { at, what: What::Noted(note, None) },
        Line::Beside(at, Beside::Answered(answer)) => Step { at, what: What::Answered(answer) },
    });
    let expected = talk.expected.iter().map(|right| {
        let reasons: Vec<&str> = right.reasons.iter().map(|reason| reason.word()).collect();
        format!("{}, {}, at turn {}", reasons.join(" or "), right.urgency.word(), right.at)
    });
    Recorded {
        title: talk.title,
        expected: if talk.expected.is_empty() { vec!["nothing".to_owned()] } else { expected.collect() },
        context: talk.context,
        steps: steps.collect(),
        ..Recorded::default()
    }
}

fn json(text: &str) -> anyhow::Result<Recorded> {
    let whole: Result<Value, _> = serde_json::from_str(text);
    let filled = text.lines().filter(|line| !line.trim().is_empty());
    let lines = || filled.map(serde_json::from_str).collect::<Result<Vec<Value>, _>>();
    let value = match whole {
        Ok(value) => value,
        Err(_) if text.trim_start().starts_with('{') && text.trim().contains('\n') => {
            Value::Array(lines().context("its lines are not all JSON")?)
        }
        Err(error) => return Err(error).context("it is no JSON"),
    };
    if let Some(entries) = stored::entries(&value) {
        return stored::read(&entries);
    }
    written::read(value).context("it is neither a timeline nor a transcript")
}

fn text(path: &Path) -> anyhow::Result<String> {
    let unreadable = || format!("{} cannot be read", path.display());
    let mut text = String::new();
    let read = File::open(path).with_context(unreadable)?.take(LONGEST + 1).read_to_string(&mut text);
    read.with_context(unreadable)?;
    if text.len() as u64 > LONGEST {
        bail!("{} is longer than {} MB: no call says so much", path.display(), LONGEST >> 20);
    }
    Ok(text)
}

fn is_sound(path: &Path) -> bool {
    ["wav", "ulaw", "ul", "alaw", "al", "raw", "s16"].contains(&ending(path).as_str())
}

fn ending(path: &Path) -> String {
    path.extension().and_then(OsStr::to_str).unwrap_or_default().to_ascii_lowercase()
}

/// The name of a file without its folder.
pub fn name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// A day of talk with every partial of its words.
const LONGEST: u64 = 64 << 20;
