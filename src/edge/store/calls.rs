//! The record of calls.

use futures_util::future::BoxFuture;
use sqlx::any::AnyRow;
use sqlx::{Any, Row as _, Transaction};

use crate::edge::store::policies::{Parted, parted};
use crate::edge::store::{Store, within};
use crate::id::{AttemptId, CallId, RepId};
use crate::phone_number::PhoneNumber;
use crate::ports::{
    Calls, CarrierCall, Fault, Listed, Record, RungPhone, StoredAttempt, StoredCall, StoredEntry,
    StoredHandoff, Unfinished, UnfinishedCall,
};
use crate::time::{CallTime, Timestamp};

impl Calls for Store {
    fn write(&self, records: Vec<Record>) -> BoxFuture<'_, Result<(), Fault>> {
        within(async move {
            let mut step = self.pool.begin().await?;
            for record in records {
                write(&mut step, record).await?;
            }
            step.commit().await
        })
    }

    fn list(&self, which: Listed) -> BoxFuture<'_, Result<Vec<StoredCall>, Fault>> {
        within(async move {
            // Every wish stands in the statement, also where there is none: so it is one statement, and no text is put together.
            let sql = "SELECT * FROM calls WHERE began_ms >= $2 AND ($3 = '' OR direction = $3) \
                       AND ($4 = 0 OR ($4 = 1 AND ended IS NULL) OR ($4 = 2 AND ended IS NOT NULL)) \
                       ORDER BY began_ms DESC, id DESC LIMIT $1";
            let running: i64 = which.running.map_or(0, |runs| if runs { 1 } else { 2 });
            let rows = sqlx::query(sql)
                .bind(i64::from(which.limit))
                .bind(which.since.map_or(i64::MIN, |since| since.0))
                .bind(which.direction.unwrap_or_default())
                .bind(running)
                .fetch_all(&self.pool)
                .await?;
            let mut calls = Vec::with_capacity(rows.len());
            for row in &rows {
                calls.push(self.whole(row).await?);
            }
            Ok(calls)
        })
    }

    fn call(&self, call: CallId) -> BoxFuture<'_, Result<Option<StoredCall>, Fault>> {
        within(async move {
            let row = sqlx::query("SELECT * FROM calls WHERE id = $1")
                .bind(call.to_string())
                .fetch_optional(&self.pool)
                .await?;
            match row {
                Some(row) => self.whole(&row).await.map(Some),
                None => Ok(None),
            }
        })
    }

    fn timeline(&self, call: CallId) -> BoxFuture<'_, Result<Vec<StoredEntry>, Fault>> {
        within(async move {
            let sql = "SELECT at_us, json FROM timeline WHERE call = $1 ORDER BY number";
            let rows = sqlx::query(sql).bind(call.to_string()).fetch_all(&self.pool).await?;
            rows.iter()
                .map(|row| Ok(StoredEntry { at: micros(row, "at_us")?, json: row.try_get("json")? }))
                .collect()
        })
    }
}

impl Unfinished for Store {
    fn unfinished(&self) -> BoxFuture<'_, Result<Vec<UnfinishedCall>, Fault>> {
        within(async move {
            let sql = "SELECT id, began_ms, facts, \
                       (SELECT COALESCE(MAX(number) + 1, 0) FROM entries WHERE call = calls.id) AS entries \
                       FROM calls WHERE ended IS NULL ORDER BY began_ms, id";
            let mut calls = Vec::new();
            for row in sqlx::query(sql).fetch_all(&self.pool).await? {
                let id: String = row.try_get("id")?;
                let sql = "SELECT attempt, rep, carrier_call FROM attempts WHERE call = $1 ORDER BY attempt";
                let phones = sqlx::query(sql).bind(&id).fetch_all(&self.pool).await?;
                calls.push(UnfinishedCall {
                    call: id.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))?,
                    began: Timestamp(row.try_get("began_ms")?),
                    facts: row.try_get("facts")?,
                    entries: row.try_get::<i64, _>("entries")? as u64,
                    phones: phones.iter().map(phone).collect::<Result<_, _>>()?,
                });
            }
            Ok(calls)
        })
    }
}

impl Store {
    /// A call with its handoffs and tries.
    async fn whole(&self, row: &AnyRow) -> Result<StoredCall, sqlx::Error> {
        let id: String = row.try_get("id")?;
        let handoffs = sqlx::query("SELECT * FROM handoffs WHERE call = $1 ORDER BY number")
            .bind(&id)
            .fetch_all(&self.pool)
            .await?;
        let attempts = sqlx::query("SELECT * FROM attempts WHERE call = $1 ORDER BY attempt")
            .bind(&id)
            .fetch_all(&self.pool)
            .await?;
        Ok(StoredCall {
            call: id.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))?,
            direction: row.try_get("direction")?,
            prospect: PhoneNumber::new(row.try_get::<String, _>("prospect")?),
            line: PhoneNumber::new(row.try_get::<String, _>("line")?),
            began_ms: Timestamp(row.try_get("began_ms")?),
            ended_ms: row.try_get::<Option<i64>, _>("ended_ms")?.map(Timestamp),
            end: row.try_get("ended")?,
            handoffs: handoffs.iter().map(handoff).collect::<Result<_, _>>()?,
            attempts: attempts.iter().map(attempt).collect::<Result<_, _>>()?,
            words_gone_ms: row.try_get::<Option<i64>, _>("words_gone_ms")?.map(Timestamp),
        })
    }
}

