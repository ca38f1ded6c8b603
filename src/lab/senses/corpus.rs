//! Labelled turns, read from files of three fields: what it means, who says it, the words.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use serde::Deserialize as _;
use serde::de::IntoDeserializer;
use serde::de::value::Error;
use sha2::{Digest as _, Sha256};

use crate::conversation::signal::SignalKind;
use crate::conversation::turn::Speaker;

/// A turn, and what it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labelled {
    /// The file that it stands in.
    pub file: String,
    /// On which line, counted from 1.
    pub line: usize,
    /// What it means; nothing where that is empty.
    pub means: Vec<SignalKind>,
    /// Who said it.
    pub by: Speaker,
    /// What they said.
    pub words: String,
}

/// Labelled turns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sentences {
    /// In the order of their files.
    pub turns: Vec<Labelled>,
}

impl Sentences {
    /// Every file of a folder that ends in `.tsv`, in the order of their names.
    pub fn read(folder: &Path) -> anyhow::Result<Self> {
        let entries =
            std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
        let mut files: Vec<PathBuf> = Vec::new();
        for entry in entries {
            let path = entry?.path();
            if path.extension().is_some_and(|ending| ending == "tsv") {
                files.push(path);
            }
        }
        files.sort();
        let mut sentences = Self::default();
        for path in files {
            let text =
                std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            sentences.turns.extend(turns(&name, &text).with_context(|| format!("in {}", path.display()))?);
        }
        ensure!(!sentences.turns.is_empty(), "{} holds no files of sentences (*.tsv)", folder.display());
        Ok(sentences)
    }

    /// The files, in order.
    pub fn files(&self) -> Vec<String> {
        let mut files: Vec<String> = self.turns.iter().map(|turn| turn.file.clone()).collect();
        files.dedup();
        files
    }

    /// The hash of all that is learned from: what is meant, who says it, the words.
    pub fn sha256(&self) -> String {
        let mut hash = Sha256::new();
        for turn in &self.turns {
            turn.means.iter().for_each(|kind| hash.update(kind.word().as_bytes()));
            hash.update(turn.by.word().as_bytes());
            hash.update(turn.words.as_bytes());
            hash.update(b"\n");
        }
        hex(&hash.finalize())
    }
}

/// The hash of a text.
pub(crate) fn digest(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn turns(file: &str, text: &str) -> anyhow::Result<Vec<Labelled>> {
    let mut turns = Vec::new();
    for (number, line) in text.lines().enumerate().map(|(number, line)| (number + 1, line)) {
        if line.starts_with('#') || line.trim().is_empty() {
            continue;
        }
        let fields: Vec<&str> = line.split('\t').collect();
        let [means, by, words] = fields[..] else { bail!("line {number}: not three fields") };
        let means: Vec<SignalKind> = means
            .split(',')
            .filter(|word| *word != "nothing")
            .map(|word| kind(word.trim()).with_context(|| format!("line {number}: {word:?} is no meaning")))
            .collect::<anyhow::Result<_>>()?;
        let by = match by {
            "prospect" => Speaker::Prospect,
            "assistant" => Speaker::Assistant,
            other => bail!("line {number}: {other:?} is nobody"),
        };
        turns.push(Labelled { file: file.to_owned(), line: number, means, by, words: words.to_owned() });
    }
    Ok(turns)
}

fn kind(word: &str) -> Option<SignalKind> {
    SignalKind::deserialize(IntoDeserializer::<Error>::into_deserializer(word)).ok()
}
