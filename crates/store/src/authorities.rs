//! By which words, by whom and from where the authority to debit a bank account was given. Never edited: scheme and bank
//! ask for it in a dispute, two years and longer after the last debit (`wire/gateways.md`, 8.3 and 8.4).

use crate::{
    Error,
    consents::digest,
    scope::{Only, Scoped, moment, owned},
};
use chrono::{DateTime, Utc};
use domain::ids::{MerchantId, MethodId};
use sea_orm::{ConnectionTrait, PaginatorTrait, entity::prelude::*};
use serde_json::json;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "authority")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub merchant_id: MerchantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub method_id: MethodId,
    /// Of the wording.
    pub version: String,
    /// The words, as they stood there.
    pub wording: String,
    /// The name that was typed below them.
    pub holder: String,
    /// Of whoever was signed in.
    pub email: String,
    pub address: String,
    pub user_agent: String,
    pub given_at: DateTime<Utc>,
}
impl ActiveModelBehavior for ActiveModel {}
owned!();

pub use Model as Authority;

impl Authority {
    /// SHA-256 of all of it.
    #[must_use]
    pub fn digest(&self) -> String {
        let at = moment(self.given_at).timestamp_micros();
        let signed = json!([self.version, self.wording, self.holder, self.email]);
        digest(&json!([self.method_id, signed, self.address, self.user_agent, at]))
    }
}

impl<C: ConnectionTrait> Scoped<C> {
    /// Absent for cards.
    ///
    /// # Errors
    /// The database is away.
    pub async fn authority(&self, method: MethodId) -> Result<Option<Authority>, Error> {
        Ok(self.find::<Entity>().filter(Column::MethodId.eq(method)).only(self.conn()).await?)
    }

    /// Those of these methods that have one.
    ///
    /// # Errors
    /// The database is away.
    pub async fn authorities_of(&self, methods: Vec<MethodId>) -> Result<Vec<Authority>, Error> {
        Ok(self.find::<Entity>().filter(Column::MethodId.is_in(methods)).all(self.conn()).await?)
    }

    /// # Errors
    /// The database is away.
    pub async fn authorities_count(&self) -> Result<u64, Error> {
        Ok(self.find::<Entity>().count(self.conn()).await?)
    }
}
