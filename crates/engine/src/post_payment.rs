//! Writes a payment into the books, once: intent row first, looked up before any repeat, ended in one transaction
//! (`wire/accounting.md`, 4).

use crate::{Engine, Error, Lane, failpoint, jobs::Ran};
use connectors::books::{Books, BooksError, PostPayment, Posted};
use domain::{ids::AttemptId, money::Money};
use store::{Attempt, BooksEntry, BooksEntryState, Job, MerchantDb};

impl Engine {
    pub(crate) async fn post_payment(&self, db: &MerchantDb, job: &Job, attempt: AttemptId) -> Result<Ran, Error> {
        let attempt = db.attempt(attempt).await?;
        let books = self.books(db, Lane::UserAction).await?;
        let mut ran = Ran::Finished;
        for entry in db.books_entries(attempt.id).await? {
            if entry.state == BooksEntryState::Intended {
                ran = self.post_entry(db, job, books.as_ref(), &attempt, &entry).await?;
            }
        }
        Ok(ran)
    }

    async fn post_entry(
        &self,
        db: &MerchantDb,
        job: &Job,
        books: &dyn Books,
        attempt: &Attempt,
        entry: &BooksEntry,
    ) -> Result<Ran, Error> {
        if !attempt.state.has_money() {
            let why = "The money went back before it was posted.";
            return self.end_entry(db, job, entry, Err(why)).await;
        }
        let post = self.posting(db, attempt, entry).await?;
        failpoint::reach("before_post");
        let posted = match self.posted_before(books, job, &post).await? {
            Some(posted) => Ok(posted),
            None => books.post_payment(&post).await,
        };
        failpoint::reach("after_post");
        match posted {
            Ok(posted) => self.end_entry(db, job, entry, Ok(&posted)).await,
            Err(BooksError::Refused { cause, message }) => {
                tracing::error!(attempt.id = %attempt.id, ?cause, "Money was taken, but the books refuse the payment.");
                self.end_entry(db, job, entry, Err(&message)).await
            }
            Err(later) => Err(Error::BooksUnreachable(later)),
        }
    }

    async fn posting(&self, db: &MerchantDb, attempt: &Attempt, entry: &BooksEntry) -> Result<PostPayment, Error> {
        let invoice = db.invoice(entry.invoice_id).await?;
        let allocations = db.allocations(attempt.payment_id).await?;
        let share = allocations.iter().find(|a| a.invoice_id == entry.invoice_id).ok_or(Error::NotFound)?;
        let merchant = db.merchant().await?;
        let zone = merchant.time_zone.parse().unwrap_or(chrono_tz::UTC);
        let reference = attempt.charge_id.clone().or_else(|| attempt.gateway_id.clone());
        Ok(PostPayment {
            idempotency_key: entry.idempotency_key.clone(),
            invoice_external_id: invoice.external_id,
            amount: Money::new(share.amount_minor, attempt.amount()?.currency),
            // The day of the payment, not of the try: the same key must always carry the same request.
            date: attempt.created_at.with_timezone(&zone).date_naive(),
            reference: reference.unwrap_or_else(|| entry.idempotency_key.clone()),
        })
    }

    /// Only a first try may write without looking: a key is remembered for minutes, a job lives for days.
    async fn posted_before(&self, books: &dyn Books, job: &Job, post: &PostPayment) -> Result<Option<Posted>, Error> {
        if job.tries <= 1 {
            return Ok(None);
        }
        let found = books.find_payment(&post.invoice_external_id, &post.reference).await;
        found.map_err(Error::BooksUnreachable)
    }

    /// Entry, invoice, claim and job end together; a worker that lost its lease writes nothing.
    async fn end_entry(
        &self,
        db: &MerchantDb,
        job: &Job,
        entry: &BooksEntry,
        posted: Result<&Posted, &str>,
    ) -> Result<Ran, Error> {
        let now = self.now();
        let tx = db.begin().await?;
        match posted {
            Ok(posted) => {
                tx.books_entry_move(entry, BooksEntryState::Posted, Some(&posted.external_id), None, now).await?;
                if let Some(invoice) = &posted.invoice {
                    tx.invoice_refresh(entry.invoice_id, invoice, now).await?;
                }
                tx.claims_release(entry.attempt_id).await?;
            }
            Err(why) => tx.books_entry_move(entry, BooksEntryState::Refused, None, Some(why), now).await?,
        }
        if tx.job_done(job).await? {
            failpoint::reach("before_post_commit");
            tx.commit().await?;
        }
        Ok(Ran::Done)
    }
}
