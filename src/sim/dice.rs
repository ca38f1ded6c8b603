//! Chance with a seed: the same seed rolls the same world.

use std::ops::Range;
use std::time::Duration;

/// A small random source (splitmix64), good enough for weather and for names, never for secrets.
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    /// The dice that this seed throws.
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 random bits.
    pub(crate) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// A number from 0 up to but without 1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.roll() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Whether something that happens in this share of cases happens now.
    pub(crate) fn happens(&mut self, share: f64) -> bool {
        share > 0.0 && self.unit() < share
    }

    /// A span within this range; its start when the range is empty.
    pub(crate) fn span(&mut self, range: &Range<Duration>) -> Duration {
        range.start + range.end.saturating_sub(range.start).mul_f64(self.unit())
    }

    /// A carrier's name for something: two letters and 32 hex digits.
    pub(crate) fn sid(&mut self, kind: &str) -> String {
        format!("{kind}{:016x}{:016x}", self.roll(), self.roll())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_rolls_the_same_world() {
        let sids = |seed| (0..3).map(|_| Dice::new(seed).sid("CA")).collect::<Vec<_>>();
        assert_eq!(sids(7), sids(7));
        assert_ne!(sids(7), sids(8));
        assert_eq!(sids(7)[0].len(), 34);
    }

    #[test]
    fn shares_and_spans_come_out_as_asked() {
        let mut dice = Dice::new(1);
        let hits = (0..10_000).filter(|_| dice.happens(0.25)).count();
        assert!((2_300..2_700).contains(&hits), "{hits}");
        let range = Duration::from_millis(10)..Duration::from_millis(20);
        assert!((0..1_000).all(|_| range.contains(&dice.span(&range))));
        assert!(!dice.happens(0.0) && dice.happens(1.0));
    }
}
