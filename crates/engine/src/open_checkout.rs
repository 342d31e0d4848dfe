//! From a link to a checkout, and from a checkout to the page that offers it.

use crate::{Engine, Error, GuestPass, Lane, PayerPass, consent, order};
use chrono::TimeDelta;
use connectors::books::BooksError;
use domain::{
    consent::Wording,
    ids::{CheckoutId, InvoiceId, MerchantId, PaymentId},
    invoice::{BooksInvoice, CompanyNamed, InvoiceStatus},
    money::Money,
    network::Network,
    views::{CheckoutPage, Closed, ClosedReason, GatewayFace, Offer, Outcome},
};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use std::{
    collections::HashSet,
    num::NonZeroU32,
    sync::{Mutex, PoisonError},
};
use store::{Checkout, Customer, Invoice, MerchantDb, MerchantTx, Payment, TokenHash};
use uuid::Uuid;

/// `wire/connectwise.md`, 6.5.
const CHECKOUT_LIFE: TimeDelta = TimeDelta::hours(24);
/// An invoice read this recently is shown without asking the books again. Before a charge they are always asked.
const PAGE_MAX_AGE: TimeDelta = TimeDelta::seconds(20);
/// Whoever opens the link wants to see what the books say now: what was read longer before counts as old.
const OPENED_MAX_AGE: TimeDelta = TimeDelta::seconds(2);
/// Xero takes sixty calls a minute, and payments need theirs: beyond this, pages show the last amount known.
const PAGE_READS_PER_MINUTE: NonZeroU32 = NonZeroU32::new(30).expect("not zero");
/// A page waits no longer than this for the books; it then shows the last amount known and says so.
const PAGE_BOOKS_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(4);

const REPEATED_CHARS_MAX: usize = 40;

/// What a Pay Now link carries. The amount in it is not even read: the books' amount counts (S66).
#[derive(Clone, Debug, Default)]
pub struct PayNowLink {
    pub api_key: String,
    pub invoice_no: String,
    pub company_code: String,
}

impl PayNowLink {
    /// The e-mail was sent with its template's placeholders, or with nothing in their place.
    fn is_incomplete(&self) -> bool {
        let unfilled = |value: &String| value.contains('[');
        self.invoice_no.trim().is_empty()
            || [&self.api_key, &self.invoice_no, &self.company_code].into_iter().any(unfilled)
    }
}

impl Engine {
    /// Resolves a link to a fresh checkout, or says why there is nothing to pay. `known` are checkouts that the same
    /// browser opened: the one whose payment has the invoice now is opened again, so that its payer can go on there.
    ///
    /// # Errors
    /// [`Error::BooksUnreachable`] when an invoice that we do not have cannot be asked for, [`Error::HeldBack`] after too
    /// many guesses from this network or at this merchant.
    pub async fn open_pay_now(
        &self,
        link: &PayNowLink,
        known: &[CheckoutId],
        network: Network,
    ) -> Result<Result<CheckoutId, Closed>, Error> {
        // First, so that each page that ends here names whom to ask.
        let db = self.store().door_pay_link(&TokenHash::of(link.api_key.trim())).await?.map(|(db, _)| db);
        if link.is_incomplete() {
            return closed(db.as_ref(), None, ClosedReason::Unresolved).await.map(Err);
        }
        let Some(db) = db else { return closed(None, None, ClosedReason::UnknownLink).await.map(Err) };
        let (invoice, named) = match self.invoice_of_link(&db, link, network).await {
            Ok(Some(found)) => found,
            Ok(None) => {
                let number = repeatable(&link.invoice_no);
                return closed(Some(&db), number, ClosedReason::UnknownInvoice).await.map(Err);
            }
            // Without books there is nothing to look the number up in.
            Err(Error::NotSetUp) => return closed(Some(&db), None, ClosedReason::NotSetUp).await.map(Err),
            Err(other) => return Err(other),
        };
        if let Some(reason) = nothing_to_pay(&invoice) {
            return closed(Some(&db), Some(invoice.number), reason).await.map(Err);
        }
        match self.left_half_way(&db, invoice.id, known).await? {
            Some(left) => Ok(Ok(left)),
            None => self.checkout(&db, invoice.id, None, named).await.map(Ok),
        }
    }

