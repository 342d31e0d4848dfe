//! What staff read of books of our own: customers, invoices with their lines, and where the numbers stand. Merchants with an
//! accounting package find nothing here: what is owed to them is written there.

use crate::{
    AdminPass, BooksPass, Engine, Error, ListQuery,
    clock::zone,
    error::known,
    faces::{ROWS_PER_PAGE, page},
    set_up::SetUp,
};
use chrono::NaiveDate;
use domain::{
    ids::{CustomerId, InvoiceId},
    invoice::InvoiceStatus,
    money::{Currency, Money},
    own_customer::{CustomerTyped, TERMS_DAYS_USUAL},
    own_invoice::{InvoiceTyped, Line, LineTyped, NotNow, Prices, Quantity, Step, Sums, TaxRate},
    views::{InvoiceFace, Page},
};
use std::sync::Arc;
use store::{Customer, Invoice, InvoiceFilter, LedgerInvoice, LedgerLine, MerchantDb};
use uuid::Uuid;

/// A select holds no more than a person can look through; where there are more, they are searched.
const CHOICES_MAX: u64 = 500;
const FOUND_MAX: u64 = 50;

/// A customer as the form shows it.
#[derive(Clone, Debug)]
pub struct OwnCustomer {
    pub id: CustomerId,
    pub typed: CustomerTyped,
    /// In no list and no form.
    pub archived: bool,
}

/// What the form of an invoice needs besides what was typed.
#[derive(Clone, Debug)]
pub struct InvoiceForm {
    /// For a new one.
    pub invoice: InvoiceId,
    pub customers: Vec<(CustomerId, String)>,
    /// What they were searched for, where they are too many to list them all.
    pub find: Option<String>,
    /// What it gets where nothing is chosen, as far as one can know beforehand.
    pub next_number: String,
    pub currency: Currency,
    /// The merchant's.
    pub today: NaiveDate,
}

/// An invoice that staff wrote.
#[derive(Clone, Debug)]
pub struct OwnInvoice {
    pub id: InvoiceId,
    pub customer: CustomerId,
    pub status: InvoiceStatus,
    /// Forms bring it back: what has another count by then has changed.
    pub changes: i64,
    /// As its form shows it.
    pub typed: InvoiceTyped,
    pub prices: Prices,
    pub lines: Vec<Line>,
    pub sums: Sums,
    /// Name and address of whom it was for when it was issued.
    pub billed_to: Option<(String, String)>,
    /// Whether it may be voided.
    pub void: Result<(), NotNow>,
}

impl Engine {
    /// The set-up of a merchant whose books are our own.
    ///
    /// # Errors
    /// [`Error::NotFound`] for everybody else.
    pub(crate) async fn own_books(&self, db: &MerchantDb) -> Result<Arc<SetUp>, Error> {
        let set_up = self.set_up(db).await?;
        if set_up.has_own_books() { Ok(set_up) } else { Err(Error::NotFound) }
    }

    /// Those that are archived, or all others.
    ///
    /// # Errors
    /// [`Error::NotFound`] where the books are not our own.
    pub async fn own_customers(
        &self,
        admin: &AdminPass,
        list: ListQuery,
        archived: bool,
    ) -> Result<Page<OwnCustomer>, Error> {
        self.own_books(&admin.db).await?;
        let (rows, total) = admin.db.customer_page(&list.search, archived, list.page, ROWS_PER_PAGE).await?;
        Ok(page(rows.into_iter().map(own_customer).collect(), total, list.page, &list.search))
    }

    /// The id of a customer that is about to be written.
    ///
    /// # Errors
    /// [`Error::NotFound`] where the books are not our own.
    pub async fn new_customer(&self, admin: &AdminPass) -> Result<CustomerId, Error> {
        self.own_books(&admin.db).await?;
        Ok(CustomerId(Uuid::now_v7()))
    }

    /// # Errors
    /// [`Error::NotFound`] also for another merchant's customer, and where the books are not our own.
    pub async fn own_customer(&self, admin: &AdminPass, id: CustomerId) -> Result<OwnCustomer, Error> {
        self.own_books(&admin.db).await?;
        Ok(own_customer(admin.db.customer(id).await?))
    }

    /// # Errors
    /// [`Error::NotFound`] where the books are not our own.
    pub async fn own_invoices(&self, admin: &AdminPass, list: ListQuery) -> Result<Page<InvoiceFace>, Error> {
        let set_up = self.own_books(&admin.db).await?;
        // Whoever looks for one finds it.
        let but_discarded = list.search.is_empty();
        let filter = InvoiceFilter { search: list.search, but_discarded, ..InvoiceFilter::default() };
        let (rows, total) = admin.db.invoice_page(&filter, list.page, ROWS_PER_PAGE).await?;
        let faces = self.invoice_faces(&admin.db, &set_up.merchant, rows).await?;
        Ok(page(faces, total, list.page, &filter.search))
    }

