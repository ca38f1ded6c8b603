//! The task around one call: waits for one event, hands it over, performs the effects, and never waits in between.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc;
use tokio::time::{sleep_until, timeout};

use crate::call::{AssistantFault, Call, CallEnd, Effect, Entry, Event, Next, Said};
use crate::handoff::{End, Phrase};
use crate::id::{AttemptId, CallId, LegId, RepId};
use crate::live::beginning::Beginning;
use crate::live::clock::{self, CallClock};
use crate::live::house_voice::question_of;
use crate::live::live_call::LiveCall;
use crate::live::minutes::Minutes;
use crate::live::recorder::{Recorder, handoff_over};
use crate::live::seat::{AssistantCommand, AssistantSeat, PhoneCommand, PhoneLine, ToCall};
use crate::live::speech::Speech;
use crate::live::watching::{Place, Watched};
use crate::live::world::World;
use crate::ports::{Carrier, CarrierCall, Fault, Record, RingOrder};

/// Runs one call to its end.
pub(crate) async fn run(
    live: Arc<LiveCall>,
    world: Arc<World>,
    beginning: Beginning,
    inbox: mpsc::Receiver<ToCall>,
    speech: mpsc::Sender<Speech>,
) {
    let Beginning { call, clock, entries, event, earlier, .. } = beginning;
    let context = world.context_of(&live.facts);
    let mut minutes = Minutes::new(world.clone(), context, live.teller.clone());
    minutes.read_again(&earlier);
    drop(earlier);
    let mut task = CallTask {
        call,
        clock,
        entries,
        phones: BTreeMap::new(),
        assistant: None,
        minutes,
        speech,
        in_flight: FuturesUnordered::new(),
        live,
        world,
    };
    task.happened(event);
    task.serve(inbox).await;
}

struct CallTask {
    call: Call,
    clock: CallClock,
    entries: u64,
    phones: BTreeMap<LegId, PhoneLine>,
    assistant: Option<mpsc::Sender<AssistantCommand>>,
    minutes: Minutes,
    speech: mpsc::Sender<Speech>,
    in_flight: FuturesUnordered<BoxFuture<'static, Done>>,
    live: Arc<LiveCall>,
    world: Arc<World>,
}

/// Something that was done beside the call came to its end.
enum Done {
    /// It tells this.
    Tells(Event),
    /// The carrier answered an order to ring.
    Rang(AttemptId, Result<CarrierCall, Fault>),
    /// It has nothing to tell.
    Nothing,
}

impl CallTask {
    async fn serve(&mut self, mut inbox: mpsc::Receiver<ToCall>) {
        let mut lingers_until = None;
        loop {
            if self.call.is_over() {
                let until = *lingers_until.get_or_insert_with(|| clock::now() + LINGER);
                self.phones.retain(|_, phone| !phone.commands.is_closed());
                if clock::now() >= until || (self.phones.is_empty() && self.in_flight.is_empty()) {
                    return;
                }
            }
            let due = match (self.call.deadline(), lingers_until) {
                (Some((at, _)), _) => self.clock.moment(at),
                (None, Some(until)) => until.min(clock::now() + LOOK),
                (None, None) => clock::never(),
            };
            tokio::select! {
                biased;
                message = inbox.recv() => match message {
                    Some(ToCall::Happened(event)) => self.happened(event),
                    Some(ToCall::Words(piece)) => self.said(|minutes, _| minutes.words(piece)),
                    Some(ToCall::Hinted(signals)) => self.said(|minutes, _| minutes.hinted(&signals)),
                    Some(ToCall::AssistantCut(at)) => self.said(|minutes, clock| minutes.cut(clock.at(at))),
                    Some(ToCall::Noted(note)) => {
                        let noted = self.minutes.noted(self.clock.now(), note);
                        self.happened(Event::Noted(Box::new(noted)));
                    }
                    Some(ToCall::Seated(event, leg, line)) => {
                        self.phones.insert(leg, line);
                        self.happened(event);
                    }
                    // One that left after another had taken its place is no news.
                    Some(ToCall::Left(event, leg, number)) => {
                        if self.phones.get(&leg).is_some_and(|line| line.number == number) {
                            self.phones.remove(&leg);
                            self.happened(event);
                        }
                    }
                    None => return,
                },
                Some(done) = self.in_flight.next() => match done {
                    Done::Tells(event) => self.happened(event),
                    Done::Rang(attempt, answer) => self.rang(attempt, answer),
                    Done::Nothing => {}
                },
                () = sleep_until(due) => if !self.call.is_over() { self.happened(Event::Ticked) },
            }
        }
    }

