//! Conversations again: what would be understood and decided, and how well.

pub mod judge;
pub mod talk;
