//! The carrier's play-out queue of one stream: plays in real time, never catches up, knows when a mark is due.
//!
//! PROTOCOLS.md §1.3 is the rule book. Plain values, no clock.

use std::collections::VecDeque;
use std::mem;

use crate::audio::frame::FRAME_SAMPLES;
use crate::audio::g711;

/// What waits to be played, and the marks between.
#[derive(Debug, Default)]
pub(crate) struct Playout {
    sound: VecDeque<u8>,
    marks: VecDeque<(u64, String)>,
    queued: u64,
    played: u64,
    clock: Clock,
}

/// How the clock of the play-out goes.
#[derive(Debug, Default)]
struct Clock {
    parts_per_million: f64,
    fraction: f64,
}

/// What 20 ms of play-out brought.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Played {
    /// What was heard; silence where nothing was queued.
    pub(crate) frame: [u8; FRAME_SAMPLES],
    /// The marks that were reached.
    pub(crate) marks: Vec<String>,
}

/// More was queued than the carrier keeps.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Overflow;

impl Playout {
    /// Queues sound of any size behind what waits already.
    pub(crate) fn media(&mut self, sound: &[u8]) -> Result<(), Overflow> {
        // §1.3: more than about 10 minutes of queued audio is discarded (31931).
        if self.sound.len() + sound.len() > LONGEST_QUEUE {
            return Err(Overflow);
        }
        self.sound.extend(sound);
        self.queued += sound.len() as u64;
        Ok(())
    }

    /// Takes a mark; gives it back when nothing is queued, for then it is echoed at once (§1.3).
    pub(crate) fn mark(&mut self, name: String) -> Option<String> {
        if self.sound.is_empty() {
            return Some(name);
        }
        self.marks.push_back((self.queued, name));
        None
    }

    /// Drops what is queued; gives back every mark that waited, in order (§1.3).
    pub(crate) fn clear(&mut self) -> Vec<String> {
        self.played += self.sound.len() as u64;
        self.sound.clear();
        mem::take(&mut self.marks).into_iter().map(|(_, name)| name).collect()
    }

    /// From now on its clock goes faster than it should by this much, or slower.
    pub(crate) fn drift(&mut self, parts_per_million: f64) {
        self.clock.parts_per_million = parts_per_million;
    }

    /// Plays 20 ms of its own clock.
    pub(crate) fn play(&mut self) -> Played {
        let (frame, length) =
            if self.clock.parts_per_million == 0.0 { self.straight() } else { self.stretched() };
        self.played += length as u64;
        let reached = self.marks.iter().take_while(|(place, _)| *place <= self.played).count();
        Played { frame, marks: self.marks.drain(..reached).map(|(_, name)| name).collect() }
    }

    /// The next frame as it was queued, and how much of the queue it took.
    fn straight(&mut self) -> ([u8; FRAME_SAMPLES], usize) {
        let mut frame = [g711::SILENCE; FRAME_SAMPLES];
        let length = self.sound.len().min(FRAME_SAMPLES);
        for (byte, sound) in frame.iter_mut().zip(self.sound.drain(..length)) {
            *byte = sound;
        }
        (frame, length)
    }

    /// The same from a clock that drifts: each sample lies between two of the queue.
    fn stretched(&mut self) -> ([u8; FRAME_SAMPLES], usize) {
        let step = 1.0 + self.clock.parts_per_million / 1e6;
        let sample = |at: usize| self.sound.get(at).map(|&byte| f64::from(g711::decode(byte)));
        let frame = std::array::from_fn(|n| {
            let place = self.clock.fraction + n as f64 * step;
            let (at, between) = (place as usize, place.fract());
            // The last sample of the queue has no neighbour yet.
            let Some(here) = sample(at) else { return g711::SILENCE };
            let next = sample(at + 1).unwrap_or(here);
            g711::encode((here + (next - here) * between).round() as i16)
        });
        let end = self.clock.fraction + FRAME_SAMPLES as f64 * step;
        let taken = (end as usize).min(self.sound.len());
        self.clock.fraction = if taken < end as usize { 0.0 } else { end.fract() };
        self.sound.drain(..taken);
        (frame, taken)
    }

    /// Milliseconds of sound that wait.
    pub(crate) fn backlog_millis(&self) -> u64 {
        self.sound.len() as u64 / 8
    }
}

/// Ten minutes at 8 kHz (PROTOCOLS.md §1.3).
const LONGEST_QUEUE: usize = 10 * 60 * 8_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_comes_back_when_the_sound_before_it_was_played_and_not_earlier() {
        let mut playout = Playout::default();
        playout.media(&[1; 250]).unwrap();
        assert_eq!(playout.mark("first".into()), None);
        playout.media(&[2; 70]).unwrap();
        assert_eq!(playout.mark("second".into()), None);
        assert_eq!(playout.play().marks, Vec::<String>::new());
        let played = playout.play();
        assert_eq!((played.frame[89], played.frame[90]), (1, 2));
        assert_eq!(played.marks, ["first", "second"]);
    }

    #[test]
    fn a_mark_on_an_empty_queue_comes_back_at_once() {
        let mut playout = Playout::default();
        assert_eq!(playout.mark("now".into()), Some("now".into()));
    }

    #[test]
    fn clear_drops_the_sound_and_returns_every_mark() {
        let mut playout = Playout::default();
        playout.media(&[1; 16_000]).unwrap();
        playout.mark("a".into());
        playout.media(&[1; 160]).unwrap();
        playout.mark("b".into());
        playout.play();
        assert_eq!(playout.clear(), ["a", "b"]);
        assert_eq!(playout.play().frame, [g711::SILENCE; FRAME_SAMPLES]);
        playout.media(&[1; 160]).unwrap();
        assert_eq!(playout.mark("c".into()), None);
        assert_eq!(playout.play().marks, ["c"]);
    }

    #[test]
    fn a_clock_that_drifts_plays_the_same_sound_in_less_time_or_more() {
        for (parts_per_million, frames) in [(10_000.0, 495), (-10_000.0, 505)] {
            let mut playout = Playout::default();
            playout.drift(parts_per_million);
            let tone = |n: usize| ((n as f64 * 0.3).sin() * 8_000.0) as i16;
            let sound: Vec<u8> = (0..80_000).map(|n| g711::encode(tone(n))).collect();
            playout.media(&sound).unwrap();
            playout.mark("end".into());
            let mut heard = Vec::new();
            let played = (0..).take_while(|_| {
                let played = playout.play();
                heard.extend(played.frame.map(g711::decode));
                played.marks.is_empty()
            });
            let played = played.count() + 1;
            assert!((frames - 1..=frames + 1).contains(&played), "{parts_per_million} ppm: {played} frames");
            let steps =
                heard[..78_000].windows(2).map(|pair| (i32::from(pair[1]) - i32::from(pair[0])).abs());
            assert!(steps.max().unwrap() < 3_200, "it does not click by itself");
        }
    }

    #[test]
    fn ten_minutes_are_queued_and_no_more() {
        let mut playout = Playout::default();
        playout.media(&vec![1; LONGEST_QUEUE]).unwrap();
        assert_eq!(playout.media(&[1]), Err(Overflow));
        assert_eq!(playout.backlog_millis(), 600_000);
    }
}
