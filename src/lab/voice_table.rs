//! Speech or not, on labelled sound: how sure, how soon, what was missed and what was taken for speech that is none.

use std::fmt;

use serde::Serialize;

use crate::audio::frame::FRAME_SAMPLES;
use crate::ear::spectrum::{self, HOP, REACH};
use crate::ear::voice::{Change, Voice};
use crate::lab::corpus::{Corpus, CorpusError, Item};
use crate::lab::score::{self, Group};
use crate::time::MediaTime;

/// What the ear made of one file.
#[derive(Clone, Debug, Default)]
pub struct Track {
    /// How much each frame is speech.
    pub scores: Vec<f32>,
    /// Whether somebody was held to be speaking, when the frame had been heard.
    pub speaking: Vec<bool>,
    /// When each stretch of speech was told, and where it is said to lie, in seconds.
    pub segments: Vec<Segment>,
}

/// A stretch of speech as the ear told it, in seconds of the file.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Segment {
    /// Where it is said to begin.
    pub from: f64,
    /// Where it is said to end; the end of the file when it does not.
    pub to: f64,
    /// When its beginning was told.
    pub told_from: f64,
    /// When its end was told.
    pub told_to: f64,
}

/// One figure of the table.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// What was heard.
    pub set: &'static str,
    /// What was measured.
    pub what: &'static str,
    /// The figure; none when there was nothing to measure.
    pub figure: Option<f64>,
    /// The interval that holds it for 95 of 100 drawings of files.
    pub interval: Option<(f64, f64)>,
    /// What it should reach.
    pub target: Option<Target>,
    /// What else is to be known of it.
    pub note: String,
}

/// What a figure should reach.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// This or more.
    AtLeast(f64),
    /// This or less.
    AtMost(f64),
}

impl Row {
    /// Whether the target was reached; nothing without a target or a figure.
    pub fn reached(&self) -> Option<bool> {
        let figure = self.figure?;
        self.target.map(|target| match target {
            Target::AtLeast(least) => figure >= least,
            Target::AtMost(most) => figure <= most,
        })
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<14} {:<34}", self.set, self.what)?;
        match self.figure {
            Some(figure) => write!(f, " {figure:>8.4}")?,
            None => write!(f, " {:>8}", "-")?,
        }
        let interval = self.interval.map(|(low, high)| format!("[{low:.4}, {high:.4}]"));
        let target = self.target.map(|target| match target {
            Target::AtLeast(least) => format!(">= {least}"),
            Target::AtMost(most) => format!("<= {most}"),
        });
        let verdict = self.reached().map_or("", |reached| if reached { "reached" } else { "MISSED" });
        let (interval, target) = (interval.unwrap_or_default(), target.unwrap_or_default());
        write!(f, " {interval:<18} {target:<9} {verdict:<8} {}", self.note)
    }
}

/// What the ear makes of this sound when nothing is played to the party.
pub fn track(sound: &[i16]) -> Track {
    let mut voice = Voice::default();
    let mut reach = [0.0; REACH];
    let mut track = Track::default();
    for (n, frame) in sound.as_chunks::<FRAME_SAMPLES>().0.iter().enumerate() {
        reach.copy_within(2 * HOP.., 0);
        for (to, &sample) in reach[REACH - FRAME_SAMPLES..].iter_mut().zip(frame) {
            *to = f32::from(sample);
        }
        let at = MediaTime((n * FRAME_SAMPLES) as u64);
        let voiced = voice.hear(at, frame, &spectrum::spectra(&reach), -96.0);
        let now = (n + 1) as f64 * FRAME_SECONDS;
        match voiced.change {
            Some(Change::Began { at }) => {
                let from = seconds(at);
                track.segments.push(Segment { from, to: f64::MAX, told_from: now, told_to: f64::MAX });
            }
            Some(Change::Paused { since }) => {
                if let Some(last) = track.segments.last_mut() {
                    (last.to, last.told_to) = (seconds(since), now);
                }
            }
            _ => {}
        }
        track.scores.push(voiced.score);
        track.speaking.push(voiced.speaking);
    }
    let end = track.scores.len() as f64 * FRAME_SECONDS;
    for open in track.segments.iter_mut().filter(|segment| segment.to > end) {
        (open.to, open.told_to) = (end, end);
    }
    track
}

