//! The only place that asks what time it is.

use std::time::Duration;

use tokio::time::Instant;

use crate::time::{CallTime, Timestamp};

/// Now, on the clock that timers use (which tests may pause).
#[expect(clippy::disallowed_methods, reason = "the one place that asks")]
pub fn now() -> Instant {
    Instant::now()
}

/// Now, on the wall.
#[expect(clippy::disallowed_methods, reason = "the one place that asks")]
pub fn wall() -> Timestamp {
    let since_1970 = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX))
}

/// The clock of one call.
#[derive(Clone, Copy, Debug)]
pub struct CallClock {
    running_since: Instant,
    before: Duration,
}

impl CallClock {
    /// A call begins now.
    pub fn start() -> Self {
        Self::resume(Duration::ZERO)
    }

    /// A call goes on that has lasted so long already, in another process.
    pub fn resume(lasted: Duration) -> Self {
        Self { running_since: now(), before: lasted }
    }

    /// The time in the call.
    pub fn now(&self) -> CallTime {
        self.at(now())
    }

    /// The time in the call at that moment.
    pub fn at(&self, moment: Instant) -> CallTime {
        CallTime::ZERO + self.before + moment.saturating_duration_since(self.running_since)
    }

    /// The time in the call when it was this on the wall; between the call's beginning and now, whatever that clock says.
    pub fn at_wall(&self, at: Timestamp) -> CallTime {
        let passed = wall().since(at);
        CallTime::ZERO + self.now().since_start().saturating_sub(passed)
    }

    /// The moment of this time in the call.
    pub fn moment(&self, at: CallTime) -> Instant {
        self.running_since + at.since_start().saturating_sub(self.before)
    }
}

/// A moment so far ahead that it does not come: the deadline of whoever waits for nothing.
pub fn never() -> Instant {
    now() + Duration::from_secs(60 * 60 * 24 * 365)
}
