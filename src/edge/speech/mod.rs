//! Recognisers elsewhere, which make words of what is heard in a call, and a model that finds signals in the words.

pub mod clips;
pub mod deepgram;
pub mod deepgram_wire;
pub mod llm;
mod wav;
