//! Staff, or a program of the merchant's, write an invoice of books of our own, issue it and void it. A draft is owed by nobody;
//! an issued one is changed no more, and stays when it is void. A program may also write and issue at once.

use crate::{
    AdminPass, BooksPass, Engine, OwnBooksError,
    audit::Audited,
    error::known,
    own_books::{line, may_void, prices_of, terms_of},
};
use chrono::{DateTime, Utc};
use domain::{
    ids::{CustomerId, InvoiceId, MerchantId},
    invoice::InvoiceStatus,
    money::Currency,
    own_customer::TERMS_DAYS_USUAL,
    own_invoice::{InvoiceRead, InvoiceTyped, Line, NotNow, Prices, Step, Wrong, read_series},
};
use store::{Customer, Invoice, LedgerInvoice, LedgerLine, LedgerSeries, MerchantTx, NewLedgerInvoice};

const NUMBER_TAKEN: &str = "Another invoice has this number.";

/// One press of Save.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Minted with the form; the same id again is the same invoice.
    pub invoice: InvoiceId,
    /// What the form has seen of it; absent for a new one.
    pub changes: Option<i64>,
    /// Absent where none was chosen.
    pub customer: Option<CustomerId>,
    pub typed: InvoiceTyped,
}

impl Engine {
    /// Writes a new draft, or one anew.
    ///
    /// # Errors
    /// [`OwnBooksError::Wrong`] with all that must be mended, [`OwnBooksError::Outdated`] when somebody has changed it since,
    /// [`OwnBooksError::FormUsed`] when a new one stands already and says something else; [`crate::Error::NotFound`] where the
    /// books are not our own.
    pub async fn write_draft(&self, keeper: impl Into<BooksPass>, draft: &Draft) -> Result<(), OwnBooksError> {
        let BooksPass { db, .. } = keeper.into();
        let set_up = self.own_books(&db).await?;
        let tx = db.begin().await?;
        // Two presses of one form come one after the other, and a number that is free stays so.
        tx.ledger_series_hold().await?;
        // The second one of a new invoice, which may be issued by now and have the number that it asks for.
        if draft.changes.is_none()
            && let Some(stands) = tx.ledger_invoice(draft.invoice).await?
        {
            let is_same = is_same(&tx, draft, stands, set_up.currency()?).await?;
            return if is_same { Ok(()) } else { Err(OwnBooksError::FormUsed) };
        }
        let (customer, read) = read(&tx, draft, set_up.currency()?).await?;
        if let Some(number) = &read.number
            && tx.invoice_number_is_taken(number).await?
        {
            return Err(OwnBooksError::at("number", NUMBER_TAKEN));
        }
        let new = document(tx.merchant_id(), draft.invoice, &customer, read, self.now());
        match draft.changes {
            Some(changes) => redraft(&tx, new, changes).await?,
            None => tx.ledger_invoices_add(vec![new]).await?,
        }
        Ok(tx.commit().await?)
    }

    /// From here on it is owed, under its number. One that is issued stays so. `mailed`: its customer gets it by mail, once.
    ///
    /// # Errors
    /// [`OwnBooksError::Outdated`] when it is not as it was shown, [`OwnBooksError::Wrong`] when its number is taken.
    pub async fn issue_invoice(
        &self,
        keeper: impl Into<BooksPass>,
        id: InvoiceId,
        changes: i64,
        mailed: bool,
    ) -> Result<(), OwnBooksError> {
        let BooksPass { db, actor } = keeper.into();
        self.own_books(&db).await?;
        let (tx, now) = (db.begin().await?, self.now());
        let mut series = tx.ledger_series_hold().await?;
        let (invoice, details) = tx.ledger_invoice_hold(id).await?;
        if details.issued_at.is_some() && invoice.status != InvoiceStatus::Void {
            return Ok(());
        }
        Step::Issue.may(invoice.status, false, false)?;
        if details.changes != changes {
            return Err(OwnBooksError::Outdated);
        }
        let number = tx.ledger_number_take(&mut series, details.wanted_number.as_deref()).await?;
        let number = number.ok_or_else(|| OwnBooksError::at("number", NUMBER_TAKEN))?;
        let issued = Invoice { number, status: InvoiceStatus::Open, read_at: now, ..invoice };
        let act = Audited::InvoiceIssued { invoice: id, total: issued.total()? };
        let details = on_paper(details, &tx.customer(issued.customer_id).await?, now);
        if mailed {
            self.write_invoice_mail(&tx, &issued, &details, 1).await?;
        }
        tx.ledger_invoice_rewrite(issued, details).await?;
        tx.audit_add(act.slip(None, actor, now)?).await?;
        tx.commit().await?;
        self.0.bell.notify_one();
        Ok(())
    }

