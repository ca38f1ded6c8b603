//! The rate of syllables beside those that were counted by hand.

use serde::Serialize;

use crate::ear::syllables::Syllables;
use crate::lab::corpus::Corpus;
use crate::lab::ref_tracks;

/// One clip.
#[derive(Clone, Debug, Serialize)]
pub struct SyllableRow {
    /// The sound.
    pub file: String,
    /// Syllables a second of speech, by hand.
    pub by_hand: f64,
    /// Syllables a second of the same speech, as heard.
    pub heard: f64,
    /// What the running rate said at the end.
    pub running: Option<f32>,
}

/// The table and what it comes to.
#[derive(Clone, Debug, Serialize)]
pub struct SyllableTable {
    /// Every clip.
    pub clips: Vec<SyllableRow>,
    /// Pearson's correlation of the two rates.
    pub r: f64,
    /// The same of the running rate at the end of each clip.
    pub r_running: f64,
    /// Mean of the rates by hand.
    pub by_hand: f64,
    /// Mean of the rates heard.
    pub heard: f64,
    /// Mean of how far they are apart after the straight line that fits best.
    pub off: f64,
}

/// Measures the count on `emodb/`.
pub fn measure(corpus: &Corpus) -> anyhow::Result<SyllableTable> {
    let mut clips = Vec::new();
    for item in corpus.items() {
        let Some(by_hand) = item.labels.syllables_per_s else { continue };
        let hops = ref_tracks::hops(&corpus.sound(item)?);
        let speech = item.speech();
        let inside = |at: f64| speech.iter().any(|&(from, to)| (from..=to).contains(&at));
        let mut syllables = Syllables::default();
        let mut count = 0;
        for hop in &hops {
            let speaking = inside(hop.at.0 as f64 / 8_000.0);
            let ended = syllables.hear(hop, speaking);
            count += usize::from(ended.is_some_and(|at| inside(at.0 as f64 / 8_000.0)));
        }
        let spoken: f64 = speech.iter().map(|(from, to)| to - from).sum();
        let heard = count as f64 / spoken.max(0.1);
        clips.push(SyllableRow { file: item.file.clone(), by_hand, heard, running: syllables.rate() });
    }
    let pairs: Vec<_> = clips.iter().map(|row| (row.heard, row.by_hand)).collect();
    let running: Vec<_> =
        clips.iter().filter_map(|row| Some((f64::from(row.running?), row.by_hand))).collect();
    let (r, slope) = correlation(&pairs);
    let mean = |of: fn(&SyllableRow) -> f64| clips.iter().map(of).sum::<f64>() / clips.len().max(1) as f64;
    let (by_hand, heard) = (mean(|row| row.by_hand), mean(|row| row.heard));
    let apart = |row: &SyllableRow| (by_hand + slope * (row.heard - heard) - row.by_hand).abs();
    let off = clips.iter().map(apart).sum::<f64>() / clips.len().max(1) as f64;
    Ok(SyllableTable { r, r_running: correlation(&running).0, by_hand, heard, off, clips })
}

/// The table as text, the target beside it.
pub fn print(table: &SyllableTable) -> String {
    format!(
        "syllables: {} clips, r {:.3} (wanted {GOAL_R}), running rate r {:.3}, mean {:.2}/s by hand, {:.2}/s heard, off by {:.2}/s\n",
        table.clips.len(),
        table.r,
        table.r_running,
        table.by_hand,
        table.heard,
        table.off
    )
}

/// The correlation that is wanted.
pub const GOAL_R: f64 = 0.75;

/// Pearson's correlation and the slope of the second on the first.
fn correlation(pairs: &[(f64, f64)]) -> (f64, f64) {
    let n = pairs.len().max(1) as f64;
    let (x, y) = pairs.iter().fold((0.0, 0.0), |(x, y), pair| (x + pair.0 / n, y + pair.1 / n));
    let (mut xx, mut yy, mut xy) = (1e-12, 1e-12, 0.0);
    for pair in pairs {
        xx += (pair.0 - x) * (pair.0 - x);
        yy += (pair.1 - y) * (pair.1 - y);
        xy += (pair.0 - x) * (pair.1 - y);
    }
    (xy / (xx * yy).sqrt(), xy / xx)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_agree_with_those_by_hand() {
        let Some(corpus) = Corpus::nearby().unwrap() else {
            println!("skipped: no labelled speech (BATON_CORPUS)");
            return;
        };
        let table = measure(&corpus).unwrap();
        println!("{}", print(&table));
        assert!(table.r >= GOAL_R && table.r_running >= GOAL_R, "{} {}", table.r, table.r_running);
        assert!(table.off < 0.65, "{}", table.off);
    }

    #[test]
    fn a_straight_line_correlates_perfectly() {
        let (r, slope) = correlation(&[(1.0, 5.0), (2.0, 7.0), (3.0, 9.0)]);
        assert!((r - 1.0).abs() < 1e-9 && (slope - 2.0).abs() < 1e-9);
    }
}
