//! What apps at vendors of books have read this month, over all merchants, and how much each may.

use crate::table::table;
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let reads = table("app_reads").text("key_hash").text("month").number("reads").number_null("reads_max");
        reads.key(["key_hash"]).create(manager).await
    }
}
