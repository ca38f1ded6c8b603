//! G.711: a table of 256 values each way in, a search by exponent each way out. µ-law is what the telephone's streams
//! carry; A-law, the other half of the world's, comes in files.
//!
//! The values are those of ITU-T G.711, scaled to 16 bits as everyone does (µ-law's 14 bits shifted left by two, A-law's
//! 13 by three).

/// The byte of silence: +0 of the positive half.
pub const SILENCE: u8 = 0xff;

/// What each byte decodes to.
pub static DECODED: [i16; 256] = decoded();

/// One sample from one byte.
pub const fn decode(byte: u8) -> i16 {
    let inverted = !byte;
    let exponent = (inverted >> 4) & 0x07;
    let mantissa = (inverted & 0x0f) as i16;
    let magnitude = (((mantissa << 3) + BIAS) << exponent) - BIAS;
    if inverted & 0x80 == 0 { magnitude } else { -magnitude }
}

/// One byte from one sample.
pub const fn encode(sample: i16) -> u8 {
    let negative = sample < 0;
    let wide = if negative { -(sample as i32) } else { sample as i32 };
    let magnitude = if wide > CLIP { CLIP } else { wide } + BIAS as i32;
    // The highest set bit lies between 7 (the bias) and 14 (the clip).
    let exponent = (31 - magnitude.leading_zeros()) - 7;
    let mantissa = (magnitude >> (exponent + 3)) & 0x0f;
    let byte = ((exponent as u8) << 4) | mantissa as u8;
    if negative { !(byte | 0x80) } else { !byte }
}

/// What each byte of A-law decodes to.
pub static DECODED_ALAW: [i16; 256] = decoded_alaw();

/// One sample from one byte of A-law.
pub const fn decode_alaw(byte: u8) -> i16 {
    let plain = byte ^ EVEN_BITS;
    let exponent = (plain >> 4) & 0x07;
    // The middle of the step: half of its 16.
    let mantissa = (((plain & 0x0f) as i16) << 4) + 8;
    let magnitude = if exponent == 0 { mantissa } else { (mantissa + 0x100) << (exponent - 1) };
    if plain & 0x80 == 0 { -magnitude } else { magnitude }
}

/// One byte of A-law from one sample.
pub const fn encode_alaw(sample: i16) -> u8 {
    let negative = sample < 0;
    // A-law has no zero: -1 is the first step below it, as 0 is the first above.
    let magnitude = (if negative { !sample } else { sample }) >> 3;
    let exponent = (16 - (magnitude >> 5).leading_zeros()) as u8;
    let shift = if exponent < 2 { 1 } else { exponent };
    let byte = (exponent << 4) | ((magnitude >> shift) & 0x0f) as u8;
    (if negative { byte } else { byte | 0x80 }) ^ EVEN_BITS
}

/// Root mean square of µ-law sound in dB below full scale; -96 when there is none.
pub fn level_dbfs(sound: &[u8]) -> f32 {
    if sound.is_empty() {
        return QUIETEST_DBFS;
    }
    let sum: i64 = sound.iter().map(|&b| i64::from(DECODED[b as usize])).map(|s| s * s).sum();
    let mean = sum as f64 / sound.len() as f64;
    if mean < 1.0 {
        return QUIETEST_DBFS;
    }
    (10.0 * (mean / (32_768.0 * 32_768.0)).log10()) as f32
}

/// The level that stands for no sound at all (16 bits span 96 dB).
pub const QUIETEST_DBFS: f32 = -96.0;

/// Added before the logarithm is taken, so that small values have an exponent too (G.711, 33 << 2).
const BIAS: i16 = 0x84;

/// The largest magnitude that µ-law can say.
const CLIP: i32 = 32_635;

/// A-law's even bits are sent inverted, so that silence has ones to keep a line's clock by.
const EVEN_BITS: u8 = 0x55;

const fn decoded_alaw() -> [i16; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = decode_alaw(byte as u8);
        byte += 1;
    }
    table
}

