//! How often a claim was taken: money that comes after a final no takes its invoices back, and whoever asked the books
//! before that must ask again.

use crate::table::sql;
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        sql(manager, &["ALTER TABLE claim ADD COLUMN takes integer NOT NULL DEFAULT 1"]).await
    }
}
