//! Dialling a phone and letting it ring, until somebody picks up or it ends otherwise.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{sleep, sleep_until, timeout};

use crate::sim::carrier::account::Account;
use crate::sim::carrier::call::{Call, CallStatus, Order};
use crate::sim::carrier::progress::{Milestone, report};
use crate::sim::clock;
use crate::sim::handset::Did;
use crate::sim::person::Answers;
use crate::sim::story::What;

/// Dials; true when somebody picked up. Otherwise the call is over, with its status set.
pub(crate) async fn ring(
    account: &Arc<Account>,
    call: &Arc<Call>,
    orders: &mut mpsc::Receiver<Order>,
    patience: Duration,
) -> bool {
    call.set_status(CallStatus::Initiated, &account.story);
    report(account, call, Milestone::Initiated);
    let rung = tokio::select! {
        biased;
        () = called_off(orders) => Err(CallStatus::Canceled),
        rung = reach(account, call, patience) => rung,
    };
    match rung {
        Ok(()) => {
            pick_up(account, call);
            true
        }
        Err(status) => {
            over(account, call, status);
            false
        }
    }
}

async fn reach(account: &Arc<Account>, call: &Arc<Call>, patience: Duration) -> Result<(), CallStatus> {
    sleep(POST_DIAL).await;
    let person = account.person_at(call.person_number()).ok_or(CallStatus::Failed)?;
    if person.answers == Answers::Busy || !account.engage(call.person_number()) {
        return Err(CallStatus::Busy);
    }
    call.set_status(CallStatus::Ringing, &account.story);
    account.story.tell(&person.name, What::Rings);
    report(account, call, Milestone::Ringing);
    let answer = async {
        match person.answers {
            Answers::After(span) => {
                sleep(span).await;
                Ok(())
            }
            Answers::Declines(span) => {
                sleep(span).await;
                Err(CallStatus::Busy)
            }
            Answers::Never | Answers::Busy => std::future::pending().await,
        }
    };
    let answer = timeout(patience, answer).await.unwrap_or(Err(CallStatus::NoAnswer));
    if answer.is_err() {
        account.release(call.person_number());
    }
    answer
}

async fn called_off(orders: &mut mpsc::Receiver<Order>) {
    while let Some(order) = orders.recv().await {
        match order {
            Order::Cancel | Order::Complete | Order::PersonHungUp => return,
            // §4.6: 21220, only a live call can be redirected; REST has said so.
            Order::Replace(_) => {}
        }
    }
}

/// The person is on the line: the ear listens, the mouth speaks, every 20 ms.
pub(crate) fn pick_up(account: &Arc<Account>, call: &Arc<Call>) {
    call.line.picked_up(account.story.elapsed());
    call.set_status(CallStatus::InProgress, &account.story);
    account.story.tell(&call.person.name, What::Answered);
    report(account, call, Milestone::Answered);
    let (account, call) = (Arc::clone(account), Arc::clone(call));
    account.clone().spawn(async move { beats(&account, &call).await });
}

/// Ends the call's books.
pub(crate) fn over(account: &Arc<Account>, call: &Arc<Call>, status: CallStatus) {
    if call.status().is_over() {
        return;
    }
    if matches!(call.status(), CallStatus::Ringing | CallStatus::InProgress) {
        account.release(call.person_number());
    }
    call.set_status(status, &account.story);
    account.story.tell(&call.person.name, What::Over(status.as_str().to_owned()));
    report(account, call, Milestone::Completed);
}

/// Lets the line live: deadlines are absolute, so a late beat is made up for and the mean stays 20 ms.
async fn beats(account: &Account, call: &Call) {
    let start = clock::now();
    for beat in 1.. {
        sleep_until(start + BEAT * beat).await;
        if call.status().is_over() {
            return;
        }
        let did = call.line.beat(account.story.elapsed());
        if let Some(did) = did {
            let (what, hung_up) = match did {
                Did::Began(phrase) => (What::Said(phrase.name.to_string()), false),
                Did::Pressed(key) => (What::Pressed(key), false),
                Did::HungUp => (What::HungUp, true),
            };
            account.story.tell(&call.person.name, what);
            if hung_up {
                call.order(Order::PersonHungUp);
            }
        }
        call.changed();
    }
}

/// A frame.
const BEAT: Duration = Duration::from_millis(20);
/// From dialling to the first ring; real networks take a little longer still.
const POST_DIAL: Duration = Duration::from_millis(200);
