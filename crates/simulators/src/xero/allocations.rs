//! What a credit gives to an invoice: a credit note, an over-payment or a prepayment. Source: `wire/accounting.md`, 1.7 and 1.9.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::call::{Operation, elements};
use super::invoices::Status;
use super::{Books, wire};

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Allocation {
    pub id: Uuid,
    pub invoice: Uuid,
    pub amount_minor: i64,
    date: NaiveDate,
}

impl Allocation {
    pub fn view(&self, books: &Books) -> Value {
        let number = books.invoices.get(&self.invoice).map(|invoice| invoice.number.as_str());
        json!({
            "AllocationID": self.id, "Amount": wire::money(self.amount_minor), "Date": wire::day(self.date),
            "Invoice": { "InvoiceID": self.invoice, "InvoiceNumber": number },
        })
    }

    /// As it is asked for in a body, out of a credit of this contact's with so much left. Refused with what was submitted.
    pub fn read(
        op: &Operation<'_>,
        body: &Value,
        contact: Uuid,
        remaining_minor: i64,
    ) -> Result<Self, (Value, &'static str)> {
        let submitted = elements(body, "Allocations").into_iter().next().unwrap_or_default();
        let invoice = submitted["Invoice"]["InvoiceID"].as_str().or(submitted["Invoice"]["InvoiceNumber"].as_str());
        let Some(invoice) = invoice.and_then(|key| op.books.invoice_named(key)) else {
            return Err((submitted, "Invoice could not be found"));
        };
        let amount_minor = wire::read_decimal(&submitted["Amount"]).and_then(wire::cents).unwrap_or_default();
        if invoice.contact != contact || invoice.status != Status::Authorised {
            return Err((submitted, "The invoice must be awaiting payment, and of the same contact"));
        }
        if amount_minor <= 0 || amount_minor > remaining_minor.min(invoice.due_minor()) {
            return Err((submitted, "The amount applied is more than what is left"));
        }
        let date = wire::read_day(&submitted["Date"]).unwrap_or(op.today);
        Ok(Self { id: op.new_id(), invoice: invoice.id, amount_minor, date })
    }
}

/// The sum of them.
pub(crate) fn sum(allocations: &[Allocation]) -> i64 {
    allocations.iter().map(|part| part.amount_minor).sum()
}
