//! Staff, or a program of the merchant's, credit an invoice of books of our own: a credit note takes a part off it,
//! or all. What the invoice still owes gets it first; what is left stays as the customer's credit, for another invoice of theirs.

use crate::{
    AdminPass, BooksPass, Engine, Error, OwnBooksError,
    audit::Audited,
    clock::zone,
    enter_payment::hand_minor,
    error::known,
    faces::{ROWS_PER_PAGE, page},
    own_books::prices_of,
    use_credit::used_minor,
};
use domain::{
    ids::{CreditNoteId, InvoiceId},
    invoice::InvoiceStatus,
    money::{Currency, Money},
    own_credit::{CreditRead, CreditTyped, read_part, tax_of},
    own_invoice::{Line, NotNow, Prices, Quantity, Step, TOTAL_MAX_MINOR, TaxRate},
    views::{InvoiceFace, Page},
};
use std::collections::BTreeMap;
use store::{
    AdvanceUse, CreditAllocation, CreditNote, CreditNoteLine, Invoice, InvoiceFilter, LedgerInvoice, LedgerPayment,
    MerchantDb,
};
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
    /// As those of its lines are meant.
    pub prices: Prices,
    /// Whether it can be credited now.
    pub now: Result<(), NotNow>,
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
    /// It counts for nothing.
    pub is_void: bool,
}

/// A credit note as its page shows it.
#[derive(Clone, Debug)]
pub struct CreditStory {
    pub line: CreditLine,
    /// What it is for, where that was said one by one.
    pub lines: Vec<Line>,
    /// Staff may void it: it is not, and was given for no payment.
    pub can_void: bool,
    /// Which invoices got how much of it, by their numbers.
    pub allocated: Vec<(InvoiceId, String, Money)>,
    /// Those of its customer that owe something.
    pub open: Vec<InvoiceFace>,
}

impl Engine {
    /// # Errors
    /// [`Error::NotFound`] also for another merchant's invoice, and for one that nobody wrote here.
    pub async fn credit_form(&self, admin: &AdminPass, invoice: InvoiceId) -> Result<CreditForm, Error> {
        self.own_books(&admin.db).await?;
        let (db, row) = (&admin.db, admin.db.invoice(invoice).await?);
        let prices = prices_of(&db.ledger_invoice(invoice).await?.ok_or(Error::NotFound)?);
        let may = Step::Credit.may(row.status, false, db.live_payment(invoice).await?.is_some());
        let paid = paid_minor(&db.ledger_payments_of(&[invoice]).await?, &db.advance_uses_for(invoice).await?);
        let left = left_to_credit(&row, db.credit_beyond_due(invoice).await?, paid)?;
        let now = may.and_then(|()| something(left));
        Ok(CreditForm { note: CreditNoteId(Uuid::now_v7()), invoice, number: row.number, left, prices, now })
    }

    /// Credits an invoice, and gives the credit to what it still owes.
    ///
    /// # Errors
    /// [`OwnBooksError::Wrong`] with all that must be mended, [`OwnBooksError::NotNow`] while it is being paid,
    /// [`OwnBooksError::FormUsed`] when the note says something else.
    pub async fn credit_invoice(&self, keeper: impl Into<BooksPass>, order: &CreditOrder) -> Result<(), OwnBooksError> {
        let BooksPass { db, actor } = keeper.into();
        let set_up = self.own_books(&db).await?;
        let (tx, now) = (db.begin().await?, self.now());
        let series = tx.ledger_series_hold().await?;
        let (invoice, details) = tx.ledger_invoice_hold(order.invoice).await?;
        if let Some(stands) = known(tx.credit_note(order.note).await)? {
            let lines = tx.credit_lines(stands.id).await?;
            return if is_same(order, &stands, lines, &details)? { Ok(()) } else { Err(OwnBooksError::FormUsed) };
        }
        Step::Credit.may(invoice.status, false, tx.live_payment(order.invoice).await?.is_some())?;
        let (total, before) = (invoice.total()?, credited(&invoice, &tx.credit_notes_of(order.invoice).await?)?);
        let beyond = tx.credit_beyond_due(order.invoice).await?;
        let payments = tx.ledger_payments_of(&[order.invoice]).await?;
        let paid = paid_minor(&payments, &tx.advance_uses_for(order.invoice).await?);
        let left = left_to_credit(&invoice, beyond, paid)?;
        something(left)?;
        let read = order.typed.read(left, prices_of(&details))?;
        let tax = Money::new(details.tax_minor, total.currency);
        let note = CreditNote {
            merchant_id: tx.merchant_id(),
            id: order.note,
            invoice_id: order.invoice,
            number: tx.credit_number_take(series).await?,
            currency: invoice.currency.clone(),
            total_minor: read.amount.minor,
            tax_minor: tax_in(&read, (total, tax), before)?.minor,
            left_minor: read.amount.minor,
            date: self.clock().today(zone(&set_up.merchant.time_zone)),
            reason: read.reason,
            created_at: now,
            voided_at: None,
        };
        let lines = (1..).zip(read.lines).map(|(place, line)| row(&note, place, line)).collect();
        tx.credit_note_add(note.clone()).await?;
        tx.credit_lines_add(lines).await?;
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
        keeper: impl Into<BooksPass>,
        id: CreditNoteId,
        to: InvoiceId,
        amount: &str,
        left_minor: i64,
    ) -> Result<(), OwnBooksError> {
        let BooksPass { db, actor } = keeper.into();
        self.own_books(&db).await?;
        let (tx, now) = (db.begin().await?, self.now());
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
        tx.audit_add(act.slip(None, actor, now)?).await?;
        Ok(tx.commit().await?)
    }

