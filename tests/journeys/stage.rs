//! A stage for journeys: the built app on a free port, a carrier as unkind as the real one, people and an assistant.

#[path = "kept_log.rs"]
pub(crate) mod kept_log;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use baton::app::App;
use baton::audio::clip::Clip;
use baton::call::{Effect, Entry, Event};
use baton::config::{Config, Rep, Secret};
use baton::edge::store::Store;
use baton::handoff::Phrase as House;
use baton::id::{AttemptId, LegId};
use baton::live::house_voice::HouseVoice;
use baton::ports::{Calls as _, StoredCall};
use baton::sim::assistant::AssistantScript;
use baton::sim::carrier::{CarrierSettings, PhoneCall};
use baton::sim::person::{Person, Step};
use baton::sim::sound::{Phrase, Pitch};
use baton::sim::world::{World, WorldSettings};
use baton::time::CallTime;

/// Everything that a journey needs; all of it ends when the stage is dropped.
pub(crate) struct Stage {
    pub(crate) world: World,
    pub(crate) base: String,
    pub(crate) store: Store,
    pub(crate) voice: HouseVoice,
    folder: PathBuf,
    stop: Told,
    now: Told,
    running: Option<tokio::task::JoinHandle<()>>,
}

/// A word that is said once.
#[derive(Default)]
struct Told(Arc<tokio::sync::Notify>);

impl Told {
    fn tell(&self) {
        self.0.notify_one();
    }

    fn comes(&self) -> impl Future<Output = ()> + Send + 'static {
        let told = self.0.clone();
        async move { told.notified().await }
    }
}

/// The rep of most journeys.
pub(crate) const SAM: &str = "+15550100101";

/// The prospect of most journeys.
pub(crate) const PROSPECT: &str = "+15550100142";

/// The key of the journeys' operator.
pub(crate) const OPERATOR_KEY: &str = "operator-key-of-the-journeys";

impl Stage {
    /// The carrier of all journeys unless they say otherwise: 60 ms away, callbacks late, shuffled and doubled.
    pub(crate) fn unkind_carrier() -> CarrierSettings {
        CarrierSettings { callbacks_shuffled: true, callbacks_doubled: 0.3, ..CarrierSettings::default() }
    }

    /// An assistant that greets and answers.
    pub(crate) fn kind_assistant() -> AssistantScript {
        AssistantScript {
            greeting: Some(greeting()),
            answers: vec![answer()],
            after_last: baton::sim::assistant::AfterLast::BeginsAgain,
            ..AssistantScript::default()
        }
    }

    /// Starts it all, with Sam as the one rep.
    pub(crate) async fn start(assistant: AssistantScript) -> Self {
        Self::start_with(Self::unkind_carrier(), assistant, |_| {}).await
    }

    /// Starts it all, with settings of the journey's own.
    pub(crate) async fn start_with(
        carrier: CarrierSettings,
        assistant: AssistantScript,
        change: impl FnOnce(&mut Config),
    ) -> Self {
        Self::start_in(carrier, assistant, |config, _| change(config)).await
    }

    /// Starts it all; the assistant is found by its own voice webhook.
    pub(crate) async fn start_at_webhook(
        assistant: AssistantScript,
        change: impl FnOnce(&mut Config),
    ) -> Self {
        Self::start_in(Self::unkind_carrier(), assistant, |config, world| {
            config.assistant.stream_url = String::new();
            world.assistant.voice_url().clone_into(&mut config.assistant.webhook_url);
            change(config);
        })
        .await
    }

