//! Saved methods, and which of them an attempt is charged to.

use crate::table::{sql, table};
use sea_orm_migration::{prelude::*, schema};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        table("method")
            .uuid("merchant_id")
            .uuid("id")
            .uuid("customer_id")
            .uuid("connection_id")
            .text("token")
            .text("customer_name")
            .text("return_url")
            .text("added_by")
            .text("state")
            .text_null("reason")
            .text_null("setup_id")
            .text_null("gateway_customer")
            .text_null("gateway_method")
            .text_null("face")
            .date_null("good_until")
            .text_null("action_url")
            .text("nickname")
            .flag("is_default")
            .at("created_at")
            .at("updated_at")
            .key(["merchant_id", "id"])
            .within(["merchant_id", "customer_id"], "customer", ["merchant_id", "id"])
            .within(["merchant_id", "connection_id"], "connection", ["merchant_id", "id"])
            .create(manager)
            .await?;
        // The gateway's id of the payer's company, for a charge to a saved method; absent for a one-time token.
        let customer = schema::text_null("gateway_customer").take();
        manager.alter_table(Table::alter().table("attempt").add_column(customer).take()).await?;
        sql(
            manager,
            &[
                "CREATE INDEX method_of_customer ON method (customer_id, merchant_id)",
                "CREATE INDEX method_unheard ON method (created_at) WHERE state = 'unverified'",
                // At most one is chosen beforehand.
                "CREATE UNIQUE INDEX one_default_method ON method (merchant_id, customer_id) WHERE is_default",
            ],
        )
        .await
    }
}
