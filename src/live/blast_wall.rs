//! The blast wall around a phone's leg: a panic in it ends that leg alone, and its call is told.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;

use crate::call::Event;
use crate::id::LegId;
use crate::live::live_call::LiveCall;
use crate::live::seat::SeatNumber;

/// Runs a phone's leg. If it panics, its line is dropped and the call learns that this stream broke: the carrier asks
/// what comes next, and connects them again.
pub async fn around(live: &LiveCall, leg: LegId, number: SeatNumber, running: impl Future<Output = ()>) {
    // Everything that a leg shares is whole after every step: atomics, channels, and a berth that is given back.
    if AssertUnwindSafe(running).catch_unwind().await.is_ok() {
        return;
    }
    tracing::error!(call.id = %live.id, %leg, "a phone's leg failed; its stream is dropped");
    metrics::counter!("baton_legs_failed_total").increment(1);
    let event = match leg {
        LegId::Rep(attempt) => Event::RepStreamBroke(attempt),
        LegId::Prospect | LegId::Assistant => Event::ProspectStreamBroke,
    };
    live.teller.leave(event, leg, number).await;
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;
    use std::time::Duration;

    use tokio::time::sleep;

    use super::*;
    use crate::call::{AssistantFault, Effect, Entry, Next};
    use crate::handoff::Phrase;
    use crate::id::AttemptId;
    use crate::live::paper_world::{PaperWorld, REP};
    use crate::live::switchboard::AfterStream;

    const SOON: Duration = Duration::from_secs(1);

    fn broke(entry: &Entry) -> bool {
        entry.event == Event::ProspectStreamBroke
    }

    #[tokio::test(start_paused = true)]
    async fn promise_7_prospect_whose_call_fails_goes_to_the_fallback_and_its_rep_is_let_go_and_another_talks_on()
     {
        let world = PaperWorld::new();
        let (good, other, _their_rep) = world.bridged(1).await;
        let (bad, mut prospect) = world.call(2).await;
        let mut rep = world.rep_is_asked(&bad).await;
        let named = bad.carrier_call(REP).unwrap();
        world.world.claims_fail.store(true, Ordering::Relaxed);
        rep.says(crate::live::line::FromCarrier::Key('1')).await;
        assert!(prospect.is_over(SOON).await && rep.is_over(SOON).await, "both lines are closed");
        let after = world.switchboard.after_stream(&bad, LegId::Prospect).await;
        assert_eq!(after, AfterStream::Next(Next::Fallback));
        sleep(SOON).await;
        assert_eq!(*world.world.hung_up.lock().unwrap(), [named]);
        assert_eq!(*world.world.released.lock().unwrap(), [(bad.id, AttemptId(1))]);
        assert_eq!(world.end_of(bad.id).as_deref(), Some("failed"));
        assert_eq!(world.outcomes_of(bad.id), ["cut-short"], "promise 4");
        assert!(!good.is_over() && other.seen.longest_unheeded() < Duration::from_millis(50));
        let heard = other.seen.heard();
        sleep(SOON).await;
        assert!(other.seen.heard() > heard + 45, "the other prospect hears their rep");
    }

    #[tokio::test(start_paused = true)]
    async fn promise_7_prospect_whose_leg_fails_is_connected_again_and_nobody_else_notices() {
        let world = PaperWorld::new();
        let (live, mut prospect, mut rep) = world.bridged(1).await;
        let (_other, neighbour) = world.call(2).await;
        let mut watching = world.watch();
        prospect.fails().await;
        watching.until(live.id, broke).await;
        assert!(prospect.is_over(SOON).await);
        let AfterStream::Connect(ticket, _) = world.switchboard.after_stream(&live, LegId::Prospect).await
        else {
            panic!("the carrier is to connect them again");
        };
        let (again, leg) = world.switchboard.use_ticket(&ticket).unwrap();
        let back = world.phone(&again, leg).await.unwrap();
        sleep(SOON).await;
        assert!(back.seen.heard() > 40, "{} frames: they hear their rep again", back.seen.heard());
        assert!(rep.seen.longest_unheeded() < Duration::from_millis(50));
        assert!(neighbour.seen.longest_unheeded() < Duration::from_millis(50));
        assert!(!rep.is_over(SOON).await, "the rep is still there");
    }

    #[tokio::test(start_paused = true)]
    async fn promise_7_prospect_whose_assistant_s_leg_fails_hears_hold_until_it_is_dialled_again() {
        let world = PaperWorld::new();
        let mut watching = world.watch();
        let (other, neighbour) = world.call(1).await;
        watching.until(other.id, |entry| entry.event == Event::AssistantConnected).await;
        world.world.assistant_fails.store(true, Ordering::Relaxed);
        let (live, prospect) = world.call(2).await;
        let broke = Event::AssistantBroke(AssistantFault::BrokeOff);
        watching.until(live.id, |entry| entry.event == broke).await;
        let again = Effect::DialAssistant { time: 2 };
        watching.until(live.id, |entry| entry.effects.contains(&again)).await;
        watching.until(live.id, |entry| entry.event == Event::AssistantConnected).await;
        for phone in [&prospect, &neighbour] {
            assert!(phone.seen.longest_unheeded() < Duration::from_millis(50));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn promise_7_prospect_whose_leg_fails_each_time_goes_to_the_fallback() {
        let world = PaperWorld::new();
        let (live, mut phone) = world.call(1).await;
        for _ in 0..10 {
            phone.fails().await;
            assert!(phone.is_over(SOON).await);
            match world.switchboard.after_stream(&live, LegId::Prospect).await {
                AfterStream::Connect(..) => phone = world.phone(&live, LegId::Prospect).await.unwrap(),
                AfterStream::Next(next) => {
                    assert_eq!(next, Next::Fallback);
                    return;
                }
                AfterStream::HangUp => panic!("nobody hangs up on them"),
            }
        }
        panic!("they are connected to what fails again and again");
    }

    #[tokio::test(start_paused = true)]
    async fn promise_7_prospect_hears_honest_words_when_the_leg_of_their_rep_fails_and_nobody_comes_back() {
        let world = PaperWorld::new();
        let (live, prospect, rep) = world.bridged(1).await;
        let mut watching = world.watch();
        rep.fails().await;
        let moment = Effect::Say { leg: LegId::Prospect, phrase: Phrase::OneMoment };
        watching.until(live.id, |entry| entry.effects.contains(&moment)).await;
        let told = Event::Played { leg: LegId::Prospect, phrase: Phrase::RepLeft };
        watching.until(live.id, |entry| entry.event == told).await;
        assert_eq!(*world.world.released.lock().unwrap(), [(live.id, AttemptId(1))]);
        assert!(prospect.seen.longest_unheeded() < Duration::from_millis(50));
    }

    #[tokio::test(start_paused = true)]
    async fn promise_7_rep_is_served_while_their_prospect_reads_nothing_whose_line_then_breaks() {
        let world = PaperWorld::new();
        let (live, mut prospect, rep) = world.bridged(1).await;
        let (_other, neighbour) = world.call(2).await;
        let mut watching = world.watch();
        for phone in [&prospect, &rep, &neighbour] {
            phone.seen.longest_unheeded();
        }
        prospect.reads_nothing();
        watching.until(live.id, broke).await;
        assert!(prospect.is_over(SOON).await, "who does not read is not kept");
        for (who, phone) in [("rep", &rep), ("neighbour", &neighbour)] {
            let unheeded = phone.seen.longest_unheeded();
            assert!(unheeded < Duration::from_millis(50), "{who}: {unheeded:?}");
        }
        let heard = rep.seen.heard();
        sleep(SOON * 2).await;
        assert!(rep.seen.heard() > heard + 40, "the rep hears hold meanwhile");
        assert!(live.teller.tell(Event::Ticked).await, "the call goes on");
    }
}
