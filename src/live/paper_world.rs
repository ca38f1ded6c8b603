//! A world of paper for the tests of this ring: phones in the test's hand, a store in memory, and what can go wrong.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::{broadcast, mpsc, watch};
use tokio::time::{Instant, sleep, timeout};

use crate::audio::frame::Frame;
use crate::call::{Asker, Entry, Event, Terms};
use crate::conversation::Context;
use crate::handoff::Stage;
use crate::id::{AttemptId, CallId, LegId, RepId};
use crate::live::house_voice::HouseVoice;
use crate::live::line::{CarrierLine, FromCarrier, LineBroke};
use crate::live::listening::Ears;
use crate::live::live_call::LiveCall;
use crate::live::recorder::Recorder;
use crate::live::seat::{
    AssistantCommand, AssistantSeat, Assistants, CallFacts, Direction, LegLimits, Token,
};
use crate::live::switchboard::Switchboard;
use crate::live::tickets::Tickets;
use crate::live::watching::Watched;
use crate::live::words::Words;
use crate::live::world::World;
use crate::live::{blast_wall, clock, phone_leg};
use crate::phone_number::PhoneNumber;
use crate::ports::{
    Calls, Carrier, CarrierCall, Fault, Listed, Record, Reps, RingOrder, StoredCall, StoredEntry,
};
use crate::time::MediaTime;

/// Calls on paper.
pub(crate) struct PaperWorld {
    pub(crate) switchboard: Arc<Switchboard>,
    pub(crate) world: Arc<Paper>,
}

/// Everything around the calls.
#[derive(Default)]
pub(crate) struct Paper {
    pub(crate) written: Mutex<Vec<Record>>,
    pub(crate) hung_up: Mutex<Vec<CarrierCall>>,
    pub(crate) released: Mutex<Vec<(CallId, AttemptId)>>,
    /// Whoever says yes lets the task of their call fail.
    pub(crate) claims_fail: AtomicBool,
    /// The next assistant's leg fails when it has come.
    pub(crate) assistant_fails: AtomicBool,
}

/// The rep of every first try.
pub(crate) const REP: LegId = LegId::Rep(AttemptId(1));

impl PaperWorld {
    pub(crate) fn new() -> Self {
        let paper = Arc::new(Paper::default());
        let (recorder, writing) = Recorder::new(paper.clone());
        tokio::spawn(writing);
        let sam = RepId::new("sam");
        let world = World {
            carrier: paper.clone(),
            assistants: paper.clone(),
            calls: paper.clone(),
            reps: paper.clone(),
            recorder,
            voice: Arc::new(HouseVoice::built_in()),
            ears: Ears::default(),
            words: Words::default(),
            limits: LegLimits::default(),
            terms: Terms { reps: vec![sam.clone()], away: Duration::from_secs(15), ..Terms::default() },
            tickets: Tickets::default(),
            phones: BTreeMap::from([(sam, PhoneNumber::new("+15550100101"))]),
            watchers: broadcast::channel(4_096).0,
        };
        Self { switchboard: Switchboard::new(Arc::new(world), 100), world: paper }
    }

    /// A call with its prospect on the line.
    pub(crate) async fn call(&self, name: u128) -> (Arc<LiveCall>, PaperPhone) {
        let facts = CallFacts {
            carrier_call: Some(CarrierCall(format!("CA{name}"))),
            account: None,
            direction: Direction::Inbound,
            prospect: PhoneNumber::new("+15550100142"),
            line: PhoneNumber::new("+15550100100"),
            context: Context::default(),
            alias: format!("CAalias{name}"),
            token: Token(String::new()),
            assistant_url: String::new(),
            assistant_parameters: BTreeMap::new(),
            beforehand: String::new(),
            afterwards: String::new(),
        };
        let live = self.switchboard.admit(CallId::from_bits(name), facts).unwrap();
        let phone = self.phone(&live, LegId::Prospect).await.unwrap();
        (live, phone)
    }

    /// A phone that takes this leg's place; none where the call does not want it.
    pub(crate) async fn phone(&self, live: &Arc<LiveCall>, leg: LegId) -> Option<PaperPhone> {
        let seat = self.switchboard.seat(live, leg).await?;
        let (says, from) = mpsc::channel(64);
        let (reads, reading) = watch::channel(true);
        let seen = Arc::new(Seen::default());
        let line = PaperLine { from, back: says.clone(), reading, seen: seen.clone() };
        let live = live.clone();
        let running = tokio::spawn(async move {
            let number = seat.number;
            blast_wall::around(&live, leg, number, phone_leg::run(line, seat)).await;
        });
        let talking = tokio::spawn(talk(says.clone()));
        Some(PaperPhone { says, reads, seen, running, talking })
    }

