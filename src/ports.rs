//! What the live calls need from the world, as small traits: the carrier, the store of calls, the store of reps, recognisers.
//!
//! Each says how long it may take and whether it may be repeated. `edge/` implements them for real.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use crate::conversation::{Context, Piece, Signal, Speaker, Turn};
use crate::id::{AttemptId, CallId, RepId};
use crate::phone_number::PhoneNumber;
use crate::time::{CallTime, Timestamp};

/// Something in the world did not work.
#[derive(Debug, thiserror::Error)]
#[error("{kind}: {source}")]
pub struct Fault {
    /// What can be done about it.
    pub kind: FaultKind,
    /// What happened.
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

/// What can be done about a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// Trying again may help.
    Temporary,
    /// Trying again will not help.
    Permanent,
    /// Our credentials are not good.
    Unauthorized,
}

impl std::fmt::Display for FaultKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Temporary => "temporary fault",
            Self::Permanent => "permanent fault",
            Self::Unauthorized => "not authorised",
        })
    }
}

impl Fault {
    /// A fault that may pass.
    pub fn temporary(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { kind: FaultKind::Temporary, source: source.into() }
    }

    /// A fault that will not pass.
    pub fn permanent(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { kind: FaultKind::Permanent, source: source.into() }
    }
}

/// The carrier's name for one of its calls (Twilio: `CA…`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CarrierCall(pub String);

/// Ring this rep, and connect their sound to this call.
#[derive(Clone, Debug)]
pub struct RingOrder {
    /// The call that needs a person.
    pub call: CallId,
    /// Which try this is.
    pub attempt: AttemptId,
    /// Whom.
    pub rep: RepId,
    /// Where.
    pub phone: PhoneNumber,
    /// How long to let it ring.
    pub ring: Duration,
    /// The right to take the rep's place in the call.
    pub ticket: String,
}

/// The telephone network.
pub trait Carrier: Send + Sync {
    /// Rings a rep's phone. At most 10 s. Not to be repeated when the outcome is unknown: it may ring already.
    fn ring(&self, order: RingOrder) -> BoxFuture<'_, Result<CarrierCall, Fault>>;

    /// Ends a call of the carrier's, ringing or answered; one that is over counts as ended. At most 10 s; may be repeated.
    fn hang_up(&self, call: CarrierCall) -> BoxFuture<'_, Result<(), Fault>>;
}

/// One thing to write about a call.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    /// A call began.
    Opened {
        /// Which.
        call: CallId,
        /// The carrier's name for the prospect's leg.
        carrier_call: CarrierCall,
        /// `inbound` or `outbound`.
        direction: &'static str,
        /// The prospect's number.
        prospect: PhoneNumber,
        /// Our number.
        line: PhoneNumber,
        /// When.
        at: Timestamp,
        /// What another process needs to take the call up, as JSON.
        facts: String,
    },
    /// The next entry of a call's timeline.
    Entry {
        /// Of which call.
        call: CallId,
        /// Counted from 0, without gaps.
        number: u64,
        /// When in the call.
        at: CallTime,
        /// What happened and what was done about it, as JSON.
        json: String,
    },
    /// A rep is about to be rung: stored before it is tried.
    AttemptIntended {
        /// For which call.
        call: CallId,
        /// Which try.
        attempt: AttemptId,
        /// Whom.
        rep: RepId,
        /// When.
        at: Timestamp,
    },
    /// The carrier gave a rep's phone a name.
    AttemptNamed {
        /// For which call.
        call: CallId,
        /// Which try.
        attempt: AttemptId,
        /// The carrier's name for it.
        carrier_call: CarrierCall,
    },
    /// An attempt came to its end.
    AttemptEnded {
        /// For which call.
        call: CallId,
        /// Which try.
        attempt: AttemptId,
        /// How, in one word of `handoff::attempt::End`.
        end: String,
    },
    /// A handoff came to rest.
    HandoffOver {
        /// In which call.
        call: CallId,
        /// Counted within the call from 1.
        number: u32,
        /// How, in one word of `handoff::outcome::Outcome`.
        outcome: String,
        /// Why, in one word; empty when the outcome says it all.
        reason: String,
        /// Who took over, if anyone did.
        rep: Option<RepId>,
        /// When it began, in the call.
        began: CallTime,
        /// When it came to rest.
        ended: CallTime,
    },
    /// The call is over.
    Closed {
        /// Which.
        call: CallId,
        /// How, in one word of `call::End`.
        how: String,
        /// When.
        at: Timestamp,
    },
}

