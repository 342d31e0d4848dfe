//! Bank transactions of the kinds that make an over-payment or a prepayment of a customer, and these: created there, read,
//! allocated to invoices, paid out by a payment. Source: `wire/accounting.md`, 1.9, and the published contract, which keeps
//! no reference of them.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::allocations::{Allocation, sum};
use super::call::{Answer, Operation, PERIOD_LOCKED};
use super::invoice_writes::contact_of;
use super::invoices::Status;
use super::lines::Line;
use super::refusal::Refusal;
use super::{ACCOUNTS, Books, Payment, filter, wire};
use crate::facts;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    #[serde(rename = "RECEIVE-OVERPAYMENT")]
    Overpayment,
    #[serde(rename = "RECEIVE-PREPAYMENT")]
    Prepayment,
}

impl Kind {
    const ALL: [Self; 2] = [Self::Overpayment, Self::Prepayment];

    /// Of what it makes: plural, and the member that is its id.
    const fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Overpayment => ("Overpayments", "OverpaymentID"),
            Self::Prepayment => ("Prepayments", "PrepaymentID"),
        }
    }

    /// Of its news.
    pub const fn category(self) -> &'static str {
        match self {
            Self::Overpayment => "OVERPAYMENT",
            Self::Prepayment => "PREPAYMENT",
        }
    }

    const fn payment_type(self) -> &'static str {
        match self {
            Self::Overpayment => "AROVERPAYMENTPAYMENT",
            Self::Prepayment => "ARPREPAYMENTPAYMENT",
        }
    }

    pub fn of_plural(plural: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.names().0.eq_ignore_ascii_case(plural))
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct BankTransaction {
    /// Of what it has made.
    pub id: Uuid,
    transaction: Uuid,
    pub kind: Kind,
    pub status: Status,
    contact: Uuid,
    account_code: String,
    date: NaiveDate,
    lines: Vec<Line>,
    pub allocations: Vec<Allocation>,
    pub paid_minor: i64,
    updated_ms: i64,
}

impl BankTransaction {
    pub fn total_minor(&self) -> i64 {
        self.lines.iter().map(|line| line.amount_minor).sum()
    }

    pub fn remaining_minor(&self) -> i64 {
        self.total_minor() - self.paid_minor - sum(&self.allocations)
    }

    /// Takes the sum of the standing payments in; PAID when nothing is left.
    pub fn settle(&mut self, paid_minor: i64, now_ms: i64) {
        (self.paid_minor, self.updated_ms) = (paid_minor, now_ms);
        self.status = if self.remaining_minor() == 0 { Status::Paid } else { Status::Authorised };
    }

    pub const fn payment_type(&self) -> &'static str {
        self.kind.payment_type()
    }

    pub fn state(&self) -> Value {
        let description = self.lines.first().map(|line| line.description.as_str());
        json!({
            "id": self.id, "type": self.kind, "status": self.status, "amount_minor": self.total_minor(),
            "remaining_minor": self.remaining_minor(), "account_code": self.account_code, "date": self.date,
            "description": description,
        })
    }

    fn view(&self, books: &Books) -> Value {
        let account = ACCOUNTS.iter().find(|account| account.code == self.account_code);
        let (_, id) = self.kind.names();
        let mut view = json!({
            "BankTransactionID": self.transaction, "Type": self.kind, "Status": "AUTHORISED", "IsReconciled": false,
            "Contact": books.contacts.get(&self.contact).map(super::contacts::Contact::brief),
            "BankAccount": account.map(|account| json!({
                "AccountID": account.id, "Code": account.code, "Name": account.name,
            })),
            "Date": wire::day(self.date), "DateString": wire::day_string(self.date), "LineAmountTypes": "NoTax",
            "SubTotal": wire::money(self.total_minor()),
            "TotalTax": wire::money(0), "Total": wire::money(self.total_minor()), "HasAttachments": false,
            "CurrencyCode": facts::NORTHWIND.currency, "UpdatedDateUTC": wire::instant(self.updated_ms),
            "LineItems": self.lines.iter().map(Line::view).collect::<Vec<_>>(),
        });
        view[id] = json!(self.id);
        view
    }

    /// As what it has made.
    fn credit_view(&self, books: &Books) -> Value {
        let allocations = self.allocations.iter().map(|part| part.view(books));
        let (_, id) = self.kind.names();
        let mut view = json!({
            "Type": self.kind, "Status": self.status, "Date": wire::day(self.date),
            "DateString": wire::day_string(self.date), "LineAmountTypes": "NoTax", "CurrencyRate": wire::one_to_one(),
            "Contact": books.contacts.get(&self.contact).map(super::contacts::Contact::brief),
            "SubTotal": wire::money(self.total_minor()), "TotalTax": wire::money(0),
            "Total": wire::money(self.total_minor()), "RemainingCredit": wire::money(self.remaining_minor()),
            "CurrencyCode": facts::NORTHWIND.currency, "Allocations": allocations.collect::<Vec<_>>(),
            "Payments": books.standing_payments(self.id).map(Payment::within_invoice).collect::<Vec<_>>(),
            "UpdatedDateUTC": wire::instant(self.updated_ms),
            "UpdatedDateUTCString": wire::instant_string(self.updated_ms), "HasAttachments": false,
            "LineItems": self.lines.iter().map(Line::view).collect::<Vec<_>>(),
        });
        view[id] = json!(self.id);
        view
    }
}

