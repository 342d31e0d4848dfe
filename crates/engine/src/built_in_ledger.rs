//! Books for a merchant without an accounting package: our own invoices are the truth, and a posting is the change itself.

use crate::{Clock, Error, own_documents::invoice_document};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use connectors::books::{
    Advance, Advances, Applied, ApplyCredit, Books, BooksError, BooksPayment, ChangesPage, NewCustomer, NewInvoice,
    Next, OpenPage, PostPayment, PostRefund, Posted, PostedRefund, QuoteCredit, RefusedCause, due_after, is_used,
    less_is_left, no_credit, other_amount,
};
use domain::{
    advance::quote_credit_number,
    ids::{CreditNoteId, InvoiceId, LedgerPaymentId},
    invoice::{BooksCustomer, BooksInvoice, InvoiceStatus},
    money::Money,
};
use std::collections::BTreeMap;
use store::{
    CreditAllocation, CreditNote, Customer, Entered, Invoice, LedgerPayment, MerchantDb, MerchantTx, NewLedgerPayment,
};
use uuid::Uuid;

pub(crate) struct BuiltInLedger {
    db: MerchantDb,
    clock: Clock,
    /// Where its invoices are paid.
    portal: String,
}

impl BuiltInLedger {
    pub(crate) const fn new(db: MerchantDb, clock: Clock, portal: String) -> Self {
        Self { db, clock, portal }
    }

    async fn enter_refund(
        &self,
        refund: &PostRefund,
        idempotency_key: String,
        minor: i64,
    ) -> Result<LedgerPaymentId, BooksError> {
        let invoice = self.row(&refund.invoice_external_id).await?;
        let amount = Money::new(minor, refund.amount.currency);
        let new = NewLedgerPayment { idempotency_key, amount, date: refund.date, reference: refund.reference.clone() };
        let tx = self.db.begin().await.map_err(away)?;
        let id = tx.ledger_refund_enter(invoice.id, new, self.clock.now()).await.map_err(away)?;
        if let Some(quote) = refund.quote() {
            let number = quote_credit_number(&quote.number);
            let note = credit_of(&tx, invoice.id).await?.ok_or_else(|| no_credit(&number))?;
            if !tx.advance_credit_settle(note, self.clock.now()).await.map_err(away)? {
                return Err(less_is_left(&number, refund.amount));
            }
        }
        tx.commit().await.map_err(away)?;
        Ok(id)
    }

    /// Has the money of a quote be its customer's credit: by a new note, or again by the one that it had.
    async fn give_credit(
        &self,
        tx: &MerchantTx,
        (payment, quote): (&PostPayment, &Advance),
        advance: InvoiceId,
    ) -> Result<(), BooksError> {
        let now = self.clock.now();
        if let Some(note) = credit_of(tx, advance).await? {
            // Each payment of a quote has a number of its own, by which its credit is asked for from here on.
            let note = CreditNote { number: quote_credit_number(&quote.number), ..note };
            return tx.advance_credit_settle(note, now).await.map_err(away).map(drop);
        }
        let note = CreditNote {
            merchant_id: tx.merchant_id(),
            id: CreditNoteId(Uuid::now_v7()),
            invoice_id: advance,
            number: quote_credit_number(&quote.number),
            currency: payment.amount.currency.code().to_owned(),
            total_minor: payment.amount.minor,
            tax_minor: 0,
            left_minor: payment.amount.minor,
            date: payment.date,
            reason: quote.purpose.clone(),
            created_at: now,
            voided_at: None,
        };
        tx.advance_credit_add(note).await.map_err(away)
    }

    /// Takes a quote's credit off the invoices that have something of it, and from its customer. What was paid back of it
    /// cannot go back once more.
    async fn take_credit_back(&self, tx: &MerchantTx, quote: &Advance, advance: InvoiceId) -> Result<(), BooksError> {
        let now = self.clock.now();
        let known = tx.credit_notes_of(advance).await.map_err(away)?.pop();
        let Some(known) = known else { return Ok(()) };
        // Invoices are held before notes, by everybody.
        let applied = given(&tx.credit_allocations(known.id).await.map_err(away)?, advance);
        let mut invoices = Vec::with_capacity(applied.len());
        for (invoice, minor) in &applied {
            invoices.push((tx.ledger_invoice_hold(*invoice).await.map_err(away)?, *minor));
        }
        let mut note = tx.credit_note_hold(known.id).await.map_err(away)?;
        if given(&tx.credit_allocations(note.id).await.map_err(away)?, advance) != applied {
            return Err(BooksError::Unreachable("somebody is using the credit this moment".to_owned()));
        }
        for (invoice, minor) in invoices {
            note = tx.credit_allocate(note, invoice, -minor, now).await.map_err(away)?;
        }
        let is_whole = tx.advance_credit_settle(note, now).await.map_err(away)?;
        if is_whole { Ok(()) } else { Err(is_used(&quote_credit_number(&quote.number))) }
    }