const fn decoded() -> [i16; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = decode(byte as u8);
        byte += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_survives_the_round_trip() {
        for byte in 0..=255_u8 {
            // 0x7f is the other zero; it comes back as the positive one.
            let expected = if byte == 0x7f { 0xff } else { byte };
            assert_eq!(encode(decode(byte)), expected, "{byte:#04x}");
        }
    }

    #[test]
    fn known_values_of_the_standard() {
        assert_eq!([decode(0x00), decode(0x80), decode(0xff), decode(0x7f)], [-32_124, 32_124, 0, 0]);
        assert_eq!([decode(0xf0), decode(0xe0), decode(0x8f)], [120, 372, 16_764]);
        assert_eq!([encode(i16::MIN), encode(i16::MAX)], [0x00, 0x80]);
    }

    #[test]
    fn the_error_stays_within_half_a_step() {
        for sample in (i16::MIN..=i16::MAX).step_by(7) {
            let error = (i32::from(decode(encode(sample))) - i32::from(sample)).abs();
            let step =
                (i32::from(sample).abs() / 16).max(8) + 520 * i32::from(sample.unsigned_abs() > 32_635);
            assert!(error <= step, "{sample}: off by {error}");
        }
    }

    #[test]
    fn known_values_of_alaw() {
        assert_eq!([decode_alaw(0xd5), decode_alaw(0x55)], [8, -8], "the two smallest");
        assert_eq!([decode_alaw(0xaa), decode_alaw(0x2a)], [32_256, -32_256], "the two largest");
        // The first of each segment, as table 1a of the standard has them (13 bits, so times eight).
        let first: [i16; 8] =
            std::array::from_fn(|segment| decode_alaw(((segment as u8) << 4 | 0x80) ^ 0x55));
        assert_eq!(first, [1, 33, 66, 132, 264, 528, 1_056, 2_112].map(|value| value * 8));
        assert_eq!(
            [encode_alaw(0), encode_alaw(-1), encode_alaw(i16::MAX), encode_alaw(i16::MIN)],
            [0xd5, 0x55, 0xaa, 0x2a]
        );
    }

    #[test]
    fn every_byte_of_alaw_survives_the_round_trip_and_has_its_mirror() {
        for byte in 0..=255_u8 {
            assert_eq!(encode_alaw(decode_alaw(byte)), byte, "{byte:#04x}");
            assert_eq!(decode_alaw(byte), -decode_alaw(byte ^ 0x80), "{byte:#04x}");
            assert_eq!(DECODED_ALAW[byte as usize], decode_alaw(byte));
        }
    }

    #[test]
    fn the_error_of_alaw_stays_within_half_a_step() {
        for sample in i16::MIN..=i16::MAX {
            let byte = encode_alaw(sample);
            let half_a_step = 8 << (((byte ^ 0x55) >> 4) & 7).saturating_sub(1);
            let error = (i32::from(decode_alaw(byte)) - i32::from(sample)).abs();
            assert!(error <= half_a_step, "{sample}: off by {error}");
        }
    }

    #[test]
    fn another_implementation_says_the_same_of_every_value() {
        use audio_codec_algorithms as other;
        for byte in 0..=255_u8 {
            assert_eq!(decode(byte), other::decode_ulaw(byte), "{byte:#04x}");
            assert_eq!(decode_alaw(byte), other::decode_alaw(byte), "{byte:#04x}");
        }
        for sample in i16::MIN..=i16::MAX {
            // Of µ-law it takes a magnitude by another rounding: on the border of two steps it is one off.
            assert!(encode(sample).abs_diff(other::encode_ulaw(sample)) <= 1, "{sample}");
            assert_eq!(encode_alaw(sample), other::encode_alaw(sample), "{sample}");
        }
    }

    #[test]
    fn levels_are_relative_to_full_scale() {
        assert!(level_dbfs(&[SILENCE; 160]) <= QUIETEST_DBFS);
        assert!((level_dbfs(&[0x80; 160]) - -0.17).abs() < 0.01);
    }
}
