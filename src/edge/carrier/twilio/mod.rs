//! Twilio: its streams, webhooks, signatures, TwiML and REST API.

pub mod account;
pub mod document;
pub mod door;
pub mod form;
pub mod media;
pub mod numbers;
pub mod rest;
pub mod signature;
pub mod status;
pub mod transcription;
pub mod transcriptions;
pub mod twiml;
pub mod wire;
