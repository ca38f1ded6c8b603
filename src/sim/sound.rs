//! Made sound for tests in which the words do not matter: speech-like clips, line noise, a beep.
//!
//! The same text in the same voice is always the same clip, and different texts differ enough to be told apart.

use std::f32::consts::TAU;
use std::sync::Arc;
use std::time::Duration;

use crate::audio::clip::Clip;
use crate::audio::frame::FRAME_SAMPLES;
use crate::audio::g711;
use crate::sim::dice::Dice;

/// Something a person or an assistant says: its name or words, and its sound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phrase {
    /// What it is called where a person reads it.
    pub name: Arc<str>,
    /// What is heard.
    pub clip: Clip,
}

impl Phrase {
    /// The phrase of this name and sound.
    pub fn new(name: &str, clip: Clip) -> Self {
        Self { name: name.into(), clip }
    }

    /// These words as made speech in this voice.
    pub fn spoken(words: &str, pitch: Pitch) -> Self {
        Self::new(words, spoken(words, pitch))
    }
}

impl From<Clip> for Phrase {
    fn from(clip: Clip) -> Self {
        Self::new("a clip", clip)
    }
}

/// How high a made voice speaks, in Hz.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pitch(pub f32);

impl Pitch {
    /// A prospect's made voice.
    pub const PROSPECT: Self = Self(186.0);
    /// A rep's made voice.
    pub const REP: Self = Self(92.0);
    /// An assistant's made voice.
    pub const ASSISTANT: Self = Self(118.0);
    /// The carrier's made voice (`<Say>`).
    pub const CARRIER: Self = Self(150.0);
}

/// These words as made speech, as long as a person would take to say them.
pub fn spoken(words: &str, pitch: Pitch) -> Clip {
    let length = (PER_LETTER * words.chars().count() as u32).clamp(SHORTEST, LONGEST);
    // FNV-1a: the words choose the syllables.
    let seed = words.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    speech(length, pitch, seed)
}

/// Speech-like sound of this length: syllables on a wandering pitch with three formants, about -20 dBFS.
pub fn speech(length: Duration, pitch: Pitch, seed: u64) -> Clip {
    let mut dice = Dice::new(seed);
    let wanted = length.as_millis() as usize * SAMPLES_A_MILLI;
    let mut samples = Vec::with_capacity(wanted);
    while samples.len() < wanted {
        let millis = 110 + (dice.unit() * 130.0) as usize;
        let voice = Syllable {
            pitch: pitch.0 * (0.85 + 0.3 * dice.unit() as f32),
            glide: 0.16 * dice.unit() as f32 - 0.08,
            formants: [
                300.0 + 500.0 * dice.unit() as f32,
                900.0 + 1_000.0 * dice.unit() as f32,
                2_200.0 + 600.0 * dice.unit() as f32,
            ],
        };
        voice.say(millis * SAMPLES_A_MILLI, &mut samples);
        // A short stop after most syllables, a breath after some.
        let stop = if dice.happens(0.15) { 120 } else { 25 };
        samples.resize(samples.len() + stop * SAMPLES_A_MILLI, 0);
    }
    samples.truncate(wanted);
    Clip::from_samples(&samples)
}

/// A smooth voice of this length, about -20 dBFS: no step from sample to sample is large, so that a click stands out.
pub fn hum(length: Duration, pitch: Pitch, seed: u64) -> Clip {
    let mut dice = Dice::new(seed);
    let wanted = length.as_millis() as usize * SAMPLES_A_MILLI;
    let (mut phase, mut hertz, mut towards, mut until) = (0.0_f32, pitch.0, pitch.0, 0);
    let sample = |n: usize| {
        if n == until {
            // A new tone each fifth of a second: no two stretches are alike.
            towards = pitch.0 * (0.75 + 0.5 * dice.unit() as f32);
            until += 200 * SAMPLES_A_MILLI;
        }
        hertz += (towards - hertz) * 0.002;
        phase = (phase + TAU * hertz / SAMPLES_A_SECOND) % TAU;
        let edge = n.min(wanted - n) as f32 / (40 * SAMPLES_A_MILLI) as f32;
        let tones = phase.sin() + 0.35 * (2.0 * phase).sin() + 0.2 * (3.0 * phase).sin();
        (tones * edge.min(1.0) * PEAK) as i16
    };
    Clip::from_samples(&(0..wanted).map(sample).collect::<Vec<i16>>())
}

