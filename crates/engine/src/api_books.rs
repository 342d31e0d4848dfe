//! What a program reads of its merchant's books: ours, or what was last read from an accounting package. Lists come in the order
//! of their ids, which never change: whoever reads on gets none twice, and all that stood there when they began.

use crate::{ApiPass, Engine, Error, HandPayment};
use chrono::NaiveDate;
use domain::{
    ids::{CreditNoteId, CustomerId, InvoiceId, LedgerPaymentId},
    invoice::InvoiceStatus,
    own_invoice::{Line, Prices},
};
use serde::Serialize;
use store::{CreditNote, Customer, Invoice, InvoiceFilter};

/// One page of a list.
#[derive(Debug, Serialize)]
pub struct Listed<T> {
    pub data: Vec<T>,
    /// What brings the next one; absent where the list ends.
    pub next_cursor: Option<String>,
}

/// Which page, and how many rows of it at most.
#[derive(Clone, Copy, Debug)]
pub struct ApiQuery<Id> {
    pub after: Option<Id>,
    pub limit: u64,
}

#[derive(Debug, Serialize)]
pub struct ApiCustomer {
    pub id: CustomerId,
    pub name: String,
    pub code: Option<String>,
    pub email: Option<String>,
    /// Where the books are our own.
    pub terms_days: Option<i32>,
    pub address: Option<String>,
}

#[derive(Debug, Serialize)]
pub struct ApiInvoice {
    pub id: InvoiceId,
    pub number: String,
    pub customer: CustomerId,
    pub status: InvoiceStatus,
    pub currency: String,
    pub total_minor: i64,
    pub due_minor: i64,
    pub date: NaiveDate,
    pub due_date: NaiveDate,
    /// What else is known of one that was written here; not in lists.
    #[serde(flatten)]
    pub written: Option<ApiWritten>,
}

#[derive(Debug, Serialize)]
pub struct ApiWritten {
    pub tax_minor: i64,
    pub tax_included: bool,
    pub notes: String,
    pub lines: Vec<ApiLine>,
}

#[derive(Debug, Serialize)]
pub struct ApiLine {
    pub description: String,
    pub quantity: String,
    pub unit_price_minor: i64,
    pub tax_percent: String,
}

/// Paid past the portal.
#[derive(Debug, Serialize)]
pub struct ApiPayment {
    pub id: LedgerPaymentId,
    pub invoice: InvoiceId,
    pub currency: String,
    pub amount_minor: i64,
    pub date: NaiveDate,
    pub reference: String,
    pub taken_back: bool,
}

#[derive(Debug, Serialize)]
pub struct ApiCredit {
    pub id: CreditNoteId,
    pub number: String,
    pub invoice: InvoiceId,
    pub currency: String,
    pub total_minor: i64,
    pub tax_minor: i64,
    /// What no invoice has got of it yet.
    pub left_minor: i64,
    pub date: NaiveDate,
    pub reason: String,
    /// It counts for nothing.
    pub voided: bool,
}

impl Engine {
    /// # Errors
    /// The database is away.
    pub async fn api_customers(
        &self,
        api: &ApiPass,
        query: ApiQuery<CustomerId>,
    ) -> Result<Listed<ApiCustomer>, Error> {
        let rows = api.db.customers_after(query.after, query.limit + 1).await?;
        Ok(listed(rows, query.limit, |row| row.id, customer))
    }

    /// # Errors
    /// [`Error::NotFound`] also for another merchant's customer.
    pub async fn api_customer(&self, api: &ApiPass, id: CustomerId) -> Result<ApiCustomer, Error> {
        Ok(customer(api.db.customer(id).await?))
    }

    /// Those of one customer, or with one status, where that is asked for.
    ///
    /// # Errors
    /// The database is away.
    pub async fn api_invoices(
        &self,
        api: &ApiPass,
        of: Option<CustomerId>,
        status: Option<InvoiceStatus>,
        query: ApiQuery<InvoiceId>,
    ) -> Result<Listed<ApiInvoice>, Error> {
        let filter = InvoiceFilter { customer: of, status, ..InvoiceFilter::default() };
        let rows = api.db.invoices_after(&filter, query.after, query.limit + 1).await?;
        Ok(listed(rows, query.limit, |row| row.id, |row| invoice(row, None)))
    }

