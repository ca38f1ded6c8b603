//! Waiting for something to become true in the simulated world, without asking all the time.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout_at;

use crate::sim::clock;

/// Waits until this is true, looking whenever something changed; false when the limit came first.
pub(crate) async fn until(
    mut changes: watch::Receiver<u64>,
    limit: Duration,
    mut wish: impl FnMut() -> bool,
) -> bool {
    let deadline = clock::now() + limit;
    loop {
        changes.borrow_and_update();
        if wish() {
            return true;
        }
        match timeout_at(deadline, changes.changed()).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) | Err(_) => return wish(),
        }
    }
}
