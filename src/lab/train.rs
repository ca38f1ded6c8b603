//! One command from the labelled clips to the weights that the mood is read with, and the report that says how far to
//! believe them.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, ensure};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::ear::mood::functionals::NAMES;
use crate::ear::mood::heads::{Heads, LeftOut, TrainedOn, Weights};
use crate::lab::corpus::Corpus;
use crate::lab::drill::{Against, runs, speakers};
use crate::lab::exam::{self, Answer, Mark, Trained, answers, mark, trained, without_each};
use crate::lab::lines::Line;
use crate::lab::mood_table::{self, Streaming, stream};
use crate::lab::score::Chance;
use crate::lab::staged::{Clip, Emotion, Recipe, clips};

/// What training found out about itself.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// What it was trained on.
    pub trained_on: TrainedOn,
    /// The exam over the line of the recordings.
    pub plain: Vec<Mark>,
    /// The exam over lines of chance: gain, noise, tilt, levelling, other throats.
    pub lines: Vec<Mark>,
    /// Both questions again, over all lines: the third of the clips that the ear believed least, the middle, the most.
    pub by_confidence: Vec<Mark>,
    /// Both questions again, over all lines, one speaker left out at a time.
    pub by_speaker: Vec<Mark>,
    /// The exam over the line of the recordings when nobody's usual is known.
    pub no_baseline: Vec<Mark>,
    /// The recipes over the line of the recordings, speakers left out.
    pub streaming: Streaming,
    /// The same over lines of chance.
    pub streaming_lines: Streaming,
    /// The weights.
    pub weights: Weights,
}

/// Trains on the clips of the corpus and writes `weights.json`, `report.json`, `report.txt` and two reliability diagrams
/// to the folder `out`.
pub fn train(corpus_dir: &Path, out: &Path) -> anyhow::Result<Report> {
    let corpus = Corpus::open(corpus_dir)?;
    let report = trained_and_examined(&clips(&corpus)?, &recipes(corpus_dir)?)?;
    std::fs::create_dir_all(out).with_context(|| format!("cannot make {}", out.display()))?;
    let write = |name: &str, text: &str| {
        std::fs::write(out.join(name), text)
            .with_context(|| format!("cannot write {name} to {}", out.display()))
    };
    write("weights.json", &format!("{}\n", serde_json::to_string_pretty(&report.weights)?))?;
    write("report.json", &format!("{}\n", serde_json::to_string_pretty(&report)?))?;
    write("report.txt", &report.text())?;
    for (name, number) in [("reliability-activation.svg", ACTIVATION), ("reliability-tone.svg", TONE)] {
        let mark = &report.plain[number];
        write(name, &mark.reliability.svg(&mark.asked))?;
    }
    Ok(report)
}

/// The staged calls of the corpus.
pub fn recipes(corpus_dir: &Path) -> anyhow::Result<Vec<Recipe>> {
    let path = corpus_dir.join("call_recipes.json");
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} holds no recipes of calls", path.display()))
}

