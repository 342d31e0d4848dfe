//! Credit notes to customers: created as drafts or not, changed while nothing is used of them, approved, allocated to
//! invoices, paid out by a payment, deleted or voided. One that was deleted or voided keeps its number.
//! Source: `wire/accounting.md`, 1.7.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::allocations::{Allocation, sum};
use super::call::{Answer, Operation, PERIOD_LOCKED};
use super::invoice_writes::{contact_of, lines_of, touches_money};
use super::invoices::Status;
use super::lines::Line;
use super::refusal::Refusal;
use super::{Books, filter, wire};
use crate::facts;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct CreditNote {
    pub id: Uuid,
    pub number: String,
    pub status: Status,
    pub contact: Uuid,
    pub reference: String,
    pub date: NaiveDate,
    line_amount_types: String,
    lines: Vec<Line>,
    pub paid_minor: i64,
    #[serde(default)]
    pub allocations: Vec<Allocation>,
    updated_ms: i64,
}

impl CreditNote {
    fn tax_minor(&self) -> i64 {
        self.lines.iter().map(|line| line.tax_minor).sum()
    }

    pub fn total_minor(&self) -> i64 {
        let lines: i64 = self.lines.iter().map(|line| line.amount_minor).sum();
        if self.line_amount_types == "Exclusive" { lines + self.tax_minor() } else { lines }
    }

    pub fn remaining_minor(&self) -> i64 {
        self.total_minor() - self.paid_minor - sum(&self.allocations)
    }

    /// Takes the sum of the standing payments in; PAID when nothing is left.
    pub fn settle(&mut self, paid_minor: i64, now_ms: i64) {
        (self.paid_minor, self.updated_ms) = (paid_minor, now_ms);
        self.status = match self.status {
            Status::Authorised | Status::Paid if self.remaining_minor() == 0 => Status::Paid,
            Status::Paid => Status::Authorised,
            other => other,
        };
    }

    /// The copy within a payment, which calls it an invoice (1.8).
    pub fn within_payment(&self) -> Value {
        json!({
            "Type": "ACCRECCREDIT", "InvoiceID": self.id, "InvoiceNumber": self.number, "Status": self.status,
            "CurrencyCode": facts::NORTHWIND.currency,
        })
    }

    /// With lines and payments, as when read singly or paged, for who asks for unit prices of so many places.
    fn view(&self, books: &Books, full: Option<u32>) -> Value {
        let mut view = json!({
            "Type": "ACCRECCREDIT", "CreditNoteID": self.id, "CreditNoteNumber": self.number, "Reference": self.reference,
            "Status": self.status, "Date": wire::day(self.date), "DateString": wire::day_string(self.date),
            "LineAmountTypes": self.line_amount_types, "CurrencyRate": wire::one_to_one(), "HasAttachments": false,
            "Contact": books.contacts.get(&self.contact).map(super::contacts::Contact::brief),
            "SubTotal": wire::money(self.total_minor() - self.tax_minor()), "TotalTax": wire::money(self.tax_minor()),
            "Total": wire::money(self.total_minor()), "RemainingCredit": wire::money(self.remaining_minor()),
            "AppliedAmount": wire::money(sum(&self.allocations)),
            "Allocations": self.allocations.iter().map(|part| part.view(books)).collect::<Vec<_>>(),
            "CurrencyCode": facts::NORTHWIND.currency,
            "UpdatedDateUTC": wire::instant(self.updated_ms),
            "UpdatedDateUTCString": wire::instant_string(self.updated_ms), "HasErrors": false,
        });
        if let Some(unit_places) = full {
            view["Payments"] = books.standing_payments(self.id).map(super::Payment::within_invoice).collect();
            view["LineItems"] = self.lines.iter().map(|line| line.view_to(unit_places)).collect();
        }
        view
    }

    /// The copy that an invoice has of what it got.
    fn within_invoice(&self, applied_minor: i64) -> Value {
        json!({
            "CreditNoteID": self.id, "CreditNoteNumber": self.number, "Date": wire::day(self.date),
            "DateString": wire::day_string(self.date), "AppliedAmount": wire::money(applied_minor),
            "Total": wire::money(self.total_minor()), "LineItems": [], "HasErrors": false,
        })
    }
}

