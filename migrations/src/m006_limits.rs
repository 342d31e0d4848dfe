//! Counts that hold abuse back: who pressed Pay, which company a link named, and one table for whatever is counted in a
//! window of time. The counts of sign-ins so far are dropped: none of them meant anything for more than minutes.

use crate::table::{sql, table};
use sea_orm_migration::{prelude::*, schema};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("sign_in_throttle").take()).await?;
        table("throttle")
            .text("subject_hash")
            .count("counted")
            .at("window_started_at")
            .at_null("locked_until")
            .at("forget_at")
            .key(["subject_hash"])
            .create(manager)
            .await?;
        let add = |name: &'static str, column: ColumnDef| Table::alter().table(name).add_column(column).take();
        manager.alter_table(add("attempt", schema::text_null("origin_hash"))).await?;
        manager.alter_table(add("checkout", schema::boolean("company_named").default(false).take())).await?;
        sql(
            manager,
            &[
                "CREATE INDEX throttle_forgotten ON throttle (forget_at)",
                "CREATE INDEX attempt_declined ON attempt (merchant_id, updated_at) WHERE state = 'declined'",
                "CREATE INDEX attempt_declined_of_origin ON attempt (origin_hash, updated_at) WHERE state = 'declined'",
            ],
        )
        .await
    }
}
