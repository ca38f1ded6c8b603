//! A stage for journeys: the built app on a free port, a carrier as unkind as the real one, people and an assistant.

use std::path::PathBuf;
use std::time::Duration;

use baton::app::App;
use baton::audio::clip::Clip;
use baton::call::Entry;
use baton::config::{Config, Rep, Secret};
use baton::edge::store::Store;
use baton::handoff::Phrase as House;
use baton::live::house_voice::HouseVoice;
use baton::ports::{Calls as _, StoredCall};
use baton::sim::assistant::AssistantScript;
use baton::sim::carrier::{CarrierSettings, PhoneCall};
use baton::sim::person::{Person, Step};
use baton::sim::sound::{Phrase, Pitch};
use baton::sim::world::{World, WorldSettings};

/// Everything that a journey needs; all of it ends when the stage is dropped.
pub(crate) struct Stage {
    pub(crate) world: World,
    pub(crate) base: String,
    pub(crate) store: Store,
    pub(crate) voice: HouseVoice,
    folder: PathBuf,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    running: Option<tokio::task::JoinHandle<()>>,
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
        change(&mut config);
        let app = App::build(&config).await.unwrap();
        let base = format!("http://{}", app.address().unwrap());
        world.point_at(&base);
        let store = app.store.clone();
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let running = tokio::spawn(async move {
            app.run(async move {
                let _ = stopped.await;
            })
            .await
            .unwrap();
        });
        let voice = HouseVoice::built_in();
        Self { world, base, store, voice, folder, stop: Some(stop), running: Some(running) }
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

    /// Asks for a person over the control API.
    pub(crate) async fn ask_for_person(&self, call: &StoredCall) -> u16 {
        let url = format!("{}/v1/calls/{}/handoff", self.base, call.call);
        let client = baton::edge::http::client().unwrap();
        client.post(url).bearer_auth(OPERATOR_KEY).send().await.unwrap().status().as_u16()
    }

    /// Stops Baton as an operator would, and waits until what was to be written is written.
    pub(crate) async fn close(mut self) {
        let _ = self.stop.take().map(|stop| stop.send(()));
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
