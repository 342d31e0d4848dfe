//! What is asked about one invoice as a whole, the checkouts with it and its writes into the books; and how many of a
//! merchant's bank debits came back.

use crate::table::sql;
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        sql(
            manager,
            &[
                "CREATE INDEX checkout_with_invoice ON checkout (invoice_id, merchant_id)",
                "CREATE INDEX checkout_invoice_of_invoice ON checkout_invoice (invoice_id, merchant_id)",
                "CREATE INDEX books_entry_of_invoice ON books_entry (invoice_id, merchant_id)",
                "CREATE INDEX attempt_ach ON attempt (merchant_id, created_at) WHERE kind = 'ach_debit'",
            ],
        )
        .await
    }
}
