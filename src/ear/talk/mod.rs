//! How two people talk with each other: whose turn it is, how fast they answer, who interrupts whom, who only says "mm-hm".
//!
//! Fed by the changes of both voices. A voice knows late what happened early (a pause is one only after 200 ms of it), so
//! all of this runs [`SURE_AFTER`] behind: by then what happened is known in its right order, and nothing that was told has
//! to be taken back. The rules, for one who speaks while the turn is the other's ("a bid"):
//!
//! - they spoke 0.5 s and the other is silent, or the other has been silent for 0.5 s: the turn is theirs;
//! - the other goes on, and they spoke less than 0.5 s: a back-channel;
//! - they spoke over the other for 1 s, or took the turn after at least 0.25 s of it: they barged in.
//!
//! Pauses of one who still has the turn are inside it until 2 s; then the turn is over, and the silence is a long one.

mod figures;
mod shape;

pub use shape::{Latency, Shape};

use std::time::Duration;

use crate::time::CallTime;
use figures::{Figures, Moment};

/// Whose voice it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Party {
    /// The one who is listened to.
    Prospect,
    /// Whoever talks with them: the assistant, or a rep.
    Other,
}

/// What became of a voice, and when that really was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It began to speak.
    Began {
        /// When.
        at: CallTime,
    },
    /// It is silent. Whoever heard a later clock of the same silence first may say that one.
    Paused {
        /// Since when.
        since: CallTime,
    },
}

/// A turn of one party.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Whose.
    pub who: Party,
    /// When they began.
    pub began: CallTime,
    /// When they last spoke; of a turn that goes on, as far as is known.
    pub ended: CallTime,
    /// From the other's last word to their first, in milliseconds; negative when they spoke at once. None: it answers nothing.
    pub latency_millis: Option<i32>,
    /// Pauses inside.
    pub pauses: u32,
    /// The longest of them.
    pub longest_pause: Duration,
    /// All of them.
    pub paused: Duration,
}

/// What happened between the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening {
    /// A turn began, which is certain now.
    TurnBegan(Turn),
    /// A turn ended: the other has it, or nobody.
    TurnEnded(Turn),
    /// One spoke into the other's turn as if it were theirs.
    BargedIn {
        /// Who.
        who: Party,
        /// Since when.
        at: CallTime,
        /// Whether the other fell silent for it.
        yielded: bool,
    },
    /// One said something short while the other went on.
    BackChannel {
        /// Who.
        who: Party,
        /// When.
        at: CallTime,
        /// How long.
        lasted: Duration,
    },
    /// Nobody says anything.
    LongSilence {
        /// Since when.
        since: CallTime,
        /// Who spoke last in a turn of their own, so that it was the other's to speak.
        after: Option<Party>,
    },
}

/// The conversation of two.
#[derive(Clone, Debug)]
pub struct Talk {
    sides: [Side; 2],
    coming: [Option<(CallTime, Party, bool)>; COMING],
    /// What is known is known up to here; a whole number of steps.
    known_to: CallTime,
    turn: Option<Turn>,
    last_turn: Option<(Party, CallTime)>,
    silence_told: bool,
    told: [Option<Happening>; TOLD],
    figures: Figures,
}

#[derive(Clone, Copy, Debug, Default)]
struct Side {
    speaking_since: Option<CallTime>,
    silent_since: Option<CallTime>,
    bid: Option<Bid>,
}

/// Speech that may become a turn.
#[derive(Clone, Copy, Debug)]
struct Bid {
    began: CallTime,
    /// Without the stretch that goes on.
    spoken: Duration,
    /// Whether the other spoke when it began.
    over: bool,
    barged_in: bool,
}

impl Party {
    /// The one they talk with.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Prospect => Self::Other,
            Self::Other => Self::Prospect,
        }
    }

    const fn index(self) -> usize {
        match self {
            Self::Prospect => 0,
            Self::Other => 1,
        }
    }
}

impl Bid {
    fn spoken_until(&self, now: CallTime, side: &Side) -> Duration {
        self.spoken + side.speaking_since.map_or(Duration::ZERO, |since| now.since(since))
    }
}

