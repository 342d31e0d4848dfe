//! From an invoice to a checkout, and from a checkout to the page that offers it. What a link leads to: `resolve_link.rs`.

use crate::{
    Engine, Error, GuestPass, PayerPass, TakeError, ToConfirm,
    clock::zone,
    consent::{self, Offered},
    keep_card::offer_to_keep,
    order,
    passes::Chosen,
    quote_checkout::QuoteTerms,
};
use chrono::{DateTime, TimeDelta, Utc};
use connectors::gateway::Gateway;
use domain::{
    ids::{CheckoutId, InvoiceId, PaymentId},
    invoice::InvoiceStatus,
    method::MethodKind,
    money::Money,
    payment::{INVOICES_PER_PAYMENT_MAX, ShownShare, Takes, amount_to_charge, together},
    surcharge::{PaidBy, Policy},
    views::{CheckoutPage, Closed, ClosedReason, GatewayFace, Moved, Offer, OfferItem, Outcome},
};
use store::{Checkout, CheckoutRead, Customer, Invoice, MerchantDb};
use tokio::time::Instant;
use uuid::Uuid;

/// `wire/connectwise.md`, 6.5.
const CHECKOUT_LIFE: TimeDelta = TimeDelta::hours(24);

/// The id of a checkout, which is a guest's only credential.
pub(crate) fn random_checkout() -> Result<CheckoutId, Error> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|_| Error::NoRandomness)?;
    Ok(CheckoutId(Uuid::from_bytes(random)))
}

impl Engine {
    /// Opens the checkout of one of the payer's own invoices, or of a quote whose payment came to nothing (S40).
    ///
    /// # Errors
    /// [`Error::NotFound`] also for an invoice of somebody else.
    pub async fn pay_invoice(&self, payer: &PayerPass, invoice: InvoiceId) -> Result<CheckoutId, Error> {
        let invoice = payer.invoice_or_quote(invoice).await?;
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
        let takes = self.takes(guest, &invoices).await;
        let mut chosen = Vec::new();
        for (invoice, pay) in invoices.iter().zip(amounts) {
            let (due, read) = (invoice.due()?, self.as_last_read(&guest.db, invoice).await?);
            let pay = amount_to_charge(ShownShare { pay: *pay, due }, &read, takes);
            let pay = pay.map_err(TakeError::of(&invoice.number))?;
            chosen.push((invoice.id, (pay != due).then_some((pay.minor, due.minor))));
        }
        Ok(guest.db.checkout_amounts(guest.checkout.id, &chosen, self.now()).await?)
    }

    /// What is taken of these besides all that is due. More, where the books have a place for it, which they have in the
    /// merchant's currency alone; of an advance neither: it is what its payer has typed.
    pub(crate) async fn takes(&self, guest: &GuestPass, invoices: &[Invoice]) -> Takes {
        if invoices.iter().any(|invoice| invoice.advance.is_some()) {
            return Takes::default();
        }
        let is_own = |invoice: &Invoice| invoice.currency == guest.merchant.currency;
        let more = invoices.iter().all(is_own) && self.takes_more(&guest.db, &guest.merchant).await.unwrap_or(false);
        Takes { parts: guest.merchant.takes_parts, more }
    }