    /// Which of these checkouts the payment was begun at that has the invoice now.
    async fn left_half_way(
        &self,
        db: &MerchantDb,
        invoice: InvoiceId,
        known: &[CheckoutId],
    ) -> Result<Option<CheckoutId>, Error> {
        if known.is_empty() {
            return Ok(None);
        }
        let Some(live) = db.live_payment(invoice).await? else { return Ok(None) };
        let begun_at = db.payment(live).await?.checkout_id;
        let is_open = known.contains(&begun_at) && self.store().door_checkout(begun_at, self.now()).await?.is_some();
        Ok(is_open.then_some(begun_at))
    }

    /// Opens the checkout of one of the payer's own invoices.
    ///
    /// # Errors
    /// [`Error::NotFound`] also for an invoice of somebody else.
    pub async fn pay_invoice(&self, payer: &PayerPass, invoice: InvoiceId) -> Result<CheckoutId, Error> {
        let invoice = payer.invoice(invoice).await?;
        self.checkout(&payer.db, invoice.id, Some(payer), true).await
    }

    async fn checkout(
        &self,
        db: &MerchantDb,
        invoice_id: InvoiceId,
        payer: Option<&PayerPass>,
        company_named: bool,
    ) -> Result<CheckoutId, Error> {
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(|_| Error::NoRandomness)?;
        let (id, now) = (CheckoutId(Uuid::from_bytes(random)), self.now());
        let checkout = Checkout {
            merchant_id: db.merchant_id(),
            id,
            invoice_id,
            payer_id: payer.map(|payer| payer.payer),
            company_named,
            created_at: now,
            expires_at: now + CHECKOUT_LIFE,
        };
        db.checkout_add(checkout).await?;
        Ok(id)
    }

    /// What a checkout shows now: the offer, where its payment stands, or why there is nothing to pay. `was` is the
    /// amount that the payer saw before, when it has changed since (D11).
    ///
    /// # Errors
    /// The database is away.
    pub async fn checkout_page(
        &self,
        guest: &GuestPass,
        payer: Option<&PayerPass>,
        was: Option<Money>,
    ) -> Result<CheckoutPage, Error> {
        let face = guest.merchant.face()?;
        let (latest, live) = self.payments_at(guest).await?;
        if let Some(live) = live {
            let standing = self.standing(guest, payer, live).await?;
            if standing.mine {
                return Ok(CheckoutPage::Standing(standing));
            }
            let reason = match standing.outcome {
                Outcome::Paid => ClosedReason::JustPaid,
                _ => ClosedReason::InProgress { since: standing.at, again_by: self.free_by(guest, live).await? },
            };
            let (merchant, invoice_number) = (Some(face), Some(standing.invoice_number));
            return Ok(CheckoutPage::Closed(Closed { merchant, invoice_number, reason }));
        }
        let (invoice, customer, stale) = self.invoice_to_show(guest).await?;
        let closed = |reason| {
            let (merchant, invoice_number) = (Some(face.clone()), Some(invoice.number.clone()));
            Ok(CheckoutPage::Closed(Closed { merchant, invoice_number, reason }))
        };
        let last_outcome = match &latest {
            Some(payment) => Some(self.standing(guest, payer, payment.id).await?),
            None => None,
        };
        if let Some(reason) = nothing_to_pay(&invoice) {
            return match last_outcome {
                Some(paid) if paid.outcome == Outcome::Paid => Ok(CheckoutPage::Standing(paid)),
                _ => closed(reason),
            };
        }
        let Ok((_, gateway)) = self.gateway(&guest.db).await else { return closed(ClosedReason::NotSetUp) };
        let last_decline = match last_outcome.map(|standing| standing.outcome) {
            Some(Outcome::Declined { words }) => Some(words),
            _ => None,
        };
        let amount = invoice.due()?;
        let pdf = guest.checkout.company_named && self.has_pdf(&guest.db).await;
        let saved = self.methods_at(guest, payer, customer.id).await?;
        let wording = Wording::current(saved.iter().any(|method| method.kind.is_debit()));
        let consent = consent::face(wording, &face, &invoice.number, amount);
        let customer = guest.checkout.company_named.then_some(customer.name);
        Ok(CheckoutPage::Pay(Offer {
            checkout: guest.checkout.id,
            payment: order::mint(self.now()),
            merchant: face,
            invoice: self.invoice_face(&guest.merchant, invoice, customer, None)?,
            pdf,
            amount,
            consent,
            was: was.filter(|was| *was != amount),
            last_decline,
            saved,
            gateway: GatewayFace {
                name: gateway.capabilities().name.to_owned(),
                entry: gateway.method_entry(),
                hosted_page: gateway.capabilities().hosted_page,
                postal_code: gateway.capabilities().postal_code,
            },
            stale,
        }))
    }

