//! What the books refuse of a payment because less is due by then stays as the customer's credit, where the merchant keeps
//! that (G29): decided when they have refused it, and written down with the end of its entry. Nothing is posted from here.

use crate::{Engine, Error, audit::Audited, reallocate_payment::has_refund, work::Work};
use domain::{invoice::InvoiceStatus, money::Money};
use store::{BooksEntry, Invoice, Job, MerchantDb, MerchantTx};

impl Engine {
    /// What is still due of a share that the books refuse, and the rest of it as an advance, where that may stay as credit:
    /// books keep credits in the merchant's currency alone. Not for what they have refused before, which somebody has been told of, and not twice in one payment. Never for a
    /// surcharge: its invoice is raised for this payment, and nobody has a credit from it.
    pub(crate) async fn over_paid(
        &self,
        db: &MerchantDb,
        entry: &BooksEntry,
        invoice: &Invoice,
    ) -> Result<Option<(i64, Box<Invoice>)>, Error> {
        let merchant = db.merchant().await?;
        let is_kept = invoice.currency == merchant.currency && self.takes_more(db, &merchant).await?;
        if !is_kept || invoice.advance.is_some() || entry.is_surcharge() || entry.last_error.is_some() {
            return Ok(None);
        }
        let shares = db.books_shares(entry.attempt_id).await?;
        let read = self.invoice_from_books(db, invoice).await?;
        let is_issued = matches!(read.status, InvoiceStatus::Open | InvoiceStatus::Paid);
        let left_minor = read.due.minor.max(0);
        if shares.iter().any(|(_, of)| of.advance.is_some()) || !is_issued || left_minor >= entry.amount_minor {
            return Ok(None);
        }
        let over = Money::new(entry.amount_minor - left_minor, read.due.currency);
        let advance = self.surplus(&merchant, invoice.customer_id, over, &invoice.number);
        Ok(Some((left_minor, Box::new(advance))))
    }

    /// What is over is meant for an advance from here on. It is told by the writing of either part, unless all of it moves.
    pub(crate) async fn keep_surplus(
        &self,
        tx: &MerchantTx,
        job: &Job,
        entry: &BooksEntry,
        (left_minor, advance): (i64, &Invoice),
    ) -> Result<Option<Audited>, Error> {
        let (now, attempt) = (self.now(), entry.attempt_id);
        tx.advance_add(advance.clone()).await?;
        tx.claim_take(attempt, advance.id).await?;
        let again = Work::PostAgain { attempt, asked_ms: now.timestamp_millis() };
        again.queue(tx, job.payment_id, now, now).await?;
        if left_minor > 0 {
            tx.books_entry_split(entry, left_minor, advance.id, now).await?;
            return Ok(None);
        }
        tx.books_entry_reallocate(entry, advance.id, now).await?;
        Ok(Some(Audited::reallocated(entry, advance.id)))
    }
}

/// A refund of it has its own write on that invoice, which would be lost where the payment goes.
pub(crate) async fn is_refunded(tx: &MerchantTx, entry: &BooksEntry) -> Result<bool, Error> {
    let refunds = tx.refunds_of(&[entry.attempt_id]).await?;
    Ok(has_refund(&tx.refund_parts(&refunds).await?, entry.invoice_id))
}
