//! Writing invoices: creation and the changes that their state allows. Source: `wire/accounting.md`, 1.5.

use serde_json::Value;
use uuid::Uuid;

use super::call::{Operation, PERIOD_LOCKED};
use super::invoices::{Invoice, Status};
use super::lines::Line;
use super::{contacts, wire};
use crate::facts;

const NUMBER_MAX_CHARS: usize = 255;
const MUST_BE_KNOWN: &str = "Invoice could not be found";
const LOCKED_BY_PAYMENT: &str = "This document cannot be edited as it has a payment or credit note allocated to it.";

/// One element of PUT (create only) or POST (create or update).
pub(crate) fn write(op: &mut Operation<'_>, document: &Value, id: Option<Uuid>) -> Result<Value, Vec<String>> {
    let id = id.or_else(|| document["InvoiceID"].as_str()?.parse().ok());
    let number = document["InvoiceNumber"].as_str().filter(|number| !number.is_empty());
    let existing = match (id, number) {
        (Some(id), _) => Some(op.books.invoices.get(&id).ok_or_else(|| vec![MUST_BE_KNOWN.to_owned()])?),
        (None, Some(number)) => op.books.invoice_named(number),
        (None, None) => None,
    };
    let invoice = match existing.cloned() {
        Some(_) if op.creates_only() => return Err(vec!["Invoice # must be unique.".to_owned()]),
        Some(invoice) => update(op, document, invoice)?,
        None => create(op, document)?,
    };
    let known = op.books.invoices.contains_key(&invoice.id);
    op.happened("INVOICE", invoice.id, known);
    op.books.invoices.insert(invoice.id, invoice.clone());
    Ok(invoice.view_to(op.books, true, op.unit_places()))
}

fn create(op: &mut Operation<'_>, document: &Value) -> Result<Invoice, Vec<String>> {
    let mut wrong = Vec::new();
    let kind = document["Type"].as_str().unwrap_or_default();
    if !matches!(kind, "ACCREC" | "ACCPAY") {
        wrong.push("The Type field is required".to_owned());
    }
    let status = document["Status"].as_str().map_or(Some(Status::Draft), Status::named);
    let status = status.filter(|status| matches!(status, Status::Draft | Status::Submitted | Status::Authorised));
    if status.is_none() {
        wrong.push("Invoice not of valid status for creation".to_owned());
    }
    let contact = contact_of(op, document);
    if contact.is_none() && !names_contact(document) {
        wrong.push("A Contact must be specified for this type of transaction".to_owned());
    }
    let today = op.today;
    let date = wire::read_day(&document["Date"]).unwrap_or(today);
    let currency = document["CurrencyCode"].as_str().unwrap_or(facts::NORTHWIND.currency);
    if currency != facts::NORTHWIND.currency {
        wrong.push(format!("Organisation is not subscribed to currency {currency}"));
    }
    if op.is_locked(date) {
        wrong.push(PERIOD_LOCKED.to_owned());
    }
    wrong.extend(misspelt(document));
    let lines = lines_of(op, document, status == Some(Status::Authorised)).unwrap_or_else(|error| {
        wrong.push(error);
        Vec::new()
    });
    if lines.is_empty() && status != Some(Status::Draft) {
        wrong.push("One or more line items must be specified".to_owned());
    }
    let (Some(status), true) = (status, wrong.is_empty()) else { return Err(wrong) };
    let contact = keep_contact(op, document, contact)?;
    let text = |name: &str| document[name].as_str().map(str::to_owned);
    Ok(Invoice {
        id: op.new_id(),
        number: text("InvoiceNumber").unwrap_or_else(|| op.books.next_number()),
        kind: kind.to_owned(),
        status,
        contact,
        reference: text("Reference").unwrap_or_default(),
        date,
        due_date: wire::read_day(&document["DueDate"]).unwrap_or(date),
        currency: currency.to_owned(),
        line_amount_types: text("LineAmountTypes").unwrap_or_else(|| "Exclusive".to_owned()),
        lines,
        url: text("Url"),
        branding_theme: text("BrandingThemeID"),
        paid_minor: 0,
        credited_minor: 0,
        fully_paid_on: None,
        sent: document["SentToContact"].as_bool().unwrap_or(false),
        updated_ms: op.now_ms,
        app: Some(op.client.to_owned()),
    })
}

