//! The handset plays a person's steps: every 20 ms it hears a frame and speaks one. Plain values, no clock of its own.

use std::collections::VecDeque;
use std::time::Duration;

use crate::audio::frame::{FRAME_MILLIS, FRAME_SAMPLES};
use crate::audio::g711;
use crate::sim::dice::Dice;
use crate::sim::ear::SPEECH_DBFS;
use crate::sim::person::Step;
use crate::sim::sound::{self, Phrase};

/// A handset in somebody's hand.
#[derive(Debug)]
pub(crate) struct Handset {
    script: VecDeque<Step>,
    urgent: VecDeque<Step>,
    doing: Option<Doing>,
    beats: u64,
    speech_beats: u64,
    quiet_beats: u64,
    noise: Dice,
}

/// What came out of the handset in 20 ms.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    /// What its microphone picked up.
    pub(crate) mic: [u8; FRAME_SAMPLES],
    /// What its owner did besides.
    pub(crate) did: Option<Did>,
}

/// What a person did at this moment, if it is worth telling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Did {
    /// Began to say this.
    Began(Phrase),
    /// Pressed a key.
    Pressed(char),
    /// Hung up.
    HungUp,
}

#[derive(Debug)]
enum Doing {
    Saying { phrase: Phrase, next: usize },
    WaitingUntil(u64),
    Hearing(u64),
    Silence(u64),
}

impl Handset {
    /// A handset whose owner will do these things, with its own line noise.
    pub(crate) fn new(steps: Vec<Step>, noise: Dice) -> Self {
        Self {
            script: steps.into(),
            urgent: VecDeque::new(),
            doing: None,
            beats: 0,
            speech_beats: 0,
            quiet_beats: 0,
            noise,
        }
    }

    /// Does this as soon as possible: at once if its owner waits, or after what they are saying.
    pub(crate) fn also(&mut self, step: Step) {
        self.urgent.push_back(step);
    }

    /// Hears 20 ms and speaks 20 ms.
    pub(crate) fn beat(&mut self, heard: &[u8; FRAME_SAMPLES]) -> Moment {
        self.beats += 1;
        if g711::level_dbfs(heard) > SPEECH_DBFS {
            self.speech_beats += 1;
            self.quiet_beats = 0;
        } else {
            self.quiet_beats += 1;
        }
        let did = self.next_deed();
        Moment { mic: self.microphone(), did }
    }

    /// Takes steps until one takes time or is worth telling.
    fn next_deed(&mut self) -> Option<Did> {
        loop {
            if self.still_busy() {
                return None;
            }
            self.doing = None;
            let step = self.urgent.pop_front().or_else(|| self.script.pop_front())?;
            match step {
                Step::Say(phrase) => {
                    self.doing = Some(Doing::Saying { phrase: phrase.clone(), next: 0 });
                    return Some(Did::Began(phrase));
                }
                Step::Press(key) => {
                    self.doing = Some(Doing::WaitingUntil(self.beats + KEY_BEATS));
                    return Some(Did::Pressed(key));
                }
                Step::HangUp => return Some(Did::HungUp),
                Step::Wait(span) => self.doing = Some(Doing::WaitingUntil(self.beats + beats(span))),
                Step::WaitUntil(since_answer) => self.doing = Some(Doing::WaitingUntil(beats(since_answer))),
                Step::WaitUntilHears(speech) => {
                    self.speech_beats = 0;
                    self.doing = Some(Doing::Hearing(beats(speech)));
                }
                Step::WaitForSilence(span) => self.doing = Some(Doing::Silence(beats(span))),
            }
        }
    }

    fn still_busy(&mut self) -> bool {
        let interruptible = !self.urgent.is_empty();
        let (busy, waiting) = match &self.doing {
            None => (false, false),
            Some(Doing::Saying { phrase, next }) => (*next < phrase.clip.frames(), false),
            Some(Doing::WaitingUntil(beat)) => (self.beats < *beat, true),
            Some(Doing::Hearing(need)) => (self.speech_beats < *need, true),
            Some(Doing::Silence(need)) => (self.quiet_beats < *need, true),
        };
        if busy && waiting && interruptible {
            // The wait goes on after what came in between.
            if let Some(rest) = self.doing.take().and_then(|doing| self.as_step(&doing)) {
                self.script.push_front(rest);
            }
            return false;
        }
        busy
    }

    fn as_step(&self, doing: &Doing) -> Option<Step> {
        match doing {
            Doing::Saying { .. } => None,
            Doing::WaitingUntil(beat) => Some(Step::WaitUntil(span(*beat))),
            Doing::Hearing(need) => Some(Step::WaitUntilHears(span(need.saturating_sub(self.speech_beats)))),
            Doing::Silence(need) => Some(Step::WaitForSilence(span(*need))),
        }
    }

    fn microphone(&mut self) -> [u8; FRAME_SAMPLES] {
        if let Some(Doing::Saying { phrase, next }) = &mut self.doing {
            let frame = phrase.clip.frame(*next).copied();
            *next += 1;
            if let Some(frame) = frame {
                return frame;
            }
        }
        sound::line_noise(&mut self.noise)
    }
}

fn beats(span: Duration) -> u64 {
    span.as_millis() as u64 / FRAME_MILLIS
}

fn span(beats: u64) -> Duration {
    Duration::from_millis(beats * FRAME_MILLIS)
}

/// 200 ms: how long a key is held down.
const KEY_BEATS: u64 = 10;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::sound::Pitch;

    const QUIET: [u8; FRAME_SAMPLES] = [g711::SILENCE; FRAME_SAMPLES];
    const LOUD: [u8; FRAME_SAMPLES] = [0x9f; FRAME_SAMPLES];

    fn deeds(handset: &mut Handset, heard: &[u8; FRAME_SAMPLES], count: u64) -> Vec<(u64, Did)> {
        (0..count).filter_map(|n| handset.beat(heard).did.map(|did| (n, did))).collect()
    }

    #[test]
    fn a_person_listens_then_presses_then_speaks_then_hangs_up() {
        let hello = Phrase::spoken("hello", Pitch::REP);
        let frames = hello.clip.frames() as u64;
        let steps = vec![
            Step::WaitUntilHears(Duration::from_millis(400)),
            Step::WaitForSilence(Duration::from_millis(200)),
            Step::Press('1'),
            Step::Say(hello.clone()),
            Step::HangUp,
        ];
        let mut handset = Handset::new(steps, Dice::new(1));
        assert_eq!(deeds(&mut handset, &QUIET, 50), []);
        assert_eq!(deeds(&mut handset, &LOUD, 30), []);
        let expected = [(9, Did::Pressed('1')), (19, Did::Began(hello.clone())), (19 + frames, Did::HungUp)];
        assert_eq!(deeds(&mut handset, &QUIET, 20 + frames), expected);
    }

    #[test]
    fn what_is_asked_of_a_waiting_person_happens_at_once_and_the_wait_goes_on() {
        let mut handset =
            Handset::new(vec![Step::WaitUntil(Duration::from_secs(1)), Step::Press('2')], Dice::new(1));
        assert_eq!(deeds(&mut handset, &QUIET, 10), []);
        handset.also(Step::Press('1'));
        assert_eq!(deeds(&mut handset, &QUIET, 40), [(0, Did::Pressed('1')), (39, Did::Pressed('2'))]);
    }

    #[test]
    fn a_waiting_microphone_is_open() {
        let mut handset = Handset::new(Vec::new(), Dice::new(1));
        assert!(g711::level_dbfs(&handset.beat(&QUIET).mic) > -70.0);
    }
}
