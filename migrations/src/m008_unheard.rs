//! Attempts of which nothing was heard yet: the sweep looks for those that are too old.

use crate::table::sql;
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        sql(manager, &["CREATE INDEX attempt_unheard ON attempt (created_at) WHERE state = 'created'"]).await
    }
}
