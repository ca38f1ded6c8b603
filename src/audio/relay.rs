//! A live voice on its way to an ear: at once and untouched while all is steady; made up for where it fails to come;
//! caught up with where it comes too late.
//!
//! The far side plays what it is sent in real time and never catches up by itself. How much it still has to play is told
//! from outside, with the time; all else follows from the frames.

use std::collections::VecDeque;
use std::time::Duration;

use crate::audio::catch_up::{CALM, CatchUp, Cut, Pace, SHORTEST_CUT, TARGET};
use crate::audio::conceal::Concealer;
use crate::audio::frame::{FRAME_SAMPLES, Frame};
use crate::audio::noise::Floor;
use crate::audio::{g711, trim};
use crate::time::MediaTime;

/// What is known of the far side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Far {
    /// How much it has yet to play.
    pub backlog: Duration,
    /// By how much the way there is longer at one time than at another.
    pub jitter: Duration,
    /// Whether it takes anything at all now.
    pub state: FarState,
}

impl Far {
    /// How much sooner it must be looked after because of jitter, in samples.
    fn slack(self) -> usize {
        samples(self.jitter).min(JITTER_AT_MOST)
    }
}

/// Whether the far side can be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FarState {
    /// What is sent arrives.
    Takes,
    /// The way there stands still: what is sent now only piles up.
    StandsStill,
}

/// What was done to a voice, in samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deeds {
    /// Silence that was left out.
    pub silence_trimmed: u64,
    /// Speech that was left out.
    pub speech_trimmed: u64,
    /// Time that was put into speech.
    pub stretched: u64,
    /// What was made up where nothing came: a voice that fades, then the noise of its line.
    pub made_up: u64,
}

/// One voice on its way to one ear.
#[derive(Debug)]
pub struct Relay {
    held: VecDeque<Held>,
    concealer: Concealer,
    floor: Floor,
    next_at: Option<MediaTime>,
    covered: u64,
    joined: bool,
    silent_run: usize,
    catch_up: CatchUp,
    deeds: Deeds,
    out: [u8; LONGEST_PIECE],
}

#[derive(Clone, Copy, Debug)]
struct Held {
    frame: Frame,
    silent: bool,
}

impl Default for Relay {
    fn default() -> Self {
        Self {
            held: VecDeque::new(),
            concealer: Concealer::default(),
            floor: Floor::default(),
            next_at: None,
            covered: 0,
            joined: false,
            silent_run: 0,
            catch_up: CatchUp::default(),
            deeds: Deeds::default(),
            out: [g711::SILENCE; LONGEST_PIECE],
        }
    }
}

impl Relay {
    /// Another moment begins: what was before belongs to nobody here.
    pub fn begin_anew(&mut self) {
        self.held.clear();
        // From here on nothing is allocated; a leg that never hears anybody live needs no room.
        self.held.reserve(HELD_AT_MOST);
        self.concealer = Concealer::default();
        self.next_at = None;
        self.covered = 0;
        self.joined = false;
        self.silent_run = 0;
        self.catch_up = CatchUp::default();
    }

    /// A frame came.
    pub fn came(&mut self, frame: Frame) {
        if self.held.len() == HELD_AT_MOST {
            self.leave_out_the_oldest();
        }
        let silent = self.floor.hear(g711::level_dbfs(&frame.sound));
        self.held.push_back(Held { frame, silent });
    }

    /// What is to be sent now, if anything is: to be asked until it has nothing more.
    pub fn next(&mut self, now: Duration, far: Far) -> Option<&[u8]> {
        let (backlog, jitter) = (samples(far.backlog), far.slack());
        loop {
            let lag = backlog + self.held.len() * FRAME_SAMPLES;
            if far.state == FarState::StandsStill {
                self.catch_up.wait(now, lag);
                return None;
            }
            let pace = self.catch_up.look(now, lag);
            let Some(&Held { frame, silent }) = self.held.front() else {
                return (backlog <= NEARLY_DRY + jitter).then(|| self.make_up(self.next_made_up()));
            };
            if matches!(pace, Pace::Fast(_)) && backlog > CALM {
                return None;
            }
            let missing = self.missing_before(&frame, backlog);
            if missing > 0 {
                return Some(self.make_up(missing.min(FRAME_SAMPLES)));
            }
            if pace != Pace::Steady && self.is_amid_silence() {
                self.leave_out_the_oldest();
                continue;
            }
            self.held.pop_front();
            let cut = if silent {
                Cut::Nothing
            } else {
                self.catch_up.cut_of_speech(now, self.lag_of_speech(backlog))
            };
            if cut == Cut::All {
                self.left_out(&frame, silent);
                continue;
            }
            self.silent_run = if silent { self.silent_run + 1 } else { 0 };
            let low = pace == Pace::Steady && backlog < LOW + jitter;
            return Some(self.pass(&frame, cut, low));
        }
    }

