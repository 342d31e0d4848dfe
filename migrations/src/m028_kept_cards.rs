//! The card of a payment that is to be kept, and a saved method that takes the place of another.

use sea_orm_migration::{prelude::*, schema};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (of, column) in [("attempt", "keeps"), ("method", "replaces")] {
            let method = schema::uuid_null(column);
            manager.alter_table(Table::alter().table(of).add_column(method).take()).await?;
        }
        Ok(())
    }
}
