//! What is known of the pitch of the corpus' sounds, and what prosody says of them, for the tables of pitch, syllables and
//! prolongations.

use anyhow::Context;

use crate::audio::frame::FRAME_SAMPLES;
use crate::ear::prosody::{Hop, Prosody};
use crate::ear::spectrum::{REACH, spectra};
use crate::lab::corpus::{Corpus, Item};
use crate::time::MediaTime;

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

/// What is known of the pitch of this sound: the track that its labels name, or, of a made vowel, the one beside it.
pub fn track(corpus: &Corpus, item: &Item) -> anyhow::Result<Vec<Known>> {
    let beside = || format!("{}/{}.csv", item.folder(), item.stem());
    let name = item.labels.reference.clone().unwrap_or_else(beside);
    let text = String::from_utf8(corpus.bytes(&name)?).with_context(|| format!("{name} is no text"))?;
    let line = |line: &str| {
        let mut columns = line.split(',').map(|column| column.trim().parse::<f64>().ok());
        let mut next = || columns.next().flatten();
        let at = next().with_context(|| format!("no time in {line:?} of {name}"))?;
        Ok(Known { at, praat_hz: next(), praat_wide_hz: next(), true_hz: next() })
    };
    text.lines().skip(1).filter(|line| !line.is_empty()).map(line).collect()
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
