//! How far it is, on the standard error: a line that is written over where a person looks, lines of their own where not.

use std::fmt::Write as _;
use std::io::Write as _;

/// Says how far it is.
pub(super) struct Progress {
    mode: Mode,
    length: Option<f64>,
    next: f64,
    said: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Silent,
    /// Over itself.
    Terminal,
    /// Line by line.
    Lines,
}

impl Progress {
    pub(super) fn new(terminal: bool, wanted: bool, length: Option<f64>) -> Self {
        let mode = match (terminal, wanted) {
            (true, _) => Mode::Terminal,
            (false, true) => Mode::Lines,
            (false, false) => Mode::Silent,
        };
        // A short one is heard before anybody asks.
        let next = if wanted { 0.0 } else { SOON_ENOUGH };
        Self { mode, length, next, said: false }
    }

    /// So many seconds are heard.
    pub(super) fn heard(&mut self, seconds: f64) {
        if self.mode == Mode::Silent || seconds < self.next {
            return;
        }
        let step = self
            .length
            .map_or(SOON_ENOUGH, |length| length / if self.mode == Mode::Lines { 10.0 } else { 100.0 });
        self.next = seconds + step.max(1.0);
        let mut line = format!("heard {}", clock(seconds));
        if let Some(length) = self.length.filter(|&length| length > 0.0) {
            let percent = (100.0 * seconds / length).min(100.0);
            let _ = write!(line, " of {}, {percent:.0} %", clock(length));
        }
        self.said = true;
        let mut err = std::io::stderr().lock();
        // Nobody is harmed when this cannot be said.
        let _ = if self.mode == Mode::Terminal { write!(err, "\r{line}  ") } else { writeln!(err, "{line}") };
    }

    /// All is heard: the line goes away.
    pub(super) fn done(&mut self) {
        if self.said && self.mode == Mode::Terminal {
            let _ = write!(std::io::stderr().lock(), "\r{:60}\r", "");
        }
    }
}

/// `4:05`, `1:02:03`.
pub(super) fn clock(seconds: f64) -> String {
    let whole = seconds.max(0.0).floor() as u64;
    let (hours, minutes, seconds) = (whole / 3_600, whole / 60 % 60, whole % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// Five minutes of sound take less than a second to hear.
const SOON_ENOUGH: f64 = 300.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_on_a_clock() {
        assert_eq!([0.0, 65.9, 3_723.0, -1.0].map(clock), ["0:00", "1:05", "1:02:03", "0:00"]);
    }
}
