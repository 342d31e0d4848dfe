//! The parts of Xero's documents that we read and write, and what each says in our words (`wire/accounting.md`, 1.5,
//! 1.6 and 1.8). Amounts stay decimal text until their currency is known; never a float. Null counts as absent.

use super::{PAGE_SIZE, dates::MsDate, errors::Said};
use crate::books::{BooksError, BooksPayment};
use chrono::NaiveDate;
use domain::{
    advance::{QUOTE_REFERENCE, is_quote_invoice},
    invoice::{BooksCustomer, BooksInvoice, InvoiceStatus},
    money::{Currency, Money},
};
use serde::{Deserialize, Serialize, de::IgnoredAny};
use serde_json::value::RawValue;
use uuid::Uuid;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Page<T> {
    #[serde(rename = "DateTimeUTC")]
    pub answered: Option<MsDate>,
    #[serde(rename = "pagination")]
    pub pagination: Option<Pagination>,
    #[serde(
        alias = "Contacts",
        alias = "Invoices",
        alias = "Payments",
        alias = "CreditNotes",
        alias = "Allocations",
        alias = "BankTransactions",
        alias = "Overpayments",
        alias = "Prepayments",
        alias = "Organisations",
        alias = "Accounts",
        alias = "TaxRates",
        bound(deserialize = "T: Deserialize<'de>")
    )]
    pub rows: Vec<T>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pagination {
    pub page_count: u32,
    pub item_count: Option<u64>,
}

impl<T> Page<T> {
    /// By its number.
    pub fn is_last(&self, number: u32) -> bool {
        match &self.pagination {
            Some(pagination) => number >= pagination.page_count,
            None => self.rows.len() < PAGE_SIZE,
        }
    }

    /// How many rows are on the pages behind it.
    pub fn left(&self, number: u32) -> Option<u64> {
        let before = u64::from(number.saturating_sub(1)).saturating_mul(PAGE_SIZE as u64);
        let here = before.saturating_add(self.rows.len() as u64);
        Some(self.pagination.as_ref()?.item_count?.saturating_sub(here))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Organisation {
    pub name: String,
    pub base_currency: Option<String>,
}

#[derive(Deserialize)]
pub struct Contact {
    #[serde(rename = "ContactID")]
    id: String,
    #[serde(rename = "ContactNumber")]
    number: Option<String>,
    #[serde(rename = "AccountNumber")]
    account_number: Option<String>,
    #[serde(rename = "ContactStatus")]
    status: Option<String>,
    #[serde(rename = "Name")]
    name: Option<String>,
    #[serde(rename = "EmailAddress")]
    email: Option<String>,
    #[serde(rename = "ValidationErrors")]
    validation_errors: Option<Vec<Said>>,
    #[serde(rename = "UpdatedDateUTC")]
    updated: Option<MsDate>,
}

/// An invoice; in other documents a shallow copy, so nothing is sure to be there.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Invoice {
    #[serde(rename = "Type")]
    kind: Option<String>,
    #[serde(rename = "InvoiceID")]
    id: Option<String>,
    invoice_number: Option<String>,
    reference: Option<String>,
    contact: Option<OnlyContact>,
    date: Option<MsDate>,
    due_date: Option<MsDate>,
    status: Option<String>,
    /// Text, because a currency that we do not know must not spoil the page that it is on.
    currency_code: Option<String>,
    total: Option<Box<RawValue>>,
    amount_due: Option<Box<RawValue>>,
    payments: Option<Vec<Payment>>,
    validation_errors: Option<Vec<Said>>,
    #[serde(rename = "UpdatedDateUTC")]
    updated: Option<MsDate>,
}

#[derive(Deserialize)]
pub struct OnlyContact {
    #[serde(rename = "ContactID")]
    pub id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Payment {
    #[serde(rename = "PaymentID")]
    pub id: Option<String>,
    pub reference: Option<String>,
    status: Option<String>,
    amount: Option<Box<RawValue>>,
    account: Option<AccountCopy>,
    /// As it stands there: one documented example has it as text.
    is_reconciled: Option<Box<RawValue>>,
    #[serde(rename = "BatchPaymentID")]
    batch: Option<IgnoredAny>,
    pub invoice: Option<Invoice>,
    validation_errors: Option<Vec<Said>>,
}

#[derive(Deserialize)]
pub struct AccountCopy {
    #[serde(rename = "AccountID")]
    id: Option<String>,
    #[serde(rename = "Code")]
    code: Option<String>,
}

impl AccountCopy {
    /// By its id, or by its code.
    pub fn is(&self, account: &str) -> bool {
        [&self.id, &self.code].into_iter().flatten().any(|name| name == account)
    }
}

impl Payment {
    /// Stands in the books and carries this reference.
    pub fn is(&self, reference: &str) -> bool {
        self.reference.as_deref() == Some(reference) && self.stands()
    }