pub(crate) fn list(op: &Operation<'_>) -> Answer {
    let all = op.books.bank_transactions.values();
    let kept = all.filter(|transaction| op.since_ms.is_none_or(|since| transaction.updated_ms >= since));
    let shown = kept.map(|transaction| transaction.view(op.books)).collect();
    filter::answer(shown, "BankTransactions", "BankTransactionID", op.query, false)
}

pub(crate) fn one(op: &Operation<'_>, key: &str) -> Answer {
    let is_meant = |transaction: &&BankTransaction| transaction.transaction.to_string().eq_ignore_ascii_case(key);
    let found = op.books.bank_transactions.values().find(is_meant).ok_or(Refusal::NotFound)?;
    Ok(json!({ "BankTransactions": [found.view(op.books)] }))
}

/// What was made of all of a kind.
pub(crate) fn credits(op: &Operation<'_>, plural: &str) -> Answer {
    let kind = Kind::of_plural(plural).ok_or(Refusal::NotFound)?;
    let all = op.books.bank_transactions.values().filter(|credit| credit.kind == kind);
    let kept = all.filter(|credit| op.since_ms.is_none_or(|since| credit.updated_ms >= since));
    let (plural, id) = kind.names();
    filter::answer(kept.map(|credit| credit.credit_view(op.books)).collect(), plural, id, op.query, false)
}

/// The copies that an invoice has of what is allocated to it.
pub(crate) fn put_within(books: &Books, invoice: Uuid, view: &mut Value) {
    for credit in books.bank_transactions.values() {
        let parts = credit.allocations.iter().filter(|part| part.invoice == invoice);
        let applied: i64 = parts.map(|part| part.amount_minor).sum();
        let (plural, id) = credit.kind.names();
        if let (Some(copies), true) = (view[plural].as_array_mut(), applied > 0) {
            copies.push(json!({ id: credit.id, "Date": wire::day(credit.date), "AppliedAmount": wire::money(applied),
                "Total": wire::money(credit.total_minor()) }));
        }
    }
}

/// What was made of one.
pub(crate) fn credit(op: &Operation<'_>, plural: &str, key: &str) -> Answer {
    let kind = Kind::of_plural(plural).ok_or(Refusal::NotFound)?;
    let found = key.parse().ok().and_then(|id: Uuid| op.books.bank_transactions.get(&id));
    let found = found.filter(|credit| credit.kind == kind).ok_or(Refusal::NotFound)?;
    let mut answer = json!({});
    answer[kind.names().0] = json!([found.credit_view(op.books)]);
    Ok(answer)
}

