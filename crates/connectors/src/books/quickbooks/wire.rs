//! The parts of QuickBooks Online's documents that we read, and what each says in our words (`wire/accounting.md`, 2.3-2.8).
//! Amounts stay decimal text until their currency is known; never a float. Null counts as absent. What we write: `bodies.rs`.

use crate::books::BooksPayment;
use chrono::NaiveDate;
use domain::{
    advance::{QUOTE_REFERENCE, is_quote_invoice},
    invoice::{BooksCustomer, BooksInvoice, InvoiceStatus},
    money::{Currency, Money},
};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::value::RawValue;

/// Of a payment's number, and of a document's, there is no room for more (2.4, 2.5).
pub const NUMBER_MAX_CHARS: usize = 21;
/// How what a person voids begins (2.4).
const VOIDED: &str = "Voided";
const DELETED: &str = "Deleted";

/// One document.
#[derive(Deserialize)]
pub struct One<T> {
    #[serde(
        alias = "CompanyInfo",
        alias = "CreditMemo",
        alias = "Customer",
        alias = "Invoice",
        alias = "Item",
        alias = "Payment",
        alias = "Preferences",
        alias = "Purchase",
        alias = "RefundReceipt"
    )]
    pub document: Option<T>,
}

/// Whose books they are.
#[derive(Deserialize)]
pub struct Company {
    #[serde(rename = "CompanyName")]
    pub name: String,
}

/// What a query answers.
#[derive(Deserialize)]
pub struct Queried<T> {
    #[serde(rename = "QueryResponse")]
    response: Found<T>,
    pub time: Option<String>,
}

#[derive(Deserialize)]
struct Found<T> {
    #[serde(
        alias = "Account",
        alias = "CreditMemo",
        alias = "Customer",
        alias = "Invoice",
        alias = "Item",
        alias = "Payment",
        alias = "Purchase",
        alias = "RefundReceipt",
        alias = "TaxCode"
    )]
    rows: Option<Vec<T>>,
    #[serde(rename = "maxResults")]
    max_results: Option<u32>,
}

impl<T> Queried<T> {
    /// Nothing is said where there are none; `None` for rows that are counted and not there.
    pub fn rows(self) -> Option<Vec<T>> {
        match self.response {
            Found { rows: None, max_results: Some(1..) } => None,
            Found { rows, .. } => Some(rows.unwrap_or_default()),
        }
    }
}

/// What changed, of each kind of document.
#[derive(Deserialize)]
pub struct Captured {
    #[serde(rename = "CDCResponse")]
    responses: Vec<CapturedResponse>,
    pub time: Option<String>,
}

#[derive(Deserialize)]
struct CapturedResponse {
    #[serde(rename = "QueryResponse")]
    groups: Option<Vec<Group>>,
    #[serde(rename = "Fault")]
    fault: Option<IgnoredAny>,
}

#[derive(Deserialize)]
pub struct Group {
    #[serde(rename = "Customer")]
    pub customers: Option<Vec<Customer>>,
    #[serde(rename = "Invoice")]
    pub invoices: Option<Vec<Invoice>>,
}

impl Captured {
    /// `None` when a part of it is a fault.
    pub fn groups(self) -> Option<Vec<Group>> {
        let is_whole = self.responses.iter().all(|response| response.fault.is_none());
        is_whole.then(|| self.responses.into_iter().filter_map(|response| response.groups).flatten().collect())
    }
}

#[derive(Deserialize)]
pub struct Ref {
    pub value: Option<String>,
}