    /// How long the far side can do without anything from here, if it can tell at all.
    pub fn patience(&self, far: Far) -> Option<Duration> {
        let until = match (far.state, self.held.is_empty()) {
            (FarState::StandsStill, _) => return None,
            (FarState::Takes, true) => NEARLY_DRY + far.slack(),
            (FarState::Takes, false) => CALM,
        };
        Some(span(samples(far.backlog).saturating_sub(until)))
    }

    /// The next frame for an ear that hears this voice mixed with something that has a beat of its own.
    pub fn on_the_beat(&mut self) -> &[u8; FRAME_SAMPLES] {
        while self.held.len() > MIXED_AHEAD {
            self.leave_out_the_oldest();
        }
        let piece = match self.held.pop_front() {
            Some(Held { frame, silent }) => {
                self.silent_run = if silent { self.silent_run + 1 } else { 0 };
                self.pass(&frame, Cut::Nothing, false)
            }
            None => self.make_up(FRAME_SAMPLES),
        };
        piece.first_chunk().expect("nothing is trimmed or stretched while all is steady")
    }

    /// How much was made up since the last frame came.
    pub fn absent(&self) -> Duration {
        span(self.covered as usize)
    }

    /// Something else is heard while the voice is absent; 20 ms of it, in place of what `next` would make up.
    pub fn stand_in(&mut self, sound: &[u8; FRAME_SAMPLES], far: Far) -> Option<&[u8]> {
        let dry = samples(far.backlog) <= NEARLY_DRY + far.slack();
        if !self.held.is_empty() || !dry || far.state == FarState::StandsStill {
            return None;
        }
        let mut decoded = sound.map(|byte| f32::from(g711::DECODED[byte as usize]));
        if self.concealer.has_faded() {
            // Out of the noise, gently; the next follows from this by itself.
            self.concealer.blend(self.floor, &mut decoded);
        }
        encode(&decoded, &mut self.out);
        self.concealer.passed(&self.out[..FRAME_SAMPLES]);
        self.covered += FRAME_SAMPLES as u64;
        Some(&self.out[..FRAME_SAMPLES])
    }

    /// What was done to the voice since this was last asked.
    pub fn take_deeds(&mut self) -> Deeds {
        std::mem::take(&mut self.deeds)
    }

    /// How much is still to be made up before this frame: what never came, as far as the ear would run dry without it.
    fn missing_before(&self, frame: &Frame, backlog: usize) -> usize {
        let cushion = TARGET.saturating_sub(backlog + FRAME_SAMPLES);
        let Some(next_at) = self.next_at else {
            // The first of them: a little ahead, so that the next may come a little late.
            return if self.covered == 0 { cushion } else { 0 };
        };
        let gap = frame.at - next_at;
        if gap <= self.covered || self.covered >= GAP_AT_MOST {
            return 0;
        }
        ((gap - self.covered) as usize).min(cushion)
    }

    /// Whether the oldest frame is silence in the midst of a pause: what remains without it is still a pause.
    fn is_amid_silence(&self) -> bool {
        let silent = |n: usize| self.held.get(n).is_none_or(|held| held.silent);
        self.silent_run >= PAUSE_KEPT && silent(0) && silent(1)
    }

    /// How late the voice is when the silence that waits has gone, the frame in hand included.
    fn lag_of_speech(&self, backlog: usize) -> usize {
        let silent = self.held.iter().filter(|held| held.silent).count();
        backlog + (1 + self.held.len() - silent.saturating_sub(PAUSE_KEPT)) * FRAME_SAMPLES
    }

