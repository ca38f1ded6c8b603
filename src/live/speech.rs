//! The assistant's speech on its way to the prospect: in order, never dropped before the cap, fenced by clears.

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::live::seat::AssistantCommand;

/// One piece of what the assistant says, of the generation that its own clears count.
#[derive(Debug)]
pub struct Speech {
    /// How often the assistant had cleared when it said this.
    pub clears: u32,
    /// What it is.
    pub piece: Piece,
}

/// A piece of speech.
#[derive(Debug)]
pub enum Piece {
    /// µ-law sound.
    Sound(Bytes),
    /// The assistant wants to know when everything before it was played.
    Mark(AssistantMark),
}

/// A mark, and who wants it back: an assistant that was dialled again gets none of its predecessor's.
#[derive(Debug)]
pub struct AssistantMark {
    /// What the assistant called it.
    pub name: String,
    /// The line of the assistant that set it.
    pub owner: mpsc::Sender<AssistantCommand>,
}

impl AssistantMark {
    /// It was played, or would have been, at this moment.
    pub fn played(self, at: Instant) {
        // An assistant whose queue of news is full, or which is gone, has other troubles than this mark.
        let _ = self.owner.try_send(AssistantCommand::Played { name: self.name, at });
    }
}