    /// The payment of this invoice that carries the reference, and was not taken back.
    async fn standing(&self, payment: &PostPayment) -> Result<Option<LedgerPayment>, BooksError> {
        let invoice = self.row(&payment.invoice_external_id).await?;
        let found = self.db.ledger_payment(invoice.id, &payment.reference).await.map_err(away)?;
        match &found {
            Some(other) if other.amount().map_err(away)? != payment.amount => {
                Err(other_amount(payment, &other.amount().map_err(away)?.to_decimal()))
            }
            _ => Ok(found),
        }
    }

    async fn row(&self, external_id: &str) -> Result<Invoice, BooksError> {
        self.db.invoice_by_external_id(external_id).await.map_err(away)?.ok_or(BooksError::NotFound)
    }
}

fn read(row: Invoice, customer: Customer) -> Result<BooksInvoice, BooksError> {
    Ok(BooksInvoice {
        total: row.total().map_err(away)?,
        due: row.due().map_err(away)?,
        external_id: row.external_id,
        number: row.number,
        reference: row.reference,
        customer_external_id: customer.external_id,
        status: row.status,
        date: row.date,
        due_date: row.due_date,
    })
}

fn told(row: Customer) -> BooksCustomer {
    let Customer { external_id, name, code, email, archived, .. } = row;
    BooksCustomer { external_id, name, code, email, archived }
}

/// The note of an advance, held.
async fn credit_of(tx: &MerchantTx, advance: InvoiceId) -> Result<Option<CreditNote>, BooksError> {
    match tx.credit_notes_of(advance).await.map_err(away)?.pop() {
        Some(note) => tx.credit_note_hold(note.id).await.map(Some).map_err(away),
        None => Ok(None),
    }
}

/// What invoices have of a note besides the advance that it is of, in the order in which they are held.
fn given(allocated: &[CreditAllocation], advance: InvoiceId) -> BTreeMap<InvoiceId, i64> {
    let mut given: BTreeMap<InvoiceId, i64> = BTreeMap::new();
    for allocation in allocated.iter().filter(|allocation| allocation.invoice_id != advance) {
        *given.entry(allocation.invoice_id).or_default() += allocation.amount_minor;
    }
    given.retain(|_, minor| *minor != 0);
    given
}

fn away(cause: store::Error) -> BooksError {
    BooksError::Unreachable(cause.to_string())
}

