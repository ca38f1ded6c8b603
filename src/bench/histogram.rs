//! How a figure of many frames is spread: buckets that are 0.8 % wide, so that a million values take 30 KB.

use std::time::Duration;

use serde::Serialize;

/// A spread of durations.
#[derive(Clone, Debug)]
pub struct Histogram {
    buckets: Vec<u64>,
    count: u64,
    longest: u64,
}

/// The figures of a spread, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Spread {
    /// The half is shorter.
    pub p50: f64,
    /// Nine in ten are shorter.
    pub p90: f64,
    /// All but one in a hundred are shorter.
    pub p99: f64,
    /// All but one in a thousand are shorter.
    pub p999: f64,
    /// The longest.
    pub max: f64,
}

impl Spread {
    /// The same in microseconds.
    #[must_use]
    pub fn in_micros(self) -> Self {
        let Self { p50, p90, p99, p999, max } = self;
        let [p50, p90, p99, p999, max] = [p50, p90, p99, p999, max].map(|millis| millis * 1_000.0);
        Self { p50, p90, p99, p999, max }
    }
}

impl Default for Histogram {
    fn default() -> Self {
        Self { buckets: vec![0; BUCKETS], count: 0, longest: 0 }
    }
}

impl Histogram {
    /// Notes one duration.
    pub fn note(&mut self, duration: Duration) {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX).min(LONGEST);
        self.buckets[bucket(micros)] += 1;
        self.count += 1;
        self.longest = self.longest.max(micros);
    }

    /// Takes in all that another one noted.
    pub fn add(&mut self, other: &Self) {
        for (mine, theirs) in self.buckets.iter_mut().zip(&other.buckets) {
            *mine += theirs;
        }
        self.count += other.count;
        self.longest = self.longest.max(other.longest);
    }

    /// How many were noted.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The figures.
    pub fn spread(&self) -> Spread {
        Spread {
            p50: self.below(0.5),
            p90: self.below(0.9),
            p99: self.below(0.99),
            p999: self.below(0.999),
            max: self.longest as f64 / 1_000.0,
        }
    }

    /// The duration that this share of all is not longer than, in milliseconds.
    fn below(&self, share: f64) -> f64 {
        let wanted = (self.count as f64 * share).ceil() as u64;
        let mut seen = 0;
        for (number, count) in self.buckets.iter().enumerate() {
            seen += count;
            if seen >= wanted && *count > 0 {
                return upper_end(number).min(self.longest) as f64 / 1_000.0;
            }
        }
        0.0
    }
}

/// Up to 128 µs each microsecond has a bucket; above, each doubling has 128.
fn bucket(micros: u64) -> usize {
    let doublings = (u64::BITS - micros.leading_zeros()).saturating_sub(FINE_BITS + 1);
    (u64::from(doublings) * FINE + (micros >> doublings)) as usize
}

/// The longest duration of a bucket.
fn upper_end(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    let doublings = (bucket / FINE).saturating_sub(1);
    ((bucket - doublings * FINE + 1) << doublings) - 1
}

/// Buckets in a doubling, as a power of two: wider than a percent would blur a gate of a few percent.
const FINE_BITS: u32 = 7;
const FINE: u64 = 1 << FINE_BITS;

/// An hour in microseconds is below 2^32: longer than any measurement.
const LONGEST: u64 = (1 << 32) - 1;
const BUCKETS: usize = ((32 - FINE_BITS as usize) + 1) * FINE as usize;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_duration_falls_into_a_bucket_that_is_less_than_a_percent_wide() {
        for micros in (0..2_000).chain((1..32).map(|bits| (1_u64 << bits) + 77)).chain([LONGEST]) {
            let end = upper_end(bucket(micros));
            assert!(end >= micros && end - micros <= micros / 100 + 1, "{micros} µs counts as {end}");
        }
        assert_eq!(bucket(LONGEST), BUCKETS - 1);
    }

    #[test]
    fn shares_are_those_of_the_sorted_durations() {
        let mut half = Histogram::default();
        let mut whole = Histogram::default();
        for micros in 1..=1_000 {
            let into = if micros % 2 == 0 { &mut half } else { &mut whole };
            into.note(Duration::from_micros(micros * 100));
        }
        whole.add(&half);
        let spread = whole.spread();
        assert_eq!(whole.count(), 1_000);
        for (is, exact) in [(spread.p50, 50.0), (spread.p90, 90.0), (spread.p99, 99.0), (spread.p999, 99.9)] {
            assert!((is - exact).abs() / exact < 0.01, "{is} for {exact}");
        }
        assert!((spread.max - 100.0).abs() < f64::EPSILON);
    }
}
