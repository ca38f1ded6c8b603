//! The minutes of one call: pieces of words in, what was said and what it tells out.

use std::sync::Arc;
use std::time::Duration;

use crate::call::{Entry, Event, Noted, Said};
use crate::conversation::{Context, Note, Piece, Signal, Told, Transcript, Turn, Understanding};
use crate::live::hints::Hints;
use crate::live::seat::Teller;
use crate::live::world::World;
use crate::time::CallTime;

/// The minutes of one call. Most calls have no words for a while, and some never: nothing is kept before the first.
pub(crate) struct Minutes {
    world: Arc<World>,
    context: Context,
    teller: Teller,
    kept: Option<Box<Kept>>,
}

struct Kept {
    transcript: Transcript,
    understanding: Understanding,
    hints: Hints,
}

impl Minutes {
    /// Of a call of which this is known beforehand; what is found later is told there.
    pub(crate) fn new(world: Arc<World>, context: Context, teller: Teller) -> Self {
        Self { world, context, teller, kept: None }
    }

    /// Another process kept them so far: what is in its timeline is read again.
    pub(crate) fn read_again(&mut self, timeline: &[Entry]) {
        for entry in timeline {
            match &entry.event {
                Event::Said(said) => {
                    let kept = self.kept();
                    kept.transcript.known(&said.turn);
                    kept.understanding.hear(&said.turn);
                }
                Event::Noted(noted) => {
                    self.kept().understanding.note(entry.at, &noted.note);
                }
                _not_about_words => {}
            }
        }
    }

    /// A source heard this; nothing where that is no news.
    pub(crate) fn words(&mut self, piece: Piece) -> Vec<Said> {
        let teller = self.teller.clone();
        let kept = self.kept();
        let before = kept.transcript.ignored();
        let turns = kept.transcript.put(piece);
        let ignored = kept.transcript.ignored();
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
            kept.hints.said(turn, &teller);
        }
        kept.said(turns)
    }

    /// A model found this: the turns in which it did, told again with what it found.
    pub(crate) fn hinted(&mut self, signals: &[Signal]) -> Vec<Said> {
        let Some(kept) = &mut self.kept else { return Vec::new() };
        // A turn may have lost its words meanwhile: then nothing was found.
        let found = |turn: &&Turn| signals.iter().any(|signal| signal.turn == Some(turn.number));
        let turns = kept.transcript.turns().filter(found).cloned().collect();
        let mut all = kept.said(turns);
        for said in &mut all {
            let hints = signals.iter().filter(|signal| signal.turn == Some(said.turn.number));
            said.signals.extend(hints.cloned());
        }
        all
    }

    /// The assistant was cut off then: what it had yet to say was not heard.
    pub(crate) fn cut(&mut self, at: CallTime) -> Vec<Said> {
        let Some(kept) = &mut self.kept else { return Vec::new() };
        let turns = kept.transcript.cut(at);
        kept.said(turns)
    }

    /// The house voice says this to the prospect from then on: what they say next answers it.
    pub(crate) fn house_says(&mut self, at: CallTime, lasts: Duration, words: &str) -> Vec<Said> {
        let kept = self.kept();
        let turn = kept.transcript.house_says(at, at + lasts, words);
        kept.said(vec![turn])
    }

    /// The assistant noted this.
    pub(crate) fn noted(&mut self, at: CallTime, note: Note) -> Noted {
        let Told { signals, .. } = self.kept().understanding.note(at, &note);
        Noted { note, signals }
    }

    fn kept(&mut self) -> &mut Kept {
        self.kept.get_or_insert_with(|| {
            let words = &self.world.words;
            Box::new(Kept {
                transcript: Transcript::new(&words.prefer),
                understanding: Understanding::new(&words.lexicon, self.context.clone()),
                hints: Hints::new(words.hinting.clone()),
            })
        })
    }
}

impl Kept {
    fn said(&mut self, turns: Vec<Turn>) -> Vec<Said> {
        let tell = |turn: Turn| {
            let Told { signals, facts, shape } = self.understanding.hear(&turn);
            Said { turn, signals, facts, shape }
        };
        turns.into_iter().map(tell).collect()
    }
}
