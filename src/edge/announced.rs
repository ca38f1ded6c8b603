//! What is known of a call when it comes: who dialled, and what was announced of it before it was placed.

use std::time::Duration;

use tokio::time::timeout;

use crate::conversation::{self, Context};
use crate::live::clock;
use crate::live::seat::Direction;
use crate::phone_number::PhoneNumber;
use crate::ports::Announcements;

/// What is known of this call. A store that cannot say it in time costs what was announced, and never the call.
pub async fn context(
    announcements: &dyn Announcements,
    direction: Direction,
    prospect: &PhoneNumber,
) -> Context {
    let unannounced = |direction| Context { direction, ..Context::default() };
    match direction {
        Direction::Inbound => unannounced(conversation::Direction::Inbound),
        Direction::Outbound => {
            let taken = timeout(WITHIN, announcements.take(prospect.clone(), clock::wall())).await;
            let outcome = match &taken {
                Ok(Ok(Some(_))) => "found",
                Ok(Ok(None)) => "none",
                Ok(Err(_)) | Err(_) => {
                    tracing::warn!(
                        "what was announced of an outbound call cannot be read; it goes on without"
                    );
                    "unreadable"
                }
            };
            metrics::counter!("baton_announcements_total", "outcome" => outcome).increment(1);
            let known = taken.ok().and_then(Result::ok).flatten().unwrap_or_default();
            Context { direction: conversation::Direction::Outbound, ..known }
        }
    }
}

/// The carrier waits, and so does whoever has just picked up.
const WITHIN: Duration = Duration::from_secs(1);
