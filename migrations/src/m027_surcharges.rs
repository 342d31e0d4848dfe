//! A merchant's rules of what is added for a way of paying; of each attempt and refund, what of its amount that is.

use crate::table::table;
use sea_orm_migration::{prelude::*, schema};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        table("surcharge_policy")
            .uuid("merchant_id")
            .text("body")
            .at("replaced_at")
            .key(["merchant_id"])
            .within(["merchant_id"], "merchant", ["id"])
            .create(manager)
            .await?;
        for of in ["attempt", "refund"] {
            let surcharge = schema::big_integer("surcharge_minor").default(0).take();
            manager.alter_table(Table::alter().table(of).add_column(surcharge).take()).await?;
        }
        for named in ["surcharge_account", "surcharge_tax"] {
            let named = schema::text_null(named);
            manager.alter_table(Table::alter().table("attempt").add_column(named).take()).await?;
        }
        Ok(())
    }
}
