//! What the sweep looks for, attempts of which nothing was heard; what limits count, attempts that came to nothing; and
//! the order of facts.

use crate::table::sql;
use sea_orm_migration::{prelude::*, schema};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let place = schema::integer("place").default(0).take();
        manager.alter_table(Table::alter().table("observation").add_column(place).take()).await?;
        sql(
            manager,
            &[
                "CREATE INDEX attempt_unheard ON attempt (created_at) WHERE state = 'created'",
                "DROP INDEX attempt_declined_of_origin",
                "CREATE INDEX attempt_fruitless ON attempt (origin_hash, updated_at) WHERE state IN ('declined', 'voided')",
            ],
        )
        .await
    }
}