    fn said(&mut self, hear: impl FnOnce(&mut Minutes, &CallClock) -> Vec<Said>) {
        for said in hear(&mut self.minutes, &self.clock) {
            self.happened(Event::Said(Box::new(said)));
        }
    }

    /// One event: into the call, into the timeline, and what the call wants is done.
    fn happened(&mut self, event: Event) {
        let at = self.clock.now();
        let before = Place::of(&self.call);
        let effects = self.call.handle(at, event.clone());
        if event == Event::Ticked && effects.is_empty() {
            return;
        }
        let entry = Entry { at, event, effects };
        self.record(&entry);
        for effect in &entry.effects {
            self.perform(effect);
        }
        let stage = before.left_for(&self.call);
        if let Some(stage) = &stage {
            tracing::info!(call.id = %self.live.id, call.at = %at, handoff.stage = stage.name(), "the handoff moved on");
        }
        let number = self.entries - 1;
        let watched = Watched { call: self.live.id, number, entry: Arc::new(entry), stage };
        self.live.watchers.tell(&watched);
        // Nobody watching is the rule.
        let _ = self.world.watchers.send(watched);
    }

    fn record(&mut self, entry: &Entry) {
        let json = serde_json::to_string(entry).expect("an entry is plain values, which always serialise");
        self.world.recorder.put(Record::Entry {
            call: self.live.id,
            number: self.entries,
            at: entry.at,
            json,
        });
        self.entries += 1;
    }

    fn perform(&mut self, effect: &Effect) {
        match effect {
            Effect::DialAssistant { time } => self.dial_assistant(*time),
            Effect::CloseAssistant { fault } => self.close_assistant(*fault),
            Effect::PassKey(key) => self.tell_assistant(AssistantCommand::Key(*key)),
            Effect::Hear { number, hearing, cut } => {
                self.live.patchbay.set(*number, *hearing, *cut);
                self.look();
            }
            Effect::Say { leg, phrase } => self.say(*leg, *phrase),
            // It is in the timeline, where whoever watches finds it.
            Effect::Decide(_) => {}
            Effect::Reserve { attempt, among } => self.reserve(*attempt, among.clone()),
            Effect::Ring { attempt, rep } => self.ring(*attempt, rep),
            Effect::Commit(attempt) => self.commit(*attempt),
            Effect::EndAttempt { attempt, end, last_words } => self.end_attempt(*attempt, *end, *last_words),
            Effect::Dismiss { attempt, last_words } => {
                self.tell_phone(LegId::Rep(*attempt), PhoneCommand::Leave(Some(*last_words)));
            }
            Effect::FileHandoff { number, outcome, began } => {
                let (word, reason) = (outcome.word(), outcome.reason());
                tracing::info!(call.id = %self.live.id, handoff.outcome = word, handoff.reason = reason, "the handoff came to rest");
                metrics::counter!("baton_handoff_outcome_total", "outcome" => word).increment(1);
                let ended = self.clock.now();
                let record = handoff_over(self.live.id, *number, outcome, *began, ended);
                self.world.recorder.put(record);
            }
            Effect::LetGo(next) => self.let_go(*next),
            Effect::Close(end) => self.close(*end),
        }
    }

    // ── the assistant ──

    fn dial_assistant(&mut self, time: u32) {
        let (address, commands) = mpsc::channel(ASSISTANT_COMMANDS);
        self.assistant = Some(address.clone());
        let seat = AssistantSeat {
            call: self.live.id,
            patchbay: self.live.patchbay.clone(),
            teller: self.live.teller.clone(),
            commands,
            address,
            speech: self.speech.clone(),
            clock: self.clock,
            watchers: self.live.watchers.clone(),
            limits: self.world.limits,
        };
        let dialling = self.world.assistants.dial(self.live.facts.clone(), time, seat);
        let recorder = self.world.recorder.clone();
        // A task of its own: a fault in it must not take the call along.
        let leg = tokio::spawn(async move {
            // Or a killed process would dial for the same time again.
            written(&recorder).await;
            dialling.await;
        });
        self.in_flight.push(Box::pin(async move {
            match leg.await {
                Ok(()) => Done::Nothing,
                Err(_panicked) => Done::Tells(Event::AssistantBroke(AssistantFault::BrokeOff)),
            }
        }));
    }

