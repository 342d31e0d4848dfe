//! Ten thousand, a hundred thousand and a million payments: copies of those that the run has made, written by SQL with all
//! of their rows. Also what is asked of a database beside the portal. Nothing of this is measured.

use anyhow::{Context, ensure};
use futures::stream::{self, TryStreamExt};
use sqlx::{
    AssertSqlSafe, PgPool, SqlitePool,
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqlitePoolOptions, SqliteSynchronous},
};
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

/// Payments of which copies are made, at most.
const ORIGINALS: i64 = 1_000;
/// Copies of each of them that one transaction makes.
const COPIES_AT_ONCE: i64 = 25;
const WRITERS: usize = 2;
/// What can be left to do after the last posting (receipts, the audit trail) is done by then.
const QUIET_MAX: Duration = Duration::from_secs(60);
/// Each table's rows of a payment are found by the first of these that it has.
const TIES: [&str; 5] = ["attempt_id", "payment_id", "journal_id", "checkout_id", "invoice_id"];
/// Ids of what is not copied.
const SHARED: [&str; 4] = ["merchant_id", "customer_id", "connection_id", "payer_id"];
/// Texts that tell rows apart.
const OWN_TEXTS: [&str; 8] = [
    "external_id",
    "number",
    "invoice_number",
    "unique_key",
    "idempotency_key",
    "reference",
    "gateway_id",
    "charge_id",
];

/// The database as the bench asks it. What is written here may be lost and is not held against foreign keys: both would
/// make a million payments take an hour.
pub enum Sql {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

impl Sql {
    pub async fn open(url: &str) -> anyhow::Result<Self> {
        if url.starts_with("sqlite:") {
            let options = url.parse::<SqliteConnectOptions>()?.foreign_keys(false);
            let options = options.synchronous(SqliteSynchronous::Off).pragma("cache_size", "-500000");
            return Ok(Self::Sqlite(SqlitePoolOptions::new().max_connections(1).connect_with(options).await?));
        }
        let options = url.parse::<PgConnectOptions>()?;
        let options = options.options([("session_replication_role", "replica"), ("synchronous_commit", "off")]);
        Ok(Self::Postgres(PgPoolOptions::new().max_connections(WRITERS as u32).connect_with(options).await?))
    }

    async fn run(&self, sql: String) -> anyhow::Result<()> {
        let sql = sqlx::raw_sql(AssertSqlSafe(sql));
        match self {
            Self::Sqlite(pool) => sql.execute(pool).await.map(drop)?,
            Self::Postgres(pool) => sql.execute(pool).await.map(drop)?,
        }
        Ok(())
    }

    pub async fn number(&self, sql: String) -> anyhow::Result<i64> {
        Ok(match self {
            Self::Sqlite(pool) => sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(pool).await?,
            Self::Postgres(pool) => sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(pool).await?,
        })
    }

    /// The columns of each table and their types.
    async fn tables(&self) -> anyhow::Result<BTreeMap<String, Vec<(String, String)>>> {
        const SQLITE: &str = "SELECT t.name || ' ' || c.name || ' ' || lower(c.type) FROM sqlite_schema AS t \
             JOIN pragma_table_info(t.name) AS c WHERE t.type = 'table' ORDER BY t.name, c.cid";
        const POSTGRES: &str = "SELECT concat_ws(' ', table_name, column_name, data_type) \
             FROM information_schema.columns WHERE table_schema = 'public' ORDER BY table_name, ordinal_position";
        let lines: Vec<String> = match self {
            Self::Sqlite(pool) => sqlx::query_scalar(SQLITE).fetch_all(pool).await?,
            Self::Postgres(pool) => sqlx::query_scalar(POSTGRES).fetch_all(pool).await?,
        };
        let mut tables = BTreeMap::<_, Vec<_>>::new();
        for line in lines {
            let mut words = line.splitn(3, ' ').map(str::to_owned);
            let mut word = || words.next().context("a column");
            tables.entry(word()?).or_default().push((word()?, word()?));
        }
        Ok(tables)
    }

    /// Tables before those that refer to them.
    async fn in_order_of_creation(&self) -> anyhow::Result<Vec<String>> {
        const SQLITE: &str = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY rowid";
        const POSTGRES: &str = "SELECT relname::text FROM pg_class WHERE relkind = 'r' ORDER BY oid";
        Ok(match self {
            Self::Sqlite(pool) => sqlx::query_scalar(SQLITE).fetch_all(pool).await?,
            Self::Postgres(pool) => sqlx::query_scalar(POSTGRES).fetch_all(pool).await?,
        })
    }

    /// The rows of all tables.
    pub async fn rows(&self) -> anyhow::Result<i64> {
        let tables = self.tables().await?;
        let counts: Vec<_> = tables.keys().map(|table| format!("(SELECT count(*) FROM \"{table}\")")).collect();
        self.number(format!("SELECT {}", counts.join(" + "))).await
    }

