//! Finding a known clip in what an ear heard, also when it was mixed with other sound, shifted or trimmed.
//!
//! The clip is cut into pieces. The loudest pieces are looked for everywhere, on a decimated signal by normalised
//! correlation; once one is found, the others are expected near their place.

use std::ops::Range;
use std::time::Duration;

use crate::audio::clip::Clip;
use crate::audio::g711;
use crate::sim::ear::MICROS_A_SAMPLE;

/// Where and how completely a clip was heard.
#[derive(Clone, Debug, PartialEq)]
pub struct HeardClip {
    /// From the first to the last piece that was heard, since the ear began to listen.
    pub when: Range<Duration>,
    /// The share of the clip's sounding pieces that was heard, 0 to 1.
    pub share: f32,
}

impl HeardClip {
    pub(crate) fn later_by(mut self, samples: usize) -> Self {
        let later = Duration::from_micros(samples as u64 * MICROS_A_SAMPLE);
        self.when = self.when.start + later..self.when.end + later;
        self
    }
}

/// Looks for the clip in this µ-law sound.
pub(crate) fn clip_in(sound: &[u8], clip: &Clip) -> Option<HeardClip> {
    let whole: Vec<u8> = (0..clip.frames()).filter_map(|n| clip.frame(n)).flatten().copied().collect();
    let (heard, wanted) = (Track::new(sound), Track::new(&whole));
    let pieces: Vec<usize> = (0..wanted.values.len() / PIECE)
        .map(|n| n * PIECE)
        .filter(|&at| wanted.energy(at, PIECE) > LOUD_ENOUGH * PIECE as f64)
        .collect();
    let mut anchors = pieces.clone();
    anchors.sort_by(|&a, &b| wanted.energy(b, PIECE).total_cmp(&wanted.energy(a, PIECE)));
    let search = Search { sound, clip: &whole, heard, wanted };
    let mut found: Option<HeardClip> = None;
    for &anchor in anchors.iter().take(ANCHORS) {
        let Some(offset) = search.place(anchor, 0..search.heard.values.len()) else { continue };
        let Some(traced) = search.trace(&pieces, offset) else { continue };
        if traced.share > CLEARLY {
            return Some(traced);
        }
        if found.as_ref().is_none_or(|best| traced.share > best.share) {
            found = Some(traced);
        }
    }
    found
}

/// A sound and a clip that may be in it, at 8 and at 2 kHz.
struct Search<'a> {
    sound: &'a [u8],
    clip: &'a [u8],
    heard: Track,
    wanted: Track,
}

impl Search<'_> {
    /// Follows all pieces from where one of them says the clip begins (in samples).
    fn trace(&self, pieces: &[usize], mut offset: isize) -> Option<HeardClip> {
        let mut places = Vec::new();
        for &piece in pieces {
            let expected = (piece * DECIMATION) as isize + offset;
            // A sung vowel looks alike at many places: the expected one comes first.
            let still = usize::try_from(expected)
                .is_ok_and(|at| self.likeness(piece * DECIMATION, at) > LIKENESS_AT_LEAST);
            if !still {
                let coarse = (expected.max(0) as usize) / DECIMATION;
                match self.place(piece, coarse.saturating_sub(DRIFT)..coarse + DRIFT) {
                    Some(moved) => offset = moved,
                    None => continue,
                }
            }
            places.push((piece, ((piece * DECIMATION) as isize + offset).max(0) as usize));
        }
        let (&(first, from), &(last, until)) = (places.first()?, places.last()?);
        let share = places.len() as f32 / pieces.len() as f32;
        let before = if first == pieces[0] { first } else { 0 };
        let after = if last == pieces[pieces.len() - 1] { self.wanted.values.len() - last } else { PIECE };
        let time = |at: usize| Duration::from_micros(at as u64 * MICROS_A_SAMPLE);
        let when = time(from.saturating_sub(before * DECIMATION))..time(until + after * DECIMATION);
        (share >= SHARE_AT_LEAST).then_some(HeardClip { when, share })
    }

    /// How many samples later than in the clip this piece is heard, if it is heard in this range (at 2 kHz).
    fn place(&self, piece: usize, range: Range<usize>) -> Option<isize> {
        let coarse = best(&self.heard, &self.wanted, piece, range)? * DECIMATION;
        // The coarse place may be off by a pitch period: look around it, sample by sample.
        let (piece, mut likeness, mut place) = (piece * DECIMATION, LIKENESS_AT_LEAST, None);
        for at in coarse.saturating_sub(PITCH_PERIOD)..coarse + PITCH_PERIOD {
            let here = self.likeness(piece, at);
            if here > likeness {
                (likeness, place) = (here, Some(at as isize - piece as isize));
            }
        }
        place
    }

    /// The correlation at 8 kHz of the piece that begins here in the clip with what was heard there.
    fn likeness(&self, piece: usize, at: usize) -> f64 {
        let length = (PIECE * DECIMATION).min(self.clip.len() - piece);
        let Some(heard) = self.sound.get(at..at + length) else { return 0.0 };
        let (mut dot, mut heard_energy, mut clip_energy) = (0_i64, 0_i64, 0_i64);
        for (&heard, &clip) in heard.iter().zip(&self.clip[piece..]) {
            let (heard, clip) = (i64::from(g711::decode(heard)), i64::from(g711::decode(clip)));
            dot += heard * clip;
            heard_energy += heard * heard;
            clip_energy += clip * clip;
        }
        dot as f64 / ((heard_energy.max(1) as f64) * (clip_energy.max(1) as f64)).sqrt()
    }
}

