//! A customer whom the books do not have is made there, with the name and address that came with their quote: when staff press
//! for it, or before the first thing is written for them where the merchant's rule says so. The books look for the name first,
//! so whoever died behind the write finds them; what waited for them then goes on by itself.

use crate::{
    AdminPass, Engine, Error, Lane,
    audit::{Actor, Audited},
    exception_lines::Subject,
    jobs::{Ran, end_with},
    post_again::{refused_entries, revive, write_again},
    turnstile::Errand,
    work::{CREATE_CUSTOMER, Work},
};
use connectors::books::{Books, BooksError, NewCustomer};
use domain::{
    exception::Cure,
    ids::{AttemptId, InvoiceId, PaymentId},
    invoice::BooksCustomer,
    views::MissingCustomer,
};
use std::collections::BTreeSet;
use store::{BooksEntryState, Customer, Invoice, Job, MerchantDb, MerchantTx, QuoteDocument, QuoteDocumentState};

/// What could not be written for somebody whom the books do not have.
#[derive(Default)]
struct Waiting {
    postings: BTreeSet<(AttemptId, InvoiceId)>,
    drafts: Vec<QuoteDocument>,
}

impl Engine {
    /// The invoice as it is now, whose customer the books know, if need be because they were just made there; or why nothing can
    /// be written for them. `key` is that of the write.
    pub(crate) async fn with_customer(
        &self,
        db: &MerchantDb,
        books: &dyn Books,
        invoice: InvoiceId,
        key: &str,
    ) -> Result<Result<Invoice, String>, Error> {
        let (found, customer) = db.invoice_with_customer(invoice).await?;
        if customer.is_known_to_books() {
            return Ok(Ok(found));
        }
        if !books.is_built_in() && !db.quote_rules().await?.creates_customers {
            let (name, books) = (customer.name, books.name());
            let why =
                format!("{books} does not have {name} yet. Have them created there, or add them by exactly this name");
            return Ok(Err(format!("{why}, have its data downloaded, and post again.")));
        }
        let told = match made(books, &customer, key).await? {
            Ok(told) => told,
            Err(why) => return Ok(Err(why)),
        };
        let tx = db.begin().await?;
        self.keep_made(&tx, &customer, &told, None).await?;
        tx.commit().await?;
        Ok(Ok(db.invoice(invoice).await?))
    }

    /// Who would be made in the books so that something can be written for this invoice; nobody, when its customer is there.
    pub(crate) async fn missing_customer(
        &self,
        db: &MerchantDb,
        invoice: InvoiceId,
    ) -> Result<Option<MissingCustomer>, Error> {
        let Some(Customer { name, email, .. }) = unknown_customer(db, invoice).await? else { return Ok(None) };
        // Of books that are not connected, another line speaks.
        let Ok(books) = self.books(db, Lane::UserAction).await else { return Ok(None) };
        Ok(Some(MissingCustomer { books: books.name().to_owned(), name, email }))
    }

    /// Has the customer made in the books for whom this exception waits. Pressed twice is pressed once.
    ///
    /// # Errors
    /// [`Error::NotFound`] also for another merchant's exception.
    pub async fn ask_for_customer(&self, admin: &AdminPass, key: &str) -> Result<(), Error> {
        let Some(open) = self.open_exception(&admin.db, key).await? else { return Ok(()) };
        // A press before this one.
        if open.missing.is_none() {
            return Ok(());
        }
        let (Subject::Posting(_, invoice) | Subject::Draft(invoice)) = open.subject else {
            return Err(Error::NotFound);
        };
        let (db, now) = (&admin.db, self.now());
        if db.jobs_undone(&format!("{CREATE_CUSTOMER}{invoice}:"), 1).await?.is_empty() {
            let tx = db.begin().await?;
            let customer = tx.invoice(invoice).await?.customer_id;
            let create = Work::CreateCustomer { invoice, asked_ms: now.timestamp_millis() };
            create.queue(&tx, open.payment, now, now).await?;
            let asked = Audited::CustomerAsked { customer };
            tx.audit_add(asked.slip(open.payment, Actor::Staff(admin.person), now)?).await?;
            tx.commit().await?;
        }
        self.0.bell.notify_one();
        Ok(())
    }

    /// Makes them, and has written what waits for them; or says beside that why they could not be made.
    pub(crate) async fn create_customer(
        &self,
        db: &MerchantDb,
        job: &Job,
        invoice: InvoiceId,
        asked_ms: i64,
    ) -> Result<Ran, Error> {
        let (_, customer) = db.invoice_with_customer(invoice).await?;
        let waiting = waiting(db, &customer, invoice).await?;
        // The books may have told of them meanwhile.
        let told = if customer.is_known_to_books() {
            Ok(None)
        } else {
            let books = self.books_for(db, Errand::job(Lane::UserAction)).await?;
            let key = format!("customer-{}-{asked_ms}", customer.id.0.simple());
            made(books.as_ref(), &customer, &key).await?.map(Some)
        };
        let tx = db.begin().await?;
        let drafts = waiting.drafts.iter().map(|draft| draft.attempt_id);
        let attempts: BTreeSet<_> = waiting.postings.iter().map(|(attempt, _)| *attempt).chain(drafts).collect();
        for attempt in attempts {
            tx.attempt_hold(attempt).await?;
        }
        if !tx.job_hold(job).await? {
            return Ok(Ran::Done);
        }
        match told {
            Ok(told) => {
                if let Some(told) = told {
                    self.keep_made(&tx, &customer, &told, job.payment_id).await?;
                }
                self.go_on(&tx, &waiting).await?;
            }
            Err(why) => self.stay_refused(&tx, &waiting, &why).await?,
        }
        let ended = end_with(tx, job).await?;
        self.0.bell.notify_one();
        Ok(ended)
    }

