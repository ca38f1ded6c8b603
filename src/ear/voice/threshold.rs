//! What score is enough: low on a quiet line, where a short "yes" must not be missed, higher where the network takes the
//! line's own noise for half a voice.

/// How the network hears what this line sounds like when nobody speaks, in units of log odds.
pub(super) struct Threshold {
    mean: f32,
    spread: f32,
    noisiness: f32,
}

impl Default for Threshold {
    fn default() -> Self {
        Self { mean: MEAN_AT_FIRST, spread: SPREAD_AT_FIRST, noisiness: 0.0 }
    }
}

impl Threshold {
    /// Hears how much a frame in which nobody speaks sounds like speech.
    pub(super) fn hear(&mut self, odds: f32) {
        let off = (odds - self.mean).clamp(-OFF_AT_MOST, OFF_AT_MOST);
        self.mean += off * FOLLOW;
        self.spread += (off.abs() - self.spread) * FOLLOW;
    }

    /// Takes how noisy the line is by its levels: of the two, the calmer counts, for white noise is loud but nothing to
    /// the network, and a breath on a silent line sounds like something but is not loud.
    pub(super) fn listen(&mut self, noisy_by_level: f32) {
        let noisy_by_sound = self.mean + SPREADS * self.spread + NEAR;
        self.noisiness = noisy_by_sound.clamp(0.0, 1.0).min(noisy_by_level);
    }

    /// Between what holds on a quiet line and what holds in noise, without a step.
    pub(super) fn between(&self, (quiet, noisy): (f32, f32)) -> f32 {
        quiet + (noisy - quiet) * self.noisiness
    }

    /// The line is rather quiet.
    pub(super) fn quiet(&self) -> bool {
        self.noisiness < 0.5
    }
}

/// A score of 0.27, as on quiet lines.
const MEAN_AT_FIRST: f32 = -1.0;

/// That of an even noise.
const SPREAD_AT_FIRST: f32 = 0.2;

/// One second of frames.
const FOLLOW: f32 = 0.02;

/// The first frames of a word still belong to the silence; they must not weigh much.
const OFF_AT_MOST: f32 = 2.0;

/// Nineteen of twenty frames of noise lie below the mean and so many spreads.
const SPREADS: f32 = 2.0;

/// How far above the noise's highest scores a score must be.
const NEAR: f32 = 0.2;
