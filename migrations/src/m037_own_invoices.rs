//! Invoices and customers that staff write themselves, where the books are our own: what an invoice has besides the row that
//! every invoice has, its lines, where the merchant's numbers stand, and what was credited of it and to what that went.

use crate::table::{sql, table};
use sea_orm_migration::{prelude::*, schema};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in [schema::integer_null("terms_days"), schema::text_null("address")] {
            manager.alter_table(Table::alter().table("customer").add_column(column).take()).await?;
        }
        table("ledger_invoice")
            .uuid("merchant_id")
            .uuid("invoice_id")
            .flag("tax_included")
            .minor("tax_minor")
            .text("notes")
            .text_null("wanted_number")
            .number("changes")
            .at("created_at")
            .at_null("issued_at")
            .key(["merchant_id", "invoice_id"])
            .within(["merchant_id", "invoice_id"], "invoice", ["merchant_id", "id"])
            .create(manager)
            .await?;
        table("ledger_line")
            .uuid("merchant_id")
            .uuid("invoice_id")
            .count("line")
            .text("description")
            .number("quantity_milli")
            .minor("unit_minor")
            .number("tax_ppm")
            .key(["merchant_id", "invoice_id", "line"])
            .part_of(["merchant_id", "invoice_id"], "ledger_invoice", ["merchant_id", "invoice_id"])
            .create(manager)
            .await?;
        table("ledger_series")
            .uuid("merchant_id")
            .text("prefix")
            .number("next")
            .count("digits")
            .number("next_credit")
            .key(["merchant_id"])
            .within(["merchant_id"], "merchant", ["id"])
            .create(manager)
            .await?;
        credits(manager).await?;
        sql(
            manager,
            &[
                "CREATE INDEX customer_folded_name ON customer (merchant_id, lower(name))",
                "CREATE INDEX credit_note_of_invoice ON credit_note (merchant_id, invoice_id)",
                "CREATE INDEX credit_allocation_of_invoice ON credit_allocation (merchant_id, invoice_id)",
            ],
        )
        .await
    }
}

async fn credits(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    table("credit_note")
        .uuid("merchant_id")
        .uuid("id")
        .uuid("invoice_id")
        .text("number")
        .text("currency")
        .minor("total_minor")
        .minor("tax_minor")
        .minor("left_minor")
        .date("date")
        .text("reason")
        .at("created_at")
        .key(["merchant_id", "id"])
        .within(["merchant_id", "invoice_id"], "ledger_invoice", ["merchant_id", "invoice_id"])
        .create(manager)
        .await?;
    table("credit_allocation")
        .uuid("merchant_id")
        .uuid("credit_note_id")
        .count("place")
        .uuid("invoice_id")
        .minor("amount_minor")
        .at("created_at")
        .key(["merchant_id", "credit_note_id", "place"])
        .within(["merchant_id", "credit_note_id"], "credit_note", ["merchant_id", "id"])
        .within(["merchant_id", "invoice_id"], "ledger_invoice", ["merchant_id", "invoice_id"])
        .create(manager)
        .await
}
