//! The laboratory: labelled sound in, what the ear made of it out, beside what it should reach; and the same for sentences (`senses`).

pub mod calibrate;
pub mod corpus;
pub mod drill;
pub mod exam;
pub mod judge;
pub mod lines;
pub mod logistic;
pub mod mood_table;
pub mod pitch_table;
pub mod prolonged_table;
pub mod ref_tracks;
pub mod reliability;
pub mod score;
pub mod senses;
pub mod staged;
pub mod syllable_table;
pub mod train;
pub mod voice_table;