#[async_trait]
impl Books for BuiltInLedger {
    fn name(&self) -> &'static str {
        "the built-in ledger"
    }

    fn is_built_in(&self) -> bool {
        true
    }

    /// A row beside those of invoices, entered and taken back like these.
    fn advances(&self) -> Advances {
        Advances { over_payments: true, prepayments: true, quotes: true }
    }

    async fn organisation(&self) -> Result<String, BooksError> {
        Ok(self.db.merchant().await.map_err(away)?.name)
    }

    /// The rows are the books.
    async fn changes(&self, _cursor: Option<&str>) -> Result<ChangesPage, BooksError> {
        let next = Next::Done { cursor: String::new(), deletions_told: true };
        Ok(ChangesPage { customers: Vec::new(), invoices: Vec::new(), gone: Vec::new(), left: Some(0), next })
    }

    /// Nobody looks for what is missing in them.
    async fn open_invoices(&self, _cursor: Option<&str>) -> Result<OpenPage, BooksError> {
        Err(BooksError::NotFound)
    }

    /// All that there are stand here.
    async fn customers(&self, _external_ids: &[String]) -> Result<Vec<BooksCustomer>, BooksError> {
        Ok(Vec::new())
    }

    /// A row, where nobody is called so.
    async fn make_customer(&self, customer: &NewCustomer) -> Result<BooksCustomer, BooksError> {
        let tx = self.db.begin().await.map_err(away)?;
        // So that two of one name cannot come at once.
        tx.ledger_series_hold().await.map_err(away)?;
        let called = tx.customers_called(&customer.name).await.map_err(away)?.into_iter();
        if let Some(found) = customer.among(called.filter(Customer::is_known_to_books).map(told).collect())? {
            return Ok(found);
        }
        let new = Customer::unknown_to_books(tx.merchant_id(), customer.name.clone(), customer.email.clone());
        let new = Customer { external_id: new.id.to_string(), ..new };
        tx.customers_add(vec![new.clone()]).await.map_err(away)?;
        tx.commit().await.map_err(away)?;
        Ok(told(new))
    }

    async fn invoice(&self, external_id: &str) -> Result<BooksInvoice, BooksError> {
        let row = self.row(external_id).await?;
        let customer = self.db.customer(row.customer_id).await.map_err(away)?;
        read(row, customer)
    }

    async fn invoice_by_number(&self, number: &str) -> Result<BooksInvoice, BooksError> {
        let (row, customer) = self.db.invoice_by_number(number).await.map_err(away)?.ok_or(BooksError::NotFound)?;
        read(row, customer)
    }

    async fn invoice_pdf(&self, external_id: &str) -> Result<Vec<u8>, BooksError> {
        let invoice = self.row(external_id).await?;
        match invoice_document(&self.db, invoice.id, &self.portal, self.clock.now()).await {
            Ok(Ok(document)) => Ok(document.bytes),
            Ok(Err(_)) | Err(Error::NotFound) => Err(BooksError::NotFound),
            Err(cause) => Err(BooksError::Unreachable(cause.to_string())),
        }
    }

    /// As its row is to be: that belongs to whoever raises it.
    async fn raise_invoice(&self, invoice: &NewInvoice) -> Result<BooksInvoice, BooksError> {
        Ok(BooksInvoice {
            external_id: invoice.number.clone(),
            number: invoice.number.clone(),
            reference: None,
            customer_external_id: invoice.customer_external_id.clone(),
            status: InvoiceStatus::Open,
            total: invoice.amount,
            due: invoice.amount,
            date: invoice.date,
            due_date: invoice.date,
        })
    }

    /// As its row is to be, likewise.
    async fn void_invoice(&self, external_id: &str) -> Result<BooksInvoice, BooksError> {
        let stands = self.invoice(external_id).await?;
        Ok(BooksInvoice { status: InvoiceStatus::Void, due: Money::zero(stands.due.currency), ..stands })
    }

    async fn find_payment(&self, payment: &PostPayment) -> Result<Option<Posted>, BooksError> {
        Ok(self.standing(payment).await?.map(|found| posted(found.id)))
    }

    async fn post_payment(&self, payment: &PostPayment) -> Result<Posted, BooksError> {
        let invoice = self.row(&payment.invoice_external_id).await?;
        let new = NewLedgerPayment {
            idempotency_key: payment.idempotency_key.clone(),
            amount: payment.amount,
            date: payment.date,
            reference: payment.reference.clone(),
        };
        let tx = self.db.begin().await.map_err(away)?;
        let refused = |cause, message: &str| Err(BooksError::Refused { cause, message: message.to_owned() });
        match tx.ledger_payment_enter(invoice.id, new, self.clock.now()).await.map_err(away)? {
            Entered::Stands(id) => {
                if let Some(quote) = payment.quote() {
                    self.give_credit(&tx, (payment, quote), invoice.id).await?;
                }
                tx.commit().await.map_err(away)?;
                Ok(posted(id))
            }
            Entered::NotOpen => refused(RefusedCause::NotAwaitingPayment, "the invoice is not awaiting payment"),
            Entered::MoreThanDue => refused(RefusedCause::MoreThanDue, "the payment is more than what is due"),
        }
    }

    /// What was entered stays; a second entry takes it back.
    async fn take_back_payment(&self, payment: &PostPayment) -> Result<Option<BooksInvoice>, BooksError> {
        if let Some(found) = self.standing(payment).await? {
            let new = NewLedgerPayment {
                idempotency_key: format!("{}-back", found.idempotency_key),
                amount: Money::new(-payment.amount.minor, payment.amount.currency),
                date: payment.date,
                reference: payment.reference.clone(),
            };
            let tx = self.db.begin().await.map_err(away)?;
            tx.ledger_payment_take_back(found.invoice_id, new, self.clock.now()).await.map_err(away)?;
            if let Some(quote) = payment.quote() {
                self.take_credit_back(&tx, quote, found.invoice_id).await?;
            }
            tx.commit().await.map_err(away)?;
        }
        self.invoice(&payment.invoice_external_id).await.map(Some)
    }

    async fn post_refund(&self, refund: &PostRefund) -> Result<PostedRefund, BooksError> {
        let id = self.enter_refund(refund, refund.idempotency_key.clone(), -refund.amount.minor).await?;
        Ok(PostedRefund { credit_id: None, external_id: id.to_string() })
    }

    /// What was entered stays; a second entry takes it back.
    async fn take_back_refund(&self, refund: &PostRefund) -> Result<(), BooksError> {
        if self.db.ledger_payment_by_key(&refund.idempotency_key).await.map_err(away)?.is_none() {
            return Ok(());
        }
        let key = format!("{}-back", refund.idempotency_key);
        self.enter_refund(refund, key, refund.amount.minor).await.map(drop)
    }

    async fn quote_credit(&self, payment: &PostPayment) -> Result<Option<QuoteCredit>, BooksError> {
        let Some(paid) = self.standing(payment).await?.filter(|_| payment.quote().is_some()) else { return Ok(None) };
        let Some(note) = self.db.credit_notes_of(paid.invoice_id).await.map_err(away)?.pop() else { return Ok(None) };
        let (total, mut applied) = (note.total().map_err(away)?, Vec::new());
        let allocated = self.db.credit_allocations(note.id).await.map_err(away)?;
        for (invoice, minor) in given(&allocated, paid.invoice_id) {
            let invoice_external_id = self.db.invoice(invoice).await.map_err(away)?.external_id;
            applied.push(Applied { invoice_external_id, amount: Money::new(minor, total.currency) });
        }
        let remaining = Money::new(note.left_minor, total.currency);
        Ok(Some(QuoteCredit { external_id: note.id.to_string(), total, remaining, applied }))
    }

    async fn apply_credit(&self, credit: &ApplyCredit) -> Result<BooksInvoice, BooksError> {
        let ApplyCredit { credit_number, invoice_external_id, amount, .. } = credit;
        let (row, missing) = (self.row(invoice_external_id).await?, || no_credit(credit_number));
        let known = self.db.credit_note_numbered(credit_number).await.map_err(away)?.ok_or_else(missing)?;
        let tx = self.db.begin().await.map_err(away)?;
        let (invoice, details) = tx.ledger_invoice_hold(row.id).await.map_err(missing_or_away)?;
        let note = tx.credit_note_hold(known.id).await.map_err(away)?;
        let given = given(&tx.credit_allocations(note.id).await.map_err(away)?, note.invoice_id);
        if given.get(&invoice.id) == Some(&amount.minor) {
            drop(tx);
            return self.invoice(invoice_external_id).await;
        }
        if tx.invoice(note.invoice_id).await.map_err(away)?.customer_id != invoice.customer_id {
            return Err(missing());
        }
        let customer = tx.customer(invoice.customer_id).await.map_err(away)?;
        due_after(&read(invoice.clone(), customer)?, *amount)?;
        if tx.live_payment(invoice.id).await.map_err(away)?.is_some() {
            let message = format!("The invoice {} is being paid.", invoice.number);
            return Err(BooksError::Refused { cause: RefusedCause::NotAwaitingPayment, message });
        }
        if note.left_minor < amount.minor {
            return Err(less_is_left(credit_number, *amount));
        }
        tx.credit_allocate(note, (invoice, details), amount.minor, self.clock.now()).await.map_err(away)?;
        tx.commit().await.map_err(away)?;
        self.invoice(invoice_external_id).await
    }

    async fn payments_since(&self, since: DateTime<Utc>) -> Result<Vec<BooksPayment>, BooksError> {
        let listed = |payment: LedgerPayment| {
            Ok(BooksPayment {
                external_id: payment.id.to_string(),
                amount: payment.amount().map_err(away)?.to_decimal(),
                reference: payment.reference,
                invoice_external_id: None,
            })
        };
        self.db.ledger_payments_since(since).await.map_err(away)?.into_iter().map(listed).collect()
    }
}

/// Of an invoice that nobody wrote here.
fn missing_or_away(cause: store::Error) -> BooksError {
    if matches!(cause, store::Error::Missing) { BooksError::NotFound } else { away(cause) }
}

fn posted(id: LedgerPaymentId) -> Posted {
    Posted { external_id: id.to_string(), invoice: None }
}