    /// Waits until no payment has work left, and all that was written down is sealed into the audit trail.
    pub async fn quiet(&self) -> anyhow::Result<()> {
        const LEFT: &str = "SELECT (SELECT count(*) FROM job WHERE state IN ('ready', 'leased') AND payment_id IS NOT NULL) \
             + (SELECT count(*) FROM audit_slip)";
        let begun = Instant::now();
        while self.number(LEFT.to_owned()).await? > 0 {
            ensure!(begun.elapsed() < QUIET_MAX, "the worker did not get through its jobs");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }

    /// So many write at once: as many as there are cores, and SQLite has one writer.
    fn writers(&self) -> usize {
        match self {
            Self::Sqlite(_) => 1,
            Self::Postgres(_) => WRITERS,
        }
    }

    /// What follows by itself when many rows were written is done at once: all is on the disk, and PostgreSQL has the
    /// statistics that it gathers within a minute. SQLite gathers none unless told to, and the portal does not tell it.
    pub async fn settle(&self) -> anyhow::Result<()> {
        const HEADS: &str = "UPDATE audit_head SET sequence = \
             (SELECT max(l.sequence) FROM audit_line AS l WHERE l.merchant_id = audit_head.merchant_id)";
        self.run(HEADS.to_owned()).await?;
        match self {
            Self::Sqlite(_) => {
                let flush = "PRAGMA synchronous = FULL; PRAGMA wal_checkpoint(TRUNCATE); PRAGMA synchronous = OFF";
                self.run(flush.to_owned()).await
            }
            Self::Postgres(_) => {
                self.run("VACUUM (ANALYZE)".to_owned()).await?;
                self.run("CHECKPOINT".to_owned()).await
            }
        }
    }

    /// An expression for the id of a copy: the first two bytes and the last ten are the original's, the number stands
    /// between. So ids that are ordered by time lie in order before those to come, and random ones everywhere.
    fn id(&self, column: &str, copy: i64) -> String {
        match self {
            Self::Sqlite(_) => format!("CAST(substr({column}, 1, 2) || X'{copy:08x}' || substr({column}, 7) AS BLOB)"),
            Self::Postgres(_) => {
                format!("(left({column}::text, 4) || '{copy:08x}' || substr({column}::text, 15))::uuid")
            }
        }
    }

    /// An expression for a moment a week earlier, in the spelling of the column.
    fn a_week_before(&self, column: &str) -> String {
        match self {
            Self::Sqlite(_) => format!("date({column}, '-7 days') || substr({column}, 11)"),
            Self::Postgres(_) => format!("{column} - interval '7 days'"),
        }
    }
}

/// The rows of the originals in one table; they are kept in a table of their own.
struct Copied {
    table: String,
    columns: Vec<(String, String)>,
    rows: i64,
    /// Which column ties a row to its original, and to what of that.
    tie: (&'static str, &'static str),
}

/// The rows of payments that are still to be written: a statement for each table, which takes the number of a payment.
pub struct Rows {
    pub statements: Vec<String>,
    pub payments: i64,
}

pub struct History {
    copied: Vec<Copied>,
    originals: i64,
    /// Of each original, so far.
    copies: i64,
}

impl History {
    /// Takes the first payments of this run as originals. They must be over.
    pub async fn of(sql: &Sql) -> anyhow::Result<Self> {
        let tables = sql.tables().await?;
        sql.run(format!(
            "CREATE TABLE bench_original AS SELECT p.merchant_id, p.id AS payment_id, p.checkout_id, a.id AS attempt_id, \
             s.invoice_id, j.id AS journal_id, row_number() OVER (ORDER BY p.id) - 1 AS n FROM payment AS p \
             JOIN attempt AS a ON a.merchant_id = p.merchant_id AND a.payment_id = p.id \
             JOIN allocation AS s ON s.merchant_id = p.merchant_id AND s.payment_id = p.id \
             JOIN journal AS j ON j.merchant_id = p.merchant_id AND j.attempt_id = a.id ORDER BY p.id LIMIT {ORIGINALS}"
        ))
        .await?;
        let originals = sql.number("SELECT count(*) FROM bench_original".into()).await?;
        ensure!(originals > 0, "there are no payments to copy");
        let mut copied = Vec::new();
        for (table, columns) in tables {
            let has = |column: &str| columns.iter().any(|(name, _)| name == column);
            let tie = TIES.into_iter().find(|tie| has(tie)).map(|tie| (tie, tie));
            let tie = if table == "invoice" { Some(("id", "invoice_id")) } else { tie };
            // Those of the bare handlers know no merchant.
            let Some((column, of)) = tie.filter(|_| has("merchant_id")) else { continue };
            sql.run(format!(
                "CREATE TABLE \"bench_{table}\" AS SELECT * FROM \"{table}\" \
                 WHERE (merchant_id, {column}) IN (SELECT merchant_id, {of} FROM bench_original)"
            ))
            .await?;
            let rows = sql.number(format!("SELECT count(*) FROM \"bench_{table}\"")).await?;
            if rows > 0 {
                copied.push(Copied { table, columns, rows, tie: (column, of) });
            }
        }
        let order = sql.in_order_of_creation().await?;
        copied.sort_by_key(|copied| order.iter().position(|table| *table == copied.table));
        Ok(Self { copied, originals, copies: 0 })
    }

