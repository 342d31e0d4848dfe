//! What stands above the documents of a merchant whose books are our own, besides its name.

use sea_orm_migration::{prelude::*, schema};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in ["address", "tax_number"] {
            let column = schema::text_null(column);
            manager.alter_table(Table::alter().table("merchant").add_column(column).take()).await?;
        }
        Ok(())
    }
}
