//! One call as the carrier sees it: who, which way, its status, its line, and what it was ordered to do.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use crate::sim::carrier::line::Line;
use crate::sim::carrier::progress::Progress;
use crate::sim::carrier::stream::MediaEnd;
use crate::sim::carrier::twiml::Target;
use crate::sim::dice::Dice;
use crate::sim::handset::Handset;
use crate::sim::person::Person;
use crate::sim::story::Story;

/// How far a call is (PROTOCOLS.md §4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CallStatus {
    /// Waits for the calls-per-second limit.
    Queued,
    /// Is being dialled.
    Initiated,
    /// Rings.
    Ringing,
    /// Somebody, or something, picked up.
    InProgress,
    /// Ended after it was answered.
    Completed,
    /// The other side is on the phone, or declined.
    Busy,
    /// Nobody picked up.
    NoAnswer,
    /// Could not be dialled.
    Failed,
    /// Ended by us before it was answered.
    Canceled,
}

impl CallStatus {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Initiated => "initiated",
            Self::Ringing => "ringing",
            Self::InProgress => "in-progress",
            Self::Completed => "completed",
            Self::Busy => "busy",
            Self::NoAnswer => "no-answer",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
        }
    }

    /// Whether nothing can follow.
    pub fn is_over(self) -> bool {
        self >= Self::Completed
    }
}

/// Which way a call goes (PROTOCOLS.md §5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The person dialled our number.
    Inbound,
    /// We dialled the person by REST.
    OutboundApi,
    /// A `<Dial>` reached the person.
    OutboundDial,
}

impl Direction {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::OutboundApi => "outbound-api",
            Self::OutboundDial => "outbound-dial",
        }
    }
}

/// Where a call comes from.
#[derive(Debug)]
pub(crate) struct Origin {
    pub(crate) direction: Direction,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) parent: Option<String>,
    pub(crate) progress: Option<Progress>,
    pub(crate) fallback: Option<Target>,
}

/// What somebody wants of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Its person put the receiver down.
    PersonHungUp,
    /// REST: `Status=completed`.
    Complete,
    /// REST: `Status=canceled`.
    Cancel,
    /// REST: a new document.
    Replace(Source),
}

/// Where a document comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// From a web server, told these things besides the usual.
    Web(Target, Vec<(String, String)>),
    /// It came with a REST request.
    Inline(String),
}

/// One call.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) sid: String,
    pub(crate) direction: Direction,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) parent: Option<String>,
    pub(crate) progress: Option<Progress>,
    pub(crate) person: Person,
    pub(crate) line: Line,
    orders: mpsc::Sender<Order>,
    status: watch::Sender<CallStatus>,
    changes: watch::Sender<u64>,
    streams: Mutex<Vec<Arc<MediaEnd>>>,
    times: Mutex<Times>,
    taken: Mutex<bool>,
    fallback: Mutex<Option<Target>>,
    callbacks: Mutex<Callbacks>,
    transcriptions: Mutex<BTreeSet<String>>,
}

/// How the callbacks about a call come, besides what the carrier's settings do to all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Callbacks {
    /// So much later.
    pub(crate) later: Duration,
    /// So often, at least.
    pub(crate) times: u32,
}

/// When a call was answered and when it ended, since the world began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Times {
    pub(crate) answered: Option<Duration>,
    pub(crate) over: Option<Duration>,
}

impl Call {
    /// A call that nobody has answered, and where its orders arrive.
    pub(crate) fn new(
        sid: String,
        origin: Origin,
        person: Person,
        noise: Dice,
    ) -> (Self, mpsc::Receiver<Order>) {
        let (orders, received) = mpsc::channel(ORDERS);
        let call = Self {
            sid,
            direction: origin.direction,
            from: origin.from,
            to: origin.to,
            parent: origin.parent,
            progress: origin.progress,
            line: Line::new(Handset::new(person.steps.clone(), noise)),
            person,
            orders,
            status: watch::channel(CallStatus::Queued).0,
            changes: watch::channel(0).0,
            streams: Mutex::default(),
            times: Mutex::default(),
            taken: Mutex::default(),
            fallback: Mutex::new(origin.fallback),
            callbacks: Mutex::new(Callbacks { later: Duration::ZERO, times: 1 }),
            transcriptions: Mutex::default(),
        };
        (call, received)
    }

