//! What payers were shown and agreed to. Where that came from is kept apart in columns that can be emptied.

use crate::table::{sql, table};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        table("consent")
            .uuid("merchant_id")
            .uuid("attempt_id")
            .text_null("version")
            .text_null("wording")
            .text("invoice_number")
            .text("currency")
            .minor("amount_minor")
            .minor("surcharge_minor")
            .at("agreed_at")
            .text_null("salt")
            .text_null("address")
            .text_null("user_agent")
            .key(["merchant_id", "attempt_id"])
            .within(["merchant_id", "attempt_id"], "attempt", ["merchant_id", "id"])
            .create(manager)
            .await?;
        let traceable = "CREATE INDEX consent_traceable ON consent (agreed_at, merchant_id) WHERE salt IS NOT NULL";
        sql(manager, &[traceable]).await
    }
}
