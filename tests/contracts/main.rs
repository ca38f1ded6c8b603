//! The contracts with the carrier: what it and the assistant may send, and what Baton may ask of it.

mod by_the_book;
#[path = "../journeys/stage.rs"]
#[expect(dead_code, reason = "the journeys use more of it")]
mod stage;
mod twilio_spec;
mod wire_mutations;
