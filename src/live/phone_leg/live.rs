//! The way of a live voice to this ear: passed on at once, made up for where it fails, caught up with where it is late.

use std::time::Duration;

use metrics::Counter;
use tokio::time::Instant;

use crate::audio::frame::{FRAME_SAMPLES, Frame};
use crate::audio::relay::{Deeds, Far, FarState, Relay};
use crate::conversation::Speaker;
use crate::id::LegId;
use crate::live::clock;
use crate::live::lag::Lag;
use crate::live::line::CarrierLine;
use crate::live::phone_leg::ear::within;
use crate::live::phone_leg::{LegEnd, PhoneLeg};
use crate::live::playout::Playout;

/// What a leg keeps for the live voice that it hears.
pub(super) struct LiveEar {
    /// Made when somebody is heard live for the first time: in most calls nobody ever is.
    relay: Option<Box<Relay>>,
    lag: Lag,
    counters: Counters,
    began: Instant,
}

impl LiveEar {
    pub(super) fn new(now: Instant) -> Self {
        Self { relay: None, lag: Lag::default(), counters: Counters::new(), began: now }
    }

    /// A mark came back: whether it was one that measures, and no more.
    pub(super) fn measured(&mut self, number: u32, playout: &mut Playout) -> bool {
        self.lag.returned(clock::now(), number, playout)
    }

    /// What was queued was dropped.
    pub(super) fn cleared(&mut self) {
        self.lag.cleared();
    }

    fn relay(&mut self) -> &mut Relay {
        self.relay.get_or_insert_default()
    }

    fn count_deeds(&mut self) {
        let deeds = self.relay().take_deeds();
        self.counters.count(deeds);
    }
}

impl<L: CarrierLine> PhoneLeg<L> {
    /// From now on somebody is heard live; voices from before belong to another moment.
    pub(super) fn begin_live(&mut self) {
        while self.seat.patchbay.pipe(self.seat.leg).pop().is_some() {}
        self.live.relay().begin_anew();
    }

    /// A frame for this ear came; perhaps more wait behind it.
    pub(super) async fn pass_on(&mut self, frame: Frame) -> Result<(), LegEnd> {
        self.live.relay().came(frame);
        self.take_from_pipe();
        self.send_live().await
    }

    /// Sends what is due of a live voice, or in its place.
    pub(super) async fn send_live(&mut self) -> Result<(), LegEnd> {
        loop {
            let now = clock::now();
            let far = self.far(now);
            let instead = self.seat.leg == LegId::Prospect && self.live.relay().absent() >= ABSENT;
            let piece = if instead {
                let hold = self.seat.voice.hold().frame_looped(self.hold_frame);
                self.live.relay().stand_in(hold, far).inspect(|_| self.hold_frame += 1)
            } else {
                None
            };
            let piece = if let Some(piece) = piece {
                piece
            } else {
                let since = now - self.live.began;
                let Some(piece) = self.live.relay().next(since, far) else { break };
                piece
            };
            within(self.seat.limits.slow, self.line.send_sound(piece)).await?;
            if let (Some(tap), false) = (&self.seat.tap, instead) {
                tap.sent(Speaker::Rep, now, self.playout.end().max(now), piece);
            }
            self.playout.sent_live(now, piece.len());
            self.listening.sent(self.playout.end(), piece);
        }
        self.live.count_deeds();
        self.measure().await
    }

    /// The next frame of a live voice that is mixed into what Baton says.
    pub(super) fn live_on_the_beat(&mut self) -> &[u8; FRAME_SAMPLES] {
        self.take_from_pipe();
        self.live.count_deeds();
        self.live.relay().on_the_beat()
    }

    /// Sends a mark that measures, if it is time for one.
    pub(super) async fn measure(&mut self) -> Result<(), LegEnd> {
        let now = clock::now();
        if !self.live.lag.asks(now, self.alive) {
            return Ok(());
        }
        let number = self.marks.number();
        self.live.lag.sent(now, number, &self.playout);
        within(self.seat.limits.slow, self.line.send_mark(number)).await
    }

    /// When the live voice must be looked after although nothing came.
    pub(super) fn live_due(&mut self, now: Instant) -> Instant {
        let far = self.far(now);
        match self.live.relay().patience(far) {
            // A mark that becomes overdue is noticed then, and not a frame later.
            Some(patience) => now + patience,
            None => now + LOOK_AGAIN,
        }
    }

    fn take_from_pipe(&mut self) {
        let pipe = self.seat.patchbay.pipe(self.seat.leg);
        while let Some(frame) = pipe.pop() {
            self.live.relay().came(frame);
        }
    }

    fn far(&mut self, now: Instant) -> Far {
        let still = self.live.lag.stands_still(now, self.alive);
        let state = if still { FarState::StandsStill } else { FarState::Takes };
        Far { backlog: self.playout.backlog(now), jitter: self.live.lag.jitter(), state }
    }
}

/// What is done to voices, counted; looked up once, for a look costs memory.
struct Counters {
    silence_trimmed: Counter,
    speech_trimmed: Counter,
    stretched: Counter,
    made_up: Counter,
}

impl Counters {
    fn new() -> Self {
        let counter = |what: &'static str| metrics::counter!("baton_live_samples_total", "what" => what);
        Self {
            silence_trimmed: counter("silence trimmed"),
            speech_trimmed: counter("speech trimmed"),
            stretched: counter("stretched"),
            made_up: counter("made up"),
        }
    }

    fn count(&self, deeds: Deeds) {
        if deeds != Deeds::default() {
            self.silence_trimmed.increment(deeds.silence_trimmed);
            self.speech_trimmed.increment(deeds.speech_trimmed);
            self.stretched.increment(deeds.stretched);
            self.made_up.increment(deeds.made_up);
        }
    }
}

/// After that much noise the prospect hears hold until the voice is back: noise is nobody.
const ABSENT: Duration = Duration::from_millis(1_900);

/// While the way there stands still, one looks a few times a second whether it does.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

#[cfg(test)]
#[path = "live_tests.rs"]
mod tests;
