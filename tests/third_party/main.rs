//! Third parties as judges: Pipecat on either side, the carrier's own SDK, and a server made of its OpenAPI document.
//!
//! Each needs what `tests/third_party/install` puts into `.extras`; where it is absent, the test says so in one line.

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod extras;
mod pipecat;
mod prism;
mod sdk;
#[expect(dead_code, reason = "the journeys use more of it")]
#[path = "../journeys/stage.rs"]
mod stage;
