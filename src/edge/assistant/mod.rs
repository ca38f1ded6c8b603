//! The AI voices that had the prospect first: Baton plays the carrier to them.

pub mod wire;
