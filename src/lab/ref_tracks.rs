//! Reads what the pitch, syllable and prolongation tables need: the manifest, the sounds, the reference tracks.

use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::Deserialize;

use crate::audio::frame::FRAME_SAMPLES;
use crate::audio::g711;
use crate::ear::prosody::{Hop, Prosody};
use crate::ear::spectrum::{REACH, spectra};
use crate::time::MediaTime;

/// One sound of the corpus and what is known of it.
#[derive(Clone, Debug, Deserialize)]
pub struct Labelled {
    /// Its path below the corpus.
    pub file: String,
    /// How long it is.
    pub seconds: f64,
    /// What is known of it.
    pub labels: Labels,
}

/// The labels that these tables look at.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Labels {
    /// Who speaks.
    #[serde(default)]
    pub speaker: String,
    /// From where to where there is speech, in seconds.
    #[serde(default)]
    pub speech: Vec<(f64, f64)>,
    /// Syllables a second of speech, counted by hand.
    pub syllables_per_s: Option<f64>,
    /// From where to where a vowel was stretched, in seconds.
    pub prolongation: Option<(f64, f64)>,
    /// The reference track beside it.
    pub reference: Option<String>,
}

/// One line of a reference track; columns that are empty there are nothing here.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Known {
    /// Seconds.
    pub at: f64,
    /// Praat's pitch on this very sound.
    pub praat_hz: Option<f64>,
    /// Praat's pitch on the wideband original.
    pub praat_wide_hz: Option<f64>,
    /// The pitch that the sound was made with.
    pub true_hz: Option<f64>,
}

/// Everything in the manifest.
pub fn manifest(corpus: &Path) -> anyhow::Result<Vec<Labelled>> {
    #[derive(Deserialize)]
    struct Manifest {
        items: Vec<Labelled>,
    }
    let path = corpus.join("manifest.json");
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let manifest: Manifest =
        serde_json::from_str(&text).with_context(|| format!("{} is odd", path.display()))?;
    Ok(manifest.items)
}

/// The samples of a WAV or a raw µ-law file at 8 kHz.
pub fn sound(path: &Path) -> anyhow::Result<Vec<i16>> {
    let odd = || format!("cannot read {}", path.display());
    if path.extension().is_some_and(|extension| extension == "ulaw") {
        let bytes = std::fs::read(path).with_context(odd)?;
        return Ok(bytes.into_iter().map(g711::decode).collect());
    }
    let reader = hound::WavReader::open(path).with_context(odd)?;
    reader.into_samples::<i16>().collect::<Result<_, _>>().with_context(odd)
}

/// The reference track of this name.
pub fn track(path: &Path) -> anyhow::Result<Vec<Known>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let line = |line: &str| {
        let mut columns = line.split(',').map(|column| column.trim().parse::<f64>().ok());
        let mut next = || columns.next().flatten();
        let at = next().with_context(|| format!("no time in {line:?}"))?;
        Ok(Known { at, praat_hz: next(), praat_wide_hz: next(), true_hz: next() })
    };
    text.lines().skip(1).filter(|line| !line.is_empty()).map(line).collect()
}

/// Where the track of a made vowel lies: beside its sound.
pub fn track_of(corpus: &Path, item: &Labelled) -> PathBuf {
    let beside = || Path::new(&item.file).with_extension("csv");
    corpus.join(item.labels.reference.as_ref().map_or_else(beside, PathBuf::from))
}

/// Everything that prosody says of a sound, with enough silence behind it that the last hop comes out.
pub fn hops(samples: &[i16]) -> Vec<Hop> {
    let mut prosody = Prosody::default();
    let mut reach = [0.0; REACH];
    let mut hops = Vec::new();
    let frames = samples.len() / FRAME_SAMPLES + 4;
    for number in 0..frames {
        reach.copy_within(FRAME_SAMPLES.., 0);
        for (n, sample) in reach[REACH - FRAME_SAMPLES..].iter_mut().enumerate() {
            *sample = samples.get(number * FRAME_SAMPLES + n).copied().map_or(0.0, f32::from);
        }
        let at = MediaTime((number * FRAME_SAMPLES) as u64);
        hops.extend(prosody.hear(at, &reach, &spectra(&reach)).into_iter().flatten());
    }
    hops
}

/// The pitch at this time in hertz: between two voiced hops that agree on the straight line, else that of the nearer; 0
/// when it is unvoiced.
pub fn pitch_at(hops: &[Hop], seconds: f64) -> f64 {
    let samples = seconds * 8_000.0;
    let next = hops.partition_point(|hop| (hop.at.0 as f64) < samples);
    let (Some(before), Some(after)) = (hops.get(next.saturating_sub(1)), hops.get(next)) else {
        return hops.last().map_or(0.0, |hop| f64::from(hop.f0_hz));
    };
    let span = ((after.at - before.at) as f64).max(1.0);
    let part = ((samples - before.at.0 as f64) / span).clamp(0.0, 1.0);
    let (low, high) = (f64::from(before.f0_hz), f64::from(after.f0_hz));
    let agree = low > 0.0 && high > 0.0 && (low / high - 1.0).abs() < 0.2;
    if agree {
        low + part * (high - low)
    } else if part < 0.5 {
        low
    } else {
        high
    }
}

/// The corpus, for tests: where `BATON_CORPUS` says, or beside the repository; says so when there is none.
#[cfg(test)]
pub(crate) fn corpus(test: &str) -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/speech");
    let corpus = std::env::var_os("BATON_CORPUS").map_or_else(beside, PathBuf::from);
    if corpus.join("manifest.json").is_file() {
        return Some(corpus);
    }
    println!("skipped: {test}: no corpus at {}", corpus.display());
    None
}
