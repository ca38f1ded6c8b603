//! The carrier's books: its calls, the phones it can ring, what it asked, what it was asked, and what it noticed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::sim::carrier::call::{Call, Order, Origin};
use crate::sim::carrier::settings::{CarrierSettings, LineSettings};
use crate::sim::carrier::web::{Answer, NoAnswer, Question, Web};
use crate::sim::clock;
use crate::sim::dice::Dice;
use crate::sim::person::{Person, Phone};
use crate::sim::story::{Story, What};

/// A request that reached the REST API.
#[derive(Clone, Debug)]
pub struct RestRequest {
    /// When, since the world began.
    pub at: Duration,
    /// `GET` or `POST`.
    pub method: String,
    /// The path, without host and query.
    pub path: String,
    /// The form of a POST, the query of a GET, in the order they came.
    pub form: Vec<(String, String)>,
    /// How it was answered.
    pub status: u16,
}

/// One try of the carrier to ask a web server something.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// When it ended, since the world began.
    pub at: Duration,
    /// What was asked.
    pub url: String,
    /// With what.
    pub form: Vec<(String, String)>,
    /// The HTTP status, or the carrier's error number and text.
    pub answer: Result<u16, (u32, String)>,
}

/// An error or a warning as the carrier's debugger would show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// When, since the world began.
    pub at: Duration,
    /// The call it is about.
    pub call_sid: String,
    /// The carrier's number (PROTOCOLS.md §1.7, §4.6).
    pub code: u32,
    /// What it means.
    pub text: String,
}

/// Everything that the carrier knows, shared by its tasks.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) settings: CarrierSettings,
    pub(crate) web: Web,
    pub(crate) story: Story,
    pub(crate) calls_changed: watch::Sender<usize>,
    books: Mutex<Books>,
    tasks: Mutex<JoinSet<()>>,
}

#[derive(Debug)]
struct Books {
    line: LineSettings,
    phones: BTreeMap<String, Person>,
    engaged: BTreeSet<String>,
    calls: Vec<Arc<Call>>,
    requests: Vec<RestRequest>,
    webhooks: Vec<Webhook>,
    notices: Vec<Notice>,
    next_dial: Instant,
    dice: Dice,
}

impl Account {
    /// Opens the books.
    pub(crate) fn open(settings: CarrierSettings, story: Story) -> Self {
        let books = Books {
            line: settings.line.clone(),
            phones: BTreeMap::new(),
            engaged: BTreeSet::new(),
            calls: Vec::new(),
            requests: Vec::new(),
            webhooks: Vec::new(),
            notices: Vec::new(),
            next_dial: clock::now(),
            dice: Dice::new(settings.seed),
        };
        let web = Web::new(&settings.auth_token, settings.network.delay, settings.retry_pause);
        Self {
            settings,
            web,
            story,
            calls_changed: watch::channel(0).0,
            books: Mutex::new(books),
            tasks: Mutex::default(),
        }
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs this beside everything else, until the carrier is dropped.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(task);
    }

    /// Stops everything at once.
    pub(crate) fn close(&self) {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).abort_all();
    }

    /// Changes what our number is configured to do.
    pub(crate) fn set_line(&self, line: LineSettings) {
        self.books().line = line;
    }

    /// What our number is configured to do.
    pub(crate) fn line(&self) -> LineSettings {
        self.books().line.clone()
    }

    /// Makes a phone reachable.
    pub(crate) fn install(&self, phone: Phone) {
        self.books().phones.insert(phone.number, phone.person);
    }

    /// Who holds the phone of this number.
    pub(crate) fn person_at(&self, number: &str) -> Option<Person> {
        self.books().phones.get(number).cloned()
    }

    /// Takes a phone's line; false when somebody is on it already.
    pub(crate) fn engage(&self, number: &str) -> bool {
        self.books().engaged.insert(number.to_owned())
    }

    /// Gives a phone's line back.
    pub(crate) fn release(&self, number: &str) {
        self.books().engaged.remove(number);
    }

    /// Enters a new call.
    pub(crate) fn enter(&self, origin: Origin, person: Person) -> (Arc<Call>, mpsc::Receiver<Order>) {
        let sid = self.sid("CA");
        let (call, orders) = Call::new(sid, origin, person, self.dice());
        let call = Arc::new(call);
        let count = {
            let mut books = self.books();
            books.calls.push(Arc::clone(&call));
            books.calls.len()
        };
        self.calls_changed.send_replace(count);
        (call, orders)
    }

    /// All calls, in the order they began.
    pub(crate) fn calls(&self) -> Vec<Arc<Call>> {
        self.books().calls.clone()
    }

    /// The call of this name.
    pub(crate) fn call(&self, sid: &str) -> Option<Arc<Call>> {
        self.books().calls.iter().find(|call| call.sid == sid).cloned()
    }

    /// When the next call that was ordered by REST may start (§4.5: one a second by default, the rest queue).
    pub(crate) fn next_dial(&self) -> Instant {
        let pause = Duration::from_secs_f64(1.0 / self.settings.calls_per_second);
        let mut books = self.books();
        let at = books.next_dial.max(clock::now());
        books.next_dial = at + pause;
        at
    }

    /// Dice of its own for something.
    pub(crate) fn dice(&self) -> Dice {
        Dice::new(self.books().dice.roll())
    }

    /// A new name of this kind.
    pub(crate) fn sid(&self, kind: &str) -> String {
        self.books().dice.sid(kind)
    }

    /// Asks a web server, writes every try down, and notices failures.
    pub(crate) async fn ask(&self, call_sid: &str, question: &Question) -> Result<Answer, NoAnswer> {
        let path = url::Url::parse(&question.url).map_or_else(|_| question.url.clone(), |u| u.path().into());
        let write_down = |tried: &crate::sim::carrier::web::Tried| {
            let answer = match &tried.outcome {
                Ok(answer) => Ok(answer.status),
                Err(none) => Err((none.code, none.text.clone())),
            };
            let told = answer.as_ref().map_or_else(|(_, text)| text.clone(), ToString::to_string);
            self.story.tell("carrier", What::Asked(path.clone(), told));
            let at = self.story.elapsed();
            self.books().webhooks.push(Webhook {
                at,
                url: question.url.clone(),
                form: question.form.clone(),
                answer,
            });
        };
        let outcome = self.web.ask(question, write_down).await;
        if let Err(none) = &outcome {
            self.notice(call_sid, none.code, &format!("{}: {path}", none.text));
        }
        outcome
    }

    /// Writes an error or a warning on the debugger.
    pub(crate) fn notice(&self, call_sid: &str, code: u32, text: &str) {
        self.story.tell("carrier", What::Noticed(code, text.to_owned()));
        let at = self.story.elapsed();
        let notice = Notice { at, call_sid: call_sid.to_owned(), code, text: text.to_owned() };
        self.books().notices.push(notice);
    }

    /// Writes a REST request down.
    pub(crate) fn was_asked(&self, request: RestRequest) {
        self.story.tell("carrier", What::WasAsked(request.path.clone(), request.status));
        self.books().requests.push(request);
    }

    /// What was asked of the REST API so far.
    pub(crate) fn requests(&self) -> Vec<RestRequest> {
        self.books().requests.clone()
    }

    /// What the carrier asked so far.
    pub(crate) fn webhooks(&self) -> Vec<Webhook> {
        self.books().webhooks.clone()
    }

    /// What the debugger shows so far.
    pub(crate) fn notices(&self) -> Vec<Notice> {
        self.books().notices.clone()
    }
}
