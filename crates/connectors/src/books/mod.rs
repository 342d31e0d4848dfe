//! The port to the accounting package: the only source of amounts, and where each payment must stand.

mod call;
pub mod consent;
mod customers;
mod news;
pub mod oauth;
pub mod quickbooks;
pub mod set_up;
pub mod toll;
pub mod xero;

pub use customers::NewCustomer;
pub use news::{BooksNews, Change};

use crate::http::Answer;
use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    advance::AdvanceKind,
    invoice::{BooksCustomer, BooksInvoice, InvoiceStatus},
    money::Money,
};
use http::header;
use secrecy::SecretString;
use serde::Deserialize;
use std::time::Duration;

const PDF: &str = "application/pdf";
/// What is larger is no invoice that anybody wants to open.
const PDF_MAX_BYTES: usize = 10 * 1024 * 1024;

/// One page of what changed in the books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangesPage {
    pub customers: Vec<BooksCustomer>,
    pub invoices: Vec<BooksInvoice>,
    /// Invoices that the books have deleted, by their ids there.
    pub gone: Vec<String>,
    /// How many documents are behind this page, where the books say.
    pub left: Option<u64>,
    pub next: Next,
}

/// What comes after a page. A cursor is opaque to everybody but its adapter, and may be kept: reading goes on there, and
/// nothing is missed, whatever changed in the books since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Another page, which begins here.
    More(String),
    /// It was the last one.
    Done {
        /// Where the next delta starts.
        cursor: String,
        /// What the books have deleted stood on the pages too; otherwise only a look through all that is open finds it.
        deletions_told: bool,
    },
}

/// One page of all invoices of which something is due. What is paid meanwhile leaves the list and pulls others forward, past a
/// page that was read: what stands on none of them may be open all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenPage {
    pub invoices: Vec<BooksInvoice>,
    pub left: Option<u64>,
    /// Where the next page begins, if there is one.
    pub next: Option<String>,
}

/// Which advances these books have a place for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Advances {
    pub over_payments: bool,
    pub prepayments: bool,
    pub quotes: bool,
}

/// Money that pays no invoice and stays as the customer's credit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advance {
    pub kind: AdvanceKind,
    /// The books' id of the customer.
    pub customer_external_id: String,
    /// Ours, and how it is found again. Of a quote it is that of the invoice; the credit's is
    /// [`domain::advance::quote_credit_number`] of it.
    pub number: String,
    /// What it is for, for people.
    pub purpose: String,
}

/// A payment to write into the books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostPayment {
    /// Derived from our attempt: the same posting always carries the same key.
    pub idempotency_key: String,
    /// The books' id of the invoice; our own of an advance.
    pub invoice_external_id: String,
    /// Absent for what pays an invoice.
    pub advance: Option<Advance>,
    pub amount: Money,
    pub date: NaiveDate,
    /// The gateway's id of the charge: how the posting is found again.
    pub reference: String,
}

impl PostPayment {
    /// What it is for, when that is a quote.
    #[must_use]
    pub fn quote(&self) -> Option<&Advance> {
        self.advance.as_ref().filter(|advance| advance.kind == AdvanceKind::Quote)
    }
}

/// An invoice of ours, to be raised in the books: what was added for the way of paying, or what a bank took back whose payment
/// stays there (`wire/accounting.md`, 4.2 and 4.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewInvoice {
    /// The same invoice always carries the same key.
    pub idempotency_key: String,
    /// Ours, and how it is found again.
    pub number: String,
    /// The books' id of the customer.
    pub customer_external_id: String,
    /// Tax included.
    pub amount: Money,
    pub date: NaiveDate,
    pub description: String,
    /// Beside its number, for people.
    pub reference: Option<String>,
    pub account: LineAccount,
    /// What the books call the tax that is in it; none is in it without one.
    pub tax: Option<String>,
}

/// Which account the one line of an invoice of ours is on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LineAccount {
    /// By what the books call it, or what is sold on it.
    Named(String),
    /// The one that payments stand on.
    Clearing,
}

/// A payment that stands in the books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posted {
    pub external_id: String,
    /// The invoice after it, when it pays one and the books said.
    pub invoice: Option<BooksInvoice>,
}

