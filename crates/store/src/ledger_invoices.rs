//! What an invoice of books of our own has besides the row of every invoice: how its prices are meant, its notes, and how
//! often it was changed. Whoever changes one holds its row first: a payment that begins meanwhile waits, or is waited for.

use crate::{
    Error, Invoice, LedgerLine, MerchantTx,
    invoices::{self, ROWS_PER_STATEMENT},
    ledger_lines,
    scope::{Only, Scoped, owned, text},
};
use chrono::{DateTime, Utc};
use domain::{
    ids::{InvoiceId, MerchantId},
    invoice::InvoiceStatus,
};
use sea_orm::{
    ConnectionTrait, ExprTrait, QueryOrder, QuerySelect,
    entity::prelude::*,
    sea_query::{Func, Query, SelectStatement},
};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "ledger_invoice")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub merchant_id: MerchantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub invoice_id: InvoiceId,
    pub tax_included: bool,
    /// The tax in its total.
    pub tax_minor: i64,
    pub notes: String,
    /// A draft's, where staff chose one; it has it once it is issued.
    pub wanted_number: Option<String>,
    /// Counts what was done to it since it was written: forms and payments that have seen another count are old.
    pub changes: i64,
    pub created_at: DateTime<Utc>,
    pub issued_at: Option<DateTime<Utc>>,
    /// Whom it was for when it was issued, whatever they are called since; absent for what was issued before that was kept.
    pub customer_name: Option<String>,
    pub customer_address: Option<String>,
}
impl ActiveModelBehavior for ActiveModel {}
owned!();

pub use Model as LedgerInvoice;

/// An invoice as staff have written it.
#[derive(Clone, Debug)]
pub struct NewLedgerInvoice {
    pub invoice: Invoice,
    pub details: LedgerInvoice,
    pub lines: Vec<LedgerLine>,
}

impl MerchantTx {
    /// # Errors
    /// [`Error::Missing`] when the customer of one is not this merchant's.
    pub async fn ledger_invoices_add(&self, new: Vec<NewLedgerInvoice>) -> Result<(), Error> {
        let (mut rows, mut details, mut lines) = (Vec::new(), Vec::new(), Vec::new());
        for one in new {
            rows.push(one.invoice);
            details.push(one.details);
            lines.extend(one.lines);
        }
        for chunk in rows.chunks(ROWS_PER_STATEMENT) {
            self.insert::<invoices::Entity>(chunk.to_vec()).await?;
        }
        for chunk in details.chunks(ROWS_PER_STATEMENT) {
            self.insert::<Entity>(chunk.to_vec()).await?;
        }
        for chunk in lines.chunks(ROWS_PER_STATEMENT) {
            self.insert::<ledger_lines::Entity>(chunk.to_vec()).await?;
        }
        Ok(())
    }

    /// An invoice that staff wrote, held until the end of the transaction. No payment of it begins meanwhile, because each
    /// takes it by a claim, whose foreign key waits for this row.
    ///
    /// # Errors
    /// [`Error::Missing`] also for another merchant's, and for one that nobody wrote here, as an advance.
    pub async fn ledger_invoice_hold(&self, id: InvoiceId) -> Result<(Invoice, LedgerInvoice), Error> {
        let held = self.find::<invoices::Entity>().filter(invoices::Column::Id.eq(id)).lock_exclusive();
        let held = held.filter(invoices::Column::Advance.is_null()).only(self.conn()).await?.ok_or(Error::Missing)?;
        Ok((held, self.ledger_invoice(id).await?.ok_or(Error::Missing)?))
    }

    /// What an advance needs to have a credit note, which is always of some invoice; nothing, when it has that already.
    pub(crate) async fn ledger_advance_add(&self, advance: InvoiceId, now: DateTime<Utc>) -> Result<(), Error> {
        let details = LedgerInvoice {
            merchant_id: self.merchant_id(),
            invoice_id: advance,
            tax_included: false,
            tax_minor: 0,
            notes: String::new(),
            wanted_number: None,
            changes: 0,
            created_at: now,
            issued_at: Some(now),
            customer_name: None,
            customer_address: None,
        };
        self.insert_absent::<Entity>([details]).await.map(drop)
    }

