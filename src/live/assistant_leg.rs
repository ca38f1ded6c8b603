//! The assistant's leg: Baton is the carrier to it. Its speech goes on to the prospect as it comes; the prospect's
//! sound goes to it at once, and silence when there is none, so that it gets a frame every 20 ms.
//!
//! While the prospect cannot hear it, it hears silence, its speech goes nowhere, and its marks come back when they
//! would have been played: otherwise it would ask whether anybody is there, or hang up.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::audio::frame::{FRAME_SAMPLES, Frame};
use crate::audio::g711;
use crate::call::{AssistantFault, Event, Heard};
use crate::handoff::Sounds;
use crate::id::LegId;
use crate::live::clock;
use crate::live::line::{AssistantLine, FromAssistant, LineBroke, ToFollower, in_time};
use crate::live::playout::length;
use crate::live::seat::{AssistantCommand, AssistantSeat};
use crate::live::speech::{AssistantMark, Piece, Speech};
use crate::live::telling::Telling;
use crate::live::timer::Timer;
use crate::live::watching::Watched;

/// Runs the leg until the assistant has finished, breaks, or is not needed any more.
///
/// What runs holds the leg once: an `async fn` would hold its arguments beside it for the whole call.
pub fn run(line: impl AssistantLine, seat: AssistantSeat) -> impl Future<Output = ()> + Send {
    let mut leg = AssistantLeg::new(line, seat);
    async move {
        if leg.seat.teller.tell(Event::AssistantConnected).await {
            leg.run().await;
        }
    }
}

/// How a leg ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LegEnd {
    Finished,
    Broke(AssistantFault),
    NotNeeded,
}

struct AssistantLeg<L> {
    line: L,
    seat: AssistantSeat,
    held: VecDeque<Speech>,
    held_samples: usize,
    discarded_samples: usize,
    clears: u32,
    /// When all it said unheard would have been played.
    unheard_until: Instant,
    /// Its marks that are still to come back, in order.
    owed: VecDeque<(Instant, String)>,
    /// Until when it has been given sound: a frame for every 20 ms, whether the prospect's or silence.
    given_until: Instant,
    spoke_up_in: Option<u16>,
    alive: Instant,
    pinged_at: Option<Instant>,
    rubbish: u32,
    /// What becomes of the call, where it asked to be told.
    follows: Option<Receiver<Watched>>,
}

/// What woke the leg.
enum Woke {
    Command(Option<AssistantCommand>),
    Assistant(FromAssistant),
    Ear(Option<Frame>),
    SpeechMoved,
    NobodyListens,
    News(Watched),
    Time,
}

impl<L: AssistantLine> AssistantLeg<L> {
    fn new(line: L, seat: AssistantSeat) -> Self {
        let now = clock::now();
        Self {
            clears: seat.patchbay.assistant_clears(),
            line,
            seat,
            held: VecDeque::new(),
            held_samples: 0,
            discarded_samples: 0,
            unheard_until: now,
            owed: VecDeque::new(),
            given_until: now,
            spoke_up_in: None,
            alive: now,
            pinged_at: None,
            rubbish: 0,
            follows: None,
        }
    }

    async fn run(&mut self) {
        let end = self.serve().await;
        tracing::debug!(call.id = %self.seat.call, leg = %LegId::Assistant, ?end, "the assistant's leg ended");
        match end {
            LegEnd::Finished => {
                self.pass_on_the_rest().await;
                self.seat.teller.tell(Event::AssistantFinished).await;
            }
            LegEnd::Broke(fault) => {
                if fault == AssistantFault::Flooded {
                    // Nobody wants to hear the rest of it before the next word.
                    self.clear();
                }
                self.seat.teller.tell(Event::AssistantBroke(fault)).await;
            }
            LegEnd::NotNeeded => {}
        }
        // Last: a goodbye to one that reads nothing takes as long as it may, and the prospect waits for hold.
        self.line.stop().await;
    }

    async fn serve(&mut self) -> LegEnd {
        // Sound from before it was there is not meant for it.
        while self.seat.patchbay.pipe(LegId::Assistant).pop().is_some() {}
        let mut timer = Timer::new(clock::now());
        loop {
            if let Err(end) = self.step(&mut timer).await {
                return end;
            }
        }
    }

