//! The pitch tracker beside Praat on the wideband original and beside vowels whose pitch is known exactly.

use std::fmt::Write;

use serde::Serialize;

use crate::lab::corpus::Corpus;
use crate::lab::ref_tracks::{self, Known};

/// One sound, or all of a kind together.
#[derive(Clone, Debug, Default, Serialize)]
pub struct PitchRow {
    /// The sound.
    pub file: String,
    /// Hops that the reference calls voiced.
    pub voiced: usize,
    /// Of these, those that the tracker called voiced too.
    pub found: usize,
    /// Of these, those whose pitch is more than a fifth off.
    pub gross: usize,
    /// Of the gross errors, those that are an octave or more too high.
    pub gross_up: usize,
    /// Hops that the reference calls unvoiced.
    pub unvoiced: usize,
    /// Of these, those that the tracker called voiced.
    pub false_voiced: usize,
    /// Median of how far the pitch is off, in percent, gross errors left out.
    pub off_percent: f64,
    /// How far it is off in 19 of 20 hops, in percent, gross errors left out.
    pub off_percent_95: f64,
}

impl PitchRow {
    fn add(&mut self, row: &Self) {
        self.voiced += row.voiced;
        self.found += row.found;
        self.gross += row.gross;
        self.gross_up += row.gross_up;
        self.unvoiced += row.unvoiced;
        self.false_voiced += row.false_voiced;
    }

    /// Share of found hops that are grossly wrong, in percent.
    pub fn gross_percent(&self) -> f64 {
        percent(self.gross, self.found)
    }

    /// Share of voiced hops that were not found, in percent.
    pub fn missed_percent(&self) -> f64 {
        percent(self.voiced - self.found, self.voiced)
    }

    /// Share of unvoiced hops that were called voiced, in percent.
    pub fn false_percent(&self) -> f64 {
        percent(self.false_voiced, self.unvoiced)
    }
}

/// The whole table: real clips, vowels with a known pitch, and the clips together at the end.
#[derive(Clone, Debug, Serialize)]
pub struct PitchTable {
    /// Clips of speech, beside Praat on the wideband original.
    pub clips: Vec<PitchRow>,
    /// Made vowels, beside the truth.
    pub vowels: Vec<PitchRow>,
    /// All clips together.
    pub speech: PitchRow,
}

impl PitchTable {
    /// All clips together but those whose name holds this; how far the pitch is off is not summed.
    pub fn without(&self, name: &str) -> PitchRow {
        let mut sum = PitchRow { file: format!("without {name}"), ..PitchRow::default() };
        for row in self.clips.iter().filter(|row| !row.file.contains(name)) {
            sum.add(row);
        }
        sum
    }
}

/// A clip so breathy that no pitch passed the line: Praat misses half of it there, and has four fifths of the rest wrong.
pub const WHISPERED: &str = "10a05Tb_sad";

/// Measures the tracker on `ref/`.
pub fn measure(corpus: &Corpus) -> anyhow::Result<PitchTable> {
    let (mut clips, mut vowels) = (Vec::new(), Vec::new());
    let mut every_off = Vec::new();
    let mut speech = PitchRow { file: "all clips".to_owned(), ..PitchRow::default() };
    for item in corpus.items() {
        let vowel = item.folder() == "ref";
        if !vowel && item.labels.reference.is_none() {
            continue;
        }
        let hops = ref_tracks::hops(&corpus.sound(item)?);
        let known = ref_tracks::track(corpus, item)?;
        let truth = |known: &Known| if vowel { known.true_hz } else { known.praat_wide_hz };
        let mut row = PitchRow { file: item.file.clone(), ..PitchRow::default() };
        let mut off = Vec::new();
        for known in &known {
            let f0 = ref_tracks::pitch_at(&hops, known.at);
            let Some(hz) = truth(known) else {
                row.unvoiced += 1;
                row.false_voiced += usize::from(f0 > 0.0);
                continue;
            };
            row.voiced += 1;
            if f0 > 0.0 {
                row.found += 1;
                let wrong = (f0 / hz - 1.0).abs();
                row.gross += usize::from(wrong > 0.2);
                row.gross_up += usize::from(f0 / hz > 1.8);
                if wrong <= 0.2 {
                    off.push(100.0 * wrong);
                }
            }
        }
        if !vowel {
            speech.add(&row);
            every_off.extend_from_slice(&off);
        }
        set_off(&mut row, off);
        if vowel { &mut vowels } else { &mut clips }.push(row);
    }
    set_off(&mut speech, every_off);
    Ok(PitchTable { clips, vowels, speech })
}

/// The table as text, targets beside it.
pub fn print(table: &PitchTable) -> String {
    let mut text = String::from(
        "pitch                            voiced  missed %  gross %  (up)  false %  off %  off95 %\n",
    );
    let audible = table.without(WHISPERED);
    let rows = table.clips.iter().chain(&table.vowels).chain([&table.speech, &audible]);
    for row in rows {
        let _ = writeln!(
            text,
            "{:<32} {:>6} {:>9.1} {:>8.1} {:>5} {:>8.1} {:>6.2} {:>8.2}",
            row.file,
            row.voiced,
            row.missed_percent(),
            row.gross_percent(),
            row.gross_up,
            row.false_percent(),
            row.off_percent,
            row.off_percent_95
        );
    }
    text + &format!("wanted                                  {GOAL_MISSED:>9.1} {GOAL_GROSS:>8.1}\n")
}

/// Voiced hops that may be missed, in percent.
pub const GOAL_MISSED: f64 = 12.0;

/// Found hops that may be more than a fifth off, in percent.
pub const GOAL_GROSS: f64 = 5.0;

/// How far the pitch of a made vowel may be off, in percent.
pub const GOAL_VOWEL_OFF: f64 = 1.0;

fn set_off(row: &mut PitchRow, mut off: Vec<f64>) {
    off.sort_by(f64::total_cmp);
    let at = |part: f64| off.get((part * off.len() as f64) as usize).copied().unwrap_or_default();
    (row.off_percent, row.off_percent_95) = (at(0.5), at(0.95));
}

fn percent(part: usize, whole: usize) -> f64 {
    100.0 * part as f64 / whole.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clips_and_vowels_of_the_corpus_are_followed() {
        let Some(corpus) = Corpus::nearby().unwrap() else {
            println!("skipped: no labelled speech (BATON_CORPUS)");
            return;
        };
        let table = measure(&corpus).unwrap();
        println!("{}", print(&table));
        for row in &table.vowels {
            assert!(row.gross_percent() <= 1.5 && row.missed_percent() < 3.0, "{row:?}");
            assert!(row.off_percent < GOAL_VOWEL_OFF, "{row:?}");
        }
        let speech = &table.speech;
        assert!(speech.gross_percent() <= GOAL_GROSS && speech.missed_percent() <= GOAL_MISSED, "{speech:?}");
        // One clip is a whisper whose pitch only the wideband original has.
        let audible = table.without(WHISPERED);
        assert!(audible.gross_percent() < 4.0 && audible.missed_percent() < 10.0, "{audible:?}");
    }
}
