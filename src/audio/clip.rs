//! A sound made beforehand: a phrase of the house voice, a piece of hold music. Read from WAV, kept as µ-law.

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use crate::audio::frame::FRAME_SAMPLES;
use crate::audio::g711;
use crate::audio::resample::{BadRate, Resampler, to_sample};
use crate::audio::wav::{Header, WavError};

/// A made sound, a whole number of frames long, cheap to share.
#[derive(Clone, PartialEq, Eq)]
pub struct Clip(Arc<[[u8; FRAME_SAMPLES]]>);

/// Why a file is not a clip.
#[derive(Debug, thiserror::Error)]
pub enum ClipError {
    /// It is no WAV file that can be read.
    #[error(transparent)]
    Unreadable(#[from] WavError),
    /// It has more channels than a clip should.
    #[error("has {0} channels; a clip has one, or two that are mixed into one")]
    TooManyChannels(u16),
    /// Its rate is none of speech.
    #[error(transparent)]
    Rate(#[from] BadRate),
    /// It is longer than anything that should be said to a waiting person.
    #[error("longer than {} s", LONGEST.as_secs())]
    TooLong,
    /// It holds no sound.
    #[error("holds no sound")]
    Empty,
}

impl Clip {
    /// Reads WAV of any rate, mono or stereo; a telephone plays it at 8 kHz, mono. The last frame is filled up with silence.
    pub fn from_wav(mut wav: impl Read) -> Result<Self, ClipError> {
        let header = Header::read(&mut wav)?;
        if header.channels > 2 {
            return Err(ClipError::TooManyChannels(header.channels));
        }
        let mut resampler = Resampler::new(header.rate, RATE)?;
        let (step, width) = (header.step(), header.coding.bytes());
        let most = LONGEST.as_secs() * u64::from(header.rate) * step as u64;
        let mut bytes = Vec::new();
        // One more than the most tells what is too long.
        wav.take(header.bytes.unwrap_or(u64::MAX).min(most + step as u64))
            .read_to_end(&mut bytes)
            .map_err(WavError::from)?;
        if bytes.len() as u64 > most {
            return Err(ClipError::TooLong);
        }
        let mix = |all: &[u8]| {
            all.chunks_exact(width).map(|bytes| header.coding.sample(bytes)).sum::<f32>()
                / f32::from(header.channels)
        };
        let sound: Vec<f32> = bytes.chunks_exact(step).map(mix).collect();
        if sound.is_empty() {
            return Err(ClipError::Empty);
        }
        let mut samples = Vec::new();
        resampler.push(&sound, &mut samples);
        resampler.finish(&mut samples);
        Ok(Self::from_samples(&samples.into_iter().map(to_sample).collect::<Vec<_>>()))
    }

    /// The clip of these samples at 8 kHz.
    pub fn from_samples(samples: &[i16]) -> Self {
        let frame = |chunk: &[i16]| {
            let mut sound = [g711::SILENCE; FRAME_SAMPLES];
            for (byte, &sample) in sound.iter_mut().zip(chunk) {
                *byte = g711::encode(sample);
            }
            sound
        };
        Self(samples.chunks(FRAME_SAMPLES).map(frame).collect())
    }

    /// The frame of this number, if the clip is that long.
    pub fn frame(&self, number: usize) -> Option<&[u8; FRAME_SAMPLES]> {
        self.0.get(number)
    }

    /// The frame of this number of an endless loop.
    pub fn frame_looped(&self, number: usize) -> &[u8; FRAME_SAMPLES] {
        &self.0[number % self.0.len()]
    }

    /// How many frames long.
    pub fn frames(&self) -> usize {
        self.0.len()
    }

    /// How long.
    pub fn duration(&self) -> Duration {
        Duration::from_millis(20 * self.0.len() as u64)
    }
}

impl std::fmt::Debug for Clip {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Clip({} ms)", self.duration().as_millis())
    }
}

/// The telephone's.
const RATE: u32 = 8_000;

/// Two minutes: hold music loops, and nobody listens to a longer phrase.
const LONGEST: Duration = Duration::from_secs(120);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::wav::made::MadeWav;

    fn wav(rate: u32, samples: &[i16]) -> Vec<u8> {
        MadeWav::pcm16(rate, 1, samples).bytes()
    }

    #[test]
    fn the_last_frame_is_filled_with_silence() {
        let clip = Clip::from_wav(&wav(8_000, &[1_000; 200])[..]).unwrap();
        assert_eq!(clip.frames(), 2);
        assert_eq!(clip.frame(1).unwrap()[41], g711::SILENCE);
        assert_eq!(clip.frame_looped(2), clip.frame(0).unwrap());
    }

    #[test]
    fn a_clip_of_another_rate_or_of_two_channels_is_the_same_clip() {
        let tone = |rate: u32, n: u32| {
            (8_000.0 * (0.5 * std::f64::consts::TAU * 1_000.0 * f64::from(n) / f64::from(rate)).sin()) as i16
        };
        let plain =
            Clip::from_wav(&wav(8_000, &(0..4_000).map(|n| tone(8_000, n)).collect::<Vec<_>>())[..]).unwrap();
        for rate in [16_000, 22_050, 24_000, 44_100, 48_000] {
            let mono: Vec<i16> = (0..rate / 2).map(|n| tone(rate, n)).collect();
            // What is in one channel only is half as loud in both; what is in both is as loud as it was.
            let stereo: Vec<i16> = mono.iter().flat_map(|&s| [s, s]).collect();
            for file in [wav(rate, &mono), MadeWav::pcm16(rate, 2, &stereo).bytes()] {
                let clip = Clip::from_wav(&file[..]).unwrap();
                assert_eq!(clip.frames(), plain.frames(), "{rate} Hz");
                for (a, b) in clip.frame(10).unwrap().iter().zip(plain.frame(10).unwrap()) {
                    let apart = i32::from(g711::decode(*a)) - i32::from(g711::decode(*b));
                    assert!(apart.abs() <= 512, "{rate} Hz: {apart} apart");
                }
            }
        }
        let ulaw = MadeWav::coded(7, 8, 8_000, 1, plain.frame(3).unwrap().to_vec()).bytes();
        assert_eq!(Clip::from_wav(&ulaw[..]).unwrap().frame(0), plain.frame(3));
    }

    #[test]
    fn what_is_no_clip_is_refused_and_the_reason_is_said() {
        let refused = |bytes: &[u8]| Clip::from_wav(bytes).unwrap_err();
        assert!(matches!(
            refused(&MadeWav::pcm16(8_000, 6, &[0; 60]).bytes()),
            ClipError::TooManyChannels(6)
        ));
        assert!(matches!(refused(&wav(2_000, &[0; 60])), ClipError::Rate(BadRate(2_000))));
        assert!(matches!(refused(&wav(8_000, &[])), ClipError::Empty));
        assert!(matches!(refused(&wav(8_000, &vec![0; 121 * 8_000])), ClipError::TooLong));
        assert!(matches!(refused(b"RIFF"), ClipError::Unreadable(WavError::CutOff)));
        assert_eq!(refused(b"ID3").to_string(), "not a WAV file: it does not begin with RIFF and WAVE");
        assert!(Clip::from_wav(&wav(8_000, &vec![0; 120 * 8_000])[..]).is_ok(), "just short enough");
    }
}
