//! Which person did what, when, where it is no merchant's affair: appended, never edited. What moves money or rights at a
//! merchant stands in its trail (`audit_trail.rs`).

use crate::{Error, Store, scope::kept};
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
    /// The id of a person.
    pub actor: String,
    pub action: String,
    pub subject: String,
    pub at: DateTime<Utc>,
}
impl ActiveModelBehavior for ActiveModel {}

impl Store {
    /// A line about an act that is no merchant's.
    ///
    /// # Errors
    /// The database is away.
    pub async fn audit(&self, actor: &str, action: &str, subject: &str, now: DateTime<Utc>) -> Result<(), Error> {
        let [actor, action, subject] = [actor, action, subject].map(str::to_owned);
        let row = Model { id: AuditId(Uuid::now_v7()), merchant_id: None, actor, action, subject, at: now };
        Entity::insert(kept(row.into_active_model())).exec_without_returning(&self.pools.write).await?;
        Ok(())
    }
}
