//! The policy that a call decides by, taken out of the entry that holds it: ten kilobytes that are the same for thousands of calls.
//!
//! The view `timeline` puts it back where it was.

use std::fmt::Write as _;

use serde::Deserialize as _;
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

/// An entry, and the policy that stood in it.
pub(super) struct Parted {
    /// The entry, with nothing where the policy was.
    pub(super) json: String,
    /// The policy, where there was one.
    pub(super) policy: Option<Policy>,
}

/// A policy and its name.
pub(super) struct Policy {
    /// The hash of it.
    pub(super) id: String,
    pub(super) json: String,
}

/// Takes the policy out of an entry.
pub(super) fn parted(json: String) -> Parted {
    let Some((from, to)) = place(&json) else { return Parted { json, policy: None } };
    let policy = json[from..to].to_owned();
    let id = Sha256::digest(&policy).iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    let json = format!("{}null{}", &json[..from], &json[to..]);
    Parted { json, policy: Some(Policy { id, json: policy }) }
}

/// From where to where it stands. A name with its quotation marks cannot stand inside a text: there they are escaped.
fn place(json: &str) -> Option<(usize, usize)> {
    let from = json.find(NAME)? + NAME.len();
    let mut reader = serde_json::Deserializer::from_str(&json[from..]);
    let policy = <&RawValue>::deserialize(&mut reader).ok()?.get();
    let worth_it = policy.starts_with('{') && policy.len() > SMALL;
    worth_it.then(|| (from, from + policy.len()))
}

/// How an entry names its policy; the view looks for the same.
const NAME: &str = "\"escalation\":";

/// What is smaller may stay where it is.
const SMALL: usize = 256;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::call::{Entry, Event, Terms};
    use crate::escalation;
    use crate::time::CallTime;

    #[test]
    fn the_policy_is_taken_out_of_a_beginning_and_nothing_else_is() {
        let terms = Terms { escalation: Arc::new(escalation::Policy::default()), ..Terms::default() };
        let began = Entry { at: CallTime::ZERO, event: Event::Began(Box::new(terms)), effects: Vec::new() };
        let json = serde_json::to_string(&began).unwrap();
        let parted = parted(json.clone());
        let policy = parted.policy.expect("it stands in there");
        assert!(parted.json.len() + 2_000 < json.len(), "{}", parted.json);
        assert_eq!(
            serde_json::from_str::<escalation::Policy>(&policy.json).unwrap(),
            escalation::Policy::default()
        );
        assert_eq!(
            parted.json.replace("\"escalation\":null", &format!("\"escalation\":{}", policy.json)),
            json
        );
    }

    #[test]
    fn what_holds_none_stays_letter_by_letter() {
        for json in [
            "{\"a\":1}",
            "no JSON at all",
            "{\"said\":\"he wrote \\\"escalation\\\":{} on it\"}",
            "{\"escalation\":",
            "{\"escalation\":null}",
            "{\"escalation\":{}}",
        ] {
            let parted = parted(json.to_owned());
            assert!(parted.policy.is_none() && parted.json == json, "{json}");
        }
    }
}
