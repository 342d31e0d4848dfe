//! Invoices, and the payments, attempts, facts and postings that move their balance.

use crate::table::{sql, table};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        table("invoice")
            .uuid("merchant_id")
            .uuid("id")
            .uuid("customer_id")
            .text("external_id")
            .text("number")
            .text("status")
            .text("currency")
            .minor("total_minor")
            .minor("due_minor")
            .date("date")
            .date("due_date")
            .at("read_at")
            .key(["merchant_id", "id"])
            .within(["merchant_id", "customer_id"], "customer", ["merchant_id", "id"])
            .create(manager)
            .await?;
        table("checkout")
            .uuid("merchant_id")
            .uuid("id")
            .uuid("invoice_id")
            .uuid_null("payer_id")
            .at("created_at")
            .at("expires_at")
            .key(["merchant_id", "id"])
            .within(["merchant_id", "invoice_id"], "invoice", ["merchant_id", "id"])
            .within(["merchant_id", "payer_id"], "payer", ["merchant_id", "id"])
            .create(manager)
            .await?;
        table("payment")
            .uuid("merchant_id")
            .uuid("id")
            .uuid("checkout_id")
            .uuid("customer_id")
            .text("reference")
            .text("currency")
            .minor("amount_minor")
            .text("email")
            .at("created_at")
            .key(["merchant_id", "id"])
            .within(["merchant_id", "checkout_id"], "checkout", ["merchant_id", "id"])
            .within(["merchant_id", "customer_id"], "customer", ["merchant_id", "id"])
            .create(manager)
            .await?;
        table("allocation")
            .uuid("merchant_id")
            .uuid("payment_id")
            .uuid("invoice_id")
            .minor("amount_minor")
            .minor("total_minor")
            .minor("due_minor")
            .key(["merchant_id", "payment_id", "invoice_id"])
            .within(["merchant_id", "payment_id"], "payment", ["merchant_id", "id"])
            .within(["merchant_id", "invoice_id"], "invoice", ["merchant_id", "id"])
            .create(manager)
            .await?;
        table("attempt")
            .uuid("merchant_id")
            .uuid("id")
            .uuid("payment_id")
            .uuid("connection_id")
            .text("idempotency_key")
            .text("currency")
            .minor("amount_minor")
            .text("description")
            .text("return_url")
            .text("cancel_url")
            .text_null("method_token")
            .text("state")
            .text_null("reason")
            .flag("contradicted")
            .text_null("gateway_id")
            .text_null("charge_id")
            .text_null("method")
            .text_null("action_url")
            .at("created_at")
            .at("updated_at")
            .key(["merchant_id", "id"])
            .within(["merchant_id", "payment_id"], "payment", ["merchant_id", "id"])
            .within(["merchant_id", "connection_id"], "connection", ["merchant_id", "id"])
            .create(manager)
            .await?;
        table("claim")
            .uuid("merchant_id")
            .uuid("attempt_id")
            .uuid("invoice_id")
            .flag("live")
            .key(["merchant_id", "attempt_id", "invoice_id"])
            .within(["merchant_id", "attempt_id"], "attempt", ["merchant_id", "id"])
            .within(["merchant_id", "invoice_id"], "invoice", ["merchant_id", "id"])
            .create(manager)
            .await?;
        table("observation")
            .uuid("merchant_id")
            .uuid("id")
            .uuid("attempt_id")
            .text("source")
            .text("body")
            .at("at")
            .key(["merchant_id", "id"])
            .within(["merchant_id", "attempt_id"], "attempt", ["merchant_id", "id"])
            .create(manager)
            .await?;
        table("journal")
            .uuid("merchant_id")
            .uuid("id")
            .uuid("attempt_id")
            .text("kind")
            .at("at")
            .key(["merchant_id", "id"])
            .within(["merchant_id", "attempt_id"], "attempt", ["merchant_id", "id"])
            .create(manager)
            .await?;
        table("posting")
            .uuid("merchant_id")
            .uuid("journal_id")
            .count("line")
            .text("account")
            .text("currency")
            .minor("amount_minor")
            .key(["merchant_id", "journal_id", "line"])
            .within(["merchant_id", "journal_id"], "journal", ["merchant_id", "id"])
            .create(manager)
            .await?;
        table("books_entry")
            .uuid("merchant_id")
            .uuid("attempt_id")
            .uuid("invoice_id")
            .text("idempotency_key")
            .text("state")
            .text_null("external_id")
            .text_null("last_error")
            .at("updated_at")
            .key(["merchant_id", "attempt_id", "invoice_id"])
            .within(["merchant_id", "attempt_id"], "attempt", ["merchant_id", "id"])
            .within(["merchant_id", "invoice_id"], "invoice", ["merchant_id", "id"])
            .create(manager)
            .await?;
        sql(
            manager,
            &[
                "CREATE UNIQUE INDEX invoice_external_id ON invoice (merchant_id, external_id)",
                "CREATE INDEX invoice_number ON invoice (merchant_id, number)",
                "CREATE INDEX invoice_by_status ON invoice (merchant_id, status, due_date)",
                "CREATE INDEX invoice_of_customer ON invoice (merchant_id, customer_id, due_date)",
                "CREATE UNIQUE INDEX checkout_id ON checkout (id)",
                "CREATE INDEX payment_of_checkout ON payment (merchant_id, checkout_id)",
                "CREATE INDEX payment_of_customer ON payment (merchant_id, customer_id, id)",
                "CREATE INDEX attempt_of_payment ON attempt (merchant_id, payment_id)",
                "CREATE INDEX allocation_of_invoice ON allocation (merchant_id, invoice_id)",
                "CREATE INDEX attempt_by_day ON attempt (merchant_id, created_at)",
                "CREATE INDEX attempt_at_gateway ON attempt (merchant_id, gateway_id)",
                // Last: without statistics, SQLite takes the newest of the indexes that begin alike.
                "CREATE INDEX attempt_contradicted ON attempt (merchant_id) WHERE contradicted",
                // The wall against a second charge (D1): whatever the pages do, one invoice has one live attempt, until
                // its money stands in the books or can no longer come.
                "CREATE UNIQUE INDEX one_live_attempt_per_invoice ON claim (merchant_id, invoice_id) WHERE live",
                "CREATE INDEX claim_of_invoice ON claim (merchant_id, invoice_id)",
                "CREATE INDEX observation_of_attempt ON observation (merchant_id, attempt_id, id)",
                "CREATE UNIQUE INDEX one_journal_per_kind ON journal (merchant_id, attempt_id, kind)",
                "CREATE INDEX books_entry_refused ON books_entry (merchant_id) WHERE state = 'refused'",
            ],
        )
        .await
    }
}