    /// The newest payment of this checkout, and the payment of any checkout that has the invoice now.
    async fn payments_at(&self, guest: &GuestPass) -> Result<(Option<Payment>, Option<PaymentId>), Error> {
        let invoice = guest.checkout.invoice_id;
        // Most pages are of an invoice that nobody has tried to pay.
        if guest.db.claims_taken(&[invoice]).await? == 0 {
            return Ok((None, None));
        }
        Ok((guest.db.payment_of_checkout(guest.checkout.id).await?, guest.db.live_payment(invoice).await?))
    }

    /// The invoice for a page: fresh when the books answer in time, else the last one known, marked stale. A crowd at
    /// one invoice asks the books once.
    async fn invoice_to_show(&self, guest: &GuestPass) -> Result<(Invoice, Customer, bool), Error> {
        let (db, id) = (&guest.db, guest.checkout.invoice_id);
        let fresh_since = Ord::max(self.now() - PAGE_MAX_AGE, guest.checkout.created_at - OPENED_MAX_AGE);
        let (row, customer) = db.invoice_with_customer(id).await?;
        let is_ours = self.books(db, Lane::UserAction).await.is_ok_and(|books| books.is_built_in());
        if row.read_at > fresh_since || is_ours {
            return Ok((row, customer, false));
        }
        let Some(_asked) = self.0.asking.enter(db.merchant_id(), id) else { return Ok((row, customer, true)) };
        // Somebody else may have asked between our reading and our turn.
        let row = db.invoice(id).await?;
        if row.read_at > fresh_since {
            return Ok((row, customer, false));
        }
        match tokio::time::timeout(PAGE_BOOKS_TIMEOUT, self.invoice_from_books(db, &row)).await {
            Ok(Ok(books)) => Ok((row.told(&books), customer, false)),
            Ok(Err(cause)) => {
                tracing::warn!(invoice.id = %id, %cause, "The books could not be asked for a page; the last known amount is shown.");
                Ok((row, customer, true))
            }
            Err(_) => Ok((row, customer, true)),
        }
    }

    /// The invoice as the books have it this moment; our copy is brought up to date.
    pub(crate) async fn invoice_from_books(&self, db: &MerchantDb, row: &Invoice) -> Result<BooksInvoice, Error> {
        let books = self.books(db, Lane::UserAction).await?;
        let asked_at = self.now();
        let invoice = match books.invoice(&row.external_id).await {
            // Deleted in the books: nothing can be paid any more.
            Err(BooksError::NotFound) => {
                BooksInvoice { status: InvoiceStatus::Void, ..self.as_last_read(db, row).await? }
            }
            other => other.map_err(Error::BooksUnreachable)?,
        };
        // A page has just read the same, or the row is itself what was read: there is nothing to write.
        let fresh = asked_at - row.read_at < OPENED_MAX_AGE && row.clone().told(&invoice) == *row;
        if fresh || books.is_built_in() {
            return Ok(invoice);
        }
        db.invoice_refresh(row.id, &invoice, asked_at).await?;
        Ok(invoice)
    }

    async fn as_last_read(&self, db: &MerchantDb, row: &Invoice) -> Result<BooksInvoice, Error> {
        Ok(BooksInvoice {
            external_id: row.external_id.clone(),
            number: row.number.clone(),
            customer_external_id: db.customer(row.customer_id).await?.external_id,
            status: row.status,
            total: row.total()?,
            due: row.due()?,
            date: row.date,
            due_date: row.due_date,
        })
    }

    /// The invoice of a link, and whether the link names its company. One that names another company is answered like one
    /// to an unknown invoice (D20).
    async fn invoice_of_link(
        &self,
        db: &MerchantDb,
        link: &PayNowLink,
        network: Network,
    ) -> Result<Option<(Invoice, bool)>, Error> {
        let found = self.invoice_by_number(db, link.invoice_no.trim(), network).await?;
        let Some((invoice, customer)) = found else { return Ok(None) };
        match CompanyNamed::by(&link.company_code, customer.code.as_deref(), &customer.name) {
            CompanyNamed::Right => {
                let right = self.company_may_be_named(db, invoice.id).await?;
                Ok(Some((invoice, right)))
            }
            CompanyNamed::Unsaid => {
                if !link.company_code.trim().is_empty() {
                    self.count_company(db, invoice.id).await?;
                }
                Ok(Some((invoice, false)))
            }
            CompanyNamed::Wrong => {
                self.count_company(db, invoice.id).await?;
                self.count_guess(network).await.map(|()| None)
            }
        }
    }

