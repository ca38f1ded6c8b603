//! A phone number, which prints masked wherever it might reach a log (promise 8).

use std::fmt;

use serde::{Deserialize, Serialize};

/// A number as the carrier gave it; only [`PhoneNumber::reveal`] shows all of it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PhoneNumber(String);

impl PhoneNumber {
    /// The number as it came.
    pub fn new(number: impl Into<String>) -> Self {
        Self(number.into())
    }

    /// The whole number: for the carrier, the store and the rep, never for a log.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether there is one at all (callers may withhold theirs).
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.chars().filter(char::is_ascii_digit).count();
        if digits < 7 {
            return f.write_str("•••");
        }
        let tail: String = self.0.chars().rev().filter(char::is_ascii_digit).take(2).collect();
        write!(f, "•••{}", tail.chars().rev().collect::<String>())
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn promise_8_a_number_prints_masked() {
        let number = PhoneNumber::new("+14155550123");
        assert_eq!(format!("{number} {number:?}"), "•••23 •••23");
        assert_eq!(PhoneNumber::new("911").to_string(), "•••");
        assert_eq!(number.reveal(), "+14155550123");
    }
}
