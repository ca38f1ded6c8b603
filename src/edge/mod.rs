//! The outside world: every door in or out, and the only place that knows a wire format.

pub mod assistant;
pub mod carrier;
mod json;
pub mod lenient;
pub mod store;