    /// An invoice by its number: ours, or one that the books have and we have not read yet. A number that they do not
    /// have is remembered for a while, so that nobody makes us ask for it again and again.
    async fn invoice_by_number(
        &self,
        db: &MerchantDb,
        number: &str,
        network: Network,
    ) -> Result<Option<(Invoice, Customer)>, Error> {
        let known = db.invoice_by_number(number).await?;
        // Of a void one the books may have another of the same number by now.
        if known.as_ref().is_some_and(|(invoice, _)| invoice.status != InvoiceStatus::Void)
            || self.is_known_unknown(db, number).await?
        {
            return Ok(known);
        }
        self.count_unknown(db, network).await?;
        let found = self.books(db, Lane::UserAction).await?.invoice_by_number(number).await;
        match &found {
            Err(BooksError::NotFound) => return self.remember_unknown(db, number).await.map(|()| known),
            Ok(BooksInvoice { status: InvoiceStatus::Void, .. }) => self.remember_unknown(db, number).await?,
            _ => {}
        }
        self.forgive_unknown(db, network).await?;
        let found = found.map_err(Error::BooksUnreachable)?;
        let customers = db.customer_ids().await?;
        if !customers.contains_key(&found.customer_external_id) {
            // Its customer is as new as the invoice: the next sync brings both.
            self.sync_books(db).await?;
            return Ok(db.invoice_by_number(number).await?);
        }
        let tx: MerchantTx = db.begin().await?;
        tx.invoices_upsert(&[found], &customers, self.now()).await?;
        tx.commit().await?;
        Ok(db.invoice_by_number(number).await?)
    }
}

/// The invoices that a page of this process is asking the books about, and how often pages of a merchant may.
pub(crate) struct Asking {
    invoices: Mutex<HashSet<InvoiceId>>,
    merchants: Option<DefaultKeyedRateLimiter<MerchantId>>,
}

impl Asking {
    pub(crate) fn new(hold_rates: bool) -> Self {
        let merchants = hold_rates.then(|| RateLimiter::keyed(Quota::per_minute(PAGE_READS_PER_MINUTE)));
        Self { invoices: Mutex::default(), merchants }
    }

    /// `None`: somebody is asking already, or pages of this merchant have asked enough for now.
    fn enter(&self, merchant: MerchantId, id: InvoiceId) -> Option<Asked<'_>> {
        if self.merchants.as_ref().is_some_and(|merchants| merchants.check_key(&merchant).is_err()) {
            return None;
        }
        let entered = self.invoices.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
        entered.then_some(Asked { asking: self, id })
    }
}

struct Asked<'a> {
    asking: &'a Asking,
    id: InvoiceId,
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        self.asking.invoices.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}

/// Why a link opens no checkout, and whose it is when its key is one of ours.
/// A number as a page may repeat it that comes with a link: cut, and nothing that could be read as somebody's words.
fn repeatable(number: &str) -> Option<String> {
    let number: String = number.trim().chars().take(REPEATED_CHARS_MAX).collect();
    let is_plain = number.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '/' | '#'));
    is_plain.then_some(number)
}

async fn closed(
    db: Option<&MerchantDb>,
    invoice_number: Option<String>,
    reason: ClosedReason,
) -> Result<Closed, Error> {
    let merchant = match db {
        Some(db) => Some(db.merchant().await?.face()?),
        None => None,
    };
    Ok(Closed { merchant, invoice_number, reason })
}

/// Why nothing can be paid on it, as it was last read.
pub(crate) fn nothing_to_pay(invoice: &Invoice) -> Option<ClosedReason> {
    match invoice.status {
        InvoiceStatus::Paid => Some(ClosedReason::AlreadyPaid),
        InvoiceStatus::Open if invoice.due_minor <= 0 => Some(ClosedReason::AlreadyPaid),
        InvoiceStatus::Open => None,
        InvoiceStatus::Draft => Some(ClosedReason::Draft),
        InvoiceStatus::Void => Some(ClosedReason::Void),
    }
}
