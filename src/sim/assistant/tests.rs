//! The assistant behind the simulated carrier, without Baton between them: both sides of the wire must agree.

use std::time::Duration;

use crate::sim::assistant::{
    AfterLast, Assistant, AssistantScript, ClosedHow, Door, Fault, Pace, Planned, Visit,
};
use crate::sim::carrier::{CallStatus, Carrier, CarrierSettings, Network, PhoneCall, sign};
use crate::sim::person::{Person, Step};
use crate::sim::sound::{Phrase, Pitch};
use crate::sim::world::{World, WorldSettings};

const LIMIT: Duration = Duration::from_secs(15);

fn hello() -> Phrase {
    Phrase::spoken("hello, this is the assistant", Pitch::ASSISTANT)
}

/// A world in which the number leads straight to the assistant.
async fn world(assistant: AssistantScript, network: Network) -> World {
    let carrier = CarrierSettings { network, ..CarrierSettings::default() };
    let world = World::start(WorldSettings { carrier, assistant }).await.unwrap();
    let voice_url = world.assistant.voice_url().to_owned();
    world.carrier.point_number_at(crate::sim::carrier::LineSettings { voice_url, ..Default::default() });
    world
}

async fn call(world: &World, person: Person) -> (PhoneCall, Visit) {
    let call = world.prospect_calls("+14155550123", person);
    let visit = world.assistant.visit(0, LIMIT).await.expect("the stream reaches the assistant");
    (call, visit)
}

#[tokio::test]
async fn the_assistant_greets_answers_each_turn_and_closes_after_the_last() {
    let answer = Phrase::spoken("it costs forty a seat", Pitch::ASSISTANT);
    let script = AssistantScript {
        greeting: Some(hello()),
        answers: vec![answer.clone()],
        after_last: AfterLast::Closes,
        parameters: vec![("campaign".into(), "spring & summer".into())],
        ..AssistantScript::default()
    };
    let world = world(script, Network::default()).await;
    let turn = |words| Step::Say(Phrase::spoken(words, Pitch::PROSPECT));
    let person = Person::new("prospect")
        .then(Step::WaitUntilHears(Duration::from_millis(800)))
        .then(Step::WaitForSilence(Duration::from_millis(500)))
        .then(turn("what does it cost?"))
        .then(Step::WaitUntilHears(Duration::from_millis(800)))
        .then(Step::WaitForSilence(Duration::from_millis(500)))
        .then(turn("thank you, good bye"));
    let (call, visit) = call(&world, person).await;
    assert_eq!(call.is_over(LIMIT).await, Some(CallStatus::Completed));

    let (greeted, answered) = (call.ear().heard(&hello().clip), call.ear().heard(&answer.clip));
    assert!(greeted.unwrap().when.end < answered.unwrap().when.start);
    assert_eq!(visit.first_events(), ["connected", "start"]);
    assert_eq!(visit.oddities(), Vec::<String>::new());
    assert_eq!(visit.start().unwrap().parameters, [("campaign".into(), "spring & summer".into())]);
    let signature = sign(&world.carrier.settings().auth_token, world.assistant.url(), &[]);
    assert_eq!(visit.signature(), Some(signature));
    assert_eq!(visit.marks().len(), 2);
    assert_eq!(visit.closed().unwrap().1, ClosedHow::ByUs);
    assert_eq!(call.stream().unwrap().faults(), 0);
    let spoken = call.said()[0].1.clip.clone();
    assert!(visit.ear().heard(&spoken).is_some_and(|heard| heard.share > 0.9));
}

#[tokio::test]
async fn the_assistant_falls_silent_when_the_prospect_speaks() {
    let long = Phrase::new("a long story", crate::sim::sound::speech(LIMIT, Pitch::ASSISTANT, 1));
    let script =
        AssistantScript { greeting: Some(long), pace: Pace::at_once(), ..AssistantScript::default() };
    let world = world(script, Network::default()).await;
    let (call, visit) = call(&world, Person::new("prospect")).await;
    assert!(call.until(LIMIT, |call| call.stream().is_some_and(|t| t.backlog_millis > 5_000)).await);
    call.say(Phrase::spoken("wait, wait a moment", Pitch::PROSPECT));
    assert!(call.until(LIMIT, |call| call.stream().is_some_and(|t| t.clears == 1)).await);
    assert_eq!(call.stream().unwrap().backlog_millis, 0);
    assert!(visit.until(LIMIT, |visit| !visit.marks().is_empty()).await);
}

