//! What was said counts less as time passes: half after each half-life, in whole numbers, the same on every machine.

use std::time::Duration;

/// What is left of `amount` after this time.
pub(crate) fn after(amount: i64, age: Duration, half_life: Duration) -> i64 {
    let age = u64::try_from(age.as_micros()).unwrap_or(u64::MAX);
    let half_life = u64::try_from(half_life.as_micros()).unwrap_or(u64::MAX).max(1);
    let halvings = age / half_life;
    if halvings >= NOTHING_LEFT {
        return 0;
    }
    let sixteenth = u128::from(age % half_life) * 16 / u128::from(half_life);
    let part = SIXTEENTHS[usize::try_from(sixteenth).expect("less than 16 sixteenths are left")];
    amount * part / (ONE << halvings)
}

/// After so many halvings there is less left than a hundredth of any weight.
const NOTHING_LEFT: u64 = 20;
const ONE: i64 = 65_536;
/// Two to the power of minus n sixteenths, times 65,536.
const SIXTEENTHS: [i64; 16] = [
    65_536, 62_757, 60_097, 57_549, 55_109, 52_772, 50_535, 48_393, 46_341, 44_376, 42_495, 40_693, 38_968,
    37_316, 35_734, 34_219,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_is_left_after_a_half_life_and_nothing_after_a_day() {
        let minute = Duration::from_secs(60);
        assert_eq!(after(1_000, Duration::ZERO, minute), 1_000);
        assert_eq!(after(1_000, minute, minute), 500);
        assert_eq!(after(1_000, minute / 2, minute), 707);
        assert_eq!(after(-1_000, minute * 2, minute), -250);
        assert_eq!(after(1_000, minute * 1_440, minute), 0);
        assert_eq!(after(1_000, Duration::MAX, Duration::from_micros(1)), 0);
    }

    #[test]
    fn it_never_grows() {
        let left: Vec<i64> =
            (0..600).map(|s| after(100_000, Duration::from_secs(s), Duration::from_secs(60))).collect();
        assert!(left.windows(2).all(|pair| pair[1] <= pair[0]), "{left:?}");
    }
}
