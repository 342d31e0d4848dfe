//! What others make at the gateway: refunds that nobody asked for here, and disputes of cards with their facts.

use crate::table::{sql, table};
use sea_orm_migration::{prelude::*, schema};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let made = schema::text("made").default("here").take();
        manager.alter_table(Table::alter().table("refund").add_column(made).take()).await?;
        table("dispute")
            .uuid("merchant_id")
            .uuid("id")
            .uuid("attempt_id")
            .text("gateway_id")
            .text("currency")
            .minor("amount_minor")
            .text("reason")
            .text_null("page_url")
            .text("state")
            .at("opened_at")
            .at_null("answer_by")
            .at("updated_at")
            .key(["merchant_id", "id"])
            .within(["merchant_id", "attempt_id"], "attempt", ["merchant_id", "id"])
            .create(manager)
            .await?;
        table("dispute_observation")
            .uuid("merchant_id")
            .uuid("id")
            .uuid("dispute_id")
            .count("place")
            .text("source")
            .text("body")
            .at("at")
            .key(["merchant_id", "id"])
            .within(["merchant_id", "dispute_id"], "dispute", ["merchant_id", "id"])
            .create(manager)
            .await?;
        sql(
            manager,
            &[
                // They begin with the column that tells rows apart, as m011 explains.
                // What alarms is read whatever its age.
                "DROP INDEX refund_alarming",
                "CREATE INDEX refund_alarming ON refund (merchant_id) WHERE contradicted OR state = 'failed'",
                "CREATE INDEX refund_there ON refund (gateway_id, merchant_id)",
                "CREATE UNIQUE INDEX one_dispute_per_id ON dispute (attempt_id, merchant_id, gateway_id)",
                "CREATE INDEX dispute_by_day ON dispute (opened_at, merchant_id)",
                "CREATE INDEX dispute_alarming ON dispute (merchant_id) WHERE state IN ('inquiry', 'open', 'lost')",
                "CREATE INDEX dispute_observation_of_dispute ON dispute_observation (dispute_id, merchant_id, place)",
            ],
        )
        .await
    }
}
