//! The store: what must survive the process. SQLite in one folder; the SQL is portable on purpose.

mod announcements;
mod calls;
mod forgetting;
mod policies;
mod reps;
mod wordless;
#[cfg(test)]
mod contract;

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use sqlx::any::AnyPoolOptions;
use sqlx::{AnyConnection, AnyPool, Connection as _};
use sqlx::{Executor as _, Row as _};

use crate::ports::{Fault, FaultKind};

/// The store of calls and reps.
#[derive(Clone, Debug)]
pub struct Store {
    pool: AnyPool,
    /// Held for as long as this process uses the folder.
    _lock: Option<Arc<File>>,
}

/// Why a store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Its folder cannot be made.
    #[error("the folder {folder} cannot be made: {source}")]
    Folder {
        /// Which.
        folder: String,
        /// Why.
        source: std::io::Error,
    },
    /// Another Baton uses it.
    #[error("another Baton is using {folder}: give each its own with --data")]
    InUse {
        /// Which.
        folder: String,
    },
    /// The database cannot be opened or brought up to date.
    #[error("the database in {folder} cannot be used: {source}")]
    Database {
        /// Where.
        folder: String,
        /// Why.
        source: sqlx::Error,
    },
    /// An older Baton made it, and whoever only works beside a gateway does not change its tables.
    #[error("the database in {folder} was made by an older Baton: start this one on it once (`baton serve`)")]
    Older {
        /// Where.
        folder: String,
    },
}

impl Store {
    /// Opens the store in this folder, making it where it is not.
    pub async fn open(folder: &Path) -> Result<Self, StoreError> {
        let shown = folder.display().to_string();
        std::fs::create_dir_all(folder)
            .map_err(|source| StoreError::Folder { folder: shown.clone(), source })?;
        let lock = File::create(folder.join("baton.lock"))
            .map_err(|source| StoreError::Folder { folder: shown.clone(), source })?;
        if lock.try_lock().is_err() {
            return Err(StoreError::InUse { folder: shown });
        }
        Self::connect(&url(folder, "rwc"), lock)
            .await
            .map_err(|source| StoreError::Database { folder: shown, source })
    }

    /// Opens a store that another process may be using: to look at what is in it, or to take something out of it.
    pub async fn open_beside(folder: &Path) -> Result<Self, StoreError> {
        let shown = folder.display().to_string();
        let failed = |source| StoreError::Database { folder: shown.clone(), source };
        let store = Self { pool: Self::pool(&url(folder, "rw")).await.map_err(failed)?, _lock: None };
        if store.newest_step().await.map_err(failed)? < MIGRATIONS.len() as i64 {
            return Err(StoreError::Older { folder: shown });
        }
        Ok(store)
    }

    async fn connect(url: &str, lock: File) -> Result<Self, sqlx::Error> {
        let store = Self { pool: Self::pool(url).await?, _lock: Some(Arc::new(lock)) };
        store.migrate().await?;
        store.free_reservations_of_the_dead().await?;
        Ok(store)
    }

    async fn pool(url: &str) -> Result<AnyPool, sqlx::Error> {
        sqlx::any::install_default_drivers();
        // A pool tries again where a connection fails, and hides why: a first one shows what is wrong with the file.
        AnyConnection::connect(url).await?.execute("SELECT count(*) FROM sqlite_master").await?;
        AnyPoolOptions::new()
            // SQLite has one writer; a second connection would only wait for the first.
            .max_connections(1)
            .acquire_timeout(WITHIN)
            .after_connect(|connection, _| {
                Box::pin(async move {
                    // FULL: what was written before it is tried must be there after the power fails.
                    // secure_delete: what was taken out must not lie in the file any more.
                    // cache_size: in KiB where negative; what is written is hardly ever read, and memory belongs to calls.
                    let pragmas = "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; \
                                   PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; \
                                   PRAGMA cache_size = -256;";
                    connection.execute(pragmas).await?;
                    Ok(())
                })
            })
            .connect(url)
            .await
    }

    /// Brings the tables up to date, one numbered step after another.
    async fn migrate(&self) -> Result<(), sqlx::Error> {
        let mut step = self.pool.begin().await?;
        step.execute("CREATE TABLE IF NOT EXISTS migrations (number BIGINT PRIMARY KEY)").await?;
        let done: i64 = sqlx::query(NEWEST).fetch_one(&mut *step).await?.try_get("newest")?;
        for (number, sql) in (1_i64..).zip(MIGRATIONS) {
            if number > done {
                step.execute(*sql).await?;
                sqlx::query("INSERT INTO migrations (number) VALUES ($1)")
                    .bind(number)
                    .execute(&mut *step)
                    .await?;
            }
        }
        step.commit().await
    }

    async fn newest_step(&self) -> Result<i64, sqlx::Error> {
        sqlx::query(NEWEST).fetch_one(&self.pool).await?.try_get("newest")
    }

    /// A SQLite file belongs to one process: whom the last one held for calls that are over is free when the next one
    /// starts. Unfinished calls keep theirs: they are taken up, and set them free themselves.
    async fn free_reservations_of_the_dead(&self) -> Result<(), sqlx::Error> {
        self.pool
            .execute("DELETE FROM reservations WHERE call NOT IN (SELECT id FROM calls WHERE ended IS NULL)")
            .await
            .map(|_| ())
    }
}

fn url(folder: &Path, mode: &str) -> String {
    let file = folder.join("baton.db").display().to_string();
    format!("sqlite://{}?mode={mode}", percent_encoding::utf8_percent_encode(&file, IN_URL))
}

/// Runs one piece of work within the time limit of the ports.
fn within<'a, T: Send + 'a>(
    work: impl Future<Output = Result<T, sqlx::Error>> + Send + 'a,
) -> BoxFuture<'a, Result<T, Fault>> {
    Box::pin(async move {
        match tokio::time::timeout(WITHIN, work).await {
            Ok(done) => done.map_err(fault),
            Err(too_slow) => Err(Fault::temporary(too_slow)),
        }
    })
}

fn fault(error: sqlx::Error) -> Fault {
    let kind = match &error {
        // Our own SQL or values are wrong: trying again changes nothing.
        sqlx::Error::Database(refusal) if refusal.is_unique_violation() || refusal.is_check_violation() => {
            FaultKind::Permanent
        }
        sqlx::Error::ColumnNotFound(_) | sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
            FaultKind::Permanent
        }
        _busy_full_or_gone => FaultKind::Temporary,
    };
    Fault { kind, source: Box::new(error) }
}

/// Every step from an empty database to now.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/sqlite/0001_calls.sql"),
    include_str!("migrations/sqlite/0002_coming_back.sql"),
    include_str!("migrations/sqlite/0003_announcements.sql"),
    include_str!("migrations/sqlite/0004_forgetting.sql"),
    include_str!("migrations/sqlite/0005_policies.sql"),
];

/// The last step that was taken.
const NEWEST: &str = "SELECT COALESCE(MAX(number), 0) AS newest FROM migrations";

/// The time limit of the ports.
const WITHIN: Duration = Duration::from_secs(5);

/// What may not stand as it is in a database's URL.
const IN_URL: &percent_encoding::AsciiSet =
    &percent_encoding::CONTROLS.add(b' ').add(b'?').add(b'#').add(b'%').add(b'"');
