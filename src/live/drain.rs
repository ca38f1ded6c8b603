//! Coming to an end: running calls finish, and those that do not in time are told that Baton stops, which sends their
//! prospects to the fallback. Then the carriers are still answered what they ask about them.

use std::collections::HashSet;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::call::{Event, Next};
use crate::live::clock;
use crate::live::switchboard::{LiveCall, Switchboard};

/// Waits until no call runs: by themselves, within this limit, or until `now` comes; then they are ended. New ones are
/// no longer let in by whoever calls this.
pub async fn drain(switchboard: &Switchboard, limit: Duration, now: impl Future<Output = ()>) {
    let began = clock::now();
    let mut say = began;
    let mut now = pin!(now);
    loop {
        let running = switchboard.calls_that(|call| !call.is_over()).len();
        if running == 0 {
            break;
        }
        let passed = clock::now().saturating_duration_since(began);
        if passed >= limit {
            tracing::warn!("draining took {}: {} to the fallback", spoken(limit), calls(running));
            end_all(switchboard).await;
            break;
        }
        if clock::now() >= say {
            say += SAY_EVERY;
            let left = spoken(limit.saturating_sub(passed));
            tracing::info!("draining: {} for at most {left}; again to end now", calls(running));
        }
        tokio::select! {
            () = &mut now => {
                tracing::warn!("told again: {} to the fallback", calls(running));
                end_all(switchboard).await;
                break;
            }
            () = sleep(LOOK) => {}
        }
    }
    settle(switchboard, clock::now()).await;
}

/// Tells every call that Baton stops, each once.
async fn end_all(switchboard: &Switchboard) {
    let until = clock::now() + TOLD_WITHIN;
    let mut told = HashSet::new();
    loop {
        let running = switchboard.calls_that(|call| !call.is_over());
        if running.is_empty() {
            return;
        }
        if clock::now() >= until {
            for call in running {
                tracing::error!(call.id = %call.id, "a call does not take the word that Baton stops; its task hangs");
                call.set_next(Next::Fallback);
                call.set_over();
            }
            return;
        }
        for call in running {
            if !told.contains(&call.id) && call.teller.tell_at_once(Event::ShuttingDown) {
                told.insert(call.id);
            }
        }
        sleep(LOOK).await;
    }
}

/// Last words are said, phones are hung up, and the carrier has asked what comes next for each prospect; or nobody asks.
async fn settle(switchboard: &Switchboard, since: Instant) {
    loop {
        let passed = clock::now().saturating_duration_since(since);
        let will_ask = |call: &LiveCall| call.next().is_some() || passed < COURTESY;
        let is_open = |call: &Arc<LiveCall>| !call.has_ended() || (!call.is_answered() && will_ask(call));
        let open = switchboard.calls_that(is_open).len();
        if open == 0 {
            return;
        }
        if passed >= SETTLED_WITHIN {
            tracing::warn!("{} not settled: the carrier did not ask, or a rep's phone was not hung up", calls(open));
            return;
        }
        sleep(LOOK).await;
    }
}

fn calls(number: usize) -> String {
    if number == 1 { "1 call".to_owned() } else { format!("{number} calls") }
}

fn spoken(span: Duration) -> String {
    match span.as_secs() {
        seconds if seconds >= 120 => format!("{} min", seconds / 60),
        seconds => format!("{seconds} s"),
    }
}

/// How often it is looked whether calls are over.
const LOOK: Duration = Duration::from_millis(50);

/// How often an operator who waits is told for what.
const SAY_EVERY: Duration = Duration::from_secs(10);

/// A call takes an event within milliseconds; one that has not by then never will.
const TOLD_WITHIN: Duration = Duration::from_secs(3);

/// Carriers may ask about a call whose prospect hung up, and need no answer.
const COURTESY: Duration = Duration::from_secs(1);

/// The longest last words and the carrier's round trip after them, with one retry.
const SETTLED_WITHIN: Duration = Duration::from_secs(8);
