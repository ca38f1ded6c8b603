//! Stretched vowels found in `hesitation/`, and found where nobody hesitates, in read sentences.

use std::fmt::Write;

use serde::Serialize;

use crate::ear::prolonged::{Prolonged, Stretch};
use crate::lab::corpus::Corpus;
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

/// Measures on `hesitation/`, on all that was read (the sentences of `emodb/` and what was made of them, the digits), and
/// on the call.
pub fn measure(corpus: &Corpus) -> anyhow::Result<ProlongedTable> {
    let mut table =
        ProlongedTable { stretched: Vec::new(), found: 0, false_found: 0, minutes: 0.0, on_the_call: 0.0 };
    for item in corpus.items() {
        let read = ["emodb", "hesitation"].contains(&item.folder())
            || item.stem().ends_with("_clean")
            || item.stem().starts_with("fsdd");
        let caller = item.file == "call40/caller.ulaw";
        if !read && !caller {
            continue;
        }
        let mut stretches = stretches(&corpus.sound(item)?);
        if let Some((from, to)) = item.labels.prolongation {
            let overlaps = |(began, ended): (f64, f64)| ended.min(to) - began.max(from) > 0.05;
            let found = stretches.iter().copied().find(|&stretch| overlaps(stretch));
            stretches.retain(|&stretch| !overlaps(stretch));
            table.found += usize::from(found.is_some());
            table.stretched.push(ProlongedRow { file: item.file.clone(), stretched: (from, to), found });
        }
        if caller {
            table.on_the_call = stretches.len() as f64 * 60.0 / item.seconds();
        } else {
            table.false_found += stretches.len();
            table.minutes += item.seconds() / 60.0;
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
        let Some(corpus) = Corpus::nearby().unwrap() else {
            println!("skipped: no labelled speech (BATON_CORPUS)");
            return;
        };
        let table = measure(&corpus).unwrap();
        println!("{}", print(&table));
        assert!(table.found_share() >= GOAL_FOUND, "{} of {}", table.found, table.stretched.len());
        assert!(table.false_a_minute() <= GOAL_FALSE, "{}", table.false_a_minute());
    }
}
