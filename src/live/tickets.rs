//! Rights to take one leg's place in a call: opaque, good once and for a while.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::id::{CallId, LegId};
use crate::live::{chance, clock};

/// All tickets that were issued and not used.
#[derive(Debug, Default)]
pub struct Tickets(Mutex<HashMap<String, Ticket>>);

#[derive(Debug)]
struct Ticket {
    call: CallId,
    leg: LegId,
    until: Instant,
}

impl Tickets {
    /// A ticket for one leg of a call.
    pub fn issue(&self, call: CallId, leg: LegId) -> String {
        let ticket = format!("{:032x}", chance::bits());
        let now = clock::now();
        let mut tickets = self.tickets();
        tickets.retain(|_, ticket| ticket.until > now);
        tickets.insert(ticket.clone(), Ticket { call, leg, until: now + LASTS });
        ticket
    }

    /// Uses a ticket up: what it is for, if it is good.
    pub fn take(&self, ticket: &str) -> Option<(CallId, LegId)> {
        let ticket = self.tickets().remove(ticket)?;
        (ticket.until > clock::now()).then_some((ticket.call, ticket.leg))
    }

    fn tickets(&self) -> MutexGuard<'_, HashMap<String, Ticket>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A ticket waits until a phone is answered, after it has waited for its turn to ring.
const LASTS: Duration = Duration::from_secs(120);

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_ticket_is_good_once_and_not_for_ever() {
        let tickets = Tickets::default();
        let call = CallId::from_bits(1);
        let ticket = tickets.issue(call, LegId::Prospect);
        assert_eq!(tickets.take(&ticket), Some((call, LegId::Prospect)));
        assert_eq!(tickets.take(&ticket), None);
        let late = tickets.issue(call, LegId::Prospect);
        tokio::time::advance(LASTS).await;
        assert_eq!(tickets.take(&late), None);
        assert_eq!(tickets.take("guessed"), None);
    }
}