    /// Rows for so many further payments and more. Their invoices are written already.
    pub async fn prepare(&mut self, sql: &Sql, payments: i64) -> anyhow::Result<Rows> {
        let (before, copies) = (self.copies, (payments + self.originals - 1) / self.originals);
        self.copies += copies;
        let sealed = sql.number("SELECT max(sequence) FROM audit_head".into()).await?;
        let mut statements = Vec::new();
        for copied in &self.copied {
            let Copied { table, tie: (column, of), .. } = copied;
            let is_invoice = table == "invoice";
            let ready = format!("ready_{table}");
            if !is_invoice {
                sql.run(format!(
                    "CREATE TABLE \"{ready}\" AS SELECT *, CAST(0 AS BIGINT) AS n FROM \"{table}\" WHERE 1 = 0"
                ))
                .await?;
            }
            for copy in 0..copies {
                let into = if is_invoice { table } else { &ready };
                let numbered = format!(
                    "(SELECT b.*, o.n + {} AS n FROM \"bench_{table}\" AS b JOIN bench_original AS o \
                     ON b.merchant_id = o.merchant_id AND b.{column} = o.{of})",
                    copy * self.originals
                );
                let number = (!is_invoice).then_some(numbered.as_str());
                let sealed = sealed + copy * copied.rows;
                sql.run(copied.insert_into(into, sql, (before + copy + 1, sealed), number)).await?;
            }
            if !is_invoice {
                sql.run(format!("CREATE INDEX \"{ready}_n\" ON \"{ready}\" (n)")).await?;
                let names = copied.names();
                statements
                    .push(format!("INSERT INTO \"{table}\" ({names}) SELECT {names} FROM \"{ready}\" WHERE n = $1"));
            }
        }
        sql.settle().await?;
        Ok(Rows { statements, payments: copies * self.originals })
    }

    /// Copies until there are so many payments. No server may run: it would wait for SQLite's one writer.
    pub async fn grow_to(&mut self, sql: &Sql, payments: i64) -> anyhow::Result<()> {
        let there = sql.number("SELECT count(*) FROM payment".into()).await?;
        let sealed = "SELECT sequence FROM audit_head WHERE merchant_id IN (SELECT merchant_id FROM bench_original)";
        let sealed = sql.number(sealed.into()).await?;
        let missing = Ord::max(payments - there + self.originals - 1, 0) / self.originals;
        let (before, last) = (self.copies, self.copies + missing);
        self.copies = last;
        let this = &*self;
        let batches = stream::iter((before + 1..=last).step_by(COPIES_AT_ONCE as usize).map(anyhow::Ok));
        let copying = batches.try_for_each_concurrent(sql.writers(), |first| async move {
            let mut text = String::from("BEGIN;\n");
            for copy in first..=Ord::min(first + COPIES_AT_ONCE - 1, last) {
                for copied in &this.copied {
                    text += &copied.insert(sql, copy, sealed + (copy - before - 1) * copied.rows);
                }
            }
            sql.run(text + "COMMIT").await
        });
        copying.await?;
        sql.settle().await
    }
}

impl Copied {
    /// One copy of each row. Lines of the audit trail get the numbers after `sealed`; their hashes are those of the
    /// originals, so the trail goes on and cannot be verified.
    fn insert(&self, sql: &Sql, copy: i64, sealed: i64) -> String {
        self.insert_into(&self.table, sql, (copy, sealed), None)
    }

    fn names(&self) -> String {
        self.columns.iter().map(|(name, _)| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
    }

    /// The same into another table that has its columns, and behind them the number that `numbered` gives each row.
    fn insert_into(&self, into: &str, sql: &Sql, (copy, sealed): (i64, i64), numbered: Option<&str>) -> String {
        let Self { table, columns, .. } = self;
        let value = |(name, kind): &(String, String)| {
            let column = format!("\"{name}\"");
            match name.as_str() {
                "sequence" => format!("{sealed} + row_number() OVER ()"),
                name if SHARED.contains(&name) => column,
                name if OWN_TEXTS.contains(&name) => format!("{column} || '-{copy}'"),
                "created_at" if table == "attempt" => sql.a_week_before(&column),
                _ if kind.contains("uuid") => sql.id(&column, copy),
                _ => column,
            }
        };
        let values = columns.iter().map(value).collect::<Vec<_>>().join(", ");
        let (names, from) = (self.names(), numbered.map_or_else(|| format!("\"bench_{table}\""), str::to_owned));
        let n = if numbered.is_some() { ", n" } else { "" };
        format!("INSERT INTO \"{into}\" ({names}{n}) SELECT {values}{n} FROM {from} AS original;\n")
    }
}
