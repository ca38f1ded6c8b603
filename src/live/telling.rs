//! What somebody outside tells a running call: words, notes, a wish for a person. It comes over the control API or on the
//! assistant's own socket, and means the same on both.

use std::time::Duration;

use crate::call::{Asker, Event, WhyAsked};
use crate::conversation::{Note, Piece, Source, Speaker, Wording};
use crate::escalation::{Answer, Urgency};
use crate::handoff::Pace;
use crate::live::chance;
use crate::live::seat::Teller;
use crate::time::CallTime;

/// What somebody outside tells a running call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Telling {
    /// Somebody said this.
    Turn(ToldTurn),
    /// The assistant noted this.
    Note(Note),
    /// A person is wanted, for this reason.
    PersonAsked(WhyAsked),
    /// The prospect is to be asked whether they would like a person.
    PersonProposed(WhyAsked),
    /// No person is wanted after all.
    PersonNotNeeded,
    /// The prospect was offered a person and answered so.
    ProposalAnswered(Answer),
}

/// A turn as the assistant tells it, on its own clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToldTurn {
    /// Who spoke.
    pub by: Speaker,
    /// What they said.
    pub words: String,
    /// When they began.
    pub began: Began,
    /// When they ended, in the call; none: reckoned from the number of words.
    pub ended: Option<CallTime>,
    /// How sure the assistant's recogniser is, in hundredths.
    pub confidence: Option<u8>,
    /// Whether the words may still change.
    pub wording: Wording,
    /// The assistant's name for it: a later one of that name takes its place.
    pub name: Option<String>,
}

/// When a turn began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Began {
    /// It has just ended.
    JustNow,
    /// At this time of the call.
    At(CallTime),
    /// So long ago.
    Ago(Duration),
}

/// A turn whose time cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WrongTime {
    /// It has yet to come.
    #[error(
        "its time lies ahead: the call has lasted {lasted_ms} ms, and times are milliseconds since it began"
    )]
    Ahead {
        /// How long the call has lasted.
        lasted_ms: u128,
    },
    /// It ends before it begins.
    #[error("it ends before it begins")]
    Backwards,
}

impl ToldTurn {
    /// The piece of words that this is, told at this time of the call.
    pub fn piece(self, now: CallTime) -> Result<Piece, WrongTime> {
        let reckoned = A_WORD.saturating_mul(self.words.split_whitespace().count().max(1) as u32);
        let from = match self.began {
            Began::JustNow => earlier(self.ended.unwrap_or(now), reckoned),
            Began::At(at) => at,
            Began::Ago(ago) => earlier(now, ago),
        };
        let until = self.ended.unwrap_or_else(|| (from + reckoned).min(now).max(from));
        if from.max(until) > now + CLOCKS_DIFFER {
            return Err(WrongTime::Ahead { lasted_ms: now.since_start().as_millis() });
        }
        if until < from {
            return Err(WrongTime::Backwards);
        }
        // Without a name nothing takes its place, so any that is not there will do.
        let name = self.name.unwrap_or_else(|| format!("unnamed-{:032x}", chance::bits()));
        let (by, words, confidence, wording) = (self.by, self.words, self.confidence, self.wording);
        Ok(Piece { source: Source::Assistant, name, by, from, until, words, confidence, wording })
    }
}

/// Tells the call a piece of words, a note or an event; false when it is over.
#[derive(Clone, Debug, PartialEq)]
pub enum Tellable {
    /// Words.
    Words(Piece),
    /// A note.
    Noted(Note),
    /// Events, one after the other.
    Events(Vec<Event>),
}

impl Telling {
    /// What the call is told at this time; an error where that cannot be.
    pub fn at(self, now: CallTime) -> Result<Tellable, WrongTime> {
        Ok(match self {
            Self::Turn(turn) => Tellable::Words(turn.piece(now)?),
            Self::Note(note) => Tellable::Noted(note),
            Self::PersonAsked(why) => because(why, Event::PersonAsked(Asker::Api)),
            Self::PersonProposed(why) => {
                let pace =
                    if why.urgency == Some(Urgency::Immediate) { Pace::AtOnce } else { Pace::AtTheNextPause };
                because(why, Event::PersonProposed { by: Asker::Api, pace })
            }
            Self::PersonNotNeeded => Tellable::Events(vec![Event::PersonNotNeeded]),
            Self::ProposalAnswered(answer) => Tellable::Events(vec![Event::ProposalAnswered(answer)]),
        })
    }
}

