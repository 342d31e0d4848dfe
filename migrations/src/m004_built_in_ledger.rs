//! Payments in the built-in ledger: what an accounting package would keep for a merchant that has none.

use crate::table::{sql, table};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        table("ledger_payment")
            .uuid("merchant_id")
            .uuid("id")
            .uuid("invoice_id")
            .text("idempotency_key")
            .text("currency")
            .minor("amount_minor")
            .date("date")
            .text("reference")
            .at("created_at")
            .key(["merchant_id", "id"])
            .within(["merchant_id", "invoice_id"], "invoice", ["merchant_id", "id"])
            .create(manager)
            .await?;
        sql(
            manager,
            &[
                "CREATE UNIQUE INDEX ledger_payment_key ON ledger_payment (merchant_id, idempotency_key)",
                "CREATE INDEX ledger_payment_of_invoice ON ledger_payment (merchant_id, invoice_id, reference)",
            ],
        )
        .await
    }
}