    async fn start_in(
        carrier: CarrierSettings,
        assistant: AssistantScript,
        change: impl FnOnce(&mut Config, &World),
    ) -> Self {
        let folder = std::env::temp_dir().join(format!("baton-journey-{:032x}", baton::live::chance::bits()));
        let world = World::start(WorldSettings { carrier, assistant }).await.unwrap();
        let settings = world.carrier.settings();
        let mut config = Config::default();
        config.server.listen = ([127, 0, 0, 1], 0).into();
        config.server.operator_keys = vec![Secret::new(OPERATOR_KEY)];
        config.store.data = folder.display().to_string();
        config.carrier.twilio.account_sid.clone_from(&settings.account_sid);
        config.carrier.twilio.auth_token = Secret::new(settings.auth_token.clone());
        config.carrier.twilio.number.clone_from(&settings.number);
        config.carrier.twilio.api_url = world.carrier.api_url().to_owned();
        config.assistant.stream_url = world.assistant.url().to_owned();
        config.reps = vec![Rep { name: "sam".into(), phone: SAM.into() }];
        change(&mut config, &world);
        kept_log::begin();
        let app = App::build(&config).await.unwrap();
        let base = format!("http://{}", app.address().unwrap());
        world.point_at(&base);
        let store = app.store.clone();
        let (stop, now) = (Told::default(), Told::default());
        let running = app.run(stop.comes(), now.comes());
        let running = Some(tokio::spawn(async move { running.await.unwrap() }));
        let voice = HouseVoice::built_in();
        Self { world, base, store, voice, folder, stop, now, running }
    }

    /// The clip of this phrase.
    pub(crate) fn clip(&self, phrase: House) -> &Clip {
        self.voice.phrase(phrase)
    }

    /// The only call, once it is written that it is over.
    pub(crate) async fn record(&self) -> StoredCall {
        self.record_when(|call| call.end.is_some()).await
    }

