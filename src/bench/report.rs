//! What a measurement says: each figure for Baton and for the floor, the ratio of the two, and how late the load itself was.

use std::fmt::Write as _;

use serde::Serialize;

use crate::bench::gateway::Which;
use crate::bench::histogram::{Histogram, Spread};
use crate::bench::load::{Load, Measured};
use crate::bench::words;

/// The figures of one gateway in one round, or the medians of several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Figures {
    /// From leaving one end to reaching the other, both ways.
    pub latency_ms: Spread,
    /// From leaving one end to being played at the other, by a play-out that never catches up.
    pub playout_ms: Spread,
    /// The live frames.
    pub frames: Frames,
    /// Processor time of the gateway for each frame that it passed on.
    pub cpu_us_per_frame: f64,
    /// What its memory grew by for each call.
    pub rss_bytes_per_call: f64,
    /// How much later than due the load sent its frames: not the gateway's doing.
    pub generator_late_ms: Spread,
    /// What came of the words that were told, where some were.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decisions: Option<Decisions>,
}

/// What came of turns that justify a decision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Decisions {
    /// From the request that tells the turn to the decision's arrival at whoever follows the call.
    pub decision_ms: Spread,
    /// How many arrived.
    pub made: u64,
    /// How many never did.
    pub missed: u64,
}

/// What became of the frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Frames {
    /// Sent by either end.
    pub sent: u64,
    /// Received by the other.
    pub received: u64,
    /// Not received.
    pub lost: u64,
}

/// Baton beside the floor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Ratio {
    /// Of the latencies.
    pub latency: Spread,
    /// Of the play-outs.
    pub playout: Spread,
    /// Of the processor time.
    pub cpu: f64,
    /// Of the memory.
    pub rss: f64,
}

/// One round: Baton and the floor under the same load, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Round {
    /// Baton's.
    pub baton: Figures,
    /// The floor's.
    pub floor: Figures,
}

/// All of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Calls at once.
    pub calls: u16,
    /// Whether Baton listened to them with its ear.
    pub ears: bool,
    /// Seconds that each gateway was measured in each round.
    pub seconds: u64,
    /// Processors of this machine.
    pub cores: usize,
    /// The medians of Baton's rounds; frames are added up.
    pub baton: Figures,
    /// The medians of the floor's.
    pub floor: Figures,
    /// The medians of the rounds' ratios.
    pub ratio: Ratio,
    /// The median of what Baton's p99 lies above the floor's.
    pub added_latency_p99_ms: f64,
    /// Whether the load itself was late so often that the latencies say more of this machine than of the gateways.
    pub overloaded: bool,
    /// How long a decision takes, where words were told: the median of the rounds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision_ms: Option<Spread>,
    /// What a turn costs to be understood and weighed, in microseconds, in this process and without sockets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub turn_us: Option<Spread>,
    /// Each round.
    pub rounds: Vec<Round>,
}

impl Figures {
    /// The figures of one measurement.
    pub fn of(measured: &Measured) -> Self {
        let (a, b) = (&measured.at_carrier, &measured.at_assistant);
        let received = a.frames + b.frames;
        let together = |a: &Histogram, b: &Histogram| {
            let mut both = a.clone();
            both.add(b);
            both.spread()
        };
        Self {
            latency_ms: together(&a.latency, &b.latency),
            playout_ms: together(&a.playout, &b.playout),
            frames: Frames { sent: measured.sent, received, lost: measured.sent.saturating_sub(received) },
            cpu_us_per_frame: measured.cpu.as_secs_f64() * 1e6 / received.max(1) as f64,
            rss_bytes_per_call: measured.rss_per_call,
            generator_late_ms: measured.late.spread(),
            decisions: measured.spoken.as_ref().map(|spoken| Decisions {
                decision_ms: spoken.decisions.spread(),
                made: spoken.decisions.count(),
                missed: spoken.missed,
            }),
        }
    }

