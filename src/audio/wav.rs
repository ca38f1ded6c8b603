//! What WAV files hold, and how a sample of each kind is read: PCM of 8 to 32 bits, floats, µ-law and A-law.
//!
//! Files are read as they are met, not as they should be: a size that a recorder never filled in (0 or all ones) or that
//! is larger than the file means "to the end", and further chunks are passed over. What cannot be read is said by name.

use std::io::{self, Read};

use crate::audio::g711;

/// How a sample is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// A byte with its zero at 128.
    Unsigned8,
    /// Whole numbers of 16 bits, least byte first.
    Signed16,
    /// Of 24.
    Signed24,
    /// Of 32.
    Signed32,
    /// Numbers of 32 bits with a point, full scale at one.
    Float32,
    /// Of 64.
    Float64,
    /// G.711 µ-law.
    Ulaw,
    /// G.711 A-law.
    Alaw,
}

/// What a file says of its sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// How each sample is written.
    pub coding: Coding,
    /// How many channels, interleaved.
    pub channels: u16,
    /// Samples a second in each.
    pub rate: u32,
    /// Bytes of sound that follow; none: as many as there are.
    pub bytes: Option<u64>,
}

/// Why a file is no WAV file that can be read.
#[derive(Debug, thiserror::Error)]
pub enum WavError {
    /// It could not be read at all.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It begins otherwise.
    #[error("not a WAV file: it does not begin with RIFF and WAVE")]
    NotWav,
    /// It ends before its sound begins.
    #[error("a WAV file that was cut off: it ends inside its header, before any sound")]
    CutOff,
    /// There is no sound in it, or none that is described.
    #[error("a WAV file without {0}")]
    Without(&'static str),
    /// The description contradicts itself.
    #[error("a WAV file whose header cannot be right: {0}")]
    Nonsense(String),
    /// Its sound is written in a way that is not read here.
    #[error("a WAV file of {0}; PCM of 8, 16, 24 or 32 bits, float, µ-law and A-law can be read")]
    Unreadable(String),
}

impl Coding {
    /// Bytes of a sample.
    pub const fn bytes(self) -> usize {
        match self {
            Self::Unsigned8 | Self::Ulaw | Self::Alaw => 1,
            Self::Signed16 => 2,
            Self::Signed24 => 3,
            Self::Signed32 | Self::Float32 => 4,
            Self::Float64 => 8,
        }
    }

    /// The sample that these bytes are, full scale at 32768. There must be as many as [`Coding::bytes`] says.
    pub fn sample(self, bytes: &[u8]) -> f32 {
        let of = |n: usize| bytes[n];
        let value = match self {
            Self::Unsigned8 => (f32::from(of(0)) - 128.0) * 256.0,
            Self::Ulaw => f32::from(g711::DECODED[of(0) as usize]),
            Self::Alaw => f32::from(g711::DECODED_ALAW[of(0) as usize]),
            Self::Signed16 => f32::from(i16::from_le_bytes([of(0), of(1)])),
            Self::Signed24 => i32::from_le_bytes([0, of(0), of(1), of(2)]) as f32 / 65_536.0,
            Self::Signed32 => i32::from_le_bytes([of(0), of(1), of(2), of(3)]) as f32 / 65_536.0,
            Self::Float32 => f32::from_le_bytes([of(0), of(1), of(2), of(3)]) * 32_768.0,
            Self::Float64 => f64::from_le_bytes(std::array::from_fn(of)) as f32 * 32_768.0,
        };
        if value.is_finite() { value.clamp(-LOUDEST, LOUDEST) } else { 0.0 }
    }
}

impl std::fmt::Display for Coding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Unsigned8 => "8-bit PCM",
            Self::Signed16 => "16-bit PCM",
            Self::Signed24 => "24-bit PCM",
            Self::Signed32 => "32-bit PCM",
            Self::Float32 => "32-bit float",
            Self::Float64 => "64-bit float",
            Self::Ulaw => "µ-law",
            Self::Alaw => "A-law",
        })
    }
}

impl Header {
    /// Bytes of one sample of every channel.
    pub const fn step(&self) -> usize {
        self.coding.bytes() * self.channels as usize
    }