/// The table, over all the files that say where somebody speaks.
pub fn voice_table(corpus: &Corpus) -> Result<Vec<Row>, CorpusError> {
    let mut rows = Vec::new();
    let mut short = Missed::default();
    for set in &SETS {
        let items: Vec<&Item> = corpus.items().iter().filter(|item| (set.has)(item)).collect();
        let mut heard = Vec::with_capacity(items.len());
        for item in items {
            heard.push((track(&corpus.sound(item)?), item.speech()));
        }
        rows.extend(set.rows(&heard, &mut short));
    }
    rows.push(short.row("all quiet sets", "short answers missed, %", Some(Target::AtMost(2.0))));
    rows.extend(silent_rows(corpus)?);
    Ok(rows)
}

/// Files that are measured together.
struct Set {
    name: &'static str,
    has: fn(&Item) -> bool,
    auc: Option<f64>,
    onset: Option<f64>,
    /// Quiet enough that every word must be heard.
    quiet: bool,
}

const SETS: [Set; 7] = [
    Set {
        name: "call",
        has: |item| item.folder() == "call40",
        auc: Some(0.995),
        onset: Some(70.0),
        quiet: true,
    },
    Set {
        name: "clean streams",
        has: |item| item.stem().ends_with("_clean"),
        auc: Some(0.97),
        onset: Some(90.0),
        quiet: true,
    },
    Set {
        name: "digits",
        has: |item| item.stem().starts_with("fsdd"),
        auc: Some(0.97),
        onset: Some(90.0),
        quiet: true,
    },
    Set {
        name: "babble 15 dB",
        has: |item| item.stem().ends_with("_babble15"),
        auc: Some(0.94),
        onset: None,
        quiet: false,
    },
    Set {
        name: "babble 5 dB",
        has: |item| item.stem().ends_with("_babble5"),
        auc: None,
        onset: None,
        quiet: false,
    },
    Set {
        name: "white 10 dB",
        has: |item| item.stem().ends_with("_white10"),
        auc: None,
        onset: None,
        quiet: false,
    },
    Set { name: "meetings", has: |item| item.folder() == "vad_ami", auc: None, onset: None, quiet: false },
];

impl Set {
    fn rows(&self, heard: &[(Track, Vec<(f64, f64)>)], short: &mut Missed) -> Vec<Row> {
        let mut rows = vec![self.auc_row(heard)];
        let (mut onsets, mut ends) = (Vec::new(), Vec::new());
        let (mut onsets_off, mut ends_off) = (Vec::new(), Vec::new());
        let mut missed = Missed::default();
        let (mut false_starts, mut minutes) = (0, 0.0);
        for (track, speech) in heard {
            minutes += track.scores.len() as f64 * FRAME_SECONDS / 60.0;
            for (n, &(from, to)) in speech.iter().enumerate() {
                let found = track.segments.iter().any(|segment| segment.from < to && from < segment.to);
                missed.count(found);
                if self.quiet && (LEAST_SECONDS..=SHORT_SECONDS).contains(&(to - from)) {
                    short.count(found);
                }
                // What began long before is a word before, still held.
                let mut starts = track.segments.iter().filter(|s| s.told_from > from - EARLY_SECONDS);
                if let Some(start) = starts.next().filter(|start| start.from < to)
                    && !track.segments.iter().any(|s| s.told_from <= from - EARLY_SECONDS && s.told_to > from)
                {
                    onsets.push((start.told_from - from) * 1_000.0);
                    onsets_off.push((start.from - from) * 1_000.0);
                }
                let next = speech.get(n + 1).map_or(f64::MAX, |next| next.0);
                let mut stops = track.segments.iter().filter(|s| s.from < to && s.told_to > to);
                if let Some(stop) = stops.next().filter(|_| next > to + GAP_SECONDS) {
                    ends.push((stop.told_to - to) * 1_000.0);
                    ends_off.push((stop.to - to) * 1_000.0);
                }
            }
            let near = |segment: &Segment| {
                speech
                    .iter()
                    .any(|&(from, to)| segment.from < to + NEAR_SECONDS && from - NEAR_SECONDS < segment.to)
            };
            false_starts += track.segments.iter().filter(|segment| !near(segment)).count();
        }
        let row = |what, figure, target| Row {
            set: self.name,
            what,
            figure,
            interval: None,
            target,
            note: String::new(),
        };
        let of = |values: &mut Vec<f64>, percent| score::percentile(values, percent);
        rows.push(row("onset told after, median ms", of(&mut onsets, 50.0), self.onset.map(Target::AtMost)));
        rows.push(row("onset told after, p95 ms", of(&mut onsets, 95.0), None));
        rows.push(row("end told after, median ms", of(&mut ends, 50.0), None));
        rows.push(row("end told after, p95 ms", of(&mut ends, 95.0), None));
        rows.push(row("onset dated off by, median ms", of(&mut onsets_off, 50.0), None));
        rows.push(row("end dated off by, median ms", of(&mut ends_off, 50.0), None));
        let absolute = |values: &[f64]| values.iter().map(|off| off.abs()).collect::<Vec<_>>();
        rows.push(row("onset dated off by, p90 ms either way", of(&mut absolute(&onsets_off), 90.0), None));
        rows.push(row("end dated off by, p90 ms either way", of(&mut absolute(&ends_off), 90.0), None));
        rows.push(missed.row(self.name, "stretches missed, %", None));
        let rate = (minutes > 0.0).then(|| f64::from(false_starts as u32) / minutes);
        rows.push(row("false starts a minute", rate, None));
        rows
    }

