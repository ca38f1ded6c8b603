//! When somebody began to speak and since when they are silent: three clocks on one silence.

use crate::audio::frame::FRAME_SAMPLES;
use crate::time::MediaTime;

/// What a frame changed. Times are places in the stream, dated back to where it really happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Somebody began to speak.
    Began {
        /// Where the first word begins.
        at: MediaTime,
    },
    /// They have been silent for [`PAUSED_MILLIS`].
    Paused {
        /// Where the last word ended.
        since: MediaTime,
    },
    /// They have been silent for so long that their turn may be over.
    TurnMayBeOver {
        /// Where the last word ended.
        since: MediaTime,
    },
    /// They have been silent for [`LONG_SILENCE_MILLIS`]: longer than people leave each other without an answer.
    LongSilence {
        /// Where the last word ended.
        since: MediaTime,
    },
}

/// What one frame is to the clocks.
#[derive(Clone, Copy, Debug)]
pub(super) enum Heard {
    /// A voice; where it begins, should this be the start.
    Voice {
        /// The first sample of it.
        from: MediaTime,
    },
    /// None.
    Silence,
    /// None for certain, and not since then: a machine's tone.
    Machine {
        /// Where the tone began.
        since: MediaTime,
    },
}

/// The state between frames.
#[derive(Clone, Copy, Debug)]
enum State {
    /// Nobody has spoken yet, or the last of the clocks has rung.
    Rest,
    Speaking,
    Silent(Rung),
}

/// Which clock rang last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rung {
    Paused,
    TurnMayBeOver,
}

/// The clocks of one party.
pub(super) struct Clocks {
    turn_over: u64,
    state: State,
    /// Behind the last sample that was speech.
    spoken_to: MediaTime,
    /// Behind the last frame.
    heard_to: MediaTime,
    voiced: bool,
    /// What was told last: nothing is dated before it.
    told: MediaTime,
}

impl Clocks {
    /// Clocks whose second rings after so many milliseconds.
    pub(super) fn new(turn_over_millis: u64) -> Self {
        Self {
            turn_over: turn_over_millis.clamp(TURN_OVER_LEAST_MILLIS, TURN_OVER_MOST_MILLIS) * 8,
            state: State::Rest,
            spoken_to: MediaTime(0),
            heard_to: MediaTime(0),
            voiced: false,
            told: MediaTime(0),
        }
    }

    /// Whether somebody speaks.
    pub(super) fn speaking(&self) -> bool {
        matches!(self.state, State::Speaking)
    }

    /// The next frame, which begins there.
    pub(super) fn hear(&mut self, at: MediaTime, heard: Heard) -> Option<Change> {
        let at = at.max(self.heard_to);
        if self.voiced {
            // What lay between was not heard: the voice is held.
            self.spoken_to = at;
        }
        let end = at + FRAME_SAMPLES as u64;
        self.heard_to = end;
        self.voiced = matches!(heard, Heard::Voice { .. });
        match (self.state, heard) {
            (State::Speaking, Heard::Voice { .. }) => {
                self.spoken_to = end;
                None
            }
            (_, Heard::Voice { from }) => {
                self.state = State::Speaking;
                self.spoken_to = end;
                let at = self.tell(from.min(at));
                Some(Change::Began { at })
            }
            (State::Speaking, Heard::Machine { since }) => {
                self.spoken_to = self.spoken_to.min(since);
                Some(self.pause())
            }
            (State::Speaking, Heard::Silence) if end - self.spoken_to >= PAUSED_MILLIS * 8 => {
                Some(self.pause())
            }
            (State::Silent(Rung::Paused), _) if end - self.told >= self.turn_over => {
                self.state = State::Silent(Rung::TurnMayBeOver);
                Some(Change::TurnMayBeOver { since: self.told })
            }
            (State::Silent(Rung::TurnMayBeOver), _) if end - self.told >= LONG_SILENCE_MILLIS * 8 => {
                self.state = State::Rest;
                Some(Change::LongSilence { since: self.told })
            }
            _ => None,
        }
    }

    fn pause(&mut self) -> Change {
        self.state = State::Silent(Rung::Paused);
        Change::Paused { since: self.tell(self.spoken_to) }
    }

    /// Never before what was told last.
    fn tell(&mut self, at: MediaTime) -> MediaTime {
        self.told = self.told.max(at);
        self.told
    }
}

/// Shorter silences lie inside words.
pub const PAUSED_MILLIS: u64 = 200;

/// When nobody says otherwise: above nearly every pause inside a turn.
pub const TURN_OVER_MILLIS: u64 = 700;

/// Sooner, every second breath would end a turn.
const TURN_OVER_LEAST_MILLIS: u64 = 500;

/// Later, everybody would wait for the assistant.
const TURN_OVER_MOST_MILLIS: u64 = 1_000;

/// A gap of 1.9 s on the telephone is taken for a "no": what is to be done about it must be done before.
pub const LONG_SILENCE_MILLIS: u64 = 1_500;
