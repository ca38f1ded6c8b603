//! The pitch that this speaker usually has: a mild wish that settles octaves, never a rule.
//!
//! It is fed with what each hop alone shows, not with what was decided, so that it cannot confirm itself. Whoever has
//! not been heard yet is taken for somebody: where the line has left one harmonic of a low or a soft voice, that one
//! looks like a high voice, and such are few.

use super::candidates::{Candidate, Candidates};

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
        let fit = |candidate: &Candidate| candidate.mixed + SHORTER * candidate.octave;
        let fitter = |one: Candidate, other: Candidate| if fit(&other) > fit(&one) { other } else { one };
        let best = candidates.all().iter().copied().reduce(fitter);
        let Some(best) = best.filter(|best| best.mixed >= CLEAR) else { return };
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

    /// Somebody else may speak after a gap: what was learnt counts for less.
    pub(super) fn doubt(&mut self) {
        for count in &mut self.heard {
            *count *= DOUBT;
        }
        self.total *= DOUBT;
    }

    /// What a candidate costs more for being unlike the speaker.
    pub(super) fn strangeness(&self, candidate: &Candidate) -> f32 {
        // What shows itself clearly needs no guess at who it might be: noise on the line would halve a child's voice.
        let unclear = (GUESS_BELOW - candidate.mixed) / (GUESS_BELOW - GUESS_WHOLLY);
        let somebody = SOMEBODY * unclear.clamp(0.0, 1.0);
        let known = self.total + somebody;
        let sure = known / (known + ENOUGH);
        let middle = (self.middle * self.total + SOMEBODYS_OCTAVE * somebody) / known.max(1e-6);
        let beyond = ((candidate.octave - middle).abs() - USUAL).clamp(0.0, STRANGEST);
        sure * beyond * STRANGE
    }

    /// The middle of what was heard, once there is enough.
    pub(super) fn usual_hz(&self) -> Option<f32> {
        (self.total >= ENOUGH_TO_TELL).then(|| libm::exp2f(self.middle))
    }
}

/// Three octaves and a little.
const SEMITONES: usize = 41;

/// 62 Hz.
const LOWEST_OCTAVE: f32 = 5.954;

/// Only what is this alike counts: noise makes half and double periods win by chance, and must teach nothing.
const CLEAR: f32 = 0.66;

/// What an octave is worth to what is learnt: in noise two periods are as alike as one, and a voice once taken for half as
/// high as it is would be held to that.
const SHORTER: f32 = 0.06;

/// What is left after a gap of [`super::LONG_GAP`] frames.
const DOUBT: f32 = 0.25;

/// The past is halved in 0.9 s of clear voice: who becomes excited is followed before they are an octave up.
const FADE: f32 = 0.992;

/// Hops of clear voice that what is known of people in general counts for: after 0.25 s the speaker counts for as much.
const SOMEBODY: f32 = 25.0;

/// A candidate that is this alike is judged by the speaker alone …
const GUESS_BELOW: f32 = 0.62;

/// … and one that is no more alike than this by people in general as well, wholly.
const GUESS_WHOLLY: f32 = 0.45;

/// 128 Hz. Not the middle of all people: a man's voice and a woman's lie within [`USUAL`] of it, or a little beyond on
/// the side where the line misleads.
const SOMEBODYS_OCTAVE: f32 = 7.0;

/// Hops (0.2 s) after which half of the full wish is felt, those of people in general among them.
const ENOUGH: f32 = 22.0;

/// Hops (0.5 s) of clear voice before a usual pitch is named.
const ENOUGH_TO_TELL: f32 = 50.0;

/// Seven semitones up or down are usual for anybody.
const USUAL: f32 = 7.0 / 12.0;

/// Beyond this many octaves more, nothing gets stranger.
const STRANGEST: f32 = 1.0;

/// How many times dearer an octave of strangeness makes what is not alike.
const STRANGE: f32 = 1.2;
