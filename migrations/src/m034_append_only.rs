//! Facts, journals with their lines, and the sealed audit trail are added to, and neither changed nor deleted: the
//! database refuses it, whoever asks. Adding costs nothing. A later migration that must change them drops these triggers
//! first, by name.

use crate::table::sql;
use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

#[derive(DeriveMigrationName)]
pub struct Migration;

const APPEND_ONLY: [&str; 6] =
    ["observation", "refund_observation", "dispute_observation", "journal", "posting", "audit_line"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let is_postgres = manager.get_database_backend() == DbBackend::Postgres;
        if is_postgres {
            // Tables are dropped without it when a demo starts over.
            let refuse = "CREATE OR REPLACE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
                END $$";
            sql(manager, &[refuse]).await?;
        }
        for table in APPEND_ONLY {
            append_only(manager, table).await?;
        }
        Ok(())
    }
}

/// Has the database refuse to change a row of this table, or to delete one.
pub async fn append_only(manager: &SchemaManager<'_>, table: &str) -> Result<(), DbErr> {
    let is_postgres = manager.get_database_backend() == DbBackend::Postgres;
    let does = if is_postgres {
        "FOR EACH ROW EXECUTE FUNCTION append_only()".to_owned()
    } else {
        format!("BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END")
    };
    let updated = format!("CREATE TRIGGER {table}_never_updated BEFORE UPDATE ON {table} {does}");
    let deleted = format!("CREATE TRIGGER {table}_never_deleted BEFORE DELETE ON {table} {does}");
    sql(manager, &[&updated, &deleted]).await?;
    if is_postgres {
        // SQLite has no such statement.
        let emptied =
            format!("CREATE TRIGGER {table}_never_emptied BEFORE TRUNCATE ON {table} EXECUTE FUNCTION append_only()");
        sql(manager, &[&emptied]).await?;
    }
    Ok(())
}
