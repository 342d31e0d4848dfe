//! Where a payer must act may be a page that is posted to, and not only a link.

use sea_orm_migration::{prelude::*, schema};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let fields = schema::text_null("action_fields");
        manager.alter_table(Table::alter().table("attempt").add_column(fields).take()).await
    }
}
