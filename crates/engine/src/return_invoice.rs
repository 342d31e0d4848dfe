//! A debit that its bank took back late, and whose payment the books keep because it is reconciled, in a deposit or of a closed
//! period: staff have an invoice of ours ask for it again (`wire/accounting.md`, 4.3). Its one line is on the clearing account,
//! which the bank has taken it from; the payment stays as it is, and what it paid stays paid.

use crate::{
    AdminPass, Engine, Error, Lane,
    audit::{Actor, Audited},
    clock::zone,
    error::known,
    exception_lines::Subject,
    faces::is_paid_back,
    jobs::{Ran, end_with},
    post_payment::why_refused,
    reallocate_payment::has_refund,
    refused_payment::BY_HAND,
    settle_payment::retried,
    turnstile::Errand,
    work::Work,
};
use connectors::books::{BooksError, LineAccount, NewInvoice};
use domain::{
    ids::{AttemptId, InvoiceId},
    invoice::{BooksInvoice, InvoiceStatus},
    payment::AttemptState,
};
use store::{Attempt, BooksEntry, BooksEntryState, Invoice, Job, MerchantDb, RefundEntry};

impl Engine {
    /// Has the exception with this key end by an invoice. Pressed twice is pressed once: what is meant already is not refused
    /// any more.
    ///
    /// # Errors
    /// [`Error::NotFound`] also for another merchant's, and for what no invoice can ask for.
    pub async fn ask_for_return(&self, admin: &AdminPass, key: &str) -> Result<(), Error> {
        let Some(open) = self.open_exception(&admin.db, key).await? else { return Ok(()) };
        let Subject::Posting(attempt, paid) = open.subject else { return Err(Error::NotFound) };
        if !open.may_be_invoiced {
            return Err(Error::NotFound);
        }
        retried(attempt, || self.mean_return_invoice(admin, attempt, paid)).await?;
        self.0.bell.notify_one();
        Ok(())
    }

    async fn mean_return_invoice(&self, admin: &AdminPass, attempt: AttemptId, paid: InvoiceId) -> Result<(), Error> {
        let now = self.now();
        let tx = admin.db.begin().await?;
        let attempt = tx.attempt_hold(attempt).await?;
        let parts = tx.refund_parts(&tx.refunds_of(&[attempt.id]).await?).await?;
        let shares = tx.books_shares(attempt.id).await?;
        let kept = shares.into_iter().find(|(entry, _)| entry.invoice_id == paid);
        let kept = kept.filter(|(entry, invoice)| may_be_invoiced(&attempt, entry, invoice, &parts));
        let Some((entry, invoice)) = kept else { return Ok(()) };
        // The day of the press, not of the try: the same key must always carry the same request.
        let today = self.clock().today(zone(&self.merchant_in(&tx).await?.time_zone));
        tx.invoice_mean(Invoice {
            id: entry.return_invoice(),
            number: return_number(&entry),
            status: InvoiceStatus::Draft,
            total_minor: entry.amount_minor,
            due_minor: entry.amount_minor,
            date: today,
            due_date: today,
            read_at: now,
            purpose: None,
            reference: None,
            ..invoice
        })
        .await?;
        tx.books_entry_move(&entry, BooksEntryState::Leaving, entry.external_id.as_deref(), None, now).await?;
        let asked = Audited::return_invoice_asked(&entry);
        tx.audit_add(asked.slip(Some(attempt.payment_id), Actor::Staff(admin.person), now)?).await?;
        let work = Work::WriteReturnInvoice { attempt: attempt.id, invoice: paid, asked_ms: now.timestamp_millis() };
        work.queue(&tx, Some(attempt.payment_id), now, now).await?;
        tx.commit().await?;
        tracing::info!(payment.id = %attempt.payment_id, "Staff have a return invoice written.");
        Ok(())
    }

