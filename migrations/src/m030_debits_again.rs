//! Which saved method an attempt is charged to, how often its debit had been tried before, and which merchants have a
//! debit tried again.

use crate::table::sql;
use sea_orm_migration::{prelude::*, schema};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (of, column) in [
            ("attempt", schema::uuid_null("method_id")),
            ("attempt", schema::integer("retry").default(0).take()),
            ("merchant", schema::boolean("retries_debits").default(false).take()),
        ] {
            manager.alter_table(Table::alter().table(of).add_column(column).take()).await?;
        }
        // Debits from before are bound to their authority by this.
        let known = "UPDATE attempt SET method_id = (
                SELECT method.id FROM method WHERE method.merchant_id = attempt.merchant_id
                    AND method.connection_id = attempt.connection_id AND method.gateway_method = attempt.method_token LIMIT 1
            ) WHERE kind <> 'card'";
        // Those whose money went back after some of it had been refunded are looked for among few.
        let returned = "CREATE INDEX attempt_returned ON attempt (merchant_id) WHERE state = 'returned'";
        sql(manager, &[known, returned]).await
    }
}
