//! The leg of a phone, the prospect's or a rep's: what comes from the carrier goes to whoever hears it, and what this
//! ear may hear goes to the carrier.
//!
//! Live voices and the assistant's speech pass at once. What Baton itself says leaves on absolute 20 ms deadlines, a
//! little ahead. After a cut nothing from before it is written, and the carrier is told to clear.

mod ear;
mod live;
mod mouth;

use std::time::Duration;

use tokio::sync::{OwnedMutexGuard, mpsc};
use tokio::time::Instant;

use crate::audio::frame::Frame;
use crate::call::Event;
use crate::handoff::{End, Phrase, Sounds};
use crate::id::LegId;
use crate::live::clock;
use crate::live::line::{CarrierLine, FromCarrier, LineBroke};
use crate::live::listening::Listening;
use crate::live::marks::Marks;
use crate::live::patchbay::{Patched, Spoke};
use crate::live::phone_leg::live::LiveEar;
use crate::live::playout::Playout;
use crate::live::seat::{PhoneCommand, PhoneSeat};
use crate::live::speech::{AssistantMark, Speech};
use crate::live::timer::Timer;

/// Runs the leg until its line ends or the call has no use for it.
///
/// What runs holds the leg once: an `async fn` would hold its arguments beside it for the whole call.
pub fn run(line: impl CarrierLine, seat: PhoneSeat) -> impl Future<Output = ()> + Send {
    let mut leg = PhoneLeg::new(line, seat);
    async move {
        let speech = match &leg.seat.speech {
            Some(berth) => Some(berth.take().await),
            None => None,
        };
        let end = leg.serve(speech).await;
        tracing::debug!(call.id = %leg.seat.call, leg = %leg.seat.leg, ?end, "a phone's leg ended");
        let event = match (leg.seat.leg, end) {
            (_, LegEnd::NotNeeded) => return,
            (LegId::Rep(attempt), LegEnd::Broke) => Event::RepStreamBroke(attempt),
            (LegId::Rep(attempt), _) => Event::RepLeft { attempt, why: End::LeftAfter },
            (LegId::Prospect, LegEnd::Stopped) => Event::ProspectLeft,
            (LegId::Prospect, LegEnd::Broke) => Event::ProspectStreamBroke,
            (LegId::Prospect | LegId::Assistant, LegEnd::ClosedByUs) => Event::ProspectStreamClosed,
            (LegId::Assistant, LegEnd::Stopped | LegEnd::Broke) => return,
        };
        leg.seat.teller.leave(event, leg.seat.leg, leg.seat.number).await;
    }
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
    live: LiveEar,
    saying: Option<Saying>,
    hold_frame: usize,
    next_beat: Instant,
    listening: Listening,
    news: Vec<Event>,
    rep_spoke: Option<Spoke>,
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
            live: LiveEar::new(now),
            saying: None,
            hold_frame: 0,
            next_beat: now + HOLD_AFTER,
            listening: Listening::new(seat.leg, &seat.ears, seat.limits.floor, now),
            // More than a frame ever brings; from here on nothing is allocated.
            news: Vec::with_capacity(NEWS),
            rep_spoke: None,
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
        if self.passes_live() {
            self.begin_live();
        }
        // While nothing is queued, a mark measures the way there and back alone.
        if let Err(end) = self.measure().await {
            return end;
        }
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
            Woke::Ear(Some(frame)) => self.pass_on(frame).await?,
            Woke::Ear(None) => {}
            Woke::Speech(Some(piece)) => self.speak(piece).await?,
            Woke::Speech(None) => *speech = None,
            Woke::Time => self.beat().await?,
        }
        self.leave_if_due(speech.as_ref().is_none_or(|s| s.is_empty()))
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
}

async fn next_piece(speech: &mut Option<OwnedMutexGuard<mpsc::Receiver<Speech>>>) -> Option<Speech> {
    match speech {
        Some(speech) => speech.recv().await,
        None => std::future::pending().await,
    }
}

/// A turn, the floor, the mood, and what became certain of both parties' turns.
const NEWS: usize = 8;

/// How long after a phrase's end its mark is waited for before the leg closes all the same.
const MARK_LATE: Duration = Duration::from_secs(3);

/// The longest way of a frame to the ear that is still awaited after the last word.
const ON_THE_WAY: Duration = Duration::from_millis(500);

/// Hold begins after this much silence: an assistant that picks up sooner is not preceded by a snatch of music, and
/// nobody has waited long enough to wonder.
const HOLD_AFTER: Duration = Duration::from_secs(1);