    async fn keep_made(
        &self,
        tx: &MerchantTx,
        customer: &Customer,
        told: &BooksCustomer,
        payment: Option<PaymentId>,
    ) -> Result<(), Error> {
        tx.customer_made(customer.id, told).await?;
        let made = Audited::CustomerMade { customer: customer.id, external_id: told.external_id.clone() };
        tx.audit_add(made.slip(payment, Actor::Portal, self.now())?).await?;
        tracing::info!(customer.id = %customer.id, "A customer was made, or found, in the books.");
        Ok(())
    }

    async fn go_on(&self, tx: &MerchantTx, waiting: &Waiting) -> Result<(), Error> {
        let now = self.now();
        let attempts: BTreeSet<_> = waiting.postings.iter().map(|(attempt, _)| *attempt).collect();
        for attempt in attempts {
            let (attempt, mut revived) = (tx.attempt_hold(attempt).await?, false);
            for (entry, cure) in refused_entries(tx, &attempt).await? {
                if cure == Cure::PostPayment && waiting.postings.contains(&(attempt.id, entry.invoice_id)) {
                    revive(tx, Actor::Portal, &attempt, &entry, now).await?;
                    revived = true;
                }
            }
            if revived {
                write_again(&attempt, now).queue(tx, Some(attempt.payment_id), now, now).await?;
            }
        }
        for QuoteDocument { attempt_id, payment_no, .. } in &waiting.drafts {
            let payment = tx.attempt_hold(*attempt_id).await?.payment_id;
            let draft = Work::DraftCredit { attempt: *attempt_id, number: *payment_no };
            draft.queue_again(tx, Some(payment), now).await?;
        }
        Ok(())
    }

    async fn stay_refused(&self, tx: &MerchantTx, waiting: &Waiting, why: &str) -> Result<(), Error> {
        let now = self.now();
        for (attempt, invoice) in &waiting.postings {
            for entry in tx.books_entries(*attempt).await? {
                if entry.invoice_id == *invoice && entry.state == BooksEntryState::Refused {
                    tx.books_entry_move(&entry, BooksEntryState::Refused, None, Some(why), now).await?;
                }
            }
        }
        for draft in &waiting.drafts {
            for document in tx.quote_documents(draft.attempt_id).await? {
                if document.payment_no == draft.payment_no && document.state == QuoteDocumentState::Meant {
                    tx.quote_document_move(&document, QuoteDocumentState::Meant, Some(why), now).await?;
                }
            }
        }
        Ok(())
    }
}

/// Whoever owes this, while the books do not know them.
pub(crate) async fn unknown_customer(db: &MerchantDb, invoice: InvoiceId) -> Result<Option<Customer>, Error> {
    let (_, customer) = db.invoice_with_customer(invoice).await?;
    Ok((!customer.is_known_to_books()).then_some(customer))
}

/// Whom the books have by now; or why they take nobody of that name.
async fn made(books: &dyn Books, customer: &Customer, key: &str) -> Result<Result<BooksCustomer, String>, Error> {
    let idempotency_key = format!("{key}-customer");
    let new = NewCustomer { idempotency_key, name: customer.name.clone(), email: customer.email.clone() };
    match books.make_customer(&new).await {
        Ok(told) => Ok(Ok(told)),
        Err(BooksError::Refused { message, .. }) => Ok(Err(message)),
        Err(later) => Err(Error::BooksUnreachable(later)),
    }
}

/// All that waits for a customer; for one whom the books know by now, what was asked for alone: of others, they may have refused
/// something else.
async fn waiting(db: &MerchantDb, customer: &Customer, asked: InvoiceId) -> Result<Waiting, Error> {
    let is_unknown = !customer.is_known_to_books();
    let is_meant = |invoice: &Invoice| invoice.id == asked || (is_unknown && invoice.customer_id == customer.id);
    let mut waiting = Waiting::default();
    for entry in db.books_entries_refused().await? {
        if is_meant(&db.invoice(entry.invoice_id).await?) {
            waiting.postings.insert((entry.attempt_id, entry.invoice_id));
        }
    }
    for (document, advance) in db.quote_credits().await? {
        if document.state == QuoteDocumentState::Meant && is_meant(&advance) {
            waiting.drafts.push(document);
        }
    }
    Ok(waiting)
}
