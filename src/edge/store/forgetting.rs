//! What the record no longer keeps: words, facts and moods after their time, and a number whose owner wants it gone.
//!
//! It goes in small bites: each reads first, outside of any transaction, and then writes a few entries in one that is over in
//! milliseconds, so that a gateway and a command can work on the same file at once and neither waits for the other.

use futures_util::future::BoxFuture;
use sqlx::Row as _;

use crate::edge::store::wordless::wordless;
use crate::edge::store::{Store, within};
use crate::id::CallId;
use crate::phone_number::PhoneNumber;
use crate::ports::{Bite, CallOfNumber, Fault, Forgets};
use crate::time::Timestamp;

impl Forgets for Store {
    fn wordy(&self, ended_before: Timestamp, limit: u32) -> BoxFuture<'_, Result<Vec<CallId>, Fault>> {
        within(async move {
            let sql = "SELECT id FROM calls WHERE words_gone_ms IS NULL AND ended IS NOT NULL AND ended_ms < $1 \
                       ORDER BY ended_ms LIMIT $2";
            let rows =
                sqlx::query(sql).bind(ended_before.0).bind(i64::from(limit)).fetch_all(&self.pool).await?;
            rows.iter().map(|row| call_id(&row.try_get::<String, _>("id")?)).collect()
        })
    }

    fn take_words(&self, call: CallId, from: u64) -> BoxFuture<'_, Result<Bite, Fault>> {
        within(async move {
            let sql =
                "SELECT number, json FROM entries WHERE call = $1 AND number >= $2 ORDER BY number LIMIT $3";
            let query = sqlx::query(sql).bind(call.to_string()).bind(from as i64).bind(MOUTHFUL);
            let rows = query.fetch_all(&self.pool).await?;
            let (mut changed, mut next) = (Vec::new(), from);
            for row in &rows {
                let number: i64 = row.try_get("number")?;
                next = number as u64 + 1;
                changed.extend(wordless(&row.try_get::<String, _>("json")?).map(|json| (number, json)));
            }
            let over = (rows.len() as i64) < MOUTHFUL;
            let count = changed.len() as u32;
            // Its first statement writes: whoever else writes is waited for, and nothing that was read can be stale.
            let mut step = self.pool.begin().await?;
            for (number, json) in changed {
                let sql = "UPDATE entries SET json = $3 WHERE call = $1 AND number = $2 \
                           AND EXISTS (SELECT 1 FROM calls WHERE id = $1 AND ended IS NOT NULL)";
                sqlx::query(sql).bind(call.to_string()).bind(number).bind(json).execute(&mut *step).await?;
            }
            if over {
                // What another process would need to take the call up holds the number, and nobody takes up a call that is over.
                let sql = "UPDATE calls SET words_gone_ms = (SELECT now_ms FROM clock), facts = '' \
                           WHERE id = $1 AND ended IS NOT NULL";
                sqlx::query(sql).bind(call.to_string()).execute(&mut *step).await?;
            }
            step.commit().await?;
            Ok(Bite { changed: count, next: (!over).then_some(next) })
        })
    }

    fn calls_of(&self, number: &PhoneNumber) -> BoxFuture<'_, Result<Vec<CallOfNumber>, Fault>> {
        let number = number.reveal().to_owned();
        within(async move {
            let sql = "SELECT id, began_ms, ended_ms, ended, words_gone_ms FROM calls WHERE prospect = $1 \
                       ORDER BY began_ms, id";
            let rows = sqlx::query(sql).bind(number).fetch_all(&self.pool).await?;
            rows.iter()
                .map(|row| {
                    Ok(CallOfNumber {
                        call: call_id(&row.try_get::<String, _>("id")?)?,
                        began_ms: Timestamp(row.try_get("began_ms")?),
                        over: row.try_get::<Option<String>, _>("ended")?.is_some(),
                        words_gone_ms: row.try_get::<Option<i64>, _>("words_gone_ms")?.map(Timestamp),
                    })
                })
                .collect()
        })
    }

    fn strike_out(&self, number: &PhoneNumber, mark: &str) -> BoxFuture<'_, Result<u64, Fault>> {
        let (number, mark) = (number.reveal().to_owned(), mark.to_owned());
        within(async move {
            let mut step = self.pool.begin().await?;
            let sql = "UPDATE calls SET prospect = $2, facts = '' WHERE prospect = $1 AND ended IS NOT NULL";
            let done = sqlx::query(sql).bind(&number).bind(mark).execute(&mut *step).await?;
            // Whoever was to be rung is not known beforehand any more.
            sqlx::query("DELETE FROM announcements WHERE prospect = $1")
                .bind(number)
                .execute(&mut *step)
                .await?;
            step.commit().await?;
            // The log of what was written holds what was there before, until it is folded into the database. Where somebody
            // reads at this moment it stays for a while: the database folds it in by itself.
            sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&self.pool).await?;
            Ok(done.rows_affected())
        })
    }
}

fn call_id(text: &str) -> Result<CallId, sqlx::Error> {
    text.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))
}

/// As many entries as are read and written in a few milliseconds.
const MOUTHFUL: i64 = 100;
