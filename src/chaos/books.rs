//! What the gateway wrote down, read from its database by a way of our own: nothing that it says of itself is believed.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context as _;
use sqlx::{AnyConnection, Connection as _, Row as _};

use crate::call::{Effect, Entry, Event, timeline};
use crate::id::{AttemptId, RepId};

/// One call as it stands in the database.
#[derive(Clone, Debug)]
pub(super) struct Book {
    pub(super) id: String,
    pub(super) carrier_call: String,
    pub(super) began_ms: i64,
    pub(super) end: Option<String>,
    pub(super) entries: Vec<Line>,
    pub(super) handoffs: Vec<(i64, String)>,
    pub(super) attempts: Vec<(i64, Option<String>)>,
}

/// One entry of a timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) number: i64,
    pub(super) json: String,
}

/// What was written of the calls that ran when the gateway was killed.
#[derive(Debug, Default)]
pub(super) struct Snapshot {
    pub(super) calls: Vec<Book>,
    /// When it was taken, in milliseconds since 1970.
    pub(super) at_ms: i64,
}

/// A time in which a rep was in a call, in milliseconds since 1970; the end is open where none was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Claim {
    pub(super) rep: RepId,
    pub(super) from_ms: i64,
    pub(super) until_ms: Option<i64>,
}

/// The calls that have no end yet.
pub(super) async fn snapshot(store: &Path) -> anyhow::Result<Snapshot> {
    let calls = read(store, Which::Open).await?;
    Ok(Snapshot { calls, at_ms: crate::live::clock::wall().0 })
}

/// All calls.
pub(super) async fn all(store: &Path) -> anyhow::Result<Vec<Book>> {
    read(store, Which::All).await
}

#[derive(Clone, Copy)]
enum Which {
    Open = 0,
    All = 1,
}

async fn read(store: &Path, which: Which) -> anyhow::Result<Vec<Book>> {
    sqlx::any::install_default_drivers();
    let file = store.join("baton.db").display().to_string();
    let url = format!(
        "sqlite://{}?mode=rw",
        percent_encoding::utf8_percent_encode(&file, percent_encoding::NON_ALPHANUMERIC)
    );
    let mut database =
        AnyConnection::connect(&url).await.context("the gateway's database cannot be opened")?;
    sqlx::query("PRAGMA busy_timeout = 5000").execute(&mut database).await?;
    let rows = async |sql: &'static str, database: &mut AnyConnection| {
        sqlx::query(sql).bind(which as i32).fetch_all(database).await
    };
    let mut books = BTreeMap::new();
    for row in rows(CALLS, &mut database).await? {
        let book = Book {
            id: row.try_get("id")?,
            carrier_call: row.try_get("carrier_call")?,
            began_ms: row.try_get("began_ms")?,
            end: row.try_get("ended")?,
            entries: Vec::new(),
            handoffs: Vec::new(),
            attempts: Vec::new(),
        };
        books.insert(book.id.clone(), book);
    }
    for row in rows(ENTRIES, &mut database).await? {
        if let Some(book) = books.get_mut(&row.try_get::<String, _>("call")?) {
            book.entries.push(Line { number: row.try_get("number")?, json: row.try_get("json")? });
        }
    }
    for row in rows(HANDOFFS, &mut database).await? {
        if let Some(book) = books.get_mut(&row.try_get::<String, _>("call")?) {
            book.handoffs.push((row.try_get("number")?, row.try_get("outcome")?));
        }
    }
    for row in rows(ATTEMPTS, &mut database).await? {
        if let Some(book) = books.get_mut(&row.try_get::<String, _>("call")?) {
            book.attempts.push((row.try_get("attempt")?, row.try_get("ended")?));
        }
    }
    database.close().await?;
    Ok(books.into_values().collect())
}

impl Book {
    /// Its timeline, if it is one: numbered from 0 without a gap, and the same when it is replayed (promise 9).
    pub(super) fn timeline(&self) -> Result<(Vec<Entry>, crate::call::Call), String> {
        for (expected, line) in self.entries.iter().enumerate() {
            if line.number != expected as i64 {
                return Err(format!("entry {expected} is missing: the next is {}", line.number));
            }
        }
        let entries: Vec<Entry> = self
            .entries
            .iter()
            .map(|line| serde_json::from_str(&line.json))
            .collect::<Result<_, _>>()
            .map_err(|error| format!("an entry cannot be read: {error}"))?;
        let call = timeline::replay(&entries).map_err(|error| error.to_string())?;
        Ok((entries, call))
    }

