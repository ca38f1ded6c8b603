//! How loud a line is when nobody speaks, how even that is, and how far speech stands above it.

use crate::audio::frame::FRAME_SAMPLES;

/// What a line sounds like between the words.
pub(super) struct Floor {
    floor: f32,
    noise: f32,
    spread: f32,
    speech: f32,
    recent: [f32; RECENT],
    heard: usize,
}

impl Default for Floor {
    fn default() -> Self {
        Self {
            floor: AT_FIRST_DBFS,
            noise: AT_FIRST_DBFS,
            spread: SPREAD_AT_FIRST_DB,
            speech: SPEECH_AT_FIRST_DBFS,
            recent: [0.0; RECENT],
            heard: 0,
        }
    }
}

impl Floor {
    /// Hears the level of a frame, how much it sounds like speech, and whether there has been no voice for long.
    pub(super) fn hear(&mut self, level: f32, score: f32, voiceless: bool) {
        let level = level.max(LOWEST_DBFS);
        if self.heard == 0 {
            self.floor = level.min(AT_FIRST_AT_MOST_DBFS);
            self.noise = self.floor;
        }
        self.recent[self.heard % RECENT] = level;
        self.heard += 1;
        let rise = level - self.floor;
        self.floor += if rise < 0.0 {
            rise * FALL
        } else if self.heard >= RECENT && self.range() < STEADY_DB {
            (rise * FOLLOW).min(STEADY_RISE_DB)
        } else if score < SURELY_NOT {
            (rise * FOLLOW).min(QUIET_RISE_DB)
        } else if voiceless {
            (rise * FOLLOW).min(VOICELESS_RISE_DB)
        } else {
            (rise * SLOW).min(SLOW_RISE_DB)
        };
        if score < SURELY_NOT {
            let off = level - self.noise;
            self.spread += (off.abs().min(SPREAD_AT_MOST_DB) - self.spread) * SPREAD_FOLLOW;
            self.noise += (off * FOLLOW).clamp(-NOISE_FALL_DB, NOISE_RISE_DB);
        }
        self.noise = self.noise.clamp(self.floor, self.floor + NOISE_ABOVE_DB);
        if score > SURELY && level > self.floor + GATE_DB {
            let off = level - self.speech;
            self.speech += off * SPEECH_FOLLOW;
        }
    }

    /// The quietest that the line is.
    pub(super) fn dbfs(&self) -> f32 {
        self.floor
    }

    /// The level that a frame must have to be somebody's.
    pub(super) fn gate(&self) -> f32 {
        (self.floor + GATE_DB + (NOISY_GATE_DB - GATE_DB) * self.noisiness()).max(INAUDIBLE_DBFS)
    }

    /// The mean level of the line's noise.
    pub(super) fn noise(&self) -> f32 {
        self.noise
    }

    /// How noisy the line is: 0 on a quiet one, 1 where the network takes noise for speech, and between.
    pub(super) fn noisiness(&self) -> f32 {
        let by_floor = (self.noise - NOISY_FROM_DBFS) / NOISY_OVER_DB;
        let by_snr = (SNR_QUIET_DB - (self.speech - self.noise)) / SNR_OVER_DB;
        by_floor.max(by_snr).clamp(0.0, 1.0)
    }

    /// What a frame's level takes from its score, in units of log odds: a frame that is hardly louder than the line's
    /// own noise is no speech, the surer the further speech stands above that noise and the more even the noise is.
    pub(super) fn doubt(&self, level: f32) -> f32 {
        let above = (self.speech - self.noise - TRUST_FROM_DB) / TRUST_OVER_DB;
        let even = (SPREAD_USELESS_DB - self.spread) / SPREAD_OVER_DB;
        let short_of = (CLEAR_DB - (level.max(LOWEST_DBFS) - self.noise).max(0.0)).max(0.0);
        above.clamp(0.0, 1.0) * even.clamp(0.0, 1.0) * short_of * DOUBT_PER_DB
    }

    /// How far the levels of the last second lie apart.
    fn range(&self) -> f32 {
        let (mut low, mut high) = (f32::MAX, f32::MIN);
        for &level in &self.recent {
            low = low.min(level);
            high = high.max(level);
        }
        high - low
    }
}

/// The level of a frame, without what does not swing; -96 when there is none.
pub(super) fn level_dbfs(frame: &[i16; FRAME_SAMPLES]) -> f32 {
    // Whole numbers: the compiler may add them in any order.
    let (mut sum, mut squares) = (0_i64, 0_i64);
    for &sample in frame {
        sum += i64::from(sample);
        squares += i64::from(i32::from(sample) * i32::from(sample));
    }
    let count = FRAME_SAMPLES as i64;
    let power = (count * squares - sum * sum) as f32 / (count * count) as f32;
    if power < 1.0 { SILENT_DBFS } else { 10.0 * libm::log10f(power) - FULL_SCALE_DB }
}

