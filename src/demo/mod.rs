//! `baton demo`: the whole story on one machine, with nothing installed and nothing configured.
//!
//! A Baton runs behind real loopback sockets; a simulated carrier, prospect, assistant and rep play their parts around
//! it. The terminal shows what goes on, and at the end whether it went as the story says.

mod cast;
mod screen;
mod verdict;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::sync::oneshot;

use crate::app::App;
use crate::config::{Config, Rep, Secret};
use crate::ports::{Calls, StoredCall};
use crate::sim::assistant::Visit;
use crate::sim::carrier::{CarrierSettings, PhoneCall};
use crate::sim::person::Person;
use crate::sim::world::{World, WorldSettings};

use cast::{Cast, OUR_NUMBER, PROSPECT_NUMBER, REP_NUMBER};
use screen::Screen;

/// How the demo is run.
#[derive(Clone, Debug, Default)]
pub struct Demo {
    /// Where to write what each party's ear heard, as WAV.
    pub record: Option<PathBuf>,
}

/// Tells the story once; true when it went as it should.
pub async fn run(demo: &Demo) -> anyhow::Result<bool> {
    if let Some(folder) = &demo.record {
        std::fs::create_dir_all(folder).with_context(|| format!("could not make {}", folder.display()))?;
    }
    let cast = Cast::built_in();
    let carrier = CarrierSettings { number: OUR_NUMBER.to_owned(), ..CarrierSettings::default() };
    let world = World::start(WorldSettings { carrier, assistant: cast.assistant() })
        .await
        .context("the simulated world could not start")?;
    let folder = Scratch::new();
    let app = App::build(&settings(&world, &folder.0)).await?;
    let base = format!("http://{}", app.address()?);
    world.point_at(&base);
    let world = Arc::new(world);
    let screen = Screen::new(world.clone(), app.switchboard.world().watchers.subscribe());
    screen::say(&format!(
        "Baton listens on {base}. A prospect dials; the network is 60 ms away, as a real one is.\n"
    ));

    let store = app.store.clone();
    let (stop, stopped) = oneshot::channel::<()>();
    let told = async move {
        let _ = stopped.await;
    };
    let baton = tokio::spawn(app.run(told, std::future::ready(())));
    let showing = tokio::spawn(screen.show());
    world.rep(REP_NUMBER, Person::new("sam"));
    let prospect = world.prospect_calls(PROSPECT_NUMBER, Person::new("prospect"));
    let rep = play(&world, &cast, &prospect).await;
    let written = written(&store).await;
    showing.abort();

    let verdict = verdict::judge(&cast, &world, &prospect, rep.as_ref(), written.as_ref());
    screen::say(&verdict.text);
    if let Some(folder) = &demo.record {
        record(folder, &world, &prospect, rep.as_ref())?;
    }
    let _ = stop.send(());
    baton.await.context("Baton failed")??;
    Ok(verdict.as_told)
}

/// The story: each takes their turn when they have heard the one before.
async fn play(world: &World, cast: &Cast, prospect: &PhoneCall) -> Option<PhoneCall> {
    for (heard, then_said) in cast.before_a_person_is_asked_for() {
        prospect.hears(&heard.clip, TURN_AT_MOST).await?;
        prospect.say(then_said.clone());
    }
    prospect.press('0');
    let rep = world.call_to_rep(REP_NUMBER, TURN_AT_MOST).await?;
    // The assistant keeps the prospect company while the rep's phone rings.
    prospect.hears(&cast.company().clip, TURN_AT_MOST).await?;
    prospect.say(cast.team().clone());
    rep.hears(cast.question_to_rep(), TURN_AT_MOST).await?;
    rep.press('1');
    prospect.hears(cast.introduction(), STORY_AT_MOST).await?;
    for (who, listener, phrase) in cast.talk(&rep, prospect) {
        who.say(phrase.clone());
        listener.hears(&phrase.clip, TURN_AT_MOST).await?;
    }
    prospect.hang_up();
    rep.is_over(TURN_AT_MOST).await;
    prospect.is_over(TURN_AT_MOST).await;
    Some(rep)
}

/// The call as it stands in the store once it is over.
async fn written(store: &dyn Calls) -> Option<StoredCall> {
    for _ in 0..100 {
        let call = store.latest(1).await.ok()?.pop();
        if call.as_ref().is_some_and(|call| call.end.is_some()) {
            return call;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    None
}

fn settings(world: &World, folder: &Path) -> Config {
    let carrier = world.carrier.settings();
    let mut config = Config::default();
    // Nobody here has to be told of it.
    config.ear.mood = true;
    config.server.listen = ([127, 0, 0, 1], 0).into();
    config.store.data = folder.display().to_string();
    config.carrier.twilio.account_sid.clone_from(&carrier.account_sid);
    config.carrier.twilio.auth_token = Secret::new(carrier.auth_token.clone());
    OUR_NUMBER.clone_into(&mut config.carrier.twilio.number);
    world.carrier.api_url().clone_into(&mut config.carrier.twilio.api_url);
    world.assistant.url().clone_into(&mut config.assistant.stream_url);
    config.reps = vec![Rep { name: "sam".to_owned(), phone: REP_NUMBER.to_owned() }];
    config
}

fn record(folder: &Path, world: &World, prospect: &PhoneCall, rep: Option<&PhoneCall>) -> anyhow::Result<()> {
    let assistant = world.assistant.visits().first().map(Visit::ear);
    let ears =
        [("prospect", Some(prospect.ear())), ("rep", rep.map(PhoneCall::ear)), ("assistant", assistant)];
    for (name, ear) in ears {
        let Some(ear) = ear else { continue };
        let file = folder.join(format!("{name}.wav"));
        let wav =
            std::fs::File::create(&file).with_context(|| format!("could not write {}", file.display()))?;
        ear.wav(std::io::BufWriter::new(wav))
            .with_context(|| format!("could not write {}", file.display()))?;
        screen::say(&format!("what the {name} heard: {}\n", file.display()));
    }
    Ok(())
}

/// A folder that is gone when the demo is over.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        Self(std::env::temp_dir().join(format!("baton-demo-{:032x}", crate::live::chance::bits())))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The whisper and the introduction, and what may be said before.
const STORY_AT_MOST: Duration = Duration::from_secs(40);

/// Nobody in it speaks longer.
const TURN_AT_MOST: Duration = Duration::from_secs(20);
