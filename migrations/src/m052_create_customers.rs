//! Whether a customer whom the books do not know is made there without anybody asked: staff are, where nothing was said.

use sea_orm_migration::{prelude::*, schema};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let creates = schema::boolean("creates_customers").default(false).take();
        manager.alter_table(Table::alter().table("quote_rules").add_column(creates).take()).await
    }
}
