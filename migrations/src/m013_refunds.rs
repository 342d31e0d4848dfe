//! Refunds with their facts, and what each writes into the books.

use crate::table::{sql, table};
use sea_orm_migration::{prelude::*, schema};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        table("refund")
            .uuid("merchant_id")
            .uuid("id")
            .uuid("attempt_id")
            .text("currency")
            .minor("amount_minor")
            .text("charge_gateway_id")
            .text("reason")
            .text("asked_by")
            .text("state")
            .text_null("failure")
            .flag("contradicted")
            .text_null("gateway_id")
            .at("created_at")
            .at("updated_at")
            .key(["merchant_id", "id"])
            .within(["merchant_id", "attempt_id"], "attempt", ["merchant_id", "id"])
            .create(manager)
            .await?;
        table("refund_observation")
            .uuid("merchant_id")
            .uuid("id")
            .uuid("refund_id")
            .count("place")
            .text("source")
            .text("body")
            .at("at")
            .key(["merchant_id", "id"])
            .within(["merchant_id", "refund_id"], "refund", ["merchant_id", "id"])
            .create(manager)
            .await?;
        table("refund_entry")
            .uuid("merchant_id")
            .uuid("refund_id")
            .uuid("invoice_id")
            .minor("amount_minor")
            .text("state")
            .text_null("credit_id")
            .text_null("external_id")
            .text_null("last_error")
            .at("updated_at")
            .key(["merchant_id", "refund_id", "invoice_id"])
            .within(["merchant_id", "refund_id"], "refund", ["merchant_id", "id"])
            .within(["merchant_id", "invoice_id"], "invoice", ["merchant_id", "id"])
            .create(manager)
            .await?;
        // Each kind of journal once for a payment itself, and once for each of its refunds. As text, empty for the
        // payment itself: unique indexes take two NULLs for different.
        let refund = schema::text("refund").default("").take();
        manager.alter_table(Table::alter().table("journal").add_column(refund).take()).await?;
        sql(
            manager,
            &[
                "DROP INDEX one_journal_per_kind",
                "CREATE UNIQUE INDEX one_journal_per_kind ON journal (merchant_id, attempt_id, kind, refund)",
                // They begin with the column that tells rows apart, as m011 explains.
                "CREATE INDEX refund_of_attempt ON refund (attempt_id, merchant_id)",
                "CREATE INDEX refund_by_day ON refund (created_at, merchant_id)",
                "CREATE INDEX refund_undecided ON refund (created_at) WHERE state IN ('created', 'unknown')",
                "CREATE INDEX refund_alarming ON refund (updated_at, merchant_id) WHERE contradicted OR state = 'failed'",
                "CREATE INDEX refund_observation_of_refund ON refund_observation (refund_id, merchant_id, place)",
                "CREATE INDEX refund_entry_waiting ON refund_entry (updated_at, merchant_id)
                    WHERE state IN ('intended', 'refused')",
            ],
        )
        .await
    }
}