impl Default for Talk {
    fn default() -> Self {
        Self {
            sides: [Side::default(); 2],
            coming: [None; COMING],
            known_to: CallTime::ZERO,
            turn: None,
            last_turn: None,
            silence_told: false,
            told: [None; TOLD],
            figures: Figures::default(),
        }
    }
}

impl Talk {
    /// A voice changed. Changes may come late, and those of the two in any order.
    pub fn hear(&mut self, who: Party, change: Change) {
        let (at, begins) = match change {
            Change::Began { at } => (at, true),
            Change::Paused { since } => (since, false),
        };
        // Full: the two babble faster than anybody can; the oldest is taken as it is.
        if self.coming.last().is_some_and(Option::is_some) {
            self.take_first();
        }
        let place = self.coming.iter().position(|there| there.is_none_or(|(later, ..)| later > at));
        let place = place.unwrap_or(COMING - 1);
        self.coming[place..].rotate_right(1);
        self.coming[place] = Some((at, who, begins));
    }

    /// Time passes: call it with each frame, then take what happened.
    pub fn pass(&mut self, now: CallTime) {
        let horizon = now.as_micros().saturating_sub(SURE_AFTER.as_micros() as u64);
        if horizon.saturating_sub(self.known_to.as_micros()) > LEAP.as_micros() as u64 {
            // Nobody listened: what was said in between is not known.
            self.known_to =
                CallTime::from_micros((horizon - LEAP.as_micros() as u64) / STEP_MICROS * STEP_MICROS);
            self.figures.leap(self.known_to);
        }
        while self.known_to.as_micros() + STEP_MICROS <= horizon {
            let end = CallTime::from_micros(self.known_to.as_micros() + STEP_MICROS);
            while self.coming[0].is_some_and(|(at, ..)| at < end) {
                self.take_first();
            }
            self.known_to = end;
            self.figures.step(end, self.sides.map(|side| side.speaking_since.is_some()));
            self.judge();
        }
    }

    /// No more will come: everything up to then is certain, and the turn that goes on ends.
    pub fn finish(&mut self, end: CallTime) {
        self.pass(end + SURE_AFTER);
        for who in [Party::Prospect, Party::Other] {
            if self.sides[who.index()].speaking_since.is_some() {
                self.ends(who, self.known_to);
            }
        }
        self.close();
    }

    /// The next that happened and was not taken yet.
    pub fn take(&mut self) -> Option<Happening> {
        let first = self.told[0].take();
        self.told.rotate_left(1);
        first
    }

    /// The turn that goes on.
    pub fn turn(&self) -> Option<&Turn> {
        self.turn.as_ref()
    }

    /// The shape of the conversation for this party, over the last minute.
    pub fn lately(&self, who: Party) -> Shape {
        self.figures.lately(who)
    }

    /// The same over the whole call.
    pub fn so_far(&self, who: Party) -> Shape {
        self.figures.so_far(who)
    }

    fn take_first(&mut self) {
        let Some((at, who, begins)) = self.coming[0].take() else { return };
        self.coming.rotate_left(1);
        let at = at.max(self.known_to);
        if begins { self.begins(who, at) } else { self.ends(who, at) }
    }

    fn begins(&mut self, who: Party, at: CallTime) {
        let other_speaks = self.sides[who.other().index()].speaking_since.is_some();
        let side = &mut self.sides[who.index()];
        if side.speaking_since.is_some() {
            return;
        }
        // Never before their own last word, however late it came.
        let at = side.silent_since.map_or(at, |silent| at.max(silent));
        side.speaking_since = Some(at);
        self.silence_told = false;
        if self.turn.is_some_and(|turn| turn.who == who && at.since(turn.ended) >= LONG_SILENCE) {
            self.close();
        }
        match &mut self.turn {
            Some(turn) if turn.who == who => {
                let pause = at.since(turn.ended);
                if pause >= SHORTEST_PAUSE {
                    turn.pauses += 1;
                    turn.paused += pause;
                    turn.longest_pause = turn.longest_pause.max(pause);
                    self.figures.add(at, who, Moment::Pause { millis: pause.as_millis() as u32 });
                }
            }
            _ => {
                self.sides[who.index()].bid.get_or_insert(Bid {
                    began: at,
                    spoken: Duration::ZERO,
                    over: other_speaks,
                    barged_in: false,
                });
            }
        }
    }