    /// Moves on.
    pub(crate) fn set_status(&self, status: CallStatus, story: &Story) {
        let now = story.elapsed();
        let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        if status == CallStatus::InProgress {
            times.answered = Some(now);
        } else if status.is_over() {
            times.over = Some(now);
        }
        drop(times);
        self.status.send_replace(status);
        self.changed();
    }

    /// Orders something; an order nobody can take any more is forgotten.
    pub(crate) fn order(&self, order: Order) {
        let _ = self.orders.try_send(order);
    }

    /// Tells whoever waits for something in this call to look again.
    pub(crate) fn changed(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    /// Remembers a stream of this call.
    pub(crate) fn attach(&self, ends: Arc<MediaEnd>) {
        self.streams().push(ends);
        self.changed();
    }

    /// Whether a test has claimed this call already; claims it.
    pub(crate) fn take(&self) -> bool {
        !std::mem::replace(&mut *self.taken.lock().unwrap_or_else(PoisonError::into_inner), true)
    }

    /// A transcription of this name begins; false when one runs already.
    pub(crate) fn transcribes_as(&self, name: &str) -> bool {
        self.transcriptions.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned())
    }

    /// Where the carrier asks when the call's documents fail.
    pub(crate) fn fallback(&self) -> Option<Target> {
        self.fallback.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes that (§4.2).
    pub(crate) fn fall_back_to(&self, target: Target) {
        *self.fallback.lock().unwrap_or_else(PoisonError::into_inner) = Some(target);
    }

    /// How the callbacks about it come.
    pub(crate) fn callbacks(&self) -> Callbacks {
        *self.callbacks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes that, from the next one on.
    pub(crate) fn callbacks_come(&self, callbacks: Callbacks) {
        *self.callbacks.lock().unwrap_or_else(PoisonError::into_inner) = callbacks;
    }

    /// All its streams so far.
    pub(crate) fn streams(&self) -> MutexGuard<'_, Vec<Arc<MediaEnd>>> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How far it is.
    pub(crate) fn status(&self) -> CallStatus {
        *self.status.borrow()
    }

    /// Counts up whenever something in this call changed.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// When it was answered and ended.
    pub(crate) fn times(&self) -> Times {
        *self.times.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of the person, whichever way the call goes.
    pub(crate) fn person_number(&self) -> &str {
        match self.direction {
            Direction::Inbound => &self.from,
            Direction::OutboundApi | Direction::OutboundDial => &self.to,
        }
    }

    /// What every webhook about this call says (PROTOCOLS.md §5.1).
    pub(crate) fn form(&self, account_sid: &str) -> Vec<(String, String)> {
        let mut form = vec![
            ("CallSid", self.sid.as_str()),
            ("AccountSid", account_sid),
            ("From", &self.from),
            ("To", &self.to),
            ("Caller", &self.from),
            ("Called", &self.to),
            ("Direction", self.direction.as_str()),
            ("ApiVersion", "2010-04-01"),
            ("CallStatus", self.status().as_str()),
            // §2 step 2 and §5.1: there is always more than one knows, and some of it is empty.
            ("FromCountry", "US"),
            ("ToCountry", "US"),
            ("FromCity", ""),
            ("CallerName", "Ünknown & Söhne"),
        ];
        if let Some(parent) = &self.parent {
            form.push(("ParentCallSid", parent));
        }
        form.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }
}

/// Nobody has more than a few wishes at once.
const ORDERS: usize = 16;
