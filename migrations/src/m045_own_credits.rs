//! Books of our own: what invoices got of a customer's advances, the lines of a credit note, that one is void, and whom an
//! invoice was for when it was issued.

use crate::table::{sql, table};
use sea_orm_migration::{prelude::*, schema};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let voided = schema::timestamp_with_time_zone_null("voided_at");
        manager.alter_table(Table::alter().table("credit_note").add_column(voided).take()).await?;
        for column in [schema::text_null("customer_name"), schema::text_null("customer_address")] {
            manager.alter_table(Table::alter().table("ledger_invoice").add_column(column).take()).await?;
        }
        table("credit_line")
            .uuid("merchant_id")
            .uuid("credit_note_id")
            .count("line")
            .text("description")
            .number("quantity_milli")
            .minor("unit_minor")
            .number("tax_ppm")
            .key(["merchant_id", "credit_note_id", "line"])
            .within(["merchant_id", "credit_note_id"], "credit_note", ["merchant_id", "id"])
            .create(manager)
            .await?;
        table("advance_use")
            .uuid("merchant_id")
            .uuid("advance_id")
            .count("place")
            .uuid("invoice_id")
            .minor("amount_minor")
            .at("created_at")
            .key(["merchant_id", "advance_id", "place"])
            .within(["merchant_id", "advance_id"], "invoice", ["merchant_id", "id"])
            .within(["merchant_id", "invoice_id"], "ledger_invoice", ["merchant_id", "invoice_id"])
            .create(manager)
            .await?;
        sql(
            manager,
            &[
                "CREATE INDEX advance_use_by_invoice ON advance_use (merchant_id, invoice_id)",
                "CREATE INDEX advance_of_customer ON invoice (merchant_id, customer_id) WHERE advance IS NOT NULL",
            ],
        )
        .await
    }
}
