//! What came of it: a table for a person, the same as JSON for a script.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use serde_json::json;

use super::audit::Audit;
use super::ears::{AfterKill, Fared, shown};
use super::play::Played;
use super::stage::Outage;
use super::{Chaos, plan::Fault};

/// What came of a run.
#[derive(Debug)]
pub struct Report {
    /// The command that plays the same plan again.
    pub again: String,
    /// How many calls were played.
    pub calls: usize,
    /// How often the gateway was killed.
    pub kills: usize,
    /// How often a kill hit a connected prospect, and what became of them.
    pub hit: Hit,
    /// What else went wrong to order, and how often.
    pub faults: BTreeMap<String, usize>,
    /// How many faults were planned for moments that their calls never came to.
    pub missed: usize,
    /// The longest time from a kill until the gateway took calls again.
    pub longest_restart: Duration,
    /// The longest stretch of nothing in a prospect's ear while the gateway lived.
    pub longest_nothing: Duration,
    /// The longest that a kill had to do with.
    pub longest_gap: Duration,
    /// The longest while a line stalled, or an assistant hung and was not yet known to.
    pub longest_excused: Duration,
    /// The longest stretch of nothing that a rep heard who had said yes, and whose it was and when.
    pub nothing_of_a_rep: Option<(Duration, String)>,
    /// How often a rep's phone was rung while they were on it.
    pub rung_while_engaged: usize,
    /// Everything that breaks a promise: the call's number (0: no one call's) and what.
    pub complaints: Vec<(u32, String)>,
    audit: Audit,
}

/// What became of the connected prospects whose gateway was killed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hit {
    /// Their sound was connected to the gateway again.
    pub came_back: usize,
    /// They heard the fallback's words.
    pub fell_back: usize,
    /// They hung up meanwhile, as they would have done anyway.
    pub left: usize,
    /// None of these.
    pub lost: usize,
}

impl Hit {
    /// How many kills hit a connected prospect.
    pub fn all(&self) -> usize {
        self.came_back + self.fell_back + self.left + self.lost
    }
}

impl Report {
    pub(super) fn of(chaos: &Chaos, run: &Run<'_>, audit: Audit) -> Self {
        let mut hit = Hit::default();
        for fate in run.fared.iter().flat_map(|fared| &fared.after_kills) {
            match fate {
                AfterKill::CameBack => hit.came_back += 1,
                AfterKill::FellBack => hit.fell_back += 1,
                AfterKill::Left => hit.left += 1,
                AfterKill::Lost => hit.lost += 1,
            }
        }
        let planned = run.played.iter().flat_map(|call| &call.faults);
        let missed = planned.filter(|done| done.at.is_none()).count();
        let mut faults = BTreeMap::new();
        let done = run.played.iter().flat_map(|call| &call.faults).filter(|done| done.at.is_some());
        for done in done.filter(|done| !matches!(done.fault, Fault::Kill(_))) {
            *faults.entry(done.fault.kind().to_owned()).or_default() += 1;
        }
        let mut complaints: Vec<(u32, String)> = run
            .played
            .iter()
            .zip(run.fared)
            .flat_map(|(call, fared)| fared.complaints.iter().map(|what| (call.plan.number, what.clone())))
            .chain(audit.complaints.iter().cloned())
            .chain(run.runs_on.iter().map(|what| (0, what.clone())))
            .collect();
        let [calls, handoffs, tries] = audit.left_open;
        if calls > 0 {
            let what = format!(
                "promise 10: kills left {calls} calls, {handoffs} handoffs and {tries} tries without an end"
            );
            complaints.push((0, what));
        }
        complaints.sort();
        let longest = |of: fn(&Fared) -> Duration| run.fared.iter().map(of).max().unwrap_or_default();
        Self {
            again: chaos.command_line(),
            calls: run.played.len(),
            kills: run.outages.len(),
            hit,
            faults,
            missed,
            longest_restart: run.outages.iter().map(Outage::length).max().unwrap_or_default(),
            longest_nothing: longest(|fared| fared.nothing),
            longest_gap: longest(|fared| fared.gap),
            longest_excused: longest(|fared| fared.excused),
            nothing_of_a_rep: run.nothing_of_a_rep.clone(),
            rung_while_engaged: run.rung_while_engaged,
            complaints,
            audit,
        }
    }

    /// Whether every promise was kept.
    pub fn kept(&self) -> bool {
        self.complaints.is_empty()
    }