    /// Reads up to the first byte of sound.
    pub fn read(from: &mut impl Read) -> Result<Self, WavError> {
        let mut riff = [0; 12];
        let had = fill(from, &mut riff)?;
        if !looks_like_wav(&riff[..had]) {
            return Err(WavError::NotWav);
        }
        if had < riff.len() {
            return Err(WavError::CutOff);
        }
        let mut format = None;
        loop {
            let mut head = [0; 8];
            match fill(from, &mut head)? {
                8 => {}
                0 if format.is_some() => return Err(WavError::Without("a chunk of sound")),
                _ => return Err(WavError::CutOff),
            }
            let size = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
            match &head[..4] {
                b"fmt " => format = Some(Self::read_format(from, size)?),
                b"data" => {
                    let mut header = format.ok_or(WavError::Without("a format before its sound"))?;
                    header.bytes = (size != 0 && size != u32::MAX).then_some(u64::from(size));
                    return Ok(header);
                }
                _ => pass_over(from, u64::from(size) + u64::from(size % 2))?,
            }
        }
    }

    fn read_format(from: &mut impl Read, size: u32) -> Result<Self, WavError> {
        let mut bytes = [0; 40];
        let wanted = (size as usize).min(bytes.len());
        if fill(from, &mut bytes[..wanted])? < wanted {
            return Err(WavError::CutOff);
        }
        if wanted < 16 {
            return Err(WavError::Nonsense(format!("its format has {size} bytes, and 16 are the least")));
        }
        pass_over(from, u64::from(size) - wanted as u64 + u64::from(size % 2))?;
        let word = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
        let (channels, bits) = (word(2), word(14));
        let rate = u32::from_le_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]);
        // An extensible format says the real one in the first two bytes of its GUID.
        let tag = if word(0) == EXTENSIBLE && wanted >= 26 { word(24) } else { word(0) };
        let coding = match (tag, bits) {
            (1, 8) => Coding::Unsigned8,
            (1, 16) => Coding::Signed16,
            (1, 24) => Coding::Signed24,
            (1, 32) => Coding::Signed32,
            (3, 32) => Coding::Float32,
            (3, 64) => Coding::Float64,
            (6, 8) => Coding::Alaw,
            (7, 8) => Coding::Ulaw,
            (1 | 3 | 6 | 7, _) => {
                return Err(WavError::Unreadable(format!("{bits}-bit samples (format {tag})")));
            }
            _ => return Err(WavError::Unreadable(named(tag))),
        };
        if channels == 0 {
            return Err(WavError::Nonsense("it has no channels".to_owned()));
        }
        if rate == 0 {
            return Err(WavError::Nonsense("it has no samples a second".to_owned()));
        }
        let header = Self { coding, channels, rate, bytes: None };
        if usize::from(word(12)) != header.step() {
            let step = header.step();
            return Err(WavError::Nonsense(format!(
                "{channels} channels of {coding} take {step} bytes, and it says {}",
                word(12)
            )));
        }
        Ok(header)
    }
}

/// Whether a file that begins so is a WAV file, or the beginning of one.
pub fn looks_like_wav(beginning: &[u8]) -> bool {
    let like = |at: usize, word: &[u8]| {
        let there = beginning.get(at..).unwrap_or_default();
        there.iter().zip(word).all(|(a, b)| a == b)
    };
    beginning.len() >= 4 && (like(0, b"RIFF") || like(0, b"RF64")) && like(8, b"WAVE")
}

/// Fills the room as far as there is something to fill it with, and says how far.
pub fn fill(from: &mut impl Read, room: &mut [u8]) -> io::Result<usize> {
    let mut had = 0;
    while had < room.len() {
        match from.read(&mut room[had..]) {
            Ok(0) => break,
            Ok(count) => had += count,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(had)
}

fn pass_over(from: &mut impl Read, bytes: u64) -> Result<(), WavError> {
    let passed = io::copy(&mut from.take(bytes), &mut io::sink())?;
    if passed < bytes { Err(WavError::CutOff) } else { Ok(()) }
}

/// What people call the format of this tag.
fn named(tag: u16) -> String {
    let name = match tag {
        0x02 => "Microsoft ADPCM",
        0x11 => "IMA ADPCM",
        0x31 => "GSM 6.10",
        0x40 => "G.721 ADPCM",
        0x50 | 0x55 => "MPEG audio (MP3)",
        0xff => "AAC",
        _ => return format!("an unknown kind (format {tag:#06x})"),
    };
    name.to_owned()
}

/// WAVE_FORMAT_EXTENSIBLE.
const EXTENSIBLE: u16 = 0xfffe;

/// Four times full scale: floats that are a little too loud are cut by whoever plays them, absurd ones here.
const LOUDEST: f32 = 131_072.0;

#[cfg(test)]
#[path = "wav_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "wav_made.rs"]
pub(crate) mod made;
