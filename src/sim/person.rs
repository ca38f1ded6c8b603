//! A person on a phone: whether they pick up, and what they then do and say.

use std::time::Duration;

use crate::sim::sound::{self, Phrase};

/// A phone that the simulated carrier can ring, or that can dial us.
#[derive(Clone, Debug)]
pub struct Phone {
    /// Its number, as `+14155550123`.
    pub number: String,
    /// Who holds it.
    pub person: Person,
}

/// Somebody, and what they do in a call.
#[derive(Clone, Debug)]
pub struct Person {
    /// What the story calls them.
    pub name: String,
    /// What they do when their phone rings.
    pub answers: Answers,
    /// What they do once they are connected, one step after the other.
    pub steps: Vec<Step>,
}

/// What a person does when their phone rings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answers {
    /// Picks up after this long.
    After(Duration),
    /// Lets it ring.
    Never,
    /// Is on the phone already.
    Busy,
    /// Presses the red key after this long.
    Declines(Duration),
}

/// One thing that a person does. Steps follow each other; each begins when the one before has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Says this.
    Say(Phrase),
    /// Presses this key.
    Press(char),
    /// Hangs up.
    HangUp,
    /// Does nothing for this long.
    Wait(Duration),
    /// Does nothing until this long after the call was answered.
    WaitUntil(Duration),
    /// Listens until so much speech was heard in all.
    WaitUntilHears(Duration),
    /// Listens until nobody has spoken for this long.
    WaitForSilence(Duration),
}

impl Person {
    /// Somebody who picks up after a second and listens until the other side hangs up.
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), answers: Answers::After(Duration::from_secs(1)), steps: Vec::new() }
    }

    /// The same person, answering otherwise.
    #[must_use]
    pub fn who_answers(mut self, answers: Answers) -> Self {
        self.answers = answers;
        self
    }

    /// The same person, doing this too.
    #[must_use]
    pub fn then(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    /// A machine that picks up, talks, beeps and records: to the carrier it looks like a person (FIELD.md §1, race 3).
    pub fn voicemail(name: &str, after: Duration, greeting: Phrase) -> Self {
        Self::new(name)
            .who_answers(Answers::After(after))
            .then(Step::Say(greeting))
            .then(Step::Say(sound::beep()))
            .then(Step::Wait(RECORDS_AT_MOST))
            .then(Step::HangUp)
    }
}

/// What voicemails commonly allow for a message.
const RECORDS_AT_MOST: Duration = Duration::from_mins(2);
