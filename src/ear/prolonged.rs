//! Stretched vowels and filled pauses ("äh", "weeell"): voice that neither moves in pitch nor changes in colour for long.

use crate::ear::prosody::Hop;
use crate::time::MediaTime;

/// A long flat stretch of voice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Where it began.
    pub from: MediaTime,
    /// Where it ended.
    pub to: MediaTime,
}

/// Listens for stretches in one party's voice.
#[derive(Clone, Debug, Default)]
pub struct Prolonged {
    recent: [Hop; LOOK],
    heard: usize,
    going: Option<Going>,
}

/// A stretch that may become long enough.
#[derive(Clone, Copy, Debug, Default)]
struct Going {
    from: MediaTime,
    to: MediaTime,
    hops: u32,
    /// Hops since the last flat one.
    missed: u32,
    /// Sum of the unrest of its hops.
    unrest: f32,
    /// Steps of 10 ms, and those of them over which the pitch stood still.
    steps: u32,
    still: u32,
}

impl Prolonged {
    /// Hears the next hop; says what stretch has just ended, if it was long and flat enough.
    pub fn hear(&mut self, hop: &Hop) -> Option<Stretch> {
        self.recent.rotate_left(1);
        self.recent[LOOK - 1] = *hop;
        self.heard = (self.heard + 1).min(LOOK);
        let Some(unrest) = self.unrest().filter(|_| self.heard == LOOK) else {
            let going = self.going.as_mut()?;
            going.missed += 1;
            return if going.missed <= FORGIVEN { None } else { self.end() };
        };
        let (first, last) = (self.recent[0].at, self.recent[LOOK - 1].at);
        let going = self.going.get_or_insert(Going { from: first, ..Going::default() });
        // The first of a stretch brings all its steps along.
        let steps = if going.hops == 0 { &self.recent[..] } else { &self.recent[LOOK - 2..] };
        for pair in steps.windows(2) {
            going.steps += 1;
            going.still += u32::from(semitones(&pair[0], &pair[1]) < STILL);
        }
        going.to = last;
        going.hops += 1;
        going.missed = 0;
        going.unrest += unrest;
        None
    }

    /// A gap ends whatever was going on.
    pub fn skip(&mut self) -> Option<Stretch> {
        self.heard = 0;
        self.end()
    }

    /// How long what is going on has been flat, in milliseconds, though it may be nothing yet; 0 when nothing is.
    pub fn lasting_millis(&self) -> u64 {
        self.going.map_or(0, |going| (going.to - going.from) / 8)
    }

    fn end(&mut self) -> Option<Stretch> {
        let Going { from, to, hops, unrest, steps, still, .. } = self.going.take()?;
        let beyond = (to - from).checked_sub(SHORTEST)?;
        let still = still as f32 / steps.max(1) as f32;
        let allowed = UNREST_AT_FIRST + UNREST_MORE * beyond as f32 + UNREST_WHERE_STILL * still;
        (unrest <= allowed * hops as f32).then_some(Stretch { from, to })
    }

    /// How much the newest hops differ; nothing when they are not one flat sound.
    fn unrest(&self) -> Option<f32> {
        let hops = &self.recent;
        if hops.iter().any(|hop| hop.f0_hz <= 0.0) {
            return None;
        }
        let (first, last) = (&hops[0], &hops[LOOK - 1]);
        let steps = (LOOK - 1) as f32;
        let moved = semitones(first, last) / steps;
        let swelled = (last.level_db - first.level_db).abs() / steps;
        let flux = hops.iter().fold(0.0, |sum, hop| sum + hop.flux) / LOOK as f32;
        let flat = moved < MOVED && swelled < SWELLED_DB && flux < CHANGED;
        flat.then_some(hops[LOOK / 2].flux + MOVE * moved)
    }
}

fn semitones(one: &Hop, other: &Hop) -> f32 {
    libm::log2f(one.f0_hz / other.f0_hz).abs() * 12.0
}

/// Hops that are looked at together: 50 ms.
const LOOK: usize = 5;

/// Samples between the middles of the first and the last hop of the shortest stretch, 160 ms: vowels of fluent speech are
/// as long, but move.
const SHORTEST: u64 = 1_280;

/// Semitones that the pitch may move in 10 ms.
const MOVED: f32 = 0.35;

/// Decibels that the level may move in 10 ms.
const SWELLED_DB: f32 = 3.0;

/// Mean flux that 50 ms may have: more is another sound.
const CHANGED: f32 = 1.1;

/// A step of the pitch, in semitones, that is none: of fluent speech one step in five, of a held pitch four.
const STILL: f32 = 0.04;

/// How many times a semitone's move in 10 ms unsettles more than a neper's change of colour: what hesitates holds its
/// pitch, even where noise ripples its spectrum.
const MOVE: f32 = 8.0;

/// Mean unrest that a stretch of the shortest length may have whose pitch never stands still.
const UNREST_AT_FIRST: f32 = 0.2;

/// How much more of it for each sample that it is longer (0.2 for 100 ms): nobody reads that slowly.
const UNREST_MORE: f32 = 0.2 / 800.0;

/// How much more of it where the pitch always stands still: breath, noise and the line may then do what they like.
const UNREST_WHERE_STILL: f32 = 0.6;

/// Hops in a row that need not be flat.
const FORGIVEN: u32 = 1;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ear::made_voice::{A, E, MadeVoice, O, hops, noise};

    fn stretches(sound: &[i16]) -> Vec<Stretch> {
        let mut prolonged = Prolonged::default();
        hops(sound, |_| false).iter().filter_map(|hop| prolonged.hear(hop)).collect()
    }

    /// Silence, a vowel of this length, silence.
    fn held(formants: [f64; 3], millis: usize, pitch: impl Fn(f64) -> f64) -> Vec<i16> {
        let mut sound = vec![0; 4_000];
        sound.extend(MadeVoice { formants, ..MadeVoice::default() }.say(millis as f64 / 1_000.0, pitch));
        sound.extend([0; 4_000]);
        sound
    }

    #[test]
    fn a_held_vowel_is_found_where_it_is() {
        for hz in [85.0, 120.0, 210.0, 320.0] {
            for formants in [A, E, O] {
                let found = stretches(&held(formants, 500, |at| hz * (1.0 - 0.02 * at)));
                assert_eq!(found.len(), 1, "{hz} {formants:?}: {found:?}");
                let (from, to) = (found[0].from.as_millis() as i64, found[0].to.as_millis() as i64);
                assert!((from - 500).abs() < 60 && (to - 1_000).abs() < 60, "{hz}: {from} to {to}");
            }
        }
    }

    #[test]
    fn short_and_moving_vowels_noise_and_silence_are_none() {
        assert_eq!(stretches(&held(A, 120, |_| 120.0)), []);
        assert_eq!(stretches(&held(A, 500, |at| 120.0 * 2.0_f64.powf(at * 4.0))), []);
        assert_eq!(stretches(&noise(3.0, 1_000.0)), []);
        assert_eq!(stretches(&vec![0; 16_000]), []);
    }

    #[test]
    fn a_gap_ends_it() {
        let mut prolonged = Prolonged::default();
        let sound = held(A, 600, |_| 130.0);
        for hop in hops(&sound, |_| false).iter().take_while(|hop| hop.at.as_millis() < 900) {
            assert_eq!(prolonged.hear(hop), None);
        }
        assert!((250..450).contains(&prolonged.lasting_millis()), "{}", prolonged.lasting_millis());
        assert!(prolonged.skip().is_some());
        assert_eq!((prolonged.lasting_millis(), prolonged.skip()), (0, None));
    }
}
