//! Visits of payers whom a quoting program sends here. Each has a checkout, and goes with it when nothing was paid there.

use crate::{
    Error, MerchantTx, quotes,
    scope::{Only, Scoped, owned, text},
};
use chrono::{DateTime, Utc};
use domain::ids::{CheckoutId, IntegrationKeyId, InvoiceId, MerchantId, QuoteSessionId};
use sea_orm::{ConnectionTrait, QueryOrder, entity::prelude::*};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "quote_session")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub merchant_id: MerchantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: QuoteSessionId,
    /// Of the quote's advance.
    pub invoice_id: InvoiceId,
    pub checkout_id: CheckoutId,
    /// By which it was asked for: what is told of it is signed with it.
    pub key_id: IntegrationKeyId,
    /// Of what opens it in a browser.
    pub token_hash: String,
    pub idempotency_key: String,
    /// Of all that was asked for.
    pub body_hash: String,
    /// Of whoever is to pay, as the quoting program knows them: typed beforehand, and proof of nothing.
    pub email: String,
    pub return_url: String,
    pub cancel_url: String,
    /// The request as it came: that the quote was accepted, by whom, and what is sent back with each answer.
    pub asked: String,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}
impl ActiveModelBehavior for ActiveModel {}
owned!();

pub use Model as QuoteSession;

impl MerchantTx {
    /// # Errors
    /// [`Error::Duplicate`] when its idempotency key was used already.
    pub async fn quote_session_add(&self, session: QuoteSession) -> Result<(), Error> {
        self.insert::<Entity>([session]).await
    }
}

impl<C: ConnectionTrait> Scoped<C> {
    /// # Errors
    /// [`Error::Missing`] also for another merchant's.
    pub async fn quote_session(&self, id: QuoteSessionId) -> Result<QuoteSession, Error> {
        self.find::<Entity>().filter(Column::Id.eq(id)).only(self.conn()).await?.ok_or(Error::Missing)
    }

    /// # Errors
    /// The database is away.
    pub async fn quote_session_by_key(&self, idempotency_key: &str) -> Result<Option<QuoteSession>, Error> {
        let of = self.find::<Entity>().filter(Column::IdempotencyKey.eq(text(idempotency_key)));
        Ok(of.only(self.conn()).await?)
    }

    /// The one whose checkout this is.
    ///
    /// # Errors
    /// The database is away.
    pub async fn quote_session_at(&self, checkout: CheckoutId) -> Result<Option<QuoteSession>, Error> {
        Ok(self.find::<Entity>().filter(Column::CheckoutId.eq(checkout)).only(self.conn()).await?)
    }

    /// The newest of a quote, whichever version it is of.
    ///
    /// # Errors
    /// The database is away.
    pub async fn quote_session_newest(&self, quote_id: &str) -> Result<Option<QuoteSession>, Error> {
        let of = self.mine::<quotes::Entity>(quotes::Column::InvoiceId, quotes::Column::QuoteId.eq(text(quote_id)));
        let all = self.find::<Entity>().filter(Column::InvoiceId.in_subquery(of));
        Ok(all.order_by_desc(Column::CreatedAt).order_by_desc(Column::Id).only(self.conn()).await?)
    }

    /// All of one version of a quote, the oldest first.
    ///
    /// # Errors
    /// The database is away.
    pub async fn quote_sessions(&self, quote: InvoiceId) -> Result<Vec<QuoteSession>, Error> {
        let of = self.find::<Entity>().filter(Column::InvoiceId.eq(quote));
        Ok(of.order_by_asc(Column::CreatedAt).order_by_asc(Column::Id).all(self.conn()).await?)
    }
}