    /// Finds it by its number, or raises it: whoever died behind that goes on here.
    pub(crate) async fn write_return_invoice(
        &self,
        db: &MerchantDb,
        job: &Job,
        (attempt, paid): (AttemptId, InvoiceId),
        asked_ms: i64,
    ) -> Result<Ran, Error> {
        let attempt = db.attempt(attempt).await?;
        let share = db.books_shares(attempt.id).await?.into_iter().find(|(entry, _)| entry.invoice_id == paid);
        let leaving = share.filter(|(entry, _)| entry.state == BooksEntryState::Leaving);
        let Some((entry, invoice)) = leaving else { return Ok(Ran::Finished) };
        let Some(meant) = meant_return(db, &entry).await? else { return Ok(Ran::Finished) };
        let reference = db.payment(attempt.payment_id).await?.reference;
        let new = NewInvoice {
            idempotency_key: format!("return-{}-{}-{asked_ms}", attempt.id.0.simple(), paid.0.simple()),
            number: meant.number.clone(),
            customer_external_id: db.customer(meant.customer_id).await?.external_id,
            amount: meant.total()?,
            date: meant.date,
            description: format!("Payment {reference} of {}, returned by the bank", invoice.number),
            reference: Some(reference),
            account: LineAccount::Clearing,
            tax: None,
        };
        let raised = match self.books_for(db, Errand::job(Lane::UserAction)).await?.raise_invoice(&new).await {
            Ok(raised) => Ok(raised),
            Err(BooksError::Refused { cause, message }) => {
                tracing::error!(attempt.id = %attempt.id, ?cause, "The books refuse a return invoice.");
                Err(format!("They refused the return invoice {}: {}", meant.number, why_refused(cause, message)))
            }
            Err(later) => return Err(Error::BooksUnreachable(later)),
        };
        self.end_return_invoice(db, job, (&entry, &meant), raised).await
    }

    /// Entry, invoice, claim and job end together. Refused, a person decides once more.
    async fn end_return_invoice(
        &self,
        db: &MerchantDb,
        job: &Job,
        (entry, meant): (&BooksEntry, &Invoice),
        raised: Result<BooksInvoice, String>,
    ) -> Result<Ran, Error> {
        let now = self.now();
        let tx = db.begin().await?;
        let payment = tx.attempt_hold(entry.attempt_id).await?.payment_id;
        if tx.books_entry_now(entry).await?.state != BooksEntryState::Leaving {
            return Ok(Ran::Finished);
        }
        let id = entry.external_id.as_deref();
        let audited = match raised {
            Ok(raised) => {
                tx.invoice_raise(meant.id, &raised, now).await?;
                tx.books_entry_move(entry, BooksEntryState::Invoiced, id, None, now).await?;
                tx.claim_release(entry.attempt_id, entry.invoice_id).await?;
                Audited::return_invoice_written(entry, &meant.number)
            }
            Err(why) => {
                tx.invoice_unmean(meant.id).await?;
                tx.books_entry_move(entry, BooksEntryState::Refused, id, Some(&why), now).await?;
                Audited::books_refused(entry)
            }
        };
        tx.audit_add(audited.slip(Some(payment), Actor::Portal, now)?).await?;
        end_with(tx, job).await
    }
}

/// Whether an invoice of ours can ask for what the books keep: for the whole share of a merchant's own invoice in a debit that
/// came back. What was refunded of it is a person's to weigh, and a surcharge is owed no more.
pub(crate) fn may_be_invoiced(attempt: &Attempt, entry: &BooksEntry, invoice: &Invoice, parts: &[RefundEntry]) -> bool {
    let is_kept = entry.state == BooksEntryState::Refused && entry.last_error.as_deref() != Some(BY_HAND);
    let is_returned = attempt.kind.is_debit() && attempt.state == AttemptState::Returned && !is_paid_back(attempt);
    let is_own = invoice.advance.is_none() && !entry.is_surcharge();
    is_kept && is_returned && is_own && !has_refund(parts, entry.invoice_id)
}

/// The invoice that is to ask for the money of an entry that leaves: then its payment stays. One that was voided there asks
/// for nothing.
pub(crate) async fn meant_return(db: &MerchantDb, entry: &BooksEntry) -> Result<Option<Invoice>, Error> {
    let meant = known(db.invoice(entry.return_invoice()).await)?;
    Ok(meant.filter(|invoice| invoice.status != InvoiceStatus::Void))
}

/// `RT-7F3C0A1E52`: of the random halves of payment and invoice, so that each share has its own.
fn return_number(entry: &BooksEntry) -> String {
    format!("RT-{:010X}", entry.return_invoice().0.as_u128() & 0xff_ffff_ffff)
}
