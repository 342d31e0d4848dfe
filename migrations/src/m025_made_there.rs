//! What others make at the gateway: refunds that nobody asked for here.

use crate::table::sql;
use sea_orm_migration::{prelude::*, schema};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let origin = schema::text("origin").default("here").take();
        manager.alter_table(Table::alter().table("refund").add_column(origin).take()).await?;
        // It begins with the column that tells rows apart, as m011 explains.
        sql(manager, &["CREATE INDEX refund_there ON refund (gateway_id, merchant_id)"]).await
    }
}
