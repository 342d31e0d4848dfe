//! Credit notes of books of our own: what is taken off an invoice, and how much of that is left as the customer's credit. What
//! is paid for a quote is credit by such a note as well, which is of the advance itself and gives it back what the customer
//! has no more.

use crate::{
    Error, Invoice, LedgerInvoice, MerchantTx, Part,
    invoices::{self, ROWS_PER_STATEMENT},
    scope::{Only, Scoped, money, owned},
};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    ids::{CreditNoteId, CustomerId, InvoiceId, MerchantId},
    invoice::InvoiceStatus,
    money::Money,
};
use sea_orm::{ConnectionTrait, QueryOrder, QuerySelect, entity::prelude::*};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "credit_note")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub merchant_id: MerchantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: CreditNoteId,
    /// What it is taken off.
    pub invoice_id: InvoiceId,
    pub number: String,
    pub currency: String,
    /// Tax included.
    pub total_minor: i64,
    pub tax_minor: i64,
    /// What no invoice has got of it yet.
    pub left_minor: i64,
    pub date: NaiveDate,
    pub reason: String,
    pub created_at: DateTime<Utc>,
    /// From when on it counts for nothing.
    pub voided_at: Option<DateTime<Utc>>,
}
impl ActiveModelBehavior for ActiveModel {}
owned!();

pub use Model as CreditNote;

impl CreditNote {
    /// # Errors
    /// A stored currency that this version does not know.
    pub fn total(&self) -> Result<Money, Error> {
        money(self.total_minor, &self.currency, "credit_note.currency")
    }
}

impl MerchantTx {
    /// # Errors
    /// [`Error::Missing`] also for another merchant's invoice, and for one that nobody wrote here.
    pub async fn credit_note_add(&self, note: CreditNote) -> Result<(), Error> {
        self.insert::<Entity>([note]).await
    }

    /// A credit note, held until the end of the transaction. Whoever needs an invoice as well takes that first.
    ///
    /// # Errors
    /// [`Error::Missing`] also for another merchant's.
    pub async fn credit_note_hold(&self, id: CreditNoteId) -> Result<CreditNote, Error> {
        let held = self.find::<Entity>().filter(Column::Id.eq(id)).lock_exclusive();
        held.only(self.conn()).await?.ok_or(Error::Missing)
    }

    /// Gives so much of a note to an invoice, which owes that much less then; a negative amount takes it off again. Both are
    /// held, and both have it. Answers the note as it is then.
    ///
    /// # Errors
    /// The database is away.
    pub async fn credit_allocate(
        &self,
        note: CreditNote,
        (invoice, details): (Invoice, LedgerInvoice),
        amount_minor: i64,
        now: DateTime<Utc>,
    ) -> Result<CreditNote, Error> {
        let note = self.credit_give(note, invoice.id, amount_minor, now).await?;
        let due_minor = invoice.due_minor - amount_minor;
        let status = match invoice.status {
            _ if due_minor == 0 => InvoiceStatus::Paid,
            InvoiceStatus::Paid => InvoiceStatus::Open,
            other => other,
        };
        self.ledger_invoice_rewrite(Invoice { due_minor, status, read_at: now, ..invoice }, details).await?;
        Ok(note)
    }

    async fn credit_give(
        &self,
        note: CreditNote,
        to: InvoiceId,
        amount_minor: i64,
        now: DateTime<Utc>,
    ) -> Result<CreditNote, Error> {
        self.credit_allocation_add(note.id, to, amount_minor, now).await?;
        let note = CreditNote { left_minor: note.left_minor - amount_minor, ..note };
        self.rewrite::<Entity>(Column::Id.eq(note.id), note.clone()).await?;
        Ok(note)
    }

    /// A note that is held, and of which no invoice has anything, counts for nothing from here on.
    ///
    /// # Errors
    /// The database is away.
    pub async fn credit_note_void(&self, note: CreditNote, now: DateTime<Utc>) -> Result<(), Error> {
        let void = CreditNote { left_minor: 0, voided_at: Some(now), ..note };
        self.rewrite::<Entity>(Column::Id.eq(void.id), void).await
    }

    /// The credit of an advance: its money stays the customer's by a note of its own, which staff find among all others.
    ///
    /// # Errors
    /// [`Error::Missing`] also for another merchant's.
    pub async fn advance_credit_add(&self, note: CreditNote) -> Result<(), Error> {
        self.ledger_advance_add(note.invoice_id, note.created_at).await?;
        self.credit_note_add(note).await
    }

