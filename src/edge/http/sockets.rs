//! How many connections are open, in all and from one address, and that there are no more than may be.
//!
//! Whoever has not yet shown that they belong here is a stranger. When all places are taken, the stranger who has been here
//! longest makes room, so that nobody can keep the carrier out by holding connections.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::edge::seldom::Seldom;

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
    warned: Seldom,
}

#[derive(Default)]
struct Open {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
    /// How many were let in so far; the next one's number.
    so_far: u64,
    /// Those of them who are still strangers, the first to come first, and how each is asked to go.
    strangers: BTreeMap<u64, Arc<Notify>>,
}

/// The place of one connection among them, until it is dropped.
pub(super) struct Entry {
    sockets: Arc<Sockets>,
    address: IpAddr,
    number: u64,
    asked_to_go: Arc<Notify>,
}

impl Entry {
    /// They showed that they belong here.
    pub(super) fn is_known(&self) {
        self.sockets.open().strangers.remove(&self.number);
    }

    /// Waits until this place is needed for somebody else.
    pub(super) async fn asked_to_go(&self) {
        self.asked_to_go.notified().await;
    }
}

impl Sockets {
    pub(super) fn new(limits: SocketLimits) -> Self {
        Self { limits, open: Mutex::default(), warned: Seldom::default() }
    }

    /// A place for one from this address, if there is one; who gets none is closed by being dropped.
    pub(super) fn let_in(self: &Arc<Self>, from: IpAddr) -> Option<Entry> {
        let address = household(from);
        let mut open = self.open();
        let here = open.by_address.get(&address).copied().unwrap_or_default();
        let full = |limit: usize, open: usize| limit > 0 && open >= limit;
        let why = if full(self.limits.per_address, here) {
            "full for its address"
        } else if full(self.limits.in_all, open.all) && !open.asks_a_stranger_to_go() {
            "full"
        } else {
            open.all += 1;
            open.by_address.insert(address, here + 1);
            let (number, asked_to_go) = (open.so_far, Arc::new(Notify::new()));
            open.so_far += 1;
            open.strangers.insert(number, asked_to_go.clone());
            metrics::gauge!("baton_sockets_open").set(open.all as f64);
            return Some(Entry { sockets: self.clone(), address, number, asked_to_go });
        };
        let all = open.all;
        drop(open);
        refused(why);
        self.warn(&format!("a connection was refused: {why}, {all} are open"));
        None
    }

    /// Says it, unless it was just said.
    pub(super) fn warn(&self, words: &str) {
        if self.warned.may() {
            tracing::warn!("{words}");
        }
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    /// Whether somebody goes, so that there is room. Until they have gone there is one more than there should be.
    fn asks_a_stranger_to_go(&mut self) -> bool {
        let Some((_, stranger)) = self.strangers.pop_first() else { return false };
        stranger.notify_one();
        true
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut open = self.sockets.open();
        open.all -= 1;
        open.strangers.remove(&self.number);
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
        let second = sockets.let_in(one).unwrap();
        assert!(sockets.let_in(address("::ffff:192.0.2.1")).is_none(), "two from one address");
        let third = sockets.let_in(two).unwrap();
        [&first, &second, &third].into_iter().for_each(Entry::is_known);
        assert!(sockets.let_in(two).is_none(), "three in all");
        drop(first);
        assert!(sockets.let_in(one).is_some());
        assert_eq!(sockets.open().all, 2);
        assert_eq!(sockets.open().by_address.len(), 2, "who is gone is forgotten");
    }

    #[tokio::test]
    async fn the_stranger_who_came_first_makes_room_and_whoever_is_known_stays() {
        let sockets = sockets(3, 0);
        let one = address("192.0.2.1");
        let [known, first, second] = [(); 3].map(|()| sockets.let_in(one).unwrap());
        known.is_known();
        let carrier = sockets.let_in(address("192.0.2.2")).expect("a stranger goes for it");
        first.asked_to_go().await;
        drop(first);
        let next = sockets.let_in(one).unwrap();
        second.asked_to_go().await;
        drop(second);
        assert_eq!(sockets.open().all, 3);
        [&carrier, &next].into_iter().for_each(Entry::is_known);
        assert!(sockets.let_in(one).is_none(), "whoever is known stays");
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
