//! What a merchant's staff have asked the books' vendor for by their browser, until it is answered. It ends with their session.

use crate::table::table;
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        table("grant_request")
            .uuid("merchant_id")
            .text("session_hash")
            .text("state_hash")
            .text_null("secret")
            .at_null("taken_at")
            .at("expires_at")
            .key(["merchant_id", "session_hash"])
            .within(["merchant_id"], "merchant", ["id"])
            .part_of(["session_hash"], "session", ["token_hash"])
            .create(manager)
            .await
    }
}
