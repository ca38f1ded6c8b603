//! What the mood's heads learn from: windows of staged calls, each as far from its speaker's usual as it was in the call.

use crate::ear::mood::baseline::{Baseline, Figures, Population};
use crate::ear::mood::functionals::{FEATURES, Functionals, Window};
use crate::ear::mood::{HOPS, WORTH_A_LOOK, believed};
use crate::lab::lines::Line;
use crate::lab::score::Chance;
use crate::lab::staged::{Clip, Emotion, Step, call};

/// A window of a call as it was read, before anybody knows what is usual.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// The window.
    pub window: Window,
    /// Seconds of it that were not heard before.
    pub fresh_s: f32,
}

/// What was read of one clip.
#[derive(Clone, Debug)]
pub struct Said {
    /// Its place among all clips.
    pub clip: usize,
    /// What it is.
    pub emotion: Emotion,
    /// The windows, all within the clip; the last is the clip as a whole, or its last three seconds.
    pub looks: Vec<Look>,
}

/// A call of one speaker: calm for a while, then any of their other clips.
#[derive(Clone, Debug)]
pub struct Run {
    /// Who speaks.
    pub speaker: String,
    /// Over the line of the recordings.
    pub plain: bool,
    /// The windows of the beginning.
    pub calm: Vec<Look>,
    /// The clips that may come after that.
    pub said: Vec<Said>,
}

/// A window as its speaker's usual made it look.
#[derive(Clone, Debug)]
pub struct Example {
    /// Who speaks.
    pub speaker: String,
    /// Over the line of the recordings.
    pub plain: bool,
    /// What was acted.
    pub emotion: Emotion,
    /// The clip.
    pub clip: usize,
    /// The last of its clip.
    pub whole: bool,
    /// How far from usual.
    pub z: Figures,
    /// How far the ear would believe what it reads from this.
    pub confidence: f32,
}

/// What a window is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Against {
    /// The speaker's own usual, as it was known then.
    Themselves,
    /// People in general.
    People,
}

/// The speakers of these clips, in order.
pub fn speakers(clips: &[Clip]) -> Vec<String> {
    let mut speakers: Vec<String> = clips.iter().map(|clip| clip.speaker.clone()).collect();
    speakers.sort();
    speakers.dedup();
    speakers
}

/// Calls of every speaker, over the line of the recordings and over lines of chance; always the same ones.
pub fn runs(clips: &[Clip]) -> Vec<Run> {
    let mut chance = Chance(SEED);
    let mut runs = Vec::new();
    for speaker in speakers(clips) {
        for draw in 0..PLAIN_CALLS + CHANCE_CALLS {
            let plain = draw < PLAIN_CALLS;
            let line = if plain { Line::PLAIN } else { Line::by_chance(&mut chance) };
            runs.push(run(clips, &speaker, &line, plain, &mut chance));
        }
    }
    runs
}

fn run(clips: &[Clip], speaker: &str, line: &Line, plain: bool, chance: &mut Chance) -> Run {
    let mut order: Vec<usize> = (0..clips.len()).filter(|&n| clips[n].speaker == speaker).collect();
    for n in (1..order.len()).rev() {
        order.swap(n, chance.below(n + 1));
    }
    // Some calm ones first, the others as they come; one calm one at least is kept for later.
    let neutral = order.iter().filter(|&&n| clips[n].emotion == Emotion::Neutral).count();
    let first = (FEWEST_CALM + chance.below(MOST_CALM - FEWEST_CALM + 1)).min(neutral.saturating_sub(1));
    let early: Vec<usize> =
        order.iter().copied().filter(|&n| clips[n].emotion == Emotion::Neutral).take(first).collect();
    order.retain(|n| !early.contains(n));
    order.splice(0..0, early);
    let sequence: Vec<&Clip> = order.iter().map(|&n| &clips[n]).collect();
    let steps = call(&sequence, GAP_MS, line, chance);
    let calm = looks(steps.iter().take_while(|step| step.clip < first));
    let said = (first..order.len())
        .map(|place| {
            let clip = order[place];
            let looks = looks(steps.iter().filter(|step| step.clip == place));
            Said { clip, emotion: clips[clip].emotion, looks }
        })
        .collect();
    Run { speaker: speaker.to_owned(), plain, calm, said }
}

/// The windows of a stretch of a call, twice a second and at its end.
fn looks<'a>(steps: impl Iterator<Item = &'a Step>) -> Vec<Look> {
    let mut functionals = Functionals::default();
    let mut looks = Vec::new();
    let mut fresh = 0_u8;
    let mut look = |functionals: &Functionals, fresh: &mut u8| {
        if let Some(window) = functionals.window() {
            looks.push(Look { window, fresh_s: f32::from(std::mem::take(fresh)) * 0.01 });
        }
    };
    for (number, step) in steps.enumerate() {
        if step.heard.audible(&step.hop) {
            functionals.hear(&step.hop, step.heard.syllable);
            fresh = fresh.saturating_add(1);
        } else {
            functionals.pause();
        }
        if (number + 1) % usize::from(HOPS) == 0 && fresh >= WORTH_A_LOOK {
            look(&functionals, &mut fresh);
        }
    }
    if fresh > 0 {
        look(&functionals, &mut fresh);
    }
    looks
}