    /// The only call, once what is written of it is as wished.
    pub(crate) async fn record_when(&self, wish: impl Fn(&StoredCall) -> bool) -> StoredCall {
        for _ in 0..200 {
            let calls = self.store.latest(10).await.unwrap();
            assert!(calls.len() <= 1, "one call was placed: {calls:#?}");
            if let Some(call) = calls.into_iter().find(|call| wish(call)) {
                return call;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("what was wished for was never written: {:#?}", self.store.latest(10).await);
    }

    /// The timeline of a call, checked to replay as it was (promise 9).
    pub(crate) async fn timeline(&self, call: &StoredCall) -> Vec<Entry> {
        let stored = self.store.timeline(call.call).await.unwrap();
        let timeline: Vec<Entry> = stored.iter().map(|e| serde_json::from_str(&e.json).unwrap()).collect();
        baton::call::timeline::replay(&timeline).expect("promise 9: a timeline replays");
        timeline
    }

    /// Tells Baton to stop, as an operator's first signal does.
    pub(crate) fn tell_to_stop(&self) {
        self.stop.tell();
    }

    /// Tells Baton to stop now, as an operator's second signal does.
    pub(crate) fn tell_to_stop_now(&self) {
        self.now.tell();
    }

    /// Waits until Baton has stopped by itself, once it was told to; false when the limit came first.
    pub(crate) async fn has_stopped(&mut self, limit: Duration) -> bool {
        let running = self.running.as_mut().expect("it is waited for once");
        let Ok(stopped) = tokio::time::timeout(limit, running).await else { return false };
        stopped.unwrap();
        self.running = None;
        true
    }

    /// Stops Baton as an operator in a hurry would, and waits until what was to be written is written.
    pub(crate) async fn close(mut self) {
        self.tell_to_stop();
        self.tell_to_stop_now();
        if let Some(running) = self.running.take() {
            running.await.unwrap();
        }
        let notices = self.world.carrier.notices();
        let own: Vec<_> = notices.iter().filter(|notice| (31_950..=31_951).contains(&notice.code)).collect();
        assert!(own.is_empty(), "the carrier could not read what Baton sent: {own:#?}");
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

pub(crate) fn greeting() -> Phrase {
    Phrase::spoken("hello this is the assistant how can I help", Pitch::ASSISTANT)
}

pub(crate) fn answer() -> Phrase {
    Phrase::spoken("of course let me tell you all about that", Pitch::ASSISTANT)
}

/// A prospect who says something, presses 0 and stays on the line.
pub(crate) fn prospect_who_wants_a_person() -> Person {
    Person::new("prospect")
        .then(Step::Wait(Duration::from_secs(3)))
        .then(Step::Say(Phrase::spoken("may I please talk to a person", Pitch::PROSPECT)))
        .then(Step::Press('0'))
}

/// A rep who listens to the question and presses this key.
pub(crate) fn rep_who_presses(key: char) -> Person {
    Person::new("sam").then(Step::Wait(Duration::from_secs(4))).then(Step::Press(key))
}

/// Seconds.
pub(crate) fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Whether most of this clip was heard; a syllable that is alike does not count.
pub(crate) fn clearly_heard(call: &PhoneCall, clip: &Clip) -> bool {
    call.ear().heard(clip).is_some_and(|heard| heard.share > 0.6)
}

impl Stage {
    /// The oldest call's time of the first entry like this, as soon as it is written.
    pub(crate) async fn happens(&self, what: &str, wish: impl Fn(&Entry) -> bool) -> CallTime {
        for _ in 0..600 {
            let calls = self.store.latest(100).await.unwrap();
            if let Some(call) = calls.last() {
                let entries = self.store.timeline(call.call).await.unwrap();
                let mut entries = entries.iter().map(|e| serde_json::from_str::<Entry>(&e.json).unwrap());
                if let Some(entry) = entries.find(|entry| wish(entry)) {
                    return entry.at;
                }
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{what} never happened: {}", self.all_that_happened().await)
    }

    /// The events of the oldest call, in words.
    pub(crate) async fn all_that_happened(&self) -> String {
        let calls = self.store.latest(100).await.unwrap();
        let Some(call) = calls.last() else { return "no call".to_owned() };
        let entries = self.store.timeline(call.call).await.unwrap();
        let line = |e: &baton::ports::StoredEntry| format!("{} {}\n", e.at, e.json);
        entries.iter().skip(1).map(line).collect()
    }

    /// Waits until the call does this.
    pub(crate) async fn does(&self, effect: Effect) -> CallTime {
        self.happens(&format!("{effect:?}"), |entry| entry.effects.contains(&effect)).await
    }

    /// Waits until the call is told this.
    pub(crate) async fn is_told(&self, event: Event) -> CallTime {
        self.happens(&format!("{event:?}"), |entry| entry.event == event).await
    }

    /// Waits until this is said on this leg.
    pub(crate) async fn says(&self, leg: LegId, phrase: House) -> CallTime {
        self.does(Effect::Say { leg, phrase }).await
    }

    /// A prospect who has asked for a person at once, and the rep whom that rings.
    pub(crate) async fn rep_is_rung(&self) -> (PhoneCall, PhoneCall) {
        let prospect = self.world.prospect_calls(PROSPECT, prospect_in_a_hurry());
        let rep = self.world.call_to_rep(SAM, s(20)).await.expect("the rep is rung");
        (prospect, rep)
    }

    /// The same, until the introduction was played to both.
    pub(crate) async fn bridged(&self) -> (PhoneCall, PhoneCall) {
        self.world.rep(SAM, rep_who_presses('1'));
        let parties = self.rep_is_rung().await;
        for leg in [LegId::Prospect, FIRST_REP] {
            self.is_told(Event::Played { leg, phrase: House::Introduction }).await;
        }
        parties
    }

    /// The numbers that the operator sees.
    pub(crate) async fn numbers(&self) -> String {
        let client = baton::edge::http::client().unwrap();
        client.get(format!("{}/metrics", self.base)).send().await.unwrap().text().await.unwrap()
    }
}

/// The rep of the first try.
pub(crate) const FIRST_REP: LegId = LegId::Rep(AttemptId(1));

/// A prospect who asks for a person at once and says nothing.
pub(crate) fn prospect_in_a_hurry() -> Person {
    Person::new("prospect").then(Step::Wait(Duration::from_millis(1_500))).then(Step::Press('0'))
}

/// A prospect who does only what the journey says.
pub(crate) fn patient_prospect() -> Person {
    Person::new("prospect")
}

/// A rep who picks up and does only what the journey says.
pub(crate) fn patient_rep() -> Person {
    Person::new("sam")
}

/// Whether the prospect came into a silence of more than 2 s after they were first spoken to.
pub(crate) fn longest_nothing(call: &PhoneCall) -> Duration {
    let ear = call.ear();
    let first = ear.levels().iter().position(|level| *level > -75.0).unwrap_or_default();
    let nothing = ear.longest_nothing_within(Duration::from_millis(20 * first as u64)..Duration::MAX);
    nothing.end.saturating_sub(nothing.start)
}
