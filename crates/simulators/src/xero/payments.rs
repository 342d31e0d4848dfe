//! Payments on invoices, and out of credit notes, over-payments and prepayments: created, read, reversed by Status DELETED,
//! never edited. Source: `wire/accounting.md`, 1.8.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::call::{Answer, Operation, PERIOD_LOCKED};
use super::invoices::Status as InvoiceStatus;
use super::refusal::Refusal;
use super::{ACCOUNTS, Account, Books, filter, wire};
use crate::facts;
use crate::seed::{self, stable_id};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Status {
    Authorised,
    Deleted,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Payment {
    pub id: Uuid,
    /// What is paid: an invoice, a credit note, which real answers call an invoice too, or an advance.
    pub invoice: Uuid,
    pub account_code: String,
    pub date: NaiveDate,
    pub amount_minor: i64,
    pub reference: String,
    pub status: Status,
    pub reconciled: bool,
    pub updated_ms: i64,
}

impl Payment {
    pub fn seeded(seeded: &seed::Invoice, invoice: Uuid, paid_on: NaiveDate) -> Self {
        Self {
            id: stable_id("payment", &seeded.number),
            invoice,
            account_code: facts::xero::BANK_ACCOUNT_CODE.to_owned(),
            date: paid_on,
            amount_minor: seeded.paid_minor,
            reference: format!("EFT {}", seeded.number),
            status: Status::Authorised,
            reconciled: true,
            updated_ms: wire::day_ms(paid_on),
        }
    }

    pub fn stands(&self) -> bool {
        self.status == Status::Authorised
    }

    /// The shallow copy that an invoice shows.
    pub fn within_invoice(&self) -> Value {
        json!({
            "PaymentID": self.id, "Date": wire::day(self.date), "Amount": wire::money(self.amount_minor),
            "Reference": self.reference, "CurrencyRate": wire::one_to_one(),
            "HasAccount": false, "HasValidationErrors": false,
        })
    }

    pub fn view(&self, books: &Books) -> Value {
        let account = ACCOUNTS.iter().find(|account| account.code == self.account_code);
        let (note, advance) = (books.credit_notes.get(&self.invoice), books.bank_transactions.get(&self.invoice));
        let (kind, paid) = match (note, advance) {
            (Some(note), _) => ("ARCREDITPAYMENT", Some(note.within_payment())),
            (_, Some(advance)) => (advance.payment_type(), None),
            _ => {
                let invoice = books.invoices.get(&self.invoice);
                let is_bill = invoice.is_some_and(|invoice| invoice.kind == "ACCPAY");
                let kind = if is_bill { "ACCPAYPAYMENT" } else { "ACCRECPAYMENT" };
                (kind, invoice.map(|invoice| invoice.brief(books)))
            }
        };
        json!({
            "PaymentID": self.id, "Date": wire::day(self.date), "BankAmount": wire::money(self.amount_minor),
            "Amount": wire::money(self.amount_minor), "Reference": self.reference,
            "CurrencyRate": wire::one_to_one(), "PaymentType": kind,
            "Status": self.status, "UpdatedDateUTC": wire::instant(self.updated_ms),
            "UpdatedDateUTCString": wire::instant_string(self.updated_ms), "HasAccount": account.is_some(),
            "IsReconciled": self.reconciled, "HasValidationErrors": false,
            "Account": account.map(|account| json!({ "AccountID": account.id, "Code": account.code, "Name": account.name })),
            "Invoice": paid,
        })
    }
}

pub(crate) fn list(op: &Operation<'_>) -> Answer {
    let kept = op.books.payments.values().filter(|payment| op.since_ms.is_none_or(|since| payment.updated_ms >= since));
    filter::answer(kept.map(|payment| payment.view(op.books)).collect(), "Payments", "PaymentID", op.query, false)
}

pub(crate) fn one(op: &Operation<'_>, key: &str) -> Answer {
    let payment = key.parse().ok().and_then(|id: Uuid| op.books.payments.get(&id)).ok_or(Refusal::NotFound)?;
    Ok(json!({ "Payments": [payment.view(op.books)] }))
}

/// One element of PUT or POST `/Payments`: a new payment.
pub(crate) fn create(op: &mut Operation<'_>, document: &Value) -> Result<Value, Vec<String>> {
    let owed = owed(op.books, document).ok_or_else(|| vec!["Invoice could not be found".to_owned()])?;
    let account = account_of(&document["Account"]);
    let amount_minor = wire::read_decimal(&document["Amount"]).and_then(wire::cents).unwrap_or_default();
    let mut wrong = Vec::new();
    if owed.status != InvoiceStatus::Authorised {
        wrong.push("Payments can only be applied to invoices that are awaiting payment");
    } else if amount_minor > owed.left_minor {
        wrong.push("Payment amount exceeds the amount outstanding on this document");
    }
    if amount_minor <= 0 {
        wrong.push("The payment amount must be greater than 0");
    }
    if account.is_none() {
        wrong.push("The account must be of type BANK or have payments enabled");
    }
    let date = wire::read_day(&document["Date"]).unwrap_or(op.today);
    if op.is_locked(date) {
        wrong.push(PERIOD_LOCKED);
    }
    let (Some(account), true) = (account, wrong.is_empty()) else {
        return Err(wrong.into_iter().map(str::to_owned).collect());
    };
    let payment = Payment {
        id: op.new_id(),
        invoice: owed.id,
        account_code: account.code.to_owned(),
        date,
        amount_minor,
        reference: document["Reference"].as_str().unwrap_or_default().to_owned(),
        status: Status::Authorised,
        reconciled: document["IsReconciled"].as_bool().unwrap_or(false),
        updated_ms: op.now_ms,
    };
    op.books.add_payment(payment.clone());
    settle(op, &payment);
    Ok(payment.view(op.books))
}

/// What follows for whatever was paid. Payments have no news of their own (1.12).
fn settle(op: &mut Operation<'_>, payment: &Payment) {
    op.books.recompute(payment.invoice, op.now_ms);
    let category = match op.books.bank_transactions.get(&payment.invoice) {
        Some(advance) => advance.kind.category(),
        None if op.books.credit_notes.contains_key(&payment.invoice) => "CREDITNOTE",
        None => "INVOICE",
    };
    op.happened(category, payment.invoice, true);
}

/// What a payment is for, and how much of it is left.
struct Owed {
    id: Uuid,
    status: InvoiceStatus,
    left_minor: i64,
}

fn owed(books: &Books, document: &Value) -> Option<Owed> {
    let credit = [&document["CreditNote"]["CreditNoteID"], &document["CreditNote"]["CreditNoteNumber"]];
    if let Some(key) = credit.into_iter().find_map(Value::as_str) {
        let note = books.credit_note_named(key)?;
        return Some(Owed { id: note.id, status: note.status, left_minor: note.remaining_minor() });
    }
    let advance = [&document["Overpayment"]["OverpaymentID"], &document["Prepayment"]["PrepaymentID"]];
    if let Some(key) = advance.into_iter().find_map(Value::as_str) {
        let advance = books.bank_transactions.get(&key.parse().ok()?)?;
        return Some(Owed { id: advance.id, status: advance.status, left_minor: advance.remaining_minor() });
    }
    let invoice = invoice_of(books, document)?;
    Some(Owed { id: invoice.id, status: invoice.status, left_minor: invoice.due_minor() })
}

fn invoice_of<'a>(books: &'a Books, document: &Value) -> Option<&'a super::invoices::Invoice> {
    let invoice = &document["Invoice"];
    let named = [&invoice["InvoiceID"], &invoice["InvoiceNumber"], &document["InvoiceNumber"]];
    named.into_iter().find_map(Value::as_str).and_then(|key| books.invoice_named(key))
}

