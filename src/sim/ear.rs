//! What one ear heard, 20 ms by 20 ms, silence included: the measure of everything Baton promises.

use std::io::{Seek, Write};
use std::ops::Range;
use std::time::Duration;

use crate::audio::clip::Clip;
use crate::audio::frame::{FRAME_MILLIS, FRAME_SAMPLES};
use crate::audio::g711;
use crate::sim::recognise::{self, HeardClip};

/// The recording of one ear, from the moment the phone was picked up.
#[derive(Clone, Debug, Default)]
pub struct Ear {
    began: Duration,
    sound: Vec<u8>,
    words: Vec<HeardWords>,
}

/// Words that the carrier itself spoke (`<Say>`) or played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeardWords {
    /// When, since the ear began to listen.
    pub at: Duration,
    /// What was said.
    pub words: String,
}

impl Ear {
    /// An ear that begins to listen at this time of the world.
    pub(crate) fn listening_from(began: Duration) -> Self {
        Self { began, ..Self::default() }
    }

    /// Hears the next 20 ms.
    pub(crate) fn hear(&mut self, frame: &[u8; FRAME_SAMPLES]) {
        self.sound.extend_from_slice(frame);
    }

    /// Hears sound of any length, in the order it came.
    pub(crate) fn hear_all(&mut self, sound: &[u8]) {
        self.sound.extend_from_slice(sound);
    }

    /// Understands words as they begin.
    pub(crate) fn understand(&mut self, words: &str) {
        self.words.push(HeardWords { at: self.duration(), words: words.to_owned() });
    }

    /// When it began to listen, since the world began.
    pub fn began(&self) -> Duration {
        self.began
    }

    /// How long it has listened.
    pub fn duration(&self) -> Duration {
        Duration::from_micros(self.sound.len() as u64 * MICROS_A_SAMPLE)
    }

    /// All of it as µ-law.
    pub fn sound(&self) -> &[u8] {
        &self.sound
    }

    /// What the carrier itself said to this ear.
    pub fn words(&self) -> &[HeardWords] {
        &self.words
    }

    /// The level of each 20 ms in dBFS.
    pub fn levels(&self) -> Vec<f32> {
        self.sound.chunks(FRAME_SAMPLES).map(g711::level_dbfs).collect()
    }

    /// The longest stretch without any sound, not even line noise.
    pub fn longest_nothing(&self) -> Range<Duration> {
        self.longest_nothing_within(Duration::ZERO..Duration::MAX)
    }

    /// The longest stretch of nothing within this part of the call.
    pub fn longest_nothing_within(&self, part: Range<Duration>) -> Range<Duration> {
        let frame = |at: Duration| (at.as_millis() / u128::from(FRAME_MILLIS)) as usize;
        let levels = self.levels();
        let part = frame(part.start).min(levels.len())..frame(part.end).min(levels.len());
        let (mut longest, mut from) = (0..0, part.start);
        for n in part {
            if levels[n] > NOTHING_DBFS {
                from = n + 1;
            } else if n + 1 - from > longest.len() {
                longest = from..n + 1;
            }
        }
        at(longest.start)..at(longest.end)
    }

    /// The largest step from one sample to the next in this part of the call: a click is larger than any step of a voice.
    pub fn largest_step_within(&self, part: Range<Duration>) -> i32 {
        let sample = |at: Duration| {
            usize::try_from(at.as_micros() / u128::from(MICROS_A_SAMPLE))
                .unwrap_or(usize::MAX)
                .min(self.sound.len())
        };
        let part = &self.sound[sample(part.start)..sample(part.end)];
        let step = |pair: &[u8]| (i32::from(g711::decode(pair[1])) - i32::from(g711::decode(pair[0]))).abs();
        part.windows(2).map(step).max().unwrap_or_default()
    }

    /// How much of this part of the call somebody or something was speaking.
    pub fn speech_within(&self, part: Range<Duration>) -> Duration {
        let loud = |(n, level): &(usize, f32)| part.contains(&at(*n)) && *level > SPEECH_DBFS;
        at(self.levels().into_iter().enumerate().filter(loud).count())
    }

