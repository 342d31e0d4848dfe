//! The database of a house, behind the back of whoever uses it.

use super::{House, schema};
use std::{path::PathBuf, process::Command};

/// A database of its own on a server of PostgreSQL, which goes with it.
pub(super) struct Postgres {
    server: String,
    name: String,
    /// To connect takes longer than most questions of a test.
    pool: sqlx::PgPool,
}

impl Postgres {
    /// On the server that `TEST_POSTGRES_URL` names, with the schema; and its address.
    pub(super) async fn fresh() -> Option<(Self, String)> {
        let Ok(server) = std::env::var("TEST_POSTGRES_URL") else {
            eprintln!("TEST_POSTGRES_URL is not set: PostgreSQL is left out.");
            return None;
        };
        let (template, name) = (schema::template(&server).await, format!("it_{}", uuid::Uuid::now_v7().simple()));
        schema::psql(&server, &format!("CREATE DATABASE {name} TEMPLATE {template}"));
        let url = schema::address(&server, &name);
        let pool = sqlx::PgPool::connect_lazy(&url).unwrap();
        Some((Self { server, name, pool }, url))
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // By psql, because nothing can be awaited here.
        let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        let _ = Command::new("psql").args([&self.server, "-qc", &drop]).status();
    }
}

impl House {
    /// The answer of the database to a question for one number, a `bigint`.
    pub async fn number(&self, sql: &'static str) -> i64 {
        if let Some(postgres) = &self.postgres {
            sqlx::query_scalar(sql).fetch_one(&postgres.pool).await.unwrap()
        } else {
            let database = sqlx::SqlitePool::connect(&self.url).await.unwrap();
            let number = sqlx::query_scalar(sql).fetch_one(&database).await.unwrap();
            database.close().await;
            number
        }
    }

    /// Changes the database behind everybody's back.
    pub async fn execute(&self, sql: impl sqlx::SqlSafeStr) {
        if let Some(postgres) = &self.postgres {
            sqlx::query(sql).execute(&postgres.pool).await.unwrap();
        } else {
            let database = sqlx::SqlitePool::connect(&self.url).await.unwrap();
            sqlx::query(sql).execute(&database).await.unwrap();
            database.close().await;
        }
    }

    /// Keeps rows of PostgreSQL from others until it is rolled back.
    pub async fn hold(&self, rows: &'static str) -> sqlx::Transaction<'static, sqlx::Postgres> {
        let database = sqlx::PgPool::connect(&self.url).await.unwrap();
        let mut tx = database.begin().await.unwrap();
        sqlx::query(rows).execute(&mut *tx).await.unwrap();
        tx
    }

    /// Takes the books of Southern away: a merchant that is not set up yet.
    pub async fn leave_southern_without_books(&self) {
        self.leave_without_books("Southern Cloud").await;
    }

    /// The same of any merchant.
    pub async fn leave_without_books(&self, merchant: &str) {
        let gone = format!(
            "DELETE FROM connection WHERE kind = 'books' AND merchant_id = (SELECT id FROM merchant WHERE name = '{merchant}')"
        );
        self.execute(sqlx::AssertSqlSafe(gone)).await;
    }

    /// Lets what follows change the rows of a table that is append-only, as whoever may change the schema can.
    pub async fn unlock(&self, table: &str) {
        let on = if self.postgres.is_some() { format!(" ON {table}") } else { String::new() };
        for never in ["updated", "deleted"] {
            self.execute(sqlx::AssertSqlSafe(format!("DROP TRIGGER {table}_never_{never}{on}"))).await;
        }
    }

    /// Keeps a copy of the file as it is now.
    pub async fn back_up(&self) {
        let database = sqlx::SqlitePool::connect(&self.url).await.unwrap();
        let copy = self.copy().display().to_string();
        sqlx::query("VACUUM INTO $1").bind(copy).execute(&database).await.unwrap();
        database.close().await;
    }

    /// Puts the copy in the place of the file, which no server has open: the house's own engine goes on reading the old one.
    pub fn restore(&self) {
        let file = self.url.strip_prefix("sqlite://").unwrap();
        for beside in ["-wal", "-shm"] {
            // It may have been left tidy.
            let _ = std::fs::remove_file(format!("{file}{beside}"));
        }
        std::fs::rename(self.copy(), file).unwrap();
    }

    fn copy(&self) -> PathBuf {
        self.folder.path().join("copy.db")
    }
}
