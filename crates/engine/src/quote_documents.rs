//! What the payment of a quote is called in the books, and the draft of its credit (S27-S29): made when the bank has the
//! debit, approved with the payment, deleted when no money comes. Each in the order of every write: meant in the transaction
//! of the fact, then written by a job, which looks what became of it before it ends.

use crate::{
    Engine, Error, Lane,
    advances::advance_of,
    clock::{day, zone},
    create_customer::unknown_customer,
    failpoint,
    jobs::{Ran, end_with},
    turnstile::Errand,
    work::Work,
};
use chrono::{DateTime, Utc};
use connectors::books::{Advance, Books, BooksError, PostPayment};
use domain::{
    advance::AdvanceKind,
    ids::{AttemptId, InvoiceId},
    payment::{AttemptState, Folded},
};
use store::{
    Allocation, Attempt, BooksEntryState, Job, MerchantDb, MerchantTx, QuoteCoverState, QuoteDocument,
    QuoteDocumentState as State,
};

impl Engine {
    /// Before the money of a quote is meant for the books: the numbers that it is to have there. The draft's, while that
    /// stands; others, once something by those has left the books.
    pub(crate) async fn mean_quote(
        &self,
        tx: &MerchantTx,
        attempt: &Attempt,
        shares: &[Allocation],
    ) -> Result<(), Error> {
        let (Some(share), now) = (share_of_quote(shares), self.now()) else { return Ok(()) };
        let entries = tx.books_entries(attempt.id).await?;
        let own = entries.iter().find(|of| of.invoice_id == share.invoice_id).map(|of| of.state);
        // Staff have had it written onto an invoice.
        if own == Some(BooksEntryState::Moved) {
            return Ok(());
        }
        let has_left = own == Some(BooksEntryState::Needless);
        let stands = |document: &QuoteDocument| match document.state {
            State::Meant | State::Drafted => true,
            State::Paired | State::Used | State::Gone => !has_left,
            State::Dropping | State::Dropped => false,
        };
        let document = match tx.quote_documents(attempt.id).await?.pop().filter(stands) {
            Some(document) => {
                tx.quote_document_move(&document, State::Paired, None, now).await?;
                document
            }
            None => {
                let quote = tx.quote(share.invoice_id).await?;
                tx.quote_document_add(&quote, attempt.id, State::Paired, now).await?
            }
        };
        // At once: its Downpayment invoice may be known already, and be paid before the books are read again.
        self.cover_by_quote(tx, &document, &tx.invoice(share.invoice_id).await?).await
    }

    /// What follows from news of a debit that pays a quote.
    pub(crate) async fn follow_quote_debit(
        &self,
        tx: &MerchantTx,
        attempt: &Attempt,
        before: AttemptState,
        after: &Folded,
    ) -> Result<(), Error> {
        let is_sent = after.state == AttemptState::Processing;
        let is_over = after.state.is_dead() && !before.has_money();
        if !is_sent && !is_over {
            return Ok(());
        }
        let (shares, now) = (tx.allocations(attempt.payment_id).await?, self.now());
        let Some(share) = share_of_quote(&shares) else { return Ok(()) };
        let newest = tx.quote_documents(attempt.id).await?.pop();
        let stands = newest.filter(|document| matches!(document.state, State::Meant | State::Drafted));
        let work = match stands {
            None if is_sent => {
                let quote = tx.quote(share.invoice_id).await?;
                let meant = tx.quote_document_add(&quote, attempt.id, State::Meant, now).await?;
                self.cover_by_quote(tx, &meant, &tx.invoice(share.invoice_id).await?).await?;
                Work::DraftCredit { attempt: attempt.id, number: meant.payment_no }
            }
            Some(document) if is_over => {
                tx.quote_document_move(&document, State::Dropping, None, now).await?;
                tx.quote_covers_end(document.invoice_id, now).await?;
                Work::DropDraft { attempt: attempt.id, number: document.payment_no }
            }
            _ => return Ok(()),
        };
        work.queue(tx, Some(attempt.payment_id), now, now).await
    }

    /// The money of a quote went back: its credit covers nothing any more.
    pub(crate) async fn end_quote(&self, tx: &MerchantTx, attempt: &Attempt) -> Result<(), Error> {
        let now = self.now();
        for document in tx.quote_documents(attempt.id).await? {
            if matches!(document.state, State::Paired | State::Used) {
                tx.quote_document_move(&document, State::Gone, None, now).await?;
            }
            tx.quote_covers_end(document.invoice_id, now).await?;
        }
        Ok(())
    }

