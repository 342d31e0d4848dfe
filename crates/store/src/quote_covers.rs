//! Invoices that the credit of a paid quote is for (N1). While one is open, nobody pays its invoice in another way. A row stays
//! whatever becomes of it: that an invoice is no Downpayment is said once.

use crate::{
    Error, Invoice, MerchantTx, invoices,
    scope::{Only, Scoped, moment, owned},
};
use chrono::{DateTime, Utc};
use domain::{
    ids::{InvoiceId, MerchantId},
    quote::CoverKind,
};
use sea_orm::{
    ConnectionTrait, ExprTrait, QueryOrder, QuerySelect,
    entity::prelude::*,
    sea_query::{Query, SelectStatement},
};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "quote_cover")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub merchant_id: MerchantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub invoice_id: InvoiceId,
    /// Of the quote's advance.
    pub quote_invoice_id: InvoiceId,
    pub kind: CoverKind,
    pub state: QuoteCoverState,
    /// Why the books did not apply it.
    pub last_error: Option<String>,
    /// How often it was found, with this time: whoever is about to pay the invoice sees that it was once more.
    pub times: i32,
    pub updated_at: DateTime<Utc>,
}
impl ActiveModelBehavior for ActiveModel {}
owned!();

pub use Model as QuoteCover;

#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum QuoteCoverState {
    /// Staff decide.
    Open,
    /// It is being applied.
    Applying,
    /// It pays the invoice.
    Applied,
    /// A person says that the invoice is something else: it is paid like any other, for good.
    Released,
    /// The credit is no more, or nothing is left of it: the invoice is paid like any other.
    Ended,
}

impl QuoteCoverState {
    /// Nobody else pays the invoice.
    const LOCKS: [Self; 2] = [Self::Open, Self::Applying];

    #[must_use]
    pub fn locks(self) -> bool {
        Self::LOCKS.contains(&self)
    }
}

impl MerchantTx {
    /// Keeps others off an invoice, for which no payment is under way. `false`: one is, or it was said once whether this is so.
    /// The row is held first, which the foreign key of a claim waits for.
    ///
    /// # Errors
    /// [`Error::Missing`] also for another merchant's invoice.
    pub async fn quote_cover_add(&self, cover: QuoteCover) -> Result<bool, Error> {
        let held = self.find::<invoices::Entity>().filter(invoices::Column::Id.eq(cover.invoice_id)).lock_exclusive();
        held.only(self.conn()).await?.ok_or(Error::Missing)?;
        if self.live_payment(cover.invoice_id).await?.is_some() {
            return Ok(false);
        }
        if self.insert_absent::<Entity>([cover.clone()]).await? == 1 {
            return Ok(true);
        }
        // Another credit of the same customer, or a second payment of the same quote.
        let again = self
            .update::<Entity>()
            .col_expr(Column::QuoteInvoiceId, Expr::value(cover.quote_invoice_id))
            .col_expr(Column::Kind, Expr::value(cover.kind))
            .col_expr(Column::State, Expr::value(cover.state))
            .col_expr(Column::Times, Expr::col(Column::Times).add(1))
            .col_expr(Column::UpdatedAt, Expr::value(moment(cover.updated_at)))
            .filter(Column::InvoiceId.eq(cover.invoice_id))
            .filter(Column::State.eq(QuoteCoverState::Ended));
        Ok(again.exec(self.conn()).await?.rows_affected == 1)
    }

