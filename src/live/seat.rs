//! What a leg is given when it takes its place in a call, and how it is spoken to there.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, mpsc};
use tokio::time::Instant;

use crate::call::{AssistantFault, Event};
use crate::conversation::{Context, Note, Piece, Signal};
use crate::handoff::Phrase;
use crate::id::{CallId, LegId};
use crate::live::clock::CallClock;
use crate::live::house_voice::HouseVoice;
use crate::live::listening::Ears;
use crate::live::patchbay::Patchbay;
use crate::live::speech::Speech;
use crate::live::tap::Tap;
use crate::live::watching::Watchers;
use crate::phone_number::PhoneNumber;
use crate::ports::CarrierCall;

/// A leg's way to tell its call what happened.
#[derive(Clone, Debug)]
pub struct Teller(mpsc::Sender<ToCall>);

/// What reaches a call's task.
#[derive(Debug)]
pub enum ToCall {
    /// Something happened.
    Happened(Event),
    /// A source of words heard this.
    Words(Piece),
    /// What the assistant had yet to say at this moment was dropped.
    AssistantCut(Instant),
    /// A model found this in turns that were told it.
    Hinted(Vec<Signal>),
    /// The assistant noted this.
    Noted(Note),
    /// A phone's leg took its place; the event says so, and this is how to speak to it.
    Seated(Event, LegId, PhoneLine),
    /// A phone's leg got up from its place; the event says why. It means nothing when another sits there already.
    Left(Event, LegId, SeatNumber),
}

/// Which of the legs that take one place after another it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeatNumber(pub u32);

/// The way to a phone's leg.
#[derive(Clone, Debug)]
pub struct PhoneLine {
    /// Which leg it is.
    pub number: SeatNumber,
    /// What it is told.
    pub commands: mpsc::Sender<PhoneCommand>,
}

impl Teller {
    /// Speaks to the call that reads at the other end.
    pub fn new(to: mpsc::Sender<ToCall>) -> Self {
        Self(to)
    }

    /// Tells the call; false when it is over and nobody listens any more.
    pub async fn tell(&self, event: Event) -> bool {
        self.send(ToCall::Happened(event)).await
    }

    /// A source of words heard this; false when the call is over.
    pub async fn words(&self, piece: Piece) -> bool {
        self.send(ToCall::Words(piece)).await
    }

    /// What the assistant had yet to say at this moment was dropped; false when the call is over.
    pub async fn assistant_cut(&self, at: Instant) -> bool {
        self.send(ToCall::AssistantCut(at)).await
    }

    /// A model found this in turns that were told it; false when the call is over.
    pub async fn hinted(&self, signals: Vec<Signal>) -> bool {
        self.send(ToCall::Hinted(signals)).await
    }

    /// The assistant noted this; false when the call is over.
    pub async fn noted(&self, note: Note) -> bool {
        self.send(ToCall::Noted(note)).await
    }

    /// A phone's leg takes its place.
    pub async fn seat(&self, event: Event, leg: LegId, line: PhoneLine) -> bool {
        self.send(ToCall::Seated(event, leg, line)).await
    }

    /// A phone's leg gets up from its place.
    pub async fn leave(&self, event: Event, leg: LegId, number: SeatNumber) -> bool {
        self.send(ToCall::Left(event, leg, number)).await
    }

    /// Tells the call without waiting, from where nothing can wait; false when it cannot take it.
    pub fn tell_at_once(&self, event: Event) -> bool {
        self.0.try_send(ToCall::Happened(event)).is_ok()
    }

    /// Whether the call is over, and told nothing any more.
    pub fn nobody_listens(&self) -> bool {
        self.0.is_closed()
    }

    async fn send(&self, message: ToCall) -> bool {
        // There is room for minutes of events: only a call that hangs lets a leg wait here.
        self.0.send(message).await.is_ok()
    }
}

/// What a phone's leg is told.
#[derive(Debug)]
pub enum PhoneCommand {
    /// Say this.
    Say(Phrase),
    /// Who hears whom has changed: look.
    Look,
    /// Say this, if anything, and close.
    Leave(Option<Phrase>),
    /// Close when what was said has been played.
    LetGo,
}

/// What an assistant's leg is told.
#[derive(Debug)]
pub enum AssistantCommand {
    /// This mark was played then, or will have been.
    Played {
        /// What the assistant called it.
        name: String,
        /// When.
        at: Instant,
    },
    /// The prospect pressed a key.
    Key(char),
    /// Say `stop` and close.
    Stop,
}

/// A place that one leg after another takes: who comes later waits for the earlier one to get up.
#[derive(Debug)]
pub struct Berth<T>(Arc<Mutex<T>>);

impl<T> Clone for Berth<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Berth<T> {
    /// A free place with this in it.
    pub fn new(inside: T) -> Self {
        Self(Arc::new(Mutex::new(inside)))
    }

    /// Takes the place until the guard is dropped.
    pub async fn take(&self) -> tokio::sync::OwnedMutexGuard<T> {
        self.0.clone().lock_owned().await
    }
}

