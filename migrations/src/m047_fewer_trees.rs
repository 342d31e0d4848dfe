//! Fewer trees to write for each payment. Indexes over what is under way are one where there were three, those that another
//! one serves are gone, and nothing is indexed that nobody looks for. Facts have the key by which they are read; and in
//! SQLite, what is read by its key alone is kept in the tree of that key, and not in one of rows besides.

use crate::table::sql;
use sea_orm_migration::{
    prelude::*,
    sea_orm::{DbBackend, Statement},
};

#[derive(DeriveMigrationName)]
pub struct Migration;

const INDEXES: [&str; 11] = [
    // Nobody looks for an attempt that has no id at its gateway.
    "DROP INDEX attempt_at_gateway",
    "CREATE INDEX attempt_at_gateway ON attempt (gateway_id, merchant_id) WHERE gateway_id IS NOT NULL",
    "DROP INDEX attempt_undecided",
    "DROP INDEX attempt_waiting",
    "CREATE INDEX attempt_open ON attempt (created_at) WHERE state IN ('created', 'unknown', 'requires_action')",
    "DROP INDEX books_entry_waiting",
    "DROP INDEX books_entry_under_way",
    "DROP INDEX books_entry_refused",
    "CREATE INDEX books_entry_live ON books_entry (merchant_id, updated_at)
        WHERE state IN ('intended', 'leaving', 'refused')",
    // A number is found by `invoice_folded_number`, in whichever case its letters come.
    "DROP INDEX invoice_number",
    // The new key begins with the attempt.
    "DROP INDEX observation_of_attempt",
];

const OLD_KEY: &str = r#"PRIMARY KEY ("merchant_id", "id")"#;
const NEW_KEY: &str = r#"PRIMARY KEY ("merchant_id", "attempt_id", "id")"#;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        sql(manager, &INDEXES).await?;
        if manager.get_database_backend() == DbBackend::Postgres {
            let key = format!("ALTER TABLE observation ADD {NEW_KEY}");
            return sql(manager, &["ALTER TABLE observation DROP CONSTRAINT observation_pkey", &key]).await;
        }
        // Only tables that no other one refers to, and that have no index besides their key: without statistics, SQLite
        // would take such a key, which begins with the merchant, for the quicker way and read all of a merchant's rows.
        for (table, key) in [("observation", NEW_KEY), ("posting", ""), ("audit_slip", "")] {
            keep_by_key(manager, table, key).await?;
        }
        Ok(())
    }
}

/// Makes a table of SQLite anew without rows of their own, under `key` if that is not empty.
async fn keep_by_key(manager: &SchemaManager<'_>, table: &str, key: &str) -> Result<(), DbErr> {
    let of_it = format!("SELECT type, sql FROM sqlite_schema WHERE tbl_name = '{table}' AND sql IS NOT NULL");
    let of_it = Statement::from_string(DbBackend::Sqlite, of_it);
    let (mut create, mut others) = (String::new(), Vec::new());
    for row in manager.get_connection().query_all_raw(of_it).await? {
        let (kind, text): (String, String) = (row.try_get("", "type")?, row.try_get("", "sql")?);
        if kind == "table" {
            create = text;
        } else {
            others.push(text);
        }
    }
    // As the table stands now, with whatever was added to it.
    let name = format!("\"{table}\"");
    let mut anew = create.replacen(&name, &format!("\"{table}_anew\""), 1);
    if !key.is_empty() {
        anew = anew.replacen(OLD_KEY, key, 1);
    }
    if anew == create || !anew.contains(key) {
        return Err(DbErr::Custom(format!("the table {table} is not as it was made: {create}")));
    }
    // What the triggers forbid is deleting rows; a table that is dropped takes them along unasked.
    let steps = [
        format!("{anew} WITHOUT ROWID"),
        format!("INSERT INTO \"{table}_anew\" SELECT * FROM {name}"),
        format!("DROP TABLE {name}"),
        format!("ALTER TABLE \"{table}_anew\" RENAME TO {name}"),
    ];
    let steps: Vec<&str> = steps.iter().chain(&others).map(String::as_str).collect();
    sql(manager, &steps).await
}
