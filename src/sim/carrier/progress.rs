//! Telling a status URL how a call goes: late, out of order and twice, as asked (PROTOCOLS.md §5.1).

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::sync::{Mutex, mpsc};

use crate::sim::carrier::account::Account;
use crate::sim::carrier::call::{Call, CallStatus, Direction};
use crate::sim::carrier::twiml::Target;
use crate::sim::carrier::web::Question;
use crate::sim::clock;

/// Who is told what about a call.
#[derive(Debug)]
pub(crate) struct Progress {
    target: Target,
    events: Vec<Milestone>,
    next: AtomicU32,
    in_order: mpsc::Sender<Question>,
    waiting: Mutex<Option<mpsc::Receiver<Question>>>,
}

/// What can be subscribed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Milestone {
    Initiated,
    Ringing,
    Answered,
    Completed,
}

impl Milestone {
    /// Reads the word of `StatusCallbackEvent`.
    pub(crate) fn read(word: &str) -> Option<Self> {
        match word {
            "initiated" => Some(Self::Initiated),
            "ringing" => Some(Self::Ringing),
            "answered" => Some(Self::Answered),
            "completed" => Some(Self::Completed),
            _ => None,
        }
    }
}

impl Progress {
    /// Tells this target about these milestones.
    pub(crate) fn new(target: Target, events: Vec<Milestone>) -> Self {
        let (in_order, waiting) = mpsc::channel(MILESTONES);
        Self { target, events, next: AtomicU32::new(0), in_order, waiting: Mutex::new(Some(waiting)) }
    }
}

/// Reports a milestone of this call, if anybody wants to know; does not wait for the answer.
pub(crate) fn report(account: &Arc<Account>, call: &Arc<Call>, milestone: Milestone) {
    let Some(progress) = call.progress.as_ref().filter(|progress| progress.events.contains(&milestone))
    else {
        return;
    };
    let question = question(account, call, progress);
    let mut dice = account.dice();
    let ordered = call.callbacks();
    let times = if dice.happens(account.settings.callbacks_doubled) { 2 } else { 1 }.max(ordered.times);
    for _ in 0..times {
        if account.settings.callbacks_shuffled {
            // §5.1: separate requests, order not guaranteed.
            let late = ordered.later + dice.span(&account.settings.callback_delay);
            let (account, sid, question) = (Arc::clone(account), call.sid.clone(), question.clone());
            account.clone().spawn(async move {
                tokio::time::sleep(late).await;
                tell(&account, &sid, &question).await;
            });
        } else {
            // The queue is as long as there are milestones, twice each.
            let _ = progress.in_order.try_send(question.clone());
        }
    }
    let (account, call) = (Arc::clone(account), Arc::clone(call));
    account.clone().spawn(async move { deliver(&account, &call).await });
}

/// Delivers what waits, one after the other; the first who comes delivers for all.
async fn deliver(account: &Arc<Account>, call: &Arc<Call>) {
    let Some(progress) = &call.progress else { return };
    let mut waiting = progress.waiting.lock().await;
    let Some(queue) = waiting.as_mut() else { return };
    while let Ok(question) = queue.try_recv() {
        let late = call.callbacks().later + account.dice().span(&account.settings.callback_delay);
        tokio::time::sleep(late).await;
        tell(account, &call.sid, &question).await;
    }
}

async fn tell(account: &Arc<Account>, sid: &str, question: &Question) {
    if account.ask(sid, question).await.is_err() {
        // §4.6: 15003 is only a warning; the call does not care.
        account.notice(sid, 15_003, "status callback was not taken");
    }
}

fn question(account: &Arc<Account>, call: &Arc<Call>, progress: &Progress) -> Question {
    let mut form = call.form(&account.settings.account_sid);
    let mut add = |name: &str, value: String| form.push((name.to_owned(), value));
    add("Timestamp", timestamp());
    add("CallbackSource", "call-progress-events".to_owned());
    add("SequenceNumber", progress.next.fetch_add(1, Ordering::Relaxed).to_string());
    let status = call.status();
    if status.is_over() {
        let times = call.times();
        let seconds = match (times.answered, times.over) {
            (Some(from), Some(until)) => until.saturating_sub(from).as_secs_f64().ceil() as u64,
            _ => 0,
        };
        add("CallDuration", seconds.to_string());
        // §5.1: minutes, rounded up.
        add("Duration", seconds.div_ceil(60).to_string());
        if call.direction == Direction::OutboundApi {
            add("SipResponseCode", sip_code(status).to_string());
        }
    }
    Question {
        url: progress.target.url.clone(),
        get: progress.target.get,
        form,
        idempotency_token: account.sid("IT"),
    }
}

fn sip_code(status: CallStatus) -> u16 {
    match status {
        CallStatus::Busy => 486,
        CallStatus::NoAnswer | CallStatus::Canceled => 487,
        CallStatus::Failed => 404,
        CallStatus::Queued
        | CallStatus::Initiated
        | CallStatus::Ringing
        | CallStatus::InProgress
        | CallStatus::Completed => 200,
    }
}

/// Now, as RFC 2822 writes it: `Mon, 05 Oct 2026 17:04:05 +0000` (§5.1).
fn timestamp() -> String {
    clock::wall().strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()
}

/// Four milestones, each perhaps doubled.
const MILESTONES: usize = 8;
