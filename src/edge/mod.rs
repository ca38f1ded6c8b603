//! The outside world: every door in or out, and the only place that knows a wire format.

pub mod carrier;
pub mod store;