/// Every statement may be repeated: what is there already stays as it is.
async fn write(step: &mut Transaction<'_, Any>, record: Record) -> Result<(), sqlx::Error> {
    match record {
        Record::Opened { call, carrier_call, direction, prospect, line, at, facts } => sqlx::query(
            "INSERT INTO calls (id, carrier_call, direction, prospect, line, began_ms, facts) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING",
        )
        .bind(call.to_string())
        .bind(carrier_call.0)
        .bind(direction)
        .bind(prospect.reveal().to_owned())
        .bind(line.reveal().to_owned())
        .bind(at.0)
        .bind(facts),
        Record::Entry { call, number, at, json } => {
            let Parted { json, policy } = parted(json);
            if let Some(policy) = &policy {
                sqlx::query("INSERT INTO policies (id, json) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING")
                    .bind(policy.id.clone())
                    .bind(policy.json.clone())
                    .execute(&mut **step)
                    .await?;
            }
            sqlx::query(
                "INSERT INTO entries (call, number, at_us, json, policy) VALUES ($1, $2, $3, $4, $5) \
                 ON CONFLICT (call, number) DO NOTHING",
            )
            .bind(call.to_string())
            .bind(number as i64)
            .bind(at.as_micros() as i64)
            .bind(json)
            .bind(policy.map(|policy| policy.id))
        }
        Record::AttemptIntended { call, attempt, rep, at } => sqlx::query(
            "INSERT INTO attempts (call, attempt, rep, at_ms) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (call, attempt) DO NOTHING",
        )
        .bind(call.to_string())
        .bind(i64::from(attempt.0))
        .bind(rep.as_str().to_owned())
        .bind(at.0),
        Record::AttemptNamed { call, attempt, carrier_call } => {
            sqlx::query("UPDATE attempts SET carrier_call = $3 WHERE call = $1 AND attempt = $2")
                .bind(call.to_string())
                .bind(i64::from(attempt.0))
                .bind(carrier_call.0)
        }
        Record::AttemptEnded { call, attempt, end } => {
            sqlx::query("UPDATE attempts SET ended = $3 WHERE call = $1 AND attempt = $2 AND ended IS NULL")
                .bind(call.to_string())
                .bind(i64::from(attempt.0))
                .bind(end)
        }
        Record::HandoffOver { call, number, outcome, reason, rep, began, ended } => sqlx::query(
            "INSERT INTO handoffs (call, number, outcome, reason, rep, began_us, ended_us) \
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (call, number) DO NOTHING",
        )
        .bind(call.to_string())
        .bind(i64::from(number))
        .bind(outcome)
        .bind(reason)
        .bind(rep.map(|rep| rep.as_str().to_owned()))
        .bind(began.as_micros() as i64)
        .bind(ended.as_micros() as i64),
        Record::Closed { call, how, at } => {
            sqlx::query("UPDATE calls SET ended = $2, ended_ms = $3 WHERE id = $1 AND ended IS NULL")
                .bind(call.to_string())
                .bind(how)
                .bind(at.0)
        }
    }
    .execute(&mut **step)
    .await
    .map(|_| ())
}

fn handoff(row: &AnyRow) -> Result<StoredHandoff, sqlx::Error> {
    Ok(StoredHandoff {
        number: row.try_get::<i64, _>("number")? as u32,
        outcome: row.try_get("outcome")?,
        reason: row.try_get("reason")?,
        rep: row.try_get::<Option<String>, _>("rep")?.map(|rep| RepId::new(&rep)),
        began_us: micros(row, "began_us")?,
        ended_us: micros(row, "ended_us")?,
    })
}

fn attempt(row: &AnyRow) -> Result<StoredAttempt, sqlx::Error> {
    Ok(StoredAttempt {
        attempt: AttemptId(row.try_get::<i64, _>("attempt")? as u32),
        rep: RepId::new(&row.try_get::<String, _>("rep")?),
        at_ms: Timestamp(row.try_get("at_ms")?),
        end: row.try_get("ended")?,
    })
}

fn phone(row: &AnyRow) -> Result<RungPhone, sqlx::Error> {
    Ok(RungPhone {
        attempt: AttemptId(row.try_get::<i64, _>("attempt")? as u32),
        rep: RepId::new(&row.try_get::<String, _>("rep")?),
        carrier_call: row.try_get::<Option<String>, _>("carrier_call")?.map(CarrierCall),
    })
}

fn micros(row: &AnyRow, column: &str) -> Result<CallTime, sqlx::Error> {
    row.try_get::<i64, _>(column).map(|us| CallTime::from_micros(us as u64))
}
