//! Which person did what, when, where it is the operator's affair: appended, never edited. What moves money or rights at a
//! merchant stands in its trail (`audit_trail.rs`).

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
    /// The id of a person, or who else it was in one word.
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
        let line = line(None, actor, action, subject, now);
        Entity::insert(line).exec_without_returning(&self.pools.write).await?;
        Ok(())
    }
}

impl MerchantTx {
    /// A line about what the operator did at this merchant, in the transaction of the act.
    ///
    /// # Errors
    /// The database is away.
    pub async fn audit_operator(&self, action: &str, subject: &str, now: DateTime<Utc>) -> Result<(), Error> {
        let line = line(Some(self.merchant_id()), "operator", action, subject, now);
        Entity::insert(line).exec_without_returning(self.conn()).await?;
        Ok(())
    }
}

fn line(merchant_id: Option<MerchantId>, actor: &str, action: &str, subject: &str, at: DateTime<Utc>) -> ActiveModel {
    let [actor, action, subject] = [actor, action, subject].map(str::to_owned);
    kept(Model { id: AuditId(Uuid::now_v7()), merchant_id, actor, action, subject, at }.into_active_model())
}
