//! Stretched vowels found in `hesitation/`, and found where nobody hesitates, in read sentences.

use std::fmt::Write;
use std::path::Path;

use serde::Serialize;

use crate::ear::prolonged::{Prolonged, Stretch};
use crate::lab::ref_tracks;

/// One sound with a stretched vowel.
#[derive(Clone, Debug, Serialize)]
pub struct ProlongedRow {
    /// The sound.
    pub file: String,
    /// Where the vowel was stretched, in seconds.
    pub stretched: (f64, f64),
    /// What was found there, in seconds.
    pub found: Option<(f64, f64)>,
}

/// The table and what it comes to.
#[derive(Clone, Debug, Serialize)]
pub struct ProlongedTable {
    /// Every stretched vowel.
    pub stretched: Vec<ProlongedRow>,
    /// How many of them were found.
    pub found: usize,
    /// Stretches in read sentences.
    pub false_found: usize,
    /// Minutes of read sentences.
    pub minutes: f64,
    /// Stretches a minute in the caller's channel of the call, which nobody labelled.
    pub on_the_call: f64,
}

impl ProlongedTable {
    /// Stretches a minute where there are none.
    pub fn false_a_minute(&self) -> f64 {
        self.false_found as f64 / self.minutes.max(1e-6)
    }

    /// Share of the stretched vowels that were found.
    pub fn found_share(&self) -> f64 {
        self.found as f64 / self.stretched.len().max(1) as f64
    }
}

/// Measures on `hesitation/`, `emodb/` and the call.
pub fn measure(corpus: &Path) -> anyhow::Result<ProlongedTable> {
    let mut table =
        ProlongedTable { stretched: Vec::new(), found: 0, false_found: 0, minutes: 0.0, on_the_call: 0.0 };
    for item in ref_tracks::manifest(corpus)? {
        let read = item.file.starts_with("emodb/");
        let caller = item.file == "call40/caller.ulaw";
        if !read && !caller && item.labels.prolongation.is_none() {
            continue;
        }
        let stretches = stretches(&ref_tracks::sound(&corpus.join(&item.file))?);
        if read {
            table.false_found += stretches.len();
            table.minutes += item.seconds / 60.0;
        } else if caller {
            table.on_the_call = stretches.len() as f64 * 60.0 / item.seconds;
        }
        if let Some((from, to)) = item.labels.prolongation {
            let overlaps = |&&(began, ended): &&(f64, f64)| ended.min(to) - began.max(from) > 0.05;
            let found = stretches.iter().find(overlaps).copied();
            table.found += usize::from(found.is_some());
            table.stretched.push(ProlongedRow { file: item.file, stretched: (from, to), found });
        }
    }
    Ok(table)
}

/// The table as text, targets beside it.
pub fn print(table: &ProlongedTable) -> String {
    let mut text = String::new();
    for row in &table.stretched {
        let (from, to) = row.stretched;
        let found =
            row.found.map_or("not found".to_owned(), |(from, to)| format!("found {from:.2} to {to:.2}"));
        let _ = writeln!(text, "{:<36} {from:.2} to {to:.2}  {found}", row.file);
    }
    text + &format!(
        "prolongations: {} of {} found (wanted {:.0} %), {:.2} false a minute in {:.1} min read (wanted {GOAL_FALSE}), {:.1} a minute on the call (unlabelled)\n",
        table.found,
        table.stretched.len(),
        100.0 * GOAL_FOUND,
        table.false_a_minute(),
        table.minutes,
        table.on_the_call
    )
}

/// The share of stretched vowels that is to be found: 33 of 40.
pub const GOAL_FOUND: f64 = 0.825;

/// Stretches a minute that may be found in read sentences.
pub const GOAL_FALSE: f64 = 0.2;

fn stretches(samples: &[i16]) -> Vec<(f64, f64)> {
    let mut prolonged = Prolonged::default();
    let seconds = |stretch: Stretch| (stretch.from.0 as f64 / 8_000.0, stretch.to.0 as f64 / 8_000.0);
    ref_tracks::hops(samples).iter().filter_map(|hop| prolonged.hear(hop)).map(seconds).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretched_vowels_are_found_and_read_ones_are_not() {
        let Some(corpus) = ref_tracks::corpus("prolongations of the corpus") else { return };
        let table = measure(&corpus).unwrap();
        println!("{}", print(&table));
        assert!(table.found_share() >= 0.75, "{} of {}", table.found, table.stretched.len());
        assert!(table.false_a_minute() <= GOAL_FALSE, "{}", table.false_a_minute());
    }
}
