//! Where a merchant's quoting program is told what became of its quotes.

use sea_orm_migration::{prelude::*, schema};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let url = schema::text_null("webhook_url");
        manager.alter_table(Table::alter().table("quote_rules").add_column(url).take()).await
    }
}