    /// Writes an invoice that is owed from here on, all of it or nothing; the same id again is the same invoice.
    ///
    /// # Errors
    /// [`OwnBooksError::Wrong`] with all that must be mended; [`crate::Error::NotFound`] where the books are not our own.
    pub async fn write_issued(&self, keeper: impl Into<BooksPass>, new: &Draft) -> Result<(), OwnBooksError> {
        let BooksPass { db, actor } = keeper.into();
        let set_up = self.own_books(&db).await?;
        let (tx, now) = (db.begin().await?, self.now());
        let mut series = tx.ledger_series_hold().await?;
        if tx.ledger_invoice(new.invoice).await?.is_some() {
            return Ok(());
        }
        let (customer, read) = read(&tx, new, set_up.currency()?).await?;
        let number = tx.ledger_number_take(&mut series, read.number.as_deref()).await?;
        let number = Some(number.ok_or_else(|| OwnBooksError::at("number", NUMBER_TAKEN))?);
        let issued = issued(tx.merchant_id(), new.invoice, &customer, InvoiceRead { number, ..read }, now);
        let act = Audited::InvoiceIssued { invoice: new.invoice, total: issued.invoice.total()? };
        tx.ledger_invoices_add(vec![issued]).await?;
        tx.audit_add(act.slip(None, actor, now)?).await?;
        Ok(tx.commit().await?)
    }

    /// Nobody owes it any more. Its number stays its own. One that is void stays so.
    ///
    /// # Errors
    /// [`OwnBooksError::NotNow`] when something is paid on it, or is being paid.
    pub async fn void_invoice(&self, keeper: impl Into<BooksPass>, id: InvoiceId) -> Result<(), OwnBooksError> {
        let BooksPass { db, actor } = keeper.into();
        self.own_books(&db).await?;
        let (tx, now) = (db.begin().await?, self.now());
        let (invoice, details) = tx.ledger_invoice_hold(id).await?;
        if invoice.status == InvoiceStatus::Void {
            return Ok(());
        }
        may_void(&invoice, tx.live_payment(id).await?.is_some())?;
        // A credit of it that its customer has elsewhere stands, though all is owed again since the money that had paid it went
        // back: of an invoice that nobody owes, it would be credit for nothing.
        if tx.credit_beyond_due(id).await? > 0 {
            return Err(NotNow::PaidOn.into());
        }
        let void = Invoice { status: InvoiceStatus::Void, due_minor: 0, read_at: now, ..invoice };
        let act = Audited::InvoiceVoided { invoice: id, total: void.total()? };
        tx.ledger_invoice_rewrite(void, details).await?;
        tx.audit_add(act.slip(None, actor, now)?).await?;
        Ok(tx.commit().await?)
    }

    /// The series goes on with this number.
    ///
    /// # Errors
    /// [`OwnBooksError::Wrong`] when it does not end in digits.
    pub async fn set_next_number(&self, admin: &AdminPass, typed: &str) -> Result<(), OwnBooksError> {
        self.own_books(&admin.db).await?;
        let words = "Enter the next number with digits at its end, like INV-0042.";
        let (prefix, next, digits) = read_series(typed).ok_or_else(|| OwnBooksError::at("next_number", words))?;
        let tx = admin.db.begin().await?;
        let series = tx.ledger_series_hold().await?;
        tx.ledger_series_set(LedgerSeries { prefix, next, digits, ..series }).await?;
        Ok(tx.commit().await?)
    }
}

/// What was typed, with all that is wrong in it, the customer first.
async fn read(tx: &MerchantTx, draft: &Draft, currency: Currency) -> Result<(Customer, InvoiceRead), OwnBooksError> {
    let customer = match draft.customer {
        Some(id) => known(tx.customer(id).await)?,
        None => None,
    };
    let terms_days = customer.as_ref().map_or(TERMS_DAYS_USUAL, terms_of);
    match (customer, draft.typed.read(currency, terms_days)) {
        (Some(customer), read) => Ok((customer, read?)),
        (None, read) => {
            let mut wrong = vec![Wrong::at("customer", "Choose whose invoice it is.")];
            wrong.extend(read.err().into_iter().flatten());
            Err(OwnBooksError::Wrong(wrong))
        }
    }
}

