//! Telephone networks, one folder each.

pub mod twilio;
