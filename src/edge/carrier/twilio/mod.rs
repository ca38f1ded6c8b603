//! Twilio: its streams, webhooks, signatures, TwiML and REST API.

pub mod document;
pub mod signature;
pub mod twiml;
pub mod wire;
