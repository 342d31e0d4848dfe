//! An invoice as a document.

use super::Books;
use super::invoices::Invoice;
use crate::facts;
use crate::html::money;
use crate::pdf::document;

pub(crate) fn invoice(invoice: &Invoice, books: &Books) -> Vec<u8> {
    let customer = books.contacts.get(&invoice.contact).map_or("", |contact| contact.name.as_str());
    let amount = |minor| money(minor, &invoice.currency);
    let lines = [
        format!("{} - Invoice {}", facts::NORTHWIND.name, invoice.number),
        format!("To: {customer}"),
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
