//! What programs of a merchant's send to `/api/v1` (`docs/api.md`), and what each body says in the words of the screens' forms.
//! A member that is not known is refused: it was meant to do something.

use crate::{
    ids::CustomerId,
    money::{Currency, Money},
    own_credit::{CreditTyped, PaymentTyped},
    own_customer::CustomerTyped,
    own_invoice::{InvoiceTyped, LineTyped},
};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustomerSent {
    name: String,
    code: Option<String>,
    email: Option<String>,
    terms_days: Option<u32>,
    address: Option<String>,
}

impl CustomerSent {
    #[must_use]
    pub fn typed(self) -> CustomerTyped {
        CustomerTyped {
            name: self.name,
            code: self.code.unwrap_or_default(),
            email: self.email.unwrap_or_default(),
            terms_days: self.terms_days.map(|days| days.to_string()).unwrap_or_default(),
            address: self.address.unwrap_or_default(),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InvoiceSent {
    pub customer: CustomerId,
    pub currency: String,
    date: String,
    due_date: Option<String>,
    number: Option<String>,
    #[serde(default)]
    tax_included: bool,
    notes: Option<String>,
    lines: Vec<LineSent>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LineSent {
    description: String,
    quantity: String,
    unit_price_minor: i64,
    tax_percent: Option<String>,
}

impl InvoiceSent {
    /// At a merchant of this currency.
    #[must_use]
    pub fn typed(self, own: Currency) -> InvoiceTyped {
        let line = |line: LineSent| LineTyped {
            description: line.description,
            quantity: line.quantity,
            unit_price: Money::new(line.unit_price_minor, own).to_decimal(),
            tax: line.tax_percent.unwrap_or_default(),
        };
        InvoiceTyped {
            number: self.number.unwrap_or_default(),
            date: self.date,
            due_date: self.due_date.unwrap_or_default(),
            tax_included: self.tax_included,
            notes: self.notes.unwrap_or_default(),
            lines: self.lines.into_iter().map(line).collect(),
        }
    }
}

/// A payment that was made past the portal.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PaymentSent {
    amount_minor: i64,
    pub currency: String,
    date: String,
    reference: String,
}

impl PaymentSent {
    /// At a merchant of this currency.
    #[must_use]
    pub fn typed(self, own: Currency) -> PaymentTyped {
        let amount = Money::new(self.amount_minor, own).to_decimal();
        PaymentTyped { amount, date: self.date, reference: self.reference }
    }
}

/// A credit note.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreditSent {
    amount_minor: i64,
    pub currency: String,
    reason: String,
}

impl CreditSent {
    /// At a merchant of this currency.
    #[must_use]
    pub fn typed(self, own: Currency) -> CreditTyped {
        let amount = Money::new(self.amount_minor, own).to_decimal();
        CreditTyped { amount, reason: self.reason, lines: Vec::new() }
    }
}
