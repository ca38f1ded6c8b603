//! The leg of a phone, the prospect's or a rep's: what comes from the carrier goes to whoever hears it, and what this
//! ear may hear goes to the carrier.
//!
//! Live voices and the assistant's speech pass at once. What Baton itself says leaves on absolute 20 ms deadlines, a
//! little ahead. After a cut nothing from before it is written, and the carrier is told to clear.

use std::time::Duration;

use tokio::sync::{OwnedMutexGuard, mpsc};
use tokio::time::{Instant, timeout};

use crate::audio::frame::{FRAME_SAMPLES, Frame};
use crate::audio::voice::{Change, Voice};
use crate::audio::{g711, mix};
use crate::call::{Event, Heard};
use crate::handoff::{End, Phrase, Sounds};
use crate::id::LegId;
use crate::live::clock;
use crate::live::line::{CarrierLine, FromCarrier, LineBroke};
use crate::live::marks::{Marks, Meaning};
use crate::live::patchbay::Patched;
use crate::live::playout::Playout;
use crate::live::seat::{PhoneCommand, PhoneSeat};
use crate::live::speech::{AssistantMark, Piece, Speech};
use crate::live::timer::Timer;

/// Runs the leg until its line ends or the call has no use for it.
pub async fn run(line: impl CarrierLine, seat: PhoneSeat) {
    let speech = match &seat.speech {
        Some(berth) => Some(berth.take().await),
        None => None,
    };
    let mut leg = PhoneLeg::new(line, seat);
    let end = leg.serve(speech).await;
    tracing::debug!(call.id = %leg.seat.call, leg = %leg.seat.leg, ?end, "a phone's leg ended");
    let event = match (leg.seat.leg, end) {
        (_, LegEnd::NotNeeded) => return,
        (LegId::Rep(attempt), _) => Event::RepLeft { attempt, why: End::LeftAfter },
        (LegId::Prospect, LegEnd::Stopped) => Event::ProspectLeft,
        (LegId::Prospect, LegEnd::Broke) => Event::ProspectStreamBroke,
        (LegId::Prospect | LegId::Assistant, LegEnd::ClosedByUs) => Event::ProspectStreamClosed,
        (LegId::Assistant, LegEnd::Stopped | LegEnd::Broke) => return,
    };
    leg.seat.teller.tell(event).await;
}

/// How a leg ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LegEnd {
    /// The carrier said so.
    Stopped,
    /// The line broke.
    Broke,
    /// We closed it, as told.
    ClosedByUs,
    /// The call is over, or another leg took this one's place.
    NotNeeded,
}

impl From<LineBroke> for LegEnd {
    fn from(_: LineBroke) -> Self {
        Self::Broke
    }
}

struct PhoneLeg<L> {
    line: L,
    seat: PhoneSeat,
    patched: Patched,
    cuts: u32,
    clears: u32,
    playout: Playout,
    marks: Marks<AssistantMark>,
    saying: Option<Saying>,
    hold_frame: usize,
    next_beat: Instant,
    voice: Voice,
    floor_taken: bool,
    assistant_speaks: bool,
    flowed_in: Option<u16>,
    alive: Instant,
    pinged: bool,
    leaving: Option<Leaving>,
}

/// A phrase that is being said.
struct Saying {
    phrase: Phrase,
    frame: usize,
}

/// Why and when the leg closes by itself.
enum Leaving {
    /// After this was played, and by then in any case.
    AfterWords(Phrase, Instant),
    /// When what the assistant said was played.
    AfterSpeech,
}

/// What woke the leg.
enum Woke {
    Command(Option<PhoneCommand>),
    Carrier(FromCarrier),
    Ear(Option<Frame>),
    Speech(Option<Speech>),
    Time,
}

impl<L: CarrierLine> PhoneLeg<L> {
    fn new(line: L, seat: PhoneSeat) -> Self {
        let now = clock::now();
        let patched = seat.patchbay.now();
        Self {
            patched,
            cuts: seat.patchbay.cuts(),
            clears: seat.patchbay.assistant_clears(),
            playout: Playout::new(now),
            marks: Marks::default(),
            saying: None,
            hold_frame: 0,
            next_beat: now + HOLD_AFTER,
            voice: Voice::default(),
            floor_taken: false,
            assistant_speaks: false,
            flowed_in: None,
            alive: now,
            pinged: false,
            leaving: None,
            line,
            seat,
        }
    }

