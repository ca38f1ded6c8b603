//! The tables that `--csv` prints, for a spreadsheet or a notebook.

use std::io::{self, Write};

use super::Analysis;

/// Which table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// When each spoke.
    Segments,
    /// Whose turn it was.
    Turns,
    /// What happened.
    Events,
    /// What was measured every 10 ms.
    Tracks,
    /// Features every half second.
    Features,
    /// Mood every half second.
    Mood,
}

pub(super) fn write(table: Table, analysis: &Analysis, out: &mut dyn Write) -> io::Result<()> {
    match table {
        Table::Segments => {
            writeln!(out, "channel,from_s,to_s")?;
            for channel in &analysis.channels {
                for segment in &channel.segments {
                    writeln!(out, "{},{:.3},{:.3}", channel.name, segment.from_s, segment.to_s)?;
                }
            }
        }
        Table::Turns => {
            writeln!(out, "channel,from_s,to_s,latency_s,pauses,longest_pause_s")?;
            for turn in &analysis.turns {
                let latency = turn.latency_s.map_or(String::new(), |latency| format!("{latency:.3}"));
                let (pauses, longest) = (turn.pauses, turn.longest_pause_s);
                writeln!(
                    out,
                    "{},{:.3},{:.3},{latency},{pauses},{longest:.3}",
                    turn.who, turn.from_s, turn.to_s
                )?;
            }
        }
        Table::Events => {
            writeln!(out, "at_s,channel,kind,says")?;
            for event in &analysis.events {
                let who = event.who.unwrap_or_default();
                writeln!(out, "{:.3},{who},{},{}", event.at_s, event.kind, quoted(&event.says))?;
            }
        }
        Table::Tracks => tracks(analysis, out)?,
        Table::Features => features(analysis, out)?,
        Table::Mood => mood(analysis, out)?,
    }
    Ok(())
}

fn tracks(analysis: &Analysis, out: &mut dyn Write) -> io::Result<()> {
    let names =
        names(analysis.channels.iter().flat_map(|channel| channel.tracks.iter().map(|track| track.name)));
    writeln!(out, "channel,at_s,speech{}", with_commas(&names))?;
    for channel in &analysis.channels {
        let columns: Vec<_> = names.iter().map(|name| channel.track(name).unwrap_or_default()).collect();
        let mut segments = channel.segments.iter().peekable();
        for hop in 0..columns.iter().map(|values| values.len()).max().unwrap_or_default() {
            let at = hop as f64 / 100.0;
            while segments.next_if(|segment| segment.to_s <= at).is_some() {}
            let speech = u8::from(segments.peek().is_some_and(|segment| segment.from_s <= at));
            write!(out, "{},{at:.2},{speech}", channel.name)?;
            for values in &columns {
                number(out, values.get(hop).copied())?;
            }
            writeln!(out)?;
        }
    }
    Ok(())
}

fn features(analysis: &Analysis, out: &mut dyn Write) -> io::Result<()> {
    let all = analysis.channels.iter().flat_map(|channel| &channel.features);
    let names = names(all.flat_map(|features| features.values.iter().map(|(name, _)| *name)));
    writeln!(out, "channel,at_s{}", with_commas(&names))?;
    for channel in &analysis.channels {
        for features in &channel.features {
            write!(out, "{},{:.3}", channel.name, features.at_s)?;
            for name in &names {
                number(
                    out,
                    features.values.iter().find(|(known, _)| known == name).map(|(_, value)| *value),
                )?;
            }
            writeln!(out)?;
        }
    }
    Ok(())
}

fn mood(analysis: &Analysis, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "channel,at_s")?;
    for (name, _) in super::MoodAt::default().named() {
        write!(out, ",{name},{name}_confidence")?;
    }
    writeln!(out)?;
    for channel in &analysis.channels {
        for mood in &channel.mood {
            write!(out, "{},{:.3}", channel.name, mood.at_s)?;
            for (_, estimate) in mood.named() {
                number(out, estimate.map(|estimate| estimate.value))?;
                number(out, estimate.map(|estimate| estimate.confidence))?;
            }
            writeln!(out)?;
        }
    }
    Ok(())
}

/// Each name once, in the order of its first appearance.
fn names(all: impl Iterator<Item = &'static str>) -> Vec<&'static str> {
    let mut names = Vec::new();
    for name in all {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

fn with_commas(names: &[&str]) -> String {
    names.iter().flat_map(|name| [",", name]).collect()
}

/// Nothing stands where nothing is known.
fn number(out: &mut dyn Write, value: Option<f32>) -> io::Result<()> {
    match value.filter(|value| value.is_finite()) {
        Some(value) => write!(out, ",{value:.3}"),
        None => write!(out, ","),
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}