    /// Whether, when and how completely this clip was heard; mixed with other sound or trimmed, it still counts.
    pub fn heard(&self, clip: &Clip) -> Option<HeardClip> {
        self.heard_after(clip, Duration::ZERO)
    }

    /// The same, looking only from this time on.
    pub fn heard_after(&self, clip: &Clip, after: Duration) -> Option<HeardClip> {
        let skip = self.sample(after);
        recognise::clip_in(&self.sound[skip..], clip).map(|found| found.later_by(skip))
    }

    /// The same, looking only before this time.
    pub fn heard_before(&self, clip: &Clip, before: Duration) -> Option<HeardClip> {
        recognise::clip_in(&self.sound[..self.sample(before)], clip)
    }

    fn sample(&self, at: Duration) -> usize {
        ((at.as_micros() / u128::from(MICROS_A_SAMPLE)) as usize).min(self.sound.len())
    }

    /// Writes it as WAV, 8 kHz, mono, 16 bits.
    pub fn wav(&self, into: impl Write + Seek) -> Result<(), hound::Error> {
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: 8_000,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut writer = hound::WavWriter::new(into, spec)?;
        for &byte in &self.sound {
            writer.write_sample(g711::decode(byte))?;
        }
        writer.finalize()
    }
}

fn at(frame: usize) -> Duration {
    Duration::from_millis(frame as u64 * FRAME_MILLIS)
}

/// 125 µs: 8 kHz.
pub(crate) const MICROS_A_SAMPLE: u64 = 125;
/// Below the faintest open microphone of this world (`sound::line_noise`).
pub(crate) const NOTHING_DBFS: f32 = -75.0;
/// Speech of this world lies at -20 dBFS; hold music at -28 with its quietest 50 ms at -33; line noise at -65.
pub(crate) const SPEECH_DBFS: f32 = -45.0;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::dice::Dice;
    use crate::sim::sound::{self, Pitch};

    #[test]
    fn the_longest_nothing_is_found_and_line_noise_is_something() {
        let mut ear = Ear::default();
        let mut dice = Dice::new(1);
        for n in 0..100 {
            let silent = (20..25).contains(&n) || (50..80).contains(&n);
            let frame = if silent { [g711::SILENCE; FRAME_SAMPLES] } else { sound::line_noise(&mut dice) };
            ear.hear(&frame);
        }
        assert_eq!(ear.longest_nothing(), at(50)..at(80));
        assert_eq!(ear.longest_nothing_within(at(0)..at(45)), at(20)..at(25));
        assert_eq!(ear.duration(), at(100));
    }

    #[test]
    fn a_click_is_a_larger_step_than_any_of_a_voice() {
        let mut ear = Ear::default();
        let clip = sound::spoken("good morning", Pitch::REP);
        (0..clip.frames()).for_each(|n| ear.hear(clip.frame(n).unwrap()));
        let own = ear.largest_step_within(at(0)..at(1_000));
        let loudest = (0..clip.frames())
            .max_by_key(|&n| clip.frame(n).unwrap().map(g711::decode).iter().max().copied());
        ear.hear_all(&clip.frame(loudest.unwrap()).unwrap()[..100]);
        ear.hear_all(&[g711::SILENCE; 60]);
        let broken_off = ear.largest_step_within(at(0)..at(1_000));
        assert!(own > 500 && broken_off >= own, "{own} then {broken_off}");
        assert_eq!(ear.largest_step_within(at(10_000)..at(11_000)), 0);
    }

    #[test]
    fn what_was_heard_can_be_listened_to() {
        let mut ear = Ear::default();
        let clip = sound::spoken("good morning", Pitch::REP);
        (0..clip.frames()).for_each(|n| ear.hear(clip.frame(n).unwrap()));
        let mut file = std::io::Cursor::new(Vec::new());
        ear.wav(&mut file).unwrap();
        let read = Clip::from_wav(&file.into_inner()[..]).unwrap();
        assert_eq!(read.frames(), clip.frames());
        assert!(ear.heard(&read).expect("the same sound").share > 0.99);
    }
}
