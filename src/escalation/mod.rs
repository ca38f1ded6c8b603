//! Should a person take over? Signals in, weighed in the context of the talk; decisions out, each with what it stands on.

pub mod decision;
mod decay;
mod defaults;
pub mod engine;
mod ledger;
pub mod policy;
mod score;
pub mod standing;
pub mod trigger;
pub mod voice;
pub mod words;

pub use decision::{Decision, Evidence, Reason, Urgency};
pub use engine::{Answer, Engine};
pub use policy::{Changes, Policy, Stages};
pub use standing::TriggerStanding;
pub use trigger::{Trigger, TriggerChange};
pub use voice::{Reading, VoiceReadings, voice_signals};
pub use words::{OwnWords, proposal};
