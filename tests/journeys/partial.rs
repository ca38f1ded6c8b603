//! Words that may still change: a plain wish for a person in them counts at once, and is taken back where the final words say
//! something else.

use baton::call::{Decided, Effect, Entry, Event};
use baton::config::Secret;
use baton::conversation::{Source, Wording};
use baton::escalation::Reason;
use baton::sim::carrier::{CarrierSettings, PhoneCall, TranscriptionSettings};
use baton::sim::person::{Person, Step};
use baton::sim::sound::{Phrase, Pitch};
use baton::sim::speech::{Recogniser, RecogniserFault, RecogniserScript};
use baton::time::CallTime;
use serde_json::json;

use crate::judged::{Judged, TURNS, a_call};
use crate::stage::{PROSPECT, SAM, Stage, patient_rep, s};

/// A wish that goes on long enough to be told before it is over.
const WISH: &str = "can i talk to a real person please because the last time i called nobody could tell me anything and i had to call back three times";

/// The decisions, each with the time at which it was made.
fn decisions(timeline: &[Entry]) -> Vec<(CallTime, &Decided)> {
    let of = |entry: &'_ Entry| entry.at;
    timeline
        .iter()
        .flat_map(|entry| entry.effects.iter().map(move |effect| (of(entry), effect)))
        .filter_map(
            |(at, effect)| if let Effect::Decide(decided) = effect { Some((at, &**decided)) } else { None },
        )
        .collect()
}

/// A partial turn of the prospect, told over the control API.
async fn so_far(api: &Judged<'_>, text: &str) {
    let turn = json!({"by": "prospect", "text": text, "partial": true, "id": "p1"});
    assert_eq!(api.post(TURNS, turn).await.0, 202);
}

/// Its final words.
async fn after_all(api: &Judged<'_>, text: &str) {
    assert_eq!(api.post(TURNS, json!({"by": "prospect", "text": text, "id": "p1"})).await.0, 202);
}

