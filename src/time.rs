//! The three clocks: time within a call, time within a stream of sound, and the time on the wall; and spans of time as an
//! operator writes them.
//!
//! Ring 1 never asks what time it is; whoever hands it an event says so.

use std::fmt;
use std::ops::{Add, Sub};
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Time since the call began, in microseconds; prints as `00:42.180`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallTime(u64);

impl CallTime {
    /// The moment the call began.
    pub const ZERO: Self = Self(0);

    /// The time so many milliseconds after the call began.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis * 1_000)
    }

    /// The time so many microseconds after the call began.
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// How long after the beginning of the call this is.
    pub const fn since_start(self) -> Duration {
        Duration::from_micros(self.0)
    }

    /// Microseconds since the call began.
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// How long ago `earlier` was; nothing when it lies ahead.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for CallTime {
    type Output = Self;

    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(span.as_micros()).unwrap_or(u64::MAX)))
    }
}

impl fmt::Display for CallTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0 / 1_000;
        write!(f, "{:02}:{:02}.{:03}", millis / 60_000, millis / 1_000 % 60, millis % 1_000)
    }
}

/// Not a time of the form `mm:ss.mmm`.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not a call time of the form 00:42.180: {0:?}")]
pub struct BadCallTime(String);

impl FromStr for CallTime {
    type Err = BadCallTime;

    fn from_str(text: &str) -> Result<Self, BadCallTime> {
        let bad = || BadCallTime(text.to_owned());
        let (minutes, rest) = text.split_once(':').ok_or_else(bad)?;
        let (seconds, fraction) = rest.split_once('.').unwrap_or((rest, "0"));
        let minutes: u64 = minutes.parse().map_err(|_| bad())?;
        let seconds: u64 = seconds.parse().map_err(|_| bad())?;
        if seconds > 59 || fraction.is_empty() || fraction.len() > 6 || minutes > 60 * 24 * 365 {
            return Err(bad());
        }
        let micros: u64 = format!("{fraction:0<6}").parse().map_err(|_| bad())?;
        Ok(Self((minutes * 60 + seconds) * 1_000_000 + micros))
    }
}

impl Serialize for CallTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0)
    }
}

impl<'de> Deserialize<'de> for CallTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u64::deserialize(deserializer).map(Self)
    }
}

/// A span of time as an operator writes it: `18s`, `250ms`, `4m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub Duration);

impl Span {
    /// So many seconds.
    pub const fn secs(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    /// So many milliseconds.
    pub const fn millis(millis: u64) -> Self {
        Self(Duration::from_millis(millis))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.as_millis();
        match millis {
            0 => f.write_str("0s"),
            m if m % 86_400_000 == 0 => write!(f, "{}d", m / 86_400_000),
            m if m % 60_000 == 0 => write!(f, "{}m", m / 60_000),
            m if m % 1_000 == 0 => write!(f, "{}s", m / 1_000),
            m => write!(f, "{m}ms"),
        }
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        humantime::parse_duration(text.trim()).map(Self).map_err(|_| {
            serde::de::Error::custom("a span of time is written like \"18s\", \"250ms\", \"4m\" or \"90d\"")
        })
    }
}

/// Place in a stream of sound, in samples at 8 kHz.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MediaTime(pub u64);

impl MediaTime {
    /// The place so many milliseconds into the stream.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(8))
    }

    /// Milliseconds since the stream began.
    pub const fn as_millis(self) -> u64 {
        self.0 / 8
    }
}

impl Add<u64> for MediaTime {
    type Output = Self;

    fn add(self, samples: u64) -> Self {
        Self(self.0.saturating_add(samples))
    }
}

impl Sub for MediaTime {
    type Output = u64;

    fn sub(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// Time on the wall: milliseconds since 1970, for records and for what other machines must agree on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// How long after `earlier` this is; nothing when it lies ahead.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0 - earlier.0).unwrap_or(0))
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn call_time_prints_and_reads_as_a_person_would_write_it() {
        assert_eq!(CallTime::from_millis(42_180).to_string(), "00:42.180");
        assert_eq!("61:02.5".parse(), Ok(CallTime::from_millis(61 * 60_000 + 2_500)));
        assert_eq!("00:12".parse(), Ok(CallTime::from_millis(12_000)));
        for bad in ["", "12", "00:61.0", "00:-1.0", "00:01.", "a:b.c", "00:01.1234567"] {
            assert!(bad.parse::<CallTime>().is_err(), "{bad:?} was taken for a time");
        }
    }

    #[test]
    fn time_never_runs_below_zero() {
        assert_eq!(CallTime::ZERO.since(CallTime::from_millis(5)), Duration::ZERO);
        assert_eq!(MediaTime(3) - MediaTime(5), 0);
    }
}