    async fn step(&mut self, timer: &mut Timer) -> Result<(), LegEnd> {
        let due = self.due();
        let pipe = self.seat.patchbay.pipe(LegId::Assistant);
        let woke = tokio::select! {
            biased;
            command = self.seat.commands.recv() => Woke::Command(command),
            frame = pipe.next(true) => Woke::Ear(frame),
            permit = self.seat.speech.reserve(), if !self.held.is_empty() => {
                match (permit, self.held.pop_front()) {
                    (Ok(permit), Some(speech)) => {
                        self.held_samples -= samples_of(&speech);
                        permit.send(speech);
                        Woke::SpeechMoved
                    }
                    (Ok(_), None) | (Err(_), _) => Woke::NobodyListens,
                }
            }
            watched = news(&mut self.follows), if self.follows.is_some() => Woke::News(watched),
            from = self.line.next() => Woke::Assistant(from),
            () = timer.wait(due) => Woke::Time,
        };
        match woke {
            Woke::Command(Some(command)) => self.commanded(command).await?,
            Woke::Command(None) | Woke::NobodyListens => return Err(LegEnd::NotNeeded),
            Woke::Ear(Some(frame)) => {
                if self.hears_prospect() && !self.makes_up_for_filler(&frame) {
                    self.give(&frame.sound).await?;
                }
            }
            Woke::News(watched) => self.say(ToFollower::News(&watched)).await?,
            Woke::Assistant(from) => self.came(from).await?,
            // Without a frame the hearing has changed, and with it when silence is due.
            Woke::Ear(None) | Woke::SpeechMoved | Woke::Time => {}
        }
        self.beat().await
    }

    // ── what the assistant says ──

    async fn came(&mut self, from: FromAssistant) -> Result<(), LegEnd> {
        self.alive = clock::now();
        self.pinged_at = None;
        match from {
            FromAssistant::Speech(sound) => self.speak(&sound).await?,
            FromAssistant::Mark(name) => self.mark(name),
            FromAssistant::Clear => self.clear(),
            FromAssistant::Told(telling) => self.pass_on_what_it_tells(*telling).await?,
            FromAssistant::Follows => {
                self.follows = Some(self.seat.watchers.join());
                let welcome = ToFollower::Welcome(self.seat.call, self.seat.clock.now());
                self.say(welcome).await?;
            }
            FromAssistant::Misunderstood(why) => self.refuse(&why).await?,
            FromAssistant::Alive => {}
            FromAssistant::Rubbish => {
                self.rubbish += 1;
                if self.rubbish > self.seat.limits.rubbish {
                    return Err(LegEnd::Broke(AssistantFault::Rubbish));
                }
            }
            FromAssistant::Finished => return Err(LegEnd::Finished),
            FromAssistant::Broke(fault) => return Err(LegEnd::Broke(fault)),
        }
        Ok(())
    }

    async fn speak(&mut self, sound: &Bytes) -> Result<(), LegEnd> {
        let patched = self.seat.patchbay.now();
        let ear = patched.hearing.prospect;
        if !reaches(ear) {
            self.unheard_until = self.unheard_until.max(clock::now()) + length(sound.len());
            return Ok(());
        }
        if ear.awaits_assistant() && self.spoke_up_in != Some(patched.number) && is_audible(sound) {
            // It counted as hung, or was just dialled: it is heard from again.
            self.spoke_up_in = Some(patched.number);
            let event = Event::Heard { leg: LegId::Assistant, what: Heard::TurnBegan };
            self.seat.teller.tell(event).await;
        }
        for start in (0..sound.len()).step_by(PIECE_SAMPLES) {
            let piece = sound.slice(start..sound.len().min(start + PIECE_SAMPLES));
            if length(self.held_samples + piece.len()) > self.seat.limits.ahead_here {
                self.discard(piece.len())?;
                continue;
            }
            self.pass_on(Piece::Sound(piece));
        }
        Ok(())
    }

