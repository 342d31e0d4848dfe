//! Bank debits: the kind of each method and attempt, and the authority by which an account is debited.

use crate::table::table;
use sea_orm_migration::{prelude::*, schema};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for of in ["method", "attempt"] {
            let kind = schema::text("kind").default("card").take();
            manager.alter_table(Table::alter().table(of).add_column(kind).take()).await?;
        }
        table("authority")
            .uuid("merchant_id")
            .uuid("method_id")
            .text("version")
            .text("wording")
            .text("holder")
            .text("email")
            .text("address")
            .text("user_agent")
            .at("given_at")
            .key(["merchant_id", "method_id"])
            .within(["merchant_id", "method_id"], "method", ["merchant_id", "id"])
            .create(manager)
            .await
    }
}