    pub fn stands(&self) -> bool {
        self.status.as_deref() != Some("DELETED")
    }

    /// Decimal text.
    pub fn amount(&self) -> Option<&str> {
        self.amount.as_deref().map(RawValue::get)
    }

    /// Why it is not deleted by us (`wire/accounting.md`, 1.8); shallow copies leave it out.
    pub fn left_to_a_person(&self) -> Option<&'static str> {
        if self.is_reconciled.as_ref().is_some_and(|raw| raw.get().trim_matches('"') == "true") {
            return Some("is reconciled with the bank statement");
        }
        self.batch.is_some().then_some("was entered with others as one batch")
    }

    /// The payment as a list tells it, when it stands on this account.
    pub fn standing_on(self, account: &str) -> Option<BooksPayment> {
        let stands = self.account.as_ref()?.is(account) && self.stands();
        let (external_id, amount) = (self.id?, self.amount?.get().to_owned());
        // What is paid for a quote pays nobody's invoice.
        let invoice = self.invoice.filter(|of| !of.number().is_some_and(is_quote_invoice));
        let (reference, invoice_external_id) = (self.reference.unwrap_or_default(), invoice.and_then(|of| of.id));
        stands.then_some(BooksPayment { external_id, reference, amount, invoice_external_id })
    }

    pub fn refusal(&self) -> Option<String> {
        refusal(self.validation_errors.as_ref())
    }
}

/// Xero may answer 200 and refuse the element (1.1).
pub fn refusal(said: Option<&Vec<Said>>) -> Option<String> {
    let said: Vec<&str> = said.into_iter().flatten().filter_map(Said::message).collect();
    (!said.is_empty()).then(|| said.join("; "))
}

/// What a list of changes goes by.
pub trait Row {
    fn updated(&self) -> Option<MsDate>;
}

impl Row for Contact {
    fn updated(&self) -> Option<MsDate> {
        self.updated
    }
}

impl Row for Invoice {
    fn updated(&self) -> Option<MsDate> {
        self.updated
    }
}

impl Contact {
    pub fn refusal(&self) -> Option<String> {
        refusal(self.validation_errors.as_ref())
    }

    pub fn read(self) -> BooksCustomer {
        let filled = |text: Option<String>| text.filter(|t| !t.trim().is_empty());
        BooksCustomer {
            external_id: self.id,
            name: self.name.unwrap_or_default(),
            // The number is for other programs, the account number for people; an MSP's PSA fills either.
            code: filled(self.number).or_else(|| filled(self.account_number)),
            email: filled(self.email),
            archived: self.status.is_some_and(|status| status != "ACTIVE"),
        }
    }
}

impl Invoice {
    /// A bill, a credit or a deposit is no invoice of ours to collect. Shallow copies leave the type out.
    pub fn is_sales(&self) -> bool {
        self.kind.as_deref().is_none_or(|kind| kind == "ACCREC")
    }