/// One element of PUT or POST `/BankTransactions`.
pub(crate) fn create(op: &mut Operation<'_>, document: &Value) -> Result<Value, Vec<String>> {
    let Ok(kind) = serde_json::from_value::<Kind>(document["Type"].clone()) else {
        return Err(vec!["The simulator builds no bank transaction of this type".to_owned()]);
    };
    let (id, code) = (document["BankAccount"]["AccountID"].as_str(), document["BankAccount"]["Code"].as_str());
    let account = ACCOUNTS.iter().find(|account| {
        let named = id.map_or(code == Some(account.code), |id| id.eq_ignore_ascii_case(account.id));
        named && account.kind == "BANK"
    });
    let (mut wrong, contact) = (Vec::new(), contact_of(op, document));
    if account.is_none() {
        wrong.push("The Bank Account must be of type BANK".to_owned());
    }
    if contact.is_none() {
        wrong.push("A Contact must be specified for this type of transaction".to_owned());
    }
    let date = wire::read_day(&document["Date"]).unwrap_or(op.today);
    if op.is_locked(date) {
        wrong.push(PERIOD_LOCKED.to_owned());
    }
    // What customers owe is an over-payment's own account.
    let needs_account = kind == Kind::Prepayment;
    let lines = document["LineItems"].as_array().map(Vec::as_slice).unwrap_or_default();
    let places = op.unit_places();
    let lines = lines.iter().map(|line| Line::read(line, op.new_id(), needs_account, places));
    let lines = lines.collect::<Result<Vec<_>, _>>().unwrap_or_else(|error| {
        wrong.push(error);
        Vec::new()
    });
    if lines.iter().map(|line| line.amount_minor).sum::<i64>() <= 0 {
        wrong.push("The total of the transaction must be greater than 0".to_owned());
    }
    let (Some(account), Some(contact), true) = (account, contact, wrong.is_empty()) else { return Err(wrong) };
    let made = BankTransaction {
        id: op.new_id(),
        transaction: op.new_id(),
        kind,
        status: Status::Authorised,
        contact,
        account_code: account.code.to_owned(),
        date,
        lines,
        allocations: Vec::new(),
        paid_minor: 0,
        updated_ms: op.now_ms,
    };
    let (view, id) = (made.view(op.books), made.id);
    op.books.bank_transactions.insert(id, made);
    op.happened(kind.category(), id, false);
    Ok(view)
}

/// `PUT /Overpayments/{id}/Allocations`, and the like of prepayments: pays invoices with what is left.
pub(crate) fn allocate(op: &mut Operation<'_>, plural: &str, id: Uuid, body: &Value) -> Answer {
    let mut credit = known(op, plural, id)?;
    let made = Allocation::read_all(op, body, credit.contact, credit.remaining_minor())?;
    let invoices: Vec<Uuid> = made.iter().map(|part| part.invoice).collect();
    credit.allocations.extend(made);
    let all = credit.credit_view(op.books)["Allocations"].clone();
    allocated(op, credit, &invoices);
    Ok(json!({ "Allocations": all }))
}

/// `DELETE /Overpayments/{id}/Allocations/{allocation}`, and the like of prepayments.
pub(crate) fn unallocate(op: &mut Operation<'_>, plural: &str, id: Uuid, allocation: Uuid) -> Answer {
    let mut credit = known(op, plural, id)?;
    let at = credit.allocations.iter().position(|part| part.id == allocation).ok_or(Refusal::NotFound)?;
    let gone = credit.allocations.remove(at);
    allocated(op, credit, &[gone.invoice]);
    Ok(gone.view_of_gone(op.books))
}

fn known(op: &Operation<'_>, plural: &str, id: Uuid) -> Result<BankTransaction, Refusal> {
    let found = op.books.bank_transactions.get(&id).filter(|credit| Some(credit.kind) == Kind::of_plural(plural));
    found.cloned().ok_or(Refusal::NotFound)
}

/// Keeps the credit, and tells the invoices that have more or less of it now.
fn allocated(op: &mut Operation<'_>, mut credit: BankTransaction, invoices: &[Uuid]) {
    credit.settle(credit.paid_minor, op.now_ms);
    op.books.bank_transactions.insert(credit.id, credit);
    for invoice in invoices {
        op.books.recompute(*invoice, op.now_ms);
        op.happened("INVOICE", *invoice, true);
    }
}
