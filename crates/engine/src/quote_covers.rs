//! Quote credit finds its Downpayment invoice (N1): whichever open invoice a credit is for is kept from every other payment
//! until the credit is applied to it, by one press or by the merchant's rule, or until a person says that it is something else.
//! What staff apply in the accounting package by hand is noticed when the books are read the next time.

use crate::{
    AdminPass, Engine, Error, Lane,
    audit::{Actor, Audited},
    clock::{day, zone},
    error::known,
    exception_lines::{OpenException, Subject, sentence_of},
    failpoint,
    jobs::{Ran, end_with},
    turnstile::Errand,
    work::{APPLY_CREDIT, Work},
};
use chrono::{DateTime, Utc};
use connectors::books::{ApplyCredit, Books, BooksError, PostPayment, QuoteCredit};
use domain::{
    exception::{Cure, Severity},
    ids::InvoiceId,
    invoice::{BooksInvoice, InvoiceStatus},
    money::Locale,
    quote::{Bill, CoverKind, OpenCredit, covers},
};
use std::collections::BTreeSet;
use store::{
    BooksEntryState, Invoice, Job, MerchantDb, MerchantTx, QuoteCover, QuoteCoverState as State, QuoteDocument,
    QuoteDocumentState, Refund,
};

/// Before the id of an invoice that a credit is for.
const COVERED: &str = "quote_credit:";

/// A credit that stands in the books, and what it is found by there.
struct Standing {
    document: QuoteDocument,
    posting: PostPayment,
}

impl Engine {
    /// Lays the open invoices of each customer beside the credits of their quotes, in the transaction that has read them. What
    /// is open since before is looked at again: somebody may have applied it by hand.
    pub(crate) async fn cover_by_quotes(&self, tx: &MerchantTx) -> Result<(), Error> {
        for (document, advance) in tx.quote_credits().await? {
            self.cover_by_quote(tx, &document, &advance).await?;
        }
        // Also where something of the credit was used before: whoever cannot pay an invoice must not wait for what is no more.
        let kept_for: BTreeSet<_> = tx.quote_covers_open().await?.iter().map(|cover| cover.quote_invoice_id).collect();
        for quote in kept_for {
            if tx.quote_document_paired(quote).await?.is_some() {
                self.watch_credit(tx, quote).await?;
            }
        }
        Ok(())
    }

    /// The same of one credit, which comes into being in this transaction, or stands. What goes back is for no invoice.
    pub(crate) async fn cover_by_quote(
        &self,
        tx: &MerchantTx,
        document: &QuoteDocument,
        advance: &Invoice,
    ) -> Result<(), Error> {
        let credit = OpenCredit { number: &document.quote_number, left: advance.total()?, paid_on: advance.date };
        let Some((bill, kind)) = best(credit, tx.invoices_to_cover(advance).await?)? else { return Ok(()) };
        if is_used_up(tx, advance.id).await? || goes_back(&tx.refunds_of(&[document.attempt_id]).await?) {
            return Ok(());
        }
        let cover = QuoteCover {
            merchant_id: tx.merchant_id(),
            invoice_id: bill.id,
            quote_invoice_id: advance.id,
            kind,
            state: State::Open,
            last_error: None,
            times: 1,
            updated_at: self.now(),
        };
        if tx.quote_cover_add(cover).await? {
            tracing::info!(invoice.id = %bill.id, "An invoice is kept for the credit of a quote.");
        }
        Ok(())
    }

    /// Has the books asked what is left of a credit, where that matters to somebody.
    pub(crate) async fn watch_credit(&self, tx: &MerchantTx, quote: InvoiceId) -> Result<(), Error> {
        let now = self.now();
        if tx.quote_covers_of(quote).await?.iter().any(|cover| cover.state.locks()) {
            let watch = Work::WatchCredit { quote, asked_ms: now.timestamp_millis() };
            watch.queue(tx, None, now, now).await?;
        }
        Ok(())
    }

