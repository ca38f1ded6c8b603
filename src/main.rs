//! The program: parse, wire, run, exit code.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use baton::app::App;
use baton::bench::load::Load;
use baton::bench::{self, Plan};
use baton::config::{self, Loaded, check};
use baton::demo::{self, Demo};
use baton::edge::store::Store;
use baton::id::CallId;
use baton::ports::Calls as _;
use baton::rehearsal::{self, Rehearsal};
use baton::telemetry::logs;
use clap::{Args, Parser, Subcommand};

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
    /// Run: take calls from the carrier, and put people into them.
    Serve(Settings),
    /// Say which settings are in force and what is missing to run; exit 0 when Baton can run, 64 when not.
    Check {
        #[command(flatten)]
        settings: Settings,
        /// For a script.
        #[arg(long)]
        json: bool,
    },
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
        Command::Serve(settings) => wait_for(serve(&settings)),
        Command::Check { settings, json } => check_settings(&settings, json),
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
    let report = check::report(&loaded);
    if !report.ready {
        eprint!("{}", report.text);
        return Ok(ExitCode::from(BAD_CONFIGURATION));
    }
    logs::start(&loaded.config.log, std::io::stderr);
    for problem in loaded.config.problems() {
        tracing::warn!(key = problem.key, "{} {}", problem.key, problem.words);
    }
    let app = App::build(&loaded.config).await?;
    tracing::info!(listen = %app.address()?, voice.webhook = "/twilio/voice", "Baton takes calls");
    app.run(told_to_stop()).await?;
    Ok(ExitCode::SUCCESS)
}

fn check_settings(settings: &Settings, json: bool) -> anyhow::Result<ExitCode> {
    let loaded = match settings.load() {
        Ok(loaded) => loaded,
        Err(error) => return Ok(misconfigured(&error)),
    };
    let report = check::report(&loaded);
    print(if json { &report.json } else { &report.text })?;
    Ok(if report.ready { ExitCode::SUCCESS } else { ExitCode::from(BAD_CONFIGURATION) })
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

/// The first of the signals that mean "stop".
async fn told_to_stop() {
    let interrupted = tokio::signal::ctrl_c();
    let mut terminate = match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(signal) => signal,
        Err(error) => {
            tracing::warn!(%error, "SIGTERM cannot be waited for; only an interrupt stops Baton");
            let _ = interrupted.await;
            return;
        }
    };
    tokio::select! {
        _ = interrupted => {}
        _ = terminate.recv() => {}
    }
}

fn print(text: &str) -> anyhow::Result<()> {
    use std::io::Write as _;
    std::io::stdout().write_all(text.as_bytes()).context("could not write to the output")
}

fn misconfigured(error: &config::ConfigError) -> ExitCode {
    eprintln!("baton: {error}");
    ExitCode::from(BAD_CONFIGURATION)
}

fn failed(error: &anyhow::Error) -> ExitCode {
    eprintln!("baton: {error:#}");
    ExitCode::FAILURE
}

/// What sysexits calls a usage error.
const BAD_CONFIGURATION: u8 = 64;
