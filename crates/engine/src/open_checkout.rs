//! From a link to a checkout, and from a checkout to the page that offers it.

use crate::{Engine, Error, GuestPass, Lane, PayerPass, TakeError, consent, order, passes::Chosen};
use chrono::{DateTime, TimeDelta, Utc};
use connectors::books::BooksError;
use domain::{
    consent::Wording,
    ids::{CheckoutId, InvoiceId, MerchantId, PaymentId},
    invoice::{BooksInvoice, CompanyNamed, InvoiceStatus},
    money::Money,
    network::Network,
    payment::{INVOICES_PER_PAYMENT_MAX, ShownShare, amount_to_charge, together},
    views::{CheckoutPage, Closed, ClosedReason, GatewayFace, Moved, Offer, OfferItem, Outcome},
};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use std::{
    collections::HashSet,
    num::NonZeroU32,
    sync::{Mutex, PoisonError},
};
use store::{Checkout, Customer, Invoice, MerchantDb, MerchantTx, Payment, TokenHash};
use tokio::time::Instant;
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
            None => self.checkout(&db, &[invoice.id], None, named).await.map(Ok),
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
        self.checkout(&payer.db, &[invoice.id], Some(payer), true).await
    }

    /// Opens one checkout for several of the payer's own invoices, the most pressing first (G28).
    ///
    /// # Errors
    /// [`Error::NotFound`] also for an invoice of somebody else; why one payment cannot have them all.
    pub async fn pay_invoices(&self, payer: &PayerPass, chosen: Vec<InvoiceId>) -> Result<CheckoutId, TakeError> {
        let mut invoices: Vec<Invoice> = Vec::new();
        // One too many is enough to be refused.
        for id in chosen.into_iter().take(INVOICES_PER_PAYMENT_MAX + 1) {
            if invoices.iter().all(|known| known.id != id) {
                invoices.push(payer.invoice(id).await?);
            }
        }
        let due = invoices.iter().map(Invoice::due).collect::<Result<Vec<_>, _>>()?;
        together(&due).map_err(TakeError::of_all)?;
        invoices.sort_by(|one, other| (one.due_date, &one.number).cmp(&(other.due_date, &other.number)));
        let ids: Vec<_> = invoices.iter().map(|invoice| invoice.id).collect();
        Ok(self.checkout(&payer.db, &ids, Some(payer), true).await?)
    }

    /// Keeps what a checkout's payer wants to pay of each of its invoices, in the order of the page (G27). Before the charge,
    /// all of it is decided anew by what the books say then.
    ///
    /// # Errors
    /// Why so much of an invoice is not taken.
    pub async fn choose_amounts(&self, guest: &GuestPass, amounts: &[Money]) -> Result<(), TakeError> {
        let (invoices, _) = guest.invoices_read().await?;
        if amounts.len() != invoices.len() {
            return Err(Error::NotFound.into());
        }
        let mut chosen = Vec::new();
        for (invoice, pay) in invoices.iter().zip(amounts) {
            let (due, read) = (invoice.due()?, self.as_last_read(&guest.db, invoice).await?);
            let pay = amount_to_charge(ShownShare { pay: *pay, due }, &read, guest.merchant.takes_parts);
            let pay = pay.map_err(TakeError::of(&invoice.number))?;
            chosen.push((invoice.id, (pay != due).then_some(pay.minor)));
        }
        Ok(guest.db.checkout_amounts(guest.checkout.id, &chosen, self.now()).await?)
    }

    async fn checkout(
        &self,
        db: &MerchantDb,
        invoices: &[InvoiceId],
        payer: Option<&PayerPass>,
        company_named: bool,
    ) -> Result<CheckoutId, Error> {
        let [invoice_id, rest @ ..] = invoices else { return Err(Error::NotFound) };
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(|_| Error::NoRandomness)?;
        let (id, now) = (CheckoutId(Uuid::from_bytes(random)), self.now());
        let checkout = Checkout {
            merchant_id: db.merchant_id(),
            id,
            invoice_id: *invoice_id,
            payer_id: payer.map(|payer| payer.payer),
            company_named,
            created_at: now,
            expires_at: now + CHECKOUT_LIFE,
        };
        if rest.is_empty() {
            db.checkout_add(checkout).await?;
        } else {
            db.checkout_add_several(checkout, invoices).await?;
        }
        Ok(id)
    }

    /// What a checkout shows now: the offer, where its payment stands, or why there is nothing to pay. `was` is what the
    /// payer saw before of the invoice with this number, when it has changed since (D11).
    ///
    /// # Errors
    /// The database is away.
    pub async fn checkout_page(
        &self,
        guest: &GuestPass,
        payer: Option<&PayerPass>,
        was: Option<(String, Money)>,
    ) -> Result<CheckoutPage, Error> {
        let (face, of_several) = (guest.merchant.face()?, guest.chosen.len() > 1);
        let (latest, live) = self.payments_at(guest).await?;
        if let Some(live) = live {
            let standing = self.standing(guest, payer, live).await?;
            if standing.mine {
                return Ok(CheckoutPage::Standing(standing));
            }
            // Of a part that the books do not have yet, something is left: the page is asked again by itself.
            let is_whole = standing.shares.iter().all(|share| !share.balance_after.is_positive());
            let reason = match standing.outcome {
                Outcome::Paid if is_whole => ClosedReason::JustPaid,
                _ => ClosedReason::InProgress { since: standing.at, again_by: self.free_by(guest, live).await? },
            };
            // Of several, the one that is taken.
            let invoice_number = standing.shares.into_iter().next().map(|share| share.number);
            return Ok(CheckoutPage::Closed(Closed { merchant: Some(face), invoice_number, of_several, reason }));
        }
        let (invoices, customer, stale) = self.invoices_to_show(guest).await?;
        let closed = |invoice: &Invoice, reason| {
            let (merchant, invoice_number) = (Some(face.clone()), Some(invoice.number.clone()));
            Ok(CheckoutPage::Closed(Closed { merchant, invoice_number, of_several, reason }))
        };
        let last_outcome = match &latest {
            Some(payment) => Some(self.standing(guest, payer, payment.id).await?),
            None => None,
        };
        let paid = last_outcome.as_ref().is_some_and(|last| last.outcome == Outcome::Paid);
        let not_payable = invoices.iter().find_map(|invoice| Some((invoice, nothing_to_pay(invoice)?)));
        if let Some((invoice, reason)) = not_payable {
            return match last_outcome {
                Some(last) if paid => Ok(CheckoutPage::Standing(last)),
                _ => closed(invoice, reason),
            };
        }
        let Ok((_, gateway)) = self.gateway(&guest.db).await else {
            return closed(&invoices[0], ClosedReason::NotSetUp);
        };
        let last_decline = match last_outcome.map(|standing| standing.outcome) {
            Some(Outcome::Declined { words }) => Some(words),
            _ => None,
        };
        let pdf = guest.checkout.company_named && self.has_pdf(&guest.db).await;
        let saved = self.methods_at(guest, payer, customer.id).await?;
        let company = guest.checkout.company_named.then_some(customer.name);
        let paid_at = latest.filter(|_| paid).map(|payment| payment.created_at);
        let items = self.items(guest, invoices, company.as_deref(), paid_at)?;
        let shares: Vec<_> = items.iter().map(|item| (item.invoice.number.as_str(), item.pay)).collect();
        let pays: Vec<_> = shares.iter().map(|(_, pay)| *pay).collect();
        // The books have given one of them another currency since it was chosen.
        let amount = together(&pays).map_err(|_| Error::NotFound)?;
        let wording = Wording::current(saved.iter().any(|method| method.kind.is_debit()), items.len());
        let consent = consent::face(wording, &face, &shares, amount);
        Ok(CheckoutPage::Pay(Offer {
            checkout: guest.checkout.id,
            payment: order::mint(self.now()),
            merchant: face,
            moved: was.and_then(|(number, was)| moved(&items, number, was)),
            items,
            pdf,
            takes_parts: guest.merchant.takes_parts,
            amount,
            consent,
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

    /// What is offered to be paid of each. `paid_at`: something was paid at this checkout before.
    fn items(
        &self,
        guest: &GuestPass,
        invoices: Vec<Invoice>,
        company: Option<&str>,
        paid_at: Option<DateTime<Utc>>,
    ) -> Result<Vec<OfferItem>, Error> {
        let item = |(invoice, chosen): (Invoice, &Chosen)| {
            let pay = chosen.pay(invoice.due()?, paid_at);
            let invoice = self.invoice_face(&guest.merchant, invoice, company.map(str::to_owned), None)?;
            Ok(OfferItem { invoice, pay })
        };
        invoices.into_iter().zip(&guest.chosen).map(item).collect()
    }

    /// The newest payment of this checkout, and the payment of any checkout that has one of its invoices now.
    async fn payments_at(&self, guest: &GuestPass) -> Result<(Option<Payment>, Option<PaymentId>), Error> {
        // Most pages are of an invoice that nobody has tried to pay.
        if guest.db.claims_taken(&guest.invoices()).await? == 0 {
            return Ok((None, None));
        }
        Ok((guest.db.payment_of_checkout(guest.checkout.id).await?, guest.taken().await?))
    }

    /// The invoices for a page: fresh when the books answer in time, else as they were last known, marked stale.
    async fn invoices_to_show(&self, guest: &GuestPass) -> Result<(Vec<Invoice>, Customer, bool), Error> {
        let fresh_since = Ord::max(self.now() - PAGE_MAX_AGE, guest.checkout.created_at - OPENED_MAX_AGE);
        let until = Instant::now() + PAGE_BOOKS_TIMEOUT;
        let (rows, customer) = guest.invoices_read().await?;
        let is_ours = self.books(&guest.db, Lane::UserAction).await.is_ok_and(|books| books.is_built_in());
        let (mut invoices, mut stale) = (Vec::new(), false);
        for row in rows {
            if is_ours || row.read_at > fresh_since {
                invoices.push(row);
                continue;
            }
            let (invoice, is_stale) = self.invoice_to_show(&guest.db, row, fresh_since, until).await?;
            stale |= is_stale;
            invoices.push(invoice);
        }
        Ok((invoices, customer, stale))
    }

    /// One that is to be read again, and whether it could not be. A crowd at one invoice asks the books once.
    async fn invoice_to_show(
        &self,
        db: &MerchantDb,
        row: Invoice,
        fresh_since: DateTime<Utc>,
        until: Instant,
    ) -> Result<(Invoice, bool), Error> {
        let Some(_asked) = self.0.asking.enter(db.merchant_id(), row.id) else { return Ok((row, true)) };
        // Somebody else may have asked between our reading and our turn.
        let row = db.invoice(row.id).await?;
        if row.read_at > fresh_since {
            return Ok((row, false));
        }
        match tokio::time::timeout_at(until, self.invoice_from_books(db, &row)).await {
            Ok(Ok(books)) => Ok((row.told(&books), false)),
            Ok(Err(cause)) => {
                tracing::warn!(invoice.id = %row.id, %cause, "The books could not be asked for a page; the last known amount is shown.");
                Ok((row, true))
            }
            Err(_) => Ok((row, true)),
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
    Ok(Closed { merchant, invoice_number, of_several: false, reason })
}

/// What was due on an invoice when the page was drawn, unless it is due again.
fn moved(items: &[OfferItem], number: String, was: Money) -> Option<Moved> {
    let now = items.iter().find(|item| item.invoice.number == number)?.invoice.due;
    (now != was).then_some(Moved { number, was, now })
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
