//! The names of things: calls, legs, attempts, reps. Random bits are handed in, never drawn here.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One call, for good: in the store, in the control API, in a log line. Prints as `call-` and 32 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(u128);

impl CallId {
    /// The identity made of these random bits.
    pub const fn from_bits(bits: u128) -> Self {
        Self(bits)
    }
}

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "call-{:032x}", self.0)
    }
}

impl fmt::Debug for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Not the identity of a call.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not a call id of the form call-<32 hex digits>")]
pub struct BadCallId;

impl FromStr for CallId {
    type Err = BadCallId;

    fn from_str(text: &str) -> Result<Self, BadCallId> {
        let digits = text.strip_prefix("call-").filter(|d| d.len() == 32).ok_or(BadCallId)?;
        if !digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(BadCallId);
        }
        u128::from_str_radix(digits, 16).map(Self).map_err(|_| BadCallId)
    }
}

impl Serialize for CallId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for CallId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// One try to get one rep, counted within its call from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AttemptId(pub u32);

impl fmt::Display for AttemptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "attempt-{}", self.0)
    }
}

/// One party's live connection inside a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LegId {
    /// The person on the phone.
    Prospect,
    /// The AI voice.
    Assistant,
    /// The rep whom this attempt reached.
    Rep(AttemptId),
}

impl fmt::Display for LegId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Prospect => f.write_str("prospect"),
            Self::Assistant => f.write_str("assistant"),
            Self::Rep(attempt) => write!(f, "rep:{}", attempt.0),
        }
    }
}

/// Not the name of a leg.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not a leg: prospect, assistant or rep:<attempt>")]
pub struct BadLegId;

impl FromStr for LegId {
    type Err = BadLegId;

    fn from_str(text: &str) -> Result<Self, BadLegId> {
        match text {
            "prospect" => Ok(Self::Prospect),
            "assistant" => Ok(Self::Assistant),
            rep => {
                let attempt = rep.strip_prefix("rep:").ok_or(BadLegId)?;
                attempt.parse().map(|n| Self::Rep(AttemptId(n))).map_err(|_| BadLegId)
            }
        }
    }
}

/// A person who may take over, by the name that the operator gave them (`sam`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RepId(Arc<str>);

impl RepId {
    /// The rep of this name.
    pub fn new(name: &str) -> Self {
        Self(name.into())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_is_read_back() {
        let call = CallId::from_bits(0xfeed_beef);
        assert_eq!(call.to_string().parse(), Ok(call));
        for leg in [LegId::Prospect, LegId::Assistant, LegId::Rep(AttemptId(7))] {
            assert_eq!(leg.to_string().parse(), Ok(leg));
        }
        for bad in [
            "call-",
            "call-zz",
            "CALL-00000000000000000000000000000000",
            "call-+0000000000000000000000000000000",
        ] {
            assert_eq!(bad.parse::<CallId>(), Err(BadCallId), "{bad}");
        }
    }
}