    fn auc_row(&self, heard: &[(Track, Vec<(f64, f64)>)]) -> Row {
        let at_lag = |lag: i64| -> Vec<Group> {
            heard.iter().map(|(track, speech)| pieces(track, speech, lag)).collect()
        };
        let best = LAGS
            .filter_map(|lag| score::auc(&at_lag(lag)).map(|auc| (auc, lag)))
            .max_by(|a, b| a.0.total_cmp(&b.0));
        let estimate = best.and_then(|(_, lag)| score::auc_estimate(&at_lag(lag)));
        let note =
            best.map_or_else(String::new, |(_, lag)| format!("{} files, lag {} ms", heard.len(), lag * 10));
        Row {
            set: self.name,
            what: "AUC on 10 ms",
            figure: estimate.map(|estimate| estimate.value),
            interval: estimate.map(|estimate| (estimate.low, estimate.high)),
            target: self.auc.map(Target::AtLeast),
            note,
        }
    }
}

/// The scores of a file's 10 ms, each so many of them later than what it is said of.
fn pieces(track: &Track, speech: &[(f64, f64)], lag: i64) -> Group {
    let mut group = Group::default();
    for n in 0..2 * track.scores.len() as i64 {
        let middle = (n as f64 + 0.5) * 0.01;
        let is_speech = speech.iter().any(|&(from, to)| (from..to).contains(&middle));
        if let Some(&score) = usize::try_from(n + lag).ok().and_then(|at| track.scores.get(at / 2)) {
            group.push(score, is_speech);
        }
    }
    group
}

/// Sounds that nobody speaks in: tones, noises, music.
fn silent_rows(corpus: &Corpus) -> Result<Vec<Row>, CorpusError> {
    let mut rows = Vec::new();
    for (set, is_tone) in [("tones", true), ("noises, music", false)] {
        let (mut spoken, mut begun, mut note) = (0, 0, String::new());
        for item in corpus.folder("tones") {
            let kind = item.labels.kind.as_deref().unwrap_or_default();
            if is_tone == NO_TONES.iter().any(|other| kind.starts_with(other)) {
                continue;
            }
            let track = track(&corpus.sound(item)?);
            let after = usize::from(is_tone) * GRACE_FRAMES;
            let frames = track.speaking.iter().skip(after).filter(|&&speaking| speaking).count();
            if frames > 0 {
                note.push_str(item.stem());
                note.push(' ');
            }
            spoken += frames;
            begun += track.segments.len();
        }
        let row = |what, figure, note| Row {
            set,
            what,
            figure: Some(figure),
            interval: None,
            target: Some(Target::AtMost(0.0)),
            note,
        };
        rows.push(row("held for speech, s", f64::from(spoken as u32) * FRAME_SECONDS, note));
        rows.push(row("beginnings", f64::from(begun as u32), String::new()));
    }
    Ok(rows)
}

