//! What other settings would have changed: each call of a folder by two of them, and the difference.

use std::fmt::Write as _;

use serde::Serialize;

use crate::call::in_words::{self, clock};
use crate::escalation::Decision;

/// What would change in a folder of calls.
#[derive(Debug, Default, Serialize)]
pub struct Comparison {
    /// Call by call.
    pub calls: Vec<Compared>,
    /// How many calls there are of each kind of change.
    pub totals: Vec<(Change, usize)>,
    /// Files that could not be read, and why.
    pub unreadable: Vec<Unreadable>,
}

/// A file that could not be read.
#[derive(Debug, Serialize)]
pub struct Unreadable {
    /// Which.
    pub name: String,
    /// Why.
    pub why: String,
}

/// What would change in one call.
#[derive(Debug, Serialize)]
pub struct Compared {
    /// Its file.
    pub name: String,
    /// The first thing that changes.
    pub change: Change,
    /// What was decided by the old settings.
    pub old: Vec<Decision>,
    /// What is decided by the new ones.
    pub new: Vec<Decision>,
}

/// What changes in a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// Nothing.
    Same,
    /// It is decided earlier.
    Earlier,
    /// It is decided later.
    Later,
    /// It is decided for another reason, or with another urgency.
    OtherReason,
    /// It is decided where it was not.
    New,
    /// It is no longer decided.
    Gone,
}

impl Change {
    /// Every one.
    pub const ALL: [Self; 6] =
        [Self::Same, Self::Earlier, Self::Later, Self::OtherReason, Self::New, Self::Gone];

    /// In words.
    pub fn word(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Earlier => "earlier",
            Self::Later => "later",
            Self::OtherReason => "other reason",
            Self::New => "new",
            Self::Gone => "gone",
        }
    }
}

impl Comparison {
    /// Puts the calls together.
    pub fn of(calls: Vec<Compared>, unreadable: Vec<Unreadable>) -> Self {
        let count = |change| (change, calls.iter().filter(|call| call.change == change).count());
        Self { totals: Change::ALL.map(count).to_vec(), calls, unreadable }
    }

    /// For a person at a terminal.
    pub fn text(&self) -> String {
        let mut out = String::new();
        let wide = self.calls.iter().map(|call| call.name.chars().count()).max().unwrap_or(0).min(60);
        for call in &self.calls {
            let what = match call.change {
                Change::Same if call.old.is_empty() => "nothing, as before".to_owned(),
                Change::Same => in_short(&call.old),
                _ => format!("{}  →  {}", in_short(&call.old), in_short(&call.new)),
            };
            let name = in_words::one_line(&call.name);
            let _ = writeln!(out, "{name:<wide$}  {:<12}  {what}", call.change.word());
        }
        for Unreadable { name, why } in &self.unreadable {
            let _ =
                writeln!(out, "{:<wide$}  left out: {}", in_words::one_line(name), in_words::one_line(why));
        }
        let counted: Vec<String> =
            self.totals.iter().map(|(change, n)| format!("{n} {}", change.word())).collect();
        let calls =
            if self.calls.len() == 1 { "1 call".to_owned() } else { format!("{} calls", self.calls.len()) };
        let _ = writeln!(out, "\n{calls}: {}", counted.join(", "));
        out
    }
}

/// Sets the decisions of two settings beside each other; the first that differs says what changes.
pub fn compare(name: String, old: Vec<Decision>, new: Vec<Decision>) -> Compared {
    let pairs = (0..old.len().max(new.len())).map(|n| (old.get(n), new.get(n)));
    let change = pairs.map(change).find(|change| *change != Change::Same).unwrap_or(Change::Same);
    Compared { name, change, old, new }
}

fn change(pair: (Option<&Decision>, Option<&Decision>)) -> Change {
    match pair {
        (None, None) => Change::Same,
        (None, Some(_)) => Change::New,
        (Some(_), None) => Change::Gone,
        (Some(old), Some(new)) if (old.reason, old.urgency) != (new.reason, new.urgency) => {
            Change::OtherReason
        }
        (Some(old), Some(new)) => match new.at.cmp(&old.at) {
            std::cmp::Ordering::Less => Change::Earlier,
            std::cmp::Ordering::Equal => Change::Same,
            std::cmp::Ordering::Greater => Change::Later,
        },
    }
}

/// Decisions on one line.
pub fn in_short(decisions: &[Decision]) -> String {
    if decisions.is_empty() {
        return "nothing".to_owned();
    }
    let short = |decision: &Decision| {
        let (reason, urgency) = (decision.reason.word(), decision.urgency.word());
        format!("{} {reason}, {urgency} ({} of {})", clock(decision.at), decision.score, decision.threshold)
    };
    decisions.iter().map(short).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::escalation::{Reason, Urgency};
    use crate::time::CallTime;

    fn decision(reason: Reason, millis: u64) -> Decision {
        Decision {
            number: 1,
            at: CallTime::from_millis(millis),
            reason,
            urgency: Urgency::Normal,
            trigger: "t".to_owned(),
            score: 100,
            threshold: 90,
            evidence: Vec::new(),
            open_questions: Vec::new(),
        }
    }

    #[test]
    fn the_first_decision_that_differs_says_what_changes() {
        let (one, late) = (decision(Reason::Loop, 1_000), decision(Reason::Loop, 2_000));
        let other = decision(Reason::Frustration, 1_000);
        for (old, new, change) in [
            (vec![], vec![], Change::Same),
            (vec![one.clone()], vec![one.clone()], Change::Same),
            (vec![one.clone()], vec![late.clone()], Change::Later),
            (vec![late.clone()], vec![one.clone()], Change::Earlier),
            (vec![one.clone()], vec![other.clone()], Change::OtherReason),
            (vec![], vec![one.clone()], Change::New),
            (vec![one.clone(), late.clone()], vec![one.clone()], Change::Gone),
        ] {
            assert_eq!(compare(String::new(), old, new).change, change);
        }
        let all = vec![
            compare("a.talk".to_owned(), vec![], vec![one.clone()]),
            compare("b.json".to_owned(), vec![one.clone()], vec![one]),
        ];
        let text = Comparison::of(all, Vec::new()).text();
        assert_eq!(
            text,
            "a.talk  new           nothing  →  00:01.0 loop, normal (100 of 90)\n\
             b.json  same          00:01.0 loop, normal (100 of 90)\n\
             \n2 calls: 1 same, 0 earlier, 0 later, 0 other reason, 1 new, 0 gone\n"
        );
    }
}
