//! Does each invoice of books of our own come to what its lines say, and owe what its payments and credits have left? Everything
//! is added up anew, as it stands at one moment; nothing is changed.

use crate::{
    Engine, Error,
    own_books::{line, prices_of},
    own_statement::is_of_refund,
    use_credit::used_minor,
    verify_books::Verified,
};
use domain::{
    ids::InvoiceId,
    invoice::InvoiceStatus,
    money::Money,
    own_invoice::{Line, Prices, Sums},
};
use std::collections::BTreeSet;
use store::{CreditNote, Invoice, MerchantDb, MerchantTx, Part};

const ROWS_AT_ONCE: u64 = 500;

/// What is written about an invoice.
struct Written {
    invoice: Invoice,
    prices: Prices,
    /// The tax in it, as it says.
    tax_minor: i64,
    lines: Vec<Line>,
    /// By payments, credit notes and advances.
    settled_minor: i64,
}

impl Engine {
    pub(crate) async fn verify_own_books(&self, db: &MerchantDb, verified: &mut Verified) -> Result<(), Error> {
        if !self.set_up(db).await?.has_own_books() {
            return Ok(());
        }
        let (mut after, mut used) = (None, BTreeSet::new());
        loop {
            let snapshot = db.snapshot().await?;
            let ids = snapshot.ledger_invoices_after(after, ROWS_AT_ONCE).await?;
            let Some(last) = ids.last() else { break };
            after = Some(*last);
            for id in ids {
                used.extend(snapshot.advance_uses_for(id).await?.iter().map(|row| row.advance_id));
                verified.differences.extend(invoice_differs(&snapshot, id).await?);
            }
        }
        let snapshot = db.snapshot().await?;
        for advance in used {
            verified.differences.extend(advance_differs(&snapshot, advance).await?);
        }
        let mut after = None;
        loop {
            let snapshot = db.snapshot().await?;
            let notes = snapshot.credit_notes_part(Part { after, before: None, limit: ROWS_AT_ONCE }).await?;
            let Some(last) = notes.last() else { return Ok(()) };
            after = Some(last.id);
            for note in &notes {
                verified.differences.extend(note_differs(&snapshot, note).await?);
            }
        }
    }
}

async fn invoice_differs(db: &MerchantTx, id: InvoiceId) -> Result<Option<String>, Error> {
    let invoice = db.invoice(id).await?;
    let Some(details) = db.ledger_invoice(id).await?.filter(|_| invoice.advance.is_none()) else { return Ok(None) };
    let payments = db.ledger_payments_of(&[id]).await?;
    let paid: i64 = payments.iter().filter(|row| !is_of_refund(row)).map(|row| row.amount_minor).sum();
    let settled_minor = paid + db.credit_allocated_to(id).await? + used_minor(&db.advance_uses_for(id).await?);
    let currency = invoice.total()?.currency;
    let lines = db.ledger_lines(id).await?.into_iter().map(|row| line(row, currency)).collect();
    let (prices, tax_minor) = (prices_of(&details), details.tax_minor);
    Written { invoice, prices, tax_minor, lines, settled_minor }.differs()
}

impl Written {
    fn differs(&self) -> Result<Option<String>, Error> {
        let (number, total) = (&self.invoice.number, self.invoice.total()?);
        let spelt = |minor: i64| Money::new(minor, total.currency).to_decimal();
        let sums = Sums::of(&self.lines, self.prices, total.currency)?;
        if (sums.total.minor, sums.tax.minor) != (total.minor, self.tax_minor) {
            let (come, tax) = (spelt(sums.total.minor), spelt(sums.tax.minor));
            let (says, says_tax) = (spelt(total.minor), spelt(self.tax_minor));
            let words = format!("its lines come to {come} with {tax} of tax, and it says {says} with {says_tax}");
            return Ok(Some(format!("{number}: {words}")));
        }
        let due = match self.invoice.status {
            InvoiceStatus::Draft => total.minor,
            InvoiceStatus::Void => 0,
            InvoiceStatus::Open | InvoiceStatus::Paid => total.minor - self.settled_minor,
        };
        let is_paid = self.invoice.status == InvoiceStatus::Paid;
        let is_settled = self.invoice.status != InvoiceStatus::Open || self.invoice.due_minor > 0;
        if due == self.invoice.due_minor && (due == 0 || !is_paid) && is_settled {
            return Ok(None);
        }
        let (says, status) = (spelt(self.invoice.due_minor), self.invoice.status);
        Ok(Some(format!("{number}: {} is due by its payments and credits, and it says {says}, {status:?}", spelt(due))))
    }
}

