//! Streams that break in the middle of a call, and a whole process that is killed: the same call goes on.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use baton::audio::clip::Clip;
use baton::call::{Effect, Entry, Event, timeline};
use baton::edge::store::Store;
use baton::handoff::Phrase;
use baton::id::AttemptId;
use baton::live::house_voice::HouseVoice;
use baton::ports::{Calls as _, StoredCall};
use baton::sim::assistant::Start;
use baton::sim::carrier::{CarrierSettings, Network, PhoneCall};
use baton::sim::person::{Answers, Step};
use baton::sim::sound::{Phrase as Said, Pitch};
use baton::sim::world::{World, WorldSettings};

use crate::stage::{
    FIRST_REP, PROSPECT, SAM, Stage, clearly_heard, patient_prospect, patient_rep, prospect_in_a_hurry,
    rep_who_presses, s,
};

/// They say something to each other and hear it.
async fn talk(prospect: &PhoneCall, rep: &PhoneCall) {
    let (question, answer) = (
        Said::spoken("are you still with me on this line", Pitch::PROSPECT),
        Said::spoken("yes I can hear you quite well again", Pitch::REP),
    );
    tokio::time::sleep(Duration::from_millis(500)).await;
    let before = (rep.ear().duration(), prospect.ear().duration());
    prospect.say(question.clone());
    assert!(hears_since(rep, &question.clip, before.0).await, "the rep hears the prospect");
    rep.say(answer.clone());
    assert!(hears_since(prospect, &answer.clip, before.1).await, "the prospect hears the rep");
}

/// Whether most of it reaches this ear after that moment, soon enough.
async fn hears_since(call: &PhoneCall, clip: &Clip, since: Duration) -> bool {
    let heard = |call: &PhoneCall| call.ear().heard_after(clip, since).is_some_and(|heard| heard.share > 0.6);
    call.until(s(12), heard).await
}

