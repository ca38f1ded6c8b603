//! All calls on this node: admits them, gives legs their places by ticket, and knows which call a carrier means.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;

use crate::call::{Event, Next};
use crate::id::{CallId, LegId};
use crate::live::call_task::{self, World};
use crate::live::clock;
use crate::live::patchbay::Patchbay;
use crate::live::seat::{Berth, CallFacts, PhoneSeat, Teller, ToCall};
use crate::live::speech::Speech;
use crate::ports::{CarrierCall, Record};

/// All calls on this node.
pub struct Switchboard {
    world: Arc<World>,
    most_calls: usize,
    calls: Mutex<Calls>,
}

#[derive(Default)]
struct Calls {
    live: HashMap<CallId, Arc<LiveCall>>,
    by_carrier: HashMap<CarrierCall, CallId>,
    by_alias: HashMap<String, CallId>,
}

/// One running call, as the doors see it.
pub struct LiveCall {
    /// Which.
    pub id: CallId,
    /// What is known of it.
    pub facts: Arc<CallFacts>,
    /// Who hears whom in it.
    pub patchbay: Arc<Patchbay>,
    /// How to tell it what happened.
    pub teller: Teller,
    speech: Berth<mpsc::Receiver<Speech>>,
    next: Mutex<Option<Next>>,
    carrier_calls: Mutex<BTreeMap<LegId, CarrierCall>>,
    over: AtomicBool,
    ended: AtomicBool,
    answered: AtomicBool,
    failures: AtomicU32,
}

/// Why a call is not admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// As many calls run as may.
    #[error("all lines are busy")]
    Full,
}

/// What the carrier is to do with a leg whose stream has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AfterStream {
    /// Connect it again, with this ticket.
    Connect(String),
    /// Do what comes next.
    Next(Next),
    /// Hang up.
    HangUp,
}

impl Switchboard {
    /// A switchboard for at most so many calls.
    pub fn new(world: Arc<World>, most_calls: usize) -> Arc<Self> {
        Arc::new(Self { world, most_calls, calls: Mutex::default() })
    }

    /// Admits a call and starts its task. A carrier that asks again for the same call gets the same one.
    pub fn admit(self: &Arc<Self>, id: CallId, facts: CallFacts) -> Result<Arc<LiveCall>, Refused> {
        let mut calls = self.calls();
        if let Some(live) = facts.carrier_call.as_ref().and_then(|named| calls.by_carrier.get(named))
            && let Some(live) = calls.live.get(live)
        {
            return Ok(live.clone());
        }
        if calls.live.values().filter(|live| !live.is_over()).count() >= self.most_calls {
            metrics::counter!("baton_calls_refused_total", "why" => "full").increment(1);
            return Err(Refused::Full);
        }
        let (teller, inbox) = mpsc::channel::<ToCall>(EVENTS);
        let (speech, speech_out) = mpsc::channel(SPEECH_PIECES);
        let live = Arc::new(LiveCall {
            id,
            facts: Arc::new(facts),
            patchbay: Arc::default(),
            teller: Teller::new(teller),
            speech: Berth::new(speech_out),
            next: Mutex::default(),
            carrier_calls: Mutex::default(),
            over: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            answered: AtomicBool::new(false),
            failures: AtomicU32::new(0),
        });
        calls.live.insert(id, live.clone());
        calls.by_alias.insert(live.facts.alias.clone(), id);
        if let Some(named) = &live.facts.carrier_call {
            calls.by_carrier.insert(named.clone(), id);
        }
        drop(calls);
        self.world.recorder.put(Record::Opened {
            call: id,
            carrier_call: live.facts.carrier_call.clone().unwrap_or(CarrierCall(String::new())),
            direction: live.facts.direction.word(),
            prospect: live.facts.prospect.clone(),
            line: live.facts.line.clone(),
            at: clock::wall(),
        });
        metrics::counter!("baton_calls_total").increment(1);
        tokio::spawn(self.clone().run(live.clone(), inbox, speech));
        Ok(live)
    }

    /// One call from its beginning until nobody can ask for it any more.
    async fn run(
        self: Arc<Self>,
        live: Arc<LiveCall>,
        inbox: mpsc::Receiver<ToCall>,
        speech: mpsc::Sender<Speech>,
    ) {
        metrics::gauge!("baton_calls_running").increment(1.0);
        let task = tokio::spawn(call_task::run(live.clone(), self.world.clone(), inbox, speech));
        if task.await.is_err() {
            // The blast wall: the legs find nobody listening and close, and the carrier asks what comes next.
            tracing::error!(call.id = %live.id, "a call's task failed; its prospect goes to the fallback");
            metrics::counter!("baton_calls_failed_total").increment(1);
            live.set_next(Next::Fallback);
            live.set_over();
            self.clear_up_after(&live).await;
        }
        live.ended.store(true, Ordering::Release);
        metrics::gauge!("baton_calls_running").decrement(1.0);
        tokio::time::sleep(REMEMBERED).await;
        let mut calls = self.calls();
        calls.live.remove(&live.id);
        calls.by_alias.remove(&live.facts.alias);
        calls.by_carrier.retain(|_, call| *call != live.id);
    }

    /// A call's task failed, and nobody else will do what it owed the world: its reps' phones are hung up, the reps are
    /// set free, and its end is written down.
    async fn clear_up_after(&self, live: &LiveCall) {
        let how = "failed".to_owned();
        self.world.recorder.put(Record::Closed { call: live.id, how, at: clock::wall() });
        let names = live.names().clone();
        for (leg, name) in names {
            if let Err(fault) = self.world.carrier.hang_up(name).await {
                tracing::warn!(call.id = %live.id, %fault, "a rep's phone could not be hung up");
            }
            if let LegId::Rep(attempt) = leg
                && let Err(fault) = self.world.reps.release(live.id, attempt).await
            {
                tracing::warn!(call.id = %live.id, %fault, "a rep could not be set free");
            }
        }
    }

