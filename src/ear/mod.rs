//! What a frame tells: speech or not, pitch, level, pace, pauses, turns and mood.
//!
//! All of it runs on the hot path: fixed arrays, no allocation, no clock, and the same bits on every machine (no fused
//! multiply-add, every function beyond the four operations from `libm`), so that a recorded call is heard again as it was.

#[cfg(test)]
pub(crate) mod made_voice;
pub mod mood;
pub mod pitch;
pub mod prolonged;
pub mod prosody;
pub mod spectrum;
pub mod syllables;
pub mod voice;