    fn ends(&mut self, who: Party, since: CallTime) {
        let side = &mut self.sides[who.index()];
        let Some(began) = side.speaking_since.take() else { return };
        let since = since.max(began);
        side.silent_since = Some(since);
        if let Some(bid) = &mut side.bid {
            bid.spoken += since.since(began);
        }
        if let Some(turn) = self.turn.as_mut().filter(|turn| turn.who == who) {
            turn.ended = since;
        }
    }

    /// What is certain at the end of a step. Both bids are judged by the same rule before either is given up, so that it does
    /// not matter which of the two is called the prospect.
    fn judge(&mut self) {
        let now = self.known_to;
        if let Some(turn) = &mut self.turn {
            if self.sides[turn.who.index()].speaking_since.is_some() {
                turn.ended = now;
            } else if now.since(turn.ended) >= LONG_SILENCE {
                self.close();
            }
        }
        let parties = [Party::Prospect, Party::Other];
        let winner = parties.into_iter().find(|who| self.wins(*who));
        if let Some((who, bid)) = winner.and_then(|who| Some((who, self.sides[who.index()].bid?))) {
            self.open(who, bid);
        } else {
            for who in parties {
                self.judge_in_vain(who);
            }
        }
        let last_word =
            |side: &Side| if side.speaking_since.is_some() { Some(now) } else { side.silent_since };
        if let Some(since) = last_word(&self.sides[0]).max(last_word(&self.sides[1]))
            && now.since(since) >= LONG_SILENCE
            && !self.silence_told
        {
            self.silence_told = true;
            let after = self.last_turn.map(|(who, _)| who);
            self.figures.add_silence(now, after);
            self.tell(Happening::LongSilence { since, after });
        }
    }

    /// Whether the bid of this party, if they have one, makes the turn theirs.
    fn wins(&self, who: Party) -> bool {
        let (mine, other) = (self.sides[who.index()], self.sides[who.other().index()]);
        let Some(bid) = mine.bid else { return false };
        let spoken = bid.spoken_until(self.known_to, &mine);
        if spoken < LEAST_SPEECH {
            return false;
        }
        if self.turn.is_none() {
            return match other.bid {
                None => true,
                Some(rival) if rival.began == bid.began => {
                    mine.speaking_since.is_some() && other.speaking_since.is_none()
                }
                Some(rival) => bid.began < rival.began,
            };
        }
        let Some(silent) = other.silent_since.filter(|_| other.speaking_since.is_none()) else {
            return false;
        };
        let outlasted = mine.speaking_since.is_some() || mine.silent_since > Some(silent);
        outlasted && (spoken >= BID || self.known_to.since(silent) >= YIELDED)
    }

    /// What else becomes of a bid.
    fn judge_in_vain(&mut self, who: Party) {
        let now = self.known_to;
        let (mine, other) = (self.sides[who.index()], self.sides[who.other().index()]);
        let Some(bid) = mine.bid else { return };
        let theirs = self.turn.is_some();
        if let Some(since) = mine.speaking_since {
            let both = other.speaking_since.map_or(Duration::ZERO, |other| now.since(since.max(other)));
            if theirs && bid.over && !bid.barged_in && both >= TALKED_OVER {
                self.barge_in(who, bid, false);
            }
        } else if other.speaking_since.is_some() || now.since(mine.silent_since.unwrap_or(now)) >= YIELDED {
            self.sides[who.index()].bid = None;
            if theirs && (LEAST_SPEECH..BID).contains(&bid.spoken) {
                self.figures.add(now, who, Moment::BackChannel);
                self.tell(Happening::BackChannel { who, at: bid.began, lasted: bid.spoken });
            }
        }
    }

