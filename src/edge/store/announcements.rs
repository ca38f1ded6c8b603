//! Calls that were announced and have yet to be placed: what is known of a prospect before they are called.

use futures_util::future::BoxFuture;
use sqlx::Row as _;

use crate::conversation::Context;
use crate::edge::store::{Store, within};
use crate::phone_number::PhoneNumber;
use crate::ports::{Announcement, Announcements, Fault};
use crate::time::Timestamp;

impl Announcements for Store {
    fn announce(&self, announcement: Announcement) -> BoxFuture<'_, Result<(), Fault>> {
        within(async move {
            let mut step = self.pool.begin().await?;
            // Nobody else clears up after calls that were never placed.
            sqlx::query("DELETE FROM announcements WHERE until_ms <= (SELECT now_ms FROM clock)")
                .execute(&mut *step)
                .await?;
            let context = serde_json::to_string(&announcement.context)
                .expect("a context is plain values, which always serialise");
            sqlx::query(
                "INSERT INTO announcements (prospect, context, until_ms) VALUES ($1, $2, $3) \
                 ON CONFLICT (prospect) DO UPDATE SET context = excluded.context, until_ms = excluded.until_ms",
            )
            .bind(announcement.prospect.reveal().to_owned())
            .bind(context)
            .bind(announcement.until.0)
            .execute(&mut *step)
            .await?;
            step.commit().await
        })
    }

    fn take(&self, prospect: PhoneNumber, now: Timestamp) -> BoxFuture<'_, Result<Option<Context>, Fault>> {
        within(async move {
            let sql = "DELETE FROM announcements WHERE prospect = $1 RETURNING context, until_ms";
            let row = sqlx::query(sql).bind(prospect.reveal().to_owned()).fetch_optional(&self.pool).await?;
            let Some(row) = row.filter(|row| row.try_get("until_ms").is_ok_and(|until: i64| until > now.0))
            else {
                return Ok(None);
            };
            let context: String = row.try_get("context")?;
            serde_json::from_str(&context).map(Some).map_err(|error| sqlx::Error::Decode(Box::new(error)))
        })
    }
}
