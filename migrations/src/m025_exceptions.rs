//! What did not agree between gateway, portal and books, and what a person has marked as fixed. One of each key is open
//! at a time; those that have ended stay.

use crate::table::{sql, table};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        table("exception")
            .uuid("merchant_id")
            .uuid("id")
            .uuid_null("payment_id")
            .text("unique_key")
            .text("content")
            .text("severity")
            .text("area")
            .text("cause")
            .text("remedy")
            .text_null("cure")
            .text("state")
            .at_null("compared_from")
            .at("found_at")
            .at_null("ended_at")
            .text_null("fixed_by")
            .text_null("reason")
            .text_null("reference")
            .key(["merchant_id", "id"])
            .within(["merchant_id"], "merchant", ["id"])
            .within(["merchant_id", "payment_id"], "payment", ["merchant_id", "id"])
            .create(manager)
            .await?;
        sql(
            manager,
            &[
                // They begin with the column that tells rows apart, as m011 explains.
                "CREATE UNIQUE INDEX one_exception_per_difference ON exception (unique_key, merchant_id)
                    WHERE state = 'open'",
                "CREATE INDEX exception_fixed ON exception (unique_key, merchant_id) WHERE state = 'fixed'",
                "CREATE INDEX exception_open ON exception (merchant_id) WHERE state = 'open'",
                "CREATE INDEX exception_of_payment ON exception (payment_id, merchant_id)",
            ],
        )
        .await
    }
}
