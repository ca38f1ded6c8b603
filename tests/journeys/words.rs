//! Words in a call: whoever hears them, they are in the timeline, with who said them and when; and a source that breaks touches
//! nothing.

use std::time::Duration;

use baton::call::{Effect, Event, Said};
use baton::config::{Secret, Span};
use baton::conversation::{SignalKind, Source, Speaker, Wording};
use baton::id::LegId;
use baton::sim::carrier::{CarrierSettings, TranscriptionFault, TranscriptionSettings};
use baton::sim::person::{Person, Step};
use baton::sim::sound::{Phrase, Pitch};
use baton::sim::speech::{
    Endpoint, EndpointFault, Model, ModelFault, Recogniser, RecogniserFault, RecogniserScript,
};
use baton::time::CallTime;

use crate::stage::{PROSPECT, Stage, clearly_heard, greeting, longest_nothing, s};

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
        config.words.carrier = true;
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
        config.words.carrier = true;
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
        config.words.carrier = true;
    })
    .await;
    let call = stage.world.prospect_calls(PROSPECT, prospect());
    assert!(call.is_over(s(60)).await.is_some());
    assert_eq!(said(&stage).await, []);
    stage.close().await;
}

const KEY: &str = "key-of-the-recogniser";

fn script(fault: RecogniserFault) -> RecogniserScript {
    let second = ["hello this is the assistant how can I help", "of course let me tell you all about that"];
    RecogniserScript {
        first: [FIRST, SECOND].map(str::to_owned).into(),
        second: second.iter().cycle().take(8).map(|words| (*words).to_owned()).collect(),
        fault,
    }
}

/// A stage with a recogniser that listens along.
async fn listened_to(recogniser: &Recogniser) -> Stage {
    let url = recogniser.url().to_owned();
    Stage::start_with(Stage::unkind_carrier(), Stage::kind_assistant(), |config| {
        config.words.deepgram.url = url;
        config.words.deepgram.key = Secret::new(KEY);
    })
    .await
}

