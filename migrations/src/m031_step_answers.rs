//! What payers answered on the page of the built-in sandbox, which keeps nothing else: what becomes of a charge follows
//! from its row.

use crate::table::table;
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        table("step_answer")
            .uuid("merchant_id")
            .uuid("attempt_id")
            .text("answer")
            .at("answered_at")
            .key(["merchant_id", "attempt_id"])
            .within(["merchant_id", "attempt_id"], "attempt", ["merchant_id", "id"])
            .create(manager)
            .await
    }
}
