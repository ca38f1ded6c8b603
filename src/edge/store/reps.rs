//! Who may be asked, and who is taken: compare-and-set by the database, with leases by its clock.

use std::time::Duration;

use futures_util::future::BoxFuture;
use sqlx::Row as _;

use crate::edge::store::{Store, within};
use crate::id::{AttemptId, CallId, RepId};
use crate::ports::{Fault, Reps};

impl Reps for Store {
    fn reserve(
        &self,
        call: CallId,
        attempt: AttemptId,
        among: Vec<RepId>,
        lease: Duration,
    ) -> BoxFuture<'_, Result<Option<RepId>, Fault>> {
        within(async move {
            // Asked again for the same try: it keeps whom it has, with a lease that begins anew.
            let held = sqlx::query(
                "UPDATE reservations SET until_ms = (SELECT now_ms FROM clock) + $3 \
                 WHERE call = $1 AND attempt = $2 RETURNING rep",
            )
            .bind(call.to_string())
            .bind(i64::from(attempt.0))
            .bind(lease.as_millis() as i64)
            .fetch_optional(&self.pool)
            .await?;
            if let Some(row) = held {
                return Ok(Some(RepId::new(&row.try_get::<String, _>("rep")?)));
            }
            for rep in among {
                // One statement: either the row is new, or it is free at this moment by the database's own clock.
                let taken = sqlx::query(
                    "INSERT INTO reservations (rep, call, attempt, until_ms, committed) \
                     SELECT $1, $2, $3, now_ms + $4, 0 FROM clock WHERE true \
                     ON CONFLICT (rep) DO UPDATE SET call = excluded.call, attempt = excluded.attempt, \
                         until_ms = excluded.until_ms, committed = 0 \
                     WHERE reservations.committed = 0 AND reservations.until_ms <= (SELECT now_ms FROM clock) \
                     RETURNING rep",
                )
                .bind(rep.as_str().to_owned())
                .bind(call.to_string())
                .bind(i64::from(attempt.0))
                .bind(lease.as_millis() as i64)
                .fetch_optional(&self.pool)
                .await?;
                if taken.is_some() {
                    return Ok(Some(rep));
                }
            }
            Ok(None)
        })
    }

    fn commit(&self, call: CallId, attempt: AttemptId) -> BoxFuture<'_, Result<bool, Fault>> {
        within(async move {
            let row = sqlx::query(
                "UPDATE reservations SET committed = 1 WHERE call = $1 AND attempt = $2 \
                 AND (committed = 1 OR until_ms > (SELECT now_ms FROM clock)) RETURNING rep",
            )
            .bind(call.to_string())
            .bind(i64::from(attempt.0))
            .fetch_optional(&self.pool)
            .await?;
            Ok(row.is_some())
        })
    }

    fn release(&self, call: CallId, attempt: AttemptId) -> BoxFuture<'_, Result<(), Fault>> {
        within(async move {
            sqlx::query("DELETE FROM reservations WHERE call = $1 AND attempt = $2")
                .bind(call.to_string())
                .bind(i64::from(attempt.0))
                .execute(&self.pool)
                .await
                .map(|_| ())
        })
    }
}
