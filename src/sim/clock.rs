//! The simulated world's clocks: it plays the world, so it is allowed to ask what time it is.

use tokio::time::Instant;

/// Now, for deadlines and for measuring.
#[expect(clippy::disallowed_methods, reason = "the simulated world keeps its own time, as the real one does")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Now on the wall, for the `Timestamp` of a callback.
#[expect(clippy::disallowed_methods, reason = "the simulated world keeps its own time, as the real one does")]
pub(crate) fn wall() -> jiff::Timestamp {
    jiff::Timestamp::now()
}
