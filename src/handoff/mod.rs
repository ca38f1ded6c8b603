//! How the prospect gets to a person: one small machine from the wish for a person to its outcome.
//!
//! The whole machine is this table. *Next* means: another rep is left and less than `search` has passed since the
//! handoff began → `Seeking`, else `Over(ReturnedToAssistant)`. In every stage the prospect's leaving ends it, and so does
//! Baton's own end (`Over(CutShort)`). A rep whose line breaks before the introduction is asked or briefed anew when it is
//! back: `Offering` and `Joining` are the safe stages for that, and for a process that was killed and takes the call up.
//!
//! ```text
//! stage        moves on when                        to                         when its time runs out
//! Proposing    the prospect agrees · refuses         Seeking · Over(Declined)   12 s after the question:
//!                                                                              Over(Unanswered)
//! Seeking      a rep is reserved · nobody is free   Offering · Over(Returned)  2 s: Over(Returned)
//! Offering     the rep accepts · the attempt ends   Joining · next             ring 18 s, then 10 s after the question:
//!                                                                              that attempt ends
//! Joining      frames arrive and the claim is       Briefing                   8 s: attempt ends NeverJoined, next
//!              committed · the claim was lost       · next
//! Briefing     the whisper was played or skipped    Cutting                    10 s: Cutting
//! Cutting      the assistant comes to a gap         Introducing                1.5 s: Introducing
//! Introducing  it was played to both · somebody     Bridging                   12 s: Bridging
//!              speaks into it for 500 ms
//! Bridging     the prospect leaves · the rep leaves Over(HandedOver)           none while frames flow (the leg says when
//!              · the rep's line breaks              · Recovering · Rejoining   a line is lost)
//! Rejoining    the rep's line is back               Bridging · Introducing     15 s: Recovering
//! Recovering   the honest line was played           Over(Returned)             10 s: Over(Returned)
//! ```
//!
//! | stage | prospect hears | rep hears | assistant hears |
//! |---|---|---|---|
//! | `Proposing` | the assistant, then the house voice where it asks | – | the prospect; silence while the house voice asks and waits |
//! | `Seeking` `Offering` `Joining` `Briefing` `Cutting` | the assistant, else hold | the house voice | the prospect |
//! | `Introducing` | the house voice, the rep | the house voice, the prospect | silence |
//! | `Bridging` | the rep | the prospect | silence |
//! | `Rejoining` | the house voice, then hold | the house voice | silence |
//! | `Recovering` | the house voice | – | silence |

pub mod action;
pub mod attempt;
mod coming_back;
mod ending;
pub mod hearing;
pub mod input;
pub mod machine;
pub mod outcome;
pub mod policy;
pub mod proposing;
pub mod stage;

pub use action::{Action, Phrase};
pub use attempt::{Attempt, End};
pub use hearing::{Hearing, Sounds};
pub use input::Input;
pub use machine::Handoff;
pub use outcome::{Outcome, WhyReturned};
pub use policy::{Policy, Proposer};
pub use proposing::{Pace, Proposal};
pub use stage::{Introduced, Stage};
