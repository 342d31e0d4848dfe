//! What a credit gives to an invoice: a credit note, an over-payment or a prepayment. Source: `wire/accounting.md`, 1.7 and 1.9.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::call::{Operation, elements};
use super::invoices::Status;
use super::refusal::Refusal;
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

    /// When it has been taken off again.
    pub fn view_of_gone(&self, books: &Books) -> Value {
        let mut view = self.view(books);
        view["IsDeleted"] = json!(true);
        view
    }

    /// All that a body asks for out of a credit of this contact's with so much left, or nothing of it.
    pub fn read_all(
        op: &Operation<'_>,
        body: &Value,
        contact: Uuid,
        remaining_minor: i64,
    ) -> Result<Vec<Self>, Refusal> {
        let mut parts: Vec<Self> = Vec::new();
        for submitted in elements(body, "Allocations") {
            let part = Self::read(op, &submitted, contact, remaining_minor, &parts);
            parts.push(part.map_err(|why| Refusal::of(&submitted, &[why.to_owned()]))?);
        }
        if parts.is_empty() {
            return Err(Refusal::Malformed("No Allocations found in the request".to_owned()));
        }
        Ok(parts)
    }

    fn read(
        op: &Operation<'_>,
        submitted: &Value,
        contact: Uuid,
        remaining_minor: i64,
        before: &[Self],
    ) -> Result<Self, &'static str> {
        let invoice = submitted["Invoice"]["InvoiceID"].as_str().or(submitted["Invoice"]["InvoiceNumber"].as_str());
        let invoice = invoice.and_then(|key| op.books.invoice_named(key)).ok_or("Invoice could not be found")?;
        let amount_minor = wire::read_decimal(&submitted["Amount"]).and_then(wire::cents).unwrap_or_default();
        if invoice.contact != contact || invoice.status != Status::Authorised {
            return Err("The invoice must be awaiting payment, and of the same contact");
        }
        let of_it = before.iter().filter(|part| part.invoice == invoice.id).map(|part| part.amount_minor);
        let due_minor = invoice.due_minor() - of_it.sum::<i64>();
        if amount_minor <= 0 || amount_minor > due_minor.min(remaining_minor - sum(before)) {
            return Err("The amount applied is more than what is left");
        }
        let date = wire::read_day(&submitted["Date"]).unwrap_or(op.today);
        Ok(Self { id: op.new_id(), invoice: invoice.id, amount_minor, date })
    }
}

/// The sum of them.
pub(crate) fn sum(allocations: &[Allocation]) -> i64 {
    allocations.iter().map(|part| part.amount_minor).sum()
}
