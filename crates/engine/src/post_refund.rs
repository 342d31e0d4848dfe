//! Writes a refund into the books, and takes it out again when it failed after all. The books look each step up before
//! they make it, so that a job may run twice (`wire/accounting.md`, 4.5).

use crate::{
    Engine, Error, Lane,
    clock::{day, zone},
    failpoint,
    jobs::Ran,
};
use connectors::books::{BooksError, PostRefund};
use domain::{
    ids::{InvoiceId, RefundId},
    money::Money,
    refund::RefundState,
};
use store::{BooksEntryState, Job, MerchantDb, Refund, RefundEntry};

impl Engine {
    pub(crate) async fn post_refund(&self, db: &MerchantDb, job: &Job, refund: RefundId) -> Result<Ran, Error> {
        let refund = db.refund(refund).await?;
        let mut entries = db.refund_entries(&[refund.id]).await?;
        entries.retain(|entry| entry.state == BooksEntryState::Intended);
        // One that has failed meanwhile must not stand in them.
        let write = refund.state == RefundState::Succeeded;
        if write && !payment_stands(db, &refund, &entries).await? {
            return Ok(Ran::NotYet("the payment itself is not in the books yet"));
        }
        let books = self.books(db, Lane::UserAction).await?;
        for entry in entries {
            failpoint::reach("before_refund_post");
            let posting = self.refund_posting(db, &refund, &entry).await?;
            // An earlier try may have written some of it: what stands is taken out again.
            let written = if write {
                books.post_refund(&posting).await.map(Some)
            } else {
                books.take_back_refund(&posting).await.map(|()| None)
            };
            failpoint::reach("after_refund_post");
            let ended = match written {
                Ok(Some(posted)) => RefundEntry {
                    state: BooksEntryState::Posted,
                    credit_id: posted.credit_id,
                    external_id: Some(posted.external_id),
                    last_error: None,
                    ..entry
                },
                Ok(None) => RefundEntry { state: BooksEntryState::Needless, ..entry },
                Err(cause) => refused(cause, &refund, entry)?,
            };
            if !self.end_refund_entry(db, job, ended).await? {
                return Ok(Ran::Done);
            }
        }
        Ok(Ran::Finished)
    }

    pub(crate) async fn take_back_refund(&self, db: &MerchantDb, job: &Job, refund: RefundId) -> Result<Ran, Error> {
        let refund = db.refund(refund).await?;
        let entries = db.refund_entries(&[refund.id]).await?;
        if entries.iter().any(|entry| entry.state == BooksEntryState::Intended) {
            return Ok(Ran::NotYet("the refund is still being written into the books"));
        }
        let books = self.books(db, Lane::UserAction).await?;
        for entry in entries.into_iter().filter(|entry| entry.state != BooksEntryState::Needless) {
            let taken = books.take_back_refund(&self.refund_posting(db, &refund, &entry).await?).await;
            let ended = match taken {
                Ok(()) => RefundEntry { state: BooksEntryState::Needless, last_error: None, ..entry },
                Err(cause) => refused(cause, &refund, entry)?,
            };
            if !self.end_refund_entry(db, job, ended).await? {
                return Ok(Ran::Done);
            }
        }
        Ok(Ran::Finished)
    }

    async fn refund_posting(&self, db: &MerchantDb, refund: &Refund, entry: &RefundEntry) -> Result<PostRefund, Error> {
        let set_up = self.set_up(db).await?;
        let key = format!("refund-{}-{}", refund.id.0.simple(), entry.invoice_id.0.simple());
        Ok(PostRefund {
            invoice_external_id: db.invoice(entry.invoice_id).await?.external_id,
            amount: Money::new(entry.amount_minor, refund.amount()?.currency),
            // The day of the refund, not of the try: the same key must always carry the same request.
            date: day(refund.created_at, zone(&set_up.merchant.time_zone)),
            number: credit_number(refund.id, entry.invoice_id),
            reference: books_reference(refund).to_owned(),
            idempotency_key: key,
        })
    }

    /// `false`: the lease was lost, and a worker without it writes nothing.
    async fn end_refund_entry(&self, db: &MerchantDb, job: &Job, entry: RefundEntry) -> Result<bool, Error> {
        let tx = db.begin().await?;
        if !tx.job_hold(job).await? {
            return Ok(false);
        }
        tx.refund_entry_write(RefundEntry { updated_at: self.now(), ..entry }).await?;
        failpoint::reach("before_refund_post_commit");
        tx.commit().await?;
        Ok(true)
    }
}

/// A refund of what is not in the books would leave them with less than nothing.
async fn payment_stands(db: &MerchantDb, refund: &Refund, entries: &[RefundEntry]) -> Result<bool, Error> {
    let paid = db.books_entries(refund.attempt_id).await?;
    let stands = |invoice: InvoiceId| {
        paid.iter().any(|paid| paid.invoice_id == invoice && paid.state == BooksEntryState::Posted)
    };
    Ok(entries.iter().all(|entry| stands(entry.invoice_id)))
}

/// A person must decide about what the books refuse, and is told what stands of it; everything else is tried again.
fn refused(cause: BooksError, refund: &Refund, entry: RefundEntry) -> Result<RefundEntry, Error> {
    let (credit_id, cause, message) = match cause {
        BooksError::Refused { cause, message } => (entry.credit_id.clone(), cause, message),
        BooksError::CreditUnpaid { credit_id, cause, message } => (Some(credit_id), cause, message),
        later => return Err(Error::BooksUnreachable(later)),
    };
    tracing::error!(refund.id = %refund.id, ?cause, "Money was paid back, but the books refuse what follows from it.");
    Ok(RefundEntry { state: BooksEntryState::Refused, credit_id, last_error: Some(message), ..entry })
}

/// The number of the credit in the books, `RF-7F3C0A1E52`: of both ids, because each invoice gets a credit of its own.
pub(crate) fn credit_number(refund: RefundId, invoice: InvoiceId) -> String {
    format!("RF-{:010X}", (refund.0.as_u128() ^ invoice.0.as_u128()) & 0xff_ffff_ffff)
}

/// What a refund is found by in the books: the gateway's id of it.
pub(crate) fn books_reference(refund: &Refund) -> &str {
    refund.gateway_id.as_deref().unwrap_or_default()
}