    /// One that somebody may owe: what is paid for a quote is an invoice that is paid as soon as it is made.
    pub fn is_collected(&self) -> bool {
        let is_of_quote =
            self.reference.as_deref() == Some(QUOTE_REFERENCE) && self.number().is_some_and(is_quote_invoice);
        self.is_sales() && !is_of_quote
    }

    pub fn payments(&self) -> &[Payment] {
        self.payments.as_deref().unwrap_or_default()
    }

    pub fn number(&self) -> Option<&str> {
        self.invoice_number.as_deref()
    }

    pub fn refusal(&self) -> Option<String> {
        refusal(self.validation_errors.as_ref())
    }

    /// The invoice in our words; `None` when a part that we cannot do without is missing or unreadable.
    pub fn read(&self) -> Option<BooksInvoice> {
        let currency: Currency = self.currency_code.as_ref()?.parse().ok()?;
        let money = |raw: &Option<Box<RawValue>>| Money::from_decimal(raw.as_ref()?.get(), currency).ok();
        let date = self.date?.day();
        Some(BooksInvoice {
            external_id: self.id.clone()?,
            number: self.invoice_number.clone().unwrap_or_default(),
            reference: self.reference.clone().filter(|text| !text.trim().is_empty()),
            customer_external_id: self.contact.as_ref()?.id.clone(),
            status: status(self.status.as_deref()?),
            total: money(&self.total)?,
            due: money(&self.amount_due)?,
            date,
            due_date: self.due_date.map_or(date, MsDate::day),
        })
    }
}

/// A status of tomorrow is not payable until it is understood.
fn status(text: &str) -> InvoiceStatus {
    match text {
        "DRAFT" | "SUBMITTED" => InvoiceStatus::Draft,
        "AUTHORISED" => InvoiceStatus::Open,
        "PAID" => InvoiceStatus::Paid,
        "VOIDED" | "DELETED" => InvoiceStatus::Void,
        other => {
            tracing::warn!(status = other, "Xero reports an invoice status that is not understood; treated as a draft");
            InvoiceStatus::Draft
        }
    }
}

/// The body of `PUT /Payments`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct NewPayments<'a> {
    payments: [NewPayment<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct NewPayment<'a> {
    #[serde(flatten)]
    of: Paid,
    account: AccountRef<'a>,
    date: NaiveDate,
    amount: Box<RawValue>,
    reference: &'a str,
}

/// What is paid, by its id.
#[derive(Serialize)]
pub enum Paid {
    Invoice {
        #[serde(rename = "InvoiceID")]
        id: Uuid,
    },
    CreditNote {
        #[serde(rename = "CreditNoteID")]
        id: Uuid,
    },
    Overpayment {
        #[serde(rename = "OverpaymentID")]
        id: Uuid,
    },
    Prepayment {
        #[serde(rename = "PrepaymentID")]
        id: Uuid,
    },
}

#[derive(Serialize)]
pub struct ContactRef<'a> {
    #[serde(rename = "ContactID")]
    pub id: &'a str,
}

/// Bank accounts may have no code, so both are taken (1.8).
#[derive(Serialize)]
pub enum AccountRef<'a> {
    #[serde(rename = "AccountID")]
    Id(Uuid),
    Code(&'a str),
}

impl<'a> AccountRef<'a> {
    pub fn of(account: &'a str) -> Self {
        Uuid::try_parse(account).map_or(Self::Code(account), Self::Id)
    }
}

impl<'a> NewPayments<'a> {
    pub fn of(
        paid: Paid,
        amount: Money,
        date: NaiveDate,
        reference: &'a str,
        clearing_account: &'a str,
    ) -> Result<Self, BooksError> {
        let account = AccountRef::of(clearing_account);
        Ok(Self { payments: [NewPayment { of: paid, account, date, amount: number(amount)?, reference }] })
    }
}

/// An amount as it is written, never a float.
pub fn number(amount: Money) -> Result<Box<RawValue>, BooksError> {
    RawValue::from_string(amount.to_decimal())
        .map_err(|_| super::errors::refused("the amount is not a number".to_owned()))
}
