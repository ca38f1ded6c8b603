//! Journeys: the built app over real sockets, one file a story.

mod assistants;
mod doors;
mod handed_over;
mod logs;
mod races;
mod stage;