    async fn serve(&mut self, mut speech: Option<OwnedMutexGuard<mpsc::Receiver<Speech>>>) -> LegEnd {
        let mut timer = Timer::new(clock::now());
        loop {
            match self.step(&mut timer, &mut speech).await {
                Ok(()) => {}
                Err(end) => {
                    self.line.close().await;
                    return end;
                }
            }
        }
    }

    /// One thing that happens, and what is done about it.
    async fn step(
        &mut self,
        timer: &mut Timer,
        speech: &mut Option<OwnedMutexGuard<mpsc::Receiver<Speech>>>,
    ) -> Result<(), LegEnd> {
        self.follow().await?;
        let now = clock::now();
        let due = self.due(now, speech.as_ref().is_some_and(|s| !s.is_empty()));
        let listens = self.passes_live();
        let takes_speech = self.takes_speech(now);
        // Only the leg on the line may wait at the rep's pipe: it has one reader.
        let at_pipe = self.seat.leg == LegId::Prospect || listens;
        let pipe = self.seat.patchbay.pipe(self.seat.leg);
        let woke = tokio::select! {
            biased;
            command = self.seat.commands.recv() => Woke::Command(command),
            from = self.line.next() => Woke::Carrier(from),
            frame = pipe.next(listens), if at_pipe => Woke::Ear(frame),
            piece = next_piece(speech), if takes_speech => Woke::Speech(piece),
            () = timer.wait(due) => Woke::Time,
        };
        match woke {
            Woke::Command(Some(command)) => self.commanded(command).await?,
            Woke::Command(None) => return Err(LegEnd::NotNeeded),
            Woke::Carrier(from) => self.came(from).await?,
            Woke::Ear(Some(frame)) => {
                self.send(&frame.sound).await?;
                self.playout.sent_live(clock::now(), FRAME_SAMPLES);
            }
            Woke::Ear(None) => {}
            Woke::Speech(Some(piece)) => self.speak(piece).await?,
            Woke::Speech(None) => *speech = None,
            Woke::Time => self.beat().await?,
        }
        self.leave_if_due(speech.as_ref().is_none_or(|s| s.is_empty()))
    }

    // ── what this ear hears ──

