//! The gate: what a measurement may say at most, as it is kept in the repository.
//!
//! Ratios and differences only, so that it holds on any machine; and medians of rounds, so that of three rounds two must
//! be over a limit before a change fails.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context as _;
use serde::Deserialize;

use crate::bench::report::{Report, Round, median};

/// The limits.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Of a load over sockets.
    pub load: LoadLimits,
    /// Of the frame's path without sockets.
    pub instructions: InstructionLimits,
    /// Of words that are told while the load is on.
    pub words: Option<WordLimits>,
}

/// What a decision may take.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WordLimits {
    /// The p99 from the request that tells a turn to the decision's arrival, in milliseconds.
    pub decision_p99_ms: f64,
    /// The p99 of what a turn costs to be understood and weighed, in microseconds.
    pub turn_p99_us: f64,
    /// Decisions that may never arrive.
    pub missed: u64,
}

/// What Baton may cost under load.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoadLimits {
    /// What the p99 of its latency may lie above the floor's, in milliseconds.
    pub added_latency_p99_ms: f64,
    /// Its processor time for a frame, in those of the floor.
    pub cpu_ratio: f64,
    /// Its memory for a call, in bytes.
    pub rss_bytes_per_call: f64,
    /// Frames that may be lost in a round.
    pub frames_lost: u64,
}

/// What a frame's way through Baton may cost, in instructions of the processor.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstructionLimits {
    /// For one frame each way.
    pub per_frame_each_way: f64,
    /// For the ear to hear a frame of the prospect.
    pub ear_of_prospect: f64,
    /// For it to hear a frame of anybody else.
    pub ear_of_others: f64,
    /// The share that may be on top of it: other compilers make other code.
    pub tolerance: f64,
}

/// What was counted, a frame each.
#[derive(Clone, Copy, Debug)]
pub struct Instructions {
    /// One frame each way.
    pub relay: f64,
    /// The ear hears the prospect.
    pub ear_of_prospect: f64,
    /// It hears anybody else.
    pub ear_of_others: f64,
}

/// What the gate says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Each limit beside its figure.
    pub text: String,
    /// Whether nothing is over its limit.
    pub passed: bool,
}

impl Limits {
    /// The limits in this file.
    pub fn read(file: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("the limits in {} could not be read", file.display()))?;
        toml::from_str(&text).with_context(|| format!("{} is no file of limits", file.display()))
    }

    /// Holds a report to the limits. A machine that was too busy is judged by what does not depend on it.
    pub fn judge(&self, report: &Report) -> Verdict {
        let limits = &self.load;
        let mut verdict = Verdict { text: String::new(), passed: true };
        verdict.hold("processor time, in the floor's", report.ratio.cpu, limits.cpu_ratio);
        let memory = report.baton.rss_bytes_per_call / 1_024.0;
        verdict.hold("memory a call, KiB", memory, limits.rss_bytes_per_call / 1_024.0);
        if report.overloaded {
            verdict.text.push_str(
                "!!! THE MACHINE WAS OVERLOADED: latency and lost frames are NOT judged; run it again on a quiet one\n",
            );
            return verdict;
        }
        let quiet: Vec<Round> =
            report.rounds.iter().filter(|round| !round.is_overloaded()).copied().collect();
        let added = median(&quiet, Round::added_latency_p99_ms);
        verdict.hold("added latency p99, ms", added, limits.added_latency_p99_ms);
        let lost = median(&quiet, |round| round.baton.frames.lost as f64);
        verdict.hold("frames lost in a round", lost, limits.frames_lost as f64);
        if let (Some(limits), Some(decisions), Some(turn)) =
            (self.words, report.baton.decisions, report.turn_us)
        {
            let spoken = |round: &Round| round.baton.decisions.unwrap_or_default();
            let decided = median(&quiet, |round| spoken(round).decision_ms.p99);
            verdict.hold("a decision p99, ms", decided, limits.decision_p99_ms);
            verdict.hold("decisions missed", decisions.missed as f64, limits.missed as f64);
            verdict.hold("a turn p99, µs", turn.p99, limits.turn_p99_us);
        }
        verdict
    }

    /// Holds counts of instructions to the limits.
    pub fn judge_instructions(&self, counted: Instructions) -> Verdict {
        let limits = &self.instructions;
        let mut verdict = Verdict { text: String::new(), passed: true };
        for (what, counted, limit) in [
            ("instructions, a frame each way", counted.relay, limits.per_frame_each_way),
            ("instructions, the prospect's ear", counted.ear_of_prospect, limits.ear_of_prospect),
            ("instructions, anybody's ear", counted.ear_of_others, limits.ear_of_others),
        ] {
            verdict.hold(what, counted, limit * (1.0 + limits.tolerance));
        }
        verdict
    }
}

