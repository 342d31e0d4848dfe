//! Documents of books of our own as they were drawn, what stood above them before a merchant had it changed, and which one goes
//! with a mail. Neither is changed once it stands.

use crate::{
    m034_append_only::append_only,
    table::{sql, table},
};
use sea_orm_migration::{prelude::*, schema};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        table("document")
            .uuid("merchant_id")
            .uuid("invoice_id")
            .text("printed")
            .uuid_null("credit_note_id")
            .text("sha256")
            .text("number")
            .bytes("bytes")
            .at("drawn_at")
            .key(["merchant_id", "invoice_id", "printed"])
            .within(["merchant_id", "invoice_id"], "invoice", ["merchant_id", "id"])
            .within(["merchant_id", "credit_note_id"], "credit_note", ["merchant_id", "id"])
            .create(manager)
            .await?;
        table("letterhead")
            .uuid("merchant_id")
            .at("until")
            .text("name")
            .text_null("address")
            .text_null("tax_number")
            .text("support_email")
            .text("locale")
            .key(["merchant_id", "until"])
            .within(["merchant_id"], "merchant", ["id"])
            .create(manager)
            .await?;
        let document = schema::text_null("document");
        manager.alter_table(Table::alter().table("mail").add_column(document).take()).await?;
        sql(manager, &["CREATE INDEX document_by_digest ON document (merchant_id, sha256)"]).await?;
        append_only(manager, "document").await?;
        append_only(manager, "letterhead").await
    }
}