/// Trains on these clips and examines on each speaker left out.
pub fn trained_and_examined(clips: &[Clip], recipes: &[Recipe]) -> anyhow::Result<Report> {
    let speakers = speakers(clips);
    ensure!(speakers.len() >= FEWEST_SPEAKERS, "{} speakers are too few to leave one out", speakers.len());
    let runs = runs(clips);
    let without = without_each(&runs, &speakers, Against::Themselves);
    let heard = answers(&runs, &speakers, &without, Against::Themselves);
    let strangers = without_each(&runs, &speakers, Against::People);
    let unheard = answers(&runs, &speakers, &strangers, Against::People);
    let plain = marks(&heard, true);
    let heads: Vec<Heads> = without.iter().map(Trained::heads).collect();
    let of_speaker =
        |speaker: &str| heads[speakers.iter().position(|other| other == speaker).unwrap_or_default()];
    let streaming = stream(clips, recipes, &[Line::PLAIN], of_speaker)?;
    let mut chance = Chance(LINES_SEED);
    let many: Vec<Line> = (0..STREAMED_LINES).map(|_| Line::by_chance(&mut chance)).collect();
    let streaming_lines = stream(clips, recipes, &many, of_speaker)?;
    let trained_on = trained_on(clips, &speakers);
    let figures = [&plain[ACTIVATION], &plain[TONE]].map(|mark| LeftOut {
        auc: mark.auc.map_or(0.5, |auc| auc.value) as f32,
        uar: mark.uar as f32,
        ece: mark.reliability.ece as f32,
    });
    let weights = trained(&runs, &speakers, Against::Themselves).weights(trained_on.clone(), figures);
    Ok(Report {
        trained_on,
        plain,
        lines: marks(&heard, false),
        by_confidence: by_confidence(&heard),
        by_speaker: by_speaker(&heard, &speakers),
        no_baseline: marks(&unheard, true),
        streaming,
        streaming_lines,
        weights,
    })
}

fn marks(answers: &[Answer], plain: bool) -> Vec<Mark> {
    let answers: Vec<Answer> = answers.iter().filter(|answer| answer.plain == plain).cloned().collect();
    let against = |one: Emotion, other: Emotion| {
        move |a: &Answer| (a.emotion == one || a.emotion == other).then_some((a.activation, a.emotion == one))
    };
    vec![
        mark("excited or calm", &answers, |a| Some((a.activation, a.emotion.excited()))),
        mark("angry or happy", &answers, |a| {
            exam::Question::Tone.answer(a.emotion).map(|angry| (a.tone, angry))
        }),
        mark("angry against neutral", &answers, against(Emotion::Angry, Emotion::Neutral)),
        mark("happy against neutral", &answers, against(Emotion::Happy, Emotion::Neutral)),
        mark("excited against neutral", &answers, |a| {
            (a.emotion != Emotion::Sad).then_some((a.activation, a.emotion.excited()))
        }),
    ]
}

/// Whether what is believed more is right more often.
fn by_confidence(answers: &[Answer]) -> Vec<Mark> {
    let mut sorted: Vec<f32> = answers.iter().map(|answer| answer.confidence).collect();
    sorted.sort_by(f32::total_cmp);
    let at = |third: usize| sorted.get(third * sorted.len() / 3).copied().unwrap_or(f32::INFINITY);
    let thirds =
        [("believed least", 0.0, at(1)), ("between", at(1), at(2)), ("believed most", at(2), f32::INFINITY)];
    let believed = |(name, from, to): (&str, f32, f32)| {
        both(name, answers, |answer| answer.confidence >= from && answer.confidence < to)
    };
    thirds.into_iter().flat_map(believed).collect()
}

fn by_speaker(answers: &[Answer], speakers: &[String]) -> Vec<Mark> {
    let of = |speaker: &String| both(speaker, answers, |answer| answer.speaker == *speaker);
    speakers.iter().flat_map(of).collect()
}

/// How the two questions were answered about these.
fn both(name: &str, answers: &[Answer], these: impl Fn(&Answer) -> bool) -> [Mark; 2] {
    let these: Vec<Answer> = answers.iter().filter(|answer| these(answer)).cloned().collect();
    [
        mark(name, &these, |a| Some((a.activation, a.emotion.excited()))),
        mark(name, &these, |a| exam::Question::Tone.answer(a.emotion).map(|angry| (a.tone, angry))),
    ]
}

fn trained_on(clips: &[Clip], speakers: &[String]) -> TrainedOn {
    let mut hash = Sha256::new();
    for clip in clips {
        hash.update(clip.file.as_bytes());
        clip.sound.iter().for_each(|sample| hash.update(sample.to_le_bytes()));
    }
    let sha256 = hash.finalize().iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    TrainedOn {
        corpus: "EmoDB (Burkhardt et al., Interspeech 2005), acted German sentences, over a telephone line"
            .to_owned(),
        licence: "CC0-1.0".to_owned(),
        speakers: speakers.to_vec(),
        clips: clips.len(),
        sha256,
    }
}

