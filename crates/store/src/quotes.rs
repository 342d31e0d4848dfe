//! Quotes that payers are sent here to pay: each version is an advance, and this is what it has besides.

use crate::{
    Error, Invoice, MerchantTx, invoices,
    payments::allocation,
    scope::{Only, Scoped, belongs, owned, text},
};
use chrono::{DateTime, Utc};
use domain::ids::{CustomerId, InvoiceId, MerchantId};
use sea_orm::{ConnectionTrait, QueryOrder, entity::prelude::*};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "quote")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub merchant_id: MerchantId,
    /// Of its advance.
    #[sea_orm(primary_key, auto_increment = false)]
    pub invoice_id: InvoiceId,
    /// The quoting program's own.
    pub quote_id: String,
    /// `Q-10231`
    pub number: String,
    pub version: i64,
    /// What may pay it, as the quoting program last said.
    pub takes_cards: bool,
    pub takes_debits: bool,
    /// What is to be paid again and again, in words; a saved method is needed then.
    pub recurring: Option<String>,
    pub created_at: DateTime<Utc>,
}
impl ActiveModelBehavior for ActiveModel {}
owned!();
belongs!(invoices, InvoiceId);

pub use Model as Quote;

impl MerchantTx {
    /// A version of a quote with its advance.
    ///
    /// # Errors
    /// [`Error::Duplicate`] when this version is there already.
    pub async fn quote_add(&self, quote: Quote, advance: Invoice) -> Result<(), Error> {
        self.advance_add(advance).await?;
        self.insert::<Entity>([quote]).await
    }

    /// What may pay it from here on, and what recurs of it.
    ///
    /// # Errors
    /// [`Error::Missing`] also for another merchant's.
    pub async fn quote_rewrite(&self, quote: Quote) -> Result<(), Error> {
        self.rewrite::<Entity>(Column::InvoiceId.eq(quote.invoice_id), quote).await
    }
}

impl<C: ConnectionTrait> Scoped<C> {
    /// # Errors
    /// [`Error::Missing`] also for another merchant's, and for an invoice that is no quote.
    pub async fn quote(&self, invoice: InvoiceId) -> Result<Quote, Error> {
        self.find::<Entity>().filter(Column::InvoiceId.eq(invoice)).only(self.conn()).await?.ok_or(Error::Missing)
    }

    /// A version with its advance, when there is one.
    ///
    /// # Errors
    /// The database is away.
    pub async fn quote_version(&self, quote_id: &str, version: i64) -> Result<Option<(Quote, Invoice)>, Error> {
        let of = self.find::<Entity>().filter(Column::QuoteId.eq(text(quote_id)));
        let of = of.filter(Column::Version.eq(version)).find_both_related(invoices::Entity);
        Ok(of.only(self.conn()).await?)
    }

    /// All versions of a quote, the oldest first.
    ///
    /// # Errors
    /// The database is away.
    pub async fn quote_versions(&self, quote_id: &str) -> Result<Vec<Quote>, Error> {
        let of = self.find::<Entity>().filter(Column::QuoteId.eq(text(quote_id)));
        Ok(of.order_by_asc(Column::Version).all(self.conn()).await?)
    }

    /// The quotes of a customer that somebody has tried to pay, and that are not paid: the oldest first.
    ///
    /// # Errors
    /// The database is away.
    pub async fn quotes_to_pay(&self, customer: CustomerId) -> Result<Vec<Invoice>, Error> {
        let tried = self.all_mine::<allocation::Entity>(allocation::Column::InvoiceId);
        // In words, as in the partial index that serves it.
        let quotes = self.find::<invoices::Entity>().filter(Expr::cust("advance = 'quote' AND status = 'open'"));
        let quotes = quotes.filter(invoices::Column::CustomerId.eq(customer));
        let tried = quotes.filter(invoices::Column::Id.in_subquery(tried));
        Ok(tried.order_by_asc(invoices::Column::Id).all(self.conn()).await?)
    }
}
