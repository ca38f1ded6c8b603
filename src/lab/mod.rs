//! The ear's laboratory: what it hears on labelled sound, measured beside what it must reach.

pub mod pitch_table;
pub mod prolonged_table;
pub mod ref_tracks;
pub mod syllable_table;
