//! The minutes of one call: pieces of words in, what was said and what it tells out.

use crate::call::{Noted, Said};
use crate::conversation::{Note, Piece, Shape, Source, Transcript, Turn};
use crate::time::CallTime;

/// The minutes of one call.
#[derive(Debug)]
pub(crate) struct Minutes {
    transcript: Transcript,
}

impl Minutes {
    /// Of a call whose sources are believed in this order.
    pub(crate) fn new(prefer: &[Source]) -> Self {
        Self { transcript: Transcript::new(prefer) }
    }

    /// A source heard this; nothing where that is no news.
    pub(crate) fn words(&mut self, piece: Piece) -> Vec<Said> {
        let before = self.transcript.ignored();
        let turns = self.transcript.put(piece);
        let ignored = self.transcript.ignored();
        for (why, now, before) in [
            ("empty", ignored.empty, before.empty),
            ("too long", ignored.too_long, before.too_long),
            ("late", ignored.late, before.late),
            ("too many", ignored.too_many, before.too_many),
        ] {
            if now > before {
                metrics::counter!("baton_words_ignored_total", "why" => why).increment(now - before);
            }
        }
        turns.into_iter().map(said).collect()
    }

    /// The assistant was cut off then: what it had yet to say was not heard.
    pub(crate) fn cut(&mut self, at: CallTime) -> Vec<Said> {
        self.transcript.cut(at).into_iter().map(said).collect()
    }

    /// The assistant noted this.
    pub(crate) fn noted(&mut self, note: Note) -> Noted {
        Noted { note, signals: Vec::new() }
    }
}

fn said(turn: Turn) -> Said {
    Said { turn, signals: Vec::new(), facts: Vec::new(), shape: Shape::default() }
}