    fn barge_in(&mut self, who: Party, bid: Bid, yielded: bool) {
        if let Some(bid) = &mut self.sides[who.index()].bid {
            bid.barged_in = true;
        }
        self.figures.add(self.known_to, who, Moment::BargedIn);
        self.tell(Happening::BargedIn { who, at: bid.began, yielded });
    }

    /// The turn is theirs from when they began to speak.
    fn open(&mut self, who: Party, bid: Bid) {
        if let Some(turn) = self.turn {
            let over = turn.ended.since(bid.began);
            if bid.over && !bid.barged_in && over >= TALKED_INTO {
                self.barge_in(who, bid, true);
            }
            self.close();
        }
        let latency_millis =
            self.last_turn.filter(|(last, _)| *last == who.other()).and_then(|(_, ended)| {
                let millis = (bid.began.as_micros() as i64 - ended.as_micros() as i64) / 1_000;
                i32::try_from(millis).ok().filter(|millis| (-AN_ANSWER..=AN_ANSWER).contains(millis))
            });
        let mine = &mut self.sides[who.index()];
        mine.bid = None;
        let ended = if mine.speaking_since.is_some() {
            self.known_to
        } else {
            mine.silent_since.unwrap_or(self.known_to)
        };
        let turn = Turn {
            who,
            began: bid.began,
            ended,
            latency_millis,
            pauses: 0,
            longest_pause: Duration::ZERO,
            paused: Duration::ZERO,
        };
        self.turn = Some(turn);
        self.figures.add(self.known_to, who, Moment::Turn { latency_millis });
        self.tell(Happening::TurnBegan(turn));
    }

    fn close(&mut self) {
        if let Some(turn) = self.turn.take() {
            self.last_turn = Some((turn.who, turn.ended));
            self.tell(Happening::TurnEnded(turn));
        }
    }

    fn tell(&mut self, happening: Happening) {
        // Whoever takes nothing for so long gets the latest.
        if self.told.last().is_some_and(Option::is_some) {
            self.take();
        }
        let place = self.told.iter().position(Option::is_none).unwrap_or(TOLD - 1);
        self.told[place] = Some(happening);
    }
}

/// A voice knows of a pause 200 ms late, the detector lags by 70, frames wait 20 and the two legs' clocks differ by a little.
pub const SURE_AFTER: Duration = Duration::from_millis(400);

/// Speech that is worth a turn of its own when nobody else wants it: a short "yes" takes 150 ms, a click or a breath less.
const LEAST_SPEECH: Duration = Duration::from_millis(120);

/// Below it what is said beside another's speech is a back-channel (DSP.md §6).
const BID: Duration = Duration::from_millis(500);

/// Who is silent for so long has let go: human gaps are about 200 ms, pauses for breath end before this.
const YIELDED: Duration = Duration::from_millis(500);

/// Who talks over another for so long means it, even in vain (LiveKit's boundary of a back-channel).
const TALKED_OVER: Duration = Duration::from_millis(1_000);

/// Turns that overlap by less are only quick: the ends of sentences are foreseen.
const TALKED_INTO: Duration = Duration::from_millis(250);

/// A voice's own clock of a pause; less between two words is none.
const SHORTEST_PAUSE: Duration = Duration::from_millis(200);

/// Above it a gap between strangers is felt as trouble (DSP.md §3.4).
const LONG_SILENCE: Duration = Duration::from_secs(2);

/// Whoever speaks 10 s after a question, or was 10 s ahead of its end, does not answer it.
const AN_ANSWER: i32 = 10_000;

/// As fine as a frame.
const STEP_MICROS: u64 = 20_000;

/// Two minutes without a word to us: whatever was said is not known.
const LEAP: Duration = Duration::from_secs(120);

/// Changes that wait to be certain: 400 ms of two voices, whose shortest stretches are 40 ms.
const COMING: usize = 24;

/// A step brings no more than one or two; they are taken with each frame.
const TOLD: usize = 16;

#[cfg(test)]
mod tests;
