//! What the terminal shows: who does what, the handoff's stages, who hears whom, and the levels at each ear.

use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{MissedTickBehavior, interval};

use crate::audio::g711;
use crate::call::{Call, Entry, Event, MoodHeard, TurnHeard};
use crate::live::watching::Watched;
use crate::sim::carrier::PhoneCall;
use crate::sim::story::{Happening, What};
use crate::sim::world::World;

/// The terminal of the demo.
pub(super) struct Screen {
    story: Receiver<Happening>,
    entries: Receiver<Watched>,
    world: Arc<World>,
    call: Option<Call>,
    stage: &'static str,
    heard: String,
}

impl Screen {
    /// A screen that shows this world and what Baton writes into its timeline.
    pub(super) fn new(world: Arc<World>, entries: Receiver<Watched>) -> Self {
        let story = world.story().follow();
        Self { story, entries, world, call: None, stage: "", heard: String::new() }
    }

    /// Shows it until nobody looks any more.
    pub(super) async fn show(mut self) {
        let mut beat = interval(EVERY);
        beat.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            tokio::select! {
                biased;
                happening = self.story.recv() => match happening {
                    Ok(happening) => show_happening(&happening),
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return,
                },
                entry = self.entries.recv() => match entry {
                    Ok(watched) => self.show_entry(&watched.entry),
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return,
                },
                _ = beat.tick() => self.show_levels(),
            }
        }
    }

    /// The call is a value: what it is like now follows from its entries.
    fn show_entry(&mut self, entry: &Entry) {
        if let Event::Began(terms) = &entry.event {
            self.call = Some(Call::new((**terms).clone()));
        }
        let Some(call) = &mut self.call else { return };
        let _ = call.handle(entry.at, entry.event.clone());
        let stage = call.handoff().map_or("", |handoff| handoff.stage().name());
        if stage != self.stage {
            self.stage = stage;
            say(&format!("{}   ▶ the handoff is {stage}\n", entry.at));
        }
        match &entry.event {
            Event::TurnHeard(turn) => say(&format!("{}   ♪ {}\n", entry.at, turn_in_words(turn))),
            Event::MoodHeard(mood) => {
                say(&format!("{}   ☼ the prospect: {}\n", entry.at, mood_in_words(mood)));
            }
            _else => {}
        }
        let hearing = call.hearing();
        let heard = format!(
            "prospect hears {} · rep hears {} · assistant hears {}",
            hearing.prospect, hearing.rep, hearing.assistant
        );
        if heard != self.heard && !call.is_over() {
            say(&format!("{}   ◎ {heard}\n", entry.at));
            self.heard = heard;
        }
    }

    fn show_levels(&self) {
        let mut line = String::new();
        for call in self.world.carrier.calls() {
            if call.over_at().is_none() && call.answered_at().is_some() {
                let _ = write!(line, "  {}'s ear {}", call.name(), bars(&recent(&call)));
            }
        }
        if let Some(visit) = self.world.assistant.visits().last() {
            let levels = visit.ear().levels();
            let _ = write!(line, "  assistant's ear {}", bars(&levels[levels.len().saturating_sub(SHOWN)..]));
        }
        if !line.is_empty() {
            say(&format!("           {line}\n"));
        }
    }
}

/// Writes to the terminal; a reader who has left (a pipe into `head`) ends nothing.
pub(super) fn say(text: &str) {
    let _ = std::io::stdout().write_all(text.as_bytes());
}

fn show_happening(happening: &Happening) {
    match &happening.what {
        // The wire is for who debugs it; the story is for who watches.
        What::StreamEnded(_) | What::Cleared => {}
        _told => say(&format!("{happening}\n")),
    }
}

fn turn_in_words(turn: &TurnHeard) -> String {
    let seconds = |millis: f64| format!("{:.1} s", millis / 1_000.0);
    let mut words = format!("{} spoke for {}", turn.leg, seconds(f64::from(turn.lasted_millis)));
    if let Some(level) = turn.level_dbfs {
        let _ = write!(words, " at {level} dBFS");
    }
    match turn.latency_millis {
        Some(latency) if latency < 0 => words.push_str(", before the other had ended"),
        Some(latency) => {
            let _ = write!(words, ", {} after the other", seconds(f64::from(latency)));
        }
        None => {}
    }
    if turn.barged_in {
        words.push_str(", barging in");
    }
    words
}

fn mood_in_words(mood: &MoodHeard) -> String {
    let felt = [
        ("activated", mood.activation),
        ("frustrated", mood.frustration),
        ("interested", mood.interest),
        ("hesitating", mood.hesitation),
    ];
    let words: Vec<String> = felt
        .into_iter()
        .filter_map(|(what, felt)| {
            let felt = felt?;
            Some(format!("{what} {} % (believe it {} %)", felt.value, felt.confidence))
        })
        .collect();
    if words.is_empty() { "no evidence yet".to_owned() } else { words.join(", ") }
}

fn recent(call: &PhoneCall) -> Vec<f32> {
    let levels = call.ear().levels();
    levels[levels.len().saturating_sub(SHOWN)..].to_vec()
}

/// The loudest of each fifth of a second, as bars.
fn bars(levels: &[f32]) -> String {
    let bar = |chunk: &[f32]| {
        let loudest = chunk.iter().copied().fold(g711::QUIETEST_DBFS, f32::max);
        let step = ((loudest - QUIET_DBFS) / (LOUD_DBFS - QUIET_DBFS) * 8.0).clamp(0.0, 8.0);
        [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'][step as usize]
    };
    format!("▕{:<10}▏", levels.chunks(10).map(bar).collect::<String>())
}

/// Every other second: often enough to follow, seldom enough to read.
const EVERY: Duration = Duration::from_secs(2);

/// Two seconds of frames.
const SHOWN: usize = 100;

const QUIET_DBFS: f32 = -60.0;
const LOUD_DBFS: f32 = -12.0;
