//! `baton listen`: hears a recording of a call as Baton would have heard the call, and shows what the ear found.
//!
//! One file with one or two channels, or one file for each party. It is read as a stream, so that an hour is no matter; what
//! comes out is a summary, JSON, a table, or a page to look at and listen to.

mod analysis;
mod hearing;
mod one_party;
pub(crate) mod page;
mod progress;
mod source;
mod summary;
mod tables;

use std::fs::File;
use std::io::{BufWriter, ErrorKind, IsTerminal as _, Write};
use std::path::PathBuf;

use anyhow::{Context as _, bail};

pub use analysis::{Analysis, Channel, Estimate, Event, FeaturesAt, Heard, MoodAt, Segment, Track, TurnAt};
pub use page::SOUND_MEGABYTES;
pub use source::RawFormat;
pub use tables::Table;

use progress::Progress;
use source::Source;

/// What to listen to and what to say of it; each field is an argument or a flag of `baton listen`.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// One file, or one for each party: the prospect's first. `-` is the standard input.
    pub files: Vec<PathBuf>,
    /// How a file without a header is written; none: its ending says it.
    pub format: Option<RawFormat>,
    /// Samples a second of a file without a header; none: 8,000.
    pub rate: Option<u32>,
    /// Which channels of one file are the prospect's and the other's, counted from 1; empty: the first, and the second.
    pub channels: Vec<u16>,
    /// Print all of it as JSON.
    pub json: bool,
    /// Print one of the tables as CSV.
    pub csv: Option<Table>,
    /// Write the page here.
    pub html: Option<PathBuf>,
    /// How many megabytes of sound the page may hold; none: [`SOUND_MEGABYTES`].
    pub sound_megabytes: Option<u32>,
    /// Say how far it is, although nobody may be looking.
    pub progress: bool,
}

/// Listens, and prints to the standard output.
pub fn run(plan: &Plan) -> anyhow::Result<()> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    let said = run_to(plan, &mut out).and_then(|()| out.flush().context("the output cannot be written"));
    match said {
        Err(e) if e.chain().any(is_broken_pipe) => Ok(()),
        said => said,
    }
}

/// Listens, prints nothing, and gives what was found, without sound for a page.
pub fn analyse(plan: &Plan) -> anyhow::Result<Analysis> {
    let mut source = Source::open(plan)?;
    let mut progress = Progress::new(std::io::stderr().is_terminal(), plan.progress, source.length());
    let analysis = hearing::listen(&mut source, 0, &mut progress)?;
    progress.done();
    Ok(analysis)
}

/// Whether whoever reads has had enough: `| head` is no failure.
pub(crate) fn is_broken_pipe(cause: &(dyn std::error::Error + 'static)) -> bool {
    let io = cause.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
    let json = cause.downcast_ref::<serde_json::Error>().and_then(serde_json::Error::io_error_kind);
    io.or(json) == Some(ErrorKind::BrokenPipe)
}

fn run_to(plan: &Plan, out: &mut dyn Write) -> anyhow::Result<()> {
    if plan.json && plan.csv.is_some() {
        bail!("--json and --csv both print to the standard output: choose one");
    }
    let megabytes = plan.sound_megabytes.unwrap_or(SOUND_MEGABYTES);
    let mut source = Source::open(plan)?;
    // Tried before the work: an hour of it should not end with a folder that is not there. What is there stays until then.
    let page = match &plan.html {
        Some(path) => {
            let file = File::options().write(true).create(true).truncate(false).open(path);
            Some((path, file.with_context(|| format!("{} cannot be written", path.display()))?))
        }
        None => None,
    };
    let keep = if page.is_some() { page::sound_bytes(megabytes) } else { 0 };
    let mut progress = Progress::new(std::io::stderr().is_terminal(), plan.progress, source.length());
    let analysis = hearing::listen(&mut source, keep, &mut progress)?;
    progress.done();
    if plan.json {
        serde_json::to_writer(&mut *out, &analysis)?;
        writeln!(out)?;
    } else if let Some(table) = plan.csv {
        tables::write(table, &analysis, out)?;
    } else {
        summary::write(&analysis, out)?;
    }
    if let Some((path, file)) = page {
        let written = file.set_len(0).and_then(|()| {
            let mut file = BufWriter::new(file);
            page::write(&analysis, megabytes, &mut file)?;
            file.flush()
        });
        written.with_context(|| format!("{} cannot be written", path.display()))?;
        if !plan.json && plan.csv.is_none() {
            writeln!(out, "\nThe page is in {}", path.display())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