/// A call as it is stored.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct StoredCall {
    /// Which.
    pub call: CallId,
    /// `inbound` or `outbound`.
    pub direction: String,
    /// The prospect's number.
    pub prospect: PhoneNumber,
    /// Our number.
    pub line: PhoneNumber,
    /// When it began.
    pub began_ms: Timestamp,
    /// When it ended, if it has.
    pub ended_ms: Option<Timestamp>,
    /// How it ended, if it has.
    pub end: Option<String>,
    /// Its handoffs that came to rest, in order.
    pub handoffs: Vec<StoredHandoff>,
    /// The tries to get a rep, in order.
    pub attempts: Vec<StoredAttempt>,
    /// When its words, facts and moods were taken out of its timeline, if they were.
    pub words_gone_ms: Option<Timestamp>,
}

/// A handoff as it is stored.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct StoredHandoff {
    /// Counted within the call from 1.
    pub number: u32,
    /// How it came to rest.
    pub outcome: String,
    /// Why.
    pub reason: String,
    /// Who took over.
    pub rep: Option<RepId>,
    /// When it began, in microseconds of the call.
    pub began_us: CallTime,
    /// When it came to rest.
    pub ended_us: CallTime,
}

/// A try to get a rep as it is stored.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct StoredAttempt {
    /// Which try.
    pub attempt: AttemptId,
    /// Whom.
    pub rep: RepId,
    /// When it was decided.
    pub at_ms: Timestamp,
    /// How it ended, if it has.
    pub end: Option<String>,
}

/// One entry of a stored timeline.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredEntry {
    /// When in the call.
    pub at: CallTime,
    /// What, as JSON.
    pub json: String,
}

/// Which calls are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed {
    /// At most so many, the latest first.
    pub limit: u32,
    /// Only `inbound` or only `outbound` ones.
    pub direction: Option<&'static str>,
    /// Only those that began then or later.
    pub since: Option<Timestamp>,
    /// Whether they still run.
    pub running: Option<bool>,
}

impl Listed {
    /// The latest, whatever they are.
    pub fn latest(limit: u32) -> Self {
        Self { limit, direction: None, since: None, running: None }
    }
}

/// The record of calls.
pub trait Calls: Send + Sync {
    /// Writes all of these, in order, in one transaction. At most 5 s; may be repeated: what is there already stays.
    fn write(&self, records: Vec<Record>) -> BoxFuture<'_, Result<(), Fault>>;

    /// The latest calls, newest first. At most 5 s; may be repeated.
    fn latest(&self, limit: u32) -> BoxFuture<'_, Result<Vec<StoredCall>, Fault>> {
        self.list(Listed::latest(limit))
    }

    /// These calls, newest first. At most 5 s; may be repeated.
    fn list(&self, which: Listed) -> BoxFuture<'_, Result<Vec<StoredCall>, Fault>>;

    /// One call. At most 5 s; may be repeated.
    fn call(&self, call: CallId) -> BoxFuture<'_, Result<Option<StoredCall>, Fault>>;

    /// The timeline of one call, in order. At most 5 s; may be repeated.
    fn timeline(&self, call: CallId) -> BoxFuture<'_, Result<Vec<StoredEntry>, Fault>>;
}

/// A call that a process began and never closed: it was killed.
#[derive(Clone, Debug, PartialEq)]
pub struct UnfinishedCall {
    /// Which.
    pub call: CallId,
    /// When it began.
    pub began: Timestamp,
    /// What was stored to take it up, as JSON; empty where nothing was.
    pub facts: String,
    /// How many entries its timeline should have.
    pub entries: u64,
    /// The reps' phones that were rung, or were about to be, in order.
    pub phones: Vec<RungPhone>,
}

/// A rep's phone that was rung, or was about to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RungPhone {
    /// Which try.
    pub attempt: AttemptId,
    /// Whom.
    pub rep: RepId,
    /// The carrier's name for it, as far as it was stored.
    pub carrier_call: Option<CarrierCall>,
}

/// What a killed process left behind.
pub trait Unfinished: Send + Sync {
    /// The calls that were begun and never closed, oldest first. At most 5 s; may be repeated.
    fn unfinished(&self) -> BoxFuture<'_, Result<Vec<UnfinishedCall>, Fault>>;
}

/// What is known of a prospect who is about to be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// Whom.
    pub prospect: PhoneNumber,
    /// What is known.
    pub context: Context,
    /// How long it is kept.
    pub until: Timestamp,
}

/// Calls to prospects that were announced, and have yet to be placed.
pub trait Announcements: Send + Sync {
    /// Keeps this until the call comes or its time is over; an earlier one for the same number gives way. At most 5 s;
    /// may be repeated.
    fn announce(&self, announcement: Announcement) -> BoxFuture<'_, Result<(), Fault>>;