fn update(op: &mut Operation<'_>, document: &Value, mut invoice: Invoice) -> Result<Invoice, Vec<String>> {
    let refuse = |message: &str| Err(vec![message.to_owned()]);
    let before = invoice.status;
    let next = match document["Status"].as_str() {
        Some(name) => Status::named(name).ok_or_else(|| vec![format!("Invoice status {name} is not valid")])?,
        None => before,
    };
    if !before.may_become(next) {
        return refuse("Invoice not of valid status for modification");
    }
    // Xero names one way to that state, from AUTHORISED.
    if before == Status::Voided && document["Status"].is_string() {
        return refuse("Invoice not of valid status for modification");
    }
    if let Some(wrong) = misspelt(document).next() {
        return refuse(&wrong);
    }
    let is_settled = invoice.is_settled_in_part();
    if next == Status::Voided && is_settled {
        return refuse(LOCKED_BY_PAYMENT);
    }
    let touches_money = touches_money(document);
    if touches_money && (is_settled || matches!(before, Status::Paid | Status::Voided | Status::Deleted)) {
        return refuse(LOCKED_BY_PAYMENT);
    }
    let date = wire::read_day(&document["Date"]).unwrap_or(invoice.date);
    if (touches_money || next != before) && op.is_locked(date.min(invoice.date)) {
        return refuse(PERIOD_LOCKED);
    }
    if document["LineItems"].is_array() {
        invoice.lines = lines_of(op, document, next == Status::Authorised).map_err(|error| vec![error])?;
    }
    if document["Contact"].is_object() {
        let contact = contact_of(op, document);
        if contact.is_none() && !names_contact(document) {
            return refuse("The contact could not be found.");
        }
        invoice.contact = keep_contact(op, document, contact)?;
    }
    invoice.date = date;
    invoice.due_date = wire::read_day(&document["DueDate"]).unwrap_or(invoice.due_date);
    invoice.sent = document["SentToContact"].as_bool().unwrap_or(invoice.sent);
    let text = |name: &str| document[name].as_str().map(str::to_owned);
    let says_more = next != before || touches_money || document["Reference"].is_string() || document["Url"].is_string();
    invoice.reference = text("Reference").unwrap_or(invoice.reference);
    invoice.url = text("Url").or(invoice.url);
    invoice.branding_theme = text("BrandingThemeID").or(invoice.branding_theme);
    invoice.line_amount_types = text("LineAmountTypes").unwrap_or(invoice.line_amount_types);
    invoice.status = next;
    // DueDate and SentToContact of a part-paid invoice do not move UpdatedDateUTC (1.1).
    if says_more || !is_settled {
        invoice.updated_ms = op.now_ms;
    }
    Ok(invoice)
}

/// Of an update: it says whose the document is, of when, or over what.
pub(super) fn touches_money(document: &Value) -> bool {
    document["LineItems"].is_array() || document["Contact"].is_object() || document["Date"].is_string()
}

pub(super) fn lines_of(op: &Operation<'_>, document: &Value, authorised: bool) -> Result<Vec<Line>, String> {
    let lines = document["LineItems"].as_array().map(Vec::as_slice).unwrap_or_default();
    let places = op.unit_places();
    lines.iter().map(|line| Line::read(line, op.new_id(), authorised, places)).collect()
}

/// What no invoice may hold: a number that is too long, and a link that could be taken for Xero's own.
fn misspelt(document: &Value) -> impl Iterator<Item = String> {
    let text = |name: &str| document[name].as_str().unwrap_or_default();
    let is_long = text("InvoiceNumber").chars().count() > NUMBER_MAX_CHARS;
    let is_xero = text("Url").to_ascii_lowercase().contains("xero");
    let rules = [
        (is_long, "The field InvoiceNumber must be a string with a maximum length of 255."),
        (is_xero, "The Url must not contain 'xero'."),
    ];
    rules.into_iter().filter(|(broken, _)| *broken).map(|(_, message)| message.to_owned())
}

/// A contact that is not known may still be made.
fn names_contact(document: &Value) -> bool {
    let contact = &document["Contact"];
    contact["ContactID"].is_null() && contact["Name"].as_str().is_some_and(|name| !name.trim().is_empty())
}

/// What is said of a contact within an invoice is written into the contact, one that is only named is made: whoever means
/// neither sends the id alone (1.5).
fn keep_contact(op: &mut Operation<'_>, document: &Value, known: Option<Uuid>) -> Result<Uuid, Vec<String>> {
    const WRITTEN: [&str; 6] =
        ["AccountNumber", "ContactNumber", "ContactPersons", "EmailAddress", "FirstName", "LastName"];
    let sent = &document["Contact"];
    match known {
        Some(id) if WRITTEN.iter().all(|name| sent[*name].is_null()) => Ok(id),
        known => contacts::save(op, sent, known, false).map(|contact| contact.id),
    }
}

pub(super) fn contact_of(op: &Operation<'_>, document: &Value) -> Option<Uuid> {
    let contact = &document["Contact"];
    match (contact["ContactID"].as_str(), contact["Name"].as_str()) {
        (Some(id), _) => id.parse().ok().filter(|id| op.books.contacts.contains_key(id)),
        (None, Some(name)) => op.books.contacts.values().find(|known| known.name == name).map(|known| known.id),
        (None, None) => None,
    }
}
