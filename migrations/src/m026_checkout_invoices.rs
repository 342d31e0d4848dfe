//! What a payer chose to pay at once, and less of it than is due where the merchant takes parts.

use crate::table::table;
use sea_orm_migration::{prelude::*, schema};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        table("checkout_invoice")
            .uuid("merchant_id")
            .uuid("checkout_id")
            .uuid("invoice_id")
            .count("place")
            .minor_null("pay_minor")
            .at("chosen_at")
            .key(["merchant_id", "checkout_id", "invoice_id"])
            .part_of(["merchant_id", "checkout_id"], "checkout", ["merchant_id", "id"])
            .within(["merchant_id", "invoice_id"], "invoice", ["merchant_id", "id"])
            .create(manager)
            .await?;
        let takes_parts = schema::boolean("takes_parts").default(false).take();
        manager.alter_table(Table::alter().table("merchant").add_column(takes_parts).take()).await
    }
}
