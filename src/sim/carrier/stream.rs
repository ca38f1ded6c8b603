//! The carrier's end of a media stream: what it says, what it plays, and what it makes of what it is told.
//!
//! Messages travel through the simulated network both ways: late, in order, and not at all while the line stalls.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use crate::audio::frame::{FRAME_MILLIS, FRAME_SAMPLES};
use crate::sim::carrier::messages::{self, Stamp};
use crate::sim::carrier::playout::Playout;
use crate::sim::carrier::settings::Network;
use crate::sim::carrier::tally::StreamTally;
use crate::sim::carrier::told::{self, Told};
use crate::sim::clock;
use crate::sim::dice::Dice;

/// The carrier's end of one media stream.
#[derive(Debug)]
pub(crate) struct MediaEnd {
    pub(crate) sid: String,
    network: Network,
    state: Mutex<State>,
    up: mpsc::Sender<Up>,
    wish: watch::Sender<Wish>,
    stalled_until: watch::Sender<Instant>,
}

/// What is still to be sent, and when it arrives on the other side.
#[derive(Debug)]
pub(crate) struct Up {
    pub(crate) due: Instant,
    pub(crate) what: Sent,
}

/// One message to the server.
#[derive(Debug)]
pub(crate) enum Sent {
    /// A JSON message.
    Text(String),
    /// The close of the websocket.
    Close,
}

/// What is to become of the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// It goes on.
    GoOn,
    /// It ends with `stop` and a close.
    Stop,
    /// The connection breaks, here and now.
    Cut,
}

#[derive(Debug)]
struct State {
    playout: Playout,
    tally: StreamTally,
    sequence: u64,
    chunk: u64,
    timestamp_millis: u64,
    last_up: Instant,
    last_down: Instant,
    dice: Dice,
}

