//! What the program can be told: its commands and their flags, which are also its help.

use std::path::PathBuf;

use baton::id::CallId;
use clap::{Args, Parser, Subcommand, ValueEnum};

/// Puts a person into a live call that an AI assistant is holding, without the prospect repeating a word.
///
/// Begin with `baton demo`: it needs nothing. Then `baton check` says what is missing to run for real, and
/// `baton serve` runs. Every setting stands in deploy/baton.toml.
#[derive(Parser)]
#[command(version, arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
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
    /// An ear without a call, for the count of instructions.
    #[command(hide = true)]
    Hear {
        /// Whose.
        #[arg(long, value_enum)]
        whose: WhoseWord,
        /// Frames.
        #[arg(long)]
        frames: u32,
    },
    /// Hear a recording as Baton would have heard the call, and show what the ear found: a summary, JSON, CSV or a page.
    Listen(ListenArguments),
    /// Run recorded calls through understanding and deciding again, with any settings, and show everything that came of it.
    ///
    /// Of one call: what was said with what it told, every score against its threshold, each decision with what it stands on,
    /// and why nothing else fired. Of a folder: a line each, and how well it went where files say what is right. With
    /// --compare: what the new settings would change.
    Replay(ReplayArguments),
    /// Judge the ear on labelled sound, or train what it reads the mood by.
    #[command(subcommand)]
    Ear(EarCommand),
    /// Train what sentences are sensed by, or judge it on labelled ones.
    #[command(subcommand)]
    Sense(SenseCommand),
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
    /// Take a prospect's words, facts, moods and number out of the record, for good.
    ///
    /// Without --yes it only says what there is. A gateway may go on running meanwhile; calls that go on are left alone.
    /// Logs are not touched: no number and no word appears in them above debug. Exit 0 when nothing is left, 3 when
    /// something is: --yes was not given, or a call goes on.
    Forget {
        /// The prospect's number, as in "+1 555 010 0123".
        number: String,
        #[command(flatten)]
        settings: Settings,
        /// Do it.
        #[arg(long)]
        yes: bool,
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
pub(crate) struct ListenArguments {
    /// A WAV file of one or two channels, a file without a header (.ulaw, .alaw, …), or one file for each party, the
    /// prospect's first; `-` is the standard input.
    #[arg(required = true, num_args = 1..=2, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// How a file without a header is written, where its ending does not say it.
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(crate) format: Option<FormatWord>,
    /// Samples a second of a file without a header.
    #[arg(long, value_name = "HERTZ")]
    pub(crate) rate: Option<u32>,
    /// Which channels are the prospect's and the other's, counted from 1: `2,1` swaps them, `1` hears only one.
    #[arg(long, value_delimiter = ',', num_args = 1..=2, value_name = "N")]
    pub(crate) channels: Vec<u16>,
    /// Print all of it as JSON.
    #[arg(long, conflicts_with = "csv")]
    pub(crate) json: bool,
    /// Print one table as CSV; without its name, what was measured every 10 ms.
    #[arg(long, value_enum, value_name = "TABLE", num_args = 0..=1, require_equals = true, default_missing_value = "tracks")]
    pub(crate) csv: Option<TableWord>,
    /// Write a page with everything to look at, and the sound to play, into this file.
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    /// How many megabytes of sound the page may hold; 25 are about 26 minutes of two parties.
    #[arg(long, value_name = "MB", default_value_t = baton::listen::SOUND_MEGABYTES)]
    pub(crate) sound_limit: u32,
    /// Say how far it is, although the output is no terminal.
    #[arg(long)]
    pub(crate) progress: bool,
}

#[derive(Args)]
pub(crate) struct ReplayArguments {
    /// A call as `baton calls` lists it, a file (.talk, a timeline or a transcript as .json or .jsonl, a .wav), or a folder of such files.
    #[arg(value_name = "CALL")]
    pub(crate) call: PathBuf,
    #[command(flatten)]
    pub(crate) settings: Settings,
    /// More phrases, over those that Baton knows; may be given several times.
    #[arg(long, value_name = "FILE")]
    pub(crate) phrases: Vec<PathBuf>,
    /// The words of a recording of sound: a transcript, a timeline or a .talk.
    #[arg(long, value_name = "FILE", conflicts_with = "compare")]
    pub(crate) words: Option<PathBuf>,
    /// Of a stored timeline, let count what its words told then, and not what they tell today.
    #[arg(long)]
    pub(crate) as_stored: bool,
    /// Print everything as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Write a page with everything to look at into this file.
    #[arg(long, value_name = "FILE", conflicts_with = "compare")]
    pub(crate) html: Option<PathBuf>,
    /// Say what would change for the calls of a folder between these two files of settings.
    #[arg(long, num_args = 2, value_names = ["OLD", "NEW"], conflicts_with = "config")]
    pub(crate) compare: Vec<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum FormatWord {
    /// G.711 µ-law.
    Ulaw,
    /// G.711 A-law.
    Alaw,
    /// 16 bits a sample, least byte first.
    S16,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum TableWord {
    /// When each spoke.
    Segments,
    /// Whose turn it was.
    Turns,
    /// What happened.
    Events,
    /// What was measured every 10 ms.
    Tracks,
    /// Features of the voice, every half second.
    Features,
    /// The mood, every half second.
    Mood,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum WhoseWord {
    Prospect,
    Other,
}

#[derive(Subcommand)]
pub(crate) enum EarCommand {
    /// Measure what a frame costs the ear, step by step and whole.
    Cost {
        /// For a script.
        #[arg(long)]
        json: bool,
    },
    /// Print what the ear makes of labelled sound, each figure beside what it should reach.
    Judge {
        /// The folder of the labelled sound, with its manifest.json.
        #[arg(long, value_name = "DIR", env = "BATON_CORPUS", default_value = "../shared/speech")]
        corpus: PathBuf,
        /// For a script.
        #[arg(long)]
        json: bool,
    },
    /// Train what the mood is read by: writes weights.json, a report, and diagrams of how far to believe it.
    Train {
        /// The folder of the labelled sound, with its manifest.json.
        #[arg(long, value_name = "DIR", env = "BATON_CORPUS", default_value = "../shared/speech")]
        corpus: PathBuf,
        /// Where to write it; src/ear/mood/weights.json is what Baton is built with.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
}

#[derive(Subcommand)]
pub(crate) enum TwilioCommand {
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
pub(crate) struct SimArguments {
    /// Where Baton runs.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    pub(crate) url: url::Url,
    /// Allow a Baton that is not on this machine.
    #[arg(long)]
    pub(crate) anywhere: bool,
    /// The script of the call, as in fixtures/calls; without it a call is handed over.
    #[arg(long, value_name = "FILE")]
    pub(crate) script: Option<PathBuf>,
    /// The number of the script's first rep, where it is not what the script says.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) rep: Option<String>,
    /// How many calls, one after the other.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) calls: u32,
    /// After so many seconds the prospect hangs up, whatever the script says.
    #[arg(long, default_value_t = 120)]
    pub(crate) seconds: u64,
    /// Write what each ear heard into this folder, as WAV.
    #[arg(long, value_name = "DIR")]
    pub(crate) record: Option<PathBuf>,
    /// Print the verdict as JSON, and the story on standard error.
    #[arg(long)]
    pub(crate) json: bool,
    /// Also write the settings that Baton needs to this file, for `baton serve --config FILE`.
    #[arg(long, value_name = "FILE")]
    pub(crate) settings: Option<PathBuf>,
    /// How many seconds to wait for Baton.
    #[arg(long, default_value_t = 60)]
    pub(crate) wait: u64,
    /// The account of the simulated carrier.
    #[arg(long, value_name = "AC…", default_value = "AC00000000000000000000000000000001")]
    pub(crate) account_sid: String,
    /// Its auth token, which signs what it asks.
    #[arg(long, value_name = "TOKEN", default_value = "0123456789abcdef0123456789abcdef")]
    pub(crate) auth_token: String,
    /// The number that the prospect dials.
    #[arg(long, value_name = "NUMBER", default_value = "+14155550100")]
    pub(crate) number: String,
    /// The key with which the outcome is read from Baton's control API; "" reads none, and none is judged.
    #[arg(long, value_name = "KEY", default_value = "operator-key-of-the-simulation")]
    pub(crate) operator_key: String,
    /// Where the simulated carrier's REST API listens.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8090")]
    pub(crate) rest: std::net::SocketAddr,
    /// Where the scripted assistant listens.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8091")]
    pub(crate) assistant: std::net::SocketAddr,
    /// Play no assistant: Baton has one already.
    #[arg(long)]
    pub(crate) no_assistant: bool,
}

#[derive(Args)]
pub(crate) struct ChaosArguments {
    /// What all chance follows; without one it is rolled, and said.
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// How many calls.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) calls: u32,
    /// How many of them at a time.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=40))]
    pub(crate) at_once: u32,
    /// How often the gateway is killed with -9 and started again, spread over the calls and their handoffs.
    #[arg(long, default_value_t = 10)]
    pub(crate) kills: u32,
    /// How many other faults a call has at most: cuts, stalls with bursts, assistants that break, late and doubled callbacks.
    #[arg(long, default_value_t = 2)]
    pub(crate) faults: u32,
    /// What the number's fallback at the carrier does with a call while the gateway is away.
    #[arg(long, value_enum, default_value_t = FallbackWord::AsksAgain)]
    pub(crate) fallback: FallbackWord,
    /// Write what each prospect heard into this folder, as WAV, and beside it what went wrong when.
    #[arg(long, value_name = "DIR")]
    pub(crate) record: Option<PathBuf>,
    /// Print the report as JSON, and how it goes on standard error.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Clone, Copy, clap::ValueEnum)]
pub(crate) enum FallbackWord {
    /// It says a word, plays hold, and asks again what failed: a gateway that restarts gets its calls back.
    AsksAgain,
    /// It says that the call cannot be taken, and hangs up.
    Says,
}

#[derive(Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct BenchArguments {
    /// How many calls at once, each with a phone's stream and an assistant's.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(8..=5_000))]
    pub(crate) calls: u16,
    /// How many seconds each is measured in each round.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) seconds: u64,
    /// Let Baton listen with its ear and read moods; without it loudness alone tells it when somebody speaks, as it is
    /// compared with a bridge that hears nothing.
    #[arg(long)]
    pub(crate) ears: bool,
    /// Tell what is said in the calls while they are measured, a turn in each of them that justifies a decision, and
    /// measure how long the decision takes to arrive, and what a turn costs. Baton's other figures then hold that as well.
    #[arg(long)]
    pub(crate) words: bool,
    /// How often each takes its turn.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rounds: u32,
    /// For a script.
    #[arg(long)]
    pub(crate) json: bool,
    /// Hold the figures to the limits of this file: exit 1 where two rounds of three are over one.
    #[arg(long, value_name = "FILE")]
    pub(crate) gate: Option<PathBuf>,
    /// Count the instructions of a frame's way instead, where valgrind is installed.
    #[arg(long)]
    pub(crate) instructions: bool,
    /// Run the gateways under this program, to see where the time or the memory goes.
    #[arg(long, value_name = "COMMAND")]
    pub(crate) under: Option<String>,
}

#[derive(Args)]
pub(crate) struct Settings {
    /// The file of settings; without it ./baton.toml is read where it exists.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The folder of the database [default: baton-data].
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<String>,
    /// The address to listen on [default: 127.0.0.1:8080].
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<String>,
}

#[derive(Subcommand)]
pub(crate) enum SenseCommand {
    /// Train it: writes en.sense and a report of how far to believe it, on sentences that were held out.
    Train {
        /// The folder of the labelled sentences (*.tsv: meanings, who, words).
        #[arg(long, value_name = "DIR", default_value = "fixtures/sentences/seen")]
        corpus: PathBuf,
        /// Where to write it; src/conversation/senses/en.sense is what Baton is built with.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Print what phrases tell of labelled sentences, and what phrases and the sense together tell.
    Judge {
        /// The folder of the labelled sentences; of those that it was trained on it knows too much.
        #[arg(long, value_name = "DIR")]
        corpus: PathBuf,
        /// For a script.
        #[arg(long)]
        json: bool,
    },
}