/// Money that was paid back, to be written into the books: the sale is credited, and the credit paid out of the
/// clearing account (`wire/accounting.md`, 4.5). The invoice stays paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostRefund {
    /// Derived from our refund: the keys of both steps follow from it.
    pub idempotency_key: String,
    /// The books' id of the invoice; our own of an advance.
    pub invoice_external_id: String,
    /// What is paid out is the advance itself, and no sale is credited.
    pub advance: Option<Advance>,
    pub amount: Money,
    pub date: NaiveDate,
    /// Of the credit, and how it is found again.
    pub number: String,
    /// The gateway's id of the refund: how the payment is found again.
    pub reference: String,
}

impl PostRefund {
    /// What it pays back of, when that was paid for a quote.
    #[must_use]
    pub fn quote(&self) -> Option<&Advance> {
        self.advance.as_ref().filter(|advance| advance.kind == AdvanceKind::Quote)
    }
}

/// The credit of a quote's payment, as it stands in the books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuoteCredit {
    pub external_id: String,
    pub total: Money,
    /// What no invoice has got of it, and nobody was paid back.
    pub remaining: Money,
    pub applied: Vec<Applied>,
}

/// What an invoice has got of a credit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    pub invoice_external_id: String,
    pub amount: Money,
}

/// So much of a quote's credit for an invoice of the same customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplyCredit {
    /// The same application always carries the same key.
    pub idempotency_key: String,
    pub credit_number: String,
    pub invoice_external_id: String,
    pub amount: Money,
    pub date: NaiveDate,
}

impl ApplyCredit {
    /// The books have it already: so much of the credit stands on that invoice.
    #[must_use]
    pub fn is(&self, applied: &Applied) -> bool {
        applied.invoice_external_id == self.invoice_external_id && applied.amount == self.amount
    }
}

/// A refund that stands in the books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostedRefund {
    /// Where the books have a document for the credit.
    pub credit_id: Option<String>,
    pub external_id: String,
}

/// A payment as the books list it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BooksPayment {
    pub external_id: String,
    /// What we wrote there: the gateway's id of the charge or of the refund.
    pub reference: String,
    /// Decimal text, negative for money that was paid back: the books do not name the currency beside it.
    pub amount: String,
    /// The books' id of the invoice that it pays; absent for what pays a credit out, for an advance, and in books of our
    /// own: of what a restored copy lacks, they tell nothing.
    pub invoice_external_id: Option<String>,
}

/// The secret half of a books connection. It changes on every refresh and must be stored before it is used.
#[derive(Clone, Debug, Deserialize)]
pub struct TokenSet {
    pub access_token: SecretString,
    pub refresh_token: SecretString,
    pub expires_at: DateTime<Utc>,
}

