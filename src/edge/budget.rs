//! How much somebody may send: so much at once, and so much a second from then on.

use tokio::time::Instant;

/// What is left of what somebody may send.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    at_once: f64,
    a_second: f64,
    left: f64,
    at: Instant,
}

impl Budget {
    /// A full one.
    pub fn new(at_once: u32, a_second: u32, now: Instant) -> Self {
        let at_once = f64::from(at_once);
        Self { at_once, a_second: f64::from(a_second), left: at_once, at: now }
    }

    /// Spends so much; false when it is not there, and then nothing is spent.
    pub fn spends(&mut self, much: u32, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.at = now;
        self.left = (self.left + passed * self.a_second).min(self.at_once);
        let affords = self.left >= f64::from(much);
        if affords {
            self.left -= f64::from(much);
        }
        affords
    }

    /// So much more may come, since we asked for it ourselves; never more than at first.
    pub fn earns(&mut self, much: u32) {
        self.left = (self.left + f64::from(much)).min(self.at_once);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::clock;
    use std::time::Duration;

    #[test]
    fn so_much_at_once_and_then_only_what_comes_in() {
        let now = clock::now();
        let mut budget = Budget::new(100, 10, now);
        assert!((0..100).all(|_| budget.spends(1, now)));
        assert!(!budget.spends(1, now));
        let later = now + Duration::from_secs(2);
        assert!(budget.spends(15, later) && !budget.spends(6, later) && budget.spends(5, later));
        let much_later = later + Duration::from_secs(3_600);
        assert!(budget.spends(100, much_later) && !budget.spends(1, much_later), "no more than at first");
        budget.earns(3);
        assert!(budget.spends(3, much_later) && !budget.spends(1, much_later));
    }
}
