//! Baton puts a person into a live phone call that an AI assistant is holding, without the prospect repeating a word.
//!
//! The modules below stand in the order in which a call meets them; `src/ARCHITECTURE.md` walks one call through all of
//! them. Imports point inwards: ring 1 is plain Rust, ring 2 tasks and channels, ring 3 the outside world.

// ── ring 1: plain Rust ──
/// The clocks: time in a call, time in a sound, time on the wall.
pub mod time;
/// The names of calls, legs, attempts and reps.
pub mod id;
/// A number that prints masked.
pub mod phone_number;
/// From bytes on the wire to what was heard.
pub mod audio;
/// What a frame tells: speech, pitch, pace, turns, mood.
pub mod ear;
/// What was said, and what it tells.
pub mod conversation;
/// Should a person take over?
pub mod escalation;
/// How the prospect gets to a person.
pub mod handoff;
/// All of it together, as one value.
pub mod call;
// ── ring 2: tasks, channels, timers ──
/// The few small traits that we need from the world.
pub mod ports;
/// The running calls: one task a leg, one task a call.
pub mod live;
/// A world to test in and to demo: a carrier, prospects, assistants and reps.
pub mod sim;
// ── ring 3: the outside world ──
/// The doors: carriers, assistants, the control API, the store.
pub mod edge;
/// What an operator may set.
pub mod config;
/// Logs and numbers.
pub mod telemetry;
/// Config → App → run: the only place that sees every ring.
pub mod app;
/// What our number at the carrier is set to do.
pub mod setup;
/// What a prospect wants taken out of the record.
pub mod forget;
/// The whole story on one machine.
pub mod demo;
/// The simulated world against a Baton that runs elsewhere.
pub mod rehearsal;
/// The simulated world against a Baton that is killed, cut off and kept waiting.
pub mod chaos;
/// Recordings through the ear, and what it found in them.
pub mod listen;
/// Recorded calls through understanding and engine again.
pub mod replay;
/// What a call costs, beside a floor that does nothing.
pub mod bench;
/// What the ear makes of labelled sound, and how it learns.
pub mod lab;