#[tokio::test(flavor = "multi_thread")]
async fn rep_and_prospect_talk_on_after_either_stream_breaks_for_a_moment_and_nobody_is_told() {
    let stage = Stage::start(Stage::kind_assistant()).await;
    let (prospect, rep) = stage.bridged().await;
    prospect.cut_stream();
    stage.is_told(Event::ProspectStreamBroke).await;
    assert!(prospect.is_streaming(s(5)).await);
    talk(&prospect, &rep).await;
    rep.cut_stream();
    stage.is_told(Event::RepStreamBroke(AttemptId(1))).await;
    assert!(rep.is_streaming(s(5)).await);
    talk(&prospect, &rep).await;
    prospect.hang_up();
    assert!(rep.is_over(s(8)).await.is_some());
    let record = stage.record().await;
    assert_eq!(record.handoffs[0].outcome, "handed-over");
    assert_eq!(record.attempts[0].end.as_deref(), Some("served"));
    let told = |entry: &Entry| {
        entry.effects.iter().any(|e| matches!(e, Effect::Say { phrase: Phrase::OneMoment, .. }))
    };
    assert!(!stage.timeline(&record).await.iter().any(told), "such a moment nobody need hear of");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_1_whoever_is_left_alone_hears_a_line_and_hold_until_the_other_is_back() {
    // So far away that a stream takes seconds to come back.
    let network = Network { delay: Duration::from_millis(450), ..Network::default() };
    let carrier = CarrierSettings { network, ..Stage::unkind_carrier() };
    let stage = Stage::start_with(carrier, Stage::kind_assistant(), |_| {}).await;
    stage.world.rep(SAM, rep_who_presses('1'));
    let presses_late = patient_prospect().then(Step::Wait(s(6))).then(Step::Press('0'));
    let prospect = stage.world.prospect_calls(PROSPECT, presses_late);
    let rep = stage.world.call_to_rep(SAM, s(30)).await.expect("the rep is rung");
    stage.is_told(Event::Played { leg: FIRST_REP, phrase: Phrase::Introduction }).await;
    prospect.cut_stream();
    stage.says(FIRST_REP, Phrase::OneMoment).await;
    assert!(rep.until(s(8), |rep| some_of(rep, Phrase::OneMoment)).await, "the rep is told");
    assert!(prospect.is_streaming(s(8)).await);
    talk(&prospect, &rep).await;
    rep.cut_stream();
    assert!(prospect.until(s(8), |prospect| some_of(prospect, Phrase::OneMoment)).await, "the prospect too");
    assert!(rep.is_streaming(s(8)).await);
    talk(&prospect, &rep).await;
    rep.hang_up();
    prospect.hang_up();
    stage.timeline(&stage.record().await).await;
    stage.close().await;
}

/// Its first words at least: the rest is cut when the other is back.
fn some_of(call: &PhoneCall, phrase: Phrase) -> bool {
    call.ear().heard(HouseVoice::built_in().phrase(phrase)).is_some_and(|heard| heard.share > 0.2)
}

#[tokio::test(flavor = "multi_thread")]
async fn rep_whose_stream_breaks_in_the_question_is_asked_again_and_in_the_whisper_is_told_again() {
    let stage = Stage::start(Stage::kind_assistant()).await;
    stage.world.rep(SAM, patient_rep());
    let (prospect, rep) = stage.rep_is_rung().await;
    stage.says(FIRST_REP, Phrase::Offer).await;
    tokio::time::sleep(s(1)).await;
    rep.cut_stream();
    stage.is_told(Event::RepStreamBroke(AttemptId(1))).await;
    let broke = rep.ear().duration();
    assert!(hears_since(&rep, stage.clip(Phrase::Offer), broke).await, "the question is put again");
    rep.press('1');
    stage.says(FIRST_REP, Phrase::Whisper).await;
    tokio::time::sleep(s(1)).await;
    rep.cut_stream();
    let broke = rep.ear().duration();
    let again = hears_since(&rep, stage.clip(Phrase::Whisper), broke).await;
    assert!(again, "they are briefed from the start: {}", stage.all_that_happened().await);
    assert!(prospect.hears(stage.clip(Phrase::Introduction), s(14)).await.is_some());
    talk(&prospect, &rep).await;
    prospect.hang_up();
    let record = stage.record().await;
    assert_eq!(record.handoffs[0].outcome, "handed-over");
    stage.timeline(&record).await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_7_prospect_whose_stream_breaks_again_and_again_goes_to_the_fallback() {
    let stage = Stage::start(Stage::kind_assistant()).await;
    let prospect = stage.world.prospect_calls(PROSPECT, patient_prospect());
    for streams in 1..=7 {
        if !prospect.until(s(8), |prospect| prospect.streams().len() >= streams).await {
            break;
        }
        prospect.cut_stream();
    }
    assert!(
        prospect.is_over(s(15)).await.is_some(),
        "the fallback's words end the call: {}",
        stage.all_that_happened().await
    );
    let said = prospect.ear().words().iter().map(|words| words.words.clone()).collect::<Vec<_>>();
    assert!(said.iter().any(|words| words.contains("One moment")), "they are told in between: {said:?}");
    assert!(said.last().is_some_and(|words| words.contains("cannot take your call")), "{said:?}");
    stage.timeline(&stage.record().await).await;
    stage.close().await;
}

/// A Baton of its own process in a folder of its own, killed and started again.
struct Killed {
    world: World,
    folder: PathBuf,
    address: std::net::SocketAddr,
    process: Option<Child>,
}

impl Killed {
    async fn start() -> Self {
        // A carrier that waits between its tries, or a proxy that does: otherwise all are over in a moment.
        let carrier = CarrierSettings { retry_pause: s(1), ..Stage::unkind_carrier() };
        let world = WorldSettings { carrier, assistant: Stage::kind_assistant() };
        let world = World::start(world).await.unwrap();
        let folder = std::env::temp_dir().join(format!("baton-killed-{:032x}", baton::live::chance::bits()));
        std::fs::create_dir_all(&folder).unwrap();
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let carrier = world.carrier.settings();
        let settings = format!(
            "server.listen = '{address}'\nstore.data = '{}'\nassistant.stream_url = '{}'\n\
             [carrier.twilio]\naccount_sid = '{}'\nauth_token = '{}'\nnumber = '{}'\napi_url = '{}'\n\
             [[reps]]\nname = 'sam'\nphone = '{SAM}'\n",
            folder.join("store").display(),
            world.assistant.url(),
            carrier.account_sid,
            carrier.auth_token,
            carrier.number,
            world.carrier.api_url(),
        );
        std::fs::write(folder.join("baton.toml"), settings).unwrap();
        world.point_at(&format!("http://{address}"));
        let mut killed = Self { world, folder, address, process: None };
        killed.begin().await;
        killed
    }

    async fn begin(&mut self) {
        let process = Command::new(env!("CARGO_BIN_EXE_baton"))
            .args(["serve".as_ref(), "--config".as_ref(), self.folder.join("baton.toml").as_os_str()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        self.process = Some(process);
        let client = baton::edge::http::client().unwrap();
        for _ in 0..400 {
            let ready = client.get(format!("http://{}/readyz", self.address)).send().await;
            if ready.is_ok_and(|answer| answer.status().is_success()) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("Baton was never ready");
    }

    fn kill(&mut self) {
        let mut process = self.process.take().unwrap();
        process.kill().unwrap();
        process.wait().unwrap();
    }

    async fn restart_after(&mut self, pause: Duration) {
        self.kill();
        tokio::time::sleep(pause).await;
        self.begin().await;
    }

    /// What was written, once the only call is over, checked to replay.
    async fn record(&mut self) -> (StoredCall, Vec<Entry>) {
        let store = Store::open_beside(&self.store_folder()).await.unwrap();
        for _ in 0..200 {
            let calls = store.latest(10).await.unwrap();
            assert_eq!(calls.len(), 1, "it is the same call: {calls:#?}");
            if calls[0].end.is_some() && calls[0].attempts.iter().all(|attempt| attempt.end.is_some()) {
                let stored = store.timeline(calls[0].call).await.unwrap();
                let entries: Vec<Entry> =
                    stored.iter().map(|entry| serde_json::from_str(&entry.json).unwrap()).collect();
                timeline::replay(&entries).expect("promise 9: the timeline of both processes replays");
                return (calls[0].clone(), entries);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the call was never written to be over: {:#?}", store.latest(10).await);
    }

    fn store_folder(&self) -> PathBuf {
        Path::new(&self.folder).join("store")
    }
}

impl Drop for Killed {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_10_prospect_and_rep_talk_on_when_baton_is_killed_in_their_bridge() {
    let mut baton = Killed::start().await;
    baton.world.rep(SAM, rep_who_presses('1'));
    let prospect = baton.world.prospect_calls(PROSPECT, prospect_in_a_hurry());
    let rep = baton.world.call_to_rep(SAM, s(20)).await.expect("the rep is rung");
    let introduction = HouseVoice::built_in().phrase(Phrase::Introduction).clone();
    assert!(prospect.hears(&introduction, s(30)).await.is_some());
    talk(&prospect, &rep).await;
    baton.restart_after(Duration::from_millis(500)).await;
    assert!(prospect.is_streaming(s(10)).await && rep.is_streaming(s(10)).await, "both come back");
    talk(&prospect, &rep).await;
    prospect.hang_up();
    assert!(rep.is_over(s(8)).await.is_some(), "the rep is let go");
    let (record, entries) = baton.record().await;
    assert_eq!((&*record.handoffs[0].outcome, record.attempts.len()), ("handed-over", 1));
    assert_eq!(entries.iter().filter(|entry| entry.event == Event::CameBack).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_10_prospect_is_back_with_the_assistant_which_is_told_when_baton_is_killed_and_a_rep_rings() {
    let mut baton = Killed::start().await;
    baton.world.rep(SAM, patient_rep().who_answers(Answers::After(s(9))));
    let prospect = baton.world.prospect_calls(PROSPECT, prospect_in_a_hurry());
    let first = baton.world.assistant.visit(0, s(10)).await.expect("the assistant is dialled");
    let rep = baton.world.call_to_rep(SAM, s(20)).await.expect("the rep is rung");
    tokio::time::sleep(s(1)).await;
    baton.restart_after(Duration::from_millis(500)).await;
    let second = baton.world.assistant.visit(1, s(15)).await.expect("the assistant is dialled again");
    let (before, after) = (first.start().unwrap(), second.start().unwrap());
    assert_eq!(before.call_sid, after.call_sid, "for the same call");
    let told = |start: &Start, name: &str| {
        start.parameters.iter().find(|(parameter, _)| parameter == name).unwrap().1.clone()
    };
    assert_eq!(told(&before, "baton_token"), told(&after, "baton_token"));
    assert_eq!((&*told(&before, "baton_dialled"), &*told(&after, "baton_dialled")), ("1", "2"));
    let voice = HouseVoice::built_in();
    assert!(rep.hears(voice.phrase(Phrase::Offer), s(20)).await.is_some(), "the rep who rings on is asked");
    rep.press('1');
    assert!(prospect.hears(voice.phrase(Phrase::Introduction), s(20)).await.is_some());
    talk(&prospect, &rep).await;
    assert!(clearly_heard(&rep, voice.phrase(Phrase::Whisper)));
    rep.hang_up();
    prospect.hang_up();
    baton.record().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_4_a_rep_stops_ringing_and_the_record_ends_when_the_prospect_leaves_while_baton_is_dead() {
    let mut baton = Killed::start().await;
    baton.world.rep(SAM, patient_rep().who_answers(Answers::Never));
    let prospect = baton.world.prospect_calls(PROSPECT, prospect_in_a_hurry());
    let rep = baton.world.call_to_rep(SAM, s(20)).await.expect("the rep is rung");
    tokio::time::sleep(s(1)).await;
    baton.kill();
    prospect.give_up();
    assert!(prospect.is_over(s(10)).await.is_some());
    baton.begin().await;
    assert!(rep.is_over(s(30)).await.is_some(), "the rep's phone stops");
    let (record, _) = baton.record().await;
    assert_eq!(record.handoffs[0].outcome, "abandoned");
}
