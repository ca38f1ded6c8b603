//! `baton bench`: what a call costs and how long its sound is on the way, beside a floor that does nothing but pass it on.
//!
//! The gateway is a child process, and the load enters it by the doors of real calls: signed webhook, ticket, streams on
//! both sides. Baton and the floor run in turn, so that a machine that is busy for a while is busy for both; the ratios
//! hold on other machines, the milliseconds on this one only.

pub mod ear;
pub mod end;
pub mod floor;
pub mod gate;
pub mod gateway;
pub mod histogram;
pub mod instructions;
pub mod load;
pub mod note;
mod pace;
pub mod relay;
pub mod report;
pub mod wire;
pub mod words;

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;

use gate::Limits;
use gateway::Which;
use load::Load;
use report::{Figures, Report, Round};

/// How it is measured; each field is a flag of `baton bench`.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The load on each gateway.
    pub load: Load,
    /// How often each takes its turn.
    pub rounds: u32,
    /// Whether the report is JSON.
    pub json: bool,
    /// The limits that the report is held to.
    pub gate: Option<PathBuf>,
    /// A program under which the gateways run, and its arguments.
    pub under: Vec<String>,
}

/// Measures and reports; true when no limit is exceeded. Wants a runtime of one thread, which reads for all ends beside
/// the one that sends: the rest of the machine is the gateway's.
pub async fn run(plan: &Plan) -> anyhow::Result<bool> {
    let limits = plan.gate.as_deref().map(Limits::read).transpose()?;
    let report = measure(plan).await?;
    let text = if plan.json { format!("{:#}\n", serde_json::to_value(&report)?) } else { report.text() };
    std::io::stdout().write_all(text.as_bytes()).context("could not write to the output")?;
    let Some(limits) = limits else { return Ok(true) };
    let verdict = limits.judge(&report);
    eprint!("{}", verdict.text);
    Ok(verdict.passed)
}

async fn measure(plan: &Plan) -> anyhow::Result<Report> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (mut rounds, mut in_vain) = (Vec::new(), 0);
    while rounds.len() < plan.rounds as usize {
        let baton = turn(plan, Which::Baton).await?;
        let floor = turn(plan, Which::Floor).await?;
        let round = Round { baton, floor };
        if plan.gate.is_some() && round.is_overloaded() && in_vain < plan.rounds {
            in_vain += 1;
            eprintln!("!!! the machine is overloaded: this round does not count and is run again");
            continue;
        }
        rounds.push(round);
    }
    Ok(Report::of(plan.load, rounds))
}

async fn turn(plan: &Plan, which: Which) -> anyhow::Result<Figures> {
    let measured = plan.load.measure(which, &plan.under).await.with_context(|| format!("{which:?}"))?;
    let figures = Figures::of(&measured);
    eprintln!("{}", report::progress(which, &figures));
    // Sockets of one turn are not to be closed in the next.
    tokio::time::sleep(Duration::from_millis(200)).await;
    Ok(figures)
}
