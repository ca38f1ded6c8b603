//! How much of a voice must go so that it is not late: nothing while all is steady, silence first, of speech what must be.

use std::time::Duration;

use crate::audio::frame::FRAME_SAMPLES;

/// How late a voice is, and what is owed for it.
#[derive(Clone, Copy, Debug)]
pub struct CatchUp {
    pace: Pace,
    owed: f32,
    spared: f32,
}

/// How much in a hurry the voice is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Not at all.
    Steady,
    /// A clock that drifts, or a hiccup: silence goes, and hardly any speech.
    Gentle,
    /// A stall: back by then.
    Fast(Duration),
}

/// What is to go of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Nothing.
    Nothing,
    /// So many samples, at least and at most.
    Some(usize, usize),
    /// All of it.
    All,
}

impl Default for CatchUp {
    fn default() -> Self {
        Self { pace: Pace::Steady, owed: 0.0, spared: 0.0 }
    }
}

impl CatchUp {
    /// The voice is late by so many samples, at this time.
    pub fn look(&mut self, now: Duration, lag: usize) -> Pace {
        self.pace = match self.pace {
            Pace::Steady | Pace::Gentle if lag > STALLED => Pace::Fast(now + CATCH_UP),
            Pace::Steady if lag > LIMIT => Pace::Gentle,
            Pace::Gentle | Pace::Fast(_) if lag <= CALM => Pace::Steady,
            same => same,
        };
        if self.pace == Pace::Steady {
            self.owed = 0.0;
        }
        self.pace
    }

    /// The far side cannot be reached: there will be as much time as ever once it can.
    pub fn wait(&mut self, now: Duration, lag: usize) {
        if lag > STALLED {
            self.pace = Pace::Fast(now + CATCH_UP);
        }
    }

    /// The next frame is of speech, and the voice late by so much, not counting silence that goes anyway.
    pub fn cut_of_speech(&mut self, now: Duration, lag: usize) -> Cut {
        match self.pace {
            Pace::Steady => {}
            Pace::Gentle => {
                self.spared = (self.spared + FRAME_SAMPLES as f32 * SHARE_OF_SPEECH).min(LONGEST_CUT as f32);
                self.owed = if self.spared >= WORTH_IT { self.spared } else { 0.0 };
            }
            Pace::Fast(until) => {
                let excess = lag.saturating_sub(TARGET) as f32;
                let left = (until.saturating_sub(now).as_micros() / 125) as f32;
                // While there is time, a pause may come.
                if left <= excess * PATIENCE {
                    self.owed += FRAME_SAMPLES as f32 * excess / (left.max(AT_LEAST_LEFT) + excess);
                }
            }
        }
        if self.owed >= 2.0 * LONGEST_CUT as f32 {
            self.owed -= FRAME_SAMPLES as f32;
            return Cut::All;
        }
        if self.owed < SHORTEST_CUT as f32 {
            return Cut::Nothing;
        }
        let most = (self.owed as usize).min(LONGEST_CUT);
        Cut::Some(SHORTEST_CUT.max(most / 2), most)
    }

    /// So much went.
    pub fn went(&mut self, samples: usize) {
        self.owed = (self.owed - samples as f32).max(0.0);
        self.spared = (self.spared - samples as f32).max(0.0);
    }
}

/// 80 ms: above it, silence goes (DESIGN.md §4).
const LIMIT: usize = 640;

/// 160 ms: no drift and no jitter brings this, but a stall does.
const STALLED: usize = 1_280;

/// 40 ms: what a voice is behind while all is well; a jitter buffer's 20-40 ms (DSP.md §6).
pub const TARGET: usize = 320;

/// 60 ms: below it, all is as before.
pub const CALM: usize = 480;

/// So that after a stall all is back within 3 s at the ear, the way there included.
const CATCH_UP: Duration = Duration::from_millis(2_400);

/// Speech is shortened by no more than it must: not before it takes two fifths of it to be back in time.
const PATIENCE: f32 = 1.5;

/// 200 ms: what could not be caught up with in time is not cut off at one blow.
const AT_LEAST_LEFT: f32 = 1_600.0;

/// What gentleness costs of speech: one in a hundred.
const SHARE_OF_SPEECH: f32 = 0.01;

/// 7.5 ms: with less there is little choice of where.
const WORTH_IT: f32 = 60.0;

/// 5 ms: the period of a high voice.
pub const SHORTEST_CUT: usize = 40;

/// 15 ms: the period of a deep one.
const LONGEST_CUT: usize = 120;

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn nothing_is_owed_below_80_ms_and_hardly_any_speech_below_160() {
        let mut catch_up = CatchUp::default();
        assert_eq!(catch_up.look(millis(0), 640), Pace::Steady);
        assert_eq!(catch_up.cut_of_speech(millis(0), 640), Cut::Nothing);
        assert_eq!(catch_up.look(millis(0), 641), Pace::Gentle);
        let mut went = 0;
        for _ in 0..500 {
            if let Cut::Some(least, most) = catch_up.cut_of_speech(millis(0), 700) {
                assert!(least >= SHORTEST_CUT && most <= LONGEST_CUT);
                catch_up.went(most);
                went += most;
            }
        }
        assert!((700..=800).contains(&went), "{went} of 80,000 samples");
        assert_eq!(catch_up.look(millis(0), 480), Pace::Steady);
        assert_eq!(catch_up.cut_of_speech(millis(0), 480), Cut::Nothing);
    }

    #[test]
    fn after_a_stall_speech_is_cut_only_when_no_pause_can_help_in_time() {
        let mut catch_up = CatchUp::default();
        assert_eq!(catch_up.look(millis(0), 8_000), Pace::Fast(CATCH_UP));
        assert_eq!(catch_up.cut_of_speech(millis(0), 8_000), Cut::Nothing, "1 s in 2.4 s: there is time");
        catch_up.wait(millis(5_000), 16_000);
        assert_eq!(catch_up.look(millis(5_000), 16_000), Pace::Fast(millis(7_400)));
        let mut lag = 16_000.0;
        let mut now = 5_000;
        while catch_up.look(millis(now), lag as usize) != Pace::Steady {
            match catch_up.cut_of_speech(millis(now), lag as usize) {
                Cut::Nothing => now += 20,
                Cut::All => lag -= 160.0,
                Cut::Some(_, most) => {
                    catch_up.went(most);
                    lag -= most as f64;
                    now += 20 - most as u64 / 8;
                }
            }
        }
        assert!((7_000..8_000).contains(&now), "2 s of speech were caught up with at {now} ms");
    }
}
