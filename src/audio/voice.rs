//! Is somebody speaking? A gate on level above the line's own noise, with hysteresis: the first, thin ear.
//!
//! The noise floor falls fast and rises slowly, so that a long sentence does not become the norm.

use std::time::Duration;

use crate::audio::frame::{FRAME_MILLIS, FRAME_SAMPLES};
use crate::audio::g711;

/// What a frame changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Somebody began to speak.
    Began,
    /// They have been silent for [`TURN_OVER`]; their turn may be over.
    Ended,
}

/// Listens to one leg.
#[derive(Clone, Debug)]
pub struct Voice {
    floor_dbfs: f32,
    loud_frames: u32,
    quiet_millis: u64,
    spoken_millis: u64,
    speaking: bool,
    level_dbfs: f32,
}

impl Default for Voice {
    fn default() -> Self {
        Self {
            floor_dbfs: FLOOR_AT_FIRST_DBFS,
            loud_frames: 0,
            quiet_millis: 0,
            spoken_millis: 0,
            speaking: false,
            level_dbfs: g711::QUIETEST_DBFS,
        }
    }
}

impl Voice {
    /// Hears the next frame.
    pub fn hear(&mut self, sound: &[u8; FRAME_SAMPLES]) -> Option<Change> {
        let level = g711::level_dbfs(sound);
        self.level_dbfs = level;
        let rise = level - self.floor_dbfs;
        self.floor_dbfs += if rise < 0.0 { rise * FALL } else { (rise * RISE).min(RISE_AT_MOST_DB) };
        self.floor_dbfs = self.floor_dbfs.max(FLOOR_LOWEST_DBFS);

        let loud = level > self.floor_dbfs + if self.speaking { STAY_DB } else { START_DB };
        if loud {
            self.loud_frames += 1;
            self.quiet_millis = 0;
            self.spoken_millis += FRAME_MILLIS;
        } else {
            self.loud_frames = 0;
            self.quiet_millis += FRAME_MILLIS;
        }
        if !self.speaking && self.loud_frames >= START_FRAMES {
            self.speaking = true;
            self.spoken_millis = self.loud_frames as u64 * FRAME_MILLIS;
            return Some(Change::Began);
        }
        if self.speaking && self.quiet_millis >= TURN_OVER.as_millis() as u64 {
            self.speaking = false;
            return Some(Change::Ended);
        }
        None
    }

    /// Whether somebody is speaking now.
    pub fn speaking(&self) -> bool {
        self.speaking
    }

    /// How much was spoken in the turn that goes on.
    pub fn spoken(&self) -> Duration {
        if self.speaking { Duration::from_millis(self.spoken_millis) } else { Duration::ZERO }
    }

    /// The level of the last frame.
    pub fn level_dbfs(&self) -> f32 {
        self.level_dbfs
    }
}

/// Silence after which a turn may be over: above nearly every pause inside one.
pub const TURN_OVER: Duration = Duration::from_millis(700);

/// Where a quiet telephone line's noise lies before it has been heard.
const FLOOR_AT_FIRST_DBFS: f32 = -55.0;
/// Below this, a line counts as silent however its noise moves.
const FLOOR_LOWEST_DBFS: f32 = -65.0;
/// Share of a fall that the floor follows in a frame.
const FALL: f32 = 0.3;
/// Share of a rise that the floor follows in a frame.
const RISE: f32 = 0.005;
/// 1.5 dB a second: a sentence of five seconds lifts the floor by less than the gate.
const RISE_AT_MOST_DB: f32 = 0.03;
/// Speech on the phone lies 15 dB and more above the line's noise.
const START_DB: f32 = 10.0;
/// Word ends fall off; hysteresis keeps them.
const STAY_DB: f32 = 6.0;
/// 60 ms: longer than a click.
const START_FRAMES: u32 = 3;

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(amplitude: f32) -> [u8; FRAME_SAMPLES] {
        std::array::from_fn(|n| g711::encode(((n as f32 * 0.5).sin() * amplitude) as i16))
    }

    #[test]
    fn a_sentence_is_heard_once_from_beginning_to_end() {
        let mut voice = Voice::default();
        let frames = |voice: &mut Voice, amplitude: f32, count: usize| -> Vec<(usize, Change)> {
            (0..count).filter_map(|n| voice.hear(&tone(amplitude)).map(|c| (n, c))).collect()
        };
        assert_eq!(frames(&mut voice, 10.0, 100), []);
        assert_eq!(frames(&mut voice, 4_000.0, 100), [(2, Change::Began)]);
        assert!(voice.spoken() >= Duration::from_millis(1_900));
        assert_eq!(frames(&mut voice, 10.0, 100), [(34, Change::Ended)]);
        assert!(!voice.speaking());
    }

    #[test]
    fn a_click_and_steady_noise_are_not_speech() {
        let mut voice = Voice::default();
        assert_eq!(voice.hear(&tone(20_000.0)), None);
        for _ in 0..3_000 {
            assert_eq!(voice.hear(&tone(40.0)), None);
        }
    }
}
