//! Takes a payment out of the books again whose money went back: a void, or a bank that returns it late
//! (`wire/accounting.md`, 4.3; D9). What they do not let go of is left to a person.

use crate::{
    Engine, Error, Lane,
    audit::{Actor, Audited},
    failpoint,
    jobs::Ran,
    note_in_books::Noted,
    post_payment::{books_reference, why_refused},
    quote_documents::end_quote_pair,
    quote_sessions::is_quote,
    return_invoice::meant_return,
    turnstile::Errand,
    work::Work,
};
use connectors::books::{Books, BooksError, PostPayment};
use domain::{
    ids::AttemptId,
    invoice::{BooksInvoice, InvoiceStatus},
    money::Money,
};
use store::{BooksEntry, BooksEntryState, Invoice, Job, MerchantDb};

/// How taking one entry out ended.
enum Ended {
    /// It stands there no more; the invoice as it is then, unless it was deleted or there was none.
    Out(Option<BooksInvoice>),
    Refused(String),
}

impl Engine {
    pub(crate) async fn take_back_payment(&self, db: &MerchantDb, job: &Job, attempt: AttemptId) -> Result<Ran, Error> {
        let attempt = db.attempt(attempt).await?;
        let entries = db.books_entries(attempt.id).await?;
        // Where the money is here, it has come again meanwhile; or what was refunded of it had never been entered.
        if !attempt.state.has_money() && entries.iter().any(|entry| entry.state == BooksEntryState::Intended) {
            return Ok(Ran::NotYet("the payment is still being written into the books"));
        }
        for entry in entries.iter().filter(|entry| entry.state == BooksEntryState::Leaving) {
            if self.is_applying(db, entry.invoice_id).await? {
                return Ok(Ran::NotYet("the credit of its quote is being applied"));
            }
        }
        let books = self.books_for(db, Errand::job(Lane::UserAction)).await?;
        for entry in entries.into_iter().filter(|entry| entry.state == BooksEntryState::Leaving) {
            if meant_return(db, &entry).await?.is_some() {
                continue;
            }
            let invoice = db.invoice(entry.invoice_id).await?;
            let posting = self.posting(db, &attempt, &entry, &invoice).await?;
            if is_quote(&invoice) {
                self.note_applied(db, books.as_ref(), &posting, invoice.id).await?;
            }
            failpoint::reach("before_take_back");
            let taken = if entry.is_surcharge() {
                take_back_surcharge(books.as_ref(), posting, &invoice).await
            } else {
                books.take_back_payment(&posting).await
            };
            let ended = match taken {
                // The built-in ledger has changed its row itself, and others may have changed it since.
                Ok(_) if books.is_built_in() && !entry.is_surcharge() => Ended::Out(None),
                Ok(invoice) => Ended::Out(invoice),
                Err(BooksError::NotFound) => Ended::Out(None),
                Err(BooksError::Refused { cause, message }) => {
                    tracing::error!(attempt.id = %attempt.id, ?cause, "Money went back, but the books keep its payment.");
                    Ended::Refused(why_refused(cause, message))
                }
                Err(later) => return Err(Error::BooksUnreachable(later)),
            };
            failpoint::reach("after_take_back");
            if !self.end_leaving(db, job, &entry, &ended).await? {
                return Ok(Ran::Done);
            }
        }
        Ok(Ran::Finished)
    }

    /// `false`: the lease was lost, and a worker without it writes nothing.
    async fn end_leaving(&self, db: &MerchantDb, job: &Job, entry: &BooksEntry, ended: &Ended) -> Result<bool, Error> {
        let now = self.now();
        let tx = db.begin().await?;
        let attempt = tx.attempt_hold(entry.attempt_id).await?;
        if !tx.job_hold(job).await? {
            return Ok(false);
        }
        let has_come_again =
            attempt.state.has_money() && tx.books_entry_now(entry).await?.state != BooksEntryState::Leaving;
        match ended {
            Ended::Out(_) if has_come_again => {
                // It came again while we took it out, and whoever posts it may have found it still standing.
                tx.books_entry_revive(entry, &entry.fresh_key(now), now).await?;
                let post = Work::PostAgain { attempt: attempt.id, asked_ms: now.timestamp_millis() };
                post.queue(&tx, Some(attempt.payment_id), now, now).await?;
            }
            Ended::Out(invoice) => {
                let id = entry.external_id.as_deref();
                tx.books_entry_move(entry, BooksEntryState::Needless, id, None, now).await?;
                if let Some(invoice) = invoice {
                    tx.invoice_refresh(entry.invoice_id, invoice, now).await?;
                }
                tx.advance_settle(entry.invoice_id, false).await?;
                end_quote_pair(&tx, entry.invoice_id, now).await?;
                tx.claim_release(attempt.id, entry.invoice_id).await?;
                let audited = Audited::books_taken_back(entry);
                tx.audit_add(audited.slip(Some(attempt.payment_id), Actor::Portal, now)?).await?;
            }
            // It came again, and still stands: whoever posts it finds it.
            Ended::Refused(_) if has_come_again => {}
            Ended::Refused(why) => {
                let id = entry.external_id.as_deref();
                tx.books_entry_move(entry, BooksEntryState::Refused, id, Some(why), now).await?;
                let audited = Audited::books_refused(entry);
                tx.audit_add(audited.slip(Some(attempt.payment_id), Actor::Portal, now)?).await?;
            }
        }
        failpoint::reach("before_take_back_commit");
        tx.commit().await?;
        if matches!(ended, Ended::Out(_)) && !has_come_again && !entry.is_surcharge() {
            let amount = Money::new(entry.amount_minor, attempt.amount()?.currency);
            self.note_in_books(db, entry.invoice_id, Noted::TakenBack, amount, books_reference(&attempt, entry));
        }
        Ok(true)
    }
}

/// The payment of a surcharge, and its invoice with it: what was added for the payment is owed no more. Each may never have
/// been written, or have left already.
async fn take_back_surcharge(
    books: &dyn Books,
    posting: PostPayment,
    invoice: &Invoice,
) -> Result<Option<BooksInvoice>, BooksError> {
    let invoice_external_id = if invoice.is_raised() {
        posting.invoice_external_id.clone()
    } else {
        // As `raise_invoice` knows it: another of that number is not ours to void.
        let found = books.invoice_by_number(&invoice.number).await?;
        if found.total != posting.amount {
            return Ok(None);
        }
        found.external_id
    };
    match books.take_back_payment(&PostPayment { invoice_external_id, ..posting }).await? {
        Some(stands) if stands.status != InvoiceStatus::Void => books.void_invoice(&stands.external_id).await.map(Some),
        out => Ok(out),
    }
}
