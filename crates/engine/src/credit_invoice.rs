//! Staff, or a program of the merchant's, credit an invoice of books of our own: a credit note takes a part off it,
//! or all. What the invoice still owes gets it first; what is left stays as the customer's credit, for another invoice of theirs.

use crate::{
    AdminPass, BooksPass, Engine, Error, OwnBooksError,
    audit::{Actor, Audited},
    clock::zone,
    enter_payment::hand_minor,
    error::known,
    faces::{ROWS_PER_PAGE, page},
};
use domain::{
    ids::{CreditNoteId, InvoiceId},
    invoice::InvoiceStatus,
    money::Money,
    own_credit::{CreditTyped, read_part, tax_of},
    own_invoice::{NotNow, Step},
    views::{InvoiceFace, Page},
};
use store::{CreditNote, Invoice, InvoiceFilter, LedgerPayment, MerchantDb};
use uuid::Uuid;

/// A select holds no more.
const CHOICES_MAX: u64 = 200;

/// One press of Credit.
#[derive(Clone, Debug)]
pub struct CreditOrder {
    /// Minted with the form; the same id again is the same note.
    pub note: CreditNoteId,
    pub invoice: InvoiceId,
    pub typed: CreditTyped,
}

/// What the form of a credit note needs.
#[derive(Clone, Debug)]
pub struct CreditForm {
    pub note: CreditNoteId,
    pub invoice: InvoiceId,
    pub number: String,
    /// What can be credited of it still.
    pub left: Money,
}

/// A credit note in a list.
#[derive(Clone, Debug)]
pub struct CreditLine {
    pub id: CreditNoteId,
    pub number: String,
    pub invoice: InvoiceId,
    pub invoice_number: String,
    pub customer: String,
    pub date: chrono::NaiveDate,
    pub total: Money,
    pub tax: Money,
    /// What no invoice has got of it yet.
    pub left: Money,
    pub reason: String,
}

/// A credit note as its page shows it.
#[derive(Clone, Debug)]
pub struct CreditStory {
    pub line: CreditLine,
    /// Which invoices got how much of it, by their numbers.
    pub allocated: Vec<(InvoiceId, String, Money)>,
    /// Those of its customer that owe something.
    pub open: Vec<InvoiceFace>,
}

impl Engine {
    /// # Errors
    /// [`OwnBooksError::NotNow`] for an invoice of which nothing can be credited now; [`Error::NotFound`] also for another
    /// merchant's, and for one that nobody wrote here.
    pub async fn credit_form(&self, admin: &AdminPass, invoice: InvoiceId) -> Result<CreditForm, OwnBooksError> {
        self.own_books(&admin.db).await?;
        let row = admin.db.invoice(invoice).await?;
        admin.db.ledger_invoice(invoice).await?.ok_or(Error::NotFound)?;
        Step::Credit.may(row.status, false, admin.db.live_payment(invoice).await?.is_some())?;
        let beyond = admin.db.credit_beyond_due(invoice).await?;
        let left = left_to_credit(&row, beyond, &admin.db.ledger_payments_of(&[invoice]).await?)?;
        Ok(CreditForm { note: CreditNoteId(Uuid::now_v7()), invoice, number: row.number, left })
    }

    /// Credits an invoice, and gives the credit to what it still owes.
    ///
    /// # Errors
    /// [`OwnBooksError::Wrong`] with all that must be mended, [`OwnBooksError::NotNow`] while it is being paid.
    pub async fn credit_invoice(&self, keeper: impl Into<BooksPass>, order: &CreditOrder) -> Result<(), OwnBooksError> {
        let BooksPass { db, actor } = keeper.into();
        let set_up = self.own_books(&db).await?;
        let (tx, now) = (db.begin().await?, self.now());
        let series = tx.ledger_series_hold().await?;
        let (invoice, details) = tx.ledger_invoice_hold(order.invoice).await?;
        if known(tx.credit_note(order.note).await)?.is_some() {
            return Ok(());
        }
        Step::Credit.may(invoice.status, false, tx.live_payment(order.invoice).await?.is_some())?;
        let (total, before) = (invoice.total()?, credited(&invoice, &tx.credit_notes_of(order.invoice).await?)?);
        let (beyond, payments) =
            (tx.credit_beyond_due(order.invoice).await?, tx.ledger_payments_of(&[order.invoice]).await?);
        let read = order.typed.read(left_to_credit(&invoice, beyond, &payments)?)?;
        let tax = Money::new(details.tax_minor, total.currency);
        let note = CreditNote {
            merchant_id: tx.merchant_id(),
            id: order.note,
            invoice_id: order.invoice,
            number: tx.credit_number_take(series).await?,
            currency: invoice.currency.clone(),
            total_minor: read.amount.minor,
            tax_minor: tax_of(read.amount, (total, tax), before).map_err(Error::from)?.minor,
            left_minor: read.amount.minor,
            date: self.clock().today(zone(&set_up.merchant.time_zone)),
            reason: read.reason,
            created_at: now,
        };
        tx.credit_note_add(note.clone()).await?;
        let own_part = read.amount.minor.min(invoice.due_minor);
        if own_part > 0 {
            tx.credit_allocate(note, (invoice, details), own_part, now).await?;
        }
        let act = Audited::InvoiceCredited { note: order.note, invoice: order.invoice, amount: read.amount };
        tx.audit_add(act.slip(None, actor, now)?).await?;
        Ok(tx.commit().await?)
    }

