//! Opens SQLite or PostgreSQL by the address alone. SQLite gets one writer, whose transactions take the lock at once,
//! and a pool of readers; PostgreSQL one pool.

use crate::{Error, KeyRing};
use migrations::Migrator;
use sea_orm::{
    AccessMode, ConnectOptions, ConnectionTrait, Database, DatabaseBackend, DatabaseConnection, DatabaseTransaction,
    DbErr, EntityTrait, IsolationLevel, RuntimeErr, SqliteTransactionMode, TransactionOptions, TransactionTrait,
    sqlx::{
        Connection,
        sqlite::{SqliteJournalMode, SqliteSynchronous},
    },
};
use sea_orm_migration::{MigratorTrait, seaql_migrations};
use std::{sync::Arc, time::Duration};

const SQLITE_READERS: u32 = 4;
/// Pages of the file that the writer holds, as SQLite says it: 10 MB, which it keeps. A payment touches some forty indexes, and of
/// a long history the upper levels of those in no order do not fit into the usual 2 MB; their leaves, hundreds of megabytes, fit
/// into nothing that we would spare.
const WRITER_CACHE: &str = "-10000";
/// And a reader, 1 MB: each commit of the writer empties it.
const READER_CACHE: &str = "-1000";
/// Pages that wait in the log before they are folded into the file, 64 MB: one that many transactions change, as an index whose
/// order is not theirs, is written there once. With the usual 4 MB a large sync takes half as long again.
const FOLD_AFTER: &str = "16000";
const SQLITE_BUSY_TIMEOUT: Duration = Duration::from_secs(10);
const POSTGRES_CONNECTIONS: u32 = 16;
/// Statements that a connection keeps ready: all that there are, so that none is planned anew.
const STATEMENTS: usize = 256;
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(10);
/// A connection that slept this long is asked whether it is still there before it is used.
const IDLE_BEFORE_TEST: Duration = Duration::from_secs(30);

#[derive(Clone, Debug)]
pub struct Pools {
    pub(crate) read: DatabaseConnection,
    pub(crate) write: DatabaseConnection,
}

/// The open database and the keys to what is sealed in it.
#[derive(Clone)]
pub struct Store {
    pub(crate) pools: Pools,
    pub(crate) keys: Arc<KeyRing>,
}

impl Store {
    /// Opens `sqlite://path` (made when absent) or `postgres://…`.
    ///
    /// # Errors
    /// An address that is neither, or a database that does not answer.
    pub async fn open(url: &str, keys: KeyRing) -> Result<Self, Error> {
        let pools = if url.starts_with("sqlite:") { open_sqlite(url).await? } else { open_postgres(url).await? };
        Ok(Self { pools, keys: Arc::new(keys) })
    }

    /// Brings the schema up to date; harmless when it is. Of several nodes that start at once, one migrates and the
    /// others wait for it.
    ///
    /// # Errors
    /// A migration that fails; nothing of it stays.
    pub async fn migrate(&self) -> Result<(), Error> {
        let tx = self.begin().await?;
        if self.is_postgres() {
            // An index over many rows may take its time. The number is ours alone: "wisepay" on a phone's keys.
            tx.execute_unprepared("SET LOCAL statement_timeout = 0").await?;
            tx.execute_unprepared("SELECT pg_advisory_xact_lock(9473729)").await?;
        }
        Migrator::up(&tx, None).await?;
        Ok(tx.commit().await?)
    }

    /// Throws every row away: the demo's reset.
    ///
    /// # Errors
    /// A migration that fails.
    pub async fn migrate_afresh(&self) -> Result<(), Error> {
        Ok(Migrator::fresh(&self.pools.write).await?)
    }

    /// Answers when the database does and every migration has run.
    ///
    /// # Errors
    /// The database is away or behind.
    pub async fn ready(&self) -> Result<(), Error> {
        let pending = Migrator::get_pending_migrations_read_only(&self.pools.read).await?;
        if pending.is_empty() { Ok(()) } else { Err(Error::Missing) }
    }

    /// A later version of the program has migrated it: what its rows mean, this one may not know.
    ///
    /// # Errors
    /// The database is away.
    pub async fn is_newer(&self) -> Result<bool, Error> {
        let applied = seaql_migrations::Entity::find().all(&self.pools.read).await?;
        let known = Migrator::get_migration_files();
        Ok(applied.iter().any(|applied| known.iter().all(|known| known.name() != applied.version)))
    }

