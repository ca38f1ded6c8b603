//! What a frame tells: speech or not, pitch, level, pace, pauses, turns and mood.
//!
//! All of it runs on the hot path: fixed arrays, no allocation, no clock, and the same bits on every machine (no fused
//! multiply-add, every function beyond the four operations from `libm`), so that a recorded call is heard again as it was.

pub mod spectrum;
pub mod voice;
