//! What was said, and what it tells us: plain rules over words, no model needed.
//!
//! Words come as turns, from whichever source heard them. Each turn tells signals; together they give the facts, the topics and
//! the shape of the talk. Nothing in here decides anything: that is `escalation/`.

pub mod context;
pub mod fact;
pub mod piece;
pub mod shape;
pub mod signal;
pub mod transcript;
pub mod turn;

pub use context::{Account, Context, Direction};
pub use fact::{Fact, Standing};
pub use piece::Piece;
pub use shape::{Shape, StageOfTalk};
pub use signal::{Signal, SignalKind};
pub use transcript::Transcript;
pub use turn::{FactName, Note, Source, Speaker, Turn, Wording};
