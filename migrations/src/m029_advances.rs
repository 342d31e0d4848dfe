//! Money of a customer that pays no invoice yet: what is paid over what is due, and what is paid in advance, where the
//! merchant takes it. It is a document beside the invoices, so that shares, claims and writes into the books are the same.

use crate::table::sql;
use sea_orm_migration::{prelude::*, schema};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column) in [
            ("merchant", schema::boolean("takes_more").default(false).take()),
            ("merchant", schema::boolean("takes_prepayments").default(false).take()),
            ("invoice", schema::text_null("advance")),
            ("invoice", schema::text_null("purpose")),
            ("allocation", schema::text_null("advance")),
            ("checkout_invoice", schema::big_integer_null("due_minor")),
        ] {
            manager.alter_table(Table::alter().table(table).add_column(column).take()).await?;
        }
        // Those that nobody has paid are looked for once a day.
        let unpaid =
            "CREATE INDEX advance_unpaid ON invoice (merchant_id) WHERE advance IS NOT NULL AND status = 'open'";
        sql(manager, &[unpaid]).await
    }
}
