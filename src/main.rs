//! The program: parse, wire, run, exit code.

use std::io::Write as _;
use std::path::PathBuf;
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
use baton::id::CallId;
use baton::ports::Calls as _;
use baton::rehearsal::{self, Rehearsal};
use baton::setup::{self, Consent, NotReady, Whose};
use baton::telemetry::logs;
use clap::{Args, Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};

/// Puts a person into a live call that an AI assistant is holding, without the prospect repeating a word.
///
/// Begin with `baton demo`: it needs nothing. Then `baton check` says what is missing to run for real, and
/// `baton serve` runs. Every setting stands in deploy/baton.toml.
#[derive(Parser)]
#[command(version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Show it all: a simulated call is handed to a simulated rep, with nothing installed and nothing configured.
    Demo {
        /// Write what each party's ear heard into this folder, as WAV.
        #[arg(long, value_name = "DIR")]
        record: Option<PathBuf>,
    },
    /// Play the carrier, a prospect, reps and an assistant against a Baton that runs, and judge how the call went.
    ///
    /// First it prints the settings that this Baton needs and waits for it; then it tells the story as it goes, and at
    /// the end the verdict. Exit 0 when every call went as its script expects, 1 when not.
    Sim(Box<SimArguments>),
    /// Break it: play calls with handoffs while things go wrong to a seeded plan, kill -9 among them, and judge the promises.
    ///
    /// A gateway is started as a process of its own, with a folder and ports of its own; nothing that runs already is
    /// touched. Exit 0 when every promise was kept; 1 when not, with the command that plays the same plan again.
    Chaos(ChaosArguments),
    /// Run: take calls from the carrier, and put people into them.
    ///
    /// Told to stop (an interrupt, SIGTERM), it takes no new calls and lets running ones finish, for at most
    /// server.drain; told a second time, or after that, it sends their prospects to the fallback. It says what it waits
    /// for. Exit 0 when all that was to be written is written.
    Serve(Settings),
    /// Say which settings are in force and what is missing to run; exit 0 when Baton can run, 64 when not.
    Check {
        #[command(flatten)]
        settings: Settings,
        /// For a script.
        #[arg(long)]
        json: bool,
    },
    /// Look after our number at the carrier.
    #[command(subcommand)]
    Twilio(TwilioCommand),
    /// Measure what calls cost here, beside a bare bridge that does nothing but pass messages on.
    ///
    /// Each takes its turn as a child process, under calls over real sockets. The ratios hold on other machines as well;
    /// the milliseconds hold on this one, while nothing else runs.
    Bench(Box<BenchArguments>),
    /// The bare bridge that `baton bench` measures beside Baton.
    #[command(hide = true)]
    Floor {
        /// The address to listen on.
        #[arg(long)]
        listen: std::net::SocketAddr,
        /// Where the assistant's stream is.
        #[arg(long)]
        assistant: String,
    },
    /// A call without sockets, for the count of instructions.
    #[command(hide = true)]
    Relay {
        /// Frames each way.
        #[arg(long)]
        frames: u32,
    },
    /// List the latest calls.
    Calls {
        #[command(flatten)]
        settings: Settings,
        /// How many.
        #[arg(long, default_value_t = 20)]
        limit: u32,
        /// For a script.
        #[arg(long)]
        json: bool,
    },
    /// Show one call: its outcome, and its timeline entry by entry.
    Show {
        /// Which, as `baton calls` lists it.
        call: CallId,
        #[command(flatten)]
        settings: Settings,
        /// For a script.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Subcommand)]
enum TwilioCommand {
    /// Show what our number does with a call and what it should do; with --yes, set it so.
    ///
    /// Exit 0 when the number is as it should be, 3 when it is not and nothing was changed, 64 when settings are missing,
    /// 1 when the carrier could not be asked or refused.
    Setup {
        #[command(flatten)]
        settings: Settings,
        /// Change the number.
        #[arg(long)]
        yes: bool,
        /// For a script.
        #[arg(long)]
        json: bool,
    },
    /// Print the document for when Baton is not there to answer: put it somewhere else, and its URL into fallback.url.
    Fallback {
        #[command(flatten)]
        settings: Settings,
        /// The one for calls to reps, for fallback.rep_url.
        #[arg(long)]
        rep: bool,
    },
}

#[derive(Args)]
struct SimArguments {
    /// Where Baton runs.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    url: url::Url,
    /// Allow a Baton that is not on this machine.
    #[arg(long)]
    anywhere: bool,
    /// The script of the call, as in fixtures/calls; without it a call is handed over.
    #[arg(long, value_name = "FILE")]
    script: Option<PathBuf>,
    /// The number of the script's first rep, where it is not what the script says.
    #[arg(long, value_name = "NUMBER")]
    rep: Option<String>,
    /// How many calls, one after the other.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    calls: u32,
    /// After so many seconds the prospect hangs up, whatever the script says.
    #[arg(long, default_value_t = 120)]
    seconds: u64,
    /// Write what each ear heard into this folder, as WAV.
    #[arg(long, value_name = "DIR")]
    record: Option<PathBuf>,
    /// Print the verdict as JSON, and the story on standard error.
    #[arg(long)]
    json: bool,
    /// Also write the settings that Baton needs to this file, for `baton serve --config FILE`.
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// How many seconds to wait for Baton.
    #[arg(long, default_value_t = 60)]
    wait: u64,
    /// The account of the simulated carrier.
    #[arg(long, value_name = "AC…", default_value = "AC00000000000000000000000000000001")]
    account_sid: String,
    /// Its auth token, which signs what it asks.
    #[arg(long, value_name = "TOKEN", default_value = "0123456789abcdef0123456789abcdef")]
    auth_token: String,
    /// The number that the prospect dials.
    #[arg(long, value_name = "NUMBER", default_value = "+14155550100")]
    number: String,
    /// The key with which the outcome is read from Baton's control API; "" reads none, and none is judged.
    #[arg(long, value_name = "KEY", default_value = "operator-key-of-the-simulation")]
    operator_key: String,
    /// Where the simulated carrier's REST API listens.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8090")]
    rest: std::net::SocketAddr,
    /// Where the scripted assistant listens.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8091")]
    assistant: std::net::SocketAddr,
    /// Play no assistant: Baton has one already.
    #[arg(long)]
    no_assistant: bool,
}

#[derive(Args)]
struct ChaosArguments {
    /// What all chance follows; without one it is rolled, and said.
    #[arg(long)]
    seed: Option<u64>,
    /// How many calls.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    calls: u32,
    /// How many of them at a time.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=40))]
    at_once: u32,
    /// How often the gateway is killed with -9 and started again, spread over the calls and their handoffs.
    #[arg(long, default_value_t = 10)]
    kills: u32,
    /// How many other faults a call has at most: cuts, stalls with bursts, assistants that break, late and doubled callbacks.
    #[arg(long, default_value_t = 2)]
    faults: u32,
    /// What the number's fallback at the carrier does with a call while the gateway is away.
    #[arg(long, value_enum, default_value_t = FallbackWord::AsksAgain)]
    fallback: FallbackWord,
    /// Write what each prospect heard into this folder, as WAV, and beside it what went wrong when.
    #[arg(long, value_name = "DIR")]
    record: Option<PathBuf>,
    /// Print the report as JSON, and how it goes on standard error.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum FallbackWord {
    /// It says a word, plays hold, and asks again what failed: a gateway that restarts gets its calls back.
    AsksAgain,
    /// It says that the call cannot be taken, and hangs up.
    Says,
}

#[derive(Args)]
struct BenchArguments {
    /// How many calls at once, each with a phone's stream and an assistant's.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(8..=5_000))]
    calls: u16,
    /// How many seconds each is measured in each round.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
    /// How often each takes its turn.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// For a script.
    #[arg(long)]
    json: bool,
    /// Hold the figures to the limits of this file: exit 1 where two rounds of three are over one.
    #[arg(long, value_name = "FILE")]
    gate: Option<PathBuf>,
    /// Count the instructions of a frame's way instead, where valgrind is installed.
    #[arg(long)]
    instructions: bool,
    /// Run the gateways under this program, to see where the time or the memory goes.
    #[arg(long, value_name = "COMMAND")]
    under: Option<String>,
}

#[derive(Args)]
struct Settings {
    /// The file of settings; without it ./baton.toml is read where it exists.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The folder of the database [default: baton-data].
    #[arg(long, value_name = "DIR")]
    data: Option<String>,
    /// The address to listen on [default: 127.0.0.1:8080].
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
}

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
        Command::Demo { record } => wait_for(show_demo(record)),
        Command::Sim(arguments) => wait_for(rehearse(*arguments)),
        Command::Chaos(arguments) => wait_for(break_it(arguments)),
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
        Command::Calls { settings, limit, json } => wait_for(list_calls(&settings, limit, json)),
        Command::Show { call, settings, json } => wait_for(show_call(&settings, call, json)),
    };
    done.unwrap_or_else(|error| failed(&error))
}

