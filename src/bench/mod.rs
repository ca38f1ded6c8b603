//! `baton bench`: what a call costs and how long its sound is on the way, beside a floor that does nothing but pass it on.
//!
//! The gateway is a child process, and the load enters it by the doors of real calls: signed webhook, ticket, streams on
//! both sides. Baton and the floor run in turn, so that a machine that is busy for a while is busy for both; the ratios
//! hold on other machines, the milliseconds on this one only.

mod end;
pub mod floor;
pub mod gateway;
pub mod histogram;
pub mod load;
mod note;
mod pace;
pub mod report;
mod wire;

use std::time::Duration;

use anyhow::Context as _;

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
}

/// Measures and reports; true when nothing is wrong.
pub fn run(plan: &Plan) -> anyhow::Result<bool> {
    // One thread reads for all ends and one sends: the rest of the machine is the gateway's.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let report = runtime.block_on(measure(plan))?;
    if plan.json {
        println!("{:#}", serde_json::to_value(&report)?);
    } else {
        print!("{}", report.text());
    }
    Ok(true)
}

async fn measure(plan: &Plan) -> anyhow::Result<Report> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut rounds = Vec::new();
    for number in 1..=plan.rounds {
        let baton = turn(plan, number, Which::Baton).await?;
        let floor = turn(plan, number, Which::Floor).await?;
        rounds.push(Round { baton, floor });
    }
    Ok(Report::of(plan, rounds))
}

async fn turn(plan: &Plan, round: u32, which: Which) -> anyhow::Result<Figures> {
    let measured = plan.load.measure(which).await.with_context(|| format!("round {round}, {which:?}"))?;
    let figures = Figures::of(&measured);
    eprintln!("round {round} of {}, {}", plan.rounds, report::progress(which, &figures));
    // Sockets of one turn are not to be closed in the next.
    tokio::time::sleep(Duration::from_millis(200)).await;
    Ok(figures)
}
