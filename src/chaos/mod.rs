//! `baton chaos`: calls with handoffs in the simulated world while things go wrong to a seeded plan, the gateway's own death
//! by `kill -9` among them; judged from outside by what ears heard, what phones did and what stands in the store.

mod audit;
mod books;
mod ears;
mod gateway;
mod people;
mod plan;
mod play;
mod report;
mod stage;
mod watch;

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinSet;

use crate::sim::carrier::{CallStatus, Direction, PhoneCall};
use crate::sim::person::Answers;
use crate::sim::story::Happening;

use ears::{Fared, shown};
use plan::{Plan, PlannedCall};
use play::Played;
pub use report::{Hit, Report};
use report::{Run, sidecar};
use stage::Stage;

/// How a run of chaos is made; each field is a flag of `baton chaos`.
#[derive(Clone, Debug)]
pub struct Chaos {
    /// The program whose `serve` is the gateway.
    pub program: PathBuf,
    /// What all chance follows.
    pub seed: u64,
    /// How many calls.
    pub calls: u32,
    /// How many of them at a time.
    pub at_once: u32,
    /// How often the gateway is killed, spread over the calls.
    pub kills: u32,
    /// How many other faults a call has at most.
    pub faults: u32,
    /// What the number's fallback at the carrier does.
    pub fallback: NumberFallback,
    /// Where to write what each prospect heard, and what went wrong when.
    pub record: Option<PathBuf>,
}

/// What the number's fallback at the carrier does: a document that outlives the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberFallback {
    /// It says a word, plays hold for longer than a restart takes, and asks again what failed.
    AsksAgain,
    /// It says that the call cannot be taken, and hangs up.
    Says,
}

impl NumberFallback {
    /// Its word on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::AsksAgain => "asks-again",
            Self::Says => "says",
        }
    }
}

impl Default for Chaos {
    fn default() -> Self {
        Self {
            program: PathBuf::from("baton"),
            seed: 1,
            calls: 8,
            at_once: 3,
            kills: 3,
            faults: 2,
            fallback: NumberFallback::AsksAgain,
            record: None,
        }
    }
}

impl Chaos {
    /// The command that plays the same plan again.
    pub fn command_line(&self) -> String {
        format!(
            "baton chaos --seed {} --calls {} --at-once {} --kills {} --faults {} --fallback {}",
            self.seed,
            self.calls,
            self.at_once,
            self.kills,
            self.faults,
            self.fallback.word()
        )
    }
}

/// Plays the plan of this seed and judges it; `say` is told how it goes.
pub async fn run(chaos: &Chaos, say: impl Fn(&str)) -> anyhow::Result<Report> {
    if let Some(folder) = &chaos.record {
        std::fs::create_dir_all(folder).with_context(|| format!("could not make {}", folder.display()))?;
    }
    let folder = std::env::temp_dir().join(format!("baton-chaos-{:032x}", crate::live::chance::bits()));
    std::fs::create_dir_all(&folder).with_context(|| format!("could not make {}", folder.display()))?;
    let outcome = run_in(chaos, &folder, &say).await;
    match &outcome {
        Ok(report) if report.kept() => {
            let _ = std::fs::remove_dir_all(&folder);
        }
        // The gateway's log, its settings, its store, and what happened in the world.
        Ok(_) | Err(_) => say(&format!("what is left of it: {}\n", folder.display())),
    }
    outcome.with_context(|| format!("to play it again: {}", chaos.command_line()))
}

async fn run_in(chaos: &Chaos, folder: &Path, say: &impl Fn(&str)) -> anyhow::Result<Report> {
    let plan = Plan::of(chaos);
    let stage = Stage::set(chaos, folder).await?;
    let happened = Arc::new(Mutex::new(Vec::new()));
    let remembering = tokio::spawn(remember(stage.world.story().follow(), Arc::clone(&happened)));
    say(&format!("{}\n", chaos.command_line()));
    let played = play_all(chaos, &stage, plan, say).await?;
    let runs_on = all_lines_end(&stage).await;
    let books = written(&stage, &played).await?;
    stage.strike().await?;
    remembering.abort();
    let happened = happened.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let story: Vec<String> = happened.iter().map(ToString::to_string).collect();
    std::fs::write(folder.join("story.txt"), story.join("\n"))?;

    let outages = stage.outages();
    let fared: Vec<Fared> = played.iter().map(|call| ears::fared(call, &outages, &happened)).collect();
    let audit = audit::audit(&stage.world, &books, &played, &outages);
    if let Some(folder) = &chaos.record {
        for (call, fared) in played.iter().zip(&fared) {
            write_down(folder, call, &sidecar(call, fared, &outages))?;
        }
    }
    let run = Run {
        played: &played,
        fared: &fared,
        outages: &outages,
        runs_on: &runs_on,
        rung_while_engaged: rung_while_engaged(&stage),
        nothing_of_a_rep: ears::longest_nothing_of_a_rep(
            &stage.world.carrier.calls(),
            &played,
            &outages,
            &happened,
        ),
    };
    Ok(Report::of(chaos, &run, audit))
}