fn wait_for(work: impl Future<Output = anyhow::Result<ExitCode>>) -> anyhow::Result<ExitCode> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
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
    let within_limits = if arguments.instructions {
        bench::instructions::run(arguments.gate.as_deref())?
    } else {
        bench::run(&Plan {
            load: Load { calls: arguments.calls, window: Duration::from_secs(arguments.seconds) },
            rounds: arguments.rounds,
            json: arguments.json,
            gate: arguments.gate,
            under: arguments
                .under
                .iter()
                .flat_map(|line| line.split_whitespace())
                .map(str::to_owned)
                .collect(),
        })?
    };
    Ok(if within_limits { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn serve(settings: &Settings) -> anyhow::Result<ExitCode> {
    let loaded = match settings.load() {
        Ok(loaded) => loaded,
        Err(error) => return Ok(misconfigured(&error)),
    };
    let report = check::report(&loaded, machine::open_files_at_most());
    if !report.ready {
        eprint!("{}", report.text);
        return Ok(ExitCode::from(BAD_CONFIGURATION));
    }
    logs::start(&loaded.config.log, std::io::stderr);
    for problem in loaded.config.problems_with(machine::raise_open_files()) {
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
    let report = check::report(&loaded, machine::open_files_at_most());
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
        Ok(loaded) => print(&setup::fallback_document(&loaded.config, whose)).map(|()| ExitCode::SUCCESS),
        Err(error) => Ok(misconfigured(&error)),
    }
}

async fn list_calls(settings: &Settings, limit: u32, json: bool) -> anyhow::Result<ExitCode> {
    let calls = store(settings).await?.latest(limit).await?;
    if json {
        print(&format!("{:#}\n", serde_json::to_value(&calls)?))?;
        return Ok(ExitCode::SUCCESS);
    }
    if calls.is_empty() {
        print("no calls yet\n")?;
    }
    for call in calls {
        let handoffs: Vec<String> = call
            .handoffs
            .iter()
            .map(|h| [h.outcome.as_str(), h.reason.as_str()].join(" ").trim().to_owned())
            .collect();
        let end = call.end.unwrap_or_else(|| "running, or cut short".to_owned());
        let began =
            jiff::Timestamp::from_millisecond(call.began_ms.0).map(|t| format!("{t:.0}")).unwrap_or_default();
        print(&format!(
            "{}  {began}  {:<8}  {end:<22}  {}\n",
            call.call,
            call.direction,
            handoffs.join(", ")
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn show_call(settings: &Settings, id: CallId, json: bool) -> anyhow::Result<ExitCode> {
    let store = store(settings).await?;
    let Some(call) = store.call(id).await? else {
        eprintln!("there is no {id} in this store; `baton calls` lists what there is");
        return Ok(ExitCode::FAILURE);
    };
    let entries = store.timeline(id).await?;
    if json {
        let timeline: Vec<serde_json::Value> =
            entries.iter().filter_map(|e| serde_json::from_str(&e.json).ok()).collect();
        print(&format!("{:#}\n", serde_json::json!({ "call": call, "timeline": timeline })))?;
        return Ok(ExitCode::SUCCESS);
    }
    print(&format!("{id}  {}\n", call.end.as_deref().unwrap_or("running, or cut short")))?;
    for entry in &entries {
        let parsed: serde_json::Value = serde_json::from_str(&entry.json).context("an entry is not JSON")?;
        print(&format!("{}  {}\n", entry.at, parsed["event"]))?;
        for effect in parsed["effects"].as_array().into_iter().flatten() {
            print(&format!("           → {effect}\n"))?;
        }
    }
    for handoff in &call.handoffs {
        let rep = handoff.rep.as_ref().map(|rep| format!(", {rep}")).unwrap_or_default();
        print(&format!(
            "handoff {}: {} {}{rep} ({} to {})\n",
            handoff.number, handoff.outcome, handoff.reason, handoff.began_us, handoff.ended_us
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn store(settings: &Settings) -> anyhow::Result<Store> {
    let loaded = settings.load()?;
    let folder = PathBuf::from(&loaded.config.store.data);
    anyhow::ensure!(
        folder.join("baton.db").exists(),
        "there is no store in {}; name its folder with --data",
        folder.display()
    );
    Ok(Store::open_to_read(&folder).await?)
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
