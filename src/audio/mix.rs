//! Two sounds in one ear: added wide, then saturated. No scaling, so neither gets quieter for the other.

use crate::audio::frame::FRAME_SAMPLES;
use crate::audio::g711;

/// Adds `other` onto `sound`, both µ-law.
pub fn add(sound: &mut [u8; FRAME_SAMPLES], other: &[u8; FRAME_SAMPLES]) {
    for (byte, &with) in sound.iter_mut().zip(other) {
        let sum = i32::from(g711::DECODED[*byte as usize]) + i32::from(g711::DECODED[with as usize]);
        *byte = g711::encode(sum.clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_adds_nothing_and_loud_sounds_saturate() {
        let loud = [0x80; FRAME_SAMPLES];
        let mut sound = loud;
        add(&mut sound, &[g711::SILENCE; FRAME_SAMPLES]);
        assert_eq!(sound, loud);
        add(&mut sound, &loud);
        assert_eq!(sound, loud, "it must saturate, not wrap");
    }
}
