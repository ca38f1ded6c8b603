//! Coming to an end: running calls finish, and those that do not in time are told that Baton stops, which sends their
//! prospects to the fallback. Then the carriers are still answered what they ask about them.

use std::collections::HashSet;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::call::{Event, Next};
use crate::live::clock;
use crate::live::live_call::LiveCall;
use crate::live::switchboard::Switchboard;

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

/// Last words are said, and phones are hung up: the carrier has asked what comes next for each prospect, and said of each rep
/// that they are off the phone; or it says nothing.
async fn settle(switchboard: &Switchboard, since: Instant) {
    loop {
        let passed = clock::now().saturating_duration_since(since);
        let will_ask = |call: &LiveCall| call.next().is_some() || passed < COURTESY;
        let is_open = |call: &Arc<LiveCall>| {
            !call.has_ended() || (!call.is_answered() && will_ask(call)) || call.has_rep_on_the_phone()
        };
        let open = switchboard.calls_that(is_open).len();
        if open == 0 {
            return;
        }
        if passed >= SETTLED_WITHIN {
            tracing::warn!(
                "{} not settled: the carrier did not ask, or a rep's phone was not hung up",
                calls(open)
            );
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

/// A carrier may take ten seconds to answer an order to ring, and is then to be told to hang up again.
const SETTLED_WITHIN: Duration = Duration::from_secs(12);

#[cfg(test)]
mod tests {
    use std::future::pending;

    use tokio::time::timeout;

    use super::*;
    use crate::handoff::Phrase;
    use crate::id::{AttemptId, LegId};
    use crate::live::house_voice::HouseVoice;
    use crate::live::line::FromCarrier;
    use crate::live::paper_world::PaperWorld;
    use crate::live::switchboard::AfterStream;
    use crate::ports::Record;

    /// Frames that were on their way when it was looked.
    const A_LITTLE_AHEAD: usize = 10;

    const MINUTE: Duration = Duration::from_secs(60);

    /// The carrier asks what comes next, as it does when a stream was closed.
    async fn carrier_asks(world: &PaperWorld, live: &LiveCall) -> AfterStream {
        live.set_answered();
        world.switchboard.after_stream(live, LegId::Prospect).await
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_finishes_by_itself_is_waited_for() {
        let world = PaperWorld::new();
        let (live, prospect) = world.call(1).await;
        let draining = drain(&world.switchboard, 10 * MINUTE, pending());
        let mut draining = pin!(draining);
        assert!(timeout(MINUTE, &mut draining).await.is_err(), "it runs");
        assert!(!live.is_over());
        prospect.says(FromCarrier::Stopped).await;
        let began = clock::now();
        draining.await;
        assert!(began.elapsed() < COURTESY * 2, "{:?}", began.elapsed());
        assert_eq!(world.end_of(live.id).as_deref(), Some("prospect-left"));
    }

    #[tokio::test(start_paused = true)]
    async fn prospect_and_rep_who_talk_when_the_time_is_over_are_told_and_go_their_ways() {
        let world = PaperWorld::new();
        let (live, mut prospect, mut rep) = world.bridged(1).await;
        let mut watching = world.watch();
        let ends = async {
            watching.until(live.id, |entry| entry.event == Event::ShuttingDown).await;
            assert!(
                prospect.is_over(Duration::from_millis(100)).await,
                "the prospect is not kept for a word"
            );
            let (next, heard) = (carrier_asks(&world, &live).await, rep.seen.heard());
            assert!(rep.is_over(MINUTE).await);
            live.rep_hung_up(AttemptId(1));
            (next, heard)
        };
        let began = clock::now();
        let ((), (next, heard)) = tokio::join!(drain(&world.switchboard, MINUTE, pending()), ends);
        assert_eq!(next, AfterStream::Next(Next::Fallback));
        assert!(began.elapsed() >= MINUTE && began.elapsed() < MINUTE + SETTLED_WITHIN);
        assert_eq!(world.end_of(live.id).as_deref(), Some("shut-down"));
        let written = world.world.written.lock().unwrap();
        let outcomes: Vec<_> = written
            .iter()
            .filter_map(|record| match record {
                Record::HandoffOver { outcome, rep, .. } => Some((outcome.as_str(), rep.is_some())),
                _other => None,
            })
            .collect();
        assert_eq!(outcomes, [("cut-short", true)]);
        let words = HouseVoice::built_in().phrase(Phrase::Withdrawn).frames();
        assert!(rep.seen.heard() + A_LITTLE_AHEAD >= heard + words, "the rep hears why");
    }

    #[tokio::test(start_paused = true)]
    async fn told_again_baton_waits_for_nothing_but_for_the_carrier_to_ask() {
        let world = PaperWorld::new();
        let (live, mut prospect) = world.call(1).await;
        let began = clock::now();
        drain(&world.switchboard, 10 * MINUTE, sleep(Duration::from_secs(5))).await;
        let took = began.elapsed();
        assert!(
            took >= Duration::from_secs(5) + SETTLED_WITHIN,
            "nobody asked, and it was waited for: {took:?}"
        );
        assert!(took < Duration::from_secs(6) + SETTLED_WITHIN, "and not for ever: {took:?}");
        assert!(prospect.is_over(Duration::ZERO).await);
        assert_eq!(carrier_asks(&world, &live).await, AfterStream::Next(Next::Fallback));
    }

    #[tokio::test(start_paused = true)]
    async fn without_calls_nothing_is_waited_for() {
        let world = PaperWorld::new();
        let began = clock::now();
        drain(&world.switchboard, MINUTE, pending()).await;
        assert_eq!(began.elapsed(), Duration::ZERO);
    }
}
