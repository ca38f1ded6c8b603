//! `baton sim`: plays the carrier, the people and, where wanted, the assistant, against a Baton that runs somewhere else.
//!
//! A script says who does what and what must come of it; the verdict goes by what the ears heard and, where the control
//! API lets us in, by what Baton wrote down.

mod stage_directions;
mod verdict;

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use tokio::sync::broadcast::error::RecvError;
use url::Url;

use crate::audio::clip::Clip;
use crate::edge::http::is_loopback;
use crate::handoff::Phrase as House;
use crate::live::house_voice::HouseVoice;
use crate::sim::carrier::{CarrierSettings, PhoneCall};
use crate::sim::script::Script;
use crate::sim::story::Happening;
use crate::sim::world::{World, WorldSettings};

use verdict::Record;

/// How a rehearsal is run; each field is a flag of `baton sim`.
#[derive(Clone, Debug)]
pub struct Rehearsal {
    /// Where Baton runs, as `http://127.0.0.1:8080`.
    pub url: Url,
    /// Whether a Baton on another machine may be called.
    pub anywhere: bool,
    /// The account of the simulated carrier.
    pub account_sid: String,
    /// Its token.
    pub auth_token: String,
    /// The number that the prospect dials.
    pub number: String,
    /// Where the simulated carrier's REST API listens.
    pub rest: SocketAddr,
    /// Where the scripted assistant listens; none: Baton has one of its own.
    pub assistant: Option<SocketAddr>,
    /// The script; without one, the built-in story of a call that is handed over.
    pub script: Option<PathBuf>,
    /// The number of the script's first rep.
    pub rep: Option<String>,
    /// How many calls, one after the other.
    pub calls: u32,
    /// How long one call may take.
    pub at_most: Duration,
    /// How long to wait for Baton.
    pub ready_within: Duration,
    /// Opens the control API, where the outcome is read.
    pub operator_key: String,
    /// Where to write what each ear heard.
    pub record: Option<PathBuf>,
    /// Whether the verdict is JSON and the story goes to standard error.
    pub json: bool,
    /// Where to write the settings that Baton needs.
    pub settings: Option<PathBuf>,
}

/// Plays the script; true when each call went as it expects.
pub async fn run(rehearsal: &Rehearsal) -> anyhow::Result<bool> {
    anyhow::ensure!(
        rehearsal.anywhere || is_loopback(&rehearsal.url),
        "{} is not this machine: calls to it may cost somebody money; --anywhere allows it",
        rehearsal.url
    );
    let (mut script, folder) = script(rehearsal.script.as_deref())?;
    if let (Some(number), Some(rep)) = (&rehearsal.rep, script.rep.first_mut()) {
        rep.number = Some(number.clone());
    }
    if let Some(folder) = &rehearsal.record {
        std::fs::create_dir_all(folder).with_context(|| format!("could not make {}", folder.display()))?;
    }
    let clips = Clips { voice: HouseVoice::built_in(), folder };
    let cast = script.cast(|name| clips.find(name))?;
    let carrier = CarrierSettings {
        account_sid: rehearsal.account_sid.clone(),
        auth_token: rehearsal.auth_token.clone(),
        number: rehearsal.number.clone(),
        rest: rehearsal.rest,
        ..CarrierSettings::default()
    };
    let settings = WorldSettings { carrier, assistant: cast.assistant.clone() };
    let anywhere_here = SocketAddr::from(([127, 0, 0, 1], 0));
    let world = World::start_at(settings, rehearsal.assistant.unwrap_or(anywhere_here))
        .await
        .with_context(|| format!("could not listen on {} or the assistant's address", rehearsal.rest))?;
    world.point_at(rehearsal.url.as_str());

    let show = Show { json: rehearsal.json };
    stage_directions::give(rehearsal, &world, &cast, &show)?;
    baton_is_ready(rehearsal, &show).await?;
    if !script.title.is_empty() {
        show.line(&format!("{}\n", script.title));
    }
    let happened = Arc::new(Mutex::new(Vec::new()));
    let showing = tokio::spawn(follow(world.story().follow(), happened.clone(), rehearsal.json));
    let mut verdicts = Vec::new();
    for number in 1..=rehearsal.calls {
        happened.lock().unwrap_or_else(PoisonError::into_inner).clear();
        let before = world.carrier.calls().len();
        let prospect = world.play(cast.clone());
        if prospect.is_over(rehearsal.at_most).await.is_none() {
            prospect.give_up();
            prospect.is_over(LET_GO).await;
        }
        let others: Vec<PhoneCall> = world.carrier.calls().split_off(before + 1);
        for other in &others {
            other.is_over(LET_GO).await;
        }
        // Whoever got furthest counts as the rep: others rang in vain.
        let rep = others.iter().max_by_key(|call| call.ear().duration());
        let record = Record::read(rehearsal, &script.expect).await;
        let happened = happened.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let play = verdict::Play { prospect: &prospect, rep, happened: &happened, record: &record };
        verdicts.push(verdict::judge(&script.expect, &play, &world, &clips));
        if let Some(folder) = &rehearsal.record {
            write_ears(folder, number, &prospect, &others, &show)?;
        }
    }
    showing.abort();
    let text = if rehearsal.json { verdict::json(&verdicts) } else { verdict::text(&verdicts) };
    let _ = std::io::stdout().write_all(text.as_bytes());
    Ok(verdicts.iter().all(|verdict| verdict.complaints.is_empty()))
}

