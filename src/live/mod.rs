//! The running calls: one task a leg, one task a call, and the patchbay between them.
//!
//! ```text
//! carrier ─▶ phone_leg ──frame──▶ patchbay ──frame──▶ phone_leg ─▶ carrier      straight, bounded, may drop
//!               │   ▲──speech── assistant_leg ◀─▶ assistant                      ordered, capped
//!               ▼ events                    ▲ hearing (one atomic word: the latest wins)
//!            call_task ── Call::handle ─────┘                                    ordered, never drops
//!               │ effects
//!               ▼
//!            ports ─▶ carrier, store
//! ```

pub mod assistant_leg;
mod beginning;
pub mod blast_wall;
pub mod call_task;
pub mod chance;
pub mod clock;
pub mod coming_back;
pub mod drain;
pub mod hints;
pub mod house_voice;
pub mod lag;
mod lane;
pub mod line;
pub mod listening;
pub mod live_call;
pub mod marks;
mod minutes;
#[cfg(test)]
pub(crate) mod paper_world;
pub mod patchbay;
pub mod phone_leg;
pub mod pipe;
mod played;
pub mod playout;
pub mod recorder;
pub mod retention;
mod scribe;
pub mod seat;
pub mod speech;
pub mod switchboard;
mod talk_of_two;
pub mod tap;
pub mod telling;
pub mod tickets;
pub mod timer;
pub mod watching;
pub mod world;
pub mod words;
