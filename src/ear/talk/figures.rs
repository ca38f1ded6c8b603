//! The running figures of a conversation: who spoke in each of the last 3,000 steps, what happened in the last minute, and
//! sums over the call.

use std::time::Duration;

use super::shape::{Latency, Shape, share};
use super::{Party, STEP_MICROS};
use crate::time::CallTime;

/// What is counted of a party.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Moment {
    Turn { latency_millis: Option<i32> },
    BargedIn,
    BackChannel,
    Pause { millis: u32 },
    SilenceLeft,
}

#[derive(Clone, Debug)]
pub(super) struct Figures {
    /// Who spoke in each step of the last minute, four to a byte: bit 0 the prospect, bit 1 the other.
    steps: [u8; STEPS / 4],
    next: usize,
    lately: Spoken,
    so_far: Spoken,
    /// The latest happenings, a ring.
    moments: [Option<(CallTime, Party, Moment)>; MOMENTS],
    next_moment: usize,
    counts: [Counts; 2],
    now: CallTime,
}

/// Steps in which somebody spoke.
#[derive(Clone, Copy, Debug, Default)]
struct Spoken {
    all: u32,
    by: [u32; 2],
    both: u32,
}

#[derive(Clone, Copy, Debug)]
struct Counts {
    turns: u32,
    barged_in: u32,
    back_channels: u32,
    pauses: u32,
    longest_pause: Duration,
    paused: Duration,
    silences_left: u32,
    latest: i32,
    answers: u32,
    /// How many answers took so long, in steps of [`BIN_MILLIS`] from [`FIRST_BIN_MILLIS`].
    latencies: [u16; BINS],
}

impl Default for Figures {
    fn default() -> Self {
        Self {
            steps: [0; STEPS / 4],
            next: 0,
            lately: Spoken::default(),
            so_far: Spoken::default(),
            moments: [None; MOMENTS],
            next_moment: 0,
            counts: [Counts::default(); 2],
            now: CallTime::ZERO,
        }
    }
}

impl Default for Counts {
    fn default() -> Self {
        Self {
            turns: 0,
            barged_in: 0,
            back_channels: 0,
            pauses: 0,
            longest_pause: Duration::ZERO,
            paused: Duration::ZERO,
            silences_left: 0,
            latest: 0,
            answers: 0,
            latencies: [0; BINS],
        }
    }
}

impl Spoken {
    fn add(&mut self, step: u8) {
        self.all += 1;
        self.by[0] += u32::from(step & 1);
        self.by[1] += u32::from(step >> 1);
        self.both += u32::from(step == 3);
    }

    fn subtract(&mut self, step: u8) {
        self.all -= 1;
        self.by[0] -= u32::from(step & 1);
        self.by[1] -= u32::from(step >> 1);
        self.both -= u32::from(step == 3);
    }
}

impl Figures {
    pub(super) fn step(&mut self, now: CallTime, [prospect, other]: [bool; 2]) {
        self.now = now;
        let step = u8::from(prospect) | u8::from(other) << 1;
        let (place, shift) = (self.next / 4, self.next % 4 * 2);
        if self.lately.all as usize == STEPS {
            self.lately.subtract(self.steps[place] >> shift & 3);
        }
        self.steps[place] = self.steps[place] & !(3 << shift) | step << shift;
        self.next = (self.next + 1) % STEPS;
        self.lately.add(step);
        // A step is never undone: after 2.7 years of one call the sums stand still.
        if self.so_far.all < u32::MAX {
            self.so_far.add(step);
        }
    }

    /// A minute and more passed unheard.
    pub(super) fn leap(&mut self, now: CallTime) {
        self.now = now;
        self.lately = Spoken::default();
        self.next = 0;
    }

    pub(super) fn add(&mut self, at: CallTime, who: Party, moment: Moment) {
        self.moments[self.next_moment] = Some((at, who, moment));
        self.next_moment = (self.next_moment + 1) % MOMENTS;
        self.counts[who.index()].add(moment);
    }

    /// Nobody speaks: whoever did not speak last should have.
    pub(super) fn add_silence(&mut self, at: CallTime, after: Option<Party>) {
        if let Some(spoke) = after {
            self.add(at, spoke.other(), Moment::SilenceLeft);
        }
    }

