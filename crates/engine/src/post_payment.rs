//! Writes a payment into the books, once: intent row first, looked up before any repeat, ended in one transaction
//! (`wire/accounting.md`, 4).

use crate::{
    Engine, Error, Lane,
    advances::advance_of,
    audit::{Actor, Audited},
    clock::{day, zone},
    exception_lines::sentence_of,
    failpoint,
    jobs::Ran,
    keep_surplus::is_refunded,
    note_in_books::Noted,
    quote_sessions::is_quote,
    turnstile::Errand,
};
use connectors::books::{Books, BooksError, PostPayment, Posted, RefusedCause};
use domain::{event::EventKind, ids::AttemptId, invoice::InvoiceStatus, money::Money, planted};
use store::{Attempt, BooksEntry, BooksEntryState, Invoice, Job, MerchantDb, MerchantTx, NewEvent};

/// How the write of one entry ended.
enum Ended {
    Posted(Posted),
    /// A person must decide; nobody else may pay the invoice meanwhile.
    Refused(String),
    /// Less is due by now: so much in minor units, and the rest stays as credit (G29).
    OverPaid {
        left_minor: i64,
        advance: Box<Invoice>,
        /// As they refused it.
        why: String,
    },
    /// The money went back before it was posted.
    Needless,
    /// The money went back, and something of it may stand there: what an earlier try wrote whose answer was lost, the invoice
    /// of a surcharge, or the draft of a quote's credit.
    Doubtful,
}

impl Ended {
    const fn without_money(may_stand: bool) -> Self {
        if may_stand { Self::Doubtful } else { Self::Needless }
    }

    /// What it makes of the entry: its state, the books' id of it, and why they refused it.
    fn leaves<'a>(
        &'a self,
        read: &'a BooksEntry,
        has_money: bool,
    ) -> (BooksEntryState, Option<&'a str>, Option<&'a str>) {
        match self {
            Self::Posted(posted) if has_money => (BooksEntryState::Posted, Some(posted.external_id.as_str()), None),
            Self::Posted(posted) => (BooksEntryState::Leaving, Some(posted.external_id.as_str()), None),
            Self::Refused(why) => (BooksEntryState::Refused, None, Some(why.as_str())),
            // Stays as it is, until its parts are meant anew.
            Self::OverPaid { .. } => (read.state, read.external_id.as_deref(), read.last_error.as_deref()),
            // Whatever takes the payment out looks for it there.
            Self::Doubtful => (BooksEntryState::Leaving, None, None),
            Self::Needless => (BooksEntryState::Needless, None, None),
        }
    }
}

impl Engine {
    /// `may_stand`: it may have been written before, by us or by a person.
    pub(crate) async fn post_payment(
        &self,
        db: &MerchantDb,
        job: &Job,
        attempt: AttemptId,
        may_stand: bool,
    ) -> Result<Ran, Error> {
        let (attempt, mut entries) = db.attempt_to_post(attempt).await?;
        if attempt.surcharge_minor > 0 && self.mean_surcharge(db, attempt.id).await? {
            entries = db.books_entries_intended(attempt.id).await?;
        }
        // A debit that pays a quote: the draft of its credit becomes the credit.
        if attempt.kind.is_debit()
            && let Some(document) = db.quote_documents(attempt.id).await?.pop()
            && self.is_drafting(db, &document).await?
        {
            return Ok(Ran::NotYet("the draft of its credit is being written"));
        }
        let books = self.books_for(db, Errand::job(Lane::UserAction)).await?;
        let mut ran = Ran::Finished;
        while let Some((entry, invoice)) = entries.pop() {
            let ended = self.post_entry(db, books.as_ref(), &attempt, &entry, &invoice, may_stand).await?;
            let is_last = entries.is_empty();
            if !self.end_entry(db, job, (&entry, &invoice), &ended, is_last).await? {
                return Ok(Ran::Done);
            }
            ran = Ran::Done;
        }
        Ok(ran)
    }