    /// What became of a credit since, and whether the merchant's rule applies it.
    pub(crate) async fn work_watch_credit(&self, db: &MerchantDb, job: &Job, quote: InvoiceId) -> Result<Ran, Error> {
        let Some(stands) = self.standing_credit(db, quote).await? else { return Ok(Ran::Finished) };
        let books = self.books_for(db, Errand::job(Lane::Background)).await?;
        let Some(credit) = asked(books.as_ref(), &stands.posting).await? else { return Ok(Ran::Finished) };
        let (now, applies) = (self.now(), db.quote_rules().await?.applies_credits);
        let tx = db.begin().await?;
        if !tx.attempt_hold(stands.document.attempt_id).await?.state.has_money() {
            return Ok(Ran::Finished);
        }
        let goes_back = goes_back(&tx.refunds_of(&[stands.document.attempt_id]).await?);
        for cover in tx.quote_covers_of(quote).await?.into_iter().filter(|cover| cover.state == State::Open) {
            let bill = tx.invoice(cover.invoice_id).await?;
            let is_applied = credit.applied.iter().any(|part| part.invoice_external_id == bill.external_id);
            let is_enough = bill.status == InvoiceStatus::Open && credit.remaining.minor >= bill.due_minor;
            if is_applied {
                tx.quote_cover_move(bill.id, &[State::Open], State::Applied, None, now).await?;
            } else if !is_enough || goes_back {
                tx.quote_cover_move(bill.id, &[State::Open], State::Ended, None, now).await?;
            } else if applies && cover.kind == CoverKind::Named && cover.last_error.is_none() {
                self.mean_to_apply(&tx, &cover, Actor::Portal).await?;
            }
        }
        if credit.remaining != credit.total {
            tx.quote_document_move(&stands.document, QuoteDocumentState::Used, None, now).await?;
        }
        let ended = end_with(tx, job).await?;
        self.0.bell.notify_one();
        Ok(ended)
    }

    /// Staff have a credit applied to the invoice that it is for.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the invoice is not kept for one any more.
    pub(crate) async fn ask_to_apply(&self, admin: &AdminPass, invoice: InvoiceId) -> Result<(), Error> {
        let tx = admin.db.begin().await?;
        let cover = tx.quote_cover(invoice).await?.filter(|cover| cover.state.locks()).ok_or(Error::NotFound)?;
        if cover.state == State::Open {
            self.mean_to_apply(&tx, &cover, Actor::Staff(admin.person)).await?;
            tx.commit().await?;
            self.0.bell.notify_one();
        }
        Ok(())
    }

    async fn mean_to_apply(&self, tx: &MerchantTx, cover: &QuoteCover, actor: Actor) -> Result<(), Error> {
        let (now, invoice, quote) = (self.now(), cover.invoice_id, cover.quote_invoice_id);
        // Somebody else may have said so this moment, or that it is something else.
        if !tx.quote_cover_move(invoice, &[State::Open], State::Applying, None, now).await? {
            return Ok(());
        }
        let asked = Audited::QuoteCreditAsked { invoice, quote };
        tx.audit_add(asked.slip(None, actor, now)?).await?;
        let apply = Work::ApplyCredit { invoice, asked_ms: now.timestamp_millis() };
        apply.queue(tx, None, now, now).await
    }

    /// Looks first whether it pays the invoice already: by a try before this one, or by hand.
    pub(crate) async fn apply_credit(
        &self,
        db: &MerchantDb,
        job: &Job,
        invoice: InvoiceId,
        asked_ms: i64,
    ) -> Result<Ran, Error> {
        let cover = db.quote_cover(invoice).await?.filter(|cover| cover.state == State::Applying);
        let Some(cover) = cover else { return Ok(Ran::Finished) };
        let bill = db.invoice(invoice).await?;
        let Some(stands) = self.standing_credit(db, cover.quote_invoice_id).await? else {
            return self
                .end_apply(db, job, &cover, Err("The payment of the quote is not in the books yet.".into()))
                .await;
        };
        if goes_back(&db.refunds_of(&[stands.document.attempt_id]).await?) {
            return self.end_apply(db, job, &cover, Err("The payment of the quote is paid back.".into())).await;
        }
        let books = self.books_for(db, Errand::job(Lane::UserAction)).await?;
        failpoint::reach("before_apply");
        let applied = match asked(books.as_ref(), &stands.posting).await? {
            None => Err("The books do not have the credit.".to_owned()),
            Some(credit) if credit.applied.iter().any(|part| part.invoice_external_id == bill.external_id) => Ok(None),
            Some(credit) if credit.remaining.minor < bill.due_minor || bill.due_minor <= 0 => {
                Err("Less is left of the credit than the invoice owes, or it owes nothing.".to_owned())
            }
            Some(_) => {
                let apply = ApplyCredit {
                    idempotency_key: format!("apply-{}-{asked_ms}", invoice.0.simple()),
                    credit_number: stands.document.numbers().credit,
                    invoice_external_id: bill.external_id.clone(),
                    amount: bill.due()?,
                    date: day(cover.updated_at, zone(&self.set_up(db).await?.merchant.time_zone)),
                };
                match books.apply_credit(&apply).await {
                    Ok(read) => Ok(Some(read)),
                    Err(BooksError::Refused { message, .. }) => Err(message),
                    Err(BooksError::NotFound) => Err("The books do not have the invoice.".to_owned()),
                    Err(later) => return Err(Error::BooksUnreachable(later)),
                }
            }
        };
        failpoint::reach("after_apply");
        let applied = applied.map(|read| Applied { read, of: stands.document });
        self.end_apply(db, job, &cover, applied).await
    }

