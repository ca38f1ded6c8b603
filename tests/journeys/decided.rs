//! A decision and what follows from it, as they arrive: by server-sent events, by the signed webhook, and on the assistant's own
//! socket, each with what it stands on.

use baton::call::{Effect, Event, Follows, story};
use baton::conversation::Speaker;
use baton::handoff::Phrase;
use baton::sim::assistant::Visit;
use baton::sim::carrier::PhoneCall;
use serde_json::{Value, json};

use crate::crm::{Crm, posts_to, signed};
use crate::judged::{EVENTS, Judged, Sent, TURNS, a_call, all_events};
use crate::stage::{FIRST_REP, SAM, Stage, clearly_heard, longest_nothing, rep_who_presses, s};

/// One call, and the three ways to follow it.
struct Followed<'a> {
    api: Judged<'a>,
    prospect: PhoneCall,
    visit: Visit,
    crm: &'a Crm,
    events: tokio::task::JoinHandle<Vec<Sent>>,
}

/// What each of the three was told: turning points, as JSON.
struct Told {
    by_events: Vec<Value>,
    by_webhook: Vec<Value>,
    in_band: Vec<Value>,
    /// Also what was said, which the other two are spared.
    all_events: Vec<Sent>,
}

impl<'a> Followed<'a> {
    async fn begin(stage: &'a Stage, crm: &'a Crm) -> Self {
        let (prospect, visit) = a_call(stage).await;
        visit.send(json!({"event": "baton", "baton": {"type": "hello"}}).to_string());
        assert!(visit.until(s(4), |visit| !visit.words().is_empty()).await);
        let api = Judged::of(stage, &visit);
        let following = api.asked("GET", EVENTS).bearer_auth(&api.token).timeout(s(90)).send();
        let events = tokio::spawn(all_events(following.await.unwrap()));
        Self { api, prospect, visit, crm, events }
    }

    async fn says(&self, text: &str, id: &str) {
        let turn = json!({"by": "prospect", "text": text, "ago_ms": 2_000, "id": id});
        assert_eq!(self.api.post(TURNS, turn).await.0, 202);
    }

    /// The prospect hangs up, and everybody has heard of it.
    async fn end(self) -> Told {
        self.prospect.hang_up();
        let all_events = tokio::time::timeout(s(30), self.events).await.expect("it ends").unwrap();
        let turning = ["decision", "handoff", "ended"];
        let by_events: Vec<Value> = all_events
            .iter()
            .filter(|event| turning.contains(&event.name.as_str()))
            .map(|event| event.it.clone())
            .collect();
        for event in &by_events {
            let complaints = self.api.described.complaints_about("News", event);
            assert!(complaints.is_empty(), "{complaints:#?}\n{event:#}");
        }
        let posts = self.crm.posts_to_the_end().await;
        // The first is refused there, and comes again.
        let by_webhook = posts[1..].iter().map(|post| signed(post)["data"].clone()).collect();
        let in_band = self.visit.words().into_iter().filter(|word| word["type"] != "hello").collect();
        Told { by_events, by_webhook, in_band, all_events }
    }
}

impl Told {
    /// All three were told the same: the assistant as long as it was on the call.
    fn is_one_story(&self) {
        assert_eq!(self.by_events, self.by_webhook);
        let until = self.in_band.len();
        assert_eq!(self.by_events[..until], self.in_band[..]);
    }

    fn decision(&self) -> &Value {
        let decisions: Vec<&Value> = self.in_band.iter().filter(|it| it["type"] == "decision").collect();
        assert_eq!(decisions.len(), 1, "{decisions:#?}");
        decisions[0]
    }

    fn stages(of: &[Value]) -> Vec<String> {
        let stages = of.iter().filter(|it| it["type"] == "handoff");
        stages.map(|it| it["stage"].as_str().unwrap().to_owned()).filter(|stage| stage != "cutting").collect()
    }

    /// The turn in which this was said.
    fn turn(&self, words: &str) -> &Value {
        let said = self.all_events.iter().filter(|event| event.name == "said").map(|event| &event.it["turn"]);
        said.into_iter().find(|turn| turn["text"].as_str().unwrap().contains(words)).expect("it was said")
    }
}