    /// Where its handoff is, as far as it is written.
    pub(super) fn stage(&self) -> &'static str {
        match self.timeline() {
            Ok((_, call)) if call.is_over() => "over",
            Ok((_, call)) => call.handoff().map_or("no handoff", |handoff| handoff.stage().name()),
            Err(_) => "unreadable",
        }
    }

    /// When which rep was in this call.
    pub(super) fn claims(&self) -> Vec<Claim> {
        let (mut reps, mut claims) =
            (BTreeMap::<AttemptId, RepId>::new(), BTreeMap::<AttemptId, Claim>::new());
        for line in &self.entries {
            let Ok(entry) = serde_json::from_str::<Entry>(&line.json) else { continue };
            let now_ms = self.began_ms + (entry.at.as_micros() / 1_000) as i64;
            for effect in &entry.effects {
                match effect {
                    Effect::Ring { attempt, rep } => {
                        reps.insert(*attempt, rep.clone());
                    }
                    Effect::EndAttempt { attempt, .. } => {
                        claims.entry(*attempt).and_modify(|claim| claim.until_ms = Some(now_ms));
                    }
                    _ => {}
                }
            }
            if let Event::ClaimCommitted(attempt) = entry.event
                && let Some(rep) = reps.get(&attempt)
            {
                let claim = Claim { rep: rep.clone(), from_ms: now_ms, until_ms: None };
                claims.entry(attempt).or_insert(claim);
            }
        }
        claims.into_values().collect()
    }
}

const CALLS: &str = "SELECT id, carrier_call, began_ms, ended FROM calls WHERE ended IS NULL OR $1 = 1";
const ENTRIES: &str = "SELECT call, number, json FROM timeline WHERE call IN \
    (SELECT id FROM calls WHERE ended IS NULL OR $1 = 1) ORDER BY call, number";
const HANDOFFS: &str = "SELECT call, number, outcome FROM handoffs WHERE call IN \
    (SELECT id FROM calls WHERE ended IS NULL OR $1 = 1) ORDER BY call, number";
const ATTEMPTS: &str = "SELECT call, attempt, ended FROM attempts WHERE call IN \
    (SELECT id FROM calls WHERE ended IS NULL OR $1 = 1) ORDER BY call, attempt";

#[cfg(test)]
mod tests {
    use super::*;

    fn book(entries: &[(i64, &str)]) -> Book {
        let lines = entries.iter().map(|(number, json)| Line { number: *number, json: (*json).to_owned() });
        Book {
            id: "call-1".to_owned(),
            carrier_call: "CA1".to_owned(),
            began_ms: 1_000,
            end: None,
            entries: lines.collect(),
            handoffs: Vec::new(),
            attempts: Vec::new(),
        }
    }

    #[test]
    fn a_timeline_with_a_gap_is_none() {
        let gap = book(&[(0, "{}"), (2, "{}")]).timeline().unwrap_err();
        assert!(gap.contains("entry 1 is missing"), "{gap}");
        assert!(book(&[]).timeline().unwrap_err().contains("begin"));
    }

    #[test]
    fn a_rep_is_in_a_call_from_the_claim_to_the_end_of_the_try() {
        let at = |seconds: u64| {
            serde_json::to_value(crate::time::CallTime::from_micros(seconds * 1_000_000)).unwrap()
        };
        let entry = |at, event, effects: &[Effect]| {
            serde_json::json!({ "at": at, "event": serde_json::to_value::<Event>(event).unwrap(), "effects": effects })
                .to_string()
        };
        let (attempt, rep) = (AttemptId(1), RepId::new("sam"));
        let ring = entry(at(1), Event::Ticked, &[Effect::Ring { attempt, rep: rep.clone() }]);
        let claimed = entry(at(2), Event::ClaimCommitted(attempt), &[]);
        let end = crate::handoff::End::Served;
        let ended =
            entry(at(5), Event::ProspectLeft, &[Effect::EndAttempt { attempt, end, last_words: None }]);
        let claim = Claim { rep, from_ms: 3_000, until_ms: Some(6_000) };
        let open = Claim { until_ms: None, ..claim.clone() };
        assert_eq!(book(&[(0, &ring), (1, &claimed), (2, &ended)]).claims(), vec![claim]);
        assert_eq!(book(&[(0, &ring), (1, &claimed)]).claims(), vec![open]);
    }
}
