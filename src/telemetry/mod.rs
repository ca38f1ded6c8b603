//! Logs and numbers.

pub mod logs;