/// The evidence stands on this turn's words and second, and reads as a sentence.
fn stands_on(decision: &Value, turn: &Value, quoted: &str, sentence: &str) {
    let evidence = &decision["evidence"][0];
    assert_eq!(evidence["turn"], turn["number"], "{decision:#}");
    let words = evidence["words"].as_str().unwrap();
    assert!(words.contains(quoted), "{words:?}");
    assert!(turn["text"].as_str().unwrap().contains(words), "they were said so: {words:?}");
    let (at, from, until) = (&evidence["at_ms"], &turn["started_ms"], &turn["ended_ms"]);
    let ms = |value: &Value| value.as_u64().unwrap();
    assert!((ms(from)..=ms(until)).contains(&ms(at)), "{from} {at} {until}");
    let because = decision["because"][0].as_str().unwrap();
    assert!(because.contains(&format!("the prospect said \"{words}\": {sentence}, +")), "{because}");
    let weighed: i64 =
        decision["evidence"].as_array().unwrap().iter().map(|it| it["weighed"].as_i64().unwrap()).sum();
    assert!(
        (weighed - decision["score"].as_i64().unwrap()).abs() <= 2,
        "the parts make the whole: {decision:#}"
    );
    assert!(decision["score"].as_u64() >= decision["threshold"].as_u64());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_for_a_person_and_all_that_follows_arrive_by_events_by_webhook_and_in_band() {
    let (crm, url) = Crm::start().await;
    let stage = Stage::start_with(Stage::unkind_carrier(), Stage::kind_assistant(), posts_to(url)).await;
    stage.world.rep(SAM, rep_who_presses('1'));
    let followed = Followed::begin(&stage, &crm).await;
    followed.says("hi we run three dental clinics and want something for our phones", "p1").await;
    followed.says("um okay could i just talk to a real person about this please", "p2").await;
    for leg in [baton::id::LegId::Prospect, FIRST_REP] {
        stage.is_told(Event::Played { leg, phrase: Phrase::Introduction }).await;
    }
    let told = followed.end().await;
    told.is_one_story();
    let decision = told.decision();
    assert_eq!(
        (&decision["reason"], &decision["urgency"]),
        (&json!("explicit-request"), &json!("immediate"))
    );
    assert_eq!(decision["next"], "rep-sought");
    assert!(decision["suggested_words"].as_str().is_some_and(|words| words.len() > 20), "{decision:#}");
    stands_on(decision, told.turn("real person"), "person", "asked for a person");
    let stages = Told::stages(&told.by_events);
    assert_eq!(stages, ["seeking", "offering", "joining", "briefing", "introducing", "bridging", "over"]);
    assert!(
        Told::stages(&told.in_band).len() >= 5,
        "the assistant is told while it is there: {:#?}",
        told.in_band
    );
    assert_eq!(told.by_events[0]["type"], "decision", "first why, then what is done");
    let over = told.by_events.iter().rfind(|it| it["type"] == "handoff").unwrap();
    assert_eq!((&over["outcome"], &over["rep"]), (&json!("handed-over"), &json!("sam")));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offer_and_the_no_to_it_arrive_by_events_by_webhook_and_in_band() {
    let (crm, url) = Crm::start().await;
    let stage = Stage::start_with(Stage::unkind_carrier(), Stage::kind_assistant(), posts_to(url)).await;
    let followed = Followed::begin(&stage, &crm).await;
    followed.says("this is ridiculous you are useless i am sick of this stupid machine", "p1").await;
    assert!(followed.prospect.hears(stage.clip(Phrase::Proposal), s(15)).await.is_some());
    let no = json!({"by": "prospect", "text": "no thanks"});
    assert_eq!(followed.api.post(TURNS, no).await.0, 202);
    stage.record_when(|call| !call.handoffs.is_empty()).await;
    let told = followed.end().await;
    told.is_one_story();
    let decision = told.decision();
    assert_eq!((&decision["reason"], &decision["next"]), (&json!("frustration"), &json!("offered")));
    assert!(decision["suggested_words"].is_string(), "{decision:#}");
    stands_on(decision, told.turn("ridiculous"), "", "is angry");
    assert_eq!(Told::stages(&told.in_band), ["proposing", "over"]);
    assert_eq!(told.in_band.iter().rfind(|it| it["type"] == "handoff").unwrap()["outcome"], "declined");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_offered_where_no_rep_could_come_and_the_timeline_says_so() {
    let (crm, url) = Crm::start().await;
    let stage = Stage::start_with(Stage::unkind_carrier(), Stage::kind_assistant(), |config| {
        posts_to(url)(config);
        config.reps.clear();
    })
    .await;
    let followed = Followed::begin(&stage, &crm).await;
    followed.says("this is ridiculous you are useless i am sick of this stupid machine", "p1").await;
    let decided = |entry: &baton::call::Entry| entry.effects.iter().any(|e| matches!(e, Effect::Decide(_)));
    stage.happens("a decision", decided).await;
    tokio::time::sleep(s(6)).await;
    assert!(!clearly_heard(&followed.prospect, stage.clip(Phrase::Proposal)), "nobody is offered");
    assert!(longest_nothing(&followed.prospect) < s(14));
    // Who asks all the same is told at once that nobody is there: by the assistant, which hears of it.
    followed.says("can you get me a real person please", "p2").await;
    let record = stage.record_when(|call| !call.handoffs.is_empty()).await;
    assert_eq!(
        (&*record.handoffs[0].outcome, &*record.handoffs[0].reason),
        ("returned-to-assistant", "nobody-free")
    );
    let told = followed.end().await;
    told.is_one_story();
    let decisions: Vec<&Value> = told.by_events.iter().filter(|it| it["type"] == "decision").collect();
    let next: Vec<(&Value, &Value)> = decisions.iter().map(|it| (&it["reason"], &it["next"])).collect();
    assert_eq!(
        next,
        [
            (&json!("frustration"), &json!("nobody-could-come")),
            (&json!("explicit-request"), &json!("rep-sought"))
        ]
    );
    for decision in &decisions {
        assert!(decision.get("suggested_words").is_none(), "nothing is to be offered: {decision:#}");
        assert!(!decision["because"][0].as_str().unwrap().is_empty());
    }
    let record = stage.record().await;
    let timeline = stage.timeline(&record).await;
    let effect =
        timeline.iter().flat_map(|entry| &entry.effects).find(|e| matches!(e, Effect::Decide(_))).unwrap();
    let Effect::Decide(decided) = effect else { panic!("{effect:?}") };
    assert_eq!(decided.next, Some(Follows::NobodyCouldCome));
    let read = story::done(effect).join("\n");
    assert!(
        read.ends_with("so nothing is done: no rep is there who could come, and nobody is offered"),
        "{read}"
    );
    let turns = timeline
        .iter()
        .filter(|entry| matches!(&entry.event, Event::Said(said) if said.turn.by == Speaker::Prospect));
    assert!(turns.count() >= 2, "the assistant goes on with them");
    stage.close().await;
}
