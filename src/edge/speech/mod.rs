//! Recognisers elsewhere, which make words of what is heard in a call.

pub mod clips;
pub mod deepgram;
pub mod deepgram_wire;
mod wav;
