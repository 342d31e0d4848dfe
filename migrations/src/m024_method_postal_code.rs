//! The postal code of a saved card's address, where the gateway compares it.

use sea_orm_migration::{prelude::*, schema};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let code = schema::text_null("postal_code");
        manager.alter_table(Table::alter().table("method").add_column(code).take()).await
    }
}