    /// Brings the note of an advance, which is held, in line with the money that stands for it: what came is the customer's, and
    /// what went back is the advance's. `false` when that is more than is left of it; nothing was changed then.
    ///
    /// # Errors
    /// The database is away.
    pub async fn advance_credit_settle(&self, note: CreditNote, now: DateTime<Utc>) -> Result<bool, Error> {
        let advance = note.invoice_id;
        let stands: i64 = self.ledger_payments_of(&[advance]).await?.iter().map(|payment| payment.amount_minor).sum();
        let allocated = self.credit_allocations(note.id).await?;
        let given_back = allocated.iter().filter(|allocation| allocation.invoice_id == advance);
        let given_back: i64 = given_back.map(|allocation| allocation.amount_minor).sum();
        let goes_back = note.total_minor - given_back - stands;
        if goes_back > note.left_minor {
            return Ok(false);
        }
        if goes_back != 0 {
            self.credit_give(note, advance, goes_back, now).await?;
        }
        Ok(true)
    }
}

impl<C: ConnectionTrait> Scoped<C> {
    /// # Errors
    /// [`Error::Missing`] also for another merchant's.
    pub async fn credit_note(&self, id: CreditNoteId) -> Result<CreditNote, Error> {
        self.find::<Entity>().filter(Column::Id.eq(id)).only(self.conn()).await?.ok_or(Error::Missing)
    }

    /// # Errors
    /// The database is away.
    pub async fn credit_note_numbered(&self, number: &str) -> Result<Option<CreditNote>, Error> {
        Ok(self.find::<Entity>().filter(Column::Number.eq(number)).only(self.conn()).await?)
    }

    /// All that were taken off this invoice, oldest first.
    ///
    /// # Errors
    /// The database is away.
    pub async fn credit_notes_of(&self, invoice: InvoiceId) -> Result<Vec<CreditNote>, Error> {
        self.credit_notes_of_all(&[invoice]).await
    }

    /// What the notes of an invoice were worth beyond what it owed: the customer's credit, wherever it has gone since.
    ///
    /// # Errors
    /// The database is away.
    pub async fn credit_beyond_due(&self, invoice: InvoiceId) -> Result<i64, Error> {
        let mut beyond = 0;
        let notes = self.credit_notes_of(invoice).await?;
        for note in notes.into_iter().filter(|note| note.voided_at.is_none()) {
            let allocated = self.credit_allocations(note.id).await?;
            let own = allocated.iter().filter(|allocation| allocation.invoice_id == invoice);
            beyond += note.total_minor - own.map(|allocation| allocation.amount_minor).sum::<i64>();
        }
        Ok(beyond)
    }

    /// The same of several.
    ///
    /// # Errors
    /// The database is away.
    pub async fn credit_notes_of_all(&self, among: &[InvoiceId]) -> Result<Vec<CreditNote>, Error> {
        let mut found = Vec::new();
        for chunk in among.chunks(ROWS_PER_STATEMENT) {
            let of = self.find::<Entity>().filter(Column::InvoiceId.is_in(chunk.iter().copied()));
            found.extend(of.order_by_asc(Column::CreatedAt).order_by_asc(Column::Id).all(self.conn()).await?);
        }
        Ok(found)
    }

    /// Those of a customer's of which something is left, oldest first.
    ///
    /// # Errors
    /// The database is away.
    pub async fn credit_notes_left(&self, customer: CustomerId) -> Result<Vec<CreditNote>, Error> {
        let theirs = self.mine::<invoices::Entity>(invoices::Column::Id, invoices::Column::CustomerId.eq(customer));
        let left = self.find::<Entity>().filter(Column::InvoiceId.in_subquery(theirs)).filter(Column::LeftMinor.gt(0));
        Ok(left.order_by_asc(Column::CreatedAt).order_by_asc(Column::Id).all(self.conn()).await?)
    }

    /// # Errors
    /// The database is away.
    pub async fn credit_notes_part(&self, part: Part<CreditNoteId>) -> Result<Vec<CreditNote>, Error> {
        Ok(part.of(self.find::<Entity>(), Column::Id).all(self.conn()).await?)
    }

    /// One page, newest first, and how many there are.
    ///
    /// # Errors
    /// The database is away.
    pub async fn credit_note_page(&self, page: u64, per_page: u64) -> Result<(Vec<CreditNote>, u64), Error> {
        let list = self.find::<Entity>().order_by_desc(Column::CreatedAt).order_by_asc(Column::Id);
        self.page(list, page, per_page).await
    }

    /// The same of those that were taken off a customer's invoices, without void ones.
    ///
    /// # Errors
    /// The database is away.
    pub async fn credit_note_page_of(
        &self,
        customer: CustomerId,
        page: u64,
        per_page: u64,
    ) -> Result<(Vec<CreditNote>, u64), Error> {
        let mut theirs = self.mine::<invoices::Entity>(invoices::Column::Id, invoices::Column::CustomerId.eq(customer));
        theirs.and_where(invoices::Column::Advance.is_null());
        let list = self.find::<Entity>().filter(Column::InvoiceId.in_subquery(theirs));
        let list = list.filter(Column::VoidedAt.is_null());
        self.page(list.order_by_desc(Column::CreatedAt).order_by_asc(Column::Id), page, per_page).await
    }
}
