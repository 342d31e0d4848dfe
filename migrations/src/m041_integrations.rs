//! Which of a merchant's programs may call this portal, the keys that they call with, and what was asked under an idempotency
//! key, with the answer.

use crate::table::{sql, table};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        table("integration")
            .uuid("merchant_id")
            .text("kind")
            .flag("enabled")
            .key(["merchant_id", "kind"])
            .within(["merchant_id"], "merchant", ["id"])
            .create(manager)
            .await?;
        table("integration_key")
            .uuid("merchant_id")
            .uuid("id")
            .text("kind")
            .text("secret_hash")
            .text_null("secret")
            .at("created_at")
            .at_null("retired_at")
            .key(["merchant_id", "id"])
            .within(["merchant_id", "kind"], "integration", ["merchant_id", "kind"])
            .create(manager)
            .await?;
        table("integration_request")
            .uuid("merchant_id")
            .text("kind")
            .text("key_hash")
            .text("request_hash")
            .uuid("document_id")
            .text_null("answer")
            .at("created_at")
            .key(["merchant_id", "kind", "key_hash"])
            .within(["merchant_id", "kind"], "integration", ["merchant_id", "kind"])
            .create(manager)
            .await?;
        sql(manager, &["CREATE UNIQUE INDEX integration_key_secret ON integration_key (secret_hash)"]).await
    }
}
