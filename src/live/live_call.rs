//! One running call as the doors see it: its facts, its legs' lines at the carrier, and what comes after its stream.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::call::Next;
use crate::id::{AttemptId, CallId, LegId};
use crate::live::clock::{self, CallClock};
use crate::live::patchbay::Patchbay;
use crate::live::seat::{Berth, CallFacts, SeatNumber, Teller};
use crate::live::speech::Speech;
use crate::live::tap::Tap;
use crate::live::watching::Watchers;
use crate::ports::CarrierCall;

/// One running call.
pub struct LiveCall {
    /// Which.
    pub id: CallId,
    /// What is known of it.
    pub facts: Arc<CallFacts>,
    /// Who hears whom in it.
    pub patchbay: Arc<Patchbay>,
    /// How to tell it what happened.
    pub teller: Teller,
    /// What time it is in it.
    pub clock: CallClock,
    /// Whoever wants to watch it: every entry of its timeline as it comes about.
    pub watchers: Arc<Watchers>,
    /// What recognisers hear of it, where there are any.
    pub(crate) tap: Option<Arc<Tap>>,
    pub(crate) speech: Berth<mpsc::Receiver<Speech>>,
    taken_up: TakenUp,
    next: Mutex<Option<Next>>,
    reps: Mutex<BTreeMap<AttemptId, RepLine>>,
    breaks: Mutex<BTreeMap<LegId, VecDeque<Instant>>>,
    seats: AtomicU32,
    over: AtomicBool,
    ended: AtomicBool,
    answered: AtomicBool,
}

/// Whether this process began the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TakenUp {
    /// It did.
    No,
    /// Another process did, and was killed.
    Yes,
}

/// A rep's line at the carrier.
#[derive(Clone, Debug, Default)]
struct RepLine {
    name: Option<CarrierCall>,
    /// Whether the try goes on.
    wanted: bool,
    /// Somebody answered it, and the carrier has not said since that they are off the phone.
    on_the_phone: bool,
}

/// How bad it is that a leg's stream broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Break {
    /// It happens: the stream is connected again before anybody wonders.
    Brief,
    /// They have heard nothing for a while, or it breaks again and again: they are owed a word.
    Noticed,
    /// It breaks so often that another stream would not hold either.
    Hopeless,
}

impl LiveCall {
    pub(crate) fn new(
        id: CallId,
        facts: CallFacts,
        teller: Teller,
        clock: CallClock,
        tap: Option<Arc<Tap>>,
        speech: mpsc::Receiver<Speech>,
        taken_up: TakenUp,
    ) -> Self {
        Self {
            id,
            facts: Arc::new(facts),
            patchbay: Arc::default(),
            teller,
            clock,
            watchers: Arc::default(),
            tap,
            speech: Berth::new(speech),
            taken_up,
            next: Mutex::default(),
            reps: Mutex::default(),
            breaks: Mutex::default(),
            seats: AtomicU32::new(0),
            over: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            answered: AtomicBool::new(false),
        }
    }

    /// Whether it is over.
    pub fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }

    pub(crate) fn set_over(&self) {
        self.over.store(true, Ordering::Release);
    }

    /// Whether its task has ended: the last words were said, and the last errands done.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    pub(crate) fn set_ended(&self) {
        self.ended.store(true, Ordering::Release);
    }

    /// Whether the carrier knows what comes next for the prospect.
    pub(crate) fn is_answered(&self) -> bool {
        self.answered.load(Ordering::Acquire)
    }

    /// The carrier was told what comes next for the prospect, or needs to know no more.
    pub(crate) fn set_answered(&self) {
        self.answered.store(true, Ordering::Release);
    }

    /// What the carrier is to do with the prospect once our stream is closed, if that is decided.
    pub fn next(&self) -> Option<Next> {
        *lock(&self.next)
    }

    pub(crate) fn set_next(&self, next: Next) {
        *lock(&self.next) = Some(next);
    }

    pub(crate) fn next_seat(&self) -> SeatNumber {
        SeatNumber(self.seats.fetch_add(1, Ordering::Relaxed))
    }

    // ── the legs' lines at the carrier ──

    /// The carrier's name for this leg, as far as it is known.
    pub fn carrier_call(&self, leg: LegId) -> Option<CarrierCall> {
        match leg {
            LegId::Prospect => self.facts.carrier_call.clone(),
            LegId::Rep(attempt) => lock(&self.reps).get(&attempt).and_then(|line| line.name.clone()),
            LegId::Assistant => None,
        }
    }

    /// Whether this leg has a part in the call: a rep only while their try goes on.
    pub fn wants(&self, leg: LegId) -> bool {
        match leg {
            LegId::Prospect | LegId::Assistant => !self.is_over(),
            LegId::Rep(attempt) => lock(&self.reps).get(&attempt).is_some_and(|line| line.wanted),
        }
    }

    /// A rep's phone is about to be rung, or was before the call was taken up.
    pub(crate) fn want(&self, attempt: AttemptId) {
        lock(&self.reps).entry(attempt).or_default().wanted = true;
    }

    /// The try of this rep has ended.
    pub(crate) fn let_go_of(&self, attempt: AttemptId) {
        lock(&self.reps).entry(attempt).or_default().wanted = false;
    }

    /// Every rep whose phone was to be rung, and what the carrier calls it, as far as it is known.
    pub(crate) fn rung(&self) -> Vec<(AttemptId, Option<CarrierCall>)> {
        lock(&self.reps).iter().map(|(attempt, line)| (*attempt, line.name.clone())).collect()
    }

    /// Somebody answered this rep's phone.
    pub(crate) fn rep_answered(&self, attempt: AttemptId) {
        lock(&self.reps).entry(attempt).or_default().on_the_phone = true;
    }

    /// The carrier says that this rep is off the phone.
    pub(crate) fn rep_hung_up(&self, attempt: AttemptId) {
        lock(&self.reps).entry(attempt).or_default().on_the_phone = false;
    }

    /// Whether the carrier may yet ask what comes next for a rep, who would hear that an error has occurred.
    pub(crate) fn has_rep_on_the_phone(&self) -> bool {
        lock(&self.reps).values().any(|line| line.on_the_phone)
    }

    /// The carrier gave this rep's phone this name; false when it was known.
    pub(crate) fn name(&self, attempt: AttemptId, name: CarrierCall) -> bool {
        let mut reps = lock(&self.reps);
        let line = reps.entry(attempt).or_default();
        line.name.replace(name.clone()) != Some(name)
    }

    /// The stream of this leg broke, as the carrier says: how bad that is.
    pub(crate) fn broke(&self, leg: LegId) -> Break {
        let now = clock::now();
        let mut breaks = lock(&self.breaks);
        let times = breaks.entry(leg).or_default();
        let first = times.is_empty();
        times.push_back(now);
        while times.front().is_some_and(|at| now.saturating_duration_since(*at) > LATELY) {
            times.pop_front();
        }
        match times.len() {
            more if more > HOPELESS => Break::Hopeless,
            some if some > BRIEF => Break::Noticed,
            _few if first && self.taken_up == TakenUp::Yes => Break::Noticed,
            _few => Break::Brief,
        }
    }
}

/// What is behind these locks is whole after every statement, so a panic elsewhere does not spoil it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Breaks longer ago than this have nothing to do with the next.
const LATELY: Duration = Duration::from_secs(30);

/// Two breaks in half a minute are bad luck.
const BRIEF: usize = 2;

/// Six in half a minute: nobody can talk over such a line.
const HOPELESS: usize = 6;