    /// Above the cap its speech is thrown away, newest first: what was said before stays whole. An assistant that
    /// goes on as long again is of no use.
    fn discard(&mut self, samples: usize) -> Result<(), LegEnd> {
        if self.discarded_samples == 0 {
            tracing::warn!(call.id = %self.seat.call, "the assistant sends more than the prospect can listen to; the rest is thrown away");
        }
        self.discarded_samples += samples;
        metrics::counter!("baton_assistant_speech_discarded_samples_total").increment(samples as u64);
        if length(self.discarded_samples) > self.seat.limits.ahead_here {
            return Err(LegEnd::Broke(AssistantFault::Flooded));
        }
        Ok(())
    }

    fn pass_on(&mut self, piece: Piece) {
        let speech = Speech { clears: self.clears, piece };
        let speech = if self.held.is_empty() {
            match self.seat.speech.try_send(speech) {
                Ok(()) => return,
                Err(mpsc::error::TrySendError::Full(speech) | mpsc::error::TrySendError::Closed(speech)) => {
                    speech
                }
            }
        } else {
            speech
        };
        self.held_samples += samples_of(&speech);
        self.held.push_back(speech);
    }

    fn mark(&mut self, name: String) {
        if reaches(self.seat.patchbay.now().hearing.prospect) {
            if self.held.len() < HELD_AT_MOST {
                self.pass_on(Piece::Mark(AssistantMark { name, owner: self.seat.address.clone() }));
            }
        } else {
            self.owe(self.unheard_until, name);
        }
    }

    fn clear(&mut self) {
        self.clears = self.seat.patchbay.assistant_cleared();
        // The marks of what is dropped come back, in their order: they go the same way as before.
        self.held.retain(|speech| matches!(speech.piece, Piece::Mark(_)));
        self.held_samples = 0;
        self.discarded_samples = 0;
        let now = clock::now();
        self.unheard_until = now;
        for (at, _) in &mut self.owed {
            *at = (*at).min(now);
        }
        self.seat.patchbay.pipe(LegId::Prospect).ring();
    }

    /// What it tells of the talk goes to the call; one that is over needs it no more.
    async fn pass_on_what_it_tells(&mut self, telling: Telling) -> Result<(), LegEnd> {
        match telling.at(self.seat.clock.now()) {
            Ok(tellable) => {
                tellable.tell(&self.seat.teller).await;
                Ok(())
            }
            Err(wrong) => self.refuse(&wrong.to_string()).await,
        }
    }

    async fn refuse(&mut self, why: &str) -> Result<(), LegEnd> {
        metrics::counter!("baton_refused_total", "door" => "assistant", "why" => "not understood")
            .increment(1);
        self.say(ToFollower::Refused(why)).await
    }

    /// One that did not ask to follow the call would not understand a word of it.
    async fn say(&mut self, word: ToFollower<'_>) -> Result<(), LegEnd> {
        if self.follows.is_none() {
            return Ok(());
        }
        within(self.seat.limits.slow, self.line.send_word(word)).await
    }

    /// It has finished: what it said before goes on to the prospect.
    async fn pass_on_the_rest(&mut self) {
        while let Some(speech) = self.held.pop_front() {
            if self.seat.speech.send(speech).await.is_err() {
                return;
            }
        }
    }

    // ── what the assistant is told ──

    async fn commanded(&mut self, command: AssistantCommand) -> Result<(), LegEnd> {
        match command {
            AssistantCommand::Played { name, at } => {
                self.owe(at, name);
                Ok(())
            }
            AssistantCommand::Key(key) => within(self.seat.limits.slow, self.line.send_key(key)).await,
            AssistantCommand::Stop => Err(LegEnd::NotNeeded),
        }
    }

    fn owe(&mut self, at: Instant, name: String) {
        if self.owed.len() >= HELD_AT_MOST {
            return;
        }
        // In the order in which they were set, also when one is reckoned earlier than the one before it.
        let at = self.owed.back().map_or(at, |(before, _)| at.max(*before));
        self.owed.push_back((at, name));
    }