    /// It was never meant: what invoices had of it, they owe again. Its number stays its own, and one that is void stays so.
    ///
    /// # Errors
    /// [`OwnBooksError::NotNow`] while one of them is being paid, [`OwnBooksError::Outdated`] when somebody uses it this moment;
    /// [`Error::NotFound`] also for one that was given for a payment.
    pub async fn void_credit(&self, keeper: impl Into<BooksPass>, id: CreditNoteId) -> Result<(), OwnBooksError> {
        let BooksPass { db, actor } = keeper.into();
        self.own_books(&db).await?;
        let (tx, now) = (db.begin().await?, self.now());
        // Invoices are held before notes, by everybody.
        let known = given(&tx.credit_allocations(id).await?);
        let mut invoices = Vec::with_capacity(known.len());
        for (invoice, minor) in &known {
            invoices.push((tx.ledger_invoice_hold(*invoice).await?, *minor));
            if tx.live_payment(*invoice).await?.is_some() {
                return Err(NotNow::BeingPaid.into());
            }
        }
        let mut note = tx.credit_note_hold(id).await?;
        if note.voided_at.is_some() {
            return Ok(());
        }
        if tx.invoice(note.invoice_id).await?.advance.is_some() {
            return Err(Error::NotFound.into());
        }
        if given(&tx.credit_allocations(id).await?) != known {
            return Err(OwnBooksError::Outdated);
        }
        let act = Audited::CreditVoided { note: id, amount: note.total()? };
        for (held, minor) in invoices {
            note = tx.credit_allocate(note, held, -minor, now).await?;
        }
        tx.credit_note_void(note, now).await?;
        tx.audit_add(act.slip(None, actor, now)?).await?;
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
        let (of, currency) = (db.invoice(note.invoice_id).await?, note.total()?.currency);
        let customer = of.customer_id;
        let allocated = given_by_number(db, &note).await?;
        let lines = db.credit_lines(id).await?.into_iter().map(|row| line(row, currency)).collect();
        let can_void = note.voided_at.is_none() && of.advance.is_none();
        let filter = InvoiceFilter { customer: Some(customer), only_open: true, ..InvoiceFilter::default() };
        let open = if note.left_minor > 0 { db.invoice_page(&filter, 1, CHOICES_MAX).await?.0 } else { Vec::new() };
        let open = self.invoice_faces(db, &set_up.merchant, open).await?;
        let line = credit_lines(db, vec![note]).await?.pop().ok_or(Error::NotFound)?;
        Ok(CreditStory { line, lines, can_void, allocated, open })
    }
}

/// What invoices have of a note, in the order in which they are held.
pub(crate) fn given(allocated: &[CreditAllocation]) -> BTreeMap<InvoiceId, i64> {
    let mut given: BTreeMap<InvoiceId, i64> = BTreeMap::new();
    for allocation in allocated {
        *given.entry(allocation.invoice_id).or_default() += allocation.amount_minor;
    }
    given.retain(|_, minor| *minor != 0);
    given
}