    fn median(all: &[Self]) -> Self {
        Self {
            latency_ms: spread_of(all, |f| f.latency_ms),
            playout_ms: spread_of(all, |f| f.playout_ms),
            frames: all.iter().fold(Frames::default(), |sum, f| Frames {
                sent: sum.sent + f.frames.sent,
                received: sum.received + f.frames.received,
                lost: sum.lost + f.frames.lost,
            }),
            cpu_us_per_frame: median(all, |f| f.cpu_us_per_frame),
            rss_bytes_per_call: median(all, |f| f.rss_bytes_per_call),
            generator_late_ms: spread_of(all, |f| f.generator_late_ms),
            decisions: {
                let spoken: Vec<Decisions> = all.iter().filter_map(|f| f.decisions).collect();
                (!spoken.is_empty()).then(|| Decisions {
                    decision_ms: spread_of(&spoken, |d| d.decision_ms),
                    made: spoken.iter().map(|d| d.made).sum(),
                    missed: spoken.iter().map(|d| d.missed).sum(),
                })
            },
        }
    }
}

impl Round {
    fn ratio(&self) -> Ratio {
        let of = |baton: Spread, floor: Spread| Spread {
            p50: ratio(baton.p50, floor.p50),
            p90: ratio(baton.p90, floor.p90),
            p99: ratio(baton.p99, floor.p99),
            p999: ratio(baton.p999, floor.p999),
            max: ratio(baton.max, floor.max),
        };
        Ratio {
            latency: of(self.baton.latency_ms, self.floor.latency_ms),
            playout: of(self.baton.playout_ms, self.floor.playout_ms),
            cpu: ratio(self.baton.cpu_us_per_frame, self.floor.cpu_us_per_frame),
            rss: ratio(self.baton.rss_bytes_per_call, self.floor.rss_bytes_per_call),
        }
    }

    /// What Baton's p99 lies above the floor's.
    pub fn added_latency_p99_ms(&self) -> f64 {
        self.baton.latency_ms.p99 - self.floor.latency_ms.p99
    }

    /// Whether the load was late beside the floor as well: then it is the machine, and not Baton that took all of it.
    pub fn is_overloaded(&self) -> bool {
        self.floor.generator_late_ms.p99 > LATE_MS
    }
}

impl Report {
    /// The report of these rounds.
    pub fn of(load: Load, rounds: Vec<Round>) -> Self {
        let baton: Vec<Figures> = rounds.iter().map(|round| round.baton).collect();
        let floor: Vec<Figures> = rounds.iter().map(|round| round.floor).collect();
        let ratios: Vec<Ratio> = rounds.iter().map(Round::ratio).collect();
        Self {
            calls: load.calls,
            ears: load.ears,
            seconds: load.window.as_secs(),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            baton: Figures::median(&baton),
            floor: Figures::median(&floor),
            ratio: Ratio {
                latency: spread_of(&ratios, |r| r.latency),
                playout: spread_of(&ratios, |r| r.playout),
                cpu: median(&ratios, |r| r.cpu),
                rss: median(&ratios, |r| r.rss),
            },
            added_latency_p99_ms: median(&rounds, Round::added_latency_p99_ms),
            decision_ms: Figures::median(&baton).decisions.map(|decisions| decisions.decision_ms),
            turn_us: load.words.then(|| words::turn_cost().spread().in_micros()),
            overloaded: rounds.iter().filter(|round| round.is_overloaded()).count() * 2 > rounds.len(),
            rounds,
        }
    }

