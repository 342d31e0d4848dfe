//! How far the reading of a merchant's books is, of what changed and of all that is open; and what was open here when the
//! latter began and has not been seen there yet.

use crate::table::table;
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        table("sync")
            .uuid("merchant_id")
            .text("kind")
            .text("state")
            .at("asked_at")
            .at_null("began_at")
            .text_null("position")
            .number("found")
            .number("updated")
            .number_null("left_over")
            .text_null("last_error")
            .uuid_null("holder")
            .at_null("held_until")
            .key(["merchant_id", "kind"])
            .within(["merchant_id"], "merchant", ["id"])
            .create(manager)
            .await?;
        table("sync_open")
            .uuid("merchant_id")
            .uuid("invoice_id")
            .key(["merchant_id", "invoice_id"])
            .part_of(["merchant_id", "invoice_id"], "invoice", ["merchant_id", "id"])
            .create(manager)
            .await
    }
}
