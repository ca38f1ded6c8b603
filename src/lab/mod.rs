//! The ear's laboratory: labelled sound in, what the ear made of it out, beside what it should reach.

pub mod corpus;
pub mod pitch_table;
pub mod prolonged_table;
pub mod ref_tracks;
pub mod score;
pub mod syllable_table;
pub mod voice_table;