/// When the prospect began to say things, in the call, by the ear.
async fn turns_heard(stage: &Stage) -> Vec<CallTime> {
    let record = stage.record().await;
    let mut turns = Vec::new();
    for entry in stage.timeline(&record).await {
        if let Event::TurnHeard(turn) = entry.event
            && turn.leg == LegId::Prospect
        {
            let ago = Duration::from_millis(u64::from(turn.lasted_millis + turn.ended_ago_millis));
            turns.push(CallTime::ZERO + entry.at.since_start().saturating_sub(ago));
        }
    }
    turns
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_recogniser_hears_of_both_is_in_the_timeline_with_the_times_of_the_call() {
    let recogniser = Recogniser::start(KEY, script(RecogniserFault::Nothing)).await.unwrap();
    let stage = listened_to(&recogniser).await;
    let call = stage.world.prospect_calls(PROSPECT, prospect());
    assert!(call.is_over(s(60)).await.is_some());
    let turns = said(&stage).await;
    assert_eq!(words_of(&turns, Speaker::Prospect), [FIRST, SECOND]);
    let assistants = words_of(&turns, Speaker::Assistant);
    assert_eq!(assistants[0], "hello this is the assistant how can I help", "{assistants:?}");
    let heard = turns_heard(&stage).await;
    let theirs = turns.iter().filter(|(said, _)| said.turn.by == Speaker::Prospect);
    for ((said, told_first), heard) in theirs.zip(&heard) {
        let turn = &said.turn;
        assert_eq!(
            (turn.source, turn.wording, turn.confidence),
            (Source::Recogniser, Wording::Final, Some(97))
        );
        let apart = turn.from.since(*heard).max(heard.since(turn.from));
        assert!(apart < Duration::from_millis(350), "ear and recogniser agree: {heard} {turn:?}");
        assert!(*told_first < turn.until, "told while it is said: {told_first} {turn:?}");
    }
    let asked = &recogniser.connections()[0];
    for (name, value) in
        [("model", "nova-3"), ("encoding", "mulaw"), ("channels", "2"), ("multichannel", "true")]
    {
        assert_eq!(asked.get(name).map(String::as_str), Some(value), "{asked:?}");
    }
    let taken_leave = || recogniser.told().iter().any(|told| told.contains("CloseStream"));
    for _ in 0..100 {
        if taken_leave() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(taken_leave(), "{:?}", recogniser.told());
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recogniser_that_breaks_off_is_connected_again_and_goes_on() {
    let recogniser = Recogniser::start(KEY, script(RecogniserFault::BreaksAfter(s(2)))).await.unwrap();
    let stage = listened_to(&recogniser).await;
    let call = stage.world.prospect_calls(PROSPECT, prospect());
    assert!(call.is_over(s(60)).await.is_some());
    let turns = said(&stage).await;
    assert_eq!(words_of(&turns, Speaker::Prospect), [FIRST, SECOND]);
    assert_eq!(recogniser.connections().len(), 2);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recogniser_that_talks_rubbish_or_refuses_or_hangs_touches_nothing() {
    for fault in [RecogniserFault::Rubbish, RecogniserFault::Refuses, RecogniserFault::Hangs] {
        let recogniser = Recogniser::start(KEY, script(fault)).await.unwrap();
        let stage = listened_to(&recogniser).await;
        let call = stage.world.prospect_calls(PROSPECT, prospect());
        assert!(call.is_over(s(60)).await.is_some());
        let turns = said(&stage).await;
        match fault {
            // Now and then a message can be read, before there is too much that cannot.
            RecogniserFault::Rubbish => assert!(!turns.is_empty()),
            _nothing_is_heard => assert_eq!(turns, [], "{fault:?}"),
        }
        assert!(clearly_heard(&call, &greeting().clip), "the prospect heard the assistant: {fault:?}");
        assert!(longest_nothing(&call) < s(9), "{fault:?}");
        stage.close().await;
    }
}

/// A stage with an endpoint that is sent one turn after the other.
async fn asked_for_words(endpoint: &Endpoint) -> Stage {
    let url = endpoint.url().to_owned();
    Stage::start_with(Stage::unkind_carrier(), Stage::kind_assistant(), |config| {
        config.words.clips.url = url;
        config.words.clips.key = Secret::new(KEY);
        config.words.clips.within = Span::secs(2);
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn turns_that_the_ear_heard_are_sent_to_an_endpoint_and_come_back_as_words() {
    let words = ["one", "two", "three", "four", "five", "six"];
    for fault in [EndpointFault::Nothing, EndpointFault::Busy] {
        let endpoint = Endpoint::start(KEY, &words, fault).await.unwrap();
        let stage = asked_for_words(&endpoint).await;
        let call = stage.world.prospect_calls(PROSPECT, prospect());
        assert!(call.is_over(s(60)).await.is_some());
        let turns = said(&stage).await;
        assert!(words_of(&turns, Speaker::Prospect).len() == 2, "{fault:?} {turns:#?}");
        assert!(!words_of(&turns, Speaker::Assistant).is_empty(), "{fault:?} {turns:#?}");
        for (said, _) in &turns {
            assert_eq!((said.turn.source, said.turn.wording), (Source::Clips, Wording::Final));
        }
        let sent = endpoint.sent();
        assert!(sent.iter().all(|sent| sent.model == "whisper-1"), "{sent:?}");
        let theirs: Vec<_> = turns.iter().filter(|(said, _)| said.turn.by == Speaker::Prospect).collect();
        let lasted = theirs[0].0.turn.until.since(theirs[0].0.turn.from);
        assert!((s(2)..s(4)).contains(&lasted), "{lasted:?}");
        stage.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_is_broken_slow_or_talks_rubbish_touches_nothing() {
    for fault in [EndpointFault::Broken, EndpointFault::Slow(s(30)), EndpointFault::Rubbish] {
        let endpoint = Endpoint::start(KEY, &["never"], fault).await.unwrap();
        let stage = asked_for_words(&endpoint).await;
        let call = stage.world.prospect_calls(PROSPECT, prospect());
        assert!(call.is_over(s(60)).await.is_some());
        assert_eq!(said(&stage).await, [], "{fault:?}");
        assert!(clearly_heard(&call, &greeting().clip), "{fault:?}");
        stage.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_model_finds_in_a_turn_is_in_the_timeline_with_the_words_it_stands_on() {
    let found = r#"{"findings":[{"turn":1,"kind":"deep","strength":80,"quote":"a question about your prices"},
        {"turn":1,"kind":"complained","strength":80,"quote":"never said"},
        {"turn":77,"kind":"vague","strength":80,"quote":"a question"}]}"#;
    let model = Model::start(KEY, found).await.unwrap();
    let url = model.url().to_owned();
    let carrier = transcribing(TranscriptionSettings::default());
    let stage = Stage::start_with(carrier, Stage::kind_assistant(), |config| {
        config.words.carrier = true;
        config.words.llm.url = url;
        config.words.llm.key = Secret::new(KEY);
        config.words.llm.model = "a-model".to_owned();
        config.words.llm.every = 1;
        config.words.llm.most = 1;
    })
    .await;
    let call = stage.world.prospect_calls(PROSPECT, prospect());
    assert!(call.is_over(s(60)).await.is_some());
    let asked = model.asked();
    assert_eq!(asked.len(), 1, "as often as is paid for");
    assert!(asked[0]["messages"][1]["content"].as_str().unwrap().contains(FIRST), "{asked:#?}");
    let record = stage.record().await;
    let mut signals = Vec::new();
    for entry in stage.timeline(&record).await {
        if let Event::Said(said) = entry.event {
            signals.extend(said.signals);
        }
    }
    let told: Vec<_> =
        signals.iter().map(|signal| (signal.kind, signal.turn, signal.words.as_str())).collect();
    assert!(told.contains(&(SignalKind::Deep, Some(1), "a question about your prices")), "{told:#?}");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_talks_rubbish_is_slow_busy_or_endless_touches_nothing_and_is_not_asked_beyond_its_budget()
 {
    for fault in [ModelFault::Rubbish, ModelFault::Slow(s(30)), ModelFault::Endless, ModelFault::Busy] {
        let found = r#"{"findings":[{"turn":1,"kind":"complained","strength":80,"quote":"a question about your prices"}]}"#;
        let model = Model::failing(KEY, found, fault).await.unwrap();
        let url = model.url().to_owned();
        let carrier = transcribing(TranscriptionSettings::default());
        let stage = Stage::start_with(carrier, Stage::kind_assistant(), |config| {
            config.words.carrier = true;
            config.words.llm.url = url;
            config.words.llm.key = Secret::new(KEY);
            config.words.llm.model = "a-model".to_owned();
            config.words.llm.every = 1;
            config.words.llm.most = 2;
            config.words.llm.within = Span::secs(2);
        })
        .await;
        let call = stage.world.prospect_calls(PROSPECT, prospect());
        assert!(call.is_over(s(60)).await.is_some(), "{fault:?}");
        assert!((1..=2).contains(&model.asked().len()), "{fault:?}: {}", model.asked().len());
        let turns = said(&stage).await;
        assert_eq!(words_of(&turns, Speaker::Prospect), [FIRST, SECOND], "{fault:?}");
        let invented = |said: &Said| said.signals.iter().any(|signal| signal.kind == SignalKind::Complained);
        assert!(!turns.iter().any(|(said, _)| invented(said)), "nothing was found by it: {fault:?}");
        // Plain rules decide as ever, and wait for nobody.
        let record = stage.record().await;
        assert_eq!(record.handoffs.len(), 1, "{fault:?}");
        let timeline = stage.timeline(&record).await;
        let decided = timeline.iter().find(|e| e.effects.iter().any(|e| matches!(e, Effect::Decide(_))));
        let second = turns.iter().rfind(|(said, _)| said.turn.by == Speaker::Prospect).unwrap();
        assert!(decided.unwrap().at < second.0.turn.until + s(1), "{fault:?}");
        assert!(clearly_heard(&call, &greeting().clip) && longest_nothing(&call) < s(9), "{fault:?}");
        let numbers = stage.numbers().await;
        let outcome = if fault == ModelFault::Rubbish { "baton_hints_total" } else { "outcome=\"fault\"" };
        assert!(numbers.contains(outcome), "{fault:?}: {numbers}");
        stage.close().await;
    }
}
