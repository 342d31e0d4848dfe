//! A write into the books knows its amount, decided when it was meant.

use crate::table::sql;
use sea_orm_migration::{prelude::*, schema};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let amount = schema::big_integer("amount_minor").default(0).take();
        manager.alter_table(Table::alter().table("books_entry").add_column(amount).take()).await?;
        sql(
            manager,
            &["UPDATE books_entry SET amount_minor = (
                SELECT share.amount_minor FROM allocation AS share
                JOIN attempt ON attempt.merchant_id = share.merchant_id AND attempt.payment_id = share.payment_id
                WHERE attempt.merchant_id = books_entry.merchant_id AND attempt.id = books_entry.attempt_id
                AND share.invoice_id = books_entry.invoice_id)"],
        )
        .await
    }
}