    /// Lets open transactions end and closes every connection; SQLite then folds its log into the file.
    ///
    /// # Errors
    /// The database is away.
    pub async fn close(&self) -> Result<(), Error> {
        self.pools.read.close_by_ref().await?;
        Ok(self.pools.write.close_by_ref().await?)
    }

    pub(crate) async fn begin(&self) -> Result<DatabaseTransaction, Error> {
        // SQLite: a deferred transaction that turns to writing can fail at once, whatever the time-out.
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        Ok(self.pools.write.begin_with_options(options).await?)
    }

    /// A transaction that sees one moment, and writes nothing. On SQLite that is the moment of its first read.
    pub(crate) async fn snapshot(&self) -> Result<DatabaseTransaction, Error> {
        let options = if self.is_postgres() {
            TransactionOptions {
                isolation_level: Some(IsolationLevel::RepeatableRead),
                access_mode: Some(AccessMode::ReadOnly),
                ..TransactionOptions::default()
            }
        } else {
            TransactionOptions::default()
        };
        Ok(self.pools.read.begin_with_options(options).await?)
    }

    #[must_use]
    pub fn is_postgres(&self) -> bool {
        self.pools.write.get_database_backend() == DatabaseBackend::Postgres
    }
}

async fn open_sqlite(url: &str) -> Result<Pools, Error> {
    let file = url.split('?').next().unwrap_or(url);
    let options = |mode: &str, connections: u32, query_only: bool| {
        let mut options = ConnectOptions::new(format!("{file}?mode={mode}"));
        options
            .max_connections(connections)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            // A file does not hang up: asking first would double the work of every small read.
            .test_before_acquire(false)
            // A full disk makes SQLite end a transaction by itself. sqlx counts it as open for ever, and what were committed on
            // such a connection afterwards would never be.
            .map_sqlx_sqlite_before_acquire(|connection, _| {
                let is_between_transactions = !connection.is_in_transaction();
                Box::pin(async move { Ok(is_between_transactions) })
            })
            .sqlx_logging(false)
            .map_sqlx_sqlite_opts(move |o| {
                let o = o
                    .journal_mode(SqliteJournalMode::Wal)
                    // A ledger must not lose its last commits to a power cut.
                    .synchronous(SqliteSynchronous::Full)
                    .busy_timeout(SQLITE_BUSY_TIMEOUT)
                    .foreign_keys(true)
                    .statement_cache_capacity(STATEMENTS);
                if query_only {
                    o.pragma("query_only", "1").pragma("cache_size", READER_CACHE)
                } else {
                    o.pragma("cache_size", WRITER_CACHE).pragma("wal_autocheckpoint", FOLD_AFTER)
                }
            });
        options
    };
    let write = Database::connect(options("rwc", 1, false)).await?;
    keep_private(file.trim_start_matches("sqlite:").trim_start_matches("//"))?;
    let read = Database::connect(options("rw", SQLITE_READERS, true)).await?;
    Ok(Pools { read, write })
}

/// Nobody but the owner reads a file of payments. SQLite gives its log the same rights.
fn keep_private(path: &str) -> Result<(), Error> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
        .map_err(|cause| Error::Broken(DbErr::Custom(format!("{path}: {cause}"))))
}

async fn open_postgres(url: &str) -> Result<Pools, Error> {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(POSTGRES_CONNECTIONS)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .statement_timeout(STATEMENT_TIMEOUT)
        .test_before_acquire_if_idle_for(IDLE_BEFORE_TEST)
        // Plans that were made while a table was small are kept for as long as the connection: on PostgreSQL's default,
        // from the time of turning disks, they would read whole tables until the statistics are next gathered.
        .map_sqlx_postgres_opts(|o| o.options([("random_page_cost", "1.1")]).statement_cache_capacity(STATEMENTS))
        .sqlx_logging(false);
    let pool = Database::connect(options).await.map_err(unquoted)?;
    Ok(Pools { read: pool.clone(), write: pool })
}

/// An address that cannot be used is quoted by the library, with the password in it.
fn unquoted(cause: DbErr) -> Error {
    match cause {
        DbErr::Conn(RuntimeErr::Internal(_)) => {
            Error::Broken(DbErr::Custom("its address is neither sqlite://… nor a readable postgres://…".into()))
        }
        other => other.into(),
    }
}
