//! A clip of telephone sound as a WAV file: 8 kHz, 16 bits, one channel, which every recogniser of files reads.

use crate::audio::g711;

/// The file.
pub(super) fn of_mu_law(sound: &[u8]) -> Vec<u8> {
    let bytes = u32::try_from(sound.len() * 2).unwrap_or(u32::MAX);
    let mut file = Vec::with_capacity(HEAD + sound.len() * 2);
    file.extend(b"RIFF");
    file.extend((bytes.saturating_add(HEAD as u32 - 8)).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(16_u32.to_le_bytes());
    for half in [1_u16, 1] {
        file.extend(half.to_le_bytes());
    }
    file.extend(RATE.to_le_bytes());
    file.extend((RATE * 2).to_le_bytes());
    for half in [2_u16, 16] {
        file.extend(half.to_le_bytes());
    }
    file.extend(b"data");
    file.extend(bytes.to_le_bytes());
    for sample in sound {
        file.extend(g711::decode(*sample).to_le_bytes());
    }
    file
}

/// The telephone's.
const RATE: u32 = 8_000;

/// What comes before the samples.
const HEAD: usize = 44;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_reader_finds_the_same_samples_in_it() {
        let sound: Vec<u8> = (0..=255).collect();
        let file = of_mu_law(&sound);
        let mut read = hound::WavReader::new(file.as_slice()).unwrap();
        let spec = read.spec();
        assert_eq!((spec.channels, spec.sample_rate, spec.bits_per_sample), (1, 8_000, 16));
        let samples: Vec<i16> = read.samples().map(Result::unwrap).collect();
        assert_eq!(samples, sound.iter().map(|byte| g711::decode(*byte)).collect::<Vec<i16>>());
    }
}