    /// For a person.
    pub fn text(&self) -> String {
        let (hit, audit) = (&self.hit, &self.audit);
        let mut text = String::from("\n");
        let mut line = |name: &str, value: String| {
            let _ = writeln!(text, "{name:<28}{value}");
        };
        line("calls", format!("{}, of which {} have a record", self.calls, audit.records));
        line("handoffs", listed(&audit.outcomes));
        line("tries, and claims", format!("{}, {}", audit.tries, audit.claims));
        line("faults", format!("{}; {} moments never came", listed(&self.faults), self.missed));
        line("kills", format!("{}, back within {} ms at most", self.kills, self.longest_restart.as_millis()));
        line("  a handoff was then", listed(&audit.stages));
        line(
            "  prospects hit",
            format!(
                "{}: {} came back, {} reached the fallback, {} hung up meanwhile, {} lost",
                hit.all(),
                hit.came_back,
                hit.fell_back,
                hit.left,
                hit.lost
            ),
        );
        let [calls, handoffs, tries] = audit.left_open;
        line("  left open", format!("{calls} calls, {handoffs} handoffs, {tries} tries"));
        line("longest nothing", format!("{} ms with a living gateway", self.longest_nothing.as_millis()));
        line("", format!("{} ms around a kill", self.longest_gap.as_millis()));
        let excused = self.longest_excused.as_millis();
        line("", format!("{excused} ms while a line stalled or an assistant hung"));
        if let Some((nothing, whose)) = &self.nothing_of_a_rep {
            line("", format!("{} ms of a rep who had said yes ({whose})", nothing.as_millis()));
        }
        line("reps rung while engaged", self.rung_while_engaged.to_string());
        for (call, what) in &self.complaints {
            let whose = if *call == 0 { String::new() } else { format!("call {call}: ") };
            let _ = writeln!(text, "  ✗ {whose}{what}");
        }
        let _ = if self.kept() {
            writeln!(text, "Every promise was kept.{}", self.untried())
        } else {
            writeln!(text, "{} complaints. To play it again:\n  {}", self.complaints.len(), self.again)
        };
        text
    }

    /// What so small a run says nothing about: a promise that nothing tried was not hard to keep.
    fn untried(&self) -> String {
        let untried: Vec<&str> = [
            ("a kill", self.kills == 0),
            ("a prospect whom a kill hit", self.hit.all() == 0),
            ("a rep in the bridge", !self.audit.outcomes.contains_key(HANDED_OVER)),
        ]
        .into_iter()
        .filter_map(|(what, lacks)| lacks.then_some(what))
        .collect();
        if untried.is_empty() {
            String::new()
        } else {
            format!(
                " There was nothing here with {}: more calls and kills would say more.",
                untried.join(", with ")
            )
        }
    }

    /// For a script.
    pub fn json(&self) -> String {
        let [calls, handoffs, tries] = self.audit.left_open;
        let complaints: Vec<_> =
            self.complaints.iter().map(|(call, what)| json!({ "call": call, "what": what })).collect();
        let value = json!({
            "kept": self.kept(),
            "again": self.again,
            "calls": self.calls,
            "records": self.audit.records,
            "handoffs": self.audit.outcomes,
            "tries": self.audit.tries,
            "claims": self.audit.claims,
            "faults": self.faults,
            "missed": self.missed,
            "kills": self.kills,
            "longest_restart_ms": self.longest_restart.as_millis() as u64,
            "stages_at_kills": self.audit.stages,
            "prospects_hit": {
                "all": self.hit.all(),
                "came_back": self.hit.came_back,
                "fell_back": self.hit.fell_back,
                "left": self.hit.left,
                "lost": self.hit.lost,
            },
            "left_open": { "calls": calls, "handoffs": handoffs, "tries": tries },
            "longest_nothing_ms": self.longest_nothing.as_millis() as u64,
            "longest_gap_ms": self.longest_gap.as_millis() as u64,
            "longest_excused_ms": self.longest_excused.as_millis() as u64,
            "nothing_of_a_rep_ms": self.nothing_of_a_rep.as_ref().map(|(nothing, _)| nothing.as_millis() as u64),
            "rung_while_engaged": self.rung_while_engaged,
            "complaints": complaints,
        });
        format!("{value:#}\n")
    }
}

/// A run that is over.
pub(super) struct Run<'a> {
    pub(super) played: &'a [Played],
    pub(super) fared: &'a [Fared],
    pub(super) outages: &'a [Outage],
    pub(super) runs_on: &'a [String],
    pub(super) rung_while_engaged: usize,
    pub(super) nothing_of_a_rep: Option<(Duration, String)>,
}

/// What went wrong in one call, and when, for whoever listens to what its prospect heard.
pub(super) fn sidecar(call: &Played, fared: &Fared, outages: &[Outage]) -> String {
    let began = call.prospect.ear().began();
    let end = call.prospect.over_at().unwrap_or(Duration::MAX);
    let in_ear = |at: Duration| at.saturating_sub(began);
    let mut lines: Vec<(Duration, String)> = call
        .faults
        .iter()
        .filter(|done| !matches!(done.fault, Fault::Kill(_)))
        .filter_map(|done| Some((in_ear(done.at?), format!("{} ({})", done.fault, done.moment.name()))))
        .collect();
    for outage in outages.iter().filter(|outage| outage.until > began && outage.from < end) {
        lines.push((in_ear(outage.from), "kill -9 of the gateway".to_owned()));
        lines.push((in_ear(outage.until), "the gateway takes calls again".to_owned()));
    }
    lines.extend(
        call.prospect.ear().words().iter().map(|w| (w.at, format!("the carrier says “{}”", w.words))),
    );
    lines.sort();
    let mut text = String::new();
    for (at, what) in lines {
        let _ = writeln!(text, "{}  {what}", shown(at));
    }
    for fate in &fared.after_kills {
        let _ = writeln!(text, "after a kill: {fate:?}");
    }
    for complaint in &fared.complaints {
        let _ = writeln!(text, "✗ {complaint}");
    }
    text
}

fn listed<K: std::fmt::Display>(counts: &BTreeMap<K, usize>) -> String {
    let counts: Vec<String> = counts.iter().map(|(what, count)| format!("{count} {what}")).collect();
    if counts.is_empty() { "none".to_owned() } else { counts.join(", ") }
}

/// The outcome of a handoff in which a rep took over.
const HANDED_OVER: &str = "handed-over";
