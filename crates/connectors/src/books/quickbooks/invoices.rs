//! Invoices in QuickBooks Online, and those that we raise there: those of surcharges, and of what a bank took back
//! (`wire/accounting.md`, 2.4, 4.2 and 4.3).

use super::{
    QuickBooks, Undo,
    bodies::{NewLine, To},
    errors::{Trouble, refused, refused_for},
    query::quoted,
    unsaid,
    wire::{Invoice, NUMBER_MAX_CHARS},
};
use crate::books::{Books, BooksError, LineAccount, NewInvoice, RefusedCause, call::Call, other_invoice};
use chrono::NaiveDate;
use domain::{
    invoice::{BooksInvoice, InvoiceStatus},
    money::Currency,
};
use serde::Serialize;

const VOID: Undo = Undo { entity: "invoice", how: &[("operation", "void")] };
const DELETE: Undo = Undo { entity: "invoice", how: &[("operation", "delete")] };
/// What bears no tax, in the United States; elsewhere a whole document is said to be out of its scope.
pub const NO_TAX: &str = "NON";
const OUT_OF_SCOPE: &str = "NotApplicable";
pub const INCLUSIVE: &str = "TaxInclusive";

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Raised<'a> {
    doc_number: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    private_note: Option<&'a str>,
    customer_ref: To<'a>,
    currency_ref: To<'a>,
    txn_date: NaiveDate,
    due_date: NaiveDate,
    #[serde(skip_serializing_if = "Option::is_none")]
    global_tax_calculation: Option<&'static str>,
    /// QuickBooks' own payments would compete with ours.
    #[serde(rename = "AllowOnlineCreditCardPayment")]
    takes_their_cards: bool,
    #[serde(rename = "AllowOnlineACHPayment")]
    takes_their_debits: bool,
    line: [NewLine<'a>; 1],
}

impl QuickBooks {
    pub(super) fn understood(&self, invoice: &Invoice) -> Result<BooksInvoice, BooksError> {
        let unknown = || BooksError::Unreachable("an invoice that is not understood".to_owned());
        invoice.read(self.config.home_currency).ok_or_else(unknown)
    }

    /// An invoice of a kind that we cannot read must not stop the sync of all others.
    pub(super) fn readable(&self, invoice: &Invoice) -> Option<BooksInvoice> {
        let read = invoice.read(self.config.home_currency);
        if read.is_none() {
            tracing::warn!(invoice.number = invoice.number(), "an invoice in the books is not understood and left out");
        }
        read
    }

    /// How a document says that it bears no tax; nowhere in the United States.
    pub(super) fn out_of_scope(&self) -> Option<&'static str> {
        (self.config.home_currency != Currency::USD).then_some(OUT_OF_SCOPE)
    }

    pub(super) async fn numbered(&self, number: &str) -> Result<BooksInvoice, BooksError> {
        if number.is_empty() || number.chars().count() > NUMBER_MAX_CHARS {
            return Err(BooksError::NotFound);
        }
        let sentence = format!("SELECT * FROM Invoice WHERE DocNumber = {}", quoted(number)?);
        let (rows, _) = self.page::<Invoice>(&sentence).await?;
        let ours = rows.iter().filter(|invoice| invoice.number() == Some(number) && invoice.is_collected());
        let ours = ours.filter_map(|invoice| self.readable(invoice));
        // A number may be given again, also to what was not voided; what is open counts, and of several the oldest.
        ours.min_by_key(|invoice| (order(invoice.status), invoice.date)).ok_or(BooksError::NotFound)
    }

    pub(super) async fn raise(&self, new: &NewInvoice) -> Result<BooksInvoice, BooksError> {
        if let Some(found) = self.raised_before(new).await? {
            return Ok(found);
        }
        let untaxed = self.out_of_scope();
        let (tax, global_tax_calculation) = match new.tax.as_deref() {
            Some(tax) => (Some(tax), untaxed.map(|_| INCLUSIVE)),
            None => (untaxed.is_none().then_some(NO_TAX), untaxed),
        };
        let item = match &new.account {
            LineAccount::Named(item) => item.clone(),
            LineAccount::Clearing => self.returned_item(&new.idempotency_key).await?,
        };
        let body = Raised {
            doc_number: &new.number,
            private_note: new.reference.as_deref(),
            customer_ref: To { value: &new.customer_external_id },
            currency_ref: To { value: new.amount.currency.code() },
            txn_date: new.date,
            due_date: new.date,
            global_tax_calculation,
            takes_their_cards: false,
            takes_their_debits: false,
            line: [NewLine::of(new.amount, new.description.clone(), &item, tax, None)?],
        };
        match self.one::<Invoice>(Call::Write, self.write("invoice", &new.idempotency_key).json(&body)).await {
            // Whoever was as fast has raised it, or has given its number to something else.
            Err(Trouble::NumberTaken(_)) => self.raised_before(new).await?.ok_or_else(|| other_invoice(&new.number)),
            made => self.as_meant(&made?, new).await,
        }
    }

    /// What stands there by its number; refused when that is another.
    async fn raised_before(&self, new: &NewInvoice) -> Result<Option<BooksInvoice>, BooksError> {
        match self.numbered(&new.number).await {
            Err(BooksError::NotFound) => Ok(None),
            // Nobody's payments belong onto what was voided.
            Ok(found) if found.status == InvoiceStatus::Void || found.total != new.amount => {
                Err(other_invoice(&new.number))
            }
            found => found.map(Some),
        }
    }

    /// Nobody owes a tax that the books add on top, and by a number of their own nobody finds it: then it is taken out
    /// again, before anybody sees it.
    async fn as_meant(&self, made: &Invoice, new: &NewInvoice) -> Result<BooksInvoice, BooksError> {
        let read = made.read(self.config.home_currency).ok_or_else(|| unsaid("invoice"))?;
        if read.total == new.amount && read.number == new.number {
            return Ok(read);
        }
        self.undo(&DELETE, &read.external_id, |_: &Invoice| Ok(true)).await?;
        let (ours, theirs) = (new.amount.to_decimal(), read.total.to_decimal());
        Err(refused(format!(
            "The invoice {} over {ours} would have become {} over {theirs}. Custom transaction numbers must be on there, \
             and the tax of the surcharge one that may be in its amount.",
            new.number, read.number
        )))
    }

    pub(super) async fn void(&self, external_id: &str) -> Result<BooksInvoice, BooksError> {
        let unpaid = |invoice: &Invoice| {
            let read = self.understood(invoice)?;
            if read.status != InvoiceStatus::Void && read.due != read.total {
                let message = format!("Something is paid on the invoice {}.", read.number);
                return Err(refused_for(RefusedCause::NotAwaitingPayment, message));
            }
            Ok(read.status != InvoiceStatus::Void)
        };
        match self.undo(&VOID, external_id, unpaid).await? {
            Some(voided) => voided.read(self.config.home_currency).ok_or_else(|| unsaid("invoice")),
            None => self.invoice(external_id).await,
        }
    }
}

/// Which of two invoices with one number is meant.
const fn order(status: InvoiceStatus) -> u8 {
    match status {
        InvoiceStatus::Open => 0,
        InvoiceStatus::Paid => 1,
        InvoiceStatus::Draft | InvoiceStatus::Void => 2,
    }
}
