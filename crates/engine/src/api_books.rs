//! What a program reads of its merchant's books: ours, or what was last read from an accounting package. Lists come in the order
//! of their ids, which never change: whoever reads on gets none twice, and all that stood there when they began. An id is a little
//! older than its row can be read, so that the youngest are not listed yet: nobody reads past one that is still being written.

use crate::{
    ApiPass, Does, Engine, Error, ImportLine, OwnInvoice,
    credit_invoice::{given, line as credit_line},
};
use chrono::{NaiveDate, TimeDelta};
use domain::{
    ids::{CreditNoteId, CustomerId, InvoiceId},
    invoice::InvoiceStatus,
    own_invoice::{Line, Prices},
};
use serde::Serialize;
use store::{CreditNote, Customer, Invoice, InvoiceFilter, Part};
use uuid::Uuid;

/// Longer than a statement waits for another one, so that whoever still writes a row this old has given up.
const SETTLED_AFTER: TimeDelta = TimeDelta::seconds(30);

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

impl<Id> ApiQuery<Id> {
    /// One row more is read than is shown: it says that there are others.
    pub(crate) fn part(self, before: Id) -> Part<Id> {
        Part { after: self.after, before: Some(before), limit: self.limit + 1 }
    }
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
    /// In no list of staff's.
    pub archived: bool,
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
    /// A draft's, where one was chosen.
    pub wanted_number: Option<String>,
    /// Whoever changes or issues a draft says which count they have seen.
    pub changes: i64,
    pub lines: Vec<ApiLine>,
}

#[derive(Debug, Serialize)]
pub struct ApiLine {
    pub description: String,
    pub quantity: String,
    pub unit_price_minor: i64,
    pub tax_percent: String,
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
    /// Not in lists.
    #[serde(flatten)]
    pub given: Option<ApiGiven>,
}

/// What a credit note is for, and where it went.
#[derive(Debug, Serialize)]
pub struct ApiGiven {
    /// May be none.
    pub lines: Vec<ApiLine>,
    pub allocated: Vec<ApiAllocated>,
}

/// What an invoice has of a credit note.
#[derive(Debug, Serialize)]
pub struct ApiAllocated {
    pub invoice: InvoiceId,
    pub amount_minor: i64,
}

/// Something in a table that was taken in, or would be.
#[derive(Debug, Serialize)]
pub struct ApiImported {
    pub line: usize,
    /// A customer's name, or an invoice's number.
    pub what: String,
    /// Whose invoice it is, by name.
    pub customer: Option<String>,
    pub total_minor: Option<i64>,
    pub does: Does,
}

impl From<ImportLine> for ApiImported {
    fn from(line: ImportLine) -> Self {
        let ImportLine { line, what, customer, total, does } = line;
        Self { line, what, customer, total_minor: total.map(|total| total.minor), does }
    }
}

impl<T> Listed<T> {
    /// All of a list that has one page.
    #[must_use]
    pub const fn whole(data: Vec<T>) -> Self {
        Self { data, next_cursor: None }
    }
}

impl Engine {
    /// The least id that a row has whose writing may not have ended.
    pub(crate) fn settled(&self) -> Uuid {
        let at_ms = (self.now() - SETTLED_AFTER).timestamp_millis();
        // The first 48 bits of an id are its milliseconds (RFC 9562, 5.7).
        Uuid::from_u128(u128::try_from(at_ms).unwrap_or_default() << 80)
    }

    /// # Errors
    /// The database is away.
    pub async fn api_customers(
        &self,
        api: &ApiPass,
        query: ApiQuery<CustomerId>,
    ) -> Result<Listed<ApiCustomer>, Error> {
        let rows = api.db.customers_part(query.part(CustomerId(self.settled()))).await?;
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
        let rows = api.db.invoices_part(&filter, query.part(InvoiceId(self.settled()))).await?;
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
        Ok(invoice(row, self.own_invoice(api, id).await?.map(written)))
    }

    /// # Errors
    /// The database is away.
    pub async fn api_credits(&self, api: &ApiPass, query: ApiQuery<CreditNoteId>) -> Result<Listed<ApiCredit>, Error> {
        let rows = api.db.credit_notes_part(query.part(CreditNoteId(self.settled()))).await?;
        Ok(listed(rows, query.limit, |row| row.id, |row| credit(row, None)))
    }

    /// What was credited of an invoice, oldest first.
    ///
    /// # Errors
    /// [`Error::NotFound`] also for another merchant's invoice.
    pub async fn api_credits_of(&self, api: &ApiPass, of: InvoiceId) -> Result<Listed<ApiCredit>, Error> {
        api.db.invoice(of).await?;
        let notes = api.db.credit_notes_of(of).await?;
        Ok(Listed::whole(notes.into_iter().map(|note| credit(note, None)).collect()))
    }

    /// With its lines, and where it went.
    ///
    /// # Errors
    /// [`Error::NotFound`] also for another merchant's.
    pub async fn api_credit(&self, api: &ApiPass, id: CreditNoteId) -> Result<ApiCredit, Error> {
        let note = api.db.credit_note(id).await?;
        let currency = note.total()?.currency;
        let lines = api.db.credit_lines(id).await?.into_iter().map(|row| line(credit_line(row, currency))).collect();
        let allocated = given(&api.db.credit_allocations(id).await?).into_iter();
        let allocated = allocated.map(|(invoice, amount_minor)| ApiAllocated { invoice, amount_minor }).collect();
        Ok(credit(note, Some(ApiGiven { lines, allocated })))
    }
}

/// The page of what was read for it by [`ApiQuery::part`].
pub(crate) fn listed<Row, Id: ToString, T>(
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
    let Customer { id, name, code, email, terms_days, address, archived, .. } = row;
    ApiCustomer { id, name, code, email, terms_days, address, archived }
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

fn written(own: OwnInvoice) -> ApiWritten {
    ApiWritten {
        tax_minor: own.sums.tax.minor,
        tax_included: own.prices == Prices::TaxIncluded,
        notes: own.typed.notes,
        wanted_number: (!own.typed.number.is_empty()).then_some(own.typed.number),
        changes: own.changes,
        lines: own.lines.into_iter().map(line).collect(),
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

fn credit(note: CreditNote, given: Option<ApiGiven>) -> ApiCredit {
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
        given,
    }
}
