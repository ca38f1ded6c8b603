//! The cheapest way through the candidates of the last hops: a voice neither jumps nor flickers.

use super::Pitch;
use super::candidates::{Candidate, Candidates, HIGHER, MOST};
use super::correlation::HIGHEST_HZ;
use super::speaker::Speaker;

/// Hops that a decision waits for what comes next.
pub(super) const LATE_HOPS: usize = 4;

/// States of a hop: its candidates, and at the end "no voice".
const STATES: usize = MOST + 1;

/// The ways to the newest hop and what was seen on them.
#[derive(Clone, Debug)]
pub(super) struct Path {
    hops: [Seen; LATE_HOPS + 1],
    costs: [f32; STATES],
    newest: usize,
    seen: usize,
    looseness: f32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    candidates: Candidates,
    from: [u8; STATES],
}

impl Default for Path {
    fn default() -> Self {
        let mut costs = [FAR; STATES];
        costs[MOST] = 0.0;
        Self { hops: [Seen::default(); LATE_HOPS + 1], costs, newest: LATE_HOPS, seen: 0, looseness: 1.0 }
    }
}

impl Path {
    /// Takes a hop in; decides on the one of [`LATE_HOPS`] ago.
    pub(super) fn step(&mut self, candidates: &Candidates, speaker: &Speaker) -> Option<Pitch> {
        let before = self.hops[self.newest].candidates;
        let mut from = [MOST as u8; STATES];
        let mut costs = [FAR; STATES];
        for (to, candidate) in candidates.all().iter().enumerate() {
            let mut best = (MOST, self.costs[MOST] + SWITCH * self.looseness);
            for (state, earlier) in before.all().iter().enumerate() {
                let cost =
                    self.costs[state] + (earlier.octave - candidate.octave).abs() * JUMP * self.looseness;
                if cost < best.1 {
                    best = (state, cost);
                }
            }
            from[to] = best.0 as u8;
            costs[to] = best.1 + unlike(candidate, speaker);
        }
        let mut best = (MOST, self.costs[MOST]);
        for state in 0..before.all().len() {
            let cost = self.costs[state] + SWITCH * self.looseness;
            if cost < best.1 {
                best = (state, cost);
            }
        }
        from[MOST] = best.0 as u8;
        costs[MOST] = best.1 + 1.0 - VOICED_FROM;

        self.looseness = 1.0;
        self.newest = (self.newest + 1) % self.hops.len();
        self.hops[self.newest] = Seen { candidates: *candidates, from };
        // Only differences matter; without this the sums would grow for ever.
        let least = costs.iter().copied().fold(FAR, f32::min);
        self.costs = costs.map(|cost| (cost - least).min(FAR));
        self.seen = (self.seen + 1).min(self.hops.len());
        (self.seen == self.hops.len()).then(|| self.decide())
    }

    /// A gap: the next hop may differ more from the last.
    pub(super) fn loosen(&mut self) {
        self.looseness *= LOOSENED;
    }

    fn decide(&self) -> Pitch {
        let mut state = (0..STATES)
            .fold(MOST, |best, state| if self.costs[state] < self.costs[best] { state } else { best });
        let mut hop = self.newest;
        for _ in 0..LATE_HOPS {
            state = usize::from(self.hops[hop].from[state]);
            hop = (hop + self.hops.len() - 1) % self.hops.len();
        }
        let candidates = self.hops[hop].candidates.all();
        match candidates.get(state) {
            Some(taken) => Pitch { f0_hz: Some(taken.hz), voicing: taken.mixed, alike: taken.wave },
            None => Pitch {
                f0_hz: None,
                voicing: candidates.first().map_or(0.0, |best| best.mixed),
                alike: candidates.first().map_or(0.0, |best| best.wave),
            },
        }
    }
}

fn unlike(candidate: &Candidate, speaker: &Speaker) -> f32 {
    // What is all but perfectly periodic is believed, however strange.
    (1.0 - candidate.mixed) * (1.0 + speaker.strangeness(candidate)) + HIGHER * (HIGHEST_HZ - candidate.hz)
}

/// Further than any real cost.
const FAR: f32 = 1e3;

/// What a change of an octave costs from one hop to the next.
const JUMP: f32 = 0.85;

/// What it costs to begin or end voice.
const SWITCH: f32 = 0.34;

/// A likeness above this is voice, if it lasts long enough to pay for two switches, is not too low and not strange: a
/// voice of 100 Hz has to be 0.25.
const VOICED_FROM: f32 = 0.152;

/// How much of the costs of change is left after a frame that was not heard.
const LOOSENED: f32 = 0.5;