/// What `reference` names.
pub fn named(reference: Option<&Ref>) -> Option<&str> {
    reference?.value.as_deref()
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct MetaData {
    last_updated_time: Option<String>,
}

/// What all documents have in common, so that one loop can page through them and one way undoes them.
pub trait Document {
    fn id(&self) -> Option<&str>;

    /// Its version: a change of it must name the present one.
    fn sync_token(&self) -> Option<&str>;

    /// As the books write it, and compare it.
    fn updated(&self) -> Option<&str>;
}

macro_rules! document {
    ($name:ident) => {
        impl Document for $name {
            fn id(&self) -> Option<&str> {
                self.id.as_deref()
            }

            fn sync_token(&self) -> Option<&str> {
                self.sync_token.as_deref()
            }

            fn updated(&self) -> Option<&str> {
                self.meta_data.as_ref()?.last_updated_time.as_deref()
            }
        }
    };
}

document!(Customer);
document!(Invoice);
document!(Memo);
document!(Payment);

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Customer {
    id: Option<String>,
    sync_token: Option<String>,
    #[serde(rename = "status")]
    status: Option<String>,
    display_name: Option<String>,
    primary_email_addr: Option<EmailAddress>,
    active: Option<bool>,
    meta_data: Option<MetaData>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct EmailAddress {
    address: Option<String>,
}

impl Customer {
    /// Nothing of one that was deleted, whose name is not told any more.
    pub fn read(self) -> Option<BooksCustomer> {
        if self.status.as_deref() == Some(DELETED) {
            return None;
        }
        let email = self.primary_email_addr.and_then(|email| email.address);
        Some(BooksCustomer {
            external_id: self.id?,
            name: self.display_name.unwrap_or_default(),
            // There is no code beside the name.
            code: None,
            email: email.filter(|text| !text.trim().is_empty()),
            archived: self.active == Some(false),
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Invoice {
    id: Option<String>,
    sync_token: Option<String>,
    /// Only of what was deleted.
    #[serde(rename = "status")]
    status: Option<String>,
    doc_number: Option<String>,
    customer_memo: Option<Ref>,
    customer_ref: Option<Ref>,
    txn_date: Option<String>,
    due_date: Option<String>,
    currency_ref: Option<Ref>,
    total_amt: Option<Box<RawValue>>,
    balance: Option<Box<RawValue>>,
    linked_txn: Option<Vec<Linked>>,
    private_note: Option<String>,
    meta_data: Option<MetaData>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Linked {
    txn_id: Option<String>,
    txn_type: Option<String>,
}

impl Linked {
    fn is(&self, txn_type: &str) -> Option<&str> {
        self.txn_id.as_deref().filter(|_| self.txn_type.as_deref() == Some(txn_type))
    }
}

impl Invoice {
    pub fn number(&self) -> Option<&str> {
        self.doc_number.as_deref()
    }

    pub fn is_numbered(&self, number: &str) -> bool {
        numbers(self.number(), self.customer_memo.as_ref()).contains(&Some(number))
    }

    /// One that somebody may owe: what is paid for a quote is an invoice that is paid as soon as it is made.
    pub fn is_collected(&self) -> bool {
        let mut words = self.private_note.as_deref().unwrap_or_default().split_whitespace();
        let is_noted = words.find(|word| *word != VOIDED) == Some(QUOTE_REFERENCE);
        let numbers = numbers(self.number(), self.customer_memo.as_ref());
        !(is_noted && numbers.into_iter().flatten().any(is_quote_invoice))
    }

    pub fn is_deleted(&self) -> bool {
        self.status.as_deref() == Some(DELETED)
    }

    /// The ids of its payments.
    pub fn payments(&self) -> impl Iterator<Item = &str> {
        self.linked_txn.iter().flatten().filter_map(|linked| linked.is("Payment"))
    }

    /// The invoice in our words; `None` when a part that we cannot do without is missing or unreadable. Books in one currency
    /// do not name it.
    pub fn read(&self, home: Currency) -> Option<BooksInvoice> {
        let currency = match named(self.currency_ref.as_ref()) {
            Some(code) => code.parse().ok()?,
            None => home,
        };
        let money = |raw: &Option<Box<RawValue>>| Money::from_decimal(raw.as_ref()?.get(), currency).ok();
        let (total, due) = (money(&self.total_amt)?, money(&self.balance)?);
        let date = day(self.txn_date.as_deref()?)?;
        Some(BooksInvoice {
            external_id: self.id.clone()?,
            number: self.doc_number.clone().unwrap_or_default(),
            reference: self.private_note.clone().filter(|text| !text.trim().is_empty()),
            customer_external_id: named(self.customer_ref.as_ref())?.to_owned(),
            status: self.status_of(total, due),
            total,
            due,
            date,
            due_date: self.due_date.as_deref().and_then(day).unwrap_or(date),
        })
    }

    /// No field says it: what was voided comes to nothing and has a note, and what is open has a balance.
    fn status_of(&self, total: Money, due: Money) -> InvoiceStatus {
        let is_noted = self.private_note.as_deref().is_some_and(|note| note.trim_start().starts_with(VOIDED));
        match (total.minor, due.minor) {
            _ if self.is_deleted() => InvoiceStatus::Void,
            (0, 0) if is_noted => InvoiceStatus::Void,
            (_, 1..) => InvoiceStatus::Open,
            _ => InvoiceStatus::Paid,
        }
    }
}

/// A document's number; where the company numbers its documents by itself, what we have told its customer instead.
fn numbers<'a>(own: Option<&'a str>, told: Option<&'a Ref>) -> [Option<&'a str>; 2] {
    [own, named(told)]
}

fn day(text: &str) -> Option<NaiveDate> {
    text.parse().ok()
}

/// A credit of a customer's.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Memo {
    id: Option<String>,
    sync_token: Option<String>,
    doc_number: Option<String>,
    customer_memo: Option<Ref>,
    total_amt: Option<Box<RawValue>>,
    remaining_credit: Option<Box<RawValue>>,
    meta_data: Option<MetaData>,
}

impl Memo {
    pub fn is_numbered(&self, number: &str) -> bool {
        numbers(self.doc_number.as_deref(), self.customer_memo.as_ref()).contains(&Some(number))
    }

    pub fn total(&self, currency: Currency) -> Option<Money> {
        Money::from_decimal(self.total_amt.as_ref()?.get(), currency).ok()
    }

    pub fn remaining(&self, currency: Currency) -> Option<Money> {
        Money::from_decimal(self.remaining_credit.as_ref()?.get(), currency).ok()
    }
}

/// Money onto an account; or money off it, which is a refund receipt or an expense.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Payment {
    id: Option<String>,
    sync_token: Option<String>,
    doc_number: Option<String>,
    total_amt: Option<Box<RawValue>>,
    unapplied_amt: Option<Box<RawValue>>,
    payment_ref_num: Option<String>,
    private_note: Option<String>,
    /// An expense has it without a word about the direction.
    #[serde(alias = "AccountRef")]
    deposit_to_account_ref: Option<Ref>,
    line: Option<Vec<PaidLine>>,
    linked_txn: Option<Vec<Linked>>,
    meta_data: Option<MetaData>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PaidLine {
    amount: Option<Box<RawValue>>,
    linked_txn: Option<Vec<Linked>>,
}

impl PaidLine {
    /// The ids of what it is linked with, of one type.
    pub fn linked(&self, txn_type: &str) -> impl Iterator<Item = &str> {
        self.linked_txn.iter().flatten().filter_map(move |linked| linked.is(txn_type))
    }
}

impl Payment {
    /// One that was voided comes to nothing.
    pub fn stands(&self) -> bool {
        self.amount().is_empty() || self.amount().bytes().any(|digit| matches!(digit, b'1'..=b'9'))
    }

    /// Decimal text; empty where it is not told.
    pub fn amount(&self) -> &str {
        self.total_amt.as_deref().map_or("", RawValue::get)
    }

    /// It is a part of what was brought to the bank, and cannot be taken out of the books before it is out of that.
    pub fn is_deposited(&self) -> bool {
        self.linked_txn.iter().flatten().any(|linked| linked.is("Deposit").is_some())
    }

    /// Whatever is linked with it by lines of one type: ids, and how much.
    pub fn links(&self, txn_type: &str, currency: Currency) -> impl Iterator<Item = (&str, Money)> {
        self.line.iter().flatten().flat_map(move |line| {
            let amount = line.amount.as_deref().and_then(|raw| Money::from_decimal(raw.get(), currency).ok());
            let amount = amount.unwrap_or(Money::zero(currency));
            line.linked(txn_type).map(move |id| (id, amount))
        })
    }

    /// So much of it pays nothing yet, as far as it is told.
    pub fn leaves(&self, amount: Money) -> bool {
        let left = self.unapplied_amt.as_deref().map(RawValue::get);
        left.is_some_and(|left| Money::from_decimal(left, amount.currency).is_ok_and(|left| left.minor >= amount.minor))
    }

    fn words(&self) -> impl Iterator<Item = &str> {
        self.private_note.as_deref().unwrap_or_default().split_whitespace()
    }

    /// Behind our number of a refund.
    fn noted_refund(&self) -> Option<&str> {
        let mut words = self.words();
        words.next().filter(|first| first.starts_with("RF-"))?;
        words.next()
    }

    /// What we, or a person, wrote there. The note has the whole of one that is too long for a number, and an expense has
    /// no number for it at all.
    pub fn reference(&self) -> &str {
        let number = self.payment_ref_num.as_deref().or_else(|| self.noted_refund()).unwrap_or_default();
        let is_cut = number.chars().count() == NUMBER_MAX_CHARS;
        self.words().find(|word| is_cut && word.starts_with(number)).unwrap_or(number)
    }

    /// Stands with this reference, which a person may have cut off or noted alone, and is no credit of ours: what was paid
    /// over what was due has the same.
    pub fn is(&self, reference: &str) -> bool {
        let mut words = self.words();
        let is_credit = words.next().is_some_and(|first| first.starts_with("CR-")) && words.next() == Some(reference);
        let bears = self.reference() == reference
            || self.reference() == cut(reference)
            || self.words().any(|word| word == reference);
        self.stands() && bears && !is_credit
    }

    /// Stands with this note of ours, by which it is known also when it pays nothing any more.
    pub fn is_noted(&self, note: &str) -> bool {
        self.stands() && self.private_note.as_deref().is_some_and(|noted| noted.trim() == note)
    }

    /// Stands by this number of ours. A company that numbers its documents by itself has given it another.
    pub fn is_numbered(&self, number: &str) -> bool {
        self.stands() && (self.words().next() == Some(number) || self.doc_number.as_deref() == Some(number))
    }

    /// As a list tells it, when it stands on this account.
    pub fn standing_on(&self, account: &str) -> Option<BooksPayment> {
        let here = named(self.deposit_to_account_ref.as_ref()) == Some(account) && self.stands();
        let mut invoices = self.line.iter().flatten().flat_map(|line| line.linked("Invoice"));
        // One for several is nobody's in particular.
        let invoice = invoices.next().filter(|_| invoices.next().is_none());
        // Nor is what pays the invoice of a quote's payment.
        let invoice = invoice.filter(|_| !self.words().next().is_some_and(is_quote_invoice));
        here.then_some(BooksPayment {
            external_id: self.id.clone()?,
            reference: self.reference().to_owned(),
            amount: self.amount().to_owned(),
            invoice_external_id: invoice.map(str::to_owned),
        })
    }
}

/// As much of a reference as a payment's number has room for.
pub fn cut(reference: &str) -> &str {
    reference.char_indices().nth(NUMBER_MAX_CHARS).map_or(reference, |(end, _)| &reference[..end])
}
