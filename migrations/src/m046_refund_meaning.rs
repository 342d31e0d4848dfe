//! What a refund means for the invoices of its payment: those from before this cancelled the sale.

use sea_orm_migration::{prelude::*, schema};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let meaning = schema::text("meaning").default("sale_cancelled").take();
        manager.alter_table(Table::alter().table("refund").add_column(meaning).take()).await
    }
}