    /// What is due by the clock: marks, silence, a ping.
    async fn beat(&mut self) -> Result<(), LegEnd> {
        if self.seat.teller.nobody_listens() {
            // The call's task failed: nobody would ever end this leg.
            return Err(LegEnd::NotNeeded);
        }
        let now = clock::now();
        while self.owed.front().is_some_and(|(at, _)| *at <= now) {
            if let Some((_, name)) = self.owed.pop_front() {
                within(self.seat.limits.slow, self.line.send_played(&name)).await?;
            }
        }
        while self.silence_due() <= now {
            self.give(&[g711::SILENCE; FRAME_SAMPLES]).await?;
        }
        match self.pinged_at {
            Some(pinged) if now.saturating_duration_since(pinged) >= self.seat.limits.ping_answer => {
                Err(LegEnd::Broke(AssistantFault::NoPong))
            }
            None if now.saturating_duration_since(self.alive) >= self.seat.limits.ping_every => {
                self.pinged_at = Some(now);
                within(self.seat.limits.slow, self.line.ping()).await
            }
            Some(_) | None => Ok(()),
        }
    }

    async fn give(&mut self, sound: &[u8; FRAME_SAMPLES]) -> Result<(), LegEnd> {
        within(self.seat.limits.slow, self.line.send_frame(sound)).await?;
        let now = clock::now();
        if now.saturating_duration_since(self.given_until) > LATE {
            self.given_until = now;
        }
        self.given_until += FRAME;
        Ok(())
    }

    /// Silence was put in where frames were late, and they came after all: as many that are silent themselves can go.
    fn makes_up_for_filler(&self, frame: &Frame) -> bool {
        self.given_until > clock::now() + AHEAD && !is_audible(&frame.sound)
    }

    /// When silence takes the place of the prospect's next frame: at the beat, or once that is late.
    fn silence_due(&self) -> Instant {
        if self.hears_prospect() { self.given_until + STALL } else { self.given_until }
    }

    fn hears_prospect(&self) -> bool {
        self.seat.patchbay.now().hearing.assistant.has(Sounds::PROSPECT)
    }

    fn due(&self) -> Instant {
        let alive = match self.pinged_at {
            Some(pinged) => pinged + self.seat.limits.ping_answer,
            None => self.alive + self.seat.limits.ping_every,
        };
        let owed = self.owed.front().map_or(alive, |(at, _)| *at);
        alive.min(owed).min(self.silence_due())
    }
}

/// What becomes of the call, next; what was missed by one that reads slowly is not told later.
async fn news(follows: &mut Option<Receiver<Watched>>) -> Watched {
    loop {
        match follows {
            Some(following) => match following.recv().await {
                Ok(watched) => return watched,
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => *follows = None,
            },
            None => std::future::pending().await,
        }
    }
}

fn samples_of(speech: &Speech) -> usize {
    match &speech.piece {
        Piece::Sound(sound) => sound.len(),
        Piece::Mark(_) => 0,
    }
}

/// Whether the assistant's speech reaches the prospect, now or when the hold ends.
fn reaches(ear: Sounds) -> bool {
    ear.has(Sounds::ASSISTANT) || ear.awaits_assistant()
}

fn is_audible(sound: &[u8]) -> bool {
    sound.chunks(FRAME_SAMPLES).any(|chunk| g711::level_dbfs(chunk) > AUDIBLE_DBFS)
}

/// A write that takes too long: the assistant does not take our sound off the line.
async fn within(limit: Duration, write: impl Future<Output = Result<(), LineBroke>>) -> Result<(), LegEnd> {
    match in_time(limit, write).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(LineBroke)) => Err(LegEnd::Broke(AssistantFault::BrokeOff)),
        Err(_slow) => Err(LegEnd::Broke(AssistantFault::Slow)),
    }
}

const FRAME: Duration = Duration::from_millis(20);

/// A frame of the prospect that is so late is waited for no longer: mobile networks deliver most within it, and silence in
/// the middle of a word would be heard.
const STALL: Duration = Duration::from_millis(100);

/// So much ahead is no backlog.
const AHEAD: Duration = Duration::from_millis(40);

/// Later than this, the beat begins anew instead of catching up.
const LATE: Duration = Duration::from_millis(200);

/// Half a second: small enough to stop soon, large enough to cost nothing.
const PIECE_SAMPLES: usize = 4_000;

/// More marks or pieces than any assistant has on its way.
const HELD_AT_MOST: usize = 4_096;

/// As quiet as a telephone line's own noise.
const AUDIBLE_DBFS: f32 = -55.0;

#[cfg(test)]
#[path = "assistant_leg_tests.rs"]
mod tests;