/// Why the books did not do it. Each kind has its own remedy (D30).
#[derive(Debug, thiserror::Error)]
pub enum BooksError {
    /// Nothing was sent, or the vendor failed: try again later with the same key.
    #[error("the books cannot be reached: {0}")]
    Unreachable(String),
    #[error("the books ask for patience")]
    Busy { after: Option<Duration> },
    /// Nothing was sent: they take no more calls of ours before then, or others come first.
    #[error("the books take no more calls now")]
    NotNow { until: DateTime<Utc> },
    /// The access token is not accepted: refresh once.
    #[error("the books want a fresh access token")]
    TokenExpired,
    /// The grant is gone: a person must connect again.
    #[error("the books must be connected again: {0}")]
    Disconnected(String),
    #[error("the books do not have it")]
    NotFound,
    #[error("the books refused it: {message}")]
    Refused { cause: RefusedCause, message: String },
    /// A refund is half-written, or half taken out: its credit stands without its payment, and they refused the rest.
    #[error("the books have a credit without its payment, and refused the rest: {message}")]
    CreditUnpaid { credit_id: String, cause: RefusedCause, message: String },
    /// After the first byte of a write: it may stand in the books. Look it up before a re-send.
    #[error("the books' answer cannot be trusted: {0}")]
    Unknown(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusedCause {
    PeriodLocked,
    /// The amount is more than what is left on the document.
    MoreThanDue,
    /// Paid, void or draft: not awaiting payment.
    NotAwaitingPayment,
    /// A customer's name belongs to somebody else.
    NameTaken,
    /// Whoever is meant was put away there.
    Archived,
    Other,
}

/// What stands under our reference over another amount was entered by a person, who must put it right: taken for ours, it
/// would leave an invoice paid, or owed, by what nobody paid.
#[must_use]
pub fn other_amount(payment: &PostPayment, found: &str) -> BooksError {
    let (reference, ours) = (&payment.reference, payment.amount.to_decimal());
    let message = format!("A payment of {found} stands there with the reference {reference}, which is of {ours}.");
    BooksError::Refused { cause: RefusedCause::Other, message }
}

/// An invoice of ours stands there by its number, and is another.
#[must_use]
pub fn other_invoice(number: &str) -> BooksError {
    let message = format!("Another invoice stands there with the number {number}.");
    BooksError::Refused { cause: RefusedCause::Other, message }
}

/// The same of a credit.
#[must_use]
pub fn other_credit(number: &str) -> BooksError {
    let message = format!("Another credit stands there with the number {number}.");
    BooksError::Refused { cause: RefusedCause::Other, message }
}

#[must_use]
pub fn no_credit(number: &str) -> BooksError {
    let message = format!("The credit {number} does not stand there.");
    BooksError::Refused { cause: RefusedCause::Other, message }
}

/// Some of a credit is applied or was paid back, and what is wanted of it is more than the rest.
#[must_use]
pub fn less_is_left(number: &str, wanted: Money) -> BooksError {
    let message = format!("Less than {} is left of the credit {number}.", wanted.to_decimal());
    BooksError::Refused { cause: RefusedCause::MoreThanDue, message }
}

#[must_use]
pub fn is_used(number: &str) -> BooksError {
    let message = format!("The credit {number} has been used.");
    BooksError::Refused { cause: RefusedCause::MoreThanDue, message }
}

/// What is due of an invoice once it has got so much.
///
/// # Errors
/// Why it does not take that.
pub fn due_after(invoice: &BooksInvoice, amount: Money) -> Result<Money, BooksError> {
    let BooksInvoice { number, due, status, .. } = invoice;
    let Ok(left) = due.minus(amount) else {
        let message = format!("The invoice {number} is in {}.", due.currency);
        return Err(BooksError::Refused { cause: RefusedCause::Other, message });
    };
    let cause = match status {
        InvoiceStatus::Open if left.minor >= 0 => return Ok(left),
        InvoiceStatus::Open => RefusedCause::MoreThanDue,
        InvoiceStatus::Draft | InvoiceStatus::Paid | InvoiceStatus::Void => RefusedCause::NotAwaitingPayment,
    };
    let message = format!("Of the invoice {number} {} is due, and not {}.", due.to_decimal(), amount.to_decimal());
    Err(BooksError::Refused { cause, message })
}

/// Whether the answer may be passed on as a document: by what it is called, by what it is, and by its size.
fn is_pdf(answer: &Answer) -> bool {
    let kind = answer.headers.get(header::CONTENT_TYPE).map_or(b"".as_slice(), |kind| kind.as_bytes());
    let called = kind.starts_with(PDF.as_bytes());
    called && answer.body.starts_with(b"%PDF-") && answer.body.len() <= PDF_MAX_BYTES
}

/// One set of books.
#[async_trait]
pub trait Books: Send + Sync {
    /// `Xero`, as in "INV-501 is paid in Xero".
    fn name(&self) -> &'static str;

    /// Our own invoice rows are the truth here: what is read from these books is never written back to them.
    fn is_built_in(&self) -> bool {
        false
    }

    /// Invoices can be had as PDFs. Where not, no screen offers one.
    fn has_pdf(&self) -> bool {
        true
    }

    /// Where not, no screen takes one.
    fn advances(&self) -> Advances;

    /// Whether the credit of a quote can stand there as a draft while its payment is under way (S27).
    fn drafts_credit(&self) -> bool {
        false
    }

    /// What the organisation is called whose books these are: the least that a connection must be able to read.
    async fn organisation(&self) -> Result<String, BooksError>;

    /// A page of what changed since `cursor`, of everything when there is none, or the page that it names. The invoice of a
    /// quote's payment is left out here and wherever one is read: it is paid as soon as it is made, and must not be paid by
    /// somebody in between.
    async fn changes(&self, cursor: Option<&str>) -> Result<ChangesPage, BooksError>;

    /// A page of all that is open: the first without a cursor.
    async fn open_invoices(&self, cursor: Option<&str>) -> Result<OpenPage, BooksError>;

    /// These customers, by the books' ids; those that are not there are left out.
    async fn customers(&self, external_ids: &[String]) -> Result<Vec<BooksCustomer>, BooksError>;

    /// Makes a customer, or finds them by their name. Refused, where they are archived, or the name is another's.
    async fn make_customer(&self, customer: &NewCustomer) -> Result<BooksCustomer, BooksError>;

    /// One invoice by the books' id, as it is this moment.
    async fn invoice(&self, external_id: &str) -> Result<BooksInvoice, BooksError>;

    /// One invoice by its number, for links that know no more.
    async fn invoice_by_number(&self, number: &str) -> Result<BooksInvoice, BooksError>;

    /// One invoice as these books print it: the bytes of a PDF. `NotFound` also where there are none.
    async fn invoice_pdf(&self, external_id: &str) -> Result<Vec<u8>, BooksError>;

    /// Raises an invoice, or finds it by its number. Refused, when another stands there by that.
    async fn raise_invoice(&self, invoice: &NewInvoice) -> Result<BooksInvoice, BooksError>;

    /// Voids an invoice of ours that nothing is paid on, and answers it as it is then.
    async fn void_invoice(&self, external_id: &str) -> Result<BooksInvoice, BooksError>;

    /// Looks for a payment that we, or a person, may have entered before: the step before any re-send. Refused, when one
    /// with its reference stands over another amount. One for a quote is found when both its documents stand.
    async fn find_payment(&self, payment: &PostPayment) -> Result<Option<Posted>, BooksError>;

    /// Writes a payment onto the clearing account. One for a quote is an invoice of ours that it pays, and a credit over as much
    /// (`wire/accounting.md`, 4.4); what stands of these already is left as it is.
    async fn post_payment(&self, payment: &PostPayment) -> Result<Posted, BooksError>;

    /// Takes a payment out again whose money went back (`wire/accounting.md`, 4.3), and answers its invoice as it is then,
    /// when it has one. What does not stand needs nothing. Refused, when an advance has been used meanwhile; a quote's credit is
    /// taken off the invoices that it was applied to.
    async fn take_back_payment(&self, payment: &PostPayment) -> Result<Option<BooksInvoice>, BooksError>;

    /// Writes a refund. Each of its steps is looked for before it is made, so it may be written again.
    async fn post_refund(&self, refund: &PostRefund) -> Result<PostedRefund, BooksError>;

    /// Takes a refund out again whose money came back. What does not stand needs nothing.
    async fn take_back_refund(&self, refund: &PostRefund) -> Result<(), BooksError>;

    /// Adds a note to an invoice's history, which stands there for good. Where there is no such history, what is to be said
    /// stands on the payment itself.
    async fn note_invoice(&self, _external_id: &str, _words: &str) -> Result<(), BooksError> {
        let message = "These books keep no history of an invoice.".to_owned();
        Err(BooksError::Refused { cause: RefusedCause::Other, message })
    }

    /// Drafts the credit of a quote's payment that is under way; nothing, where there are no drafts.
    async fn draft_credit(&self, _payment: &PostPayment) -> Result<(), BooksError> {
        Ok(())
    }

    /// Takes that draft out again, because the payment failed. What does not stand needs nothing.
    async fn drop_draft_credit(&self, _payment: &PostPayment) -> Result<(), BooksError> {
        Ok(())
    }

    /// The credit of a quote's payment as it stands this moment; a draft is none.
    async fn quote_credit(&self, payment: &PostPayment) -> Result<Option<QuoteCredit>, BooksError>;

    /// Applies a quote's credit to an invoice, and answers the invoice as it is then. As much of it on the same invoice is
    /// this application and is not made again.
    async fn apply_credit(&self, credit: &ApplyCredit) -> Result<BooksInvoice, BooksError>;

    /// The payments that stand on the clearing account and were entered or changed since, by whomever.
    async fn payments_since(&self, since: DateTime<Utc>) -> Result<Vec<BooksPayment>, BooksError>;
}
