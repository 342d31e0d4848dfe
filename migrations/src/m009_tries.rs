//! What limits count goes by when a try began, and those that are left open count too.

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
                "DROP INDEX attempt_declined",
                "CREATE INDEX attempt_declined ON attempt (merchant_id, created_at) WHERE state = 'declined'",
                "DROP INDEX attempt_fruitless",
                "CREATE INDEX attempt_fruitless ON attempt (origin_hash, created_at)
                    WHERE state IN ('created', 'unknown', 'requires_action', 'declined', 'voided')",
            ],
        )
        .await
    }
}
