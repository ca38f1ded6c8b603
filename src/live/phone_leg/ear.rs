//! What this ear hears: live voices, the assistant's speech, Baton's own voice, hold; each by its own rule.

use std::time::Duration;

use tokio::time::Instant;

use crate::audio::frame::FRAME_SAMPLES;
use crate::audio::{g711, mix};
use crate::call::{Event, Heard};
use crate::conversation::Speaker;
use crate::handoff::Sounds;
use crate::id::LegId;
use crate::live::clock;
use crate::live::line::{CarrierLine, LineBroke, in_time};
use crate::live::marks::Meaning;
use crate::live::phone_leg::{HOLD_AFTER, Leaving, LegEnd, ON_THE_WAY, PhoneLeg};
use crate::live::playout::length;
use crate::live::speech::{Piece, Speech};

impl<L: CarrierLine> PhoneLeg<L> {
    /// Takes note of a changed hearing: after a cut, nothing from before it goes out.
    pub(super) async fn follow(&mut self) -> Result<(), LegEnd> {
        let patched = self.seat.patchbay.now();
        if patched != self.patched {
            let before = self.patched.ear(self.seat.leg);
            self.patched = patched;
            let after = self.ear();
            let cuts = self.seat.patchbay.cuts();
            if cuts != std::mem::replace(&mut self.cuts, cuts) && self.seat.leg == LegId::Prospect {
                self.cut().await?;
            }
            if !after.has(Sounds::HOUSE) {
                self.saying = None;
                self.marks.break_off();
            }
            if after.has(Sounds::HOLD) && !before.has(Sounds::HOLD) {
                // Behind the last words, or at once where there has been nothing for long enough.
                self.next_beat = (self.playout.end() + HOLD_AFTER).max(clock::now());
            }
            if !self.hears_somebody_live(before) && self.hears_somebody_live(after) {
                self.begin_live();
                self.next_beat = clock::now();
            }
        }
        if self.seat.leg == LegId::Prospect {
            let clears = self.seat.patchbay.assistant_clears();
            if clears != self.clears {
                self.clears = clears;
                if self.ear().has(Sounds::ASSISTANT) || self.ear().awaits_assistant() {
                    self.clear().await?;
                    self.next_beat = self.next_beat.min(clock::now() + HOLD_AFTER);
                }
            }
        }
        Ok(())
    }

    /// Nothing of what is queued may be played; the assistant's marks come back when they would have been.
    pub(super) async fn cut(&mut self) -> Result<(), LegEnd> {
        let (end, sent) = (self.playout.end(), self.playout.place());
        for (place, mark) in self.marks.take_back() {
            let left = length((sent - place) as usize);
            mark.played(end.checked_sub(left).unwrap_or(end));
        }
        self.saying = None;
        if std::mem::take(&mut self.assistant_speaks) {
            self.assistant_heard(false, clock::now());
        }
        self.clear().await
    }

    pub(super) async fn clear(&mut self) -> Result<(), LegEnd> {
        if self.playout.is_clear() && self.marks.is_empty() {
            return Ok(());
        }
        let now = clock::now();
        if self.seat.leg == LegId::Prospect && self.playout.audible_end() > now {
            self.seat.teller.assistant_cut(now).await;
        }
        if let Some(tap) = &self.seat.tap {
            tap.cleared(now);
        }
        self.playout.cleared(now);
        self.listening.cleared();
        self.live.cleared();
        within(self.seat.limits.slow, self.line.clear()).await
    }