/// The same sound from a raised voice: 9 dB louder, saturated as a telephone does it.
pub fn louder(clip: &Clip) -> Clip {
    let raise = |byte: &u8| (i32::from(g711::decode(*byte)) * 14 / 5).clamp(-32_000, 32_000) as i16;
    let samples: Vec<i16> = (0..clip.frames()).filter_map(|n| clip.frame(n)).flatten().map(raise).collect();
    Clip::from_samples(&samples)
}

struct Syllable {
    pitch: f32,
    glide: f32,
    formants: [f32; 3],
}

impl Syllable {
    fn say(&self, length: usize, into: &mut Vec<i16>) {
        let count = (HIGHEST_HERTZ / self.pitch) as u32;
        let harmonics: Vec<(f32, f32)> =
            (1..=count).map(|n| self.pitch * n as f32).map(|hertz| (hertz, self.loudness(hertz))).collect();
        let whole: f32 = harmonics.iter().map(|(_, loud)| loud * loud).sum::<f32>().sqrt().max(f32::EPSILON);
        for n in 0..length {
            let seconds = n as f32 / SAMPLES_A_SECOND;
            // The pitch glides: a steady tone would look alike everywhere.
            let phase = TAU * seconds * (1.0 + self.glide * n as f32 / length as f32);
            let envelope = (std::f32::consts::PI * n as f32 / length as f32).sin().powf(0.6);
            let sum: f32 = harmonics.iter().map(|(hertz, loud)| loud * (phase * hertz).sin()).sum();
            into.push((sum / whole * envelope * PEAK) as i16);
        }
    }

    fn loudness(&self, hertz: f32) -> f32 {
        let near = |formant: &f32| 1.0 / (1.0 + ((hertz - formant) / 140.0).powi(2));
        0.03 + self.formants.iter().map(near).sum::<f32>()
    }
}

/// One frame of what an open microphone picks up in a quiet room: about -66 dBFS, never digital silence.
pub(crate) fn line_noise(dice: &mut Dice) -> [u8; FRAME_SAMPLES] {
    std::array::from_fn(|_| g711::encode((dice.roll() % 61) as i16 - 30))
}

/// The beep of a voicemail.
pub fn beep() -> Phrase {
    let samples: Vec<i16> =
        (0..4_000).map(|n| ((TAU * 1_000.0 * n as f32 / SAMPLES_A_SECOND).sin() * 6_000.0) as i16).collect();
    Phrase::new("beep", Clip::from_samples(&samples))
}

/// 8 kHz, as the telephone.
const SAMPLES_A_MILLI: usize = 8;
/// 8 kHz, as the telephone.
const SAMPLES_A_SECOND: f32 = 8_000.0;
/// What the telephone lets pass.
const HIGHEST_HERTZ: f32 = 3_300.0;
/// Gives about -20 dBFS over a sentence, as the recorded fixtures have.
const PEAK: f32 = 5_000.0;
/// About 16 letters a second: an unhurried speaker.
const PER_LETTER: Duration = Duration::from_millis(62);
/// "Yes."
const SHORTEST: Duration = Duration::from_millis(400);
/// Longer texts are cut here so that no test waits for them.
const LONGEST: Duration = Duration::from_secs(12);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_speech_is_as_loud_as_speech_and_always_the_same() {
        let hello = spoken("hello, how can I help you today?", Pitch::ASSISTANT);
        assert_eq!(hello, spoken("hello, how can I help you today?", Pitch::ASSISTANT));
        assert_ne!(hello, spoken("hello, how can I help you today?", Pitch::REP));
        let sound: Vec<u8> = (0..hello.frames()).flat_map(|n| *hello.frame(n).unwrap()).collect();
        let level = g711::level_dbfs(&sound);
        assert!((-26.0..-16.0).contains(&level), "{level} dBFS");
    }

    #[test]
    fn a_smooth_voice_is_as_loud_as_speech_and_has_no_click_in_it() {
        let hum = hum(Duration::from_secs(3), Pitch::REP, 5);
        let sound: Vec<u8> = (0..hum.frames()).flat_map(|n| *hum.frame(n).unwrap()).collect();
        let level = g711::level_dbfs(&sound);
        assert!((-24.0..-16.0).contains(&level), "{level} dBFS");
        let step = |pair: &[u8]| (i32::from(g711::decode(pair[1])) - i32::from(g711::decode(pair[0]))).abs();
        let largest = sound.windows(2).map(step).max().unwrap();
        assert!(largest < 1_500, "a step of {largest}");
    }

    #[test]
    fn an_open_microphone_is_faint_and_never_silent() {
        let mut dice = Dice::new(3);
        for _ in 0..200 {
            let level = g711::level_dbfs(&line_noise(&mut dice));
            assert!((-70.0..-60.0).contains(&level), "{level} dBFS");
        }
    }
}