    pub(crate) async fn draft_credit(
        &self,
        db: &MerchantDb,
        job: &Job,
        attempt: AttemptId,
        number: i32,
    ) -> Result<Ran, Error> {
        let attempt = db.attempt(attempt).await?;
        let document = numbered(db.quote_documents(attempt.id).await?, number)?;
        let books = self.books_for(db, Errand::job(Lane::UserAction)).await?;
        // Books without drafts get the whole pair when the money comes.
        if document.state != State::Meant || !books.drafts_credit() {
            return Ok(Ran::Finished);
        }
        let key = draft_key(attempt.id, number);
        let why = match self.with_customer(db, books.as_ref(), document.invoice_id, &key).await? {
            Ok(_) => self.write_credit_draft(db, books.as_ref(), &attempt, &document).await?,
            Err(why) => Some(why),
        };
        let (now, tx) = (self.now(), db.begin().await?);
        tx.attempt_hold(attempt.id).await?;
        if !tx.job_hold(job).await? {
            return Ok(Ran::Done);
        }
        let document = numbered(tx.quote_documents(attempt.id).await?, number)?;
        match (document.state, why.as_deref()) {
            (State::Meant, None) => tx.quote_document_move(&document, State::Drafted, None, now).await?,
            // The pair is made all the same when the money comes.
            (State::Meant, Some(_)) => tx.quote_document_move(&document, State::Meant, why.as_deref(), now).await?,
            (State::Dropping | State::Dropped, None) => {
                tx.quote_document_move(&document, State::Dropping, None, now).await?;
                let drop = Work::DropDraft { attempt: attempt.id, number };
                drop.queue_again(&tx, Some(attempt.payment_id), now).await?;
            }
            _ => {}
        }
        failpoint::reach("before_draft_commit");
        end_with(tx, job).await
    }

    /// Why the books do not take the draft, if they do not.
    async fn write_credit_draft(
        &self,
        db: &MerchantDb,
        books: &dyn Books,
        attempt: &Attempt,
        document: &QuoteDocument,
    ) -> Result<Option<String>, Error> {
        let posting = self.draft_of(db, attempt, document).await?;
        failpoint::reach("before_draft");
        let why = match books.draft_credit(&posting).await {
            Ok(()) => None,
            Err(BooksError::Refused { message, .. }) => Some(message),
            Err(later) => return Err(Error::BooksUnreachable(later)),
        };
        failpoint::reach("after_draft");
        Ok(why)
    }

    pub(crate) async fn drop_draft(
        &self,
        db: &MerchantDb,
        job: &Job,
        attempt: AttemptId,
        number: i32,
    ) -> Result<Ran, Error> {
        let attempt = db.attempt(attempt).await?;
        let document = numbered(db.quote_documents(attempt.id).await?, number)?;
        if document.state != State::Dropping {
            return Ok(Ran::Finished);
        }
        if self.is_drafting(db, &document).await? {
            return Ok(Ran::NotYet("its draft is being written"));
        }
        let books = self.books_for(db, Errand::job(Lane::UserAction)).await?;
        let mut why = None;
        if books.drafts_credit() && unknown_customer(db, document.invoice_id).await?.is_none() {
            let posting = self.draft_of(db, &attempt, &document).await?;
            failpoint::reach("before_drop");
            match books.drop_draft_credit(&posting).await {
                Ok(()) | Err(BooksError::NotFound) => {}
                Err(BooksError::Refused { message, .. }) => why = Some(message),
                Err(later) => return Err(Error::BooksUnreachable(later)),
            }
            failpoint::reach("after_drop");
        }
        let tx = db.begin().await?;
        let state = if why.is_some() { State::Dropping } else { State::Dropped };
        tx.quote_document_move(&document, state, why.as_deref(), self.now()).await?;
        failpoint::reach("before_drop_commit");
        end_with(tx, job).await
    }

    /// A job is at its draft, or is to be: whoever writes by the same numbers waits for it.
    pub(crate) async fn is_drafting(&self, db: &MerchantDb, document: &QuoteDocument) -> Result<bool, Error> {
        let draft = Work::DraftCredit { attempt: document.attempt_id, number: document.payment_no };
        Ok(!db.jobs_alive(vec![draft.key("")]).await?.is_empty())
    }

    /// The payment that is to come, as far as its draft goes.
    async fn draft_of(
        &self,
        db: &MerchantDb,
        attempt: &Attempt,
        document: &QuoteDocument,
    ) -> Result<PostPayment, Error> {
        let advance = db.invoice(document.invoice_id).await?;
        let set_up = self.set_up(db).await?;
        Ok(PostPayment {
            idempotency_key: draft_key(attempt.id, document.payment_no),
            invoice_external_id: advance.external_id.clone(),
            advance: advance_of(db, &advance, attempt.id)
                .await?
                .map(|of| Advance { number: document.numbers().invoice, ..of }),
            amount: advance.total()?,
            date: day(attempt.created_at, zone(&set_up.merchant.time_zone)),
            reference: attempt.gateway_id.clone().unwrap_or_else(|| attempt.idempotency_key.clone()),
        })
    }
}

/// The pair has left the books. Where its credit had paid an invoice, that is owed again, and its payer is not asked for the
/// quote beside it.
pub(crate) async fn end_quote_pair(tx: &MerchantTx, quote: InvoiceId, now: DateTime<Utc>) -> Result<(), Error> {
    let applied = [QuoteCoverState::Applied];
    for cover in tx.quote_covers_of(quote).await? {
        if tx.quote_cover_move(cover.invoice_id, &applied, QuoteCoverState::Ended, None, now).await? {
            tx.advance_void(quote).await?;
        }
    }
    Ok(())
}

pub(crate) fn share_of_quote(shares: &[Allocation]) -> Option<&Allocation> {
    shares.iter().find(|share| share.advance == Some(AdvanceKind::Quote))
}

fn draft_key(attempt: AttemptId, number: i32) -> String {
    format!("quote-{}-{number}", attempt.0.simple())
}

fn numbered(documents: Vec<QuoteDocument>, number: i32) -> Result<QuoteDocument, Error> {
    documents.into_iter().find(|document| document.payment_no == number).ok_or(Error::NotFound)
}