    /// For a person.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let _ = writeln!(
            text,
            "{} calls ({} sockets, ears {}), {} frames a second, {} s a gateway, {} rounds, {} processors; medians",
            self.calls,
            2 * u32::from(self.calls),
            if self.ears { "on" } else { "off" },
            100 * u32::from(self.calls),
            self.seconds,
            self.rounds.len(),
            self.cores
        );
        let _ = writeln!(text, "{:<28}{:>10}{:>10}{:>10}", "", "Baton", "floor", "ratio");
        let mut line = |name: &str, unit: usize, baton: f64, floor: f64, ratio: f64| {
            let _ = writeln!(text, "{name:<28}{baton:>10.unit$}{floor:>10.unit$}{ratio:>10.2}");
        };
        let (baton, floor, ratio) = (&self.baton, &self.floor, &self.ratio);
        for (name, b, f, r) in [
            ("latency", baton.latency_ms, floor.latency_ms, ratio.latency),
            ("play-out", baton.playout_ms, floor.playout_ms, ratio.playout),
        ] {
            line(&format!("{name} p50, ms"), 2, b.p50, f.p50, r.p50);
            line(&format!("{name} p90, ms"), 2, b.p90, f.p90, r.p90);
            line(&format!("{name} p99, ms"), 2, b.p99, f.p99, r.p99);
            line(&format!("{name} p99.9, ms"), 2, b.p999, f.p999, r.p999);
            line(&format!("{name} max, ms"), 2, b.max, f.max, r.max);
        }
        line("CPU a frame, µs", 2, baton.cpu_us_per_frame, floor.cpu_us_per_frame, ratio.cpu);
        line(
            "memory a call, KiB",
            1,
            baton.rss_bytes_per_call / 1_024.0,
            floor.rss_bytes_per_call / 1_024.0,
            ratio.rss,
        );
        let _ = writeln!(
            text,
            "{:<28}{:>10}{:>10}\n{:<28}{:>10}{:>10}",
            "frames sent",
            baton.frames.sent,
            floor.frames.sent,
            "frames lost",
            baton.frames.lost,
            floor.frames.lost
        );
        let _ = writeln!(
            text,
            "{:<28}{:>10.2}{:>10.2}   the load's own lateness",
            "sent late p99, ms", baton.generator_late_ms.p99, floor.generator_late_ms.p99
        );
        if let (Some(decisions), Some(turn)) = (self.baton.decisions, self.turn_us) {
            let d = decisions.decision_ms;
            let _ = writeln!(
                text,
                "decision, ms: p50 {:.2}, p90 {:.2}, p99 {:.2}, max {:.2}   from the request with the words to the event; {} made, {} missed",
                d.p50, d.p90, d.p99, d.max, decisions.made, decisions.missed
            );
            let _ = writeln!(
                text,
                "a turn, µs: p50 {:.0}, p90 {:.0}, p99 {:.0}, max {:.0}   understood and weighed, without sockets",
                turn.p50, turn.p90, turn.p99, turn.max
            );
        }
        let _ = writeln!(text, "added latency p99: {:.2} ms", self.added_latency_p99_ms);
        if self.overloaded {
            let _ = writeln!(
                text,
                "!!! THE MACHINE WAS OVERLOADED: the load itself was more than {LATE_MS} ms late, beside the floor as well"
            );
        }
        text
    }
}

/// One line for whoever watches.
pub fn progress(which: Which, figures: &Figures) -> String {
    let decided = figures.decisions.map_or_else(String::new, |decisions| {
        let spread = decisions.decision_ms;
        let (made, missed) = (decisions.made, decisions.missed);
        format!("; decision p50 {:.2} ms, p99 {:.2} ms, {made} made, {missed} missed", spread.p50, spread.p99)
    });
    format!(
        "{which:?}: latency p50 {:.2} ms, p99 {:.2} ms; {:.2} µs a frame; {:.1} KiB a call; {} of {} frames lost; sent late p99 {:.2} ms{decided}",
        figures.latency_ms.p50,
        figures.latency_ms.p99,
        figures.cpu_us_per_frame,
        figures.rss_bytes_per_call / 1_024.0,
        figures.frames.lost,
        figures.frames.sent,
        figures.generator_late_ms.p99,
    )
}

fn spread_of<T>(all: &[T], of: impl Fn(&T) -> Spread) -> Spread {
    Spread {
        p50: median(all, |one| of(one).p50),
        p90: median(all, |one| of(one).p90),
        p99: median(all, |one| of(one).p99),
        p999: median(all, |one| of(one).p999),
        max: median(all, |one| of(one).max),
    }
}

/// The middle one, of an even number the higher of the two: a doubt counts against Baton.
pub fn median<T>(all: &[T], of: impl Fn(&T) -> f64) -> f64 {
    let mut values: Vec<f64> = all.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

fn ratio(baton: f64, floor: f64) -> f64 {
    if floor > 0.0 { baton / floor } else { 0.0 }
}

/// A quiet machine is a tenth of this late. Whoever is a millisecond late cannot judge what two milliseconds are added.
const LATE_MS: f64 = 1.0;