/// The same with their numbers.
pub(crate) async fn given_by_number(
    db: &MerchantDb,
    note: &CreditNote,
) -> Result<Vec<(InvoiceId, String, Money)>, Error> {
    let (currency, mut by_number) = (note.total()?.currency, Vec::new());
    for (invoice, minor) in given(&db.credit_allocations(note.id).await?) {
        by_number.push((invoice, db.invoice(invoice).await?.number, Money::new(minor, currency)));
    }
    Ok(by_number)
}

fn row(note: &CreditNote, place: i32, line: Line) -> CreditNoteLine {
    CreditNoteLine {
        merchant_id: note.merchant_id,
        credit_note_id: note.id,
        line: place,
        description: line.description,
        quantity_milli: line.quantity.milli,
        unit_minor: line.unit_price.minor,
        tax_ppm: line.tax.ppm,
    }
}

pub(crate) fn line(row: CreditNoteLine, currency: Currency) -> Line {
    Line {
        description: row.description,
        quantity: Quantity { milli: row.quantity_milli },
        unit_price: Money::new(row.unit_minor, currency),
        tax: TaxRate { ppm: row.tax_ppm },
    }
}

/// The tax in a credit of an invoice: that of its lines, as far as so much of it is left, or its part of it.
fn tax_in(read: &CreditRead, (total, tax): (Money, Money), before: (Money, Money)) -> Result<Money, OwnBooksError> {
    let Some(of_lines) = read.tax else {
        return Ok(tax_of(read.amount, (total, tax), before).map_err(Error::from)?);
    };
    let tax_left = tax.minor - before.1.minor;
    let net_left = total.minor - before.0.minor - tax_left;
    if of_lines.minor <= tax_left && read.amount.minor - of_lines.minor <= net_left {
        return Ok(of_lines);
    }
    let spelt = |minor| Money::new(minor, total.currency).to_decimal();
    let (tax_left, net_left) = (spelt(tax_left), spelt(net_left));
    let words =
        format!("Of the invoice, {tax_left} of tax and {net_left} without tax are left. Change the lines to that.");
    Err(OwnBooksError::at("tax-1", &words))
}

/// What was credited of an invoice, and the tax in it.
fn credited(invoice: &Invoice, notes: &[CreditNote]) -> Result<(Money, Money), Error> {
    let currency = invoice.total()?.currency;
    let stands = || notes.iter().filter(|note| note.voided_at.is_none());
    let sum = |part: fn(&CreditNote) -> i64| Money::new(stands().map(part).sum(), currency);
    Ok((sum(|note| note.total_minor), sum(|note| note.tax_minor)))
}

/// What was paid on an invoice past this portal, or by a credit of its customer's.
fn paid_minor(payments: &[LedgerPayment], uses: &[AdvanceUse]) -> i64 {
    hand_minor(payments) + used_minor(uses)
}

/// What can be credited of an invoice still: what it owes, and what was paid on it past this portal and not given as credit
/// yet. What was paid here is given back by a refund, which credits the sale by itself: with a note as well, the customer
/// would have it twice. Where money of an advance that had paid it went back, it owes again what it was credited already.
fn left_to_credit(invoice: &Invoice, beyond_minor: i64, paid_minor: i64) -> Result<Money, Error> {
    Ok(Money::new((invoice.due_minor + paid_minor - beyond_minor).max(0), invoice.total()?.currency))
}

const fn something(left: Money) -> Result<(), NotNow> {
    if left.minor > 0 { Ok(()) } else { Err(NotNow::NothingToCredit) }
}

/// Whether a note that stands is the one that is ordered.
fn is_same(
    order: &CreditOrder,
    stands: &CreditNote,
    lines: Vec<CreditNoteLine>,
    details: &LedgerInvoice,
) -> Result<bool, Error> {
    let total = stands.total()?;
    let most = Money::new(TOTAL_MAX_MINOR, total.currency);
    let Ok(read) = order.typed.read(most, prices_of(details)) else { return Ok(false) };
    let said = (stands.invoice_id, total, stands.reason.as_str());
    let lines: Vec<_> = lines.into_iter().map(|row| line(row, total.currency)).collect();
    Ok(said == (order.invoice, read.amount, read.reason.as_str()) && lines == read.lines)
}

pub(crate) async fn credit_lines(db: &MerchantDb, rows: Vec<CreditNote>) -> Result<Vec<CreditLine>, Error> {
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
            is_void: note.voided_at.is_some(),
            number: note.number,
            reason: note.reason,
        });
    }
    Ok(lines)
}
