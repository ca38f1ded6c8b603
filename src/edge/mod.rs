//! The outside world: every door in or out, and the only place that knows a wire format.

pub mod http;
pub mod carrier;
pub mod assistant;
pub mod api;
pub mod speech;
pub mod store;
pub mod admission;
pub mod announced;
pub mod machine;
pub mod budget;
pub mod lenient;
mod json;
mod plain;
pub mod seldom;