    /// A piece of the assistant's speech: on to the carrier, unless it was cleared or cannot be heard any more.
    pub(super) async fn speak(&mut self, speech: Speech) -> Result<(), LegEnd> {
        let stale = speech.clears != self.clears || !self.ear().has(Sounds::ASSISTANT);
        let now = clock::now();
        match speech.piece {
            Piece::Sound(_) if stale => {}
            Piece::Sound(sound) => {
                self.send(&sound).await?;
                let from = self.playout.end().max(now);
                self.playout.sent(now, &sound);
                self.listening.sent(self.playout.end(), &sound);
                if let Some(tap) = &self.seat.tap {
                    tap.sent(Speaker::Assistant, now, from, &sound);
                }
                if !self.assistant_speaks && self.playout.audible_end() > now {
                    self.assistant_speaks = true;
                    self.assistant_heard(true, from);
                    self.tell_heard(LegId::Assistant, Heard::TurnBegan).await;
                }
            }
            Piece::Mark(mark) if stale || self.marks.len() >= MARKS_AT_MOST => {
                for mark in self.marks.skip(mark) {
                    mark.played(now);
                }
            }
            Piece::Mark(mark) => {
                let number = self.marks.send(self.playout.place(), Meaning::Assistant(mark));
                within(self.seat.limits.slow, self.line.send_mark(number)).await?;
            }
        }
        Ok(())
    }

    /// What is due by the clock: frames of our own, the assistant's gap, a ping.
    pub(super) async fn beat(&mut self) -> Result<(), LegEnd> {
        let now = clock::now();
        if now.saturating_duration_since(self.next_beat) > LATE {
            self.next_beat = now;
        }
        while self.beats() && self.next_beat <= now + self.lead() {
            let sound = self.compose();
            self.send(&sound).await?;
            self.playout.sent_live(now, FRAME_SAMPLES);
            self.listening.sent(self.playout.end(), &sound);
            self.next_beat += FRAME;
            self.finish_phrase().await?;
        }
        if self.passes_live() {
            self.send_live().await?;
        }
        if self.assistant_speaks && now >= self.playout.audible_end() + self.seat.limits.gap {
            self.assistant_paused().await;
        }
        let silent_for = now.saturating_duration_since(self.alive);
        if silent_for >= self.seat.limits.line_lost {
            return Err(LegEnd::Broke);
        }
        if silent_for >= self.seat.limits.ping_every && !self.pinged {
            self.pinged = true;
            within(self.seat.limits.slow, self.line.ping()).await?;
        }
        Ok(())
    }

    /// The next frame of what Baton itself sends to this ear.
    pub(super) fn compose(&mut self) -> [u8; FRAME_SAMPLES] {
        let mut sound = [g711::SILENCE; FRAME_SAMPLES];
        if let Some(saying) = &mut self.saying {
            if let Some(frame) = self.seat.voice.phrase(saying.phrase).frame(saying.frame) {
                sound = *frame;
            }
            saying.frame += 1;
        } else if self.ear().has(Sounds::HOLD) {
            sound = *self.seat.voice.hold().frame_looped(self.hold_frame);
            self.hold_frame += 1;
        }
        if self.hears_somebody_live(self.ear()) {
            mix::add(&mut sound, self.live_on_the_beat());
        }
        sound
    }

    /// Behind the last frame of a phrase goes a mark: it was said when that comes back.
    pub(super) async fn finish_phrase(&mut self) -> Result<(), LegEnd> {
        let done = self.saying.as_ref().filter(|s| s.frame >= self.seat.voice.phrase(s.phrase).frames());
        let Some(phrase) = done.map(|s| s.phrase) else { return Ok(()) };
        self.saying = None;
        let number = self.marks.send(self.playout.place(), Meaning::Said(phrase));
        within(self.seat.limits.slow, self.line.send_mark(number)).await
    }

    pub(super) fn ear(&self) -> Sounds {
        match self.leaving {
            // Last words are heard whatever goes on elsewhere, and nothing else is.
            Some(Leaving::AfterWords(..)) => Sounds::HOUSE,
            Some(Leaving::AfterSpeech) | None => self.patched.ear(self.seat.leg),
        }
    }

    pub(super) fn hears_somebody_live(&self, ear: Sounds) -> bool {
        match self.seat.leg {
            LegId::Prospect => ear.has(Sounds::REP),
            LegId::Rep(_) => ear.has(Sounds::PROSPECT),
            LegId::Assistant => false,
        }
    }

