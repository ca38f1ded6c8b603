//! `baton forget NUMBER`: takes a prospect's words, facts, moods and number out of the record, because they want it so.
//!
//! In the number's place stands a mark. It is rolled, not reckoned from the number, so that nothing leads back from it; all
//! calls of one number that are forgotten together get the same, so that they still count as one prospect's.

use std::fmt::Write as _;

use serde::Serialize;

use crate::live::chance;
use crate::live::retention::take_out;
use crate::phone_number::PhoneNumber;
use crate::ports::{CallOfNumber, Fault, Forgets};

/// What was found under a number, and what was done about it.
#[derive(Debug, Serialize)]
pub struct Forgotten {
    /// The calls of this number that are over.
    pub over: Vec<CallOfNumber>,
    /// Those that go on; nothing is taken out of them.
    pub running: Vec<CallOfNumber>,
    /// What was done; nothing without a yes.
    pub done: Option<Done>,
}

/// What was done.
#[derive(Debug, Serialize)]
pub struct Done {
    /// How many entries of timelines lost their words.
    pub entries: u64,
    /// In how many calls the number was replaced.
    pub calls: u64,
    /// By this.
    pub mark: String,
}

/// Whether to do it, or only to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent {
    /// Only say what there is.
    Look,
    /// Take it out.
    Forget,
}

/// Looks for a number in the record, and forgets it if that is wanted.
pub async fn number(
    record: &dyn Forgets,
    number: &PhoneNumber,
    consent: Consent,
) -> Result<Forgotten, Fault> {
    let (over, running): (Vec<_>, Vec<_>) =
        record.calls_of(number).await?.into_iter().partition(|call| call.over);
    let mut done = None;
    if consent == Consent::Forget {
        let mut entries = 0;
        for call in &over {
            entries += take_out(record, call.call).await?;
        }
        let mark = format!("forgotten-{:016x}", chance::bits() as u64);
        // The number goes last: whoever is interrupted before can do it again.
        let calls = record.strike_out(number, &mark).await?;
        done = (!over.is_empty()).then_some(Done { entries, calls, mark });
    }
    Ok(Forgotten { over, running, done })
}

/// A number as people write it, as the record has it; none where it is none.
pub fn as_recorded(written: &str) -> Option<PhoneNumber> {
    let bare: String = written.chars().filter(|c| !c.is_whitespace() && !"-().".contains(*c)).collect();
    let number = bare.strip_prefix("00").map_or(bare.clone(), |rest| format!("+{rest}"));
    let digits = number.strip_prefix('+').unwrap_or(&number);
    let telephone = (3..=15).contains(&digits.len()) && digits.bytes().all(|c| c.is_ascii_digit());
    // Callers by the internet have an address instead.
    let address = written.trim().starts_with("sip:") && written.len() < 256;
    telephone.then(|| PhoneNumber::new(number)).or_else(|| address.then(|| PhoneNumber::new(written.trim())))
}

impl Forgotten {
    /// Whether there is nothing left to do.
    pub fn complete(&self) -> bool {
        self.running.is_empty() && (self.over.is_empty() || self.done.is_some())
    }

    /// For a person at a terminal; the number is masked.
    pub fn text(&self, number: &PhoneNumber) -> String {
        let mut out = String::new();
        let counted = |calls: usize| if calls == 1 { "1 call".to_owned() } else { format!("{calls} calls") };
        if self.over.is_empty() && self.running.is_empty() {
            return format!("nothing is kept of {number}\n");
        }
        let wordy = self.over.iter().filter(|call| call.words_gone_ms.is_none()).count();
        let _ =
            writeln!(out, "{} of {number} on record, {wordy} of them with words", counted(self.over.len()));
        for call in self.over.iter().chain(&self.running) {
            let began = jiff::Timestamp::from_millisecond(call.began_ms.0).map(|t| format!("{t:.0}"));
            let state = match (call.over, call.words_gone_ms) {
                (false, _) => "running: nothing is taken out of it",
                (true, None) => "with words",
                (true, Some(_)) => "its words are gone already",
            };
            let _ = writeln!(out, "  {}  {}  {state}", call.call, began.unwrap_or_default());
        }
        match &self.done {
            Some(done) => {
                let _ = writeln!(
                    out,
                    "taken out: the words of {}, and the number of {}; \"{}\" stands in its place",
                    match done.entries {
                        1 => "1 entry".to_owned(),
                        entries => format!("{entries} entries"),
                    },
                    counted(usize::try_from(done.calls).unwrap_or(usize::MAX)),
                    done.mark
                );
            }
            None if !self.over.is_empty() => {
                out.push_str("nothing was changed; --yes takes it out for good\n");
            }
            None => {}
        }
        if !self.running.is_empty() {
            let _ = writeln!(
                out,
                "{} of it still running: do this again when that is over",
                counted(self.running.len())
            );
        }
        out
    }
}

#[cfg(test)]
#[path = "forget_tests.rs"]
mod tests;
