//! What is paid in advance, over what is due, or for a quote: rows of the table of invoices that no list of invoices has.

use crate::{
    Error, Invoice, MerchantTx, books_entries, checkouts,
    invoices::{Column, Entity},
    ledger_payments,
    payments::allocation,
    scope::moment,
};
use chrono::{DateTime, Utc};
use domain::{ids::InvoiceId, invoice::InvoiceStatus};
use sea_orm::{ExprTrait, entity::prelude::*};

impl MerchantTx {
    /// An advance that is about to be paid; its external id is our own.
    ///
    /// # Errors
    /// [`Error::Missing`] when the customer is not this merchant's.
    pub async fn advance_add(&self, advance: Invoice) -> Result<(), Error> {
        self.insert::<Entity>([advance]).await
    }

    /// Whether the money of an advance stands in the books: nothing is left to pay of it then. Invoices are told by the
    /// books themselves.
    ///
    /// # Errors
    /// The database is away.
    pub async fn advance_settle(&self, id: InvoiceId, stands: bool) -> Result<(), Error> {
        let (status, due) = if stands {
            (InvoiceStatus::Paid, Expr::value(0_i64))
        } else {
            (InvoiceStatus::Open, Expr::col(Column::TotalMinor))
        };
        let update = self.update::<Entity>().col_expr(Column::Status, Expr::value(status));
        let update = update.col_expr(Column::DueMinor, due).filter(Column::Id.eq(id));
        update.filter(Column::Advance.is_not_null()).exec(self.conn()).await?;
        Ok(())
    }

    /// Nobody pays an advance any more: something else is owed in its place.
    ///
    /// # Errors
    /// The database is away.
    pub async fn advance_void(&self, id: InvoiceId) -> Result<(), Error> {
        let update = self.update::<Entity>().col_expr(Column::Status, Expr::value(InvoiceStatus::Void));
        let update = update.col_expr(Column::DueMinor, Expr::value(0_i64)).filter(Column::Id.eq(id));
        update.filter(Column::Advance.is_not_null()).exec(self.conn()).await?;
        Ok(())
    }

    /// Deletes up to `limit` advances that were begun before this and that no checkout and no payment refers to, neither as it
    /// was made nor as it was written into the books, ours among them, and says how many.
    ///
    /// # Errors
    /// The database is away.
    pub async fn advances_prune(&self, before: DateTime<Utc>, limit: u64) -> Result<u64, Error> {
        let this = || (Entity, Column::Id);
        let opened = self.about::<checkouts::Entity>(checkouts::Column::InvoiceId, this());
        let paid = self.about::<allocation::Entity>(allocation::Column::InvoiceId, this());
        let kept = self.about::<books_entries::Entity>(books_entries::Column::InvoiceId, this());
        let entered = self.about::<ledger_payments::Entity>(ledger_payments::Column::InvoiceId, this());
        // In words, as in the partial index that serves it.
        let unpaid = self.find::<Entity>().filter(Expr::cust("advance IS NOT NULL AND status = 'open'"));
        let unpaid = unpaid.filter(Column::ReadAt.lt(moment(before)));
        let alone = Expr::exists(opened).or(Expr::exists(paid)).or(Expr::exists(kept)).or(Expr::exists(entered)).not();
        self.prune(Column::Id, unpaid.filter(alone), limit).await
    }
}
