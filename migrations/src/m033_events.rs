//! What happened at a merchant, as its partners are told; where that is sent; and how each sending went.

use crate::table::{sql, table};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        events(manager).await?;
        table("endpoint")
            .uuid("merchant_id")
            .uuid("id")
            .text("url")
            .text("secret")
            .text_null("old_secret")
            .at_null("old_secret_until")
            .number("sent_through")
            .count("tries")
            .at_null("off_since")
            .text_null("last_error")
            .at("created_at")
            .key(["merchant_id", "id"])
            .within(["merchant_id"], "merchant", ["id"])
            .create(manager)
            .await?;
        table("delivery")
            .uuid("merchant_id")
            .uuid("endpoint_id")
            .uuid("event_id")
            .text("state")
            .count("tries")
            .text("answer")
            .at("tried_at")
            .key(["merchant_id", "endpoint_id", "event_id"])
            .part_of(["merchant_id", "endpoint_id"], "endpoint", ["merchant_id", "id"])
            .part_of(["merchant_id", "event_id"], "event", ["merchant_id", "id"])
            .create(manager)
            .await?;
        sql(
            manager,
            &[
                // The order of the queue; rows without a number are not in anybody's way.
                "CREATE UNIQUE INDEX event_sequence ON event (merchant_id, sequence)",
                "CREATE INDEX event_unnumbered ON event (merchant_id, id) WHERE sequence IS NULL",
                "CREATE UNIQUE INDEX one_endpoint_per_url ON endpoint (url, merchant_id)",
                "CREATE INDEX delivery_tried ON delivery (merchant_id, tried_at)",
                "CREATE INDEX delivery_of_event ON delivery (event_id, merchant_id)",
            ],
        )
        .await
    }
}

async fn events(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    table("event")
        .uuid("merchant_id")
        .uuid("id")
        .text("kind")
        .uuid("attempt_id")
        .uuid_null("refund_id")
        .uuid_null("dispute_id")
        .uuid_null("invoice_id")
        .at("occurred_at")
        .number_null("sequence")
        .text_null("body")
        .key(["merchant_id", "id"])
        .within(["merchant_id", "attempt_id"], "attempt", ["merchant_id", "id"])
        .within(["merchant_id", "refund_id"], "refund", ["merchant_id", "id"])
        .within(["merchant_id", "dispute_id"], "dispute", ["merchant_id", "id"])
        .within(["merchant_id", "invoice_id"], "invoice", ["merchant_id", "id"])
        .create(manager)
        .await?;
    table("event_head")
        .uuid("merchant_id")
        .number("sequence")
        .key(["merchant_id"])
        .within(["merchant_id"], "merchant", ["id"])
        .create(manager)
        .await
}
