//! A sound made beforehand: a phrase of the house voice, a piece of hold music. Read from WAV, kept as µ-law.

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use crate::audio::frame::FRAME_SAMPLES;
use crate::audio::g711;

/// A made sound, a whole number of frames long, cheap to share.
#[derive(Clone, PartialEq, Eq)]
pub struct Clip(Arc<[[u8; FRAME_SAMPLES]]>);

/// Why a file is not a clip.
#[derive(Debug, thiserror::Error)]
pub enum ClipError {
    /// It is no WAV file that can be read.
    #[error("not a readable WAV file: {0}")]
    Unreadable(#[from] hound::Error),
    /// It is one, but not of the kind a telephone plays.
    #[error("must be 8 kHz, mono, 16-bit PCM; this is {rate} Hz, {channels} channels, {bits} bits")]
    WrongKind {
        /// Samples a second.
        rate: u32,
        /// Channels.
        channels: u16,
        /// Bits a sample.
        bits: u16,
    },
    /// It is longer than anything that should be said to a waiting person.
    #[error("longer than {} s", LONGEST.as_secs())]
    TooLong,
    /// It holds no sound.
    #[error("holds no sound")]
    Empty,
}

impl Clip {
    /// Reads 8 kHz mono 16-bit WAV; the last frame is filled up with silence.
    pub fn from_wav(wav: impl Read) -> Result<Self, ClipError> {
        let mut reader = hound::WavReader::new(wav)?;
        let spec = reader.spec();
        let (rate, channels, bits) = (spec.sample_rate, spec.channels, spec.bits_per_sample);
        if (rate, channels, bits, spec.sample_format) != (8_000, 1, 16, hound::SampleFormat::Int) {
            return Err(ClipError::WrongKind { rate, channels, bits });
        }
        if reader.duration() > LONGEST.as_secs() as u32 * rate {
            return Err(ClipError::TooLong);
        }
        let samples: Vec<i16> = reader.samples::<i16>().collect::<Result<_, _>>()?;
        if samples.is_empty() {
            return Err(ClipError::Empty);
        }
        Ok(Self::from_samples(&samples))
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

/// Two minutes: hold music loops, and nobody listens to a longer phrase.
const LONGEST: Duration = Duration::from_secs(120);

#[cfg(test)]
mod tests {
    use super::*;

    fn wav(rate: u32, samples: &[i16]) -> Vec<u8> {
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: rate,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut bytes = std::io::Cursor::new(Vec::new());
        let mut writer = hound::WavWriter::new(&mut bytes, spec).unwrap();
        for &sample in samples {
            writer.write_sample(sample).unwrap();
        }
        writer.finalize().unwrap();
        bytes.into_inner()
    }

    #[test]
    fn the_last_frame_is_filled_with_silence() {
        let clip = Clip::from_wav(&wav(8_000, &[1_000; 200])[..]).unwrap();
        assert_eq!(clip.frames(), 2);
        assert_eq!(clip.frame(1).unwrap()[41], g711::SILENCE);
        assert_eq!(clip.frame_looped(2), clip.frame(0).unwrap());
    }

    #[test]
    fn what_a_telephone_cannot_play_is_refused_and_the_reason_is_said() {
        assert!(matches!(
            Clip::from_wav(&wav(16_000, &[0; 10])[..]),
            Err(ClipError::WrongKind { rate: 16_000, .. })
        ));
        assert!(matches!(Clip::from_wav(&wav(8_000, &[])[..]), Err(ClipError::Empty)));
        assert!(matches!(Clip::from_wav(&b"RIFF"[..]), Err(ClipError::Unreadable(_))));
    }
}