/// What calm speech of these speakers is like.
pub fn population(runs: &[Run], of: &[String]) -> Population {
    let mut own: Vec<([f64; FEATURES], [f64; FEATURES])> = Vec::new();
    for speaker in of {
        let theirs = runs.iter().filter(|run| &run.speaker == speaker);
        let calm: Vec<Vec<Figures>> = theirs
            .map(|run| {
                let later = run.said.iter().filter(|said| said.emotion == Emotion::Neutral);
                let looks = run.calm.iter().chain(later.flat_map(|said| &said.looks));
                looks.map(|look| look.window.features).collect()
            })
            .collect();
        // Spread within a call: between calls the line differs, and that is no unrest of the voice.
        let means: Vec<[f64; FEATURES]> = calm.iter().map(|call| mean_of(call)).collect();
        let mut squares = [0.0; FEATURES];
        let mut count = 0.0;
        for (call, mean) in calm.iter().zip(&means) {
            for figures in call {
                for i in 0..FEATURES {
                    squares[i] += (f64::from(figures[i]) - mean[i]) * (f64::from(figures[i]) - mean[i]);
                }
                count += 1.0;
            }
        }
        let mean =
            std::array::from_fn(|i| means.iter().map(|m| m[i]).sum::<f64>() / means.len().max(1) as f64);
        own.push((mean, squares.map(|square| square / f64::max(count, 1.0))));
    }
    let many = own.len().max(1) as f64;
    let mean: [f64; FEATURES] =
        std::array::from_fn(|i| own.iter().map(|(mean, _)| mean[i]).sum::<f64>() / many);
    let within: [f64; FEATURES] = std::array::from_fn(|i| {
        (own.iter().map(|(_, square)| square[i]).sum::<f64>() / many).sqrt().max(LEAST)
    });
    let between = std::array::from_fn(|i| {
        let squares: f64 = own.iter().map(|(own, _)| (own[i] - mean[i]) * (own[i] - mean[i])).sum();
        let seen = (squares / (many - 1.0).max(1.0)).sqrt();
        ((seen * FEW_SPEAKERS).max(within[i])) as f32
    });
    Population { mean: mean.map(|x| x as f32), between, within: within.map(|x| x as f32) }
}

fn mean_of(call: &[Figures]) -> [f64; FEATURES] {
    let many = call.len().max(1) as f64;
    std::array::from_fn(|i| call.iter().map(|figures| f64::from(figures[i])).sum::<f64>() / many)
}

/// The call as it looked to an ear that knows these people: each of the clips as if it came next after the calm beginning.
/// (One after the other they would be three excited clips of five, and the usual would become what nobody's usual is.)
pub fn replay(run: &Run, people: &Population, against: Against) -> Vec<Example> {
    let take = |baseline: &mut Baseline, look: &Look| {
        let z = baseline.z(people, &look.window.features);
        let confidence = believed(baseline, &look.window);
        if against == Against::Themselves {
            baseline.learn(&look.window.features, &z, look.fresh_s);
        }
        (z, confidence)
    };
    let mut calm = Baseline::default();
    for look in &run.calm {
        take(&mut calm, look);
    }
    let mut examples = Vec::new();
    for said in &run.said {
        let mut baseline = calm;
        for (number, look) in said.looks.iter().enumerate() {
            let (z, confidence) = take(&mut baseline, look);
            examples.push(Example {
                speaker: run.speaker.clone(),
                plain: run.plain,
                emotion: said.emotion,
                clip: said.clip,
                whole: number + 1 == said.looks.len(),
                z,
                confidence,
            });
        }
    }
    examples
}

/// Calls over the line of the recordings, a speaker: enough that each calm clip is both first and later.
const PLAIN_CALLS: usize = 6;

/// Calls over lines of chance, a speaker.
const CHANCE_CALLS: usize = 8;

/// Calm clips at the beginning: six seconds of speech to a quarter of a minute.
const FEWEST_CALM: usize = 3;
const MOST_CALM: usize = 6;

/// Silence between clips, as in the recipes.
const GAP_MS: u64 = 400;

/// Five speakers of one studio lie nearer together than people on telephones do.
const FEW_SPEAKERS: f64 = 1.5;

/// A figure that never varied is not infinitely sure.
const LEAST: f64 = 1e-3;

/// Any number but zero.
const SEED: u64 = 0x5eed_0fc4_11d3;
