//! Money that the books refused on its own invoice, which was voided or paid meanwhile, is written onto another invoice of
//! the same customer (E14). What the payer paid for stays as it was; where it stands in the books moves.

use crate::{
    AdminPass, Engine, Error,
    audit::{Actor, Audited},
    post_again::refused_entries,
    quote_sessions::is_quote,
    settle_payment::retried,
    work::Work,
};
use domain::{
    exception::Cure,
    ids::{AttemptId, CustomerId, InvoiceId, PaymentId},
    invoice::InvoiceStatus,
    money::Money,
    views::{InvoiceChoice, Reallocation},
};
use store::{Attempt, BooksEntry, BooksEntryState, InvoiceFilter, MerchantDb, RefundEntry};

const CHOICES_MAX: u64 = 50;

impl Engine {
    /// Pressed twice is pressed once: what is meant elsewhere is not refused any more.
    ///
    /// # Errors
    /// [`Error::NotFound`] also for another merchant's payment, or for an invoice of another customer;
    /// [`Error::Contended`] while somebody pays that invoice.
    pub async fn reallocate_payment(
        &self,
        admin: &AdminPass,
        payment: PaymentId,
        from: InvoiceId,
        to: InvoiceId,
    ) -> Result<(), Error> {
        let payment = admin.db.payment(payment).await?;
        for attempt in admin.db.attempts_of(payment.id).await? {
            retried(payment.id, || self.reallocate(admin, payment.customer_id, attempt.id, (from, to))).await?;
        }
        self.0.bell.notify_one();
        Ok(())
    }

    async fn reallocate(
        &self,
        admin: &AdminPass,
        customer: CustomerId,
        attempt: AttemptId,
        (from, to): (InvoiceId, InvoiceId),
    ) -> Result<(), Error> {
        let now = self.now();
        let tx = admin.db.begin().await?;
        let attempt = tx.attempt_hold(attempt).await?;
        let mut refused = refused_entries(&tx, &attempt).await?.into_iter();
        let is_it = |entry: &BooksEntry| entry.invoice_id == from && !entry.is_surcharge();
        let Some((entry, _)) = refused.find(|(entry, cure)| is_it(entry) && *cure == Cure::PostPayment) else {
            return Ok(());
        };
        let refunds = tx.refunds_of(&[attempt.id]).await?;
        if has_refund(&tx.refund_parts(&refunds).await?, from) {
            return Ok(());
        }
        let target = tx.invoice(to).await?;
        let is_known = tx.books_entries(attempt.id).await?.iter().any(|entry| entry.invoice_id == to);
        if is_known || target.customer_id != customer || target.currency != attempt.currency {
            return Err(Error::NotFound);
        }
        // From here on it keeps others off that invoice, as it did off the other one.
        if tx.live_payment(to).await?.is_some() || !tx.claim_take(attempt.id, to).await? {
            return Err(Error::Contended);
        }
        tx.books_entry_reallocate(&entry, to, now).await?;
        tx.claim_release(attempt.id, from).await?;
        if is_quote(&tx.invoice(from).await?) {
            // Its money pays that invoice: the quote is paid by nobody any more, and has no credit.
            tx.advance_void(from).await?;
            self.end_quote(&tx, &attempt).await?;
        }
        let asked = Audited::reallocated(&entry, to);
        tx.audit_add(asked.slip(Some(attempt.payment_id), Actor::Staff(admin.person), now)?).await?;
        let work = Work::PostAgain { attempt: attempt.id, asked_ms: now.timestamp_millis() };
        work.queue(&tx, Some(attempt.payment_id), now, now).await?;
        tx.commit().await?;
        tracing::info!(payment.id = %attempt.payment_id, "Staff have a payment written onto another invoice.");
        Ok(())
    }

    /// Where a refused share can go instead: what the customer owes at least as much on, and nobody is paying.
    pub(crate) async fn reallocation(
        &self,
        db: &MerchantDb,
        attempt: &Attempt,
        entry: &BooksEntry,
        customer: CustomerId,
        parts: &[RefundEntry],
    ) -> Result<Option<Reallocation>, Error> {
        // What was added for the payment is no other invoice's.
        if has_refund(parts, entry.invoice_id) || entry.is_surcharge() {
            return Ok(None);
        }
        let owed = InvoiceFilter {
            customer: Some(customer),
            only_open: true,
            but_paid_here: true,
            ..InvoiceFilter::default()
        };
        let (invoices, _) = db.invoice_page(&owed, 1, CHOICES_MAX).await?;
        let under_way = db.under_way(invoices.iter().map(|invoice| invoice.id).collect()).await?;
        let known = db.books_entries(attempt.id).await?;
        let mut to = Vec::new();
        for invoice in invoices {
            let fits = invoice.status == InvoiceStatus::Open
                && invoice.currency == attempt.currency
                && invoice.due_minor >= entry.amount_minor
                && !under_way.contains_key(&invoice.id)
                && !known.iter().any(|known| known.invoice_id == invoice.id);
            if fits {
                to.push(InvoiceChoice { id: invoice.id, due: invoice.due()?, number: invoice.number });
            }
        }
        if to.is_empty() {
            return Ok(None);
        }
        Ok(Some(Reallocation {
            from: entry.invoice_id,
            number: db.invoice(entry.invoice_id).await?.number,
            amount: Money::new(entry.amount_minor, attempt.amount()?.currency),
            to,
        }))
    }
}

/// A refund is to be written on this invoice, or was refused there: it would be lost where the payment goes.
pub(crate) fn has_refund(parts: &[RefundEntry], on: InvoiceId) -> bool {
    parts.iter().any(|part| part.invoice_id == on && part.state != BooksEntryState::Needless)
}
