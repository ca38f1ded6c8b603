//! How many connections are open, in all and from one address, and that there are no more than may be.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::live::clock;

/// How many connections may be open; 0 is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SocketLimits {
    /// In all.
    pub in_all: usize,
    /// From one address.
    pub per_address: usize,
}

/// All open connections.
pub(super) struct Sockets {
    limits: SocketLimits,
    open: Mutex<Open>,
    warned: Mutex<Option<Instant>>,
}

#[derive(Default)]
struct Open {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// The place of one connection among them, until it is dropped.
pub(super) struct Entry {
    sockets: Arc<Sockets>,
    address: IpAddr,
}

impl Sockets {
    pub(super) fn new(limits: SocketLimits) -> Self {
        Self { limits, open: Mutex::default(), warned: Mutex::default() }
    }

    /// A place for one from this address, if there is one; who gets none is closed by being dropped.
    pub(super) fn let_in(self: &Arc<Self>, from: IpAddr) -> Option<Entry> {
        let address = household(from);
        let mut open = self.open();
        let here = open.by_address.get(&address).copied().unwrap_or_default();
        let full = |limit: usize, open: usize| limit > 0 && open >= limit;
        let why = if full(self.limits.in_all, open.all) {
            "full"
        } else if full(self.limits.per_address, here) {
            "full for its address"
        } else {
            open.all += 1;
            open.by_address.insert(address, here + 1);
            metrics::gauge!("baton_sockets_open").set(open.all as f64);
            return Some(Entry { sockets: self.clone(), address });
        };
        let all = open.all;
        drop(open);
        refused(why);
        self.warn(&format!("a connection was refused: {why}, {all} are open"));
        None
    }

    /// Says it the first time, and then at most once a minute: who floods us must not flood the log as well.
    pub(super) fn warn(&self, words: &str) {
        let now = clock::now();
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        if warned.is_none_or(|at| now.saturating_duration_since(at) >= QUIET) {
            *warned = Some(now);
            tracing::warn!("{words}");
        }
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut open = self.sockets.open();
        open.all -= 1;
        metrics::gauge!("baton_sockets_open").set(open.all as f64);
        if let Some(here) = open.by_address.get_mut(&self.address) {
            *here -= 1;
            if *here == 0 {
                open.by_address.remove(&self.address);
            }
        }
    }
}

/// Who counts as one: of IPv6 a household has a whole /64 of addresses.
fn household(from: IpAddr) -> IpAddr {
    match from.to_canonical() {
        IpAddr::V4(four) => IpAddr::V4(four),
        IpAddr::V6(six) => IpAddr::V6(Ipv6Addr::from_bits(six.to_bits() & (u128::MAX << 64))),
    }
}

/// Counts a connection that was not served, and why.
pub(super) fn refused(why: &'static str) {
    metrics::counter!("baton_refused_total", "door" => "socket", "why" => why).increment(1);
}

/// How often refusals are logged.
const QUIET: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    fn sockets(in_all: usize, per_address: usize) -> Arc<Sockets> {
        Arc::new(Sockets::new(SocketLimits { in_all, per_address }))
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[tokio::test]
    async fn a_place_is_free_again_when_its_connection_is_gone() {
        let sockets = sockets(3, 2);
        let (one, two) = (address("192.0.2.1"), address("192.0.2.2"));
        let first = sockets.let_in(one).unwrap();
        let _second = sockets.let_in(one).unwrap();
        assert!(sockets.let_in(address("::ffff:192.0.2.1")).is_none(), "two from one address");
        let _third = sockets.let_in(two).unwrap();
        assert!(sockets.let_in(two).is_none(), "three in all");
        drop(first);
        assert!(sockets.let_in(one).is_some());
        assert_eq!(sockets.open().all, 2);
        assert_eq!(sockets.open().by_address.len(), 2, "who is gone is forgotten");
    }

    #[tokio::test]
    async fn a_household_counts_as_one_and_no_limit_is_none() {
        let narrow = sockets(0, 1);
        let _one = narrow.let_in(address("2001:db8::1")).unwrap();
        assert!(narrow.let_in(address("2001:db8::2")).is_none());
        assert!(narrow.let_in(address("2001:db8:0:1::1")).is_some());
        let wide = sockets(0, 0);
        let all: Vec<_> = (0..100).filter_map(|_| wide.let_in(address("192.0.2.1"))).collect();
        assert_eq!(all.len(), 100);
    }
}