    /// The call to this number came: what was announced of it and is still good, which is then kept no longer. At most
    /// 5 s; a second time there is nothing.
    fn take(&self, prospect: PhoneNumber, now: Timestamp) -> BoxFuture<'_, Result<Option<Context>, Fault>>;
}

/// A call of a number that may be forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct CallOfNumber {
    /// Which.
    pub call: CallId,
    /// When it began.
    pub began_ms: Timestamp,
    /// Whether it is over; what goes on is needed as it is.
    pub over: bool,
    /// When its words were taken out, if they were.
    pub words_gone_ms: Option<Timestamp>,
}

/// What was done in one go of taking words out of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bite {
    /// So many entries lost their words.
    pub changed: u32,
    /// Where to go on; none: the call is done.
    pub next: Option<u64>,
}

/// What the record no longer keeps.
pub trait Forgets: Send + Sync {
    /// Calls that ended before this and hold words, oldest first. At most 5 s; may be repeated.
    fn wordy(&self, ended_before: Timestamp, limit: u32) -> BoxFuture<'_, Result<Vec<CallId>, Fault>>;

    /// Takes words, facts and mood out of the next entries of a call that is over, from this entry on. At most 5 s; may
    /// be repeated.
    fn take_words(&self, call: CallId, from: u64) -> BoxFuture<'_, Result<Bite, Fault>>;

    /// The calls whose prospect has this number. At most 5 s; may be repeated.
    fn calls_of(&self, number: &PhoneNumber) -> BoxFuture<'_, Result<Vec<CallOfNumber>, Fault>>;

    /// Puts a mark in the place of this number in the calls that are over, and drops announcements of calls to it; in how
    /// many calls. At most 5 s; may be repeated.
    fn strike_out(&self, number: &PhoneNumber, mark: &str) -> BoxFuture<'_, Result<u64, Fault>>;
}

/// Who may be asked, and who is taken.
pub trait Reps: Send + Sync {
    /// Reserves the first of these who is free, for this attempt and so long: compare-and-set, so a rep is never in two
    /// hands. At most 5 s; may be repeated for the same attempt, which then keeps whom it has.
    fn reserve(
        &self,
        call: CallId,
        attempt: AttemptId,
        among: Vec<RepId>,
        lease: Duration,
    ) -> BoxFuture<'_, Result<Option<RepId>, Fault>>;

    /// The reserved rep has joined: the reservation holds until it is released. False when the lease was lost to another.
    /// At most 5 s; may be repeated.
    fn commit(&self, call: CallId, attempt: AttemptId) -> BoxFuture<'_, Result<bool, Fault>>;

    /// The rep is free again. At most 5 s; may be repeated.
    fn release(&self, call: CallId, attempt: AttemptId) -> BoxFuture<'_, Result<(), Fault>>;
}

/// 100 ms of a call: what the prospect said, and what they heard meanwhile, as µ-law.
#[derive(Clone, Debug)]
pub struct Block {
    /// When it began.
    pub at: CallTime,
    /// The prospect's voice.
    pub prospect: [u8; BLOCK_SAMPLES],
    /// The voice that they heard.
    pub other: [u8; BLOCK_SAMPLES],
    /// Whose that is.
    pub other_is: Speaker,
}

/// What is heard of a call.
#[derive(Clone, Debug)]
pub enum Sound {
    /// The next 100 ms. Where somebody was too slow to take all, some are missing.
    Block(Arc<Block>),
    /// The ear heard a turn to its end; its blocks came before, or come within half a second.
    Turn {
        /// Whose.
        by: Speaker,
        /// Their first word.
        from: CallTime,
        /// Their last word.
        until: CallTime,
    },
}

/// Makes words of the sound of calls.
pub trait Transcriber: Send + Sync {
    /// Listens to one call for as long as there is sound, and says what it heard; then it has 5 s for the last of it. It takes
    /// sound at all times, and bears its own faults: nobody hears of them but by what is not heard. Not to be repeated.
    fn listen(
        &self,
        call: CallId,
        sound: mpsc::Receiver<Sound>,
        words: mpsc::Sender<Piece>,
    ) -> BoxFuture<'static, ()>;
}

/// Finds signals in what was said, in a way of its own.
pub trait Hinter: Send + Sync {
    /// What the last turns tell, each finding tied to one of them. As long as the operator set, and at most 30 s; may be repeated,
    /// and costs money each time.
    fn hints(&self, turns: Vec<Turn>) -> BoxFuture<'static, Result<Vec<Signal>, Fault>>;
}

/// The samples of 100 ms at 8 kHz.
pub const BLOCK_SAMPLES: usize = 800;

/// At 8 kHz.
pub const MICROS_A_SAMPLE: u64 = 125;
