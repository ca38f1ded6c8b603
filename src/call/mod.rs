//! All of it together, as one value: what happened goes in, what to do comes out, and the timeline is both.

mod alone;
pub mod assistant;
mod company;
mod deciding;
mod prospect;
mod reps;
#[expect(clippy::module_inception, reason = "the main type of the folder bears its name, as everywhere")]
pub mod call;
pub mod effect;
pub mod event;
pub mod in_words;
pub mod story;
pub mod timeline;

pub use assistant::{AssistantFault, AssistantTerms};
pub use call::{Call, Terms, Timer};
pub use deciding::answer_of;
pub use effect::{CallEnd, Decided, Effect, Follows, Next};
pub use event::{Asker, Event, Felt, Heard, MoodHeard, Noted, Said, TurnHeard, WhyAsked};
pub use timeline::Entry;
