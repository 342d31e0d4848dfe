//! Money that waits for the books, by invoice: whoever presses Pay looks for it.

use crate::table::sql;
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let index = "CREATE INDEX books_entry_waiting ON books_entry (merchant_id, invoice_id) WHERE state IN ('intended', 'refused')";
        sql(manager, &[index]).await
    }
}
