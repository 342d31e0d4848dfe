//! What was tried while nobody was there, and was declined, is looked for among few: each page that names those that need
//! their payer asks for it.

use crate::table::sql;
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let declined =
            "CREATE INDEX attempt_unattended_declined ON attempt (merchant_id) WHERE state = 'declined' AND retry > 0";
        sql(manager, &[declined]).await
    }
}
