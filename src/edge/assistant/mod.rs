//! The AI voices that had the prospect first: Baton plays the carrier to them.
//!
//! `plan` finds out where the assistant's stream is, `stream` dials it and is its line, `wire` is what goes over that
//! line, `in_band` is what it and Baton say to each other there, `hosted` is the little of the carrier's REST API that assistants use to hang up.

pub mod hosted;
pub mod in_band;
pub mod plan;
pub mod stream;
pub mod wire;
