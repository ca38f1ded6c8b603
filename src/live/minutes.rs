//! The minutes of one call: pieces of words in, what was said and what it tells out.

use crate::call::{Noted, Said};
use crate::conversation::{Note, Piece, Shape, Transcript};

/// The minutes of one call.
#[derive(Debug, Default)]
pub(crate) struct Minutes {
    transcript: Transcript,
}

impl Minutes {
    /// A source heard this; none where that is no news.
    pub(crate) fn words(&mut self, piece: Piece) -> Option<Said> {
        let turn = self.transcript.put(piece)?;
        Some(Said { turn, signals: Vec::new(), facts: Vec::new(), shape: Shape::default() })
    }

    /// The assistant noted this.
    pub(crate) fn noted(&mut self, note: Note) -> Noted {
        Noted { note, signals: Vec::new() }
    }
}
