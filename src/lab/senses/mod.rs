//! The laboratory of the sense of sentences: labelled turns in, weights out, with a report on turns that were held out.

pub mod corpus;
pub(crate) mod fit;
pub(crate) mod held_out;
pub mod report;
pub mod threshold;
pub mod train;
