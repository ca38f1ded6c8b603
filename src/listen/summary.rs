//! The summary for a person at a terminal.

use std::io::{self, Write};

use super::Analysis;
use super::analysis::Side;
use super::progress::clock;

/// A line of the summary: what it is, and how it is read off one party's side.
pub(super) type Line = (&'static str, fn(&Side) -> String);

/// What is said of each party.
pub(super) const LINES: [Line; 11] = [
    ("spoke, of the time", |side| percent(side.speech_share)),
    ("spoke, of what was said", |side| percent(side.talk_share)),
    ("turns", |side| side.turns.to_string()),
    ("answered after (median)", |side| {
        side.latency_s.map_or("-".to_owned(), |latency| format!("{latency:.2} s"))
    }),
    ("barged in", |side| side.interruptions_made.to_string()),
    ("said \"mm-hm\"", |side| side.back_channels.to_string()),
    ("both at once, of all speech", |side| percent(side.overlap_share)),
    ("pauses inside turns", |side| side.pauses.to_string()),
    ("longest of them", |side| format!("{:.2} s", side.longest_pause_s)),
    ("pause, of their turns", |side| percent(side.pause_share)),
    ("left 2 s of silence", |side| side.silences_left.to_string()),
];

pub(super) fn write(analysis: &Analysis, out: &mut dyn Write) -> io::Result<()> {
    for file in &analysis.files {
        let channels =
            if file.channels == 1 { "one channel".to_owned() } else { format!("{} channels", file.channels) };
        writeln!(out, "{}: {channels}, {}, {} Hz", printable(&file.name), file.coding, file.rate)?;
    }
    writeln!(out, "{} heard\n", clock(analysis.seconds))?;
    for note in &analysis.notes {
        writeln!(out, "Note: {}", printable(note))?;
    }
    if !analysis.notes.is_empty() {
        writeln!(out)?;
    }
    write!(out, "{:<28}", "")?;
    for channel in &analysis.channels {
        write!(out, "{:>10}", channel.name)?;
    }
    writeln!(out)?;
    for (what, read) in LINES {
        write!(out, "{what:<28}")?;
        for channel in &analysis.channels {
            write!(out, "{:>10}", read(&channel.shape))?;
        }
        writeln!(out)?;
    }
    for channel in &analysis.channels {
        if let Some(mood) = channel.mood.last() {
            write!(out, "\n{} at the end:", channel.name)?;
            for (name, estimate) in mood.named() {
                match estimate {
                    Some(e) => write!(out, " {name} {} (sure: {})", percent(e.value), percent(e.confidence))?,
                    None => write!(out, " {name}: no evidence")?,
                }
            }
            writeln!(out)?;
        }
    }
    if !analysis.events.is_empty() {
        writeln!(out)?;
    }
    for event in analysis.events.iter().take(MOST_EVENTS) {
        writeln!(
            out,
            "{:>8}  {}",
            format!("{}.{}", clock(event.at_s), (event.at_s * 10.0) as u64 % 10),
            event.says
        )?;
    }
    if analysis.events.len() > MOST_EVENTS {
        writeln!(out, "          and {} more: --csv=events", analysis.events.len() - MOST_EVENTS)?;
    }
    Ok(())
}

fn percent(share: f32) -> String {
    format!("{:.0} %", share * 100.0)
}

/// A file may be called anything, also what moves a terminal's cursor.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// More than this nobody reads off a screen.
const MOST_EVENTS: usize = 40;