/// The copies of what is allocated to an invoice.
pub(crate) fn within(books: &Books, invoice: Uuid) -> Value {
    let copy = |note: &CreditNote| {
        let parts = note.allocations.iter().filter(|part| part.invoice == invoice);
        let applied_minor: i64 = parts.map(|part| part.amount_minor).sum();
        (applied_minor > 0).then(|| note.within_invoice(applied_minor))
    };
    books.credit_notes.values().filter_map(copy).collect()
}

pub(crate) fn list(op: &Operation<'_>) -> Answer {
    let notes = op.books.credit_notes.values();
    let kept = notes.filter(|note| op.since_ms.is_none_or(|since| note.updated_ms >= since));
    let full = op.query.number("page").map(|_| op.unit_places());
    let shown = kept.map(|note| note.view(op.books, full)).collect();
    filter::answer(shown, "CreditNotes", "CreditNoteID", op.query, false)
}

pub(crate) fn one(op: &Operation<'_>, key: &str) -> Answer {
    let note = op.books.credit_note_named(key).ok_or(Refusal::NotFound)?;
    Ok(json!({ "CreditNotes": [note.view(op.books, Some(op.unit_places()))] }))
}

/// One element of PUT (create only) or POST (create or update).
pub(crate) fn write(op: &mut Operation<'_>, document: &Value, id: Option<Uuid>) -> Result<Value, Vec<String>> {
    let id = id.or_else(|| document["CreditNoteID"].as_str()?.parse().ok());
    let number = document["CreditNoteNumber"].as_str().filter(|_| !op.creates_only());
    let numbered = number.and_then(|number| op.books.credit_note_named(number)).map(|note| note.id);
    let note = match id.or(numbered) {
        Some(id) => update(op, document, id)?,
        None => create(op, document)?,
    };
    let known = op.books.credit_notes.insert(note.id, note.clone()).is_some();
    op.happened("CREDITNOTE", note.id, known);
    Ok(note.view(op.books, Some(op.unit_places())))
}

fn create(op: &mut Operation<'_>, document: &Value) -> Result<CreditNote, Vec<String>> {
    let mut wrong = Vec::new();
    if document["Type"] != "ACCRECCREDIT" {
        wrong.push("The Type field is required".to_owned());
    }
    let number = document["CreditNoteNumber"].as_str().filter(|number| !number.is_empty());
    if number.is_some_and(|number| op.books.credit_note_named(number).is_some()) {
        wrong.push("Credit note number must be unique.".to_owned());
    }
    let status = document["Status"].as_str().map_or(Some(Status::Draft), Status::named);
    let status = status.filter(|status| matches!(status, Status::Draft | Status::Submitted | Status::Authorised));
    if status.is_none() {
        wrong.push("Credit note not of valid status for creation".to_owned());
    }
    let contact = contact_of(op, document);
    if contact.is_none() {
        wrong.push("A Contact must be specified for this type of transaction".to_owned());
    }
    let date = wire::read_day(&document["Date"]).unwrap_or(op.today);
    if op.is_locked(date) {
        wrong.push(PERIOD_LOCKED.to_owned());
    }
    let lines = lines_of(op, document, status == Some(Status::Authorised)).unwrap_or_else(|error| {
        wrong.push(error);
        Vec::new()
    });
    if lines.is_empty() {
        wrong.push("One or more line items must be specified".to_owned());
    }
    let (Some(status), Some(contact), true) = (status, contact, wrong.is_empty()) else { return Err(wrong) };
    Ok(CreditNote {
        id: op.new_id(),
        number: number.map_or_else(|| op.books.next_credit_note_number(), str::to_owned),
        status,
        contact,
        reference: document["Reference"].as_str().unwrap_or_default().to_owned(),
        date,
        line_amount_types: document["LineAmountTypes"].as_str().unwrap_or("Exclusive").to_owned(),
        lines,
        paid_minor: 0,
        allocations: Vec::new(),
        updated_ms: op.now_ms,
    })
}

