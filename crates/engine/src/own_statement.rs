//! A customer's statement in books of our own. Refunds of invoices are not among its movements: what is paid back credits the
//! sale and pays that credit out, so that what the customer owes stays (`wire/accounting.md`, 4.5). Those of advances are: the
//! customer has less credit. What invoices get of a credit moves nothing.

use crate::{AdminPass, Engine, Error, clock::zone, post_refund::REFUND};
use chrono::{Datelike, Months, NaiveDate};
use domain::{
    ids::{CustomerId, InvoiceId},
    invoice::InvoiceStatus,
    money::Money,
    own_statement::{Movement, Statement},
};
use std::collections::HashMap;
use store::{CreditNote, Invoice, LedgerPayment, MerchantDb};

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
        self.statement_of(&admin.db, customer, (from, until)).await
    }

    /// The same, whoever reads it.
    pub(crate) async fn statement_of(
        &self,
        db: &MerchantDb,
        customer: CustomerId,
        (from, until): (Option<NaiveDate>, Option<NaiveDate>),
    ) -> Result<CustomerStatement, Error> {
        let set_up = self.own_books(db).await?;
        let (zone, currency) = (zone(&set_up.merchant.time_zone), set_up.currency()?);
        let db = db.snapshot().await?;
        let row = db.customer(customer).await?;
        let mut invoices = db.invoices_of_customer(customer).await?;
        // In other currencies than the merchant's, nothing is written here.
        invoices.retain(|invoice| invoice.currency == currency.code());
        let ids: Vec<_> = invoices.iter().map(|invoice| invoice.id).collect();
        let payments = db.ledger_payments_of(&ids).await?;
        let mut credits = db.credit_notes_of_all(&ids).await?;
        db.commit().await?;
        // What is paid for a quote is credit by its payment.
        credits.retain(|note| invoices.iter().any(|one| one.id == note.invoice_id && one.advance.is_none()));
        let movements = movements(&invoices, &payments, &credits)?;
        let statement = Statement::of(movements, period(from, until, self.clock().today(zone)), currency)?;
        Ok(CustomerStatement { customer, name: row.name, address: row.address.unwrap_or_default(), statement })
    }
}

/// The days of a statement; where they are not said, from the first day of the month before to today.
pub(crate) fn period(from: Option<NaiveDate>, until: Option<NaiveDate>, today: NaiveDate) -> (NaiveDate, NaiveDate) {
    let until = until.unwrap_or(today);
    let from = from.or_else(|| until.with_day(1)?.checked_sub_months(Months::new(1))).unwrap_or(until);
    (from, until)
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
    let is_advance = |id: InvoiceId| invoices.iter().any(|one| one.id == id && one.advance.is_some());
    for payment in payments {
        let (amount, refunds) = (payment.amount()?, is_of_refund(payment));
        let name = match (amount.is_positive(), refunds) {
            (true, false) => "Payment of",
            (false, false) => "Payment taken back,",
            // Less of it is credit.
            (false, true) if is_advance(payment.invoice_id) => "Refund of",
            (true, true) if is_advance(payment.invoice_id) => "Refund taken back,",
            (_, true) => continue,
        };
        let (date, what) = (payment.date, format!("{name} {}", number(payment.invoice_id)));
        moved.push(Movement { date, what, amount: Money::new(-amount.minor, amount.currency) });
    }
    for note in credits.iter().filter(|note| note.voided_at.is_none()) {
        let (what, total) = (format!("Credit note {} of {}", note.number, number(note.invoice_id)), note.total()?);
        moved.push(Movement { date: note.date, what, amount: Money::new(-total.minor, total.currency) });
    }
    Ok(moved)
}

/// Of what was paid back, or came back after that. Its key alone says so: what is undone by a void at the gateway is quoted by the
/// payment's own number there.
pub(crate) fn is_of_refund(payment: &LedgerPayment) -> bool {
    payment.idempotency_key.starts_with(REFUND)
}
