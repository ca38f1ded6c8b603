//! All calls on this node: admits them, gives legs their places by ticket, and knows which call a carrier means.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;

use crate::call::{Event, Next};
use crate::handoff::End;
use crate::id::{CallId, LegId};
use crate::live::beginning::Beginning;
use crate::live::call_task;
use crate::live::clock;
use crate::live::coming_back::end_in_the_record;
use crate::live::live_call::{Break, LiveCall, TakenUp};
use crate::live::scribe;
use crate::live::seat::{CallFacts, PhoneLine, PhoneSeat, Teller, ToCall};
use crate::live::speech::Speech;
use crate::live::tap::Tap;
use crate::live::world::World;
use crate::ports::{CarrierCall, Record, RungPhone};

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
    /// Connect it again, with this ticket; they are owed a word first where they noticed.
    Connect(String, Break),
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
        let stored = serde_json::to_string(&facts).expect("facts are plain values, which always serialise");
        self.world.recorder.put(Record::Opened {
            call: id,
            carrier_call: facts.carrier_call.clone().unwrap_or(CarrierCall(String::new())),
            direction: facts.direction.word(),
            prospect: facts.prospect.clone(),
            line: facts.line.clone(),
            at: clock::wall(),
            facts: stored,
        });
        metrics::counter!("baton_calls_total").increment(1);
        let beginning = Beginning::fresh(self.world.terms_for(&facts));
        Ok(self.begin(&mut calls, id, facts, beginning, TakenUp::No))
    }

    /// Takes up a call of a killed process; what its reps' phones are called is known as far as it was stored.
    pub(crate) fn take_up(
        self: &Arc<Self>,
        id: CallId,
        facts: CallFacts,
        beginning: Beginning,
        phones: Vec<RungPhone>,
    ) {
        metrics::counter!("baton_calls_taken_up_total").increment(1);
        let open = beginning.attempt;
        let live = self.begin(&mut self.calls(), id, facts, beginning, TakenUp::Yes);
        if let Some(attempt) = open {
            live.want(attempt);
        }
        for phone in phones {
            if let Some(name) = phone.carrier_call {
                self.learn_name(&live, LegId::Rep(phone.attempt), name);
            }
        }
    }

    fn begin(
        self: &Arc<Self>,
        calls: &mut Calls,
        id: CallId,
        facts: CallFacts,
        beginning: Beginning,
        taken_up: TakenUp,
    ) -> Arc<LiveCall> {
        let (teller, inbox) = mpsc::channel::<ToCall>(EVENTS);
        let (speech, speech_out) = mpsc::channel(SPEECH_PIECES);
        let listened_to = !self.world.words.transcribers.is_empty();
        let tap = listened_to.then(|| Arc::new(Tap::new(clock::now())));
        let teller = Teller::new(teller);
        let live = LiveCall::new(id, facts, teller, beginning.clock, tap.clone(), speech_out, taken_up);
        let live = Arc::new(live);
        if let Some(tap) = tap {
            tokio::spawn(scribe::run(live.clone(), tap, self.world.words.transcribers.clone()));
        }
        calls.live.insert(id, live.clone());
        calls.by_alias.insert(live.facts.alias.clone(), id);
        if let Some(named) = &live.facts.carrier_call {
            calls.by_carrier.insert(named.clone(), id);
        }
        tokio::spawn(self.clone().run(live.clone(), beginning, inbox, speech));
        live
    }

    /// One call from its beginning until nobody can ask for it any more.
    async fn run(
        self: Arc<Self>,
        live: Arc<LiveCall>,
        beginning: Beginning,
        inbox: mpsc::Receiver<ToCall>,
        speech: mpsc::Sender<Speech>,
    ) {
        metrics::gauge!("baton_calls_running").increment(1.0);
        let task = tokio::spawn(call_task::run(live.clone(), self.world.clone(), beginning, inbox, speech));
        if task.await.is_err() {
            // The blast wall: the legs find nobody listening and close, and the carrier asks what comes next.
            tracing::error!(call.id = %live.id, "a call's task failed; its prospect goes to the fallback");
            metrics::counter!("baton_calls_failed_total").increment(1);
            live.set_next(Next::Fallback);
            live.set_over();
            self.clear_up_after(&live).await;
        }
        live.set_ended();
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
        end_in_the_record(&self.world, live.id).await;
        for (attempt, name) in live.rung() {
            live.let_go_of(attempt);
            if let Some(name) = name {
                call_task::hang_up(&*self.world.carrier, live.id, name).await;
            }
            if let Err(fault) = self.world.reps.release(live.id, attempt).await {
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
        let number = live.next_seat();
        if let LegId::Rep(attempt) = leg {
            live.rep_answered(attempt);
        }
        let arrived = match leg {
            LegId::Prospect => Event::ProspectArrived,
            LegId::Rep(attempt) => Event::RepArrived(attempt),
            LegId::Assistant => return None,
        };
        if (live.is_over() && leg == LegId::Prospect)
            || !live.teller.seat(arrived, leg, PhoneLine { number, commands: address }).await
        {
            return None;
        }
        Some(PhoneSeat {
            number,
            leg,
            call: live.id,
            patchbay: live.patchbay.clone(),
            teller: live.teller.clone(),
            commands,
            speech: (leg == LegId::Prospect).then(|| live.speech.clone()),
            voice: self.world.voice.clone(),
            ears: self.world.ears.clone(),
            tap: live.tap.clone().filter(|_| leg == LegId::Prospect),
            limits: self.world.limits,
        })
    }

    /// What the carrier is to do with a leg whose stream has ended, and the call is told where that is news.
    pub async fn after_stream(&self, live: &LiveCall, leg: LegId) -> AfterStream {
        match (leg, live.next()) {
            (LegId::Prospect, Some(next)) => AfterStream::Next(next),
            // We gave them up, and the carrier still has them: somebody else must carry them.
            (LegId::Prospect, None) if live.is_over() => AfterStream::Next(Next::Fallback),
            (LegId::Prospect, None) => {
                live.teller.tell(Event::ProspectStreamBroke).await;
                match live.broke(leg) {
                    Break::Hopeless => {
                        tracing::warn!(call.id = %live.id, "a prospect's stream breaks again and again; they go to the fallback");
                        live.set_next(Next::Fallback);
                        live.teller.tell(Event::ProspectGivenUp).await;
                        AfterStream::Next(Next::Fallback)
                    }
                    noticed => AfterStream::Connect(self.world.tickets.issue(live.id, leg), noticed),
                }
            }
            (LegId::Rep(attempt), _) if live.wants(leg) => {
                live.teller.tell(Event::RepStreamBroke(attempt)).await;
                match live.broke(leg) {
                    Break::Hopeless => {
                        live.teller.tell(Event::RepLeft { attempt, why: End::CarrierFault }).await;
                        AfterStream::HangUp
                    }
                    noticed => AfterStream::Connect(self.world.tickets.issue(live.id, leg), noticed),
                }
            }
            (LegId::Rep(_) | LegId::Assistant, _) => AfterStream::HangUp,
        }
    }

    /// The carrier said what it calls a leg. A rep's phone that rings for nobody is hung up.
    pub fn learn_name(&self, live: &LiveCall, leg: LegId, name: CarrierCall) {
        let LegId::Rep(attempt) = leg else { return };
        // A name that is known stays: another phone that rings for the same try is a stray.
        if live.carrier_call(leg).is_some() || !live.name(attempt, name.clone()) {
            return;
        }
        let call = live.id;
        self.world.recorder.put(Record::AttemptNamed { call, attempt, carrier_call: name.clone() });
        if !live.wants(leg) {
            let world = self.world.clone();
            tokio::spawn(async move { call_task::hang_up(&*world.carrier, call, name).await });
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

/// Events that may wait for a call: more than its legs can make in a minute.
const EVENTS: usize = 256;

/// Pieces of speech on their way, of half a second each at most; what does not fit waits at the assistant's leg.
const SPEECH_PIECES: usize = 16;

/// Commands that may wait for a phone's leg.
const PHONE_COMMANDS: usize = 32;

/// How long a call that is over still answers late callbacks.
const REMEMBERED: Duration = Duration::from_secs(60);
