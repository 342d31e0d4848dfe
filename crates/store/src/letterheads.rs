//! What stood above a merchant's documents until it was changed: what was issued before then keeps it (`m049_documents`). What
//! stands there now is the merchant's own row.

use crate::{
    Error, MerchantTx, merchants,
    scope::{Only, Scoped, moment, owned},
};
use chrono::{DateTime, Utc};
use domain::ids::MerchantId;
use sea_orm::{ConnectionTrait, QueryOrder, entity::prelude::*};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "letterhead")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub merchant_id: MerchantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub until: DateTime<Utc>,
    pub name: String,
    pub address: Option<String>,
    pub tax_number: Option<String>,
    pub support_email: String,
    pub locale: String,
}
impl ActiveModelBehavior for ActiveModel {}
owned!();

impl MerchantTx {
    /// Keeps what stands there until now. A merchant that had neither address nor number has nothing to keep: what it issued
    /// without them gets the first that it has.
    pub(crate) async fn letterhead_keep(&self, stands: merchants::Model, until: DateTime<Utc>) -> Result<(), Error> {
        if stands.address.is_none() && stands.tax_number.is_none() {
            return Ok(());
        }
        let row = Model {
            merchant_id: stands.id,
            until,
            name: stands.name,
            address: stands.address,
            tax_number: stands.tax_number,
            support_email: stands.support_email,
            locale: stands.locale,
        };
        self.insert_absent::<Entity>([row]).await.map(drop)
    }
}

impl<C: ConnectionTrait> Scoped<C> {
    /// The merchant as it stood above what was issued at that moment.
    ///
    /// # Errors
    /// The database is away.
    pub async fn merchant_at(&self, at: DateTime<Utc>) -> Result<merchants::Model, Error> {
        let merchant = self.merchant().await?;
        let later = self.find::<Entity>().filter(Column::Until.gt(moment(at))).order_by_asc(Column::Until);
        let Some(then) = later.only(self.conn()).await? else { return Ok(merchant) };
        Ok(merchants::Model {
            name: then.name,
            address: then.address,
            tax_number: then.tax_number,
            support_email: then.support_email,
            locale: then.locale,
            ..merchant
        })
    }
}
