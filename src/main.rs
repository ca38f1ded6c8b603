//! The program: parse, wire, run, exit code.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use baton::app::App;
use baton::bench::load::Load;
use baton::bench::{self, Plan};
use baton::chaos::{self, Chaos, NumberFallback};
use baton::config::{self, Loaded, check};
use baton::demo::{self, Demo};
use baton::edge::machine;
use baton::edge::store::Store;
use baton::forget;
use baton::id::CallId;
use baton::lab;
use baton::listen;
use baton::rehearsal::{self, Rehearsal};
use baton::setup::{self, Consent, NotReady, Whose};
use baton::telemetry::logs;
use clap::Parser as _;
use tokio::signal::unix::{SignalKind, signal};

#[path = "main/arguments.rs"]
mod arguments;
#[path = "main/files.rs"]
mod files;
#[path = "main/replaying.rs"]
mod replaying;
#[path = "main/showing.rs"]
mod showing;

use arguments::{
    Arguments, BenchArguments, ChaosArguments, Command, EarCommand, FallbackWord, FormatWord,
    ListenArguments, SenseCommand, Settings, SimArguments, TableWord, TwilioCommand, WhoseWord,
};

impl Settings {
    fn load(&self) -> Result<Loaded, config::ConfigError> {
        let mut line = Vec::new();
        line.extend(self.data.clone().map(|data| ("store.data", data)));
        line.extend(self.listen.clone().map(|listen| ("server.listen", listen)));
        config::load(self.config.as_deref(), std::env::vars(), &line)
    }
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Demo { record } => wait_for(unless_told(show_demo(record))),
        Command::Sim(arguments) => wait_for(unless_told(rehearse(*arguments))),
        Command::Chaos(arguments) => wait_for(unless_told(break_it(arguments))),
        Command::Serve(settings) => wait_for(serve(&settings)),
        Command::Check { settings, json } => check_settings(&settings, json),
        Command::Twilio(TwilioCommand::Setup { settings, yes, json }) => {
            let consent = if yes { Consent::Change } else { Consent::Look };
            wait_for(set_number_up(&settings, consent, json))
        }
        Command::Twilio(TwilioCommand::Fallback { settings, rep }) => {
            print_fallback(&settings, if rep { Whose::Rep } else { Whose::Prospect })
        }
        Command::Bench(arguments) => measure(*arguments),
        Command::Floor { listen, assistant } => {
            wait_for(async move { bench::floor::run(listen, assistant).await.map(|()| ExitCode::SUCCESS) })
        }
        Command::Relay { frames } => bench::relay::run(frames).map(|()| ExitCode::SUCCESS),
        Command::Hear { whose, frames } => {
            let whose = match whose {
                WhoseWord::Prospect => bench::ear::Whose::Prospect,
                WhoseWord::Other => bench::ear::Whose::Other,
            };
            bench::ear::hear(whose, frames).map(|()| ExitCode::SUCCESS)
        }
        Command::Ear(EarCommand::Cost { json }) => cost_of_ear(json),
        Command::Replay(arguments) => replaying::replay_calls(&arguments),
        Command::Listen(arguments) => listen_to(arguments),
        Command::Ear(EarCommand::Judge { corpus, json }) => judge_ear(&corpus, json),
        Command::Ear(EarCommand::Train { corpus, out }) => train_ear(&corpus, &out),
        Command::Sense(SenseCommand::Train { corpus, out }) => train_sense(&corpus, &out),
        Command::Sense(SenseCommand::Judge { corpus, json }) => judge_sense(&corpus, json),
        Command::Calls { settings, limit, json } => wait_for(showing::list_calls(&settings, limit, json)),
        Command::Forget { number, settings, yes, json } => {
            let consent = if yes { forget::Consent::Forget } else { forget::Consent::Look };
            wait_for(forget_number(&settings, number, consent, json))
        }
        Command::Show { call, settings, json } => wait_for(showing::show_call(&settings, call, json)),
    };
    done.unwrap_or_else(|error| failed(&error))
}