/// What the leg of a phone, prospect's or rep's, is given.
#[derive(Debug)]
pub struct PhoneSeat {
    /// Which of those who take this place it is.
    pub number: SeatNumber,
    /// Whose.
    pub leg: LegId,
    /// In which call.
    pub call: CallId,
    /// Who hears whom.
    pub patchbay: Arc<Patchbay>,
    /// How to tell the call.
    pub teller: Teller,
    /// How the call speaks to it.
    pub commands: mpsc::Receiver<PhoneCommand>,
    /// The assistant's speech: for the prospect's leg only.
    pub speech: Option<Berth<mpsc::Receiver<Speech>>>,
    /// What Baton can say.
    pub voice: Arc<HouseVoice>,
    /// How it listens.
    pub ears: Ears,
    /// Where it puts what recognisers hear: for the prospect's leg only, and only where there are any.
    pub tap: Option<Arc<Tap>>,
    /// Its limits.
    pub limits: LegLimits,
}

/// What the assistant's leg is given.
#[derive(Debug)]
pub struct AssistantSeat {
    /// In which call.
    pub call: CallId,
    /// Who hears whom.
    pub patchbay: Arc<Patchbay>,
    /// How to tell the call.
    pub teller: Teller,
    /// How the call speaks to it.
    pub commands: mpsc::Receiver<AssistantCommand>,
    /// Its own address, which goes with its marks.
    pub address: mpsc::Sender<AssistantCommand>,
    /// The way of its speech to the prospect.
    pub speech: mpsc::Sender<Speech>,
    /// What time it is in the call.
    pub clock: CallClock,
    /// What becomes of the call, for one that wants to know.
    pub watchers: Arc<Watchers>,
    /// Its limits.
    pub limits: LegLimits,
}

impl AssistantSeat {
    /// The assistant could not be reached.
    pub async fn unreachable(self, fault: AssistantFault) {
        self.teller.tell(Event::AssistantBroke(fault)).await;
    }
}

/// Reaches assistants. Dialling takes as long as the operator set; the future then is the leg, until it ends. Not to
/// be repeated by itself: the call decides when to dial again.
pub trait Assistants: Send + Sync {
    /// Dials the assistant of this call for the given time, counted from 1, and runs its leg.
    fn dial(&self, facts: Arc<CallFacts>, time: u32, seat: AssistantSeat) -> BoxFuture<'static, ()>;
}

/// What is known of a call from the moment it is admitted; stored with it, so that another process can take it up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallFacts {
    /// The carrier's name for the prospect's leg; none where the carrier did not say (only without signatures).
    pub carrier_call: Option<CarrierCall>,
    /// The carrier's account, where it said.
    pub account: Option<String>,
    /// Who dialled.
    pub direction: Direction,
    /// The prospect's number.
    pub prospect: PhoneNumber,
    /// Our number.
    pub line: PhoneNumber,
    /// What is known before anybody has said a word.
    #[serde(default)]
    pub context: Context,
    /// The name of the call that the assistant knows it by: looks like the carrier's, and is not.
    pub alias: String,
    /// A token that is good for this call only.
    pub token: Token,
    /// Where the assistant's stream is.
    pub assistant_url: String,
    /// What the assistant's own document adds to the start of the stream.
    pub assistant_parameters: BTreeMap<String, String>,
    /// What the carrier is to do before the stream: verbs of a document of the carrier's kind.
    pub beforehand: String,
    /// What the carrier is to do when the assistant has finished: a document of the carrier's kind.
    pub afterwards: String,
}

/// Who dialled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// The prospect.
    Inbound,
    /// Somebody of ours.
    Outbound,
}

impl Direction {
    /// As the record keeps it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
        }
    }
}

/// A token that prints as dots.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Token(pub String);

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("•••")
    }
}

/// The limits of a leg, as the operator set them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LegLimits {
    /// A gap of this length in the assistant's speech is a place to cut.
    pub gap: Duration,
    /// Speech of this length takes the floor.
    pub floor: Duration,
    /// How much of the assistant's speech may be queued at the carrier.
    pub ahead_at_carrier: Duration,
    /// How much more of it Baton holds.
    pub ahead_here: Duration,
    /// How long a write may take.
    pub slow: Duration,
    /// How often a silent line is pinged.
    pub ping_every: Duration,
    /// How long an assistant has to answer.
    pub ping_answer: Duration,
    /// A phone's line without frames and without an answer for this long is lost.
    pub line_lost: Duration,
    /// So many unreadable messages are too many.
    pub rubbish: u32,
}

impl Default for LegLimits {
    fn default() -> Self {
        Self {
            gap: Duration::from_millis(200),
            floor: Duration::from_millis(500),
            ahead_at_carrier: Duration::from_secs(240),
            ahead_here: Duration::from_secs(60),
            slow: Duration::from_secs(5),
            ping_every: Duration::from_secs(5),
            ping_answer: Duration::from_secs(5),
            line_lost: Duration::from_secs(10),
            rubbish: 50,
        }
    }
}
