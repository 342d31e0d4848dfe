//! A merchant's surcharge rules, as one document: they are replaced together or not at all.

use crate::{
    Error, MerchantTx,
    scope::{Only, Scoped, json, owned},
};
use chrono::{DateTime, Utc};
use domain::{
    ids::{AttemptId, InvoiceId, MerchantId},
    surcharge::Policy,
};
use sea_orm::{ConnectionTrait, entity::prelude::*, sea_query::OnConflict};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "surcharge_policy")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub merchant_id: MerchantId,
    /// JSON of a `Policy`.
    pub body: String,
    pub replaced_at: DateTime<Utc>,
}
impl ActiveModelBehavior for ActiveModel {}
owned!();

/// The invoice of an attempt's surcharge has the attempt's id: there is one at most, and it is found without a table.
#[must_use]
pub const fn surcharge_invoice(attempt: AttemptId) -> InvoiceId {
    InvoiceId(attempt.0)
}

impl MerchantTx {
    /// # Errors
    /// The database is away.
    pub async fn surcharge_policy_replace(&self, policy: &Policy, now: DateTime<Utc>) -> Result<(), Error> {
        let body = json(policy, "surcharge_policy.body")?;
        let row = Model { merchant_id: self.merchant_id(), body, replaced_at: now };
        let mut again = OnConflict::column(Column::MerchantId);
        again.update_columns([Column::Body, Column::ReplacedAt]);
        self.inserting::<Entity>([row]).on_conflict(again).exec_without_returning(self.conn()).await?;
        Ok(())
    }
}

impl<C: ConnectionTrait> Scoped<C> {
    /// What is in force; none, when nothing is added for any way of paying.
    ///
    /// # Errors
    /// A policy that this version cannot read.
    pub async fn surcharge_policy(&self) -> Result<Option<Policy>, Error> {
        read(self.find::<Entity>().only(self.conn()).await?.map(|row| row.body))
    }
}

pub(crate) fn read(body: Option<String>) -> Result<Option<Policy>, Error> {
    let read = body.map(|body| serde_json::from_str(&body)).transpose();
    read.map_err(|_| Error::Unreadable("surcharge_policy.body"))
}
