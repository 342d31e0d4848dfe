//! Invoices and customers that staff write themselves, where the books are our own: what an invoice has besides the row that
//! every invoice has, its lines, and where the merchant's numbers stand.

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
            .key(["merchant_id"])
            .within(["merchant_id"], "merchant", ["id"])
            .create(manager)
            .await?;
        sql(manager, &["CREATE INDEX customer_folded_name ON customer (merchant_id, lower(name))"]).await
    }
}
