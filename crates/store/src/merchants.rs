//! Merchants: the tenants.

use crate::{
    Error, MerchantDb, MerchantTx, Store,
    scope::{Only, Scoped, kept},
};
use chrono::{DateTime, Utc};
use domain::{
    ids::MerchantId,
    money::{Currency, Locale},
    views::MerchantFace,
};
use sea_orm::{ConnectionTrait, IntoActiveModel, QuerySelect, entity::prelude::*, sea_query::LockType};
use uuid::Uuid;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "merchant")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: MerchantId,
    pub key: String,
    pub name: String,
    pub currency: String,
    pub locale: String,
    /// IANA name; "today" is this zone's.
    pub time_zone: String,
    pub support_email: String,
    /// Its payers may pay less than is due.
    pub takes_parts: bool,
    /// And more, which stays as their credit.
    pub takes_more: bool,
    /// Its payers may pay without an invoice.
    pub takes_prepayments: bool,
    /// A debit that comes back for want of money is tried again, where its owner's authority allows it.
    pub retries_debits: bool,
    /// Its books have a connection for each lane (S93).
    pub multi_connection: bool,
    /// Where the books are our own: what stands above its documents, in lines.
    pub address: Option<String>,
    /// And by what number the tax office knows it.
    pub tax_number: Option<String>,
    pub created_at: DateTime<Utc>,
}
impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// # Errors
    /// A stored locale that this version does not know.
    pub fn face(&self) -> Result<MerchantFace, Error> {
        let locale: Locale = self.locale.parse().map_err(|_| Error::Unreadable("merchant.locale"))?;
        Ok(MerchantFace {
            name: self.name.clone(),
            locale,
            support_email: self.support_email.clone(),
            time_zone: self.time_zone.clone(),
        })
    }
}

/// What founding a merchant takes.
#[derive(Clone, Debug)]
pub struct NewMerchant {
    pub key: String,
    pub name: String,
    pub currency: Currency,
    pub locale: Locale,
    pub time_zone: String,
    pub support_email: String,
    /// Its payers may pay less than is due.
    pub takes_parts: bool,
    /// And more, which stays as their credit.
    pub takes_more: bool,
    /// Its payers may pay without an invoice.
    pub takes_prepayments: bool,
    /// A debit that comes back for want of money is tried again, where its owner's authority allows it.
    pub retries_debits: bool,
}

impl Store {
    /// Founds a tenant and hands out its scope: the operator's act, and the demo's.
    ///
    /// # Errors
    /// The key is taken.
    pub async fn merchant_found(&self, new: NewMerchant, now: DateTime<Utc>) -> Result<MerchantDb, Error> {
        let id = MerchantId(Uuid::now_v7());
        let row = Model {
            id,
            key: new.key,
            name: new.name,
            currency: new.currency.code().to_owned(),
            locale: new.locale.tag().to_owned(),
            time_zone: new.time_zone,
            support_email: new.support_email,
            takes_parts: new.takes_parts,
            takes_more: new.takes_more,
            takes_prepayments: new.takes_prepayments,
            retries_debits: new.retries_debits,
            multi_connection: false,
            address: None,
            tax_number: None,
            created_at: now,
        };
        Entity::insert(kept(row.into_active_model())).exec_without_returning(&self.pools.write).await?;
        Ok(MerchantDb::new(id, self.clone()))
    }
}

impl MerchantTx {
    /// As it stands, and nobody else changes it until this transaction is over. Payments go on beside that: their foreign keys
    /// may still be held against it.
    ///
    /// # Errors
    /// The database is away.
    pub async fn merchant_hold(&self) -> Result<Model, Error> {
        let mine = Entity::find_by_id(self.merchant_id()).lock(LockType::NoKeyUpdate);
        mine.only(self.conn()).await?.ok_or(Error::Missing)
    }

    /// What operator and staff set of the merchant, as this row has it. What is issued already keeps what stood above it.
    ///
    /// # Errors
    /// The database is away.
    pub async fn merchant_set(&self, row: &Model, now: DateTime<Utc>) -> Result<(), Error> {
        let stands = self.merchant().await?;
        if (&stands.address, &stands.tax_number) != (&row.address, &row.tax_number) {
            self.letterhead_keep(stands, now).await?;
        }
        let update = Entity::update_many()
            .col_expr(Column::TakesParts, Expr::value(row.takes_parts))
            .col_expr(Column::TakesMore, Expr::value(row.takes_more))
            .col_expr(Column::TakesPrepayments, Expr::value(row.takes_prepayments))
            .col_expr(Column::RetriesDebits, Expr::value(row.retries_debits))
            .col_expr(Column::MultiConnection, Expr::value(row.multi_connection))
            .col_expr(Column::Address, Expr::value(row.address.clone()))
            .col_expr(Column::TaxNumber, Expr::value(row.tax_number.clone()));
        update.filter(Column::Id.eq(self.merchant_id())).exec(self.conn()).await?;
        Ok(())
    }
}

impl<C: ConnectionTrait> Scoped<C> {
    /// # Errors
    /// The database is away.
    pub async fn merchant(&self) -> Result<Model, Error> {
        Entity::find_by_id(self.merchant_id()).only(self.conn()).await?.ok_or(Error::Missing)
    }
}