/// By id or code; only accounts that may take payments.
fn account_of(document: &Value) -> Option<Account> {
    let (id, code) = (document["AccountID"].as_str(), document["Code"].as_str());
    ACCOUNTS.into_iter().find(|account| {
        let named = id.map_or(code == Some(account.code), |id| id.eq_ignore_ascii_case(account.id));
        named && (account.kind == "BANK" || account.takes_payments)
    })
}

/// `POST /Payments/{id}` with `{"Status":"DELETED"}` and nothing else: reverses the payment.
pub(crate) fn delete(op: &mut Operation<'_>, id: Uuid, body: &Value) -> Answer {
    let submitted = super::call::elements(body, "Payments").into_iter().next().unwrap_or_default();
    let refuse = |message: &str| Err(Refusal::of(&submitted, &[message.to_owned()]));
    let Some(payment) = op.books.payments.get(&id).cloned() else { return Err(Refusal::NotFound) };
    let others = submitted
        .as_object()
        .is_none_or(|members| members.keys().any(|name| !matches!(name.as_str(), "Status" | "PaymentID")));
    if others || submitted["Status"] != "DELETED" {
        return refuse("Only Status accepted for updates");
    }
    if !payment.stands() {
        return refuse("The payment has already been deleted");
    }
    if op.is_locked(payment.date) {
        return refuse(PERIOD_LOCKED);
    }
    let payment = Payment { status: Status::Deleted, updated_ms: op.now_ms, ..payment };
    op.books.payments.insert(id, payment.clone());
    settle(op, &payment);
    Ok(json!({ "Payments": [payment.view(op.books)] }))
}