    pub(super) fn so_far(&self, who: Party) -> Shape {
        let latency = self.counts[who.index()].latency();
        shape(who, self.so_far, &self.counts, latency)
    }

    pub(super) fn lately(&self, who: Party) -> Shape {
        let mut counts = [Counts::default(); 2];
        let mut answers = [0; MOMENTS];
        let mut answered = 0;
        for back in 1..=MOMENTS {
            let Some((at, party, moment)) = self.moments[(self.next_moment + MOMENTS - back) % MOMENTS]
            else {
                break;
            };
            if self.now.since(at) > MINUTE {
                continue;
            }
            counts[party.index()].add(moment);
            if let (Moment::Turn { latency_millis: Some(millis) }, true) = (moment, party == who) {
                answers[answered] = millis;
                answered += 1;
            }
        }
        let latest_millis = answers[0];
        let answers = &mut answers[..answered];
        answers.sort_unstable();
        let latency = answers.get(answered / 2).map(|&median_millis| Latency {
            median_millis,
            latest_millis,
            answers: answered as u32,
        });
        shape(who, self.lately, &counts, latency)
    }
}

fn shape(who: Party, spoken: Spoken, counts: &[Counts; 2], latency: Option<Latency>) -> Shape {
    let (mine, others) = (who.index(), who.other().index());
    let own = spoken.by[mine] as f32;
    let all = own + spoken.by[others] as f32;
    let counted = &counts[mine];
    let paused = counted.paused.as_micros() as f32 / STEP_MICROS as f32;
    Shape {
        over: Duration::from_micros(u64::from(spoken.all) * STEP_MICROS),
        talk_share: if all > 0.0 { share(own, all) } else { 0.5 },
        speech_share: share(own, spoken.all as f32),
        overlap_share: share(spoken.both as f32, all - spoken.both as f32),
        turns: counted.turns,
        latency,
        interruptions_made: counted.barged_in,
        interruptions_suffered: counts[others].barged_in,
        back_channels: counted.back_channels,
        pauses: counted.pauses,
        longest_pause: counted.longest_pause,
        pause_share: share(paused, paused + own),
        silences_left: counted.silences_left,
    }
}

impl Counts {
    fn add(&mut self, moment: Moment) {
        match moment {
            Moment::Turn { latency_millis } => {
                self.turns += 1;
                if let Some(millis) = latency_millis {
                    self.latest = millis;
                    self.answers += 1;
                    let bin = ((millis - FIRST_BIN_MILLIS) / BIN_MILLIS).clamp(0, BINS as i32 - 1);
                    let bin = &mut self.latencies[bin as usize];
                    *bin = bin.saturating_add(1);
                }
            }
            Moment::BargedIn => self.barged_in += 1,
            Moment::BackChannel => self.back_channels += 1,
            Moment::SilenceLeft => self.silences_left += 1,
            Moment::Pause { millis } => {
                let pause = Duration::from_millis(u64::from(millis));
                self.pauses += 1;
                self.paused += pause;
                self.longest_pause = self.longest_pause.max(pause);
            }
        }
    }

    fn latency(&self) -> Option<Latency> {
        let half = self.answers / 2;
        let mut faster = 0;
        let median = self.latencies.iter().position(|&count| {
            faster += u32::from(count);
            faster > half
        })?;
        let median_millis = FIRST_BIN_MILLIS + median as i32 * BIN_MILLIS + BIN_MILLIS / 2;
        Some(Latency { median_millis, latest_millis: self.latest, answers: self.answers })
    }
}

/// A minute of steps: long enough for a few turns each, short enough that what was said before the topic changed is gone.
const STEPS: usize = 3_000;

const MINUTE: Duration = Duration::from_secs(60);

/// What happens in a minute at most: two turns, a pause or a back-channel each second.
const MOMENTS: usize = 128;

/// Half of it is how far the median over a call can be off: an eighth of the differences that people feel (250 ms).
const BIN_MILLIS: i32 = 50;

/// Answers that come more than a second before the end are none to what was said.
const FIRST_BIN_MILLIS: i32 = -1_000;

/// Up to 5 s.
const BINS: usize = 120;
