//! One connection to the assistant: what came in, second by second, and a way to steer it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use crate::sim::assistant::script::Fault;
use crate::sim::ear::Ear;
use crate::sim::sound::Phrase;
use crate::sim::waiting;

/// One connection, cheap to share.
#[derive(Clone, Debug)]
pub struct Visit(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    record: Mutex<Record>,
    changes: watch::Sender<u64>,
    wishes: mpsc::Sender<Wish>,
}

/// What came in over a connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Record {
    pub(crate) path: String,
    pub(crate) signature: Option<String>,
    pub(crate) user_agent: Option<String>,
    pub(crate) start: Option<Start>,
    pub(crate) first_events: Vec<String>,
    pub(crate) ear: Ear,
    pub(crate) media_at: Vec<Duration>,
    pub(crate) timestamps: Vec<u64>,
    pub(crate) keys: Vec<(Duration, char)>,
    pub(crate) marks: Vec<(Duration, String)>,
    pub(crate) said: Vec<(Duration, Phrase)>,
    pub(crate) cleared: Vec<Duration>,
    pub(crate) stopped_at: Option<Duration>,
    pub(crate) closed: Option<(Duration, ClosedHow)>,
    pub(crate) words: Vec<serde_json::Value>,
    pub(crate) oddities: Vec<String>,
}

/// What `start` said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Start {
    /// `MZ…`.
    pub stream_sid: String,
    /// `CA…`.
    pub call_sid: String,
    /// `AC…`.
    pub account_sid: String,
    /// `customParameters`, by name.
    pub parameters: Vec<(String, String)>,
    /// The whole message as it came.
    pub json: String,
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClosedHow {
    /// The other side closed it properly.
    ByThem,
    /// The other side vanished.
    TheyVanished,
    /// The assistant closed it.
    ByUs,
}

/// What a test wants of a connection.
#[derive(Clone, Debug)]
pub(crate) enum Wish {
    Say(Phrase),
    Clear,
    Misbehave(Fault),
    Send(String),
}

impl Visit {
    /// A connection that has just been made, and where its wishes arrive.
    pub(crate) fn new(record: Record) -> (Self, mpsc::Receiver<Wish>) {
        let (wishes, received) = mpsc::channel(WISHES);
        let changes = watch::channel(0).0;
        (Self(Arc::new(Inner { record: Mutex::new(record), changes, wishes })), received)
    }

    /// Says this, behind what it is saying.
    pub fn say(&self, phrase: impl Into<Phrase>) {
        let _ = self.0.wishes.try_send(Wish::Say(phrase.into()));
    }

    /// Drops what is queued at the other side.
    pub fn clear(&self) {
        let _ = self.0.wishes.try_send(Wish::Clear);
    }

    /// Sends this message as it is, behind what it is saying.
    pub fn send(&self, message: impl Into<String>) {
        let _ = self.0.wishes.try_send(Wish::Send(message.into()));
    }

    /// Ends the connection properly.
    pub fn close(&self) {
        self.misbehave(Fault::Closes);
    }

    /// Goes wrong, from here on.
    pub fn misbehave(&self, fault: Fault) {
        let _ = self.0.wishes.try_send(Wish::Misbehave(fault));
    }

    /// The path of the upgrade.
    pub fn path(&self) -> String {
        self.record().path.clone()
    }

    /// The `X-Twilio-Signature` of the upgrade.
    pub fn signature(&self) -> Option<String> {
        self.record().signature.clone()
    }

    /// The `User-Agent` of the upgrade.
    pub fn user_agent(&self) -> Option<String> {
        self.record().user_agent.clone()
    }

    /// What `start` said, once it has come.
    pub fn start(&self) -> Option<Start> {
        self.record().start.clone()
    }

    /// The first two events, which must be `connected` and `start`.
    pub fn first_events(&self) -> Vec<String> {
        self.record().first_events.clone()
    }

    /// What it heard.
    pub fn ear(&self) -> Ear {
        self.record().ear.clone()
    }

    /// When each media message came, since the world began.
    pub fn media_at(&self) -> Vec<Duration> {
        self.record().media_at.clone()
    }

    /// The `timestamp` of each media message.
    pub fn timestamps(&self) -> Vec<u64> {
        self.record().timestamps.clone()
    }

    /// The longest time between two media messages.
    pub fn longest_gap(&self) -> Duration {
        let record = self.record();
        let gaps = record.media_at.windows(2).map(|pair| pair[1].saturating_sub(pair[0]));
        gaps.max().unwrap_or_default()
    }

    /// The mean time between two media messages.
    pub fn mean_gap(&self) -> Duration {
        let record = self.record();
        match record.media_at[..] {
            [first, .., last] => last.saturating_sub(first) / (record.media_at.len() as u32 - 1),
            [] | [_] => Duration::ZERO,
        }
    }

    /// The keys that were pressed, and when.
    pub fn keys(&self) -> Vec<(Duration, char)> {
        self.record().keys.clone()
    }

    /// The marks that came back, and when.
    pub fn marks(&self) -> Vec<(Duration, String)> {
        self.record().marks.clone()
    }

    /// What it said, and when it began to.
    pub fn said(&self) -> Vec<(Duration, Phrase)> {
        self.record().said.clone()
    }

    /// When it sent `clear`.
    pub fn cleared(&self) -> Vec<Duration> {
        self.record().cleared.clone()
    }

    /// When `stop` came.
    pub fn stopped_at(&self) -> Option<Duration> {
        self.record().stopped_at
    }

    /// When and how the connection ended.
    pub fn closed(&self) -> Option<(Duration, ClosedHow)> {
        self.record().closed
    }

    /// What the gateway itself said to it, beside what Twilio would say.
    pub fn words(&self) -> Vec<serde_json::Value> {
        self.record().words.clone()
    }

    /// What Twilio would never have sent: other types, other keys, another order.
    pub fn oddities(&self) -> Vec<String> {
        self.record().oddities.clone()
    }

    /// Waits until this is true, looking whenever something came; false when the limit came first.
    pub async fn until(&self, limit: Duration, mut wish: impl FnMut(&Self) -> bool) -> bool {
        waiting::until(self.0.changes.subscribe(), limit, || wish(self)).await
    }

    /// Writes something down.
    pub(crate) fn write(&self, write: impl FnOnce(&mut Record)) {
        write(&mut self.record());
        self.0.changes.send_modify(|count| *count += 1);
    }

    fn record(&self) -> MutexGuard<'_, Record> {
        self.0.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A test has few wishes at once.
const WISHES: usize = 64;