    /// The form of an invoice of `chosen`, who is among the customers whatever else is found.
    ///
    /// # Errors
    /// [`Error::NotFound`] where the books are not our own.
    pub async fn invoice_form(
        &self,
        admin: &AdminPass,
        find: &str,
        chosen: Option<CustomerId>,
    ) -> Result<InvoiceForm, Error> {
        let set_up = self.own_books(&admin.db).await?;
        let (mut customers, total) = admin.db.customer_page("", false, 1, CHOICES_MAX).await?;
        let are_many = total > CHOICES_MAX;
        if are_many {
            (customers, _) = admin.db.customer_page(find, false, 1, FOUND_MAX).await?;
        }
        if let Some(chosen) = chosen
            && customers.iter().all(|customer| customer.id != chosen)
        {
            customers.extend(known(admin.db.customer(chosen).await)?);
        }
        Ok(InvoiceForm {
            invoice: InvoiceId(Uuid::now_v7()),
            customers: customers.into_iter().map(|customer| (customer.id, customer.name)).collect(),
            find: are_many.then(|| find.to_owned()),
            next_number: admin.db.ledger_series().await?.spelt(),
            currency: set_up.currency()?,
            today: self.clock().today(zone(&set_up.merchant.time_zone)),
        })
    }

    /// None for an invoice that nobody wrote here, like one of an accounting package.
    ///
    /// # Errors
    /// [`Error::NotFound`] also for another merchant's invoice.
    pub async fn own_invoice(&self, keeper: impl Into<BooksPass>, id: InvoiceId) -> Result<Option<OwnInvoice>, Error> {
        let BooksPass { db, .. } = keeper.into();
        written_here(&db, &db.invoice(id).await?).await
    }
}

/// An invoice with its lines; none for one that nobody wrote here.
pub(crate) async fn written_here(db: &MerchantDb, invoice: &Invoice) -> Result<Option<OwnInvoice>, Error> {
    // An advance has them for its credit note alone.
    let details = db.ledger_invoice(invoice.id).await?.filter(|_| invoice.advance.is_none());
    let Some(details) = details else { return Ok(None) };
    let lines = db.ledger_lines(invoice.id).await?;
    let being_paid = db.live_payment(invoice.id).await?.is_some();
    own_invoice(invoice, details, lines, being_paid).map(Some)
}

fn own_customer(row: Customer) -> OwnCustomer {
    let archived = row.archived;
    let typed = CustomerTyped {
        terms_days: terms_of(&row).to_string(),
        name: row.name,
        code: row.code.unwrap_or_default(),
        email: row.email.unwrap_or_default(),
        address: row.address.unwrap_or_default(),
    };
    OwnCustomer { id: row.id, typed, archived }
}

/// How many days the customer's invoices give.
pub(crate) fn terms_of(customer: &Customer) -> u32 {
    customer.terms_days.and_then(|days| u32::try_from(days).ok()).unwrap_or(TERMS_DAYS_USUAL)
}

/// Why it may not be voided, if it may not.
pub(crate) fn may_void(invoice: &Invoice, being_paid: bool) -> Result<(), NotNow> {
    Step::Void.may(invoice.status, invoice.due_minor != invoice.total_minor, being_paid)
}

fn own_invoice(
    invoice: &Invoice,
    details: LedgerInvoice,
    rows: Vec<LedgerLine>,
    being_paid: bool,
) -> Result<OwnInvoice, Error> {
    let currency = invoice.total()?.currency;
    let prices = prices_of(&details);
    let address = details.customer_address.unwrap_or_default();
    let billed_to = details.customer_name.map(|name| (name, address));
    let lines: Vec<_> = rows.into_iter().map(|row| line(row, currency)).collect();
    let typed = InvoiceTyped {
        number: details.wanted_number.unwrap_or_default(),
        date: invoice.date.to_string(),
        due_date: invoice.due_date.to_string(),
        tax_included: details.tax_included,
        notes: details.notes,
        lines: lines.iter().map(typed_line).collect(),
    };
    Ok(OwnInvoice {
        id: invoice.id,
        customer: invoice.customer_id,
        status: invoice.status,
        changes: details.changes,
        typed,
        prices,
        sums: Sums::of(&lines, prices, currency)?,
        lines,
        billed_to,
        void: may_void(invoice, being_paid),
    })
}

pub(crate) const fn prices_of(details: &LedgerInvoice) -> Prices {
    if details.tax_included { Prices::TaxIncluded } else { Prices::TaxExcluded }
}

pub(crate) fn line(row: LedgerLine, currency: Currency) -> Line {
    Line {
        description: row.description,
        quantity: Quantity { milli: row.quantity_milli },
        unit_price: Money::new(row.unit_minor, currency),
        tax: TaxRate { ppm: row.tax_ppm },
    }
}

fn typed_line(line: &Line) -> LineTyped {
    LineTyped {
        description: line.description.clone(),
        quantity: line.quantity.to_string(),
        unit_price: line.unit_price.to_decimal(),
        tax: line.tax.percent(),
    }
}