    /// Only out of one of these states: somebody may have moved it since it was read. `false`: so it is, and nothing was
    /// changed.
    ///
    /// # Errors
    /// The database is away.
    pub async fn quote_cover_move(
        &self,
        invoice: InvoiceId,
        from: &[QuoteCoverState],
        state: QuoteCoverState,
        error: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<bool, Error> {
        let update = self
            .update::<Entity>()
            .col_expr(Column::State, Expr::value(state))
            .col_expr(Column::LastError, Expr::value(error.map(str::to_owned)))
            .col_expr(Column::UpdatedAt, Expr::value(moment(now)))
            .filter(Column::InvoiceId.eq(invoice))
            .filter(Column::State.is_in(from.iter().copied()));
        Ok(update.exec(self.conn()).await?.rows_affected == 1)
    }

    /// The credit of this quote is no more: it covers nothing.
    ///
    /// # Errors
    /// The database is away.
    pub async fn quote_covers_end(&self, quote: InvoiceId, now: DateTime<Utc>) -> Result<(), Error> {
        let update = self
            .update::<Entity>()
            .col_expr(Column::State, Expr::value(QuoteCoverState::Ended))
            .col_expr(Column::UpdatedAt, Expr::value(moment(now)))
            .filter(Column::QuoteInvoiceId.eq(quote))
            .filter(Column::State.is_in(QuoteCoverState::LOCKS));
        update.exec(self.conn()).await?;
        Ok(())
    }
}

impl<C: ConnectionTrait> Scoped<C> {
    /// Which of these invoices are kept from others for a credit.
    ///
    /// # Errors
    /// The database is away.
    pub async fn quote_locked(&self, among: &[InvoiceId]) -> Result<Vec<InvoiceId>, Error> {
        let of = self.find::<Entity>().filter(Column::InvoiceId.is_in(among.iter().copied()));
        let locked = of.filter(Column::State.is_in(QuoteCoverState::LOCKS)).order_by_asc(Column::InvoiceId);
        Ok(locked.select_only().column(Column::InvoiceId).into_tuple().all(self.conn()).await?)
    }

    /// # Errors
    /// The database is away.
    pub async fn quote_cover(&self, invoice: InvoiceId) -> Result<Option<QuoteCover>, Error> {
        Ok(self.find::<Entity>().filter(Column::InvoiceId.eq(invoice)).only(self.conn()).await?)
    }

    /// All that keep others off their invoices, the oldest first.
    ///
    /// # Errors
    /// The database is away.
    pub async fn quote_covers_open(&self) -> Result<Vec<QuoteCover>, Error> {
        let open = self.find::<Entity>().filter(Column::State.is_in(QuoteCoverState::LOCKS));
        Ok(open.order_by_asc(Column::UpdatedAt).order_by_asc(Column::InvoiceId).all(self.conn()).await?)
    }

    /// All of a quote, also those that have ended.
    ///
    /// # Errors
    /// The database is away.
    pub async fn quote_covers_of(&self, quote: InvoiceId) -> Result<Vec<QuoteCover>, Error> {
        let of = self.find::<Entity>().filter(Column::QuoteInvoiceId.eq(quote));
        Ok(of.order_by_asc(Column::InvoiceId).all(self.conn()).await?)
    }

    /// The open invoices of a customer that owe so much, and of which nobody was told yet that they are for a quote.
    ///
    /// # Errors
    /// The database is away.
    pub async fn invoices_to_cover(&self, advance: &Invoice) -> Result<Vec<Invoice>, Error> {
        let told = self.mine::<Entity>(Column::InvoiceId, Column::State.ne(QuoteCoverState::Ended));
        // In words, as in the books: what is open and owes something.
        let open = self.find::<invoices::Entity>().filter(Expr::cust("status = 'open'"));
        let open = open.filter(invoices::Column::Advance.is_null());
        let open = open.filter(invoices::Column::CustomerId.eq(advance.customer_id));
        let open = open.filter(invoices::Column::DueMinor.eq(advance.total_minor));
        let new = open.filter(invoices::Column::Id.not_in_subquery(told));
        Ok(new.order_by_asc(invoices::Column::Date).order_by_asc(invoices::Column::Id).all(self.conn()).await?)
    }

    /// How often any was found of these invoices, as a part of another question.
    pub(crate) fn quote_covers_made(&self, invoices: &[InvoiceId]) -> SelectStatement {
        let mut select = Query::select();
        select
            .expr(Expr::col(Column::Times).sum().cast_as("bigint"))
            .from(Entity)
            .and_where(Column::MerchantId.eq(self.merchant_id()))
            .and_where(Column::InvoiceId.is_in(invoices.iter().copied()));
        select
    }
}
