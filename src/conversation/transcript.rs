//! Pieces from whichever sources there are, put together into turns.

use crate::conversation::piece::Piece;
use crate::conversation::turn::Turn;

/// What was said in a call, turn by turn.
#[derive(Clone, Debug, Default)]
pub struct Transcript {
    turns: Vec<(String, Turn)>,
}

impl Transcript {
    /// A source heard this: the turn as it is known by it, where that is news.
    pub fn put(&mut self, piece: Piece) -> Option<Turn> {
        let Piece { source, name, by, from, until, words, confidence, wording } = piece;
        let same = |(known, turn): &&(String, Turn)| *known == name && turn.source == source && turn.by == by;
        let next = u32::try_from(self.turns.len() + 1).unwrap_or(u32::MAX);
        let number = self.turns.iter().find(same).map_or(next, |(_, turn)| turn.number);
        let turn = Turn { number, by, from, until, words, confidence, wording, source };
        match self.turns.iter_mut().find(|(_, turn)| turn.number == number) {
            Some((_, known)) if *known == turn => return None,
            Some((_, known)) => *known = turn.clone(),
            None => self.turns.push((name, turn.clone())),
        }
        Some(turn)
    }
}