fn wait_for(work: impl Future<Output = anyhow::Result<ExitCode>>) -> anyhow::Result<ExitCode> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}

/// Does this work until its end, or until told to stop: then all that it holds is dropped, its child processes as well.
async fn unless_told(work: impl Future<Output = anyhow::Result<ExitCode>>) -> anyhow::Result<ExitCode> {
    let (told, _told_again) = told_to_stop();
    tokio::select! {
        done = work => done,
        () = told => anyhow::bail!("told to stop before the end"),
    }
}

async fn show_demo(record: Option<PathBuf>) -> anyhow::Result<ExitCode> {
    logs::start(&config::Log { level: "warn".to_owned(), ..config::Log::default() }, std::io::stderr);
    let as_told = demo::run(&Demo { record }).await?;
    Ok(if as_told { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn rehearse(arguments: SimArguments) -> anyhow::Result<ExitCode> {
    logs::start(&config::Log { level: "warn".to_owned(), ..config::Log::default() }, std::io::stderr);
    let as_expected = rehearsal::run(&Rehearsal {
        url: arguments.url,
        anywhere: arguments.anywhere,
        account_sid: arguments.account_sid,
        auth_token: arguments.auth_token,
        number: arguments.number,
        rest: arguments.rest,
        assistant: (!arguments.no_assistant).then_some(arguments.assistant),
        script: arguments.script,
        rep: arguments.rep,
        calls: arguments.calls,
        at_most: Duration::from_secs(arguments.seconds),
        ready_within: Duration::from_secs(arguments.wait),
        operator_key: arguments.operator_key,
        record: arguments.record,
        json: arguments.json,
        settings: arguments.settings,
    })
    .await?;
    Ok(if as_expected { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn break_it(arguments: ChaosArguments) -> anyhow::Result<ExitCode> {
    logs::start(&config::Log { level: "warn".to_owned(), ..config::Log::default() }, std::io::stderr);
    let chaos = Chaos {
        program: std::env::current_exe().context("this program cannot be found")?,
        seed: arguments.seed.unwrap_or_else(|| baton::live::chance::bits() as u64),
        calls: arguments.calls,
        at_once: arguments.at_once,
        kills: arguments.kills,
        faults: arguments.faults,
        fallback: match arguments.fallback {
            FallbackWord::AsksAgain => NumberFallback::AsksAgain,
            FallbackWord::Says => NumberFallback::Says,
        },
        record: arguments.record,
    };
    let json = arguments.json;
    let say = |line: &str| {
        // Who listens no longer ends nothing.
        let _ = if json {
            std::io::stderr().write_all(line.as_bytes())
        } else {
            print(line).map_err(std::io::Error::other)
        };
    };
    let report = chaos::run(&chaos, say).await?;
    print(&if json { report.json() } else { report.text() })?;
    Ok(if report.kept() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn measure(arguments: BenchArguments) -> anyhow::Result<ExitCode> {
    let word = |within_limits: bool| if within_limits { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    if arguments.instructions {
        return bench::instructions::run(arguments.gate.as_deref()).map(word);
    }
    let plan = Plan {
        load: Load {
            calls: arguments.calls,
            window: Duration::from_secs(arguments.seconds),
            ears: arguments.ears,
            words: arguments.words,
        },
        rounds: arguments.rounds,
        json: arguments.json,
        gate: arguments.gate,
        under: arguments.under.iter().flat_map(|line| line.split_whitespace()).map(str::to_owned).collect(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(unless_told(async { bench::run(&plan).await.map(word) }))
}

fn listen_to(arguments: ListenArguments) -> anyhow::Result<ExitCode> {
    listen::run(&listen::Plan {
        files: arguments.files,
        format: arguments.format.map(|format| match format {
            FormatWord::Ulaw => listen::RawFormat::Ulaw,
            FormatWord::Alaw => listen::RawFormat::Alaw,
            FormatWord::S16 => listen::RawFormat::S16,
        }),
        rate: arguments.rate,
        channels: arguments.channels,
        json: arguments.json,
        csv: arguments.csv.map(|table| match table {
            TableWord::Segments => listen::Table::Segments,
            TableWord::Turns => listen::Table::Turns,
            TableWord::Events => listen::Table::Events,
            TableWord::Tracks => listen::Table::Tracks,
            TableWord::Features => listen::Table::Features,
            TableWord::Mood => listen::Table::Mood,
        }),
        html: arguments.html,
        sound_megabytes: Some(arguments.sound_limit),
        progress: arguments.progress,
    })?;
    Ok(ExitCode::SUCCESS)
}

fn no_such_call(id: CallId) -> String {
    format!("there is no {id} in this store; `baton calls` lists what there is")
}

fn cost_of_ear(json: bool) -> anyhow::Result<ExitCode> {
    let costs = bench::ear::measure()?;
    print(&if json { format!("{:#}\n", serde_json::to_value(&costs)?) } else { bench::ear::text(&costs) })?;
    Ok(ExitCode::SUCCESS)
}

fn judge_ear(corpus: &Path, json: bool) -> anyhow::Result<ExitCode> {
    let judgement = lab::judge::judge(corpus, &mut |doing| eprintln!("… {doing}"))?;
    print(&if json { format!("{:#}\n", serde_json::to_value(&judgement)?) } else { judgement.text() })?;
    Ok(ExitCode::SUCCESS)
}

fn train_ear(corpus: &Path, out: &Path) -> anyhow::Result<ExitCode> {
    eprintln!("… each speaker is left out in turn; this takes a minute");
    let report = lab::train::train(corpus, out)?;
    print(&report.text())?;
    Ok(ExitCode::SUCCESS)
}

fn train_sense(corpus: &Path, out: &Path) -> anyhow::Result<ExitCode> {
    eprintln!("… each tenth is left out in turn; this takes some minutes in a debug build");
    let report = lab::senses::train::train(corpus, out)?;
    print(&report.text())?;
    Ok(ExitCode::SUCCESS)
}

fn judge_sense(corpus: &Path, json: bool) -> anyhow::Result<ExitCode> {
    let told = lab::senses::report::judge(corpus)?;
    print(&if json {
        format!("{:#}\n", serde_json::to_value(&told)?)
    } else {
        lab::senses::report::compared(&told)
    })?;
    Ok(ExitCode::SUCCESS)
}

async fn serve(settings: &Settings) -> anyhow::Result<ExitCode> {
    let loaded = match settings.load() {
        Ok(loaded) => loaded,
        Err(error) => return Ok(misconfigured(&error)),
    };
    let report = check::report(&loaded, machine::open_files_at_most(), files::problems(&loaded.config));
    if !report.ready {
        eprint!("{}", report.text);
        return Ok(ExitCode::from(BAD_CONFIGURATION));
    }
    logs::start(&loaded.config.log, std::io::stderr);
    let in_files = files::problems(&loaded.config);
    for problem in loaded.config.problems_with(machine::raise_open_files()).into_iter().chain(in_files) {
        tracing::warn!(key = problem.key, "{} {}", problem.key, problem.words);
    }
    let app = App::build(&loaded.config).await?;
    tracing::info!(listen = %app.address()?, voice.webhook = "/twilio/voice", "Baton takes calls");
    let (first, second) = told_to_stop();
    app.run(first, second).await?;
    tracing::info!("Baton has stopped");
    Ok(ExitCode::SUCCESS)
}

fn check_settings(settings: &Settings, json: bool) -> anyhow::Result<ExitCode> {
    let loaded = match settings.load() {
        Ok(loaded) => loaded,
        Err(error) => return Ok(misconfigured(&error)),
    };
    let report = check::report(&loaded, machine::open_files_at_most(), files::problems(&loaded.config));
    print(if json { &report.json } else { &report.text })?;
    Ok(if report.ready { ExitCode::SUCCESS } else { ExitCode::from(BAD_CONFIGURATION) })
}

async fn set_number_up(settings: &Settings, consent: Consent, json: bool) -> anyhow::Result<ExitCode> {
    let loaded = match settings.load() {
        Ok(loaded) => loaded,
        Err(error) => return Ok(misconfigured(&error)),
    };
    let findings = match setup::number(&loaded.config, consent).await {
        Ok(findings) => findings,
        Err(error) => match error.downcast_ref::<NotReady>() {
            Some(not_ready) => return Ok(misconfigured(not_ready)),
            None => return Err(error),
        },
    };
    print(if json { &findings.json } else { &findings.text })?;
    Ok(if findings.as_wanted { ExitCode::SUCCESS } else { ExitCode::from(NOT_AS_WANTED) })
}

fn print_fallback(settings: &Settings, whose: Whose) -> anyhow::Result<ExitCode> {
    match settings.load() {
        Ok(loaded) => {
            let document = setup::fallback_document(&loaded.config, whose);
            print(&format!("{document}\n")).map(|()| ExitCode::SUCCESS)
        }
        Err(error) => Ok(misconfigured(&error)),
    }
}

async fn forget_number(
    settings: &Settings,
    written: String,
    consent: forget::Consent,
    json: bool,
) -> anyhow::Result<ExitCode> {
    let number = forget::as_recorded(&written)
        .with_context(|| format!("{written:?} is no number; write it as in +15550100123"))?;
    let store = store(settings).await?;
    let found = forget::number(&store, &number, consent).await?;
    print(&if json { format!("{:#}\n", serde_json::to_value(&found)?) } else { found.text(&number) })?;
    Ok(if found.complete() { ExitCode::SUCCESS } else { ExitCode::from(NOT_AS_WANTED) })
}

async fn store(settings: &Settings) -> anyhow::Result<Store> {
    let loaded = settings.load()?;
    let folder = PathBuf::from(&loaded.config.store.data);
    anyhow::ensure!(
        folder.join("baton.db").exists(),
        "there is no store in {}; name its folder with --data",
        folder.display()
    );
    Ok(Store::open_beside(&folder).await?)
}

/// The first and the second of the signals that mean "stop". From here on they do not end the process by themselves.
fn told_to_stop() -> (impl Future<Output = ()> + Send, impl Future<Output = ()> + Send) {
    let (tell, told) = tokio::sync::watch::channel(0_u32);
    for kind in [SignalKind::interrupt(), SignalKind::terminate()] {
        match signal(kind) {
            Ok(mut signals) => {
                let tell = tell.clone();
                tokio::spawn(async move {
                    while signals.recv().await.is_some() {
                        tell.send_modify(|times| *times += 1);
                    }
                });
            }
            Err(error) => tracing::warn!(%error, ?kind, "this signal cannot be waited for"),
        }
    }
    let times = |wish: u32| {
        let mut told = told.clone();
        async move {
            if told.wait_for(|times| *times >= wish).await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    };
    (times(1), times(2))
}

fn print(text: &str) -> anyhow::Result<()> {
    std::io::stdout().write_all(text.as_bytes()).context("could not write to the output")
}

fn misconfigured(error: &dyn std::error::Error) -> ExitCode {
    eprintln!("baton: {error}");
    ExitCode::from(BAD_CONFIGURATION)
}

fn failed(error: &anyhow::Error) -> ExitCode {
    eprintln!("baton: {error:#}");
    ExitCode::FAILURE
}

/// What sysexits calls a usage error.
const BAD_CONFIGURATION: u8 = 64;

/// Neither an error nor a success, and not clap's 2: a script may ask a person.
const NOT_AS_WANTED: u8 = 3;
