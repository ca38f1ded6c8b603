//! When a model is asked what it finds in the last turns of a call: every few turns of the prospect, one question at a time, and
//! not more often in a call than is paid for. Nothing waits for the answer.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::conversation::{Speaker, Turn, Wording};
use crate::live::seat::Teller;
use crate::ports::Hinter;

/// Whom calls ask for hints, and how often.
pub struct Hinting {
    /// Whom.
    pub hinter: Arc<dyn Hinter>,
    /// After so many turns of the prospect.
    pub every: u32,
    /// So often in a call at most.
    pub most: u32,
}

/// The hints of one call.
pub(crate) struct Hints {
    hinting: Option<Arc<Hinting>>,
    turns: VecDeque<Turn>,
    /// The prospect's last turn that was counted.
    counted: u32,
    /// How many were counted since the last question.
    since: u32,
    asked: u32,
    /// The right to ask: one question at a time.
    free: Arc<Semaphore>,
}

impl Hints {
    pub(crate) fn new(hinting: Option<Arc<Hinting>>) -> Self {
        let free = Arc::new(Semaphore::new(1));
        Self { hinting, turns: VecDeque::new(), counted: 0, since: 0, asked: 0, free }
    }

    /// This turn is known now; perhaps it is time to ask.
    pub(crate) fn said(&mut self, turn: &Turn, teller: &Teller) {
        let Some(hinting) = self.hinting.clone().filter(|_| turn.wording == Wording::Final) else { return };
        match self.turns.iter_mut().find(|known| known.number == turn.number) {
            Some(known) => *known = turn.clone(),
            None => self.turns.push_back(turn.clone()),
        }
        while self.turns.len() > SHOWN {
            self.turns.pop_front();
        }
        if turn.by != Speaker::Prospect || turn.words.is_empty() || turn.number <= self.counted {
            return;
        }
        self.counted = turn.number;
        self.since += 1;
        if self.since < hinting.every || self.asked >= hinting.most {
            return;
        }
        // While one is on its way the next waits for the next turn.
        let Ok(right) = self.free.clone().try_acquire_owned() else { return };
        self.since = 0;
        self.asked += 1;
        let (turns, teller) = (self.turns.iter().cloned().collect(), teller.clone());
        tokio::spawn(async move {
            let answer = timeout(AT_MOST, hinting.hinter.hints(turns)).await;
            drop(right);
            let outcome = match answer {
                Ok(Ok(signals)) if signals.is_empty() => "nothing",
                Ok(Ok(signals)) => {
                    // False only where the call is over: then nobody wants to know.
                    teller.hinted(signals).await;
                    "some"
                }
                Ok(Err(fault)) => {
                    tracing::debug!(%fault, "the model gave no hints");
                    "fault"
                }
                Err(_too_slow) => "too slow",
            };
            metrics::counter!("baton_hints_total", "outcome" => outcome).increment(1);
        });
    }
}

/// As many turns are shown to it: what was said before them it was shown before.
const SHOWN: usize = 24;

/// Whatever it says of itself: later than that the talk has moved on.
const AT_MOST: Duration = Duration::from_secs(30);
