//! What is to be written into the books, or taken out of them, by age: the front page looks for what waits too long.

use crate::table::sql;
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let index = "CREATE INDEX books_entry_under_way ON books_entry (merchant_id, updated_at) WHERE state IN ('intended', 'leaving')";
        sql(manager, &[index]).await
    }
}
