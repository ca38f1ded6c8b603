//! Third parties as judges: Pipecat on either side, the carrier's own SDK, a server made of its OpenAPI document, a browser.
//!
//! Each needs what `tests/third_party/install` puts into `.extras`, the browser a Chromium on the machine; where it is absent,
//! the test says so in one line.

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod extras;
mod pages;
mod pipecat;
mod prism;
mod sdk;
#[expect(dead_code, reason = "the journeys use more of it")]
#[path = "../journeys/stage.rs"]
mod stage;
