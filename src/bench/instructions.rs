//! How many instructions a frame's way through Baton takes: counted, not timed, so that a busy machine changes nothing.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::Context as _;

use crate::bench::gate::{Instructions, Limits};

/// Counts, where valgrind exists, and holds the count to the limits; true when it is not over.
pub fn run(gate: Option<&Path>) -> anyhow::Result<bool> {
    let limits = gate.map(Limits::read).transpose()?;
    let there = Command::new("valgrind").arg("--version").stdout(Stdio::null()).status();
    if !there.is_ok_and(|status| status.success()) {
        eprintln!("instructions are not counted: valgrind is not installed here");
        return Ok(true);
    }
    let relay = per_frame(&["relay"])?;
    println!("{relay:.0} instructions for a frame each way, without sockets");
    let ear_of_prospect = per_frame(&["hear", "--whose", "prospect"])?;
    let ear_of_others = per_frame(&["hear", "--whose", "other"])?;
    println!(
        "{ear_of_prospect:.0} for the ear to hear a frame of the prospect, {ear_of_others:.0} of anybody else"
    );
    let Some(limits) = limits else { return Ok(true) };
    let verdict = limits.judge_instructions(Instructions { relay, ear_of_prospect, ear_of_others });
    eprint!("{}", verdict.text);
    Ok(verdict.passed)
}

/// The instructions of one frame more.
fn per_frame(command: &[&str]) -> anyhow::Result<f64> {
    let (few, many) = (count(command, FEW)?, count(command, MANY)?);
    Ok(many.saturating_sub(few) as f64 / f64::from(MANY - FEW))
}

/// The instructions of a process that does this with so many frames.
fn count(command: &[&str], frames: u32) -> anyhow::Result<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe().context("who am I?")?)
        .args(command)
        .args(["--frames", &frames.to_string()])
        .output()
        .context("valgrind could not be run")?;
    let said = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "it failed under valgrind: {said}");
    collected(&said).with_context(|| format!("valgrind does not say how many instructions it saw: {said}"))
}

fn collected(said: &str) -> Option<u64> {
    said.lines().find_map(|line| line.split_once("Collected :")?.1.trim().parse().ok())
}

/// What both counts share, from the start of the process to the first turn of the voices, goes out with the difference.
const FEW: u32 = 500;
const MANY: u32 = 2_500;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn valgrinds_count_is_read() {
        let said = "==7== Events    : Ir\n==7== Collected : 5543643\n==7== \n";
        assert_eq!(collected(said), Some(5_543_643));
        assert_eq!(collected("==7== no\n"), None);
    }
}
