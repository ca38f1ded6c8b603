//! What may be said again only after a while: who floods us must not flood the log as well.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::live::clock;

/// When something was said last.
#[derive(Debug, Default)]
pub struct Seldom(Mutex<Option<Instant>>);

impl Seldom {
    /// Whether it may be said now; then it was.
    pub fn may(&self) -> bool {
        let now = clock::now();
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let may = said.is_none_or(|at| now.saturating_duration_since(at) >= QUIET);
        if may {
            *said = Some(now);
        }
        may
    }
}

/// How often it is said: counters tell how often it happened.
const QUIET: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_first_time_and_then_once_a_minute() {
        let seldom = Seldom::default();
        assert!(seldom.may() && !seldom.may());
        tokio::time::advance(QUIET).await;
        assert!(seldom.may() && !seldom.may());
    }
}