fn update(op: &Operation<'_>, document: &Value, id: Uuid) -> Result<CreditNote, Vec<String>> {
    let refuse = |message: &str| Err(vec![message.to_owned()]);
    let Some(note) = op.books.credit_notes.get(&id) else { return refuse("Credit note could not be found") };
    let mut note = note.clone();
    let next = document["Status"].as_str().map_or(Some(note.status), Status::named);
    let is_used = note.paid_minor > 0 || !note.allocations.is_empty();
    let Some(next) = next.filter(|next| note.status.may_become(*next) && !is_used) else {
        return refuse("This document cannot be edited as it has a payment or credit note allocated to it.");
    };
    if touches_money(document) && matches!(note.status, Status::Voided | Status::Deleted) {
        return refuse("Credit note not of valid status for modification");
    }
    let date = wire::read_day(&document["Date"]).unwrap_or(note.date);
    if op.is_locked(date.min(note.date)) {
        return refuse(PERIOD_LOCKED);
    }
    if document["LineItems"].is_array() {
        note.lines = lines_of(op, document, next == Status::Authorised).map_err(|error| vec![error])?;
    }
    if document["Contact"].is_object() {
        note.contact = contact_of(op, document).ok_or_else(|| vec!["The contact could not be found.".to_owned()])?;
    }
    let text = |name: &str| document[name].as_str().map(str::to_owned);
    note.reference = text("Reference").unwrap_or(note.reference);
    note.line_amount_types = text("LineAmountTypes").unwrap_or(note.line_amount_types);
    Ok(CreditNote { status: next, date, updated_ms: op.now_ms, ..note })
}

/// `PUT /CreditNotes/{id}/Allocations`.
pub(crate) fn allocate(op: &mut Operation<'_>, id: Uuid, body: &Value) -> Answer {
    let Some(note) = op.books.credit_notes.get(&id) else { return Err(Refusal::NotFound) };
    if note.status != Status::Authorised {
        let why = "The credit note must be approved, and something of it left".to_owned();
        return Err(Refusal::of(body, &[why]));
    }
    let made = Allocation::read_all(op, body, note.contact, note.remaining_minor())?;
    let view = |part: &Allocation| {
        let mut view = part.view(op.books);
        view["CreditNote"] = json!({ "CreditNoteID": id });
        view
    };
    let views: Vec<Value> = made.iter().map(view).collect();
    let invoices: Vec<Uuid> = made.iter().map(|part| part.invoice).collect();
    if let Some(note) = op.books.credit_notes.get_mut(&id) {
        note.allocations.extend(made);
    }
    allocated(op, id, &invoices);
    Ok(json!({ "Allocations": views }))
}

/// `DELETE /CreditNotes/{id}/Allocations/{allocation}`.
pub(crate) fn unallocate(op: &mut Operation<'_>, id: Uuid, allocation: Uuid) -> Answer {
    let note = op.books.credit_notes.get_mut(&id).ok_or(Refusal::NotFound)?;
    let at = note.allocations.iter().position(|part| part.id == allocation).ok_or(Refusal::NotFound)?;
    let gone = note.allocations.remove(at);
    allocated(op, id, &[gone.invoice]);
    Ok(gone.view_of_gone(op.books))
}

fn allocated(op: &mut Operation<'_>, note: Uuid, invoices: &[Uuid]) {
    op.books.recompute(note, op.now_ms);
    for invoice in invoices {
        op.books.recompute(*invoice, op.now_ms);
        op.happened("INVOICE", *invoice, true);
    }
}

impl Books {
    pub fn credit_note_named(&self, key: &str) -> Option<&CreditNote> {
        match key.parse::<Uuid>() {
            Ok(id) => self.credit_notes.get(&id),
            Err(_) => self.credit_notes.values().find(|note| note.number == key),
        }
    }

    fn next_credit_note_number(&self) -> String {
        let numbers =
            self.credit_notes.values().filter_map(|note| note.number.strip_prefix("CN-")?.parse::<u32>().ok());
        format!("CN-{:04}", numbers.max().unwrap_or_default() + 1)
    }
}