    fn close_assistant(&mut self, fault: Option<AssistantFault>) {
        if let Some(fault) = fault {
            tracing::warn!(call.id = %self.live.id, ?fault, "the assistant is of no use and is dialled again");
        }
        if let Some(assistant) = self.assistant.take() {
            let _ = assistant.try_send(AssistantCommand::Stop);
        }
    }

    fn tell_assistant(&self, command: AssistantCommand) {
        if let Some(assistant) = &self.assistant {
            let _ = assistant.try_send(command);
        }
    }

    // ── the phones ──

    fn say(&mut self, leg: LegId, phrase: Phrase) {
        self.tell_phone(leg, PhoneCommand::Say(phrase));
        if let (LegId::Prospect, Some(words)) = (leg, question_of(phrase)) {
            let lasts = self.world.voice.phrase(phrase).duration();
            for said in self.minutes.house_says(self.clock.now(), lasts, words) {
                let told = Done::Tells(Event::Said(Box::new(said)));
                self.in_flight.push(Box::pin(async move { told }));
            }
        }
    }

    fn look(&self) {
        self.live.patchbay.pipe(LegId::Prospect).ring();
        self.live.patchbay.pipe(LegId::Assistant).ring();
        for (leg, phone) in &self.phones {
            if matches!(leg, LegId::Rep(_)) {
                let _ = phone.commands.try_send(PhoneCommand::Look);
            }
        }
    }

    fn tell_phone(&self, leg: LegId, command: PhoneCommand) {
        if let Some(phone) = self.phones.get(&leg)
            && let Err(mpsc::error::TrySendError::Full(command)) = phone.commands.try_send(command)
        {
            tracing::error!(call.id = %self.live.id, %leg, ?command, "a leg does not take its commands; its task hangs");
        }
    }

    fn let_go(&mut self, next: Next) {
        self.live.set_next(next);
        self.tell_phone(LegId::Prospect, PhoneCommand::LetGo);
    }

    fn close(&mut self, end: CallEnd) {
        tracing::info!(call.id = %self.live.id, call.end = end.word(), "the call is over");
        metrics::counter!("baton_call_end_total", "end" => end.word()).increment(1);
        let (call, how) = (self.live.id, end.word().to_owned());
        self.world.recorder.put(Record::Closed { call, how, at: clock::wall() });
        self.live.set_over();
        self.phones.remove(&LegId::Prospect);
    }

    // ── the reps ──

    fn reserve(&self, attempt: AttemptId, among: Vec<RepId>) {
        let (reps, call) = (self.world.reps.clone(), self.live.id);
        let policy = &self.world.terms.handoff;
        let lease = policy.seek + policy.ring * 2 + policy.accept + policy.join + LEASE_SLACK;
        self.in_flight.push(Box::pin(async move {
            match reps.reserve(call, attempt, among, lease).await {
                Ok(Some(rep)) => Done::Tells(Event::RepReserved { attempt, rep }),
                Ok(None) => Done::Tells(Event::NobodyFree(attempt)),
                Err(fault) => {
                    tracing::error!(call.id = %call, %fault, "the store cannot say who is free, so nobody is asked");
                    Done::Tells(Event::NobodyFree(attempt))
                }
            }
        }));
    }

    fn ring(&mut self, attempt: AttemptId, rep: &RepId) {
        let Some(phone) = self.world.phones.get(rep).cloned() else {
            let why = End::Unreachable;
            self.in_flight.push(Box::pin(async move { Done::Tells(Event::RepLeft { attempt, why }) }));
            return;
        };
        self.live.want(attempt);
        let (world, live, call, rep) = (self.world.clone(), self.live.clone(), self.live.id, rep.clone());
        self.in_flight.push(Box::pin(async move {
            // First what decided it: a killed process must find the try in the timeline, or it would have no end.
            written(&world.recorder).await;
            let intent = Record::AttemptIntended { call, attempt, rep: rep.clone(), at: clock::wall() };
            // What is not written down is not tried: after a crash nobody would know of it.
            if let Err(fault) = world.calls.write(vec![intent]).await {
                return Done::Rang(attempt, Err(fault));
            }
            if !live.wants(LegId::Rep(attempt)) {
                // It ended while that was written, and its end found nothing to be written to.
                let end = End::Withdrawn.word().to_owned();
                world.recorder.put(Record::AttemptEnded { call, attempt, end });
                return Done::Nothing;
            }
            let ring = world.terms.handoff.ring;
            let ticket = world.tickets.issue(call, LegId::Rep(attempt));
            Done::Rang(
                attempt,
                world.carrier.ring(RingOrder { call, attempt, rep, phone, ring, ticket }).await,
            )
        }));
    }

