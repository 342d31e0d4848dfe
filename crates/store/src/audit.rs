//! Who did what, when: appended, never edited.

use crate::{Error, MerchantTx, Store, scope::kept};
use chrono::{DateTime, Utc};
use domain::ids::{AuditId, MerchantId};
use sea_orm::{IntoActiveModel, entity::prelude::*};
use uuid::Uuid;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AuditId,
    pub merchant_id: Option<MerchantId>,
    /// The id of a person, or the name of a part of the system.
    pub actor: String,
    pub action: String,
    pub subject: String,
    pub at: DateTime<Utc>,
}
impl ActiveModelBehavior for ActiveModel {}

impl MerchantTx {
    /// A line that stands only if the act does.
    ///
    /// # Errors
    /// The database is away.
    pub async fn audit(&self, actor: &str, action: &str, subject: &str, now: DateTime<Utc>) -> Result<(), Error> {
        append(self.conn(), Some(self.merchant_id()), [actor, action, subject], now).await
    }
}

impl Store {
    /// A line about an act that no transaction of a merchant holds.
    ///
    /// # Errors
    /// The database is away.
    pub async fn audit(
        &self,
        merchant: Option<MerchantId>,
        actor: &str,
        action: &str,
        subject: &str,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        append(&self.pools.write, merchant, [actor, action, subject], now).await
    }
}

async fn append(
    conn: &impl ConnectionTrait,
    merchant_id: Option<MerchantId>,
    line: [&str; 3],
    at: DateTime<Utc>,
) -> Result<(), Error> {
    let [actor, action, subject] = line.map(str::to_owned);
    let row = Model { id: AuditId(Uuid::now_v7()), merchant_id, actor, action, subject, at };
    Entity::insert(kept(row.into_active_model())).exec_without_returning(conn).await?;
    Ok(())
}
