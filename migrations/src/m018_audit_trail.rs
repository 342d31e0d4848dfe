//! The audit trail of each merchant: slips as they are written, the lines that they are sealed into, and the newest line.

use crate::table::{sql, table};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        table("audit_slip")
            .uuid("merchant_id")
            .uuid("id")
            .uuid_null("payment_id")
            .text("kind")
            .text("actor")
            .text("body")
            .at("at")
            .key(["merchant_id", "id"])
            .within(["merchant_id"], "merchant", ["id"])
            .within(["merchant_id", "payment_id"], "payment", ["merchant_id", "id"])
            .create(manager)
            .await?;
        table("audit_line")
            .uuid("merchant_id")
            .number("sequence")
            .uuid("id")
            .uuid_null("payment_id")
            .text("kind")
            .text("actor")
            .text("body")
            .at("at")
            .text("hash")
            .key(["merchant_id", "sequence"])
            .within(["merchant_id"], "merchant", ["id"])
            .within(["merchant_id", "payment_id"], "payment", ["merchant_id", "id"])
            .create(manager)
            .await?;
        table("audit_head")
            .uuid("merchant_id")
            .number("sequence")
            .text("hash")
            .key(["merchant_id"])
            .within(["merchant_id"], "merchant", ["id"])
            .create(manager)
            .await?;
        // It begins with the column that tells rows apart, as m011 explains.
        sql(manager, &["CREATE INDEX audit_line_of_payment ON audit_line (payment_id, merchant_id)"]).await
    }
}
