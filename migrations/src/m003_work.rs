//! Jobs, mails, vendors' news and the audit trail.

use crate::table::{sql, table};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        table("job")
            .uuid("id")
            .uuid("merchant_id")
            .uuid_null("payment_id")
            .text("unique_key")
            .text("body")
            .text("state")
            .at("run_at")
            .count("tries")
            .at_null("leased_until")
            .uuid_null("lease")
            .text_null("last_error")
            .at("created_at")
            .key(["id"])
            .within(["merchant_id"], "merchant", ["id"])
            .within(["merchant_id", "payment_id"], "payment", ["merchant_id", "id"])
            .create(manager)
            .await?;
        table("mail")
            .uuid("merchant_id")
            .uuid("id")
            .uuid_null("payment_id")
            .text("unique_key")
            .text("recipient")
            .text("subject")
            .text("text")
            .text("state")
            .text_null("last_error")
            .at("created_at")
            .key(["merchant_id", "id"])
            .within(["merchant_id"], "merchant", ["id"])
            .within(["merchant_id", "payment_id"], "payment", ["merchant_id", "id"])
            .create(manager)
            .await?;
        table("webhook")
            .uuid("merchant_id")
            .uuid("id")
            .uuid("connection_id")
            .text("event_id")
            .text("kind")
            .text("news")
            .text("raw")
            .text("state")
            .at("received_at")
            .key(["merchant_id", "id"])
            .within(["merchant_id", "connection_id"], "connection", ["merchant_id", "id"])
            .create(manager)
            .await?;
        table("audit")
            .uuid("id")
            .uuid_null("merchant_id")
            .text("actor")
            .text("action")
            .text("subject")
            .at("at")
            .key(["id"])
            .create(manager)
            .await?;
        sql(
            manager,
            &[
                "CREATE UNIQUE INDEX job_unique_key ON job (merchant_id, unique_key)",
                "CREATE INDEX job_due ON job (COALESCE(leased_until, run_at)) WHERE state IN ('ready', 'leased')",
                "CREATE INDEX job_dead ON job (merchant_id) WHERE state = 'dead'",
                "CREATE INDEX job_of_payment ON job (merchant_id, payment_id)",
                "CREATE UNIQUE INDEX mail_unique_key ON mail (merchant_id, unique_key)",
                "CREATE INDEX mail_of_payment ON mail (merchant_id, payment_id)",
                "CREATE UNIQUE INDEX webhook_event ON webhook (merchant_id, connection_id, event_id)",
                "CREATE INDEX webhook_parked ON webhook (merchant_id) WHERE state = 'parked'",
                "CREATE INDEX audit_of_merchant ON audit (merchant_id, at)",
            ],
        )
        .await
    }
}
