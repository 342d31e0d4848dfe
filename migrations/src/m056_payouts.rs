//! What gateways pay out to a merchant's bank, and what each payout consists of. A payout is found where it stands by the
//! gateway's id; those that need a person are found by their mark.

use crate::table::{sql, table};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        table("payout")
            .uuid("merchant_id")
            .uuid("id")
            .uuid("connection_id")
            .text("gateway_id")
            .text("currency")
            .minor("amount_minor")
            .text("state")
            .text_null("failure")
            .date("arrives_on")
            .at("created_at")
            .text("breakdown")
            .minor("payments_minor")
            .minor("refunds_minor")
            .minor("other_minor")
            .minor("fees_minor")
            .flag("came_again")
            .flag("alarming")
            .at("updated_at")
            .key(["merchant_id", "id"])
            .within(["merchant_id", "connection_id"], "connection", ["merchant_id", "id"])
            .create(manager)
            .await?;
        table("payout_line")
            .uuid("merchant_id")
            .uuid("payout_id")
            .count("place")
            .text("kind")
            .minor("amount_minor")
            .minor("fee_minor")
            .text("gateway_id")
            .text_null("charge_gateway_id")
            .text_null("words")
            .at("at")
            .key(["merchant_id", "payout_id", "place"])
            .part_of(["merchant_id", "payout_id"], "payout", ["merchant_id", "id"])
            .create(manager)
            .await?;
        sql(
            manager,
            &[
                "CREATE UNIQUE INDEX one_payout_per_id ON payout (gateway_id, merchant_id, connection_id)",
                "CREATE INDEX payout_alarming ON payout (merchant_id) WHERE alarming",
            ],
        )
        .await
    }
}
