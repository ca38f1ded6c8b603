//! The blast wall around a phone's leg: a panic in it ends that leg alone, and its call is told.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;

use crate::call::Event;
use crate::handoff::End;
use crate::id::LegId;
use crate::live::switchboard::LiveCall;

/// Runs a phone's leg. If it panics, its line is dropped and the call learns that this stream broke: the carrier asks
/// what comes next, and connects a prospect's again.
pub async fn around(live: &LiveCall, leg: LegId, running: impl Future<Output = ()>) {
    // Everything that a leg shares is whole after every step: atomics, channels, and a berth that is given back.
    if AssertUnwindSafe(running).catch_unwind().await.is_ok() {
        return;
    }
    tracing::error!(call.id = %live.id, %leg, "a phone's leg failed; its stream is dropped");
    metrics::counter!("baton_legs_failed_total").increment(1);
    let event = match leg {
        LegId::Rep(attempt) => Event::RepLeft { attempt, why: End::LeftAfter },
        LegId::Prospect | LegId::Assistant => Event::ProspectStreamBroke,
    };
    live.teller.tell(event).await;
}
