//! An invoice or a credit note as a document.

use uuid::Uuid;

use super::Books;
use super::credit_notes::CreditNote;
use super::invoices::Invoice;
use crate::facts;
use crate::html::money;
use crate::pdf::document;

pub(crate) fn invoice(invoice: &Invoice, books: &Books) -> Vec<u8> {
    let amount = |minor| money(minor, &invoice.currency);
    let lines = [
        format!("{} - Invoice {}", facts::NORTHWIND.name, invoice.number),
        to(books, invoice.contact),
        format!("Date: {}   Due: {}", invoice.date, invoice.due_date),
        format!(
            "Total: {}   Paid: {}   Due: {}",
            amount(invoice.total_minor()),
            amount(invoice.paid_minor),
            amount(invoice.due_minor())
        ),
    ];
    document(&lines)
}

pub(crate) fn credit_note(note: &CreditNote, books: &Books) -> Vec<u8> {
    let amount = |minor| money(minor, facts::NORTHWIND.currency);
    let lines = [
        format!("{} - Credit note {}", facts::NORTHWIND.name, note.number),
        to(books, note.contact),
        format!("Date: {}", note.date),
        format!("Total: {}   Left: {}", amount(note.total_minor()), amount(note.remaining_minor())),
    ];
    document(&lines)
}

fn to(books: &Books, contact: Uuid) -> String {
    format!("To: {}", books.contacts.get(&contact).map_or("", |contact| contact.name.as_str()))
}
