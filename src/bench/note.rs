//! What a frame of the load says: who sent it, which one it is and when it left, written into the sound itself.
//!
//! The note is made of samples that nobody on a telephone hears, so that a frame is as loud as it is meant to be and
//! turns begin and end as in a conversation.

use std::time::Duration;

use crate::audio::frame::FRAME_SAMPLES;
use crate::audio::g711;

/// What is written into one frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Note {
    /// Which end sent it.
    pub from: u16,
    /// Its number in what that end sends.
    pub number: u32,
    /// When it left, on the clock of the load.
    pub sent: Duration,
}

impl Note {
    /// A frame that says this, spoken or silent.
    pub fn frame(&self, sound: Sound) -> [u8; FRAME_SAMPLES] {
        let mut frame = match sound {
            Sound::Speech => SPEECH,
            Sound::Silence => [g711::SILENCE; FRAME_SAMPLES],
        };
        let nanos = u64::try_from(self.sent.as_nanos()).expect("a measurement takes less than centuries");
        let mut bytes = [0; LENGTH / 2];
        bytes[..2].copy_from_slice(&OURS);
        bytes[2..4].copy_from_slice(&self.from.to_be_bytes());
        bytes[4..8].copy_from_slice(&self.number.to_be_bytes());
        bytes[8..].copy_from_slice(&nanos.to_be_bytes());
        for (pair, byte) in frame.chunks_exact_mut(2).zip(bytes) {
            pair[0] = QUIET | (byte >> 4);
            pair[1] = QUIET | (byte & 0x0f);
        }
        frame
    }

    /// What this sound says, if it is a frame of the load.
    pub fn read(sound: &[u8]) -> Option<Self> {
        let mut bytes = [0; LENGTH / 2];
        for (byte, pair) in bytes.iter_mut().zip(sound.get(..LENGTH)?.chunks_exact(2)) {
            *byte = (pair[0] << 4) | (pair[1] & 0x0f);
        }
        let [a, b, from_a, from_b, n0, n1, n2, n3, nanos @ ..] = bytes;
        ([a, b] == OURS).then(|| Self {
            from: u16::from_be_bytes([from_a, from_b]),
            number: u32::from_be_bytes([n0, n1, n2, n3]),
            sent: Duration::from_nanos(u64::from_be_bytes(nanos)),
        })
    }
}

/// Whether a frame can be heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sound {
    /// As loud as somebody speaking.
    Speech,
    /// Nothing but the note.
    Silence,
}

/// How many samples the note takes.
pub const LENGTH: usize = 32;

/// The positive samples of the lowest segment: below -48 dBFS each.
const QUIET: u8 = 0xf0;

/// Tells our frames from hold, the house voice and silence.
const OURS: [u8; 2] = [0xba, 0x70];

/// A tone of 500 Hz, as loud as speech.
const SPEECH: [u8; FRAME_SAMPLES] = {
    let mut tone = [0x1c; FRAME_SAMPLES];
    let mut n = 0;
    while n < FRAME_SAMPLES {
        if n % 16 >= 8 {
            tone[n] |= 0x80;
        }
        n += 1;
    }
    tone
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_read_back_from_speech_and_from_silence_and_is_not_heard_in_either() {
        let note = Note { from: 999, number: 70_000, sent: Duration::from_nanos(0x0123_4567_89ab_cdef) };
        let (speech, silence) = (note.frame(Sound::Speech), note.frame(Sound::Silence));
        assert_eq!(Note::read(&speech), Some(note));
        assert_eq!(Note::read(&silence), Some(note));
        assert!(g711::level_dbfs(&speech) > -30.0 && g711::level_dbfs(&silence) < -55.0);
        assert_eq!(Note::read(&[g711::SILENCE; FRAME_SAMPLES]), None);
        assert_eq!(Note::read(&speech[..20]), None);
    }
}