    /// Gives what is left of a credit note, or a part of that, to an open invoice of the same customer. `left` is what the form
    /// has seen: the same press twice gives once.
    ///
    /// # Errors
    /// As above; [`OwnBooksError::Outdated`] when something else is left by now.
    pub async fn allocate_credit(
        &self,
        admin: &AdminPass,
        id: CreditNoteId,
        to: InvoiceId,
        amount: &str,
        left_minor: i64,
    ) -> Result<(), OwnBooksError> {
        self.own_books(&admin.db).await?;
        let (tx, now) = (admin.db.begin().await?, self.now());
        let (invoice, details) = tx.ledger_invoice_hold(to).await?;
        let note = tx.credit_note_hold(id).await?;
        if note.left_minor != left_minor {
            return Err(OwnBooksError::Outdated);
        }
        let is_of_customer = tx.invoice(note.invoice_id).await?.customer_id == invoice.customer_id;
        if invoice.status != InvoiceStatus::Open || !is_of_customer || invoice.currency != note.currency {
            return Err(OwnBooksError::at("invoice", "Choose an open invoice of the customer."));
        }
        Step::Credit.may(invoice.status, false, tx.live_payment(to).await?.is_some())?;
        let most = Money::new(note.left_minor.min(invoice.due_minor), note.total()?.currency);
        let amount = read_part(amount, most).map_err(|wrong| OwnBooksError::Wrong(vec![wrong]))?;
        tx.credit_allocate(note, (invoice, details), amount.minor, now).await?;
        let act = Audited::CreditAllocated { note: id, invoice: to, amount };
        tx.audit_add(act.slip(None, Actor::Staff(admin.person), now)?).await?;
        Ok(tx.commit().await?)
    }

    /// # Errors
    /// [`Error::NotFound`] where the books are not our own.
    pub async fn credit_notes(&self, admin: &AdminPass, number: u64) -> Result<Page<CreditLine>, Error> {
        self.own_books(&admin.db).await?;
        let (rows, total) = admin.db.credit_note_page(number, ROWS_PER_PAGE).await?;
        Ok(page(credit_lines(&admin.db, rows).await?, total, number, ""))
    }

    /// Those of one invoice.
    ///
    /// # Errors
    /// The database is away.
    pub async fn credits_of(&self, admin: &AdminPass, invoice: InvoiceId) -> Result<Vec<CreditLine>, Error> {
        let rows = admin.db.credit_notes_of(invoice).await?;
        credit_lines(&admin.db, rows).await
    }

    /// # Errors
    /// [`Error::NotFound`] also for another merchant's, and where the books are not our own.
    pub async fn credit_story(&self, admin: &AdminPass, id: CreditNoteId) -> Result<CreditStory, Error> {
        let set_up = self.own_books(&admin.db).await?;
        let db = &admin.db;
        let note = db.credit_note(id).await?;
        let (customer, total) = (db.invoice(note.invoice_id).await?.customer_id, note.total()?);
        let mut allocated = Vec::new();
        for allocation in db.credit_allocations(id).await? {
            let number = db.invoice(allocation.invoice_id).await?.number;
            allocated.push((allocation.invoice_id, number, Money::new(allocation.amount_minor, total.currency)));
        }
        let filter = InvoiceFilter { customer: Some(customer), only_open: true, ..InvoiceFilter::default() };
        let open = if note.left_minor > 0 { db.invoice_page(&filter, 1, CHOICES_MAX).await?.0 } else { Vec::new() };
        let open = self.invoice_faces(db, &set_up.merchant, open).await?;
        let line = credit_lines(db, vec![note]).await?.pop().ok_or(Error::NotFound)?;
        Ok(CreditStory { line, allocated, open })
    }
}

/// What was credited of an invoice, and the tax in it.
fn credited(invoice: &Invoice, notes: &[CreditNote]) -> Result<(Money, Money), Error> {
    let currency = invoice.total()?.currency;
    let sum = |part: fn(&CreditNote) -> i64| Money::new(notes.iter().map(part).sum(), currency);
    Ok((sum(|note| note.total_minor), sum(|note| note.tax_minor)))
}

/// What can be credited of an invoice still: what it owes, and what was paid on it past this portal and not given as credit
/// yet. What was paid here is given back by a refund, which credits the sale by itself: with a note as well, the customer
/// would have it twice.
fn left_to_credit(invoice: &Invoice, beyond_minor: i64, payments: &[LedgerPayment]) -> Result<Money, OwnBooksError> {
    let left = invoice.due_minor + (hand_minor(payments) - beyond_minor).max(0);
    if left > 0 { Ok(Money::new(left, invoice.total()?.currency)) } else { Err(NotNow::NothingToCredit.into()) }
}

async fn credit_lines(db: &MerchantDb, rows: Vec<CreditNote>) -> Result<Vec<CreditLine>, Error> {
    let mut lines = Vec::with_capacity(rows.len());
    for note in rows {
        let (invoice, customer) = db.invoice_with_customer(note.invoice_id).await?;
        let total = note.total()?;
        let money = |minor| Money::new(minor, total.currency);
        lines.push(CreditLine {
            id: note.id,
            invoice: invoice.id,
            invoice_number: invoice.number,
            customer: customer.name,
            date: note.date,
            total,
            tax: money(note.tax_minor),
            left: money(note.left_minor),
            number: note.number,
            reason: note.reason,
        });
    }
    Ok(lines)
}
