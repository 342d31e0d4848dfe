//! A customer's statement in books of our own. Refunds are not among its movements: what is paid back credits the sale and
//! pays that credit out, so that what the customer owes stays (`wire/accounting.md`, 4.5).

use crate::{AdminPass, Engine, Error, clock::zone};
use chrono::{Datelike, Months, NaiveDate};
use domain::{
    ids::{CustomerId, InvoiceId},
    invoice::InvoiceStatus,
    money::Money,
    own_statement::{Movement, Statement},
};
use std::collections::HashMap;
use store::{CreditNote, Invoice, LedgerPayment};

/// A statement, and whose it is.
#[derive(Clone, Debug)]
pub struct CustomerStatement {
    pub customer: CustomerId,
    pub name: String,
    pub address: String,
    pub statement: Statement,
}

impl Engine {
    /// The statement of a period; where its days are not said, from the first day of the month before to today.
    ///
    /// # Errors
    /// [`Error::NotFound`] also for another merchant's customer, and where the books are not our own.
    pub async fn own_statement(
        &self,
        admin: &AdminPass,
        customer: CustomerId,
        from: Option<NaiveDate>,
        until: Option<NaiveDate>,
    ) -> Result<CustomerStatement, Error> {
        let (set_up, db) = (self.own_books(&admin.db).await?, &admin.db);
        let (zone, currency) = (zone(&set_up.merchant.time_zone), set_up.currency()?);
        let row = db.customer(customer).await?;
        let mut invoices = db.invoices_of_customer(customer).await?;
        // In other currencies than the merchant's, nothing is written here.
        invoices.retain(|invoice| invoice.currency == currency.code());
        let ids: Vec<_> = invoices.iter().map(|invoice| invoice.id).collect();
        let payments = db.ledger_payments_of(&ids).await?;
        let mut credits = db.credit_notes_of_all(&ids).await?;
        // What is paid for a quote is credit by its payment.
        credits.retain(|note| invoices.iter().any(|one| one.id == note.invoice_id && one.advance.is_none()));
        let movements = movements(&invoices, &payments, &credits)?;
        let until = until.unwrap_or_else(|| self.clock().today(zone));
        let from = from.or_else(|| until.with_day(1)?.checked_sub_months(Months::new(1))).unwrap_or(until);
        let statement = Statement::of(movements, (from, until), currency)?;
        Ok(CustomerStatement { customer, name: row.name, address: row.address.unwrap_or_default(), statement })
    }
}

/// All that ever moved.
fn movements(invoices: &[Invoice], payments: &[LedgerPayment], credits: &[CreditNote]) -> Result<Vec<Movement>, Error> {
    let numbers: HashMap<InvoiceId, &str> = invoices.iter().map(|one| (one.id, one.number.as_str())).collect();
    let number = |id: InvoiceId| numbers.get(&id).copied().unwrap_or_default();
    let mut moved = Vec::new();
    // An advance is owed by nobody: only its payment counts.
    for invoice in invoices.iter().filter(|invoice| invoice.advance.is_none()) {
        if matches!(invoice.status, InvoiceStatus::Open | InvoiceStatus::Paid) {
            let what = format!("Invoice {}", invoice.number);
            moved.push(Movement { date: invoice.date, what, amount: invoice.total()? });
        }
    }
    for payment in payments.iter().filter(|payment| !is_of_refund(payment, payments)) {
        let amount = payment.amount()?;
        let name = if amount.is_positive() { "Payment of" } else { "Payment taken back," };
        let (date, what) = (payment.date, format!("{name} {}", number(payment.invoice_id)));
        moved.push(Movement { date, what, amount: Money::new(-amount.minor, amount.currency) });
    }
    for note in credits {
        let (what, total) = (format!("Credit note {} of {}", note.number, number(note.invoice_id)), note.total()?);
        moved.push(Movement { date: note.date, what, amount: Money::new(-total.minor, total.currency) });
    }
    Ok(moved)
}

/// A payment begins with what came, a refund with what went back; what comes later under one reference undoes the first.
fn is_of_refund(payment: &LedgerPayment, all: &[LedgerPayment]) -> bool {
    let same = all.iter().filter(|one| one.invoice_id == payment.invoice_id && one.reference == payment.reference);
    same.min_by_key(|one| (one.created_at, one.id)).is_some_and(|first| first.amount_minor < 0)
}
