//! What is deleted or emptied by its age, and what that is looked for by: without them, each day all jobs, news, checkouts and
//! events were read, however old the history.

use crate::table::sql;
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        sql(
            manager,
            &[
                "CREATE INDEX job_done ON job (created_at, merchant_id) WHERE state = 'done'",
                "CREATE INDEX webhook_with_body ON webhook (received_at, merchant_id)
                    WHERE state = 'processed' AND raw <> ''",
                "CREATE INDEX checkout_by_end ON checkout (expires_at, merchant_id)",
                "CREATE INDEX event_by_time ON event (occurred_at, merchant_id)",
            ],
        )
        .await
    }
}