    /// Live frames pass at once, unless they are mixed with what Baton says.
    pub(super) fn passes_live(&self) -> bool {
        self.hears_somebody_live(self.ear()) && !self.ear().has(Sounds::HOUSE)
    }

    /// Whether Baton itself sends frames now.
    pub(super) fn beats(&self) -> bool {
        let ear = self.ear();
        self.saying.is_some()
            || ear.has(Sounds::HOLD)
            || (ear.has(Sounds::HOUSE) && self.hears_somebody_live(ear))
    }

    /// The assistant's speech is taken as it comes while it can be heard and the carrier has not too much of it, and
    /// thrown away while it cannot; during hold it waits for the hold to end.
    pub(super) fn takes_speech(&self, now: Instant) -> bool {
        let ear = self.ear();
        if ear.has(Sounds::ASSISTANT) {
            self.playout.backlog(now) < self.seat.limits.ahead_at_carrier
        } else {
            !ear.awaits_assistant()
        }
    }

    /// How far ahead Baton's own sound is sent: a voice that is mixed into it waits for nothing.
    pub(super) fn lead(&self) -> Duration {
        if self.hears_somebody_live(self.ear()) { FRAME } else { LEAD }
    }

    pub(super) fn due(&mut self, now: Instant, speech_waits: bool) -> Instant {
        let limits = self.seat.limits;
        let since_alive = if self.pinged { limits.line_lost } else { limits.ping_every };
        let mut due = self.alive + since_alive;
        if self.beats() {
            due = due.min(self.next_beat.checked_sub(self.lead()).unwrap_or(now));
        }
        if self.passes_live() {
            due = due.min(self.live_due(now));
        }
        if self.assistant_speaks {
            due = due.min(self.playout.audible_end() + limits.gap);
        }
        if speech_waits && self.ear().has(Sounds::ASSISTANT) {
            due = due.min(self.playout.end().checked_sub(limits.ahead_at_carrier).unwrap_or(now).max(now));
        }
        match self.leaving {
            Some(Leaving::AfterWords(_, until)) => due.min(until),
            Some(Leaving::AfterSpeech) => due.min(self.playout.audible_end() + ON_THE_WAY),
            None => due,
        }
    }

    fn assistant_heard(&mut self, speaks: bool, at: Instant) {
        if let Some(talk) = self.listening.talk() {
            talk.other(LegId::Assistant, speaks, at);
        }
    }

    pub(super) async fn assistant_paused(&mut self) {
        self.assistant_speaks = false;
        self.assistant_heard(false, self.playout.audible_end().min(clock::now()));
        self.tell_heard(LegId::Assistant, Heard::TurnEnded).await;
    }

    pub(super) async fn tell_heard(&mut self, leg: LegId, what: Heard) {
        self.tell(Event::Heard { leg, what }).await;
    }

    pub(super) async fn tell(&mut self, event: Event) {
        // When nobody listens the call is over; the closed command channel ends the leg.
        self.seat.teller.tell(event).await;
    }

    pub(super) async fn send(&mut self, sound: &[u8]) -> Result<(), LegEnd> {
        within(self.seat.limits.slow, self.line.send_sound(sound)).await
    }
}

/// A write that takes too long breaks the line: who does not read cannot be talked to.
pub(super) async fn within(
    limit: Duration,
    write: impl Future<Output = Result<(), LineBroke>>,
) -> Result<(), LegEnd> {
    match in_time(limit, write).await {
        Ok(written) => Ok(written?),
        Err(_slow) => Err(LegEnd::Broke),
    }
}

const FRAME: Duration = Duration::from_millis(20);

/// How far ahead Baton's own sound is sent: enough for an ordinary hiccup of the network, little enough to be cut.
const LEAD: Duration = Duration::from_millis(60);

/// Later than this, the beat begins anew instead of catching up.
const LATE: Duration = Duration::from_millis(200);

/// More marks than any assistant has on its way; beyond it they come back at once.
const MARKS_AT_MOST: usize = 4_096;
