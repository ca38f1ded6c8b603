//! A world to test in, to demo and to bench: a carrier, people on phones, an assistant, and the network between.
//!
//! An independent second implementation of the wire, on purpose: it imports nothing of `edge/`, `live/` or `config/`.

pub mod assistant;
pub mod carrier;
mod clock;
pub(crate) mod dice;
/// What an ear heard.
pub mod ear;
mod handset;
/// People, and what they do on the phone.
pub mod person;
/// Finding a clip in what was heard.
pub mod recognise;
/// A call as a text.
pub mod script;
/// Made sound.
pub mod sound;
/// What happens, as it happens.
pub mod story;
/// Recognisers.
pub mod speech;
mod verdict;
mod waiting;
/// Everything around Baton in one value.
pub mod world;

#[cfg(test)]
#[path = "../../tests/contracts/twilio_spec.rs"]
mod twilio_spec;
