//! What was said, and what it tells us: plain rules over words, no model needed.
//!
//! Words come as turns, from whichever source heard them. Each turn tells signals; together they give the facts, the topics and
//! the shape of the talk. Nothing in here decides anything: that is `escalation/`.
//!
//! A turn is read (`text`), its phrases are found in one pass (`rules`, made from the files in `phrases/` by `lexicon`), each is
//! judged where it stands (`bearing`), what no phrase foresaw is sensed (`senses`, `by_sense`), and `understanding` sets what it tells beside the turns before it.

mod answers;
mod bag;
mod bearing;
mod by_sense;
pub mod context;
mod counts;
pub mod fact;
mod facts;
pub mod lexicon;
mod listening;
mod meaning;
mod numbers;
mod of_assistant;
mod of_prospect;
pub mod piece;
mod questions;
mod rules;
pub(crate) mod senses;
mod sensitive;
#[cfg(test)]
mod sentences_tests;
pub mod shape;
pub mod signal;
mod text;
mod tongue;
pub mod transcript;
pub mod turn;
pub mod understanding;
mod weave;
mod written;

pub use context::{Account, Context, Direction};
pub use fact::{Fact, Standing};
pub use lexicon::{BadLexicon, Lexicon};
pub use piece::Piece;
pub use shape::{Shape, StageOfTalk};
pub use signal::{Signal, SignalKind};
pub use transcript::Transcript;
pub use turn::{FactName, Note, Source, Speaker, Turn, Wording};
pub use understanding::{Told, Understanding};
