//! What programs of a merchant's send to `/api/v1` (`docs/api.md`), and what each body says in the words of the screens' forms.
//! A member that is not known is refused: it was meant to do something.

use crate::{
    ids::{CustomerId, InvoiceId},
    money::{Currency, Money},
    own_credit::{CreditTyped, PaymentTyped},
    own_customer::CustomerTyped,
    own_invoice::{InvoiceTyped, LineTyped},
};
use serde::Deserialize;

/// A customer. What is left out is empty.
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
    /// In the words of the form.
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

/// An invoice, or a draft of one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InvoiceSent {
    /// It is not issued yet.
    #[serde(default)]
    pub draft: bool,
    /// What was read of the draft that this is to take the place of.
    pub changes: Option<i64>,
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

fn lines_typed(lines: Vec<LineSent>, own: Currency) -> Vec<LineTyped> {
    let typed = |line: LineSent| LineTyped {
        description: line.description,
        quantity: line.quantity,
        unit_price: Money::new(line.unit_price_minor, own).to_decimal(),
        tax: line.tax_percent.unwrap_or_default(),
    };
    lines.into_iter().map(typed).collect()
}

impl InvoiceSent {
    /// At a merchant of this currency.
    #[must_use]
    pub fn typed(self, own: Currency) -> InvoiceTyped {
        InvoiceTyped {
            number: self.number.unwrap_or_default(),
            date: self.date,
            due_date: self.due_date.unwrap_or_default(),
            tax_included: self.tax_included,
            notes: self.notes.unwrap_or_default(),
            lines: lines_typed(self.lines, own),
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

/// A payment that was made past the portal before there was an invoice.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdvanceSent {
    amount_minor: i64,
    pub currency: String,
    date: String,
    reference: String,
    /// What invoices get of it at once; what is left is the customer's credit.
    #[serde(default)]
    pub shares: Vec<ShareSent>,
}

/// What one invoice gets of such a payment.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShareSent {
    invoice: InvoiceId,
    amount_minor: i64,
}

impl AdvanceSent {
    /// At a merchant of this currency: the payment, and what each invoice gets.
    #[must_use]
    pub fn typed(self, own: Currency) -> (PaymentTyped, Vec<(InvoiceId, String)>) {
        let amount = |minor| Money::new(minor, own).to_decimal();
        let shares = self.shares.into_iter().map(|share| (share.invoice, amount(share.amount_minor))).collect();
        (PaymentTyped { amount: amount(self.amount_minor), date: self.date, reference: self.reference }, shares)
    }
}

/// A credit note.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreditSent {
    /// May be left out where lines say it.
    amount_minor: Option<i64>,
    pub currency: String,
    reason: String,
    #[serde(default)]
    lines: Vec<LineSent>,
}

impl CreditSent {
    /// At a merchant of this currency.
    #[must_use]
    pub fn typed(self, own: Currency) -> CreditTyped {
        let amount = self.amount_minor.map(|minor| Money::new(minor, own).to_decimal()).unwrap_or_default();
        CreditTyped { amount, reason: self.reason, lines: lines_typed(self.lines, own) }
    }
}
