//! Should a person take over? Signals in, weighed in the context of the talk; decisions out, each with what it stands on.

pub mod decision;

pub use decision::{Answer, Decision, Evidence, Reason, Urgency};
