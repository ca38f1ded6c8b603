//! The ear's laboratory: labelled sound in, what the ear made of it out, beside what it should reach.

pub mod corpus;
pub mod score;
pub mod voice_table;
