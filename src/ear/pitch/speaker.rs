//! The pitch that this speaker usually has: a mild wish that settles octaves, never a rule.
//!
//! It is fed with what each hop alone shows, not with what was decided, so that it cannot confirm itself.

use super::candidates::Candidates;

/// How often each semitone was heard, the past fading.
#[derive(Clone, Debug)]
pub(super) struct Speaker {
    heard: [f32; SEMITONES],
    total: f32,
    middle: f32,
}

impl Default for Speaker {
    fn default() -> Self {
        Self { heard: [0.0; SEMITONES], total: 0.0, middle: 0.0 }
    }
}

impl Speaker {
    /// Counts what the hop alone shows, if it is clearly voice.
    pub(super) fn hear(&mut self, candidates: &Candidates) {
        let Some(best) = candidates.all().first().filter(|best| best.mixed >= CLEAR) else { return };
        let at = ((best.octave - LOWEST_OCTAVE) * 12.0).clamp(0.0, SEMITONES as f32 - 1.0) as usize;
        for count in &mut self.heard {
            *count *= FADE;
        }
        self.heard[at] += 1.0;
        self.total = self.total * FADE + 1.0;
        let mut below = 0.0;
        for (n, count) in self.heard.iter().enumerate() {
            if below + count >= 0.5 * self.total {
                let part = (0.5 * self.total - below) / count.max(1e-6);
                self.middle = LOWEST_OCTAVE + (n as f32 + part.clamp(0.0, 1.0)) / 12.0;
                return;
            }
            below += count;
        }
    }

    /// What a candidate of this octave costs more for being unlike the speaker.
    pub(super) fn strangeness(&self, octave: f32) -> f32 {
        let sure = self.total / (self.total + ENOUGH);
        let beyond = ((octave - self.middle).abs() - USUAL).clamp(0.0, STRANGEST);
        sure * beyond * STRANGE
    }

    /// The middle of what was heard, once there is enough.
    pub(super) fn usual_hz(&self) -> Option<f32> {
        (self.total >= ENOUGH).then(|| libm::exp2f(self.middle))
    }
}

/// Three octaves and a little.
const SEMITONES: usize = 37;

/// 62 Hz.
const LOWEST_OCTAVE: f32 = 5.954;

/// Only what is this alike counts: noise makes half and double periods win by chance, and must teach nothing.
const CLEAR: f32 = 0.75;

/// The past is halved in 0.7 s of clear voice: who becomes excited is followed before they are an octave up.
const FADE: f32 = 0.99;

/// Hops (0.5 s of clear voice) after which half of the full wish is felt.
const ENOUGH: f32 = 50.0;

/// Seven semitones up or down are usual for anybody.
const USUAL: f32 = 7.0 / 12.0;

/// Beyond this many octaves more, nothing gets stranger.
const STRANGEST: f32 = 0.5;

/// How many times dearer an octave of strangeness makes what is not alike.
const STRANGE: f32 = 0.65;
