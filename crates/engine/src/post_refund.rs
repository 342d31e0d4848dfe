//! Writes a refund into the books, and takes it out again when it failed after all. The books look each step up before
//! they make it, so that a job may run twice (`wire/accounting.md`, 4.5).

use crate::{
    Engine, Error, Lane,
    advances::advance_of,
    audit::{Actor, Audited},
    clock::{day, zone},
    failpoint,
    jobs::Ran,
    note_in_books::Noted,
    post_payment::why_refused,
    refused_payment::{BY_HAND, never_entered, weigh_refused},
    turnstile::Errand,
};
use connectors::books::{Books, BooksError, PostPayment, PostRefund};
use domain::{
    ids::RefundId,
    money::Money,
    refund::{RefundState, credit_number},
};
use store::{BooksEntry, BooksEntryState, Job, MerchantDb, Refund, RefundEntry};

/// Why something was not written.
enum Unwritten {
    Books(BooksError),
    /// What a person has entered in a way of their own is theirs to undo.
    ByHand,
}

impl From<BooksError> for Unwritten {
    fn from(cause: BooksError) -> Self {
        Self::Books(cause)
    }
}

/// What the key of each write of a refund begins with.
pub(crate) const REFUND: &str = "refund-";

impl Engine {
    /// `asked_ms`: staff asked for it once more then.
    pub(crate) async fn post_refund(
        &self,
        db: &MerchantDb,
        job: &Job,
        refund: RefundId,
        asked_ms: Option<i64>,
    ) -> Result<Ran, Error> {
        let refund = db.refund(refund).await?;
        let mut entries = db.refund_entries(&[refund.id]).await?;
        entries.retain(|entry| entry.state == BooksEntryState::Intended);
        let shares = db.books_entries(refund.attempt_id).await?;
        let is_decided = |entry: &RefundEntry| {
            let share = share_of(&shares, entry).map(|share| share.state);
            !matches!(share, None | Some(BooksEntryState::Intended | BooksEntryState::Leaving))
        };
        // One that has failed meanwhile must not stand in them.
        let write = refund.state == RefundState::Succeeded;
        if write && !entries.iter().all(is_decided) {
            return Ok(Ran::NotYet("the payment itself is on its way into the books, or out of them"));
        }
        let books = self.books_for(db, Errand::job(Lane::UserAction)).await?;
        for entry in entries {
            failpoint::reach("before_refund_post");
            // The built-in ledger keeps no refusal, and knows a refund by its key alone.
            let asked_ms = asked_ms.filter(|_| !books.is_built_in());
            let posting = self.refund_posting(db, &refund, &entry, asked_ms).await?;
            // An earlier try may have written some of it: what stands is taken out again.
            let stands = match share_of(&shares, &entry).filter(|_| write) {
                Some(share) => self.payment_stands(db, books.as_ref(), share).await?,
                None => Ok(false),
            };
            let written = match stands {
                _ if !write => taken_back(books.as_ref(), &posting).await.map(|()| None),
                Ok(true) => books.post_refund(&posting).await.map(Some).map_err(Unwritten::from),
                // A refund of what is not in the books would leave them with less than nothing.
                Ok(false) => Ok(None),
                Err(why) => Err(why),
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
                Err(why) => refused(why, &refund, entry)?,
            };
            match self.end_refund_entry(db, job, &refund, ended).await? {
                Ran::Finished => {}
                otherwise => return Ok(otherwise),
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
        let books = self.books_for(db, Errand::job(Lane::UserAction)).await?;
        for entry in entries.into_iter().filter(|entry| entry.state != BooksEntryState::Needless) {
            let is_by_hand = entry.state == BooksEntryState::ByHand || entry.last_error.as_deref() == Some(BY_HAND);
            let taken = if is_by_hand {
                Err(Unwritten::ByHand)
            } else {
                let posting = self.refund_posting(db, &refund, &entry, None).await?;
                taken_back(books.as_ref(), &posting).await
            };
            let ended = match taken {
                Ok(()) => RefundEntry { state: BooksEntryState::Needless, last_error: None, ..entry },
                Err(why) => refused(why, &refund, entry)?,
            };
            match self.end_refund_entry(db, job, &refund, ended).await? {
                Ran::Finished => {}
                otherwise => return Ok(otherwise),
            }
        }
        Ok(Ran::Finished)
    }

    async fn refund_posting(
        &self,
        db: &MerchantDb,
        refund: &Refund,
        entry: &RefundEntry,
        asked_ms: Option<i64>,
    ) -> Result<PostRefund, Error> {
        let set_up = self.set_up(db).await?;
        // Under the old key the books may have kept a refusal.
        let again = asked_ms.map(|at| format!("-{at}")).unwrap_or_default();
        let key = format!("{REFUND}{}-{}{again}", refund.id.0.simple(), entry.invoice_id.0.simple());
        let invoice = db.invoice(entry.invoice_id).await?;
        Ok(PostRefund {
            advance: advance_of(db, &invoice, refund.attempt_id).await?,
            invoice_external_id: invoice.external_id,
            amount: Money::new(entry.amount_minor, refund.amount()?.currency),
            // The day of the refund, not of the try: the same key must always carry the same request.
            date: day(refund.created_at, zone(&set_up.merchant.time_zone)),
            number: credit_number(refund.id, entry.invoice_id),
            reference: books_reference(refund).to_owned(),
            idempotency_key: key,
        })
    }

    /// Whether the books have the payment whose money went back. One that they refused may have been entered by a
    /// person since, with the reference that the front page names: then it stands like any other.
    async fn payment_stands(
        &self,
        db: &MerchantDb,
        books: &dyn Books,
        share: &BooksEntry,
    ) -> Result<Result<bool, Unwritten>, Error> {
        if share.state == BooksEntryState::Posted {
            return Ok(Ok(true));
        }
        let (now, attempt) = (self.now(), db.attempt(share.attempt_id).await?);
        let posting = self.posting(db, &attempt, share, &db.invoice(share.invoice_id).await?).await?;
        let refunds = db.refunds_of(&[attempt.id]).await?;
        let parts = db.refund_parts(&refunds).await?;
        let left = share.amount_minor - never_entered(share, &refunds, &parts);
        let left = PostPayment { amount: Money::new(left, posting.amount.currency), ..posting };
        let posted = match books.find_payment(&left).await {
            Ok(Some(posted)) => posted,
            Ok(None) | Err(BooksError::NotFound) if share.state == BooksEntryState::ByHand => {
                return Ok(Err(Unwritten::ByHand));
            }
            // An invoice that was deleted has no payment either.
            Ok(None) | Err(BooksError::NotFound) => return Ok(Ok(false)),
            Err(refused @ BooksError::Refused { .. }) => return Ok(Err(refused.into())),
            Err(later) => return Err(Error::BooksUnreachable(later)),
        };
        let tx = db.begin().await?;
        tx.attempt_hold(attempt.id).await?;
        let is_known =
            |entry: &BooksEntry| entry.invoice_id == share.invoice_id && entry.state == BooksEntryState::Posted;
        if tx.books_entries(attempt.id).await?.iter().any(is_known) {
            // Another refund's job has found it meanwhile, and written down that it stands.
            return Ok(Ok(true));
        }
        tx.books_entry_move(share, BooksEntryState::Posted, Some(&posted.external_id), None, now).await?;
        let audited = Audited::books_posted(share, &posted.external_id);
        tx.audit_add(audited.slip(Some(attempt.payment_id), Actor::Portal, now)?).await?;
        tx.claim_release(attempt.id, share.invoice_id).await?;
        if let Some(invoice) = &posted.invoice {
            tx.invoice_refresh(share.invoice_id, invoice, now).await?;
        }
        tx.advance_settle(share.invoice_id, true).await?;
        tx.commit().await?;
        Ok(Ok(true))
    }

    /// Anything but [`Ran::Finished`] wrote nothing: the lease was lost, or the payment has come into the books since they
    /// were asked for it.
    async fn end_refund_entry(
        &self,
        db: &MerchantDb,
        job: &Job,
        refund: &Refund,
        entry: RefundEntry,
    ) -> Result<Ran, Error> {
        let (now, is_needless) = (self.now(), entry.state == BooksEntryState::Needless);
        let tx = db.begin().await?;
        // Before the job, as whoever records a fact does. Two refunds that end at once are weighed one after the other.
        let attempt = tx.attempt_hold(refund.attempt_id).await?;
        if !tx.job_hold(job).await? {
            return Ok(Ran::Done);
        }
        if is_needless && refund.state == RefundState::Succeeded {
            let shares = tx.books_entries(attempt.id).await?;
            let share = share_of(&shares, &entry).map(|share| share.state);
            if matches!(share, Some(BooksEntryState::Intended | BooksEntryState::Posted)) {
                return Ok(Ran::NotYet("the payment itself has come into the books meanwhile"));
            }
        }
        if let Some(written) = Audited::refund_written(&entry) {
            tx.audit_add(written.slip(Some(attempt.payment_id), Actor::Portal, now)?).await?;
        }
        let posted = (entry.state == BooksEntryState::Posted).then_some((entry.invoice_id, entry.amount_minor));
        tx.refund_entry_write(RefundEntry { updated_at: now, ..entry }).await?;
        if is_needless {
            weigh_refused(&tx, &attempt, now).await?;
        }
        failpoint::reach("before_refund_post_commit");
        tx.commit().await?;
        if let Some((invoice, minor)) = posted {
            let amount = Money::new(minor, refund.amount()?.currency);
            self.note_in_books(db, invoice, Noted::Refunded, amount, books_reference(refund));
        }
        Ok(Ran::Finished)
    }
}

async fn taken_back(books: &dyn Books, posting: &PostRefund) -> Result<(), Unwritten> {
    failpoint::reach("before_refund_take_back");
    let taken = books.take_back_refund(posting).await;
    failpoint::reach("after_refund_take_back");
    Ok(taken?)
}

/// The payment's own write onto the invoice of a refund's write.
fn share_of<'a>(shares: &'a [BooksEntry], entry: &RefundEntry) -> Option<&'a BooksEntry> {
    shares.iter().find(|share| share.invoice_id == entry.invoice_id)
}

/// A person must decide about what the books refuse, and is told what stands of it; everything else is tried again.
fn refused(why: Unwritten, refund: &Refund, entry: RefundEntry) -> Result<RefundEntry, Error> {
    let (entry, cause, message) = match why {
        Unwritten::ByHand => (entry, None, BY_HAND.to_owned()),
        Unwritten::Books(BooksError::Refused { cause, message }) => (entry, Some(cause), message),
        // Not yet, or not any more.
        Unwritten::Books(BooksError::CreditUnpaid { credit_id, cause, message }) => {
            (RefundEntry { credit_id: Some(credit_id), external_id: None, ..entry }, Some(cause), message)
        }
        Unwritten::Books(later) => return Err(Error::BooksUnreachable(later)),
    };
    tracing::error!(refund.id = %refund.id, ?cause, "Money was paid back, and the books are left without what follows from it.");
    let why = match cause {
        Some(cause) => why_refused(cause, message),
        None => message,
    };
    Ok(RefundEntry { state: BooksEntryState::Refused, last_error: Some(why), ..entry })
}

/// What a refund is found by in the books: the gateway's id of it.
pub(crate) fn books_reference(refund: &Refund) -> &str {
    refund.gateway_id.as_deref().unwrap_or_default()
}