impl Verdict {
    fn hold(&mut self, what: &str, figure: f64, limit: f64) {
        let over = figure > limit;
        self.passed &= !over;
        let word = if over { "OVER" } else { "good" };
        let _ = writeln!(self.text, "{word}  {what:<34}{figure:>10.2}   at most {limit:.2}");
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::bench::histogram::Spread;
    use crate::bench::load::Load;
    use crate::bench::report::{Decisions, Figures};

    fn limits() -> Limits {
        Limits::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/limits.toml")).unwrap()
    }

    fn round(cpu: f64, late: f64, lost: u64) -> Round {
        let mut round = Round { baton: Figures::default(), floor: Figures::default() };
        (round.baton.cpu_us_per_frame, round.floor.cpu_us_per_frame) = (cpu, 10.0);
        (round.baton.generator_late_ms.p99, round.floor.generator_late_ms.p99) = (late, late);
        round.baton.frames.lost = lost;
        round
    }

    fn judge(rounds: &[Round; 3]) -> Verdict {
        let load = Load { calls: 8, window: Duration::from_secs(1), ears: false, words: false };
        limits().judge(&Report::of(load, rounds.to_vec()))
    }

    #[test]
    fn two_rounds_of_three_over_a_limit_fail_and_one_does_not() {
        assert!(judge(&[round(10.0, 0.1, 0), round(10.0, 0.1, 0), round(90.0, 0.1, 9)]).passed);
        assert!(!judge(&[round(10.0, 0.1, 0), round(90.0, 0.1, 0), round(90.0, 0.1, 0)]).passed);
        assert!(!judge(&[round(10.0, 0.1, 9), round(10.0, 0.1, 9), round(10.0, 0.1, 0)]).passed);
    }

    #[test]
    fn an_overloaded_machine_is_no_reason_to_fail_but_a_costly_frame_is_on_any_machine() {
        let late = judge(&[round(10.0, 90.0, 9), round(10.0, 90.0, 9), round(10.0, 0.1, 9)]);
        assert!(late.passed && late.text.contains("OVERLOADED"), "{}", late.text);
        assert!(!judge(&[round(90.0, 90.0, 0), round(90.0, 90.0, 0), round(90.0, 90.0, 0)]).passed);
    }

    #[test]
    fn a_slow_decision_and_one_that_never_comes_fail() {
        let spoken = |p99: f64, missed: u64| {
            let mut round = round(10.0, 0.1, 0);
            let decision_ms = Spread { p99, ..Spread::default() };
            round.baton.decisions = Some(Decisions { decision_ms, made: 200, missed });
            round
        };
        let most = limits().words.unwrap();
        let judge = |rounds: [Round; 3]| {
            let load = Load { calls: 8, window: Duration::from_secs(1), ears: false, words: true };
            let mut report = Report::of(load, rounds.to_vec());
            // This build may be a slow one.
            report.turn_us = Some(Spread { p99: most.turn_p99_us, ..Spread::default() });
            limits().judge(&report)
        };
        let good = spoken(most.decision_p99_ms, 0);
        let verdict = judge([good, good, spoken(90.0, 0)]);
        assert!(verdict.passed && verdict.text.contains("a decision p99"), "{}", verdict.text);
        assert!(!judge([good, spoken(90.0, 0), spoken(90.0, 0)]).passed);
        assert!(!judge([good, good, spoken(1.0, 1)]).passed);
    }

    #[test]
    fn instructions_have_a_tolerance() {
        let most = limits().instructions;
        let counted = |times: f64| Instructions {
            relay: most.per_frame_each_way * times,
            ear_of_prospect: most.ear_of_prospect,
            ear_of_others: most.ear_of_others,
        };
        assert!(limits().judge_instructions(counted(1.05)).passed);
        assert!(!limits().judge_instructions(counted(2.0)).passed);
        let dear = Instructions { ear_of_others: most.ear_of_others * 2.0, ..counted(1.0) };
        assert!(!limits().judge_instructions(dear).passed);
    }
}