#[tokio::test]
async fn a_prospect_who_hangs_up_stops_the_stream_properly() {
    let world = world(AssistantScript::default(), Network::default()).await;
    let (call, visit) = call(&world, Person::new("prospect").then(Step::Wait(LIMIT))).await;
    call.press('0');
    assert!(visit.until(LIMIT, |visit| visit.keys().len() == 1).await);
    call.hang_up();
    assert!(visit.until(LIMIT, |visit| visit.closed().is_some()).await);
    assert!(visit.stopped_at().unwrap() <= visit.closed().unwrap().0);
    assert_eq!(visit.closed().unwrap().1, ClosedHow::ByThem);
    assert_eq!(visit.keys()[0].1, '0');
}

#[tokio::test]
async fn a_cut_connection_is_no_close() {
    let world = world(AssistantScript::default(), Network::perfect()).await;
    let (call, visit) = call(&world, Person::new("prospect")).await;
    call.cut_stream();
    assert!(visit.until(LIMIT, |visit| visit.closed().is_some()).await);
    assert_eq!(visit.closed().unwrap().1, ClosedHow::TheyVanished);
    assert_eq!(visit.stopped_at(), None);
}

#[tokio::test]
async fn faults_show_when_planned_and_the_carrier_notices_them() {
    let after = Duration::from_millis(100);
    let plan = |fault| AssistantScript { faults: vec![Planned { after, fault }], ..Default::default() };
    for (fault, code) in [
        (Fault::Vanishes, 31_903),
        (Fault::Closes, 31_921),
        (Fault::TalksRubbish, 31_951),
        (Fault::SendsBinary, 31_950),
        (Fault::Floods(660), 31_931),
    ] {
        let world = world(plan(fault), Network::perfect()).await;
        let (call, _visit) = call(&world, Person::new("prospect")).await;
        let noticed = |carrier: &Carrier| carrier.notices().iter().any(|notice| notice.code == code);
        assert!(call.until(LIMIT, |_| noticed(&world.carrier)).await, "{fault:?}");
    }
}

#[tokio::test]
async fn an_assistant_can_refuse_the_upgrade_or_never_answer_it() {
    for (door, code) in [(Door::Refuses(503), 31_920), (Door::NeverAnswers, 31_901)] {
        let script = AssistantScript { door, ..AssistantScript::default() };
        let world = world(script, Network::perfect()).await;
        let call = world.prospect_calls("+14155550123", Person::new("prospect"));
        assert_eq!(call.is_over(LIMIT).await, Some(CallStatus::Completed));
        assert!(world.carrier.notices().iter().any(|notice| notice.code == code), "{door:?}");
    }
}

#[tokio::test]
async fn the_assistant_can_be_steered_in_mid_call() {
    let world = world(AssistantScript::default(), Network::perfect()).await;
    let (call, visit) = call(&world, Person::new("prospect")).await;
    visit.say(hello());
    assert!(call.hears(&hello().clip, LIMIT).await.is_some());
    visit.close();
    assert_eq!(call.is_over(LIMIT).await, Some(CallStatus::Completed));
}

#[tokio::test]
async fn an_assistant_without_pongs_still_speaks() {
    use futures_util::{SinkExt, StreamExt};
    use tokio_tungstenite::tungstenite::Message;

    let assistant = Assistant::start(AssistantScript { greeting: Some(hello()), ..Default::default() });
    let assistant = assistant.await.unwrap();
    let (mut socket, _) = tokio_tungstenite::connect_async(assistant.url()).await.unwrap();
    socket.send(Message::Ping(vec![1].into())).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap(), Message::Pong(vec![1].into()));

    let visit = assistant.visits()[0].clone();
    visit.misbehave(Fault::NoPong);
    visit.misbehave(Fault::SendsHuge(100_000));
    assert!(socket.next().await.unwrap().unwrap().len() > 100_000, "the fault has been taken");
    socket.send(Message::Ping(vec![2].into())).await.unwrap();
    for message in [r#"{"event":"connected"}"#, r#"{"event":"start","streamSid":"MZ1","start":{}}"#] {
        socket.send(Message::text(message)).await.unwrap();
    }
    let next = socket.next().await.unwrap().unwrap();
    assert!(next.is_text(), "{next:?}");
    assert!(!visit.oddities().is_empty(), "that start was none of Twilio's");
}