    async fn end_apply(
        &self,
        db: &MerchantDb,
        job: &Job,
        cover: &QuoteCover,
        applied: Result<Applied, String>,
    ) -> Result<Ran, Error> {
        let (now, invoice, quote) = (self.now(), cover.invoice_id, cover.quote_invoice_id);
        let tx = db.begin().await?;
        match applied {
            Ok(Applied { read, of }) => {
                // Before the job, as whoever records a fact does.
                let has_money = tx.attempt_hold(of.attempt_id).await?.state.has_money();
                if let Some(read) = &read {
                    tx.invoice_refresh(invoice, read, now).await?;
                }
                // Else it is on its way out, and off this invoice: whatever takes it out waits for this, and reads that the
                // invoice was paid by it.
                if has_money {
                    tx.quote_document_move(&of, QuoteDocumentState::Used, None, now).await?;
                }
                if tx.quote_cover_move(invoice, &[State::Applying, State::Ended], State::Applied, None, now).await? {
                    let applied = Audited::QuoteCreditApplied { invoice, quote };
                    tx.audit_add(applied.slip(None, Actor::Portal, now)?).await?;
                }
            }
            // Staff read why, and decide once more; unless the credit is no more.
            Err(why) => {
                tx.quote_cover_move(invoice, &[State::Applying], State::Open, Some(&why), now).await?;
            }
        }
        failpoint::reach("before_apply_commit");
        end_with(tx, job).await
    }

    /// Before the pair of a payment that came back leaves the books: which invoices its credit has paid until now, also by hand,
    /// or by a try of ours that nobody has heard the end of. Those are owed again then, and the quote is not.
    pub(crate) async fn note_applied(
        &self,
        db: &MerchantDb,
        books: &dyn Books,
        posting: &PostPayment,
        quote: InvoiceId,
    ) -> Result<(), Error> {
        let credit = match books.quote_credit(posting).await {
            Ok(Some(credit)) => credit,
            // What stands in the way is told by whoever takes it out.
            Ok(None) | Err(BooksError::NotFound | BooksError::Refused { .. }) => return Ok(()),
            Err(later) => return Err(Error::BooksUnreachable(later)),
        };
        let tx = db.begin().await?;
        for cover in tx.quote_covers_of(quote).await? {
            let bill = tx.invoice(cover.invoice_id).await?;
            if credit.applied.iter().any(|part| part.invoice_external_id == bill.external_id) {
                let from = [State::Open, State::Applying, State::Ended];
                tx.quote_cover_move(bill.id, &from, State::Applied, None, self.now()).await?;
            }
        }
        Ok(tx.commit().await?)
    }

