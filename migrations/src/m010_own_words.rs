//! A payment knows by itself what its receipt says: the customer's name and the invoices' numbers as they were then. A write
//! into the books knows its amount.

use crate::table::sql;
use sea_orm_migration::{prelude::*, schema};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let add = |name: &'static str, column: ColumnDef| Table::alter().table(name).add_column(column).take();
        manager.alter_table(add("payment", schema::text("customer_name").default("").take())).await?;
        manager.alter_table(add("allocation", schema::text("invoice_number").default("").take())).await?;
        manager.alter_table(add("books_entry", schema::big_integer("amount_minor").default(0).take())).await?;
        sql(
            manager,
            &[
                "UPDATE payment SET customer_name = (SELECT name FROM customer
                    WHERE customer.merchant_id = payment.merchant_id AND customer.id = payment.customer_id)",
                "UPDATE allocation SET invoice_number = (SELECT number FROM invoice
                    WHERE invoice.merchant_id = allocation.merchant_id AND invoice.id = allocation.invoice_id)",
                "UPDATE books_entry SET amount_minor = (SELECT share.amount_minor FROM allocation AS share
                    JOIN attempt ON attempt.merchant_id = share.merchant_id AND attempt.payment_id = share.payment_id
                    WHERE attempt.merchant_id = books_entry.merchant_id AND attempt.id = books_entry.attempt_id
                    AND share.invoice_id = books_entry.invoice_id)",
            ],
        )
        .await
    }
}
