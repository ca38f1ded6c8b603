//! Words in a call: whoever hears them, they are in the timeline, with who said them and when; and a source that breaks touches
//! nothing.

use std::time::Duration;

use baton::call::{Event, Said};
use baton::conversation::{Source, Speaker, Wording};
use baton::sim::carrier::{CarrierSettings, TranscriptionFault, TranscriptionSettings};
use baton::sim::person::{Person, Step};
use baton::sim::sound::{Phrase, Pitch};
use baton::time::CallTime;

use crate::stage::{PROSPECT, Stage, longest_nothing, s};

const FIRST: &str = "hello I have a question about your prices";
const SECOND: &str = "can I talk to a real person please";

/// Says one thing, waits for the answer, says another.
fn prospect() -> Person {
    Person::new("prospect")
        .then(Step::Wait(s(4)))
        .then(Step::Say(Phrase::spoken(FIRST, Pitch::PROSPECT)))
        .then(Step::Wait(s(5)))
        .then(Step::Say(Phrase::spoken(SECOND, Pitch::PROSPECT)))
        .then(Step::Wait(s(3)))
        .then(Step::HangUp)
}

/// What was said, as it was told last of each turn, and when each turn was told first.
async fn said(stage: &Stage) -> Vec<(Said, CallTime)> {
    let record = stage.record().await;
    let mut turns: Vec<(Said, CallTime)> = Vec::new();
    for entry in stage.timeline(&record).await {
        if let Event::Said(said) = entry.event {
            match turns.iter_mut().find(|(known, _)| known.turn.number == said.turn.number) {
                Some((known, _)) => *known = *said,
                None => turns.push((*said, entry.at)),
            }
        }
    }
    turns.retain(|(said, _)| !said.turn.words.is_empty());
    turns
}

fn words_of(turns: &[(Said, CallTime)], by: Speaker) -> Vec<&str> {
    turns.iter().filter(|(said, _)| said.turn.by == by).map(|(said, _)| said.turn.words.as_str()).collect()
}

fn transcribing(settings: TranscriptionSettings) -> CarrierSettings {
    CarrierSettings { transcription: settings, ..Stage::unkind_carrier() }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_carrier_transcribes_is_in_the_timeline_while_it_is_being_said() {
    let settings = TranscriptionSettings {
        played: vec![(s(2), "hello this is the assistant".to_owned())],
        ..TranscriptionSettings::default()
    };
    let stage = Stage::start_with(transcribing(settings), Stage::kind_assistant(), |config| {
        config.words.carrier = true
    })
    .await;
    let call = stage.world.prospect_calls(PROSPECT, prospect());
    let began = stage.is_told(Event::ProspectArrived).await;
    assert!(call.is_over(s(60)).await.is_some());
    let turns = said(&stage).await;
    assert_eq!(words_of(&turns, Speaker::Prospect), [FIRST, SECOND]);
    assert_eq!(words_of(&turns, Speaker::Assistant), ["hello this is the assistant"]);
    for (said, told_first) in &turns {
        let turn = &said.turn;
        assert_eq!((turn.source, turn.wording, turn.confidence), (Source::Carrier, Wording::Final, Some(92)));
        let lasted = turn.until.since(turn.from);
        assert!((s(1)..s(4)).contains(&lasted), "{turn:?}");
        if turn.by == Speaker::Prospect {
            assert!(
                *told_first < turn.until + Duration::from_millis(300),
                "told early: {told_first} {turn:?}"
            );
        }
    }
    let theirs: Vec<CallTime> = turns
        .iter()
        .filter(|(said, _)| said.turn.by == Speaker::Prospect)
        .map(|(said, _)| said.turn.from)
        .collect();
    let first = theirs[0].since(began);
    // They speak four seconds after they were picked up, half a second before their stream is there.
    assert!((s(2)..s(6)).contains(&first), "{first:?}");
    assert!((s(6)..s(9)).contains(&theirs[1].since(theirs[0])), "{theirs:?}");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transcription_that_talks_rubbish_and_says_all_twice_changes_no_word() {
    let settings =
        TranscriptionSettings { fault: TranscriptionFault::Rubbish, ..TranscriptionSettings::default() };
    let stage = Stage::start_with(transcribing(settings), Stage::kind_assistant(), |config| {
        config.words.carrier = true
    })
    .await;
    let call = stage.world.prospect_calls(PROSPECT, prospect());
    assert!(call.is_over(s(60)).await.is_some());
    assert_eq!(words_of(&said(&stage).await, Speaker::Prospect), [FIRST, SECOND]);
    assert!(longest_nothing(&call) < s(8), "the assistant was heard as ever");
    let numbers = stage.numbers().await;
    assert!(numbers.contains("baton_carrier_transcription_total{event=\"unreadable\"}"), "{numbers}");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transcription_that_fails_touches_nothing() {
    let settings =
        TranscriptionSettings { fault: TranscriptionFault::Fails, ..TranscriptionSettings::default() };
    let stage = Stage::start_with(transcribing(settings), Stage::kind_assistant(), |config| {
        config.words.carrier = true
    })
    .await;
    let call = stage.world.prospect_calls(PROSPECT, prospect());
    assert!(call.is_over(s(60)).await.is_some());
    assert_eq!(said(&stage).await, []);
    stage.close().await;
}
