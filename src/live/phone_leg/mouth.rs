//! What comes from the person at the other end: their voice, their keys, and word of what they have heard.

use crate::audio::frame::Frame;
use crate::call::Event;
use crate::handoff::Sounds;
use crate::id::LegId;
use crate::live::clock;
use crate::live::line::{CarrierLine, FromCarrier};
use crate::live::marks::Meaning;
use crate::live::phone_leg::{Leaving, LegEnd, PhoneLeg};

impl<L: CarrierLine> PhoneLeg<L> {
    pub(super) async fn came(&mut self, from: FromCarrier) -> Result<(), LegEnd> {
        self.alive = clock::now();
        self.pinged = false;
        match from {
            FromCarrier::Sound(frame) => self.hear(frame).await,
            FromCarrier::Key(key) => self.tell(Event::KeyPressed { leg: self.seat.leg, key }).await,
            FromCarrier::Played(number) => self.played(number).await,
            FromCarrier::Alive => {}
            FromCarrier::Stopped => return Err(LegEnd::Stopped),
            FromCarrier::Broke => return Err(LegEnd::Broke),
        }
        Ok(())
    }

    pub(super) async fn hear(&mut self, frame: Frame) {
        let dropped = self.seat.patchbay.carry(self.seat.leg, frame);
        if dropped > 0 {
            metrics::counter!("baton_frames_dropped_total", "why" => "reader late")
                .increment(u64::from(dropped));
        }
        let patched = self.seat.patchbay.now();
        if self.flowed_in != Some(patched.number) {
            self.flowed_in = Some(patched.number);
            self.tell(Event::Flowed { leg: self.seat.leg, hearing: u32::from(patched.number) }).await;
        }
        self.follow_rep();
        let now = clock::now();
        let mut news = std::mem::take(&mut self.news);
        self.listening.hear(now, &frame, &mut news);
        if let Some(tap) = &self.seat.tap {
            tap.prospect(now, &frame);
        }
        for event in news.drain(..) {
            if let (Some(tap), Event::TurnHeard(turn)) = (&self.seat.tap, &event) {
                tap.turn(now, turn);
            }
            if let (LegId::Rep(_), Event::Heard { what, .. }) = (self.seat.leg, &event) {
                self.seat.patchbay.rep_spoke(now, *what);
            }
            self.tell(event).await;
        }
        self.news = news;
        if self.seat.patchbay.is_crowded(self.seat.leg) {
            tokio::task::yield_now().await;
        }
    }

    /// The prospect's leg follows the talk of the two, and of a rep's voice it knows from the rep's own leg.
    fn follow_rep(&mut self) {
        let Some(on_line) = self.patched.hearing.on_line.filter(|_| self.seat.leg == LegId::Prospect) else {
            return;
        };
        let spoke = self.seat.patchbay.when_rep_spoke();
        if spoke == self.rep_spoke || !self.ear().has(Sounds::REP) {
            return;
        }
        self.rep_spoke = spoke;
        if let (Some(spoke), Some(talk)) = (spoke, self.listening.talk()) {
            talk.other(LegId::Rep(on_line), spoke.speaks, spoke.at);
        }
    }

    pub(super) async fn played(&mut self, number: u32) {
        if self.live.measured(number, &mut self.playout) {
            return;
        }
        let Some((place, meanings)) = self.marks.returned(number) else { return };
        let now = clock::now();
        self.playout.played_to(now, place);
        for meaning in meanings {
            match meaning {
                Meaning::Assistant(mark) => mark.played(now),
                Meaning::Said(phrase) => {
                    if matches!(&self.leaving, Some(Leaving::AfterWords(last, _)) if *last == phrase) {
                        self.leaving = Some(Leaving::AfterWords(phrase, now));
                    }
                    self.tell(Event::Played { leg: self.seat.leg, phrase }).await;
                }
            }
        }
        // The assistant's last mark is a gap that need not be waited for.
        if self.assistant_speaks && self.marks.is_empty() && self.playout.audible_end() <= now {
            self.assistant_paused().await;
        }
    }
}