    /// A call in which prospect and rep talk.
    pub(crate) async fn bridged(&self, name: u128) -> (Arc<LiveCall>, PaperPhone, PaperPhone) {
        let mut watching = self.watch();
        let (live, prospect) = self.call(name).await;
        let rep = self.rep_is_asked(&live).await;
        rep.says(FromCarrier::Key('1')).await;
        watching.until(live.id, |_| bridging(&live)).await;
        (live, prospect, rep)
    }

    /// The rep of a call who has picked up.
    pub(crate) async fn rep_is_asked(&self, live: &Arc<LiveCall>) -> PaperPhone {
        let mut watching = self.watch();
        live.teller.tell(Event::PersonAsked(Asker::Api)).await;
        let reserved = |entry: &Entry| matches!(entry.event, Event::RepReserved { .. });
        watching.until(live.id, reserved).await;
        while live.carrier_call(REP).is_none() {
            sleep(Duration::from_millis(10)).await;
        }
        self.phone(live, REP).await.unwrap()
    }

    pub(crate) fn watch(&self) -> Watching {
        Watching(self.switchboard.world().watchers.subscribe())
    }

    /// How the handoffs of a call came to rest, as it is written.
    pub(crate) fn outcomes_of(&self, call: CallId) -> Vec<String> {
        let outcome = |record: &Record| match record {
            Record::HandoffOver { call: of, outcome, .. } if *of == call => Some(outcome.clone()),
            _other => None,
        };
        self.world.written.lock().unwrap().iter().filter_map(outcome).collect()
    }

    /// How a call ended, as it is written.
    pub(crate) fn end_of(&self, call: CallId) -> Option<String> {
        self.world.written.lock().unwrap().iter().find_map(|record| match record {
            Record::Closed { call: of, how, .. } if *of == call => Some(how.clone()),
            _other => None,
        })
    }
}

fn bridging(live: &LiveCall) -> bool {
    let hearing = live.patchbay.now().hearing;
    hearing
        == crate::handoff::Hearing::in_stage(
            &Stage::Bridging { attempt: AttemptId(1) },
            crate::handoff::Sounds::ASSISTANT,
        )
}

/// What happens in all calls from a moment on.
pub(crate) struct Watching(broadcast::Receiver<Watched>);

impl Watching {
    pub(crate) async fn until(&mut self, call: CallId, wish: impl Fn(&Entry) -> bool) -> Arc<Entry> {
        let wait = async {
            loop {
                let Watched { call: of, entry, .. } = self.0.recv().await.unwrap();
                if of == call && wish(&entry) {
                    return entry;
                }
            }
        };
        timeout(Duration::from_secs(300), wait).await.expect("it happens within five minutes")
    }
}

/// A phone in the test's hand.
pub(crate) struct PaperPhone {
    says: mpsc::Sender<FromCarrier>,
    reads: watch::Sender<bool>,
    pub(crate) seen: Arc<Seen>,
    running: tokio::task::JoinHandle<()>,
    talking: tokio::task::JoinHandle<()>,
}

impl PaperPhone {
    pub(crate) async fn says(&self, what: FromCarrier) {
        self.says.send(what).await.unwrap();
    }

    /// From now on it reads nothing.
    pub(crate) fn reads_nothing(&self) {
        self.reads.send_replace(false);
    }

    /// The line behind it fails, and the leg with it.
    pub(crate) async fn fails(&self) {
        self.says(FromCarrier::Key(FAILS)).await;
    }

    pub(crate) async fn is_over(&mut self, limit: Duration) -> bool {
        timeout(limit, &mut self.running).await.is_ok()
    }
}

impl Drop for PaperPhone {
    fn drop(&mut self) {
        self.talking.abort();
    }
}

/// What a phone has noticed.
#[derive(Default)]
pub(crate) struct Seen {
    heard: AtomicUsize,
    taken: Mutex<Option<Instant>>,
    longest: Mutex<Duration>,
}

impl Seen {
    /// How many frames it has heard.
    pub(crate) fn heard(&self) -> usize {
        self.heard.load(Ordering::Relaxed)
    }

    /// The longest time for which nobody took what it said, since this was last asked.
    pub(crate) fn longest_unheeded(&self) -> Duration {
        std::mem::take(&mut *self.longest.lock().unwrap())
    }

    fn was_taken(&self) {
        let now = clock::now();
        let before = self.taken.lock().unwrap().replace(now);
        let gap = before.map_or(Duration::ZERO, |before| now - before);
        let mut longest = self.longest.lock().unwrap();
        *longest = gap.max(*longest);
    }
}

