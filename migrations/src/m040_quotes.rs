//! Quotes that are paid here: what each asks for, the sessions in which a quoting program has them paid, the documents that
//! their payments write into the books, and the invoices that their credits are for.

use crate::table::{sql, table};
use sea_orm_migration::{prelude::*, schema};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let reference = Table::alter().table("invoice").add_column(schema::text_null("reference")).take();
        manager.alter_table(reference).await?;
        table("quote_rules")
            .uuid("merchant_id")
            .flag("applies_credits")
            .text("return_hosts")
            .key(["merchant_id"])
            .within(["merchant_id"], "merchant", ["id"])
            .create(manager)
            .await?;
        table("quote")
            .uuid("merchant_id")
            .uuid("invoice_id")
            .text("quote_id")
            .text("number")
            .number("version")
            .flag("takes_cards")
            .flag("takes_debits")
            .text_null("recurring")
            .at("created_at")
            .key(["merchant_id", "invoice_id"])
            .part_of(["merchant_id", "invoice_id"], "invoice", ["merchant_id", "id"])
            .create(manager)
            .await?;
        sessions(manager).await?;
        documents(manager).await?;
        sql(
            manager,
            &[
                "CREATE UNIQUE INDEX one_quote_per_version ON quote (merchant_id, quote_id, version)",
                "CREATE UNIQUE INDEX quote_session_token ON quote_session (token_hash)",
                "CREATE UNIQUE INDEX one_quote_session_per_key ON quote_session (merchant_id, idempotency_key)",
                "CREATE INDEX quote_session_of_quote ON quote_session (merchant_id, invoice_id)",
                "CREATE INDEX quote_session_at_checkout ON quote_session (merchant_id, checkout_id)",
                "CREATE INDEX quote_document_of_attempt ON quote_document (merchant_id, attempt_id)",
                "CREATE INDEX quote_cover_of_quote ON quote_cover (merchant_id, quote_invoice_id)",
                "CREATE INDEX invoice_quote ON invoice (merchant_id, customer_id) WHERE advance = 'quote'",
            ],
        )
        .await
    }
}

/// Each goes with its checkout, when nothing was paid there.
async fn sessions(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    table("quote_session")
        .uuid("merchant_id")
        .uuid("id")
        .uuid("invoice_id")
        .uuid("checkout_id")
        .uuid("key_id")
        .text("token_hash")
        .text("idempotency_key")
        .text("body_hash")
        .text("email")
        .text("return_url")
        .text("cancel_url")
        .text("asked")
        .at("created_at")
        .at("expires_at")
        .key(["merchant_id", "id"])
        .part_of(["merchant_id", "invoice_id"], "quote", ["merchant_id", "invoice_id"])
        .part_of(["merchant_id", "checkout_id"], "checkout", ["merchant_id", "id"])
        .create(manager)
        .await
}

async fn documents(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    table("quote_document")
        .uuid("merchant_id")
        .text("quote_number")
        .count("payment_no")
        .uuid("invoice_id")
        .uuid("attempt_id")
        .text("state")
        .text_null("last_error")
        .at("updated_at")
        .key(["merchant_id", "quote_number", "payment_no"])
        .within(["merchant_id", "invoice_id"], "quote", ["merchant_id", "invoice_id"])
        .within(["merchant_id", "attempt_id"], "attempt", ["merchant_id", "id"])
        .create(manager)
        .await?;
    table("quote_cover")
        .uuid("merchant_id")
        .uuid("invoice_id")
        .uuid("quote_invoice_id")
        .text("kind")
        .text("state")
        .text_null("last_error")
        .count("times")
        .at("updated_at")
        .key(["merchant_id", "invoice_id"])
        .within(["merchant_id", "invoice_id"], "invoice", ["merchant_id", "id"])
        .within(["merchant_id", "quote_invoice_id"], "quote", ["merchant_id", "invoice_id"])
        .create(manager)
        .await
}
