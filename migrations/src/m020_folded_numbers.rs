//! Invoices by their number in whichever case its letters come: people type links.

use crate::table::sql;
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        sql(manager, &["CREATE INDEX invoice_folded_number ON invoice (merchant_id, lower(number))"]).await
    }
}
