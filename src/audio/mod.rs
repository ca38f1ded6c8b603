//! From bytes on the wire to what was heard: frames, G.711, places in time, levels, voices, mixing, clips.
//!
//! Knows nothing of calls or handoffs.

pub mod arrival;
pub mod catch_up;
pub mod clip;
pub mod conceal;
pub mod frame;
pub mod g711;
#[cfg(test)]
pub(crate) mod made_up;
pub mod mix;
pub mod noise;
pub mod relay;
pub mod resample;
pub mod trim;
pub mod voice;
pub mod wav;
