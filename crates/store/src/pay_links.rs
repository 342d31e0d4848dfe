//! Pay Now links: an API key printed in e-mails. It says which merchant is meant and grants nothing else
//! (`wire/connectwise.md`, 6.1), so it is found by its hash and sealed only to be displayed again.

use crate::{
    Error, MerchantTx, Sealed, TokenHash,
    scope::{Only, Scoped, owned},
};
use chrono::{DateTime, Utc};
use domain::ids::{MerchantId, PayLinkId};
use sea_orm::{ConnectionTrait, QueryOrder, entity::prelude::*};
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "pay_link")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub merchant_id: MerchantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: PayLinkId,
    /// `email`, `xero` …
    pub kind: String,
    pub key_hash: String,
    pub key_sealed: String,
    pub enabled: bool,
    pub created_at: DateTime<Utc>,
}
impl ActiveModelBehavior for ActiveModel {}
owned!();

impl MerchantTx {
    /// # Errors
    /// The key exists already.
    pub async fn pay_link_add(&self, kind: &str, key: &SecretString, now: DateTime<Utc>) -> Result<(), Error> {
        let id = PayLinkId(Uuid::now_v7());
        let row = Model {
            merchant_id: self.merchant_id(),
            id,
            kind: kind.to_owned(),
            key_hash: TokenHash::of(key.expose_secret()).0,
            key_sealed: self.store().keys.seal(&purpose(id), key)?.0,
            enabled: true,
            created_at: now,
        };
        self.insert::<Entity>([row]).await
    }
}

impl<C: ConnectionTrait> Scoped<C> {
    /// The key of the merchant's newest link of this kind that is enabled, to be displayed.
    ///
    /// # Errors
    /// The key that sealed it is not in the ring, or the value was changed.
    pub async fn pay_link_key(&self, kind: &str) -> Result<Option<SecretString>, Error> {
        let of = self.find::<Entity>().filter(Column::Kind.eq(kind)).filter(Column::Enabled.eq(true));
        let newest = of.order_by_desc(Column::CreatedAt).order_by_desc(Column::Id).only(self.conn()).await?;
        newest.map(|row| self.store().keys.open(&purpose(row.id), &Sealed(row.key_sealed))).transpose()
    }
}

fn purpose(id: PayLinkId) -> String {
    format!("pay_link:{id}")
}
