//! The limit of a database for payments: the rows that payments have left, written once more into the same tables with their
//! keys, indexes and checks, in as many durable commits, by as many connections as the portal has, and nothing else.

use crate::history::Rows;
use anyhow::ensure;
use futures::future::try_join_all;
use sqlx::{
    AssertSqlSafe, PgPool, SqlitePool,
    postgres::PgPoolOptions,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::{Duration, Instant},
};

const CONNECTIONS: u32 = 16;

/// Payments a second. Each of `rows` is written once; there must be enough of them.
pub async fn replay(url: &str, rows: &Rows, commits: usize, time: Duration) -> anyhow::Result<f64> {
    let share = rows.statements.len().div_ceil(commits);
    let commits: Vec<&[String]> = rows.statements.chunks(share).collect();
    if url.starts_with("sqlite:") {
        let options = url.parse::<SqliteConnectOptions>()?.journal_mode(SqliteJournalMode::Wal);
        let options = options.synchronous(SqliteSynchronous::Full);
        sqlite(&SqlitePoolOptions::new().max_connections(1).connect_with(options).await?, rows, &commits, time).await
    } else {
        postgres(&PgPoolOptions::new().max_connections(CONNECTIONS).connect(url).await?, rows, &commits, time).await
    }
}

/// For one kind of database: sqlx has a type of its own for each.
macro_rules! on {
    ($name:ident, $pool:ty, $begin:literal) => {
        async fn $name(pool: &$pool, rows: &Rows, commits: &[&[String]], time: Duration) -> anyhow::Result<f64> {
            let (next, begun) = (AtomicI64::new(0), Instant::now());
            let writer = async || {
                let mut done = 0_u32;
                while begun.elapsed() < time {
                    let payment = next.fetch_add(1, Ordering::Relaxed);
                    ensure!(payment < rows.payments, "there are rows of {} payments alone", rows.payments);
                    for statements in commits {
                        let mut tx = pool.begin_with($begin).await?;
                        for sql in *statements {
                            sqlx::query(AssertSqlSafe(sql.as_str())).bind(payment).execute(&mut *tx).await?;
                        }
                        tx.commit().await?;
                    }
                    done += 1;
                }
                anyhow::Ok(done)
            };
            let done: u32 = try_join_all((0..CONNECTIONS).map(|_| writer())).await?.into_iter().sum();
            Ok(f64::from(done) / begun.elapsed().as_secs_f64())
        }
    };
}

on!(sqlite, SqlitePool, "BEGIN IMMEDIATE");
on!(postgres, PgPool, "BEGIN");
