//! Journeys: the built app over real sockets, one file a story.

mod handed_over;
mod stage;