async fn advance_differs(db: &MerchantTx, id: InvoiceId) -> Result<Option<String>, Error> {
    let (left, advance) = (db.advance_left(id).await?, db.invoice(id).await?);
    let over = Money::new(-left, advance.total()?.currency);
    let words = || format!("{}: invoices got {} more of it than there is", advance.number, over.to_decimal());
    Ok(over.is_positive().then(words))
}

async fn note_differs(db: &MerchantTx, note: &CreditNote) -> Result<Option<String>, Error> {
    let given: i64 = db.credit_allocations(note.id).await?.iter().map(|row| row.amount_minor).sum();
    let left = if note.voided_at.is_some() { 0 } else { note.total()?.minor - given };
    let is_whole = left == note.left_minor && (note.voided_at.is_none() || given == 0);
    let spelt = |minor| note.total().map(|total| Money::new(minor, total.currency).to_decimal());
    let (left, says) = (spelt(left)?, spelt(note.left_minor)?);
    let words = || format!("{}: {left} is left by what invoices got of it, and it says {says}", note.number);
    Ok((!is_whole).then(words))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{DateTime, NaiveDate};
    use domain::{
        ids::{CustomerId, MerchantId},
        money::Currency,
        own_invoice::{Quantity, TaxRate},
    };
    use uuid::Uuid;

    fn written(status: InvoiceStatus, due_minor: i64, settled_minor: i64) -> Written {
        let (id, date) = (Uuid::nil(), NaiveDate::default());
        let invoice = Invoice {
            merchant_id: MerchantId(id),
            id: InvoiceId(id),
            customer_id: CustomerId(id),
            external_id: String::new(),
            number: "INV-1".into(),
            status,
            currency: "NZD".into(),
            total_minor: 11_500,
            due_minor,
            date,
            due_date: date,
            read_at: DateTime::UNIX_EPOCH,
            advance: None,
            purpose: None,
            reference: None,
        };
        let (quantity, unit_price) = (Quantity { milli: 2_000 }, Money::new(5_000, Currency::NZD));
        let lines = vec![Line { description: "a".into(), quantity, unit_price, tax: TaxRate { ppm: 150_000 } }];
        Written { invoice, prices: Prices::TaxExcluded, tax_minor: 1_500, lines, settled_minor }
    }

    #[test]
    fn d12_an_invoice_that_does_not_add_up_is_named() {
        use InvoiceStatus as S;
        for (status, due, settled) in
            [(S::Draft, 11_500, 0), (S::Open, 11_500, 0), (S::Open, 1, 11_499), (S::Paid, 0, 11_500), (S::Void, 0, 0)]
        {
            let differs = written(status, due, settled).differs().expect("it is read");
            assert_eq!(differs, None, "{status:?} {due} {settled}");
        }
        for (status, due, settled) in
            [(S::Open, 11_500, 1), (S::Paid, 0, 11_499), (S::Open, 0, 11_500), (S::Void, 5, 0)]
        {
            let differs = written(status, due, settled).differs().expect("it is read");
            assert!(differs.is_some_and(|words| words.starts_with("INV-1: ")), "{status:?} {due} {settled}");
        }
        let mut dearer = written(S::Open, 11_500, 0);
        dearer.lines[0].unit_price.minor += 1;
        let words = dearer.differs().expect("it is read").expect("it differs");
        assert_eq!(words, "INV-1: its lines come to 115.02 with 15.00 of tax, and it says 115.00 with 15.00");
        let other_tax = Written { tax_minor: 1_499, ..written(S::Open, 11_500, 0) };
        assert!(other_tax.differs().expect("it is read").is_some());
    }
}