/// How many of how many were not heard.
#[derive(Default)]
struct Missed {
    all: u32,
    missed: u32,
}

impl Missed {
    fn count(&mut self, found: bool) {
        self.all += 1;
        self.missed += u32::from(!found);
    }

    fn row(&self, set: &'static str, what: &'static str, target: Option<Target>) -> Row {
        let figure = (self.all > 0).then(|| 100.0 * f64::from(self.missed) / f64::from(self.all));
        Row { set, what, figure, interval: None, target, note: format!("{} of {}", self.missed, self.all) }
    }
}

fn seconds(at: MediaTime) -> f64 {
    at.0 as f64 / 8_000.0
}

const FRAME_SECONDS: f64 = 0.02;

/// An answer of one or two words.
const SHORT_SECONDS: f64 = 0.7;

/// Hands place the beginning of a word no better.
const EARLY_SECONDS: f64 = 0.1;

/// After shorter gaps the end of a stretch is not told before the next begins.
const GAP_SECONDS: f64 = 0.4;

/// A beginning this close to somebody's speech belongs to it.
const NEAR_SECONDS: f64 = 0.1;

/// A tone has 120 ms to be known for one.
const GRACE_FRAMES: usize = 6;

/// What the score may come later, in tens of milliseconds: the best is taken, and said.
const LAGS: std::ops::Range<i64> = -3..16;

/// Made-up sounds that are no tones.
const NO_TONES: [&str; 3] = ["noise", "silence", "music"];

/// Shorter marks are clicks and pops that lie above the level somebody marked speech by; no word is.
const LEAST_SECONDS: f64 = 0.1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on_the_labelled_speech_every_target_is_reached() {
        let Some(corpus) = Corpus::nearby().unwrap() else {
            println!("skipped: no labelled speech (BATON_CORPUS)");
            return;
        };
        let rows = voice_table(&corpus).unwrap();
        let missed: Vec<String> =
            rows.iter().filter(|row| row.reached() == Some(false)).map(Row::to_string).collect();
        assert!(missed.is_empty(), "{missed:#?}");
        assert!(rows.iter().filter(|row| row.reached().is_some()).count() >= 12);
        // Beside the targets: beginnings and ends are dated to within a few frames, and little is made up.
        let worst = |what: &str, sets: &[&str]| {
            let of = |row: &&Row| row.what == what && sets.contains(&row.set);
            rows.iter()
                .filter(of)
                .filter_map(|row| row.figure)
                .fold(0.0, |most: f64, figure| most.max(figure.abs()))
        };
        let quiet = ["call", "clean streams", "digits"];
        assert!(worst("onset dated off by, median ms", &quiet) <= 25.0);
        assert!(worst("end dated off by, median ms", &quiet) <= 40.0);
        assert!(worst("false starts a minute", &quiet) <= 0.5);
    }

    #[test]
    fn a_figure_says_whether_it_reached_its_target() {
        let row = |figure, target| Row {
            set: "call",
            what: "AUC on 10 ms",
            figure,
            interval: Some((0.1, 0.2)),
            target,
            note: "2 files".to_owned(),
        };
        assert_eq!(row(Some(0.9), Some(Target::AtLeast(0.9))).reached(), Some(true));
        assert_eq!(row(Some(0.9), Some(Target::AtMost(0.8))).reached(), Some(false));
        assert_eq!(row(None, Some(Target::AtMost(0.8))).reached(), None);
        let line = row(Some(0.9), Some(Target::AtMost(0.8))).to_string();
        assert!(
            line.contains("MISSED") && line.contains("<= 0.8") && line.contains("[0.1000, 0.2000]"),
            "{line}"
        );
        assert!(row(None, None).to_string().contains(" - "));
    }

    #[test]
    fn silence_and_noise_have_no_segments_and_scores_for_every_frame() {
        let mut chance = score::Chance(5);
        let noise: Vec<i16> = (0..16_000).map(|_| chance.below(61) as i16 - 30).collect();
        let track = track(&noise);
        assert_eq!((track.scores.len(), track.speaking.len(), track.segments.len()), (100, 100, 0));
        assert!(track.scores.iter().all(|&score| score < 0.5));
        assert_eq!(super::track(&[0; 100]).scores.len(), 0);
    }
}
