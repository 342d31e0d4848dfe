//! Merchants, people, who is what where, and how each of them gets in.

use crate::table::{sql, table};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        table("merchant")
            .uuid("id")
            .text("key")
            .text("name")
            .text("currency")
            .text("locale")
            .text("time_zone")
            .text("support_email")
            .at("created_at")
            .key(["id"])
            .create(manager)
            .await?;
        table("person")
            .uuid("id")
            .text("email")
            .text("password_hash")
            .flag("operator")
            .flag("active")
            .at("created_at")
            .key(["id"])
            .create(manager)
            .await?;
        table("staff")
            .uuid("merchant_id")
            .uuid("person_id")
            .at("created_at")
            .key(["merchant_id", "person_id"])
            .within(["merchant_id"], "merchant", ["id"])
            .within(["person_id"], "person", ["id"])
            .create(manager)
            .await?;
        table("customer")
            .uuid("merchant_id")
            .uuid("id")
            .text("external_id")
            .text("name")
            .text_null("code")
            .text_null("email")
            .flag("archived")
            .key(["merchant_id", "id"])
            .within(["merchant_id"], "merchant", ["id"])
            .create(manager)
            .await?;
        table("payer")
            .uuid("merchant_id")
            .uuid("id")
            .uuid("person_id")
            .uuid("customer_id")
            .at("created_at")
            .key(["merchant_id", "id"])
            .within(["merchant_id", "customer_id"], "customer", ["merchant_id", "id"])
            .within(["person_id"], "person", ["id"])
            .create(manager)
            .await?;
        table("session")
            .text("token_hash")
            .uuid("person_id")
            .text("place")
            .uuid_null("merchant_id")
            .uuid_null("payer_id")
            .at("created_at")
            .at("seen_at")
            .at("expires_at")
            .key(["token_hash"])
            .within(["person_id"], "person", ["id"])
            .create(manager)
            .await?;
        table("sign_in_throttle")
            .text("subject_hash")
            .count("failures")
            .at("window_started_at")
            .at_null("locked_until")
            .key(["subject_hash"])
            .create(manager)
            .await?;
        table("connection")
            .uuid("merchant_id")
            .uuid("id")
            .text("kind")
            .text("lane")
            .text("provider")
            .text("settings")
            .text_null("secret")
            .count("secret_version")
            .at_null("refreshing_until")
            .text("state")
            .text_null("last_error")
            .text_null("cursor")
            .at_null("synced_at")
            .key(["merchant_id", "id"])
            .within(["merchant_id"], "merchant", ["id"])
            .create(manager)
            .await?;
        table("pay_link")
            .uuid("merchant_id")
            .uuid("id")
            .text("kind")
            .text("key_hash")
            .text("key_sealed")
            .flag("enabled")
            .at("created_at")
            .key(["merchant_id", "id"])
            .within(["merchant_id"], "merchant", ["id"])
            .create(manager)
            .await?;
        sql(
            manager,
            &[
                "CREATE UNIQUE INDEX merchant_key ON merchant (key)",
                "CREATE UNIQUE INDEX person_email ON person (email)",
                "CREATE UNIQUE INDEX customer_external_id ON customer (merchant_id, external_id)",
                "CREATE INDEX customer_name ON customer (merchant_id, name)",
                "CREATE UNIQUE INDEX one_payer_per_person_and_customer ON payer (merchant_id, person_id, customer_id)",
                "CREATE INDEX staff_of_person ON staff (person_id)",
                "CREATE INDEX payer_of_person ON payer (person_id)",
                "CREATE INDEX session_of_person ON session (person_id)",
                "CREATE UNIQUE INDEX connection_id ON connection (id)",
                "CREATE UNIQUE INDEX one_connection_per_lane ON connection (merchant_id, kind, lane)",
                "CREATE UNIQUE INDEX pay_link_key_hash ON pay_link (key_hash)",
            ],
        )
        .await
    }
}
