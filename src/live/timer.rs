//! A timer that is moved rarely: one that fires too early costs less than one that is moved for every frame.

use std::pin::Pin;

use tokio::time::{Instant, Sleep};

/// One timer of a leg.
#[derive(Debug)]
pub struct Timer(Pin<Box<Sleep>>);

impl Timer {
    /// A timer that is due then.
    pub fn new(due: Instant) -> Self {
        Self(Box::pin(tokio::time::sleep_until(due)))
    }

    /// Fires at `due` or earlier; who is woken looks at the clock and aims again.
    pub async fn wait(&mut self, due: Instant) {
        if self.0.is_elapsed() || due < self.0.deadline() {
            self.0.as_mut().reset(due);
        }
        self.0.as_mut().await;
    }
}