/// Where the story goes; a reader who has left ends nothing.
struct Show {
    json: bool,
}

impl Show {
    fn line(&self, text: &str) {
        let _ = if self.json {
            std::io::stderr().write_all(text.as_bytes())
        } else {
            std::io::stdout().write_all(text.as_bytes())
        };
    }
}

async fn follow(
    mut story: tokio::sync::broadcast::Receiver<Happening>,
    happened: Arc<Mutex<Vec<Happening>>>,
    json: bool,
) {
    let show = Show { json };
    loop {
        match story.recv().await {
            Ok(happening) => {
                show.line(&format!("{happening}\n"));
                happened.lock().unwrap_or_else(PoisonError::into_inner).push(happening);
            }
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}

async fn baton_is_ready(rehearsal: &Rehearsal, show: &Show) -> anyhow::Result<()> {
    let client = client()?;
    let url = rehearsal.url.join("/readyz")?;
    let mut said = false;
    let ready = async {
        loop {
            let answer = client.get(url.clone()).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return;
            }
            if !said {
                said = true;
                show.line(&format!("waiting for a Baton at {} …\n", rehearsal.url));
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    };
    tokio::time::timeout(rehearsal.ready_within, ready).await.with_context(|| {
        format!("no Baton was ready at {} within {:?}", rehearsal.url, rehearsal.ready_within)
    })
}

fn client() -> anyhow::Result<reqwest::Client> {
    Ok(reqwest::Client::builder().timeout(ANSWER_WITHIN).no_proxy().build()?)
}

/// The script, and the folder in which its recordings stand.
fn script(file: Option<&Path>) -> anyhow::Result<(Script, PathBuf)> {
    let Some(file) = file else {
        return Ok((Script::read(HANDED_OVER)?, PathBuf::new()));
    };
    let text = std::fs::read_to_string(file).with_context(|| format!("could not read {}", file.display()))?;
    let script = Script::read(&text).with_context(|| format!("{} cannot be played", file.display()))?;
    Ok((script, file.parent().unwrap_or(Path::new("")).to_owned()))
}

/// Recorded sound by name: a phrase of Baton's house voice, or a WAV file beside the script.
struct Clips {
    voice: HouseVoice,
    folder: PathBuf,
}

impl Clips {
    fn find(&self, name: &str) -> Option<Clip> {
        if let Some(phrase) = House::ALL.into_iter().find(|phrase| phrase.name() == name) {
            return Some(self.voice.phrase(phrase).clone());
        }
        if name == "hold" {
            return Some(self.voice.hold().clone());
        }
        let is_wav = Path::new(name).extension().is_some_and(|ending| ending.eq_ignore_ascii_case("wav"));
        let file = is_wav.then(|| std::fs::File::open(self.folder.join(name)).ok())??;
        Clip::from_wav(std::io::BufReader::new(file)).ok()
    }
}

fn write_ears(
    folder: &Path,
    number: u32,
    prospect: &PhoneCall,
    others: &[PhoneCall],
    show: &Show,
) -> anyhow::Result<()> {
    for call in std::iter::once(prospect).chain(others) {
        let file = folder.join(format!("{number}-{}.wav", call.name()));
        let wav =
            std::fs::File::create(&file).with_context(|| format!("could not write {}", file.display()))?;
        call.ear()
            .wav(std::io::BufWriter::new(wav))
            .with_context(|| format!("could not write {}", file.display()))?;
        show.line(&format!("what {} heard: {}\n", call.name(), file.display()));
    }
    Ok(())
}

/// The story that is told where no script is named.
const HANDED_OVER: &str = include_str!("../../fixtures/calls/handed_over.toml");

/// How often Baton is asked whether it is ready.
const LOOK_AGAIN: Duration = Duration::from_millis(300);

/// Health and records are answered at once.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// How long the other lines of a call may last when the prospect has left: a rep is told why.
const LET_GO: Duration = Duration::from_secs(20);