/// Somebody breathes into the phone.
async fn talk(says: mpsc::Sender<FromCarrier>) {
    for frame in 0.. {
        sleep(Duration::from_millis(20)).await;
        if says.send(FromCarrier::Sound(Frame::silence(MediaTime(160 * frame)))).await.is_err() {
            return;
        }
    }
}

struct PaperLine {
    from: mpsc::Receiver<FromCarrier>,
    back: mpsc::Sender<FromCarrier>,
    reading: watch::Receiver<bool>,
    seen: Arc<Seen>,
}

impl PaperLine {
    async fn takes(&mut self) -> Result<(), LineBroke> {
        self.reading.wait_for(|reads| *reads).await.map(drop).map_err(|_| LineBroke)
    }
}

impl CarrierLine for PaperLine {
    async fn next(&mut self) -> FromCarrier {
        let Some(from) = self.from.recv().await else { return FromCarrier::Broke };
        self.seen.was_taken();
        assert!(!matches!(from, FromCarrier::Key(FAILS)), "the line fails, as the test wishes");
        from
    }

    async fn send_sound(&mut self, _sound: &[u8]) -> Result<(), LineBroke> {
        self.takes().await?;
        self.seen.heard.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    async fn send_mark(&mut self, mark: u32) -> Result<(), LineBroke> {
        self.takes().await?;
        self.back.send(FromCarrier::Played(mark)).await.map_err(|_| LineBroke)
    }

    async fn clear(&mut self) -> Result<(), LineBroke> {
        self.takes().await
    }

    async fn ping(&mut self) -> Result<(), LineBroke> {
        self.takes().await
    }

    async fn close(&mut self) {}
}

impl Carrier for Paper {
    fn ring(&self, order: RingOrder) -> BoxFuture<'_, Result<CarrierCall, Fault>> {
        Box::pin(async move { Ok(CarrierCall(format!("{}-{}", order.call, order.attempt))) })
    }

    fn hang_up(&self, call: CarrierCall) -> BoxFuture<'_, Result<(), Fault>> {
        self.hung_up.lock().unwrap().push(call);
        Box::pin(async { Ok(()) })
    }
}

impl Assistants for Paper {
    fn dial(&self, _facts: Arc<CallFacts>, _time: u32, mut seat: AssistantSeat) -> BoxFuture<'static, ()> {
        let fails = self.assistant_fails.swap(false, Ordering::Relaxed);
        Box::pin(async move {
            seat.teller.tell(Event::AssistantConnected).await;
            assert!(!fails, "the assistant's leg fails, as the test wishes");
            while let Some(command) = seat.commands.recv().await {
                if matches!(command, AssistantCommand::Stop) {
                    return;
                }
            }
        })
    }
}

impl Calls for Paper {
    fn write(&self, records: Vec<Record>) -> BoxFuture<'_, Result<(), Fault>> {
        self.written.lock().unwrap().extend(records);
        Box::pin(async { Ok(()) })
    }

    fn list(&self, _which: Listed) -> BoxFuture<'_, Result<Vec<StoredCall>, Fault>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn call(&self, _call: CallId) -> BoxFuture<'_, Result<Option<StoredCall>, Fault>> {
        Box::pin(async { Ok(None) })
    }

    fn timeline(&self, call: CallId) -> BoxFuture<'_, Result<Vec<StoredEntry>, Fault>> {
        let entry = |record: &Record| match record {
            Record::Entry { call: of, at, json, .. } if *of == call => {
                Some(StoredEntry { at: *at, json: json.clone() })
            }
            _other => None,
        };
        let timeline = self.written.lock().unwrap().iter().filter_map(entry).collect();
        Box::pin(async { Ok(timeline) })
    }
}

impl Reps for Paper {
    fn reserve(
        &self,
        _call: CallId,
        _attempt: AttemptId,
        among: Vec<RepId>,
        _lease: Duration,
    ) -> BoxFuture<'_, Result<Option<RepId>, Fault>> {
        Box::pin(async move { Ok(among.into_iter().next()) })
    }

    fn commit(&self, _call: CallId, _attempt: AttemptId) -> BoxFuture<'_, Result<bool, Fault>> {
        Box::pin(async {
            assert!(!self.claims_fail.load(Ordering::Relaxed), "the claim fails, as the test wishes");
            Ok(true)
        })
    }

    fn release(&self, call: CallId, attempt: AttemptId) -> BoxFuture<'_, Result<(), Fault>> {
        self.released.lock().unwrap().push((call, attempt));
        Box::pin(async { Ok(()) })
    }
}

/// A key that is on no phone.
const FAILS: char = '!';