impl Report {
    /// The report as text.
    pub fn text(&self) -> String {
        let mut text = format!(
            "Trained on {} clips of {} ({}), {}.\nAll figures are of speakers left out.\n\n{:<26} {:>6} {:>22}  {:>6} {:>9} {:>6}   lines of chance   no baseline\n",
            self.trained_on.clips,
            self.trained_on.speakers.join(", "),
            self.trained_on.corpus,
            self.trained_on.licence,
            "asked",
            "clips",
            "AUC (95 %)",
            "UAR %",
            "always %",
            "error"
        );
        for ((mark, line), without) in self.plain.iter().zip(&self.lines).zip(&self.no_baseline) {
            let auc = |mark: &Mark| mark.auc.map_or(f64::NAN, |auc| auc.value);
            let between =
                mark.auc.map_or_else(String::new, |auc| format!("[{:.3}, {:.3}]", auc.low, auc.high));
            let _ = writeln!(
                text,
                "{:<26} {:>6} {:>6.3} {between:>15}  {:>6.1} {:>9.1} {:>6.3}     {:>5.3}  {:>5.1} %   {:>5.3}  {:>5.1} %",
                mark.asked,
                mark.clips,
                auc(mark),
                mark.uar,
                mark.majority,
                mark.reliability.ece,
                auc(line),
                line.uar,
                auc(without),
                without.uar
            );
        }
        text += "(wanted: AUC 0.99 for excited or calm, 0.98 for angry against neutral)\n\n";
        for number in [ACTIVATION, TONE] {
            let mark = &self.plain[number];
            let _ = writeln!(text, "{}, is the probability true?\n{}", mark.asked, mark.reliability.text());
        }
        let columns = format!("{:>12}{:>14}{:>12}{:>10}", "clips", "said right", "was right", "error");
        let _ = writeln!(
            text,
            "is it said truthfully (all lines)?\n{:<16}{:>48}{:>48}\n{:<16}{columns}{columns}",
            "", "excited or calm", "angry or happy", ""
        );
        for pair in self.by_confidence.chunks(2).chain(self.by_speaker.chunks(2)) {
            let _ = write!(text, "{:<16}", pair[0].asked);
            for mark in pair {
                let (claimed, right) = mark.reliability.claimed_and_right();
                let _ = write!(
                    text,
                    "{:>12}{claimed:>12.1} %{right:>10.1} %{:>10.3}",
                    mark.clips, mark.reliability.ece
                );
            }
            text.push('\n');
        }
        text += "\n";
        text += &mood_table::print(&self.streaming);
        text += &mood_table::sum_up("over lines of chance", &self.streaming_lines);
        text += "\nfigure             activation     tone   (per spread of the figure in training)\n";
        let (activation, tone) = (&self.weights.activation, &self.weights.tone);
        for (name, (activation, tone)) in
            NAMES.iter().zip(activation.coefficients.iter().zip(&tone.coefficients))
        {
            let _ = writeln!(text, "{name:<18} {activation:>10.3} {tone:>8.3}");
        }
        text
    }
}

/// Places of the two questions among the marks.
const ACTIVATION: usize = 0;
const TONE: usize = 1;

/// Lines that each recipe is streamed over besides that of the recordings.
const STREAMED_LINES: usize = 4;

/// Any number but zero; other lines than those of the training.
const LINES_SEED: u64 = 0x11_e5;

/// The third question.
#[cfg(test)]
const ANGER: usize = 2;

/// One is left out, one calibrates, and two are still people.
const FEWEST_SPEAKERS: usize = 4;

#[cfg(test)]
#[path = "train_tests.rs"]
mod tests;
