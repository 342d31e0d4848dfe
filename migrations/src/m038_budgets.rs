//! What is left of vendors' limits, for all processes together; and the lanes of a merchant's books: whether they have
//! connections of their own, which of those are paused, and when each was last tried.

use crate::table::table;
use sea_orm_migration::{prelude::*, schema};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        table("budget").text("key_hash").text("state").at("changed_at").key(["key_hash"]).create(manager).await?;
        let add = |name: &'static str, column: ColumnDef| Table::alter().table(name).add_column(column).take();
        let no = |name: &'static str| schema::boolean(name).default(false).take();
        manager.alter_table(add("merchant", no("multi_connection"))).await?;
        manager.alter_table(add("connection", no("paused"))).await?;
        manager.alter_table(add("connection", schema::timestamp_with_time_zone_null("tested_at"))).await?;
        manager.alter_table(add("connection", schema::text_null("organisation"))).await
    }
}
