//! All tables of the laboratory, one after the other: what the ear makes of the labelled sound, beside what it should reach.

use std::fmt::Write as _;
use std::path::Path;

use serde::Serialize;

use crate::lab::corpus::Corpus;
use crate::lab::pitch_table::{self, PitchTable};
use crate::lab::prolonged_table::{self, ProlongedTable};
use crate::lab::staged::clips;
use crate::lab::syllable_table::{self, SyllableTable};
use crate::lab::train::{self, Report};
use crate::lab::voice_table::{self, Row};

/// What was measured.
#[derive(Debug, Serialize)]
pub struct Judgement {
    /// Speech or not.
    pub voice: Vec<Row>,
    /// Pitch.
    pub pitch: PitchTable,
    /// Syllables a second.
    pub syllables: SyllableTable,
    /// Sounds drawn out.
    pub prolonged: ProlongedTable,
    /// Mood, of speakers whom the weights have never heard.
    pub mood: Report,
}

/// Measures all of it; `says` hears what is being done.
pub fn judge(corpus_dir: &Path, says: &mut dyn FnMut(&str)) -> anyhow::Result<Judgement> {
    let corpus = Corpus::open(corpus_dir)?;
    says("speech or not");
    let voice = voice_table::voice_table(&corpus)?;
    says("pitch");
    let pitch = pitch_table::measure(&corpus)?;
    says("syllables");
    let syllables = syllable_table::measure(&corpus)?;
    says("sounds drawn out");
    let prolonged = prolonged_table::measure(&corpus)?;
    says("mood, each speaker left out in turn");
    let mood = train::trained_and_examined(&clips(&corpus)?, &train::recipes(corpus_dir)?)?;
    Ok(Judgement { voice, pitch, syllables, prolonged, mood })
}

impl Judgement {
    /// As a person reads it.
    pub fn text(&self) -> String {
        let mut text = String::from("SPEECH OR NOT\n");
        for row in &self.voice {
            let _ = writeln!(text, "{row}");
        }
        for (title, table) in [
            ("PITCH", pitch_table::print(&self.pitch)),
            ("SYLLABLES", syllable_table::print(&self.syllables)),
            ("SOUNDS DRAWN OUT", prolonged_table::print(&self.prolonged)),
            ("MOOD", self.mood.text()),
        ] {
            let _ = write!(text, "\n{title}\n{table}");
        }
        text
    }
}
