//! A fresh database for each test: a file of SQLite, or a copy of a migrated template on PostgreSQL.

use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseBackend, DatabaseConnection, Statement};
use std::time::UNIX_EPOCH;
use store::Store;
use tempfile::TempDir;
use uuid::Uuid;

const KEYS: &str = "test:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// Tells one story twice: `on_both!(name, async |db| { … });` makes the tests `name::sqlite` and `name::postgres`.
macro_rules! on_both {
    ($name:ident, $story:expr) => {
        mod $name {
            use super::*;

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                crate::database::on_sqlite($story).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                crate::database::on_postgres($story).await;
            }
        }
    };
}
pub(crate) use on_both;

pub struct Db {
    pub store: Store,
    url: String,
    file: Option<TempDir>,
}

impl Db {
    /// A second process on the same database.
    pub async fn node(&self) -> Store {
        open(&self.url).await
    }

    /// The bare database, for what the store does not offer.
    pub async fn bare(&self) -> DatabaseConnection {
        Database::connect(self.url.as_str()).await.unwrap()
    }

    /// The first column of every row, as text.
    pub async fn texts(&self, sql: &str) -> Vec<String> {
        texts(&self.bare().await, sql).await
    }

    /// Lets what follows change the rows of a table that is append-only, as whoever may change the schema can.
    pub async fn unlock(&self, table: &str) {
        let on = if self.store.is_postgres() { format!(" ON {table}") } else { String::new() };
        let bare = self.bare().await;
        for never in ["updated", "deleted"] {
            bare.execute_unprepared(&format!("DROP TRIGGER {table}_never_{never}{on}")).await.unwrap();
        }
    }

    /// Everything that somebody who stole the disk could read, as far as it is text.
    pub async fn stolen(&self) -> String {
        let Some(place) = &self.file else {
            return self
                .texts(
                    "SELECT c::text FROM connection c UNION ALL SELECT p::text FROM pay_link p
                     UNION ALL SELECT g::text FROM grant_request g",
                )
                .await
                .join("");
        };
        let files = std::fs::read_dir(place.path()).unwrap().map(|file| std::fs::read(file.unwrap().path()).unwrap());
        files.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).collect()
    }
}

pub async fn on_sqlite(story: impl AsyncFnOnce(&Db)) {
    let db = sqlite().await;
    db.store.migrate().await.unwrap();
    story(&db).await;
}

/// A database without a schema.
pub async fn sqlite() -> Db {
    let place = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/test.db", place.path().display());
    Db { store: open(&url).await, url, file: Some(place) }
}

/// A story that fails leaves its database for a look; the next build of the tests removes it.
pub async fn on_postgres(story: impl AsyncFnOnce(&Db)) {
    let Some(server) = server() else { return };
    let template = template(&server).await;
    let db = create(&server, &format!("TEMPLATE {template}")).await;
    story(&db).await;
    drop_database(&server, db).await;
}

/// The same without a schema, for the tests of the migrations.
pub async fn on_bare_postgres(story: impl AsyncFnOnce(&Db)) {
    let Some(server) = server() else { return };
    let db = create(&server, "").await;
    story(&db).await;
    drop_database(&server, db).await;
}

fn server() -> Option<String> {
    let server = std::env::var("TEST_POSTGRES_URL").ok();
    if server.is_none() {
        eprintln!("PostgreSQL was SKIPPED: TEST_POSTGRES_URL is not set");
    }
    server
}

async fn open(url: &str) -> Store {
    Store::open(url, KEYS.parse().unwrap()).await.unwrap()
}

async fn create(server: &str, like: &str) -> Db {
    let name = format!("store_it_{}", Uuid::new_v4().simple());
    let admin = administer(server).await;
    admin.execute_unprepared(&format!("CREATE DATABASE {name} {like}")).await.unwrap();
    let url = address(server, &name);
    Db { store: open(&url).await, url, file: None }
}

async fn drop_database(server: &str, db: Db) {
    let name = db.url.rsplit('/').next().unwrap().to_owned();
    let admin = administer(server).await;
    admin.execute_unprepared(&format!("DROP DATABASE {name} WITH (FORCE)")).await.unwrap();
}

/// One template per build of the tests, which is one per state of the migrations. Every test is a process of its own,
/// so the first one makes it and the others wait.
async fn template(server: &str) -> String {
    let built = std::env::current_exe().unwrap().metadata().unwrap().modified().unwrap();
    let name = format!("store_it_template_{}", built.duration_since(UNIX_EPOCH).unwrap().as_nanos());
    let admin = administer(server).await;
    admin.execute_unprepared("SELECT pg_advisory_lock(3)").await.unwrap();
    if !texts(&admin, "SELECT datname::text FROM pg_database").await.contains(&name) {
        for old in texts(&admin, "SELECT datname::text FROM pg_database WHERE datname LIKE 'store\\_it\\_%'").await {
            admin.execute_unprepared(&format!("DROP DATABASE {old} WITH (FORCE)")).await.unwrap();
        }
        let fresh = create(server, "").await;
        fresh.store.migrate().await.unwrap();
        fresh.store.close().await.unwrap();
        let made = fresh.url.rsplit('/').next().unwrap();
        admin.execute_unprepared(&format!("ALTER DATABASE {made} RENAME TO {name}")).await.unwrap();
    }
    admin.execute_unprepared("SELECT pg_advisory_unlock(3)").await.unwrap();
    name
}

/// One connection, because the lock of [`template`] belongs to it.
async fn administer(server: &str) -> DatabaseConnection {
    let mut options = ConnectOptions::new(server);
    Database::connect(options.max_connections(1).to_owned()).await.unwrap()
}

fn address(server: &str, name: &str) -> String {
    format!("{}/{name}", server.rsplit_once('/').unwrap().0)
}

async fn texts(on: &DatabaseConnection, sql: &str) -> Vec<String> {
    let backend: DatabaseBackend = on.get_database_backend();
    let rows = on.query_all_raw(Statement::from_string(backend, sql)).await.unwrap();
    rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}