async fn play_all(
    chaos: &Chaos,
    stage: &Arc<Stage>,
    plan: Plan,
    say: &impl Fn(&str),
) -> anyhow::Result<Vec<Played>> {
    let mut waiting: VecDeque<PlannedCall> = plan.calls.into();
    let (all, mut running) = (waiting.len(), JoinSet::new());
    let mut played = Vec::with_capacity(all);
    loop {
        while running.len() < chaos.at_once as usize
            && let Some(call) = waiting.pop_front()
        {
            running.spawn(play::play(Arc::clone(stage), call));
        }
        let Some(call) = running.join_next().await else { break };
        let call = call.context("a call could not be played")?;
        if let Some(broken) = call.faults.iter().find_map(|done| done.broken.clone()) {
            anyhow::bail!("{broken}");
        }
        played.push(call);
        let call = &played[played.len() - 1];
        let faults: Vec<String> = call
            .faults
            .iter()
            .filter(|done| done.at.is_some())
            .map(|done| format!("{}: {}", done.moment.name(), done.fault))
            .collect();
        say(&format!(
            "{}  call {} is over ({} of {all}), {} kills so far; {}\n",
            shown(stage.now()),
            call.plan.number,
            played.len(),
            stage.outages().len(),
            if faults.is_empty() { "nothing went wrong".to_owned() } else { faults.join("; ") }
        ));
    }
    played.sort_by_key(|call| call.plan.number);
    Ok(played)
}

/// Waits until no line is up any more; says which are.
async fn all_lines_end(stage: &Stage) -> Vec<String> {
    let mut runs_on = Vec::new();
    let deadline = stage.now() + LINES_END;
    for call in stage.world.carrier.calls() {
        let rest = deadline.saturating_sub(stage.now());
        if call.is_over(rest).await.is_none() {
            let status = call.status().as_str();
            runs_on.push(format!("the line of {} ({status}) goes on when all calls are over", call.name()));
            call.give_up();
        }
    }
    runs_on
}

/// The books once every call that can be closed is.
async fn written(stage: &Stage, played: &[Played]) -> anyhow::Result<Vec<books::Book>> {
    let deadline = stage.now() + WRITES;
    loop {
        let books = books::all(&stage.store()).await?;
        let open = books.iter().filter(|book| book.end.is_none()).count();
        if (open == 0 && books.len() >= played.len()) || stage.now() > deadline {
            return Ok(books);
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}

/// How often the carrier found a rep on the phone whom it was told to ring.
fn rung_while_engaged(stage: &Stage) -> usize {
    let reps = stage.world.carrier.calls();
    let found_busy = |call: &&PhoneCall| {
        call.direction() == Direction::OutboundApi
            && call.status() == CallStatus::Busy
            && matches!(call.answers(), Answers::After(_) | Answers::Never)
    };
    reps.iter().filter(found_busy).count()
}

fn write_down(folder: &Path, call: &Played, faults: &str) -> anyhow::Result<()> {
    let file = folder.join(format!("call-{:03}.wav", call.plan.number));
    let wav = std::fs::File::create(&file).with_context(|| format!("could not write {}", file.display()))?;
    call.prospect
        .ear()
        .wav(std::io::BufWriter::new(wav))
        .with_context(|| format!("could not write {}", file.display()))?;
    std::fs::write(file.with_extension("txt"), faults)?;
    Ok(())
}

async fn remember(mut story: Receiver<Happening>, happened: Arc<Mutex<Vec<Happening>>>) {
    loop {
        match story.recv().await {
            Ok(happening) => happened.lock().unwrap_or_else(PoisonError::into_inner).push(happening),
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}

/// A phone rings for 18 s, and who then answers is told why nobody is there.
const LINES_END: Duration = Duration::from_secs(30);
/// A prospect whose stream broke is waited for 15 s before the call is closed.
const WRITES: Duration = Duration::from_secs(20);