    /// Counts a change of one that is held, which other rows have.
    ///
    /// # Errors
    /// [`Error::Missing`] also for another merchant's.
    pub async fn ledger_invoice_changed(&self, details: LedgerInvoice) -> Result<(), Error> {
        let details = LedgerInvoice { changes: details.changes + 1, ..details };
        self.rewrite::<Entity>(Column::InvoiceId.eq(details.invoice_id), details).await
    }

    /// Writes one that is held, and counts the change.
    ///
    /// # Errors
    /// [`Error::Missing`] when its customer is not this merchant's.
    pub async fn ledger_invoice_rewrite(&self, invoice: Invoice, details: LedgerInvoice) -> Result<(), Error> {
        self.rewrite::<invoices::Entity>(invoices::Column::Id.eq(invoice.id), invoice).await?;
        self.ledger_invoice_changed(details).await
    }
}

impl<C: ConnectionTrait> Scoped<C> {
    /// None for an invoice that nobody wrote here, like one of an accounting package.
    ///
    /// # Errors
    /// The database is away.
    pub async fn ledger_invoice(&self, id: InvoiceId) -> Result<Option<LedgerInvoice>, Error> {
        Ok(self.find::<Entity>().filter(Column::InvoiceId.eq(id)).only(self.conn()).await?)
    }

    /// The next ones that were written here after this one.
    ///
    /// # Errors
    /// The database is away.
    pub async fn ledger_invoices_after(&self, after: Option<InvoiceId>, limit: u64) -> Result<Vec<InvoiceId>, Error> {
        let mut next = self.find::<Entity>();
        if let Some(after) = after {
            next = next.filter(Column::InvoiceId.gt(after));
        }
        let next = next.order_by_asc(Column::InvoiceId).limit(limit).all(self.conn()).await?;
        Ok(next.into_iter().map(|row| row.invoice_id).collect())
    }

    /// Drafts that are to have one of these numbers, in whichever case its letters come, each with that number.
    ///
    /// # Errors
    /// The database is away.
    pub async fn drafts_numbered(&self, numbers: &[&str]) -> Result<Vec<(String, Invoice)>, Error> {
        let mut found = Vec::new();
        for chunk in numbers.chunks(ROWS_PER_STATEMENT) {
            let folded = Expr::expr(Func::lower(Expr::col(Column::WantedNumber)));
            let alike = folded.is_in(chunk.iter().map(|number| Expr::expr(Func::lower(Expr::val(text(number))))));
            let wanting =
                self.find::<Entity>().filter(Column::IssuedAt.is_null()).filter(alike).all(self.conn()).await?;
            let ids = wanting.iter().map(|row| row.invoice_id);
            let drafts = self.find::<invoices::Entity>().filter(invoices::Column::Id.is_in(ids));
            let drafts = drafts.filter(invoices::Column::Status.eq(InvoiceStatus::Draft)).all(self.conn()).await?;
            for draft in drafts {
                let details = wanting.iter().find(|row| row.invoice_id == draft.id);
                found.extend(details.and_then(|row| row.wanted_number.clone()).map(|number| (number, draft)));
            }
        }
        Ok(found)
    }

    /// How often these invoices were changed, as a part of another question.
    pub(crate) fn ledger_changes(&self, invoices: &[InvoiceId]) -> SelectStatement {
        let mut select = Query::select();
        select
            .expr(Expr::col(Column::Changes).sum().cast_as("bigint"))
            .from(Entity)
            .and_where(Column::MerchantId.eq(self.merchant_id()))
            .and_where(Column::InvoiceId.is_in(invoices.iter().copied()));
        select
    }
}