    /// With its lines, where it was written here.
    ///
    /// # Errors
    /// [`Error::NotFound`] also for another merchant's invoice, and for what is none.
    pub async fn api_invoice(&self, api: &ApiPass, id: InvoiceId) -> Result<ApiInvoice, Error> {
        let row = api.db.invoice(id).await?;
        if row.advance.is_some() {
            return Err(Error::NotFound);
        }
        let written = self.own_invoice(api, id).await?.map(|own| ApiWritten {
            tax_minor: own.sums.tax.minor,
            tax_included: own.prices == Prices::TaxIncluded,
            notes: own.typed.notes,
            lines: own.lines.into_iter().map(line).collect(),
        });
        Ok(invoice(row, written))
    }

    /// What was paid on an invoice past the portal, oldest first.
    ///
    /// # Errors
    /// [`Error::NotFound`] also for another merchant's invoice.
    pub async fn api_payments(&self, api: &ApiPass, of: InvoiceId) -> Result<Listed<ApiPayment>, Error> {
        api.db.invoice(of).await?;
        let payments = self.payments_by_hand(api, of).await?.into_iter().map(|paid| payment(of, paid));
        Ok(Listed { data: payments.collect(), next_cursor: None })
    }

    /// # Errors
    /// The database is away.
    pub async fn api_credits(&self, api: &ApiPass, query: ApiQuery<CreditNoteId>) -> Result<Listed<ApiCredit>, Error> {
        let rows = api.db.credit_notes_after(query.after, query.limit + 1).await?;
        Ok(listed(rows, query.limit, |row| row.id, credit))
    }

    /// What was credited of an invoice, oldest first.
    ///
    /// # Errors
    /// [`Error::NotFound`] also for another merchant's invoice.
    pub async fn api_credits_of(&self, api: &ApiPass, of: InvoiceId) -> Result<Listed<ApiCredit>, Error> {
        api.db.invoice(of).await?;
        let notes = api.db.credit_notes_of(of).await?;
        Ok(Listed { data: notes.into_iter().map(credit).collect(), next_cursor: None })
    }

    /// # Errors
    /// [`Error::NotFound`] also for another merchant's.
    pub async fn api_credit(&self, api: &ApiPass, id: CreditNoteId) -> Result<ApiCredit, Error> {
        Ok(credit(api.db.credit_note(id).await?))
    }
}

/// One row more was read than is shown: it says that there are others.
fn listed<Row, Id: ToString, T>(
    mut rows: Vec<Row>,
    limit: u64,
    id: impl Fn(&Row) -> Id,
    face: impl Fn(Row) -> T,
) -> Listed<T> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let is_more = rows.len() > limit;
    rows.truncate(limit);
    let next_cursor = rows.last().filter(|_| is_more).map(|row| id(row).to_string());
    Listed { data: rows.into_iter().map(face).collect(), next_cursor }
}

fn customer(row: Customer) -> ApiCustomer {
    let Customer { id, name, code, email, terms_days, address, .. } = row;
    ApiCustomer { id, name, code, email, terms_days, address }
}

fn invoice(row: Invoice, written: Option<ApiWritten>) -> ApiInvoice {
    ApiInvoice {
        id: row.id,
        number: row.number,
        customer: row.customer_id,
        status: row.status,
        currency: row.currency,
        total_minor: row.total_minor,
        due_minor: row.due_minor,
        date: row.date,
        due_date: row.due_date,
        written,
    }
}

fn line(line: Line) -> ApiLine {
    ApiLine {
        description: line.description,
        quantity: line.quantity.to_string(),
        unit_price_minor: line.unit_price.minor,
        tax_percent: line.tax.percent(),
    }
}

fn payment(invoice: InvoiceId, paid: HandPayment) -> ApiPayment {
    ApiPayment {
        id: paid.payment,
        invoice,
        currency: paid.amount.currency.to_string(),
        amount_minor: paid.amount.minor,
        date: paid.date,
        reference: paid.reference,
        taken_back: paid.is_back,
    }
}

fn credit(note: CreditNote) -> ApiCredit {
    ApiCredit {
        id: note.id,
        number: note.number,
        invoice: note.invoice_id,
        currency: note.currency,
        total_minor: note.total_minor,
        tax_minor: note.tax_minor,
        left_minor: note.left_minor,
        date: note.date,
        voided: note.voided_at.is_some(),
        reason: note.reason,
    }
}