    pub(crate) async fn checkout(
        &self,
        db: &MerchantDb,
        invoices: &[InvoiceId],
        payer: Option<&PayerPass>,
        company_named: bool,
    ) -> Result<CheckoutId, Error> {
        let [invoice_id, rest @ ..] = invoices else { return Err(Error::NotFound) };
        let (id, now) = (random_checkout()?, self.now());
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
    /// payer saw before of the invoice with this number, when it has changed since (D11). `to_confirm` is what they pressed
    /// with, when its surcharge was not shown then; nothing is charged by what it says.
    ///
    /// # Errors
    /// The database is away.
    pub async fn checkout_page(
        &self,
        guest: &GuestPass,
        payer: Option<&PayerPass>,
        was: Option<(String, Money)>,
        to_confirm: Option<ToConfirm>,
    ) -> Result<CheckoutPage, Error> {
        let (ids, read_at) = (guest.invoices(), Instant::now());
        let begun = guest.db.checkout_read(guest.checkout.invoice_id, &ids).await?;
        let CheckoutRead { invoice, customer, claims, policy } = begun;
        // Most pages are of an invoice that nobody has tried to pay: no payment can have changed what was read beside its claims.
        let (latest, (rows, customer)) = if claims == 0 {
            (None, guest.with_others((invoice, customer)).await?)
        } else {
            let latest = guest.db.payment_of_checkout(guest.checkout.id).await?;
            if let Some(taken) = guest.taken_by().await? {
                return self.taken_page(guest, payer, taken).await;
            }
            if let Some(covered) = guest.db.quote_locked(&ids).await?.first() {
                let number = guest.db.invoice(*covered).await?.number;
                return closed(guest, Some(number), ClosedReason::Covered);
            }
            (latest, guest.invoices_read().await?)
        };
        let (invoices, stale) = self.invoices_to_show(guest, rows, read_at).await?;
        let last_outcome = match &latest {
            Some(payment) => Some(self.standing(guest, payer, payment.id).await?),
            None => None,
        };
        if let Some((invoice, reason)) = invoices.iter().find_map(|invoice| Some((invoice, nothing_to_pay(invoice)?))) {
            return match last_outcome {
                Some(last) if last.outcome == Outcome::Paid => Ok(CheckoutPage::Standing(Box::new(last))),
                _ => closed(guest, Some(invoice.number.clone()), reason),
            };
        }
        let terms = self.quote_terms(guest, &invoices).await?;
        if terms.as_ref().is_some_and(|terms| terms.is_over) {
            return closed(guest, Some(invoices[0].number.clone()), ClosedReason::QuoteExpired);
        }
        let Ok((_, gateway)) = self.gateway(&guest.db).await else {
            return closed(guest, Some(invoices[0].number.clone()), ClosedReason::NotSetUp);
        };
        let last_decline = match last_outcome.map(|standing| standing.outcome) {
            Some(Outcome::Declined { words }) => Some(words),
            _ => None,
        };
        let paid_at = if latest.is_some() { paid_at(guest).await? } else { None };
        let takes = self.takes(guest, &invoices).await;
        let company = guest.checkout.company_named.then_some(customer.name.as_str());
        let items = self.items(guest, invoices, company, (takes, paid_at))?;
        let moved = was.and_then(|(number, was)| moved(&items, number, was));
        let surcharged = (policy, to_confirm);
        let offered = (items, takes, terms);
        let offer = self.offer(guest, payer, gateway.as_ref(), &customer, offered, surcharged).await?;
        Ok(CheckoutPage::Pay(Box::new(Offer { moved, last_decline, stale, ..offer })))
    }

    /// The page while a payment has one of the checkout's invoices: where it stands, for whoever it belongs to.
    async fn taken_page(
        &self,
        guest: &GuestPass,
        payer: Option<&PayerPass>,
        (live, taken): (PaymentId, InvoiceId),
    ) -> Result<CheckoutPage, Error> {
        let standing = match self.standing(guest, payer, live).await {
            // Staff have put a payment of another invoice there (`reallocate_payment.rs`): it is being recorded.
            Err(Error::NotFound) => {
                let number = guest.db.invoice(taken).await?.number;
                return closed(guest, Some(number), ClosedReason::JustPaid);
            }
            otherwise => otherwise?,
        };
        if standing.mine {
            return Ok(CheckoutPage::Standing(Box::new(standing)));
        }
        // Of a part that the books do not have yet, something is left: the page is asked again by itself.
        let is_whole = standing.shares.iter().all(|share| !share.balance_after.is_positive());
        let reason = match standing.outcome {
            Outcome::Paid if is_whole => ClosedReason::JustPaid,
            _ => ClosedReason::InProgress { since: standing.at, again_by: self.free_by(guest, live).await? },
        };
        // Of several, the one that is taken.
        closed(guest, standing.shares.into_iter().next().map(|share| share.number), reason)
    }

    /// What may be paid of these items, and by what; nothing was declined or has moved, as far as this knows.
    async fn offer(
        &self,
        guest: &GuestPass,
        payer: Option<&PayerPass>,
        gateway: &dyn Gateway,
        customer: &Customer,
        (items, takes, terms): (Vec<OfferItem>, Takes, Option<QuoteTerms>),
        (policy, to_confirm): (Option<Policy>, Option<ToConfirm>),
    ) -> Result<Offer, Error> {
        let merchant = guest.merchant.face()?;
        let is_of_invoices = items.iter().all(|item| item.invoice.advance.is_none());
        let pdf = is_of_invoices && guest.checkout.company_named && self.has_pdf(&guest.db).await;
        let mut saved = self.methods_at(guest, payer, customer.id).await?;
        let quote = terms.map(|terms| terms.face(&mut saved));
        let pays: Vec<_> = items.iter().map(|item| item.pay).collect();
        // The books have given one of them another currency since it was chosen.
        let bare = together(&pays).map_err(|_| Error::NotFound)?;
        let to_confirm = to_confirm.filter(|to_confirm| to_confirm.added.currency == bare.currency);
        let (added, surcharges) = self.surcharge_to_show(guest, gateway, bare, policy, to_confirm.as_ref())?;
        let amount = bare.plus(added)?;
        let offered: Vec<_> = items.iter().map(offered).collect();
        let with_debits = saved.iter().any(|method| method.kind.is_debit());
        let consent = consent::face(with_debits, &merchant, &offered, (added, amount))?;
        let capabilities = gateway.capabilities();
        Ok(Offer {
            checkout: guest.checkout.id,
            payment: order::mint(self.now()),
            merchant,
            moved: None,
            items,
            pdf,
            takes,
            amount,
            added,
            paid_by: to_confirm.map(|to_confirm| to_confirm.paid_by),
            surcharges,
            consent,
            last_decline: None,
            saved,
            keep: offer_to_keep(guest, payer, customer, gateway)
                .filter(|_| quote.as_ref().is_none_or(|quote| quote.takes_new_card)),
            quote,
            gateway: GatewayFace {
                name: capabilities.name.to_owned(),
                entry: gateway.method_entry(MethodKind::Card),
                hosted_page: capabilities.hosted_page,
                postal_code: capabilities.postal_code,
            },
            stale: false,
        })
    }

    /// What is added as far as it is known before a card is entered, and what applies to which way of paying.
    fn surcharge_to_show(
        &self,
        guest: &GuestPass,
        gateway: &dyn Gateway,
        bare: Money,
        policy: Option<Policy>,
        to_confirm: Option<&ToConfirm>,
    ) -> Result<(Money, Option<String>), Error> {
        let none = Money::zero(bare.currency);
        let Some(policy) = policy else { return Ok((none, None)) };
        if let Some(chosen) = to_confirm {
            return Ok((chosen.added, None));
        }
        let (today, locale) = (self.clock().today(zone(&guest.merchant.time_zone)), guest.merchant.face()?.locale);
        let added = self.added(&guest.merchant, &policy, PaidBy::Card(None), bare)?;
        // What differs by card is added where somebody can tell which card it is.
        let words = policy.words(bare.currency, today, locale).filter(|_| gateway.capabilities().reads_cards);
        Ok((added.map_or(none, |added| added.amount), words))
    }

    /// What is offered to be paid of each, as far as that is taken. `paid_at`: something was paid at this checkout before.
    fn items(
        &self,
        guest: &GuestPass,
        invoices: Vec<Invoice>,
        company: Option<&str>,
        (takes, paid_at): (Takes, Option<DateTime<Utc>>),
    ) -> Result<Vec<OfferItem>, Error> {
        let item = |(invoice, chosen): (Invoice, &Chosen)| {
            let pay = chosen.pay(invoice.due()?, takes, paid_at);
            let invoice = self.invoice_face(&guest.merchant, invoice, company.map(str::to_owned), None)?;
            Ok(OfferItem { invoice, pay })
        };
        invoices.into_iter().zip(&guest.chosen).map(item).collect()
    }
}

fn offered(item: &OfferItem) -> Offered<'_> {
    let OfferItem { invoice, pay } = item;
    let shown = ShownShare { pay: *pay, due: invoice.due };
    Offered { number: &invoice.number, is_advance: invoice.advance.is_some(), shown }
}

/// What was due on an invoice when the page was drawn, unless it is due again.
fn moved(items: &[OfferItem], number: String, was: Money) -> Option<Moved> {
    let now = items.iter().find(|item| item.invoice.number == number)?.invoice.due;
    (now != was).then_some(Moved { number, was, now })
}

/// Why there is nothing to press.
fn closed(guest: &GuestPass, invoice_number: Option<String>, reason: ClosedReason) -> Result<CheckoutPage, Error> {
    let (merchant, of_several) = (Some(guest.merchant.face()?), guest.chosen.len() > 1);
    Ok(CheckoutPage::Closed(Closed { merchant, invoice_number, of_several, reason }))
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

/// When something was last paid at this checkout: a part that was chosen before is not chosen any more.
async fn paid_at(guest: &GuestPass) -> Result<Option<DateTime<Utc>>, Error> {
    let payments = guest.db.payments_of_checkout(guest.checkout.id).await?;
    let attempts = guest.db.latest_attempts(payments.iter().map(|payment| payment.id).collect()).await?;
    let paid = payments.iter().filter(|payment| attempts.get(&payment.id).is_some_and(|it| it.state.has_money()));
    Ok(paid.map(|payment| payment.created_at).max())
}
