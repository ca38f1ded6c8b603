//! Calls put together from one speaker's acted sentences, heard as the ear hears a call: one stream, frame by frame.

use serde::Deserialize;

use crate::audio::frame::FRAME_SAMPLES;
use crate::ear::mood::Heard;
use crate::ear::prosody::{Hop, Prosody};
use crate::ear::spectrum::{REACH, spectra};
use crate::ear::syllables::Syllables;
use crate::ear::voice::Voice;
use crate::lab::corpus::{Corpus, CorpusError};
use crate::lab::lines::Line;
use crate::lab::score::Chance;
use crate::time::MediaTime;

/// What a speaker acted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Emotion {
    /// As usual.
    #[serde(alias = "calm")]
    Neutral,
    /// Calm too, and low.
    Sad,
    /// Excited, and glad.
    Happy,
    /// Excited, and not.
    Angry,
}

impl Emotion {
    /// Excited of either kind.
    pub fn excited(self) -> bool {
        matches!(self, Self::Happy | Self::Angry)
    }
}

/// One acted sentence.
#[derive(Clone, Debug)]
pub struct Clip {
    /// Its file in the corpus.
    pub file: String,
    /// Who acted it.
    pub speaker: String,
    /// What it is.
    pub emotion: Emotion,
    /// Its sound at 8 kHz.
    pub sound: Vec<i16>,
}

/// All acted sentences of the corpus, in the order of their files.
pub fn clips(corpus: &Corpus) -> Result<Vec<Clip>, CorpusError> {
    let mut clips = Vec::new();
    for item in corpus.folder("emodb") {
        let emotion = item.labels.emotion.as_deref().and_then(|emotion| match emotion {
            "neutral" => Some(Emotion::Neutral),
            "sad" => Some(Emotion::Sad),
            "happy" => Some(Emotion::Happy),
            "angry" => Some(Emotion::Angry),
            _ => None,
        });
        let (Some(speaker), Some(emotion)) = (item.labels.speaker.clone(), emotion) else { continue };
        let sound = corpus.sound(item)?;
        clips.push(Clip { file: item.file.clone(), speaker, emotion, sound });
    }
    clips.sort_by(|a, b| a.file.cmp(&b.file));
    Ok(clips)
}

/// 10 ms of a staged call, and which of its clips they belong to (the pause after a clip is its own).
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// What prosody says.
    pub hop: Hop,
    /// What else was heard.
    pub heard: Heard,
    /// The place of the clip in the call.
    pub clip: usize,
}

/// A call of these clips with silence between them, over a line.
pub fn call(clips: &[&Clip], gap_ms: u64, line: &Line, chance: &mut Chance) -> Vec<Step> {
    let gap = vec![0; MediaTime::from_millis(gap_ms).0 as usize];
    let (mut sound, mut ends) = (Vec::new(), Vec::new());
    for clip in clips {
        sound.extend_from_slice(&clip.sound);
        sound.extend_from_slice(&gap);
        ends.push((sound.len() as f64 / f64::from(line.speed)) as u64);
    }
    let (mut voice, mut prosody, mut syllables) =
        (Voice::default(), Prosody::default(), Syllables::default());
    let mut reach = [0.0; REACH];
    let mut steps = Vec::new();
    for (number, frame) in line.carry(&sound, chance).as_chunks::<FRAME_SAMPLES>().0.iter().enumerate() {
        reach.copy_within(FRAME_SAMPLES.., 0);
        for (to, sample) in reach[REACH - FRAME_SAMPLES..].iter_mut().zip(frame) {
            *to = f32::from(*sample);
        }
        let at = MediaTime((number * FRAME_SAMPLES) as u64);
        let power = spectra(&reach);
        let voiced = voice.hear(at, frame, &power, SILENT_DBFS);
        for hop in prosody.hear(at, &reach, &power).into_iter().flatten() {
            let syllable = syllables.hear(&hop, voiced.speaking).is_some();
            let heard = Heard { speaking: voiced.speaking, floor_dbfs: voiced.floor_dbfs, syllable };
            let clip = ends.partition_point(|end| *end <= hop.at.0).min(clips.len() - 1);
            steps.push(Step { hop, heard, clip });
        }
    }
    steps
}

/// A recipe of a call that goes from calm to excited and back.
#[derive(Clone, Debug, Deserialize)]
pub struct Recipe {
    /// Its name.
    pub id: String,
    /// Silence between clips.
    pub gap_ms: u64,
    /// The clips and what they are.
    pub sequence: Vec<Part>,
}

/// One clip of a recipe.
#[derive(Clone, Debug, Deserialize)]
pub struct Part {
    /// Its file in the corpus.
    pub file: String,
    /// What it is meant as.
    pub state: Emotion,
}

/// Nothing is played to whoever speaks on a staged call.
const SILENT_DBFS: f32 = -96.0;
