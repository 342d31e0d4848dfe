//! Attempts whose outcome nobody knows: the sweep looks for those of which nothing was heard, the admin's page for those
//! that stay so.

use crate::table::sql;
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        sql(
            manager,
            &[
                "DROP INDEX attempt_unheard",
                "CREATE INDEX attempt_undecided ON attempt (created_at) WHERE state IN ('created', 'unknown')",
            ],
        )
        .await
    }
}