impl Tellable {
    /// Tells it; false when the call is over.
    pub async fn tell(self, teller: &Teller) -> bool {
        match self {
            Self::Words(piece) => teller.words(piece).await,
            Self::Noted(note) => teller.noted(note).await,
            Self::Events(events) => {
                for event in events {
                    if !teller.tell(event).await {
                        return false;
                    }
                }
                true
            }
        }
    }
}

fn because(why: WhyAsked, wish: Event) -> Tellable {
    if why == WhyAsked::default() {
        Tellable::Events(vec![wish])
    } else {
        Tellable::Events(vec![Event::WhyAsked(Box::new(why)), wish])
    }
}

fn earlier(time: CallTime, span: Duration) -> CallTime {
    CallTime::from_micros(
        time.as_micros().saturating_sub(u64::try_from(span.as_micros()).unwrap_or(u64::MAX)),
    )
}

/// What people need for a word, pauses included: 150 words a minute.
const A_WORD: Duration = Duration::from_millis(400);

/// The assistant's clock and ours, and the way between.
const CLOCKS_DIFFER: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(began: Began, ended: Option<u64>) -> ToldTurn {
        ToldTurn {
            by: Speaker::Prospect,
            words: "may I talk to somebody".to_owned(),
            began,
            ended: ended.map(CallTime::from_millis),
            confidence: None,
            wording: Wording::Final,
            name: Some("t1".to_owned()),
        }
    }

    fn times(turn: ToldTurn) -> Result<(u64, u64), WrongTime> {
        let millis = |at: CallTime| at.as_micros() / 1_000;
        turn.piece(CallTime::from_millis(60_000)).map(|piece| (millis(piece.from), millis(piece.until)))
    }

    #[test]
    fn a_turn_is_put_where_it_was_said_as_far_as_that_is_told() {
        let at = |ms| Began::At(CallTime::from_millis(ms));
        for (began, ended, expected) in [
            (Began::JustNow, None, (58_000, 60_000)),
            (Began::JustNow, Some(30_000), (28_000, 30_000)),
            (at(10_000), Some(11_000), (10_000, 11_000)),
            (at(10_000), None, (10_000, 12_000)),
            (at(59_500), None, (59_500, 60_000)),
            (at(61_000), None, (61_000, 61_000)),
            (Began::Ago(Duration::from_secs(5)), None, (55_000, 57_000)),
            (Began::Ago(Duration::from_secs(3_600)), None, (0, 2_000)),
        ] {
            assert_eq!(times(turn(began, ended)), Ok(expected), "{began:?} {ended:?}");
        }
    }

    #[test]
    fn a_turn_of_the_future_or_that_runs_backwards_is_refused() {
        let unix = Began::At(CallTime::from_millis(1_790_000_000_000));
        assert_eq!(times(turn(unix, None)), Err(WrongTime::Ahead { lasted_ms: 60_000 }));
        assert_eq!(times(turn(Began::JustNow, Some(90_000))), Err(WrongTime::Ahead { lasted_ms: 60_000 }));
        let at = Began::At(CallTime::from_millis(9_000));
        assert_eq!(times(turn(at, Some(8_000))), Err(WrongTime::Backwards));
    }

    #[test]
    fn turns_without_a_name_stand_beside_each_other() {
        let unnamed =
            || ToldTurn { name: None, ..turn(Began::JustNow, None) }.piece(CallTime::from_millis(9_000));
        assert_ne!(unnamed().unwrap().name, unnamed().unwrap().name);
    }

    #[test]
    fn why_a_person_is_asked_for_comes_before_the_asking() {
        let why = WhyAsked { note: "wants a quote".to_owned(), ..WhyAsked::default() };
        let asked = Event::PersonAsked(Asker::Api);
        let plain = Telling::PersonAsked(WhyAsked::default()).at(CallTime::ZERO);
        assert_eq!(plain, Ok(Tellable::Events(vec![asked.clone()])));
        let with_why = Telling::PersonAsked(why.clone()).at(CallTime::ZERO);
        assert_eq!(with_why, Ok(Tellable::Events(vec![Event::WhyAsked(Box::new(why)), asked])));
    }
}