impl MediaEnd {
    /// A stream that has yet to be connected, and what it will send.
    pub(crate) fn new(sid: String, network: Network, dice: Dice) -> (Self, mpsc::Receiver<Up>) {
        let (up, sending) = mpsc::channel(SENDING);
        let now = clock::now();
        let state = State {
            playout: Playout::default(),
            tally: StreamTally { stream_sid: sid.clone(), ..StreamTally::default() },
            sequence: 0,
            chunk: 0,
            timestamp_millis: 0,
            last_up: now,
            last_down: now,
            dice,
        };
        let end = Self {
            sid,
            network,
            state: Mutex::new(state),
            up,
            wish: watch::channel(Wish::GoOn).0,
            stalled_until: watch::channel(now).0,
        };
        (end, sending)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says `connected` and `start`, the first two messages.
    pub(crate) fn begin(&self, account_sid: &str, call_sid: &str, parameters: &[(String, String)]) {
        let mut state = self.state();
        self.send(&mut state, Sent::Text(messages::connected()));
        let stamp = self.stamp(&mut state);
        let start = messages::start(&stamp, account_sid, call_sid, parameters);
        self.send(&mut state, Sent::Text(start));
    }

    /// Sends 20 ms of the person's microphone, unless the phone network loses it.
    pub(crate) fn speak(&self, mic: &[u8; FRAME_SAMPLES]) {
        let mut state = self.state();
        let timestamp = state.timestamp_millis;
        state.timestamp_millis += FRAME_MILLIS;
        if let Some(stalls) = &self.network.stalls {
            let chance = FRAME_MILLIS as f64 / stalls.every.as_millis().max(1) as f64;
            if state.dice.happens(chance) {
                let lasting = state.dice.span(&stalls.lasting);
                self.stall(lasting);
            }
        }
        if state.dice.happens(self.network.loss) {
            state.tally.frames_lost += 1;
            return;
        }
        state.chunk += 1;
        let chunk = state.chunk;
        let text = messages::media(&self.stamp(&mut state), chunk, timestamp, mic);
        if self.send(&mut state, Sent::Text(text)) {
            state.tally.media_sent += 1;
        } else {
            // §1.7: 31930, media buffer overflow.
            state.tally.overflowed += 1;
        }
    }

    /// Sends a key.
    pub(crate) fn press(&self, key: char) {
        let mut state = self.state();
        let text = messages::dtmf(&self.stamp(&mut state), key);
        self.send(&mut state, Sent::Text(text));
    }

    /// Sends `stop` and closes (§1.2), or breaks off when even that cannot be sent.
    pub(crate) fn stop(&self, account_sid: &str, call_sid: &str) {
        let mut state = self.state();
        let text = messages::stop(&self.stamp(&mut state), account_sid, call_sid);
        let sent = self.send(&mut state, Sent::Text(text)) && self.send(&mut state, Sent::Close);
        self.wish.send_replace(if sent { Wish::Stop } else { Wish::Cut });
    }

    /// Closes the connection without a `stop`, or breaks it when even that cannot be sent.
    pub(crate) fn close(&self) {
        let sent = self.send(&mut self.state(), Sent::Close);
        self.wish.send_replace(if sent { Wish::Stop } else { Wish::Cut });
    }

    /// Breaks the connection without a word.
    pub(crate) fn cut(&self) {
        self.wish.send_replace(Wish::Cut);
    }

    /// Lets nothing through for this long; then everything at once.
    pub(crate) fn stall(&self, lasting: Duration) {
        self.stalled_until.send_replace(clock::now() + lasting);
    }

    /// From now on the clock of its play-out is off by this much.
    pub(crate) fn drift(&self, parts_per_million: f64) {
        self.state().playout.drift(parts_per_million);
    }

    /// When the stall is over, if there is one.
    pub(crate) fn stalled_until(&self) -> watch::Receiver<Instant> {
        self.stalled_until.subscribe()
    }

    /// What is to become of the stream.
    pub(crate) fn wish(&self) -> watch::Receiver<Wish> {
        self.wish.subscribe()
    }

    /// When something that left the server now arrives.
    pub(crate) fn arrival(&self) -> Instant {
        let mut state = self.state();
        let due = (clock::now() + self.trip(&mut state.dice)).max(state.last_down);
        state.last_down = due;
        due
    }

    /// Takes a text message of the server; says which warning it deserves.
    pub(crate) fn take(&self, text: &str) -> Result<Took, String> {
        let told = told::read(text, &self.sid);
        let mut state = self.state();
        match told {
            Ok(Told::Media(sound)) => {
                state.tally.media_received += 1;
                state.tally.bytes_received += sound.len() as u64;
                if state.playout.media(&sound).is_err() {
                    state.tally.discarded += 1;
                    return Ok(Took::Discarded);
                }
                Ok(Took::Sound)
            }
            Ok(Told::Mark(name)) => {
                state.tally.marks_received += 1;
                if let Some(name) = state.playout.mark(name) {
                    self.echo(&mut state, &name);
                }
                Ok(Took::Mark)
            }
            Ok(Told::Clear) => {
                state.tally.clears += 1;
                for name in state.playout.clear() {
                    self.echo(&mut state, &name);
                }
                Ok(Took::Clear)
            }
            Err(complaint) => {
                state.tally.invalid += 1;
                state.tally.complain(&complaint);
                Err(complaint)
            }
        }
    }

    /// Takes a binary message, which means nothing (§1.3: 31950).
    pub(crate) fn take_binary(&self) {
        let mut state = self.state();
        state.tally.malformed += 1;
        state.tally.complain("binary message");
    }

    /// Plays 20 ms to the person.
    pub(crate) fn play(&self) -> [u8; FRAME_SAMPLES] {
        let mut state = self.state();
        let played = state.playout.play();
        for name in &played.marks {
            self.echo(&mut state, name);
        }
        played.frame
    }

    /// The stream is over.
    pub(crate) fn ended(&self, how: &str) {
        self.state().tally.ended = Some(how.to_owned());
    }

    /// What passed so far.
    pub(crate) fn tally(&self) -> StreamTally {
        let state = self.state();
        let backlog_millis = state.playout.backlog_millis();
        StreamTally { backlog_millis, ..state.tally.clone() }
    }

    fn echo(&self, state: &mut State, name: &str) {
        state.tally.marks_echoed += 1;
        let text = messages::mark(&self.stamp(state), name);
        self.send(state, Sent::Text(text));
    }

    /// §1.2: the sequence number counts all messages after `connected`.
    fn stamp(&self, state: &mut State) -> Stamp<'_> {
        state.sequence += 1;
        Stamp { stream_sid: &self.sid, sequence: state.sequence }
    }

    fn send(&self, state: &mut State, what: Sent) -> bool {
        let due = (clock::now() + self.trip(&mut state.dice)).max(state.last_up);
        state.last_up = due;
        self.up.try_send(Up { due, what }).is_ok()
    }

    fn trip(&self, dice: &mut Dice) -> Duration {
        self.network.delay + self.network.jitter.mul_f64(dice.unit())
    }
}

/// What a message of the server did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Took {
    /// It was queued.
    Sound,
    /// More was queued than the carrier keeps.
    Discarded,
    /// It will be echoed.
    Mark,
    /// The queue was dropped.
    Clear,
}

/// 40 s of frames: a server that does not read for so long loses media (31930).
const SENDING: usize = 2_000;
