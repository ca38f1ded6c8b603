//! Comfort noise: what a line sounds like when nobody speaks, so that a pause in the network is no hole.

/// The level of a line's own noise, followed from its quietest frames.
#[derive(Clone, Copy, Debug)]
pub struct Floor {
    dbfs: f32,
}

impl Default for Floor {
    fn default() -> Self {
        Self { dbfs: AT_FIRST_DBFS }
    }
}

impl Floor {
    /// Hears the level of a frame: falls fast, rises slowly; whether the frame is no more than the line's noise.
    pub fn hear(&mut self, level_dbfs: f32) -> bool {
        let rise = level_dbfs - self.dbfs;
        self.dbfs += if rise < 0.0 { rise * FALL } else { (rise * FALL).min(RISE_AT_MOST_DB) };
        self.dbfs = self.dbfs.max(LOWEST_DBFS);
        level_dbfs < (self.dbfs + NEAR_DB).clamp(SURELY_SILENT_DBFS, SURELY_SOUND_DBFS)
    }

    /// How loud comfort noise is on this line, as the root mean square of its samples.
    fn amplitude(self) -> f32 {
        32_768.0 * 10.0_f32.powf(self.dbfs.min(LOUDEST_NOISE_DBFS) / 20.0)
    }
}

/// White noise without end; the same seed makes the same noise.
#[derive(Clone, Copy, Debug)]
pub struct Noise {
    state: u32,
}

impl Default for Noise {
    fn default() -> Self {
        Self { state: SEED }
    }
}

impl Noise {
    /// The next sample of the noise of a line with this floor.
    pub fn sample(&mut self, floor: Floor) -> f32 {
        // Marsaglia's xorshift: three shifts a sample, and it never stops at zero.
        self.state ^= self.state << 13;
        self.state ^= self.state >> 17;
        self.state ^= self.state << 5;
        let unit = self.state as f32 / u32::MAX as f32;
        // The root mean square of an even spread between -1 and 1 is 1/√3.
        (2.0 * unit - 1.0) * floor.amplitude() * 1.732
    }
}

/// Where a quiet telephone line's noise lies before it has been heard.
const AT_FIRST_DBFS: f32 = -65.0;

/// Lower, µ-law has no values left but zero, and zero is digital silence.
const LOWEST_DBFS: f32 = -68.0;

/// About -50 dBm0: louder noise is not comfort (DSP.md §6). 0 dBm0 lies 6.2 dB below full scale.
const LOUDEST_NOISE_DBFS: f32 = -56.2;

/// Share of a step that the floor follows in a frame.
const FALL: f32 = 0.3;

/// 1.5 dB a second: a sentence does not become the floor.
const RISE_AT_MOST_DB: f32 = 0.03;

/// Noise moves by a few dB from frame to frame; speech lies 15 dB and more above it.
const NEAR_DB: f32 = 6.0;

/// Nobody hears this on a telephone.
const SURELY_SILENT_DBFS: f32 = -60.0;

/// Whatever the floor, this is somebody or something.
const SURELY_SOUND_DBFS: f32 = -42.0;

/// Any number but zero.
const SEED: u32 = 0x2545_f491;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::g711;

    /// The level of so many samples of noise, as a listener measures it.
    fn level_of(noise: &mut Noise, floor: Floor, samples: usize) -> f32 {
        let sound: Vec<u8> = (0..samples).map(|_| g711::encode(noise.sample(floor) as i16)).collect();
        g711::level_dbfs(&sound)
    }

    #[test]
    fn comfort_noise_is_as_loud_as_the_line_was_and_never_digital_silence() {
        for (line, least, most) in
            [(-96.0, -71.0, -66.0), (-65.0, -68.0, -63.0), (-58.0, -60.0, -56.0), (-45.0, -58.0, -54.0)]
        {
            let mut floor = Floor::default();
            for _ in 0..2_000 {
                floor.hear(line);
            }
            let mut noise = Noise::default();
            for _ in 0..100 {
                let level = level_of(&mut noise, floor, 160);
                assert!((least - 2.0..most + 2.0).contains(&level), "{line} dBFS became {level}");
            }
            let level = level_of(&mut noise, floor, 16_000);
            assert!((least..most).contains(&level), "{line} dBFS became {level}");
        }
    }

    #[test]
    fn a_sentence_is_not_silence_and_the_noise_between_two_is() {
        let mut floor = Floor::default();
        assert!((0..250).all(|_| !floor.hear(-22.0)));
        assert!(floor.hear(-62.0));
        assert!((0..250).all(|n| floor.hear(-57.0) || n < 2), "a noisier line is a line too");
    }
}
