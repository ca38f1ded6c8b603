//! The minutes of one call: pieces of words in, what was said and what it tells out.

use crate::call::{Noted, Said};
use crate::conversation::{Note, Piece, Shape, Signal, Transcript, Turn};
use crate::live::hints::Hints;
use crate::live::seat::Teller;
use crate::live::words::Words;
use crate::time::CallTime;

/// The minutes of one call.
pub(crate) struct Minutes {
    transcript: Transcript,
    hints: Hints,
    teller: Teller,
}

impl Minutes {
    /// Of a call whose words come from there; what is found later is told there.
    pub(crate) fn new(words: &Words, teller: Teller) -> Self {
        let transcript = Transcript::new(&words.prefer);
        Self { transcript, hints: Hints::new(words.hinting.clone()), teller }
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
        for turn in &turns {
            self.hints.said(turn, &self.teller);
        }
        turns.into_iter().map(said).collect()
    }

    /// A model found this: the turns in which it did, told again with what it found.
    pub(crate) fn hinted(&mut self, signals: Vec<Signal>) -> Vec<Said> {
        let mut all: Vec<Said> = Vec::new();
        for signal in signals {
            match all.iter_mut().find(|said| Some(said.turn.number) == signal.turn) {
                Some(said) => said.signals.push(signal),
                // A turn may have lost its words meanwhile: then nothing was found.
                None => all.extend(
                    self.transcript
                        .turns()
                        .find(|turn| Some(turn.number) == signal.turn)
                        .map(|turn| Said { signals: vec![signal.clone()], ..said(turn.clone()) }),
                ),
            }
        }
        all
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