/// Where in this range the piece correlates best, if well enough.
fn best(heard: &Track, wanted: &Track, piece: usize, range: Range<usize>) -> Option<usize> {
    let pattern = &wanted.values[piece..piece + PIECE];
    let pattern_energy = wanted.energy(piece, PIECE);
    let last = heard.values.len().checked_sub(PIECE)?;
    let mut found = None;
    let mut score = CORRELATION_AT_LEAST;
    for at in range.start..range.end.min(last + 1) {
        let energy = heard.energy(at, PIECE);
        if energy < pattern_energy * 0.1 {
            continue;
        }
        let dot: f32 = heard.values[at..at + PIECE].iter().zip(pattern).map(|(a, b)| a * b).sum();
        let correlation = f64::from(dot) / (energy * pattern_energy).sqrt();
        if correlation > score {
            score = correlation;
            found = Some(at);
        }
    }
    found
}

/// A sound at 2 kHz with running sums of its energy.
struct Track {
    values: Vec<f32>,
    energies: Vec<f64>,
}

impl Track {
    fn new(sound: &[u8]) -> Self {
        // A triangle of 16 samples lets little above 1 kHz pass that would fold back.
        let smooth = |window: &[u8]| {
            let weighted = |(n, &byte): (usize, &u8)| f32::from(g711::decode(byte)) * TRIANGLE[n];
            window.iter().enumerate().map(weighted).sum::<f32>() / TRIANGLE_SUM
        };
        let values: Vec<f32> = sound.windows(TRIANGLE.len()).step_by(DECIMATION).map(smooth).collect();
        let mut energies = Vec::with_capacity(values.len() + 1);
        let mut sum = 0.0;
        energies.push(sum);
        for &value in &values {
            sum += f64::from(value) * f64::from(value);
            energies.push(sum);
        }
        Self { values, energies }
    }

    fn energy(&self, at: usize, length: usize) -> f64 {
        self.energies[at + length] - self.energies[at]
    }
}

/// Two running means of 8 samples, one after the other.
const TRIANGLE: [f32; 15] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0];
/// So that a steady sound keeps its level.
const TRIANGLE_SUM: f32 = 64.0;
/// 8 kHz to 2 kHz: pitch and first formant stay, and a minute takes a moment to search.
const DECIMATION: usize = 4;
/// 160 ms at 2 kHz: about a syllable, long enough not to be found by chance.
const PIECE: usize = 320;
/// Mean square of a piece that is worth looking for: -46 dBFS.
const LOUD_ENOUGH: f64 = 27_000.0;
/// Two voices of equal loudness correlate with each one at 0.7; unrelated speech stays below 0.45.
const CORRELATION_AT_LEAST: f64 = 0.55;
/// The same at full bandwidth, where unrelated speech stays below 0.35.
const LIKENESS_AT_LEAST: f64 = 0.5;
/// A clip of which less was heard was not heard.
const SHARE_AT_LEAST: f32 = 0.3;
/// Above this share no other place can be the right one.
const CLEARLY: f32 = 0.8;
/// How many of the loudest pieces are looked for everywhere.
const ANCHORS: usize = 3;
/// 15 ms at 8 kHz: one period of the deepest voice.
const PITCH_PERIOD: usize = 120;
/// 150 ms at 2 kHz: what trimming may have shifted a piece.
const DRIFT: usize = 300;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::mix;
    use crate::sim::ear::Ear;
    use crate::sim::sound::{self, Pitch};

    fn samples(clip: &Clip) -> Vec<u8> {
        (0..clip.frames()).flat_map(|n| *clip.frame(n).unwrap()).collect()
    }

    #[test]
    fn a_clip_is_found_where_it_was_heard_and_no_other_is() {
        let hello = sound::spoken("hello, this is the assistant", Pitch::ASSISTANT);
        let other = sound::spoken("press one to take the call", Pitch::ASSISTANT);
        let mut ear = Ear::default();
        ear.hear_all(&[g711::SILENCE; 8_077]);
        ear.hear_all(&samples(&hello));
        ear.hear_all(&[g711::SILENCE; 4_000]);
        let heard = ear.heard(&hello).expect("the clip was heard");
        let start = heard.when.start.as_millis();
        assert!((1_009..1_011).contains(&start), "{heard:?}");
        assert!(heard.share > 0.99, "{heard:?}");
        assert_eq!(ear.heard(&other), None);
        assert_eq!(ear.heard_after(&hello, Duration::from_secs(3)), None);
    }

    #[test]
    fn a_clip_is_found_under_another_voice() {
        let hello = sound::spoken("I would like to know about prices", Pitch::PROSPECT);
        let music = sound::speech(hello.duration() * 2, Pitch::REP, 99);
        let mut ear = Ear::default();
        for n in 0..music.frames() {
            let mut frame = *music.frame(n).unwrap();
            if let Some(voice) = n.checked_sub(30).and_then(|n| hello.frame(n)) {
                mix::add(&mut frame, voice);
            }
            ear.hear(&frame);
        }
        let heard = ear.heard(&hello).expect("the clip was heard");
        assert!((580..640).contains(&heard.when.start.as_millis()), "{heard:?}");
        assert!(ear.heard(&music).expect("the other voice was heard").share > 0.5);
    }

    #[test]
    fn half_a_clip_counts_as_half() {
        let clip = sound::speech(Duration::from_secs(4), Pitch::REP, 5);
        let mut ear = Ear::default();
        ear.hear_all(&samples(&clip)[..16_000]);
        let heard = ear.heard(&clip).expect("half of the clip was heard");
        assert!((0.35..0.65).contains(&heard.share), "{heard:?}");
        assert!((1_700..2_050).contains(&heard.when.end.as_millis()), "{heard:?}");
    }
}