    fn pass(&mut self, frame: &Frame, cut: Cut, low: bool) -> &[u8] {
        let lengthens = self.joined && low;
        let follows = self.joined && self.next_at == Some(frame.at);
        self.next_at = Some(frame.at + FRAME_SAMPLES as u64);
        self.covered = 0;
        self.joined = true;
        if follows && cut == Cut::Nothing && !lengthens {
            self.concealer.passed(&frame.sound);
            self.out[..FRAME_SAMPLES].copy_from_slice(&frame.sound);
            return &self.out[..FRAME_SAMPLES];
        }
        let mut sound = [0.0; LONGEST_PIECE];
        let mut length = FRAME_SAMPLES;
        for (sample, &byte) in sound.iter_mut().zip(&frame.sound) {
            *sample = f32::from(g711::DECODED[byte as usize]);
        }
        if !follows {
            self.concealer.blend(self.floor, &mut sound[..length]);
        }
        if let Cut::Some(least, most) = cut {
            let went = trim::shorten(&mut sound[..length], least, most);
            length -= went;
            self.catch_up.went(went);
            self.deeds.speech_trimmed += went as u64;
        } else if lengthens {
            let added = trim::lengthen(&mut sound, length, SHORTEST_CUT, LONGEST_STRETCH);
            length += added;
            self.deeds.stretched += added as u64;
        }
        encode(&sound[..length], &mut self.out);
        self.concealer.passed(&self.out[..length]);
        &self.out[..length]
    }

    /// Half a frame while the voice fades: it may still come back in time. Then whole frames.
    fn next_made_up(&self) -> usize {
        if self.concealer.has_faded() { FRAME_SAMPLES } else { FRAME_SAMPLES / 2 }
    }

    fn make_up(&mut self, length: usize) -> &[u8] {
        let mut sound = [0.0; LONGEST_PIECE];
        self.concealer.make_up(self.floor, &mut sound[..length]);
        encode(&sound[..length], &mut self.out);
        self.covered += length as u64;
        self.joined = false;
        self.deeds.made_up += length as u64;
        &self.out[..length]
    }

    fn leave_out_the_oldest(&mut self) {
        if let Some(Held { frame, silent }) = self.held.pop_front() {
            self.left_out(&frame, silent);
        }
    }

    fn left_out(&mut self, frame: &Frame, silent: bool) {
        self.next_at = Some(frame.at + FRAME_SAMPLES as u64);
        self.joined = false;
        let deed = if silent { &mut self.deeds.silence_trimmed } else { &mut self.deeds.speech_trimmed };
        *deed += FRAME_SAMPLES as u64;
    }
}

fn encode(sound: &[f32], into: &mut [u8]) {
    for (byte, &sample) in into.iter_mut().zip(sound) {
        *byte = g711::encode(sample as i16);
    }
}

fn samples(span: Duration) -> usize {
    (span.as_micros() / 125) as usize
}

fn span(samples: usize) -> Duration {
    Duration::from_micros(samples as u64 * 125)
}

/// 2.4 s, a stall of 2 s and what it takes to notice it: older words are worth nothing, whoever spoke them has gone on.
const HELD_AT_MOST: usize = 120;

/// A frame that is lengthened as far as it goes, and a little room.
const LONGEST_PIECE: usize = 2 * FRAME_SAMPLES;

/// 12 ms: time is put in before the far side runs dry.
const LOW: usize = 96;

/// 6 ms: what is late is made up for; later, a timer's own delay would be heard.
const NEARLY_DRY: usize = 48;

/// 20 ms: against more, time is not put in beforehand.
const JITTER_AT_MOST: usize = 160;

/// 100 ms: a longer gap is not filled, it is a pause (and sounds as one).
const GAP_AT_MOST: u64 = 800;

/// 60 ms of a pause stay: words do not run together.
const PAUSE_KEPT: usize = 3;

/// 10 ms put in at once.
const LONGEST_STRETCH: usize = 80;

/// Live frames that may wait while they are mixed.
const MIXED_AHEAD: usize = 2;

#[cfg(test)]
#[path = "relay_tests.rs"]
mod tests;
