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

    /// Where in this part of the call something clicked: a step from one sample to the next that is larger than this. What
    /// lies within 50 ms is one click.
    pub fn clicks_within(&self, part: Range<Duration>, step: i32) -> Vec<Duration> {
        let part = self.sample(part.start)..self.sample(part.end);
        let mut clicks: Vec<Duration> = Vec::new();
        for (n, pair) in self.sound[part.clone()].windows(2).enumerate() {
            let size = (i32::from(g711::decode(pair[1])) - i32::from(g711::decode(pair[0]))).abs();
            let at = Duration::from_micros((part.start + n) as u64 * MICROS_A_SAMPLE);
            if size > step && clicks.last().is_none_or(|last| at > *last + ONE_CLICK) {
                clicks.push(at);
            }
        }
        clicks
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
        self.heard_within(clip, after..Duration::MAX)
    }

    /// The same, looking only at this part of the call.
    pub fn heard_within(&self, clip: &Clip, part: Range<Duration>) -> Option<HeardClip> {
        let part = self.sample(part.start)..self.sample(part.end);
        recognise::clip_in(&self.sound[part.clone()], clip).map(|found| found.later_by(part.start))
    }

    fn sample(&self, at: Duration) -> usize {
        let sample = at.as_micros() / u128::from(MICROS_A_SAMPLE);
        usize::try_from(sample).unwrap_or(usize::MAX).min(self.sound.len())
    }

    /// The same, looking only before this time.
    pub fn heard_before(&self, clip: &Clip, before: Duration) -> Option<HeardClip> {
        self.heard_within(clip, Duration::ZERO..before)
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
/// The ear hears clicks that follow each other so closely as one.
const ONE_CLICK: Duration = Duration::from_millis(50);
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
    fn a_voice_that_is_cut_off_clicks() {
        let mut ear = Ear::default();
        let clip = sound::hum(Duration::from_secs(1), Pitch::REP, 1);
        (0..25).for_each(|n| ear.hear(clip.frame(n).unwrap()));
        assert_eq!(ear.clicks_within(at(0)..at(1_000), 2_000), []);
        let loud = |byte: &u8| g711::decode(*byte) > 4_000;
        let until = clip.frame(25).unwrap().iter().position(loud).expect("a voice has peaks");
        ear.hear_all(&clip.frame(25).unwrap()[..=until]);
        ear.hear_all(&[g711::SILENCE; 60]);
        let clicks = ear.clicks_within(at(0)..at(1_000), 2_000);
        assert_eq!(clicks.len(), 1, "{clicks:?}");
        assert!((at(25)..at(26)).contains(&clicks[0]), "{clicks:?}");
        assert_eq!(ear.clicks_within(at(0)..at(20), 2_000), []);
        assert!(ear.heard_within(&clip, at(0)..at(26)).is_some());
        assert_eq!(ear.heard_within(&clip, at(24)..at(26)), None);
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