    /// The running and just ended calls of which this is so.
    pub(crate) fn calls_that(&self, wish: impl Fn(&Arc<LiveCall>) -> bool) -> Vec<Arc<LiveCall>> {
        let mut calls: Vec<_> = self.calls().live.values().cloned().collect();
        calls.retain(wish);
        calls
    }

    /// The running or just ended call of this id.
    pub fn call(&self, id: CallId) -> Option<Arc<LiveCall>> {
        self.calls().live.get(&id).cloned()
    }

    /// The call that the carrier means.
    pub fn by_carrier(&self, carrier_call: &CarrierCall) -> Option<Arc<LiveCall>> {
        let calls = self.calls();
        calls.live.get(calls.by_carrier.get(carrier_call)?).cloned()
    }

    /// The call that the assistant knows by this name.
    pub fn by_alias(&self, alias: &str) -> Option<Arc<LiveCall>> {
        let calls = self.calls();
        calls.live.get(calls.by_alias.get(alias)?).cloned()
    }

    /// Uses a ticket up: which leg of which call it is for.
    pub fn use_ticket(&self, ticket: &str) -> Option<(Arc<LiveCall>, LegId)> {
        let (call, leg) = self.world.tickets.take(ticket)?;
        Some((self.call(call)?, leg))
    }

    /// A leg takes its place: the call is told, and the leg gets what it needs. None when the call is over.
    pub async fn seat(&self, live: &LiveCall, leg: LegId) -> Option<PhoneSeat> {
        let (address, commands) = mpsc::channel(PHONE_COMMANDS);
        let arrived = match leg {
            LegId::Prospect => Event::ProspectArrived,
            LegId::Rep(attempt) => Event::RepArrived(attempt),
            LegId::Assistant => return None,
        };
        if (live.is_over() && leg == LegId::Prospect) || !live.teller.seat(arrived, leg, address).await {
            return None;
        }
        Some(PhoneSeat {
            leg,
            call: live.id,
            patchbay: live.patchbay.clone(),
            teller: live.teller.clone(),
            commands,
            speech: (leg == LegId::Prospect).then(|| live.speech.clone()),
            voice: self.world.voice.clone(),
            limits: self.world.limits,
        })
    }

    /// What the carrier is to do with a leg whose stream has ended. The same question has the same answer.
    pub fn after_stream(&self, live: &LiveCall, leg: LegId) -> AfterStream {
        match (leg, live.next()) {
            (LegId::Prospect, Some(next)) => AfterStream::Next(next),
            // We gave them up, and the carrier still has them: somebody else must carry them.
            (LegId::Prospect, None) if live.is_over() => AfterStream::Next(Next::Fallback),
            (LegId::Prospect, None) => AfterStream::Connect(self.world.tickets.issue(live.id, leg)),
            (LegId::Rep(_) | LegId::Assistant, _) => AfterStream::HangUp,
        }
    }

    /// The world that the calls live in.
    pub fn world(&self) -> &Arc<World> {
        &self.world
    }

    fn calls(&self) -> MutexGuard<'_, Calls> {
        // What is behind it is whole after every statement, so a panic elsewhere does not spoil it.
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LiveCall {
    /// Whether it is over.
    pub fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }

    /// What the carrier is to do with the prospect once our stream is closed, if that is decided.
    pub fn next(&self) -> Option<Next> {
        *self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The carrier's name for this leg, as far as it is known.
    pub fn carrier_call(&self, leg: LegId) -> Option<CarrierCall> {
        match leg {
            LegId::Prospect => self.facts.carrier_call.clone(),
            LegId::Rep(_) | LegId::Assistant => self.names().get(&leg).cloned(),
        }
    }

    /// The carrier gave this leg this name.
    pub(crate) fn name_leg(&self, leg: LegId, name: CarrierCall) {
        self.names().insert(leg, name);
    }

    fn names(&self) -> MutexGuard<'_, BTreeMap<LegId, CarrierCall>> {
        self.carrier_calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether its task has ended: the last words were said, and the last errands done.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    /// Whether the carrier knows what comes next for the prospect.
    pub(crate) fn is_answered(&self) -> bool {
        self.answered.load(Ordering::Acquire)
    }

    /// The carrier was told what comes next for the prospect, or needs to know no more.
    pub(crate) fn set_answered(&self) {
        self.answered.store(true, Ordering::Release);
    }

    /// A leg of the prospect's failed; how often that has happened.
    pub(crate) fn count_failure(&self) -> u32 {
        self.failures.fetch_add(1, Ordering::AcqRel) + 1
    }

    pub(crate) fn set_next(&self, next: Next) {
        *self.next.lock().unwrap_or_else(PoisonError::into_inner) = Some(next);
    }

    pub(crate) fn set_over(&self) {
        self.over.store(true, Ordering::Release);
    }
}

/// Events that may wait for a call: more than its legs can make in a minute.
const EVENTS: usize = 256;

/// Pieces of speech on their way, of half a second each at most; what does not fit waits at the assistant's leg.
const SPEECH_PIECES: usize = 16;

/// Commands that may wait for a phone's leg.
const PHONE_COMMANDS: usize = 32;

/// How long a call that is over still answers late callbacks.
const REMEMBERED: Duration = Duration::from_secs(60);