/// A rep rings because of words that may still change.
async fn rung_early(stage: &Stage) -> (PhoneCall, Judged<'_>, PhoneCall) {
    stage.world.rep(SAM, patient_rep());
    let (prospect, visit) = a_call(stage).await;
    let api = Judged::of(stage, &visit);
    so_far(&api, "can i talk to a real person").await;
    so_far(&api, "can i talk to a real person about").await;
    let rep = stage.world.call_to_rep(SAM, s(12)).await.expect("the rep is rung before the sentence is over");
    (prospect, api, rep)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wish_in_words_told_so_far_rings_a_rep_and_is_taken_back_by_the_final_ones() {
    let stage = Stage::start(Stage::kind_assistant()).await;
    let (prospect, api, rep) = rung_early(&stage).await;
    after_all(&api, "can i take two of the real parsley plants").await;
    let record = stage.record_when(|call| !call.handoffs.is_empty()).await;
    assert_eq!(record.handoffs[0].outcome, "called-off");
    assert!(rep.is_over(s(8)).await.is_some(), "the rep's phone no longer rings");
    // Nothing is held against them: a real wish counts as ever.
    let turn = json!({"by": "prospect", "text": "actually please get me a real person", "id": "p2"});
    assert_eq!(api.post(TURNS, turn).await.0, 202);
    assert!(stage.world.call_to_rep(SAM, s(12)).await.is_some(), "{}", stage.all_that_happened().await);
    prospect.hang_up();
    let record = stage.record().await;
    let timeline = stage.timeline(&record).await;
    let made = decisions(&timeline);
    assert_eq!(made.len(), 2, "{made:#?}");
    assert!(made.iter().all(|(_, decided)| decided.decision.reason == Reason::ExplicitRequest));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wish_in_words_told_so_far_stands_where_the_final_ones_say_it_as_well() {
    let stage = Stage::start(Stage::kind_assistant()).await;
    let (prospect, api, _rep) = rung_early(&stage).await;
    after_all(&api, "can i talk to a real person about my contract").await;
    tokio::time::sleep(s(2)).await;
    assert!(stage.record_when(|_| true).await.handoffs.is_empty(), "the handoff goes on");
    prospect.hang_up();
    let record = stage.record().await;
    let timeline = stage.timeline(&record).await;
    assert_eq!(decisions(&timeline).len(), 1, "once is enough: {timeline:#?}");
    assert_eq!(record.handoffs[0].outcome, "abandoned");
    stage.close().await;
}

/// Says the wish, and waits for what comes of it.
fn prospect() -> Person {
    Person::new("prospect")
        .then(Step::Wait(s(4)))
        .then(Step::Say(Phrase::spoken(WISH, Pitch::PROSPECT)))
        .then(Step::Wait(s(4)))
        .then(Step::HangUp)
}

/// The call's timeline, and when the final words of the first turn of this source were told.
async fn heard_by(stage: &Stage, source: Source) -> (Vec<Entry>, CallTime) {
    stage.world.rep(SAM, patient_rep());
    let call = stage.world.prospect_calls(PROSPECT, prospect());
    assert!(call.is_over(s(60)).await.is_some());
    let record = stage.record().await;
    let timeline = stage.timeline(&record).await;
    let ends = |entry: &&Entry| {
        matches!(&entry.event, Event::Said(said) if said.turn.source == source && said.turn.wording == Wording::Final
            && said.turn.by == baton::conversation::Speaker::Prospect)
    };
    let ended = timeline.iter().find(ends).expect("the sentence ends").at;
    (timeline, ended)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wish_that_the_carrier_has_yet_to_hear_the_end_of_is_decided_on() {
    let carrier =
        CarrierSettings { transcription: TranscriptionSettings::default(), ..Stage::unkind_carrier() };
    let stage =
        Stage::start_with(carrier, Stage::kind_assistant(), |config| config.words.carrier = true).await;
    let (timeline, ended) = heard_by(&stage, Source::Carrier).await;
    let made = decisions(&timeline);
    assert_eq!(made[0].1.decision.reason, Reason::ExplicitRequest);
    assert!(made[0].0 < ended, "decided at {}, and the sentence was over at {ended}", made[0].0);
    stage.close().await;
}

/// The decisions of a call that a recogniser listens along to, and when the sentence ended.
async fn recognised(fault: RecogniserFault, words: &str) -> (Stage, Vec<Entry>, CallTime, Recogniser) {
    let second = vec!["hello this is the assistant how can I help".to_owned(); 8];
    let script = RecogniserScript { first: [words.to_owned()].into(), second, fault };
    let recogniser = Recogniser::start("key-of-the-recogniser", script).await.unwrap();
    let url = recogniser.url().to_owned();
    let stage = Stage::start_with(Stage::unkind_carrier(), Stage::kind_assistant(), |config| {
        config.words.deepgram.url = url;
        config.words.deepgram.key = Secret::new("key-of-the-recogniser");
    })
    .await;
    let (timeline, ended) = heard_by(&stage, Source::Recogniser).await;
    (stage, timeline, ended, recogniser)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wish_that_the_recogniser_has_yet_to_hear_the_end_of_is_decided_on() {
    let (stage, timeline, ended, _recogniser) = recognised(RecogniserFault::Nothing, WISH).await;
    let made = decisions(&timeline);
    assert_eq!((made.len(), made[0].1.decision.reason), (1, Reason::ExplicitRequest));
    assert!(made[0].0 < ended, "decided at {}, and the sentence was over at {ended}", made[0].0);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wish_that_the_recogniser_only_thought_to_hear_is_taken_back() {
    let heard = "can i walk to your real parlour please because the last time i called nobody told me where it is and i had to drive around";
    let (stage, timeline, ended, _recogniser) = recognised(RecogniserFault::Mishears(WISH), heard).await;
    let made = decisions(&timeline);
    assert_eq!(made.len(), 1, "{made:#?}");
    assert!(made[0].0 < ended);
    let record = stage.record().await;
    assert_eq!(record.handoffs[0].outcome, "called-off", "{:#?}", record.handoffs);
    stage.close().await;
}