    /// A process of an earlier version that heard of the money has meant its surcharge for no books. `true`: it is meant now.
    async fn mean_surcharge(&self, db: &MerchantDb, attempt: AttemptId) -> Result<bool, Error> {
        if db.books_entries(attempt).await?.iter().any(BooksEntry::is_surcharge) {
            return Ok(false);
        }
        let tx = db.begin().await?;
        let attempt = tx.attempt_hold(attempt).await?;
        let shares = tx.allocations(attempt.payment_id).await?;
        let surcharge = self.surcharge_share(&tx, &attempt, &shares).await?.filter(|_| attempt.state.has_money());
        let Some(surcharge) = surcharge else { return Ok(false) };
        tx.books_entries_intend(attempt.id, &[surcharge], self.now()).await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn post_entry(
        &self,
        db: &MerchantDb,
        books: &dyn Books,
        attempt: &Attempt,
        entry: &BooksEntry,
        invoice: &Invoice,
        may_stand: bool,
    ) -> Result<Ended, Error> {
        if !attempt.state.has_money() {
            return Ok(Ended::without_money(may_stand || has_parts(entry, invoice)));
        }
        let fresh;
        // Whose invoice the books have told of, they know.
        let invoice = if invoice.advance.is_some() || entry.is_surcharge() {
            fresh = match self.with_customer(db, books, invoice.id, &entry.idempotency_key).await? {
                Ok(invoice) => invoice,
                Err(why) => return Ok(Ended::Refused(why)),
            };
            &fresh
        } else {
            invoice
        };
        let raised = if entry.is_surcharge() {
            match self.surcharge_invoice(db, books, attempt, entry, invoice.clone()).await? {
                Ok(raised) => Some(raised),
                Err(cause) => return refused_or_later(attempt, cause),
            }
        } else {
            None
        };
        let invoice = raised.as_ref().unwrap_or(invoice);
        let post = self.posting(db, attempt, entry, invoice).await?;
        failpoint::reach("before_post");
        let before = if may_stand { posted_before(books, &post).await } else { Ok(None) };
        let posted = match before {
            Ok(Some(posted)) => Ok(posted),
            Ok(None) => books.post_payment(&post).await,
            Err(cause) => Err(cause),
        };
        failpoint::reach("after_post");
        // Somebody may have entered it by hand, which a first try has not looked for.
        let is_unlooked = !may_stand && !planted::is("no_look_before_write");
        let posted = match posted {
            Err(
                refused @ BooksError::Refused {
                    cause: RefusedCause::MoreThanDue | RefusedCause::NotAwaitingPayment,
                    ..
                },
            ) if is_unlooked => posted_before(books, &post).await.and_then(|found| found.ok_or(refused)),
            posted => posted,
        };
        match posted {
            Ok(posted) => Ok(Ended::Posted(posted)),
            Err(BooksError::Refused {
                cause: cause @ (RefusedCause::MoreThanDue | RefusedCause::NotAwaitingPayment),
                message,
            }) => match self.over_paid(db, entry, invoice).await? {
                Some((left_minor, advance)) => Ok(Ended::OverPaid { left_minor, advance, why: message }),
                None => {
                    // What helps hangs on what the invoice is there by now.
                    if !entry.is_surcharge() {
                        self.invoice_from_books(db, invoice).await?;
                    }
                    refused_or_later(attempt, BooksError::Refused { cause, message })
                }
            },
            Err(cause) => refused_or_later(attempt, cause),
        }
    }

    pub(crate) async fn posting(
        &self,
        db: &MerchantDb,
        attempt: &Attempt,
        entry: &BooksEntry,
        invoice: &Invoice,
    ) -> Result<PostPayment, Error> {
        let set_up = self.set_up(db).await?;
        let amount = Money::new(entry.amount_minor, attempt.amount()?.currency);
        if !amount.is_positive() {
            // Written by a node that did not know the column yet: nothing of it may stand as posted.
            return Err(Error::Store(store::Error::Unreadable("books_entry.amount_minor")));
        }
        Ok(PostPayment {
            idempotency_key: entry.idempotency_key.clone(),
            invoice_external_id: invoice.external_id.clone(),
            advance: advance_of(db, invoice, attempt.id).await?,
            amount,
            // The day of the payment, not of the try: the same key must always carry the same request.
            date: day(attempt.created_at, zone(&set_up.merchant.time_zone)),
            reference: books_reference(attempt, entry).to_owned(),
        })
    }

    /// Entry, invoice and claim end together, with the last entry the job as well. The attempt is held first, as by whoever
    /// records a fact: its money may have gone back meanwhile. `false`: the lease was lost, and a worker without it writes
    /// nothing.
    async fn end_entry(
        &self,
        db: &MerchantDb,
        job: &Job,
        (entry, invoice): (&BooksEntry, &Invoice),
        ended: &Ended,
        is_last: bool,
    ) -> Result<bool, Error> {
        let now = self.now();
        let tx = db.begin().await?;
        let (attempt, tells) = tx.attempt_hold_telling(entry.attempt_id).await?;
        let has_money = attempt.state.has_money();
        let held = if is_last { tx.job_done(job).await? } else { tx.job_hold(job).await? };
        if !held {
            return Ok(false);
        }
        let instead = match ended {
            Ended::Posted(_) | Ended::Doubtful => None,
            _ if !has_money => Some(Ended::without_money(has_parts(entry, invoice))),
            Ended::OverPaid { why, .. } if is_refunded(&tx, entry).await? => Some(Ended::Refused(why.clone())),
            Ended::OverPaid { .. } | Ended::Refused(_) | Ended::Needless => None,
        };
        let ended = instead.as_ref().unwrap_or(ended);
        let (state, external_id, why) = ended.leaves(entry, has_money);
        if !tx.books_entry_end(entry, state, external_id, why, now).await? {
            // Another job of this payment was at it too, and has ended it or means it anew.
            tx.commit().await?;
            return Ok(true);
        }
        let audited = match ended {
            Ended::Posted(posted) => {
                if let Some(read) = &posted.invoice {
                    tx.invoice_refresh(entry.invoice_id, read, now).await?;
                }
                if invoice.advance.is_some() {
                    tx.advance_settle(entry.invoice_id, has_money).await?;
                }
                if is_quote(invoice) && has_money {
                    self.watch_credit(&tx, entry.invoice_id).await?;
                }
                if has_money && is_paid(&tx, (entry, invoice), posted).await? {
                    tx.event_add_knowing(paid(entry), Some(tells), now).await?;
                }
                Some(Audited::books_posted(entry, &posted.external_id))
            }
            Ended::Refused(_) => Some(Audited::books_refused(entry)),
            Ended::OverPaid { left_minor, advance, .. } => {
                self.keep_surplus(&tx, job, entry, (*left_minor, advance)).await?
            }
            Ended::Needless | Ended::Doubtful => None,
        };
        if let Some(audited) = audited {
            tx.audit_add(audited.slip(job.payment_id, Actor::Portal, now)?).await?;
        }
        let stays_taken = match ended {
            Ended::Posted(_) | Ended::Needless => false,
            Ended::Refused(_) | Ended::Doubtful => true,
            Ended::OverPaid { left_minor, .. } => *left_minor > 0,
        };
        if !stays_taken {
            tx.claim_release(entry.attempt_id, entry.invoice_id).await?;
        }
        failpoint::reach("before_post_commit");
        tx.commit().await?;
        if matches!(ended, Ended::Posted(_)) && has_money && !entry.is_surcharge() {
            let amount = Money::new(entry.amount_minor, attempt.amount()?.currency);
            self.note_in_books(db, entry.invoice_id, Noted::Posted, amount, books_reference(&attempt, entry));
        }
        Ok(true)
    }
}

/// Whether an invoice of the merchant's own is paid by this. The built-in ledger has changed the row itself.
async fn is_paid(tx: &MerchantTx, (entry, invoice): (&BooksEntry, &Invoice), posted: &Posted) -> Result<bool, Error> {
    if entry.is_surcharge() || invoice.advance.is_some() {
        return Ok(false);
    }
    if let Some(read) = &posted.invoice {
        return Ok(read.status == InvoiceStatus::Paid);
    }
    Ok(tx.invoice(entry.invoice_id).await?.status == InvoiceStatus::Paid)
}

/// It is written in more than one step, of which the first ones may stand though the last one does not.
fn has_parts(entry: &BooksEntry, invoice: &Invoice) -> bool {
    entry.is_surcharge() || is_quote(invoice)
}

/// Told when nothing is due any more.
fn paid(entry: &BooksEntry) -> NewEvent {
    NewEvent { invoice: Some(entry.invoice_id), ..NewEvent::of(EventKind::InvoicePaid, entry.attempt_id) }
}

fn refused_or_later(attempt: &Attempt, cause: BooksError) -> Result<Ended, Error> {
    match cause {
        BooksError::Refused { cause, message } => {
            tracing::error!(attempt.id = %attempt.id, ?cause, "Money was taken, but the books refuse the payment.");
            Ok(Ended::Refused(why_refused(cause, message)))
        }
        later => Err(Error::BooksUnreachable(later)),
    }
}

/// Why the books refused it, with what helps where that does not hang on the invoice (`exception_lines.rs`).
pub(crate) fn why_refused(cause: RefusedCause, message: String) -> String {
    const OPEN_IT: &str =
        "That period is closed there: open it and try again, or enter it by hand on a day that is open.";
    match cause {
        RefusedCause::PeriodLocked => format!("{} {OPEN_IT}", sentence_of(Some(&message))),
        RefusedCause::MoreThanDue
        | RefusedCause::NotAwaitingPayment
        | RefusedCause::NameTaken
        | RefusedCause::Archived
        | RefusedCause::Other => message,
    }
}

async fn posted_before(books: &dyn Books, post: &PostPayment) -> Result<Option<Posted>, BooksError> {
    match books.find_payment(post).await {
        // An invoice that was deleted has no payment either: what it is told of one decides.
        Err(BooksError::NotFound) => Ok(None),
        found => found,
    }
}

/// What a payment is found by in the books: the gateway's id of the money.
pub(crate) fn books_reference<'a>(attempt: &'a Attempt, entry: &'a BooksEntry) -> &'a str {
    attempt.charge_id.as_deref().or(attempt.gateway_id.as_deref()).unwrap_or(&entry.idempotency_key)
}
