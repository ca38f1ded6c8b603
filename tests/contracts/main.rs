//! The contracts with the carrier: what it and the assistant may send, and what Baton may ask of it.

#![expect(clippy::unwrap_used, reason = "a test fails where something is not there")]

mod by_the_book;
mod counted;
#[path = "../journeys/described.rs"]
#[expect(dead_code, reason = "the journeys use the rest of it")]
mod described;
mod number;
mod openapi;
mod rehearsed;
#[path = "../journeys/stage.rs"]
#[expect(dead_code, reason = "the journeys use more of it")]
mod stage;
#[expect(dead_code, reason = "the tests of the simulated carrier use the rest of it")]
mod twilio_spec;
mod wire_mutations;