/// The level of no sound at all (16 bits span 96 dB).
pub(super) const SILENT_DBFS: f32 = -96.0;

/// 20·log10(32768).
const FULL_SCALE_DB: f32 = 90.308_99;

/// One second: speech moves by far more than [`STEADY_DB`] in it, a fan does not.
const RECENT: usize = 50;

/// A line that nobody has heard yet.
const AT_FIRST_DBFS: f32 = -60.0;

/// A first frame may be a word already; a line noisier than this shows itself within a second.
const AT_FIRST_AT_MOST_DBFS: f32 = -50.0;

/// The smallest steps of µ-law lie at -72 dBFS; below is digital silence, and 6 dB above that would be its steps.
const LOWEST_DBFS: f32 = -75.0;

/// Share of a fall that the floor follows in a frame: the first gap between two words shows it.
const FALL: f32 = 0.3;

/// Share of a rise that is followed when the frame is surely no speech.
const FOLLOW: f32 = 0.1;

/// 25 dB a second where the level has stood still for one.
const STEADY_RISE_DB: f32 = 0.5;

/// 15 dB a second while the sound is none of a voice.
const QUIET_RISE_DB: f32 = 0.3;

/// Share of a rise that is followed when it may be speech …
const SLOW: f32 = 0.005;

/// … and its limit, 1.5 dB a second: a long sentence does not become the floor.
const SLOW_RISE_DB: f32 = 0.03;

/// The level of steady noise moves by 2 dB in a second's frames, that of babble and of speech by 10 and more.
const STEADY_DB: f32 = 6.0;

/// Below this score a frame is noise …
const SURELY_NOT: f32 = 0.3;

/// … and above this one speech.
const SURELY: f32 = 0.6;

/// Sooner than the floor a noise's mean falls by 2 dB a frame at most …
const NOISE_FALL_DB: f32 = 2.0;

/// … and rises by half a dB.
const NOISE_RISE_DB: f32 = 0.5;

/// Babble's mean lies so far above its quietest frames.
const NOISE_ABOVE_DB: f32 = 12.0;

/// Even noise has 0.5 dB, a quiet telephone 1, babble 2.5.
const SPREAD_AT_FIRST_DB: f32 = 2.0;

/// One door that slams is not the whole noise.
const SPREAD_AT_MOST_DB: f32 = 12.0;

/// The spread of the last 30 frames or so.
const SPREAD_FOLLOW: f32 = 0.03;

/// Telephone speech before it has been heard (-20 to -40 on real lines).
const SPEECH_AT_FIRST_DBFS: f32 = -30.0;

/// The mean of the last 20 frames of speech or so.
const SPEECH_FOLLOW: f32 = 0.05;

/// A frame this far above the floor is more than its noise.
const GATE_DB: f32 = 6.0;

/// Nobody is heard on a telephone below this.
const INAUDIBLE_DBFS: f32 = -62.0;

/// From this noise on a line counts as noisy, wholly 10 dB further up …
const NOISY_FROM_DBFS: f32 = -50.0;

/// … or from this distance of speech and noise on …
const SNR_QUIET_DB: f32 = 22.0;

/// … wholly 5 dB closer.
const SNR_OVER_DB: f32 = 5.0;

/// A step from quiet to noisy would make the same sound speech in one frame and none in the next.
const NOISY_OVER_DB: f32 = 10.0;

/// Where speech stands 14 dB above the noise, level begins to tell them apart, at 24 dB fully.
const TRUST_FROM_DB: f32 = 14.0;
const TRUST_OVER_DB: f32 = 10.0;

/// A noise that moves by 4 dB itself says nothing by its level, one that moves by 2 all it can.
const SPREAD_USELESS_DB: f32 = 4.0;
const SPREAD_OVER_DB: f32 = 2.0;

/// 10 dB above the noise nothing is left to doubt.
const CLEAR_DB: f32 = 10.0;

/// Two units of log odds, a score of 0.5 made 0.12, for a frame as quiet as the noise (measured on five sets).
const DOUBT_PER_DB: f32 = 0.2;

/// In noise, where words hardly stand out.
const NOISY_GATE_DB: f32 = 3.0;

/// 7.5 dB a second where nothing like a voice was heard for long.
const VOICELESS_RISE_DB: f32 = 0.15;