/// Whether what was written is what is typed. The customer's terms may be others since: a due date that is not typed is no
/// difference.
async fn is_same(
    tx: &MerchantTx,
    draft: &Draft,
    details: LedgerInvoice,
    currency: Currency,
) -> Result<bool, OwnBooksError> {
    let stands = tx.invoice(draft.invoice).await?;
    let Ok(read) = draft.typed.read(currency, 0) else { return Ok(false) };
    let rows = tx.ledger_lines(draft.invoice).await?;
    let lines: Vec<_> = rows.into_iter().map(|row| line(row, currency)).collect();
    let is_due_as_said = draft.typed.due_date.trim().is_empty() || read.due_date == stands.due_date;
    let said =
        (Some(stands.customer_id), stands.date, prices_of(&details), details.notes, details.wanted_number, lines);
    Ok(is_due_as_said && said == (draft.customer, read.date, read.prices, read.notes, read.number, read.lines))
}

/// A draft with all of this in the place of what it had.
async fn redraft(tx: &MerchantTx, new: NewLedgerInvoice, seen: i64) -> Result<(), OwnBooksError> {
    let (stands, details) = tx.ledger_invoice_hold(new.invoice.id).await?;
    Step::Change.may(stands.status, false, false)?;
    if details.changes != seen {
        return Err(OwnBooksError::Outdated);
    }
    tx.ledger_lines_replace(stands.id, new.lines).await?;
    let details = LedgerInvoice { changes: seen, created_at: details.created_at, ..new.details };
    tx.ledger_invoice_rewrite(new.invoice, details).await?;
    Ok(())
}

/// The rows of a draft.
pub(crate) fn document(
    merchant_id: MerchantId,
    id: InvoiceId,
    customer: &Customer,
    read: InvoiceRead,
    now: DateTime<Utc>,
) -> NewLedgerInvoice {
    let invoice = Invoice {
        merchant_id,
        id,
        customer_id: customer.id,
        external_id: id.to_string(),
        number: draft_number(id),
        status: InvoiceStatus::Draft,
        currency: read.sums.total.currency.code().to_owned(),
        total_minor: read.sums.total.minor,
        due_minor: read.sums.total.minor,
        date: read.date,
        due_date: read.due_date,
        read_at: now,
        advance: None,
        purpose: None,
        reference: None,
    };
    let details = LedgerInvoice {
        merchant_id,
        invoice_id: id,
        tax_included: read.prices == Prices::TaxIncluded,
        tax_minor: read.sums.tax.minor,
        notes: read.notes,
        wanted_number: read.number,
        changes: 0,
        created_at: now,
        issued_at: None,
        customer_name: None,
        customer_address: None,
    };
    let lines = (1..).zip(read.lines).map(|(place, line)| row(merchant_id, id, place, line)).collect();
    NewLedgerInvoice { invoice, details, lines }
}

/// The rows of an invoice that is owed from the beginning, under the number that was chosen for it.
pub(crate) fn issued(
    merchant_id: MerchantId,
    id: InvoiceId,
    customer: &Customer,
    read: InvoiceRead,
    now: DateTime<Utc>,
) -> NewLedgerInvoice {
    let NewLedgerInvoice { invoice, mut details, lines } = document(merchant_id, id, customer, read, now);
    let number = details.wanted_number.take().unwrap_or_else(|| invoice.number.clone());
    let invoice = Invoice { number, status: InvoiceStatus::Open, ..invoice };
    NewLedgerInvoice { invoice, details: on_paper(details, customer, now), lines }
}

/// What an issued invoice keeps of its customer, whatever they are called later.
fn on_paper(details: LedgerInvoice, customer: &Customer, now: DateTime<Utc>) -> LedgerInvoice {
    let (customer_name, customer_address) = (Some(customer.name.clone()), customer.address.clone());
    LedgerInvoice { issued_at: Some(now), customer_name, customer_address, ..details }
}

/// What lists call it until it has a number: the end of its id, which is chance.
fn draft_number(id: InvoiceId) -> String {
    format!("Draft {}", &id.0.simple().to_string()[24..])
}

fn row(merchant_id: MerchantId, invoice_id: InvoiceId, place: i32, line: Line) -> LedgerLine {
    LedgerLine {
        merchant_id,
        invoice_id,
        line: place,
        description: line.description,
        quantity_milli: line.quantity.milli,
        unit_minor: line.unit_price.minor,
        tax_ppm: line.tax.ppm,
    }
}
