//! Who takes part: prospects with numbers of their own, reps of several kinds, an assistant that does not stop talking.

use std::time::Duration;

use crate::audio::clip::Clip;
use crate::audio::g711;
use crate::live::house_voice::HouseVoice;
use crate::sim::assistant::{AfterLast, AssistantScript, Pace};
use crate::sim::carrier::FallbackDocument;
use crate::sim::dice::Dice;
use crate::sim::person::{Answers, Person, Phone, Step};
use crate::sim::sound::{self, Phrase, Pitch};

use super::NumberFallback;
use super::plan::PlannedCall;

/// The phone of this call's prospect. Each has a number of their own, by which their record is found.
pub(super) fn prospect(call: &PlannedCall) -> Phone {
    // 555-01xx of an area each hundred calls.
    let number = format!("+1{:03}55501{:02}", 200 + call.number / 100, call.number % 100);
    let mut person = Person::new(&format!("prospect-{}", call.number));
    if let Some(asks_at) = call.asks_at {
        person = person.then(Step::WaitUntil(asks_at)).then(Step::Press('0'));
    }
    let words = Phrase::spoken("well there are forty of us and we need it soon", Pitch::PROSPECT);
    let talks = (1..).map(|n| call.asks_at.unwrap_or_default() + TALKS_EVERY * n);
    for at in talks.take_while(|at| *at + TALKS_EVERY < call.leaves_at) {
        person = person.then(Step::WaitUntil(at)).then(Step::Say(words.clone()));
    }
    person = person.then(Step::WaitUntil(call.leaves_at)).then(Step::HangUp);
    Phone { number, person }
}

/// The reps' phones, in the order in which they are asked.
pub(super) fn reps(count: u32, seed: u64) -> Vec<Phone> {
    let mut dice = Dice::new(seed);
    (1..=count).map(|number| rep(number, &mut dice)).collect()
}

fn rep(number: u32, dice: &mut Dice) -> Phone {
    let person = Person::new(&format!("rep-{number}"));
    let picks_up = dice.span(&(Duration::from_millis(600)..Duration::from_secs(3)));
    let person = match number % 6 {
        4 => person.who_answers(Answers::Declines(picks_up)),
        0 => person.who_answers(Answers::Never),
        _ => {
            let thinks = dice.span(&(Duration::from_millis(400)..Duration::from_secs(3)));
            let mut person = person
                .who_answers(Answers::After(picks_up))
                .then(Step::WaitUntilHears(Duration::from_millis(600)))
                .then(Step::Wait(thinks))
                .then(Step::Press('1'));
            // Whose key fell into a gap is asked again, and says yes again; otherwise it changes nothing any more.
            for _ in 0..SAYS_YES_AGAIN {
                person = person.then(Step::Wait(AFTER_THE_WHISPER)).then(Step::Press('1'));
            }
            let words = Phrase::spoken("I look after larger teams so tell me more", Pitch::REP);
            for _ in 0..TALKS_AT_MOST {
                person = person.then(Step::Say(words.clone())).then(Step::Wait(TALKS_EVERY));
            }
            person
        }
    };
    Phone { number: format!("+1415555{:04}", 100 + number), person }
}

/// An assistant that goes on and on, in real time: whoever is with it always hears something, so that silence means
/// that something is wrong.
pub(super) fn assistant() -> AssistantScript {
    let monologue = sound::speech(MONOLOGUE, Pitch::ASSISTANT, 1);
    AssistantScript {
        greeting: Some(Phrase::new("all there is to know", monologue)),
        after_last: AfterLast::StaysQuiet,
        pace: Pace { chunk: Duration::from_millis(100), times_real_time: 1.0 },
        yields: false,
        ..AssistantScript::default()
    }
}

/// The number's fallback at the carrier.
pub(super) fn fallback(what: NumberFallback) -> FallbackDocument {
    match what {
        NumberFallback::AsksAgain => {
            FallbackDocument::AsksAgain { words: ONE_MOMENT.to_owned(), hold: hold(HOLDS) }
        }
        NumberFallback::Says => FallbackDocument::Says(CANNOT_TAKE.to_owned()),
    }
}

/// So much of the built-in hold.
fn hold(length: Duration) -> Clip {
    let voice = HouseVoice::built_in();
    let frames = (0..voice.hold().frames()).cycle().filter_map(|n| voice.hold().frame(n));
    let samples = frames.flatten().map(|byte| g711::decode(*byte));
    Clip::from_samples(&samples.take(length.as_millis() as usize * 8).collect::<Vec<_>>())
}

/// What the fallback says before it asks again.
pub(super) const ONE_MOMENT: &str = "One moment please, we are getting you back.";
/// What Baton says where nobody of ours can carry the call; set in its configuration.
pub(super) const CANNOT_TAKE: &str =
    "We are sorry, we cannot take your call right now. Please call again later.";
/// What the carrier says where nothing answers at all.
pub(super) const APPLICATION_ERROR: &str = "application error";

/// Often enough to be heard, seldom enough to hear others.
const TALKS_EVERY: Duration = Duration::from_secs(6);
/// The whisper has six seconds.
const AFTER_THE_WHISPER: Duration = Duration::from_secs(7);
/// A restart and being connected again take less than two of them.
const SAYS_YES_AGAIN: usize = 2;
/// Longer than any call.
const TALKS_AT_MOST: usize = 20;
/// Longer than any call.
const MONOLOGUE: Duration = Duration::from_secs(110);
/// With the words some seven seconds: a restart within five is over by then.
const HOLDS: Duration = Duration::from_secs(5);
