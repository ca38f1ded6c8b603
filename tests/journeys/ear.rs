//! The ear in a call: what it finds is in the timeline, and nobody's mood is read before they were told.

use std::time::Duration;

use baton::call::{Event, Heard, MoodHeard, TurnHeard};
use baton::id::LegId;
use baton::sim::person::{Person, Step};
use baton::sim::sound::{self, Phrase, Pitch};
use baton::sim::story::What;

use crate::stage::{PROSPECT, Stage, s};

const ANNOUNCEMENT: &str = "we analyse your voice in this call";

/// Lets the assistant speak for a while, then talks for so long, three times.
fn talker(each: Duration) -> Person {
    let mut person = Person::new("prospect");
    for time in 0..3 {
        let clip = sound::speech(each, Pitch::PROSPECT, 40 + time);
        let words = Phrase::new("something long", clip);
        person = person.then(Step::Wait(s(6))).then(Step::Say(words));
    }
    person.then(Step::Wait(s(3))).then(Step::HangUp)
}

async fn heard(stage: &Stage) -> (Vec<TurnHeard>, Vec<MoodHeard>) {
    let record = stage.record().await;
    let (mut turns, mut moods) = (Vec::new(), Vec::new());
    for entry in stage.timeline(&record).await {
        match entry.event {
            Event::TurnHeard(turn) => turns.push(turn),
            Event::MoodHeard(mood) => moods.push(mood),
            _else => {}
        }
    }
    (turns, moods)
}

#[tokio::test(flavor = "multi_thread")]
async fn prospect_is_told_before_their_mood_is_read_and_turns_and_mood_are_in_the_timeline() {
    let stage = Stage::start_with(Stage::unkind_carrier(), Stage::kind_assistant(), |config| {
        config.ear.mood = true;
        ANNOUNCEMENT.clone_into(&mut config.ear.announcement);
    })
    .await;
    let mut story = stage.world.story().follow();
    let prospect = stage.world.prospect_calls(PROSPECT, talker(s(5)));
    assert!(prospect.is_over(s(90)).await.is_some(), "they hang up in the end");
    let mut told = false;
    while let Ok(happening) = story.try_recv() {
        match happening.what {
            What::Heard(words) if words == ANNOUNCEMENT => told = true,
            What::StreamBegan if happening.who == "prospect" => assert!(told, "they are told first"),
            _else => {}
        }
    }
    assert!(told, "they are told");
    let (turns, moods) = heard(&stage).await;
    let of = |leg: LegId| turns.iter().filter(|turn| turn.leg == leg).copied().collect::<Vec<_>>();
    let (theirs, assistants) = (of(LegId::Prospect), of(LegId::Assistant));
    assert!(theirs.len() >= 2 && assistants.len() >= 2, "{turns:?}");
    for turn in &assistants {
        assert!(turn.level_dbfs.is_some_and(|level| (-35..-8).contains(&level)), "{turn:?}");
    }
    for turn in &theirs {
        assert!((3_500..6_500).contains(&turn.lasted_millis), "they talk for 5 s at a time: {turn:?}");
        assert!(turn.level_dbfs.is_some_and(|level| (-30..-10).contains(&level)), "{turn:?}");
    }
    assert!(theirs.iter().any(|turn| turn.latency_millis.is_some_and(|late| late > 500)), "{theirs:?}");
    let read = moods.iter().filter(|mood| mood.activation.is_some()).count();
    assert!(read > 0, "fifteen seconds are enough for some evidence: {moods:?}");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mood_is_not_read_unless_the_operator_wants_it_and_turns_are_heard_all_the_same() {
    let stage = Stage::start(Stage::kind_assistant()).await;
    let prospect = stage.world.prospect_calls(PROSPECT, talker(s(3)));
    stage.is_told(Event::Heard { leg: LegId::Prospect, what: Heard::TookTheFloor }).await;
    assert!(prospect.is_over(s(60)).await.is_some());
    let (turns, moods) = heard(&stage).await;
    assert!(moods.is_empty(), "{moods:?}");
    assert!(turns.iter().any(|turn| turn.leg == LegId::Prospect), "{turns:?}");
    stage.close().await;
}