    fn rang(&mut self, attempt: AttemptId, answer: Result<CarrierCall, Fault>) {
        match answer {
            Ok(name) => {
                if self.live.name(attempt, name.clone()) {
                    let (call, carrier_call) = (self.live.id, name.clone());
                    self.world.recorder.put(Record::AttemptNamed { call, attempt, carrier_call });
                }
                // The try may have ended while the carrier was asked.
                if !self.live.wants(LegId::Rep(attempt)) {
                    self.hang_up(name);
                }
            }
            Err(fault) => {
                tracing::warn!(call.id = %self.live.id, %attempt, %fault, "the carrier did not ring a rep");
                self.happened(Event::RepLeft { attempt, why: End::CarrierFault });
            }
        }
    }

    fn commit(&self, attempt: AttemptId) {
        let (reps, call) = (self.world.reps.clone(), self.live.id);
        self.in_flight.push(Box::pin(async move {
            match reps.commit(call, attempt).await {
                Ok(true) => Done::Tells(Event::ClaimCommitted(attempt)),
                Ok(false) => Done::Tells(Event::ClaimLost(attempt)),
                Err(fault) => {
                    tracing::error!(call.id = %call, %fault, "the store did not take a claim, so it counts as lost");
                    Done::Tells(Event::ClaimLost(attempt))
                }
            }
        }));
    }

    fn end_attempt(&mut self, attempt: AttemptId, end: End, last_words: Option<Phrase>) {
        tracing::info!(call.id = %self.live.id, %attempt, attempt.end = end.word(), "a try to get a rep ended");
        metrics::counter!("baton_attempt_end_total", "end" => end.word()).increment(1);
        let end = end.word().to_owned();
        self.world.recorder.put(Record::AttemptEnded { call: self.live.id, attempt, end });
        let leg = LegId::Rep(attempt);
        self.live.let_go_of(attempt);
        if self.phones.contains_key(&leg) {
            self.tell_phone(leg, PhoneCommand::Leave(last_words));
        } else if let Some(name) = self.live.carrier_call(leg) {
            // A phone without a line to us: it rings, or its stream broke.
            self.hang_up(name);
        }
        self.release(attempt);
    }

    fn hang_up(&self, carrier_call: CarrierCall) {
        let (world, call) = (self.world.clone(), self.live.id);
        self.in_flight.push(Box::pin(async move {
            hang_up(&*world.carrier, call, carrier_call).await;
            Done::Nothing
        }));
    }

    fn release(&self, attempt: AttemptId) {
        let (reps, call) = (self.world.reps.clone(), self.live.id);
        self.in_flight.push(Box::pin(async move {
            for pause in RETRIES {
                match reps.release(call, attempt).await {
                    Ok(()) => return Done::Nothing,
                    Err(fault) => {
                        tracing::warn!(call.id = %call, %fault, "a rep could not be set free");
                        tokio::time::sleep(pause).await;
                    }
                }
            }
            Done::Nothing
        }));
    }
}

/// Waits until all that was decided so far is written; a store that is too slow for that is not waited for.
async fn written(recorder: &Recorder) {
    let _ = timeout(WRITTEN_WITHIN, recorder.flush()).await;
}

/// Hangs a rep's phone up, again and again until the carrier takes it.
pub(crate) async fn hang_up(carrier: &dyn Carrier, call: CallId, carrier_call: CarrierCall) {
    for pause in RETRIES {
        match carrier.hang_up(carrier_call.clone()).await {
            Ok(()) => return,
            Err(fault) => {
                tracing::warn!(call.id = %call, %fault, "a rep's phone could not be hung up");
                tokio::time::sleep(pause).await;
            }
        }
    }
}

/// News for the assistant that may wait: more than the marks of a minute.
const ASSISTANT_COMMANDS: usize = 256;

/// A commit takes some 20 ms; who waits meanwhile does not notice so much.
const WRITTEN_WITHIN: Duration = Duration::from_millis(250);

/// How long a call that is over waits for last words and last errands.
const LINGER: Duration = Duration::from_secs(20);

/// How often such a call looks whether its legs are gone.
const LOOK: Duration = Duration::from_millis(200);

/// What a lease lasts beyond the stages it spans.
const LEASE_SLACK: Duration = Duration::from_secs(30);

/// Pauses between tries of an errand that may be repeated.
const RETRIES: [Duration; 4] =
    [Duration::from_millis(200), Duration::from_secs(1), Duration::from_secs(3), Duration::from_secs(8)];