    /// Takes note of a changed hearing: after a cut, nothing from before it goes out.
    async fn follow(&mut self) -> Result<(), LegEnd> {
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
                self.next_beat = self.playout.end().max(clock::now()) + HOLD_AFTER;
            }
            if !self.hears_somebody_live(before) && self.hears_somebody_live(after) {
                // Voices from before belong to another moment.
                while self.seat.patchbay.pipe(self.seat.leg).pop().is_some() {}
                self.next_beat = clock::now();
            }
        }
        if self.seat.leg == LegId::Prospect {
            let clears = self.seat.patchbay.assistant_clears();
            if clears != self.clears {
                self.clears = clears;
                if self.ear().has(Sounds::ASSISTANT) {
                    self.clear().await?;
                }
            }
        }
        Ok(())
    }

    /// Nothing of what is queued may be played; the assistant's marks come back when they would have been.
    async fn cut(&mut self) -> Result<(), LegEnd> {
        let (end, sent) = (self.playout.end(), self.playout.place());
        for (place, mark) in self.marks.take_back() {
            let left = crate::live::playout::length((sent - place) as usize);
            mark.played(end.checked_sub(left).unwrap_or(end));
        }
        self.saying = None;
        self.assistant_speaks = false;
        self.clear().await
    }

    async fn clear(&mut self) -> Result<(), LegEnd> {
        if self.playout.is_clear() && self.marks.is_empty() {
            return Ok(());
        }
        self.playout.cleared(clock::now());
        within(self.seat.limits.slow, self.line.clear()).await
    }

    /// A piece of the assistant's speech: on to the carrier, unless it was cleared or cannot be heard any more.
    async fn speak(&mut self, speech: Speech) -> Result<(), LegEnd> {
        let stale = speech.clears != self.clears || !self.ear().has(Sounds::ASSISTANT);
        let now = clock::now();
        match speech.piece {
            Piece::Sound(_) if stale => {}
            Piece::Sound(sound) => {
                self.send(&sound).await?;
                self.playout.sent(now, &sound);
                if !self.assistant_speaks && self.playout.audible_end() > now {
                    self.assistant_speaks = true;
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
    async fn beat(&mut self) -> Result<(), LegEnd> {
        let now = clock::now();
        if now.saturating_duration_since(self.next_beat) > LATE {
            self.next_beat = now;
        }
        while self.beats() && self.next_beat <= now + self.lead() {
            let sound = self.compose();
            self.send(&sound).await?;
            self.playout.sent_live(now, FRAME_SAMPLES);
            self.next_beat += FRAME;
            self.finish_phrase().await?;
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
    fn compose(&mut self) -> [u8; FRAME_SAMPLES] {
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
            let pipe = self.seat.patchbay.pipe(self.seat.leg);
            while pipe.len() > MIXED_AHEAD {
                pipe.pop();
            }
            if let Some(frame) = pipe.pop() {
                mix::add(&mut sound, &frame.sound);
            }
        }
        sound
    }

    /// Behind the last frame of a phrase goes a mark: it was said when that comes back.
    async fn finish_phrase(&mut self) -> Result<(), LegEnd> {
        let done = self.saying.as_ref().filter(|s| s.frame >= self.seat.voice.phrase(s.phrase).frames());
        let Some(phrase) = done.map(|s| s.phrase) else { return Ok(()) };
        self.saying = None;
        let number = self.marks.send(self.playout.place(), Meaning::Said(phrase));
        within(self.seat.limits.slow, self.line.send_mark(number)).await
    }

    // ── what comes from the carrier ──

    async fn came(&mut self, from: FromCarrier) -> Result<(), LegEnd> {
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

    async fn hear(&mut self, frame: Frame) {
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
        match self.voice.hear(&frame.sound) {
            Some(Change::Began) => {
                self.floor_taken = false;
                self.tell_heard(self.seat.leg, Heard::TurnBegan).await;
            }
            Some(Change::Ended) => self.tell_heard(self.seat.leg, Heard::TurnEnded).await,
            None => {}
        }
        if !self.floor_taken && self.voice.spoken() >= self.seat.limits.floor {
            self.floor_taken = true;
            self.tell_heard(self.seat.leg, Heard::TookTheFloor).await;
        }
        if self.seat.patchbay.is_crowded(self.seat.leg) {
            tokio::task::yield_now().await;
        }
    }

    async fn played(&mut self, number: u32) {
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

    // ── what the call says ──

    async fn commanded(&mut self, command: PhoneCommand) -> Result<(), LegEnd> {
        self.follow().await?;
        match command {
            PhoneCommand::Look => {}
            PhoneCommand::Say(phrase) => self.say(phrase).await?,
            PhoneCommand::Leave(None) => return Err(LegEnd::ClosedByUs),
            PhoneCommand::Leave(Some(phrase)) => {
                let until = clock::now() + self.seat.voice.phrase(phrase).duration() + MARK_LATE;
                self.leaving = Some(Leaving::AfterWords(phrase, until));
                self.say(phrase).await?;
            }
            PhoneCommand::LetGo => self.leaving = Some(Leaving::AfterSpeech),
        }
        Ok(())
    }

    async fn say(&mut self, phrase: Phrase) -> Result<(), LegEnd> {
        if !self.ear().has(Sounds::HOUSE) {
            // The moment for it has passed: a later hearing stands already.
            return Ok(());
        }
        if self.saying.is_some() {
            self.marks.break_off();
            self.clear().await?;
        }
        self.saying = Some(Saying { phrase, frame: 0 });
        self.next_beat = clock::now();
        self.beat().await
    }

    fn leave_if_due(&self, all_spoken: bool) -> Result<(), LegEnd> {
        let now = clock::now();
        match self.leaving {
            Some(Leaving::AfterWords(_, until)) if now >= until => Err(LegEnd::ClosedByUs),
            Some(Leaving::AfterSpeech) if all_spoken && now >= self.playout.audible_end() + ON_THE_WAY => {
                Err(LegEnd::ClosedByUs)
            }
            Some(_) | None => Ok(()),
        }
    }

    // ── questions about now ──

    fn ear(&self) -> Sounds {
        match self.leaving {
            // Last words are heard whatever goes on elsewhere, and nothing else is.
            Some(Leaving::AfterWords(..)) => Sounds::HOUSE,
            Some(Leaving::AfterSpeech) | None => self.patched.ear(self.seat.leg),
        }
    }

    fn hears_somebody_live(&self, ear: Sounds) -> bool {
        match self.seat.leg {
            LegId::Prospect => ear.has(Sounds::REP),
            LegId::Rep(_) => ear.has(Sounds::PROSPECT),
            LegId::Assistant => false,
        }
    }

    /// Live frames pass at once, unless they are mixed with what Baton says.
    fn passes_live(&self) -> bool {
        self.hears_somebody_live(self.ear()) && !self.ear().has(Sounds::HOUSE)
    }

    /// Whether Baton itself sends frames now.
    fn beats(&self) -> bool {
        let ear = self.ear();
        self.saying.is_some()
            || ear.has(Sounds::HOLD)
            || (ear.has(Sounds::HOUSE) && self.hears_somebody_live(ear))
    }

    /// The assistant's speech is taken as it comes while it can be heard and the carrier has not too much of it, and
    /// thrown away while it cannot; during hold it waits for the hold to end.
    fn takes_speech(&self, now: Instant) -> bool {
        let ear = self.ear();
        if ear.has(Sounds::ASSISTANT) {
            self.playout.backlog(now) < self.seat.limits.ahead_at_carrier
        } else {
            !ear.has(Sounds::HOLD)
        }
    }

    /// How far ahead Baton's own sound is sent: a voice that is mixed into it waits for nothing.
    fn lead(&self) -> Duration {
        if self.hears_somebody_live(self.ear()) { FRAME } else { LEAD }
    }

    fn due(&self, now: Instant, speech_waits: bool) -> Instant {
        let limits = &self.seat.limits;
        let since_alive = if self.pinged { limits.line_lost } else { limits.ping_every };
        let mut due = self.alive + since_alive;
        if self.beats() {
            due = due.min(self.next_beat.checked_sub(self.lead()).unwrap_or(now));
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

    async fn assistant_paused(&mut self) {
        self.assistant_speaks = false;
        self.tell_heard(LegId::Assistant, Heard::TurnEnded).await;
    }

    async fn tell_heard(&mut self, leg: LegId, what: Heard) {
        self.tell(Event::Heard { leg, what }).await;
    }

    async fn tell(&mut self, event: Event) {
        // When nobody listens the call is over; the closed command channel ends the leg.
        self.seat.teller.tell(event).await;
    }

    async fn send(&mut self, sound: &[u8]) -> Result<(), LegEnd> {
        within(self.seat.limits.slow, self.line.send_sound(sound)).await
    }
}

async fn next_piece(speech: &mut Option<OwnedMutexGuard<mpsc::Receiver<Speech>>>) -> Option<Speech> {
    match speech {
        Some(speech) => speech.recv().await,
        None => std::future::pending().await,
    }
}

/// A write that takes too long breaks the line: who does not read cannot be talked to.
async fn within(limit: Duration, write: impl Future<Output = Result<(), LineBroke>>) -> Result<(), LegEnd> {
    match timeout(limit, write).await {
        Ok(written) => Ok(written?),
        Err(_slow) => Err(LegEnd::Broke),
    }
}

const FRAME: Duration = Duration::from_millis(20);

/// How far ahead Baton's own sound is sent: enough for an ordinary hiccup of the network, little enough to be cut.
const LEAD: Duration = Duration::from_millis(60);

/// Later than this, the beat begins anew instead of catching up.
const LATE: Duration = Duration::from_millis(200);

/// Hold begins after this much silence: an assistant that picks up sooner is not preceded by a snatch of music, and
/// nobody has waited long enough to wonder.
const HOLD_AFTER: Duration = Duration::from_secs(1);

/// Live frames that may wait while they are mixed.
const MIXED_AHEAD: usize = 2;

/// How long after a phrase's end its mark is waited for before the leg closes all the same.
const MARK_LATE: Duration = Duration::from_secs(3);

/// The longest way of a frame to the ear that is still awaited after the last word.
const ON_THE_WAY: Duration = Duration::from_millis(500);

/// More marks than any assistant has on its way; beyond it they come back at once.
const MARKS_AT_MOST: usize = 4_096;
