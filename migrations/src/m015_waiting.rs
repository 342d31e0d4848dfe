//! Attempts that wait for their payer: the admin's page shows those that wait for too long.

use crate::table::sql;
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        sql(manager, &["CREATE INDEX attempt_waiting ON attempt (created_at) WHERE state IN ('requires_action')"]).await
    }
}
