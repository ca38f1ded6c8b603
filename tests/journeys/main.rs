//! Journeys: the built app over real sockets, one file a story.

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod api;
mod assistants;
mod coming_back;
mod crm;
mod decided;
mod described;
mod doors;
mod drain;
mod ear;
mod handed_over;
mod judged;
mod lag;
mod logs;
mod neighbours;
mod offers;
mod partial;
mod program;
mod races;
mod replay;
mod stage;
mod words;
