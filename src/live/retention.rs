//! Words, facts and moods of calls are kept for as long as the settings say, and then taken out of their timelines.

use std::sync::Arc;
use std::time::Duration;

use crate::id::CallId;
use crate::live::clock;
use crate::ports::{Fault, Forgets};
use crate::time::Timestamp;

/// Forgets what is older than this, at once and from then on again and again; never returns.
pub async fn forget_in_time(record: Arc<dyn Forgets>, keep: Duration) {
    loop {
        match sweep(&*record, keep).await {
            Ok(0) => {}
            Ok(calls) => tracing::info!(calls, "what was said in old calls was taken out of the record"),
            Err(fault) => tracing::warn!(%fault, "what was said in old calls could not be taken out yet"),
        }
        tokio::time::sleep(keep.clamp(OFTEN, SELDOM)).await;
    }
}

/// Takes out what is older than this; of how many calls.
async fn sweep(record: &dyn Forgets, keep: Duration) -> Result<u64, Fault> {
    let keep = i64::try_from(keep.max(SETTLED).as_millis()).unwrap_or(i64::MAX);
    let before = Timestamp(clock::wall().0.saturating_sub(keep));
    let mut done = 0;
    let mut last = None;
    loop {
        let calls = record.wordy(before, CALLS).await?;
        // One that is still listed although it was done would be listed for ever.
        if calls.is_empty() || calls.last() == last.as_ref() {
            return Ok(done);
        }
        last = calls.last().copied();
        for call in calls {
            take_out(record, call).await?;
            metrics::counter!("baton_calls_forgotten_total").increment(1);
            done += 1;
        }
    }
}

/// Takes the words out of one call, bite by bite; out of how many entries.
pub async fn take_out(record: &dyn Forgets, call: CallId) -> Result<u64, Fault> {
    let (mut from, mut entries) = (0, 0);
    loop {
        let bite = record.take_words(call, from).await?;
        entries += u64::from(bite.changed);
        let Some(next) = bite.next else { return Ok(entries) };
        from = next;
        tokio::time::sleep(BETWEEN_BITES).await;
    }
}

/// Nobody's right to be forgotten hangs on the hour.
const SELDOM: Duration = Duration::from_secs(60 * 60);

/// Where nothing is kept beyond the end of its call.
const OFTEN: Duration = Duration::from_secs(60);

/// The last entries of a call that just ended may still be on their way to the store.
const SETTLED: Duration = Duration::from_secs(60);

/// Calls that are asked for at a time.
const CALLS: u32 = 100;

/// Meanwhile others write: running calls come first.
const BETWEEN_BITES: Duration = Duration::from_millis(20);

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use futures_util::future::BoxFuture;

    use super::*;
    use crate::phone_number::PhoneNumber;
    use crate::ports::{Bite, CallOfNumber};

    /// A record of calls with so many entries each; what it is asked to do is noted.
    #[derive(Default)]
    struct Paper {
        left: Mutex<Vec<(CallId, u64)>>,
        asked: Mutex<Vec<(CallId, u64)>>,
    }

    impl Forgets for Paper {
        fn wordy(&self, before: Timestamp, limit: u32) -> BoxFuture<'_, Result<Vec<CallId>, Fault>> {
            assert!(before.0 <= clock::wall().0 - 60_000, "a call that just ended has time to settle");
            let left = self.left.lock().unwrap();
            let calls = left.iter().take(limit as usize).map(|(call, _)| *call).collect();
            Box::pin(async move { Ok(calls) })
        }

        fn take_words(&self, call: CallId, from: u64) -> BoxFuture<'_, Result<Bite, Fault>> {
            self.asked.lock().unwrap().push((call, from));
            let mut left = self.left.lock().unwrap();
            let entries = left.iter().find(|(known, _)| *known == call).map_or(0, |(_, entries)| *entries);
            let next = Some(from + 100).filter(|next| *next < entries);
            if next.is_none() {
                left.retain(|(known, _)| *known != call);
            }
            Box::pin(async move { Ok(Bite { changed: 1, next }) })
        }

        fn calls_of(&self, _: &PhoneNumber) -> BoxFuture<'_, Result<Vec<CallOfNumber>, Fault>> {
            Box::pin(async { Ok(Vec::new()) })
        }

        fn strike_out(&self, _: &PhoneNumber, _: &str) -> BoxFuture<'_, Result<u64, Fault>> {
            Box::pin(async { Ok(0) })
        }
    }

    #[tokio::test(start_paused = true)]
    async fn old_calls_are_taken_bite_by_bite_at_once_and_later_ones_within_the_hour() {
        let (one, two) = (CallId::from_bits(1), CallId::from_bits(2));
        let paper = Arc::new(Paper::default());
        paper.left.lock().unwrap().push((one, 250));
        let forgetting = tokio::spawn(forget_in_time(paper.clone(), Duration::from_secs(90 * 86_400)));
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(*paper.asked.lock().unwrap(), [(one, 0), (one, 100), (one, 200)]);
        paper.left.lock().unwrap().push((two, 1));
        tokio::time::sleep(Duration::from_secs(3_600)).await;
        assert_eq!(paper.asked.lock().unwrap().last(), Some(&(two, 0)));
        forgetting.abort();
    }

    #[tokio::test(start_paused = true)]
    async fn words_that_are_not_kept_at_all_go_within_minutes_of_the_end_of_their_call() {
        let paper = Arc::new(Paper::default());
        let forgetting = tokio::spawn(forget_in_time(paper.clone(), Duration::ZERO));
        tokio::time::sleep(Duration::from_secs(1)).await;
        paper.left.lock().unwrap().push((CallId::from_bits(3), 1));
        tokio::time::sleep(Duration::from_secs(61)).await;
        assert_eq!(paper.asked.lock().unwrap().len(), 1);
        forgetting.abort();
    }
}