    /// A job is giving something of a quote's credit to an invoice, or is to: whoever takes that out of the books waits for it.
    pub(crate) async fn is_applying(&self, db: &MerchantDb, quote: InvoiceId) -> Result<bool, Error> {
        for cover in db.quote_covers_of(quote).await? {
            if !db.jobs_undone(&format!("{APPLY_CREDIT}{}:", cover.invoice_id), 1).await?.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The newest credit of a quote whose payment stands in the books.
    async fn standing_credit(&self, db: &MerchantDb, quote: InvoiceId) -> Result<Option<Standing>, Error> {
        let Some(document) = db.quote_document_paired(quote).await? else { return Ok(None) };
        let attempt = db.attempt(document.attempt_id).await?;
        let entries = db.books_entries(attempt.id).await?;
        let entry = entries.iter().find(|entry| entry.invoice_id == quote && entry.state == BooksEntryState::Posted);
        let Some(entry) = entry.filter(|_| attempt.state.has_money()) else { return Ok(None) };
        let posting = self.posting(db, &attempt, entry, &db.invoice(quote).await?).await?;
        Ok(Some(Standing { document, posting }))
    }

    /// Invoices that wait for a credit, and drafts that the books do not let go.
    pub(crate) async fn quote_exceptions(&self, db: &MerchantDb, locale: Locale) -> Result<Vec<OpenException>, Error> {
        let mut lines = Vec::new();
        for cover in db.quote_covers_open().await? {
            let (bill, quote) = (db.invoice(cover.invoice_id).await?, db.quote(cover.quote_invoice_id).await?);
            let is_there = self.standing_credit(db, quote.invoice_id).await?.is_some();
            lines.push(covered_line(&cover, &bill, &quote.number, is_there, locale)?);
        }
        for document in db.quote_documents_refused().await? {
            let credit = document.numbers().credit;
            let why = sentence_of(document.last_error.as_deref());
            let (did, remedy) = if document.state == QuoteDocumentState::Dropping {
                ("keep the draft", format!("Delete {credit} there: no money came for it."))
            } else {
                ("did not take the draft", "The whole credit is written when the debit clears.".to_owned())
            };
            let cause = format!("The books {did} of the credit {credit}: {why}");
            let key = format!("quote_draft:{}:{}", document.attempt_id, document.payment_no);
            let line = OpenException::new(key, Severity::Look, "Quote", document.updated_at, cause);
            let payment = db.attempt(document.attempt_id).await?.payment_id;
            let (missing, subject) = match document.state {
                QuoteDocumentState::Meant => {
                    (self.missing_customer(db, document.invoice_id).await?, Subject::Draft(document.invoice_id))
                }
                _ => (None, Subject::Nothing),
            };
            let line = OpenException { payment: Some(payment), missing, subject, ..line };
            lines.push(line.fixable(remedy, document.updated_at));
        }
        Ok(lines)
    }
}

/// That a credit pays its invoice.
struct Applied {
    /// The invoice after it, when the books said.
    read: Option<BooksInvoice>,
    /// The document whose credit it is.
    of: QuoteDocument,
}

async fn asked(books: &dyn Books, posting: &PostPayment) -> Result<Option<QuoteCredit>, Error> {
    match books.quote_credit(posting).await {
        Err(BooksError::NotFound) => Ok(None),
        answer => answer.map_err(Error::BooksUnreachable),
    }
}

/// One credit is for one invoice: the one that names its quote, else the oldest that owes as much.
fn best(credit: OpenCredit<'_>, bills: Vec<Invoice>) -> Result<Option<(Invoice, CoverKind)>, Error> {
    let mut same = None;
    for bill in bills {
        let told =
            Bill { number: &bill.number, reference: bill.reference.as_deref(), due: bill.due()?, date: bill.date };
        match covers(credit, told) {
            Some(CoverKind::Named) => return Ok(Some((bill, CoverKind::Named))),
            Some(CoverKind::SameAmount) if same.is_none() => same = Some((bill, CoverKind::SameAmount)),
            _ => {}
        }
    }
    Ok(same)
}

/// Of such a payment something is paid back, or is to be.
fn goes_back(refunds: &[Refund]) -> bool {
    refunds.iter().any(|refund| !refund.state.is_dead())
}

/// Something is kept for this credit already, or has got it.
async fn is_used_up(tx: &MerchantTx, quote: InvoiceId) -> Result<bool, Error> {
    let covers = tx.quote_covers_of(quote).await?;
    Ok(covers.iter().any(|cover| cover.state.locks() || cover.state == State::Applied))
}

fn covered_line(
    cover: &QuoteCover,
    bill: &Invoice,
    quote: &str,
    is_there: bool,
    locale: Locale,
) -> Result<OpenException, Error> {
    let (number, amount) = (&bill.number, bill.due()?.format(locale));
    let is = if cover.kind == CoverKind::Named { "is covered" } else { "owes as much as is left, and seems covered" };
    let why = cover.last_error.as_deref().map(|why| format!(" It was not applied: {why}")).unwrap_or_default();
    let cause = format!("{number} over {amount} {is} by the credit of quote {quote}.{why}");
    let (severity, remedy) = match cover.state {
        State::Applying => (Severity::Waits, "The credit is being applied.".to_owned()),
        _ if is_there => (
            Severity::Books,
            format!("Apply the credit here or in the books. Until then nobody can pay {number} in another way."),
        ),
        _ => (
            Severity::Waits,
            format!("The payment of the quote is on its way; until it has ended nobody can pay {number}."),
        ),
    };
    let line = OpenException::new(format!("{COVERED}{}", bill.id), severity, "Quote credit", cover.updated_at, cause);
    let line = line.fixable(remedy, cover.updated_at);
    let cure = (cover.state == State::Open && is_there).then_some(Cure::ApplyCredit);
    Ok(OpenException { cure, subject: Subject::Cover(bill.id), ..line })
}

/// A person says that the invoice is something else.
pub(crate) async fn release(tx: &MerchantTx, invoice: InvoiceId, now: DateTime<Utc>) -> Result<(), Error> {
    tx.quote_cover_move(invoice, &[State::Open], State::Released, None, now).await?;
    Ok(())
}

/// The invoice that an exception is about, when it was one that a credit is for.
pub(crate) async fn was_covered(db: &MerchantDb, key: &str) -> Result<bool, Error> {
    let Some(invoice) = key.strip_prefix(COVERED).and_then(|id| id.parse::<InvoiceId>().ok()) else { return Ok(false) };
    Ok(known(db.invoice(invoice).await)?.is_some() && db.quote_cover(invoice).await?.is_some())
}
