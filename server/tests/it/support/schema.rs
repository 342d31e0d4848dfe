//! The schema of a house's database: made once for each build of the tests and copied since, because to migrate takes as long as
//! much of what is tested.

use engine::KeyRing;
use sqlx::Connection;
use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::UNIX_EPOCH,
};

/// Puts it where no file is yet. `false`: nobody has kept one so far.
pub(super) fn lay(file: &Path) -> bool {
    std::fs::copy(kept(), file).is_ok()
}

/// Keeps what a file has that was migrated just now. Several may do so at once.
pub(super) async fn keep(url: &str) {
    let (folder, kept) = (Path::new(env!("CARGO_TARGET_TMPDIR")), kept());
    std::fs::create_dir_all(folder).unwrap();
    let fresh = kept.with_extension(uuid::Uuid::now_v7().simple().to_string());
    let database = sqlx::SqlitePool::connect(url).await.unwrap();
    sqlx::query("VACUUM INTO $1").bind(fresh.display().to_string()).execute(&database).await.unwrap();
    database.close().await;
    std::fs::rename(fresh, kept).unwrap();
    for other in std::fs::read_dir(folder).unwrap() {
        let other = other.unwrap();
        let name = other.file_name().to_string_lossy().into_owned();
        if name.starts_with("schema-") && !name.starts_with(&format!("schema-{}.", built())) {
            // Of an earlier build. Somebody else may have removed it.
            let _ = std::fs::remove_file(other.path());
        }
    }
}

fn kept() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("schema-{}.db", built()))
}

/// The name of a database that has it on this server of PostgreSQL. Whoever comes first makes it, and the others wait.
pub(super) async fn template(server: &str) -> String {
    let name = format!("it_template_{}", built());
    let mut holder = sqlx::PgConnection::connect(server).await.unwrap();
    sqlx::query("SELECT pg_advisory_lock(4)").execute(&mut holder).await.unwrap();
    let templates = "SELECT datname::text FROM pg_database WHERE datname LIKE 'it\\_template\\_%'";
    let templates: Vec<String> = sqlx::query_scalar(templates).fetch_all(&mut holder).await.unwrap();
    if !templates.contains(&name) {
        for of_earlier_build in templates {
            psql(server, &format!("DROP DATABASE {of_earlier_build} WITH (FORCE)"));
        }
        let fresh = format!("it_{}", uuid::Uuid::now_v7().simple());
        psql(server, &format!("CREATE DATABASE {fresh}"));
        migrate(&address(server, &fresh));
        psql(server, &format!("ALTER DATABASE {fresh} RENAME TO {name}"));
    }
    // The lock goes with it.
    holder.close().await.unwrap();
    name
}

/// By the program, whose connections have ended when it has.
fn migrate(url: &str) {
    let mut program = Command::new(env!("CARGO_BIN_EXE_wisepay"));
    program.arg("migrate").current_dir("..").env("DATABASE_URL", url);
    program.env("WISEPAY_KEY_RING", KeyRing::generate("test").unwrap()).env_remove("WISEPAY_SEED");
    let ended = program.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
    assert!(ended.success(), "the tests' schema could not be made");
}

/// Where a database of a server is.
pub(super) fn address(server: &str, name: &str) -> String {
    format!("{}/{name}", server.rsplit_once('/').unwrap().0)
}

pub(super) fn psql(server: &str, sql: &str) {
    let ended = Command::new("psql").args([server, "-qc", sql]).status().unwrap();
    assert!(ended.success(), "{sql}");
}

/// When these tests were built: another build may have other migrations.
fn built() -> u128 {
    let built = std::env::current_exe().unwrap().metadata().unwrap().modified().unwrap();
    built.duration_since(UNIX_EPOCH).unwrap().as_micros()
}
