//! Where a payment stands, as its payer reads it, and how they give it up. What is heard of it on the way goes the one way
//! in (`settle_payment.rs`).

use crate::{
    Engine, Error, GuestPass, PayerPass,
    audit::{Actor, Audited},
    clock::{day, on_the_wall, zone},
    faces::{decline_reason, is_paid_back, share_face},
    settle_payment::latest,
};
use chrono::TimeDelta;
use chrono_tz::Tz;
use domain::{
    advance::AdvanceKind,
    asking::{HELD_MAX, free_again_at},
    date::Moment,
    ids::{AttemptId, CheckoutId, PaymentId},
    money::Money,
    payment::{AttemptState, Source},
    refund::RefundState,
    views::{Outcome, PaidBack, Standing},
};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};
use store::{Allocation, Attempt, BooksEntryState, Checkout, Merchant, MerchantDb, Payment};

/// What the books do not have by then is told to whoever paid.
const RECORDED_WITHIN: TimeDelta = TimeDelta::minutes(1);
/// A page asks the gateway about an attempt at most this often.
const LOOK_EVERY: Duration = Duration::from_secs(2);

impl Engine {
    /// Where a payment of this checkout stands. Somebody who comes back from the gateway's page is not kept waiting for
    /// a webhook: the gateway is asked. `payer` is whoever is signed in as one, if anybody.
    ///
    /// # Errors
    /// [`Error::NotFound`] also for a payment of another invoice.
    pub async fn payment_standing(
        &self,
        guest: &GuestPass,
        payer: Option<&PayerPass>,
        payment: PaymentId,
    ) -> Result<Standing, Error> {
        let (payment, shares, mut attempt) = self.own_payment(guest, payment).await?;
        if attempt.state == AttemptState::RequiresAction && self.0.looks.is_due(attempt.id) {
            if let Err(cause) = self.look_up(&guest.db, &attempt, Source::LookUp).await {
                tracing::warn!(attempt.id = %attempt.id, %cause, "A return page could not ask the gateway; the look-up job will.");
            }
            attempt = latest(&guest.db, payment.id).await?;
        }
        let standing = standing(guest, payer, &payment, &shares, &attempt)?;
        let mut standing = self.with_what_followed(&guest.db, &attempt, standing).await?;
        standing.has_way_back = has_way_back(guest, &shares).await?;
        // The way back from a page that ends by itself: what tells of its payment may be late.
        if let Outcome::Continue { can_cancel, .. } = standing.outcome
            && (!can_cancel || self.page_life(&guest.db, &attempt).await?.is_some())
        {
            standing.outcome = Outcome::Checking;
        }
        Ok(standing)
    }

    /// Gives up a payment that waits for its payer, so that another may start as soon as this one can no longer be paid.
    ///
    /// # Errors
    /// [`Error::NotFound`] also for a payment of another invoice; the gateway's when it cannot be asked.
    pub async fn cancel_payment(
        &self,
        guest: &GuestPass,
        payer: Option<&PayerPass>,
        payment: PaymentId,
    ) -> Result<Standing, Error> {
        let (payment, _, attempt) = self.own_payment(guest, payment).await?;
        let is_asked = attempt.gateway_id.is_some() || self.0.looks.is_due(attempt.id);
        if attempt.state == AttemptState::RequiresAction && is_mine(guest, payer, &payment) && is_asked {
            if attempt.gateway_id.is_some() {
                self.write_cancel(guest, payer, &attempt).await?;
            }
            self.give_up(&guest.db, &attempt).await?;
        }
        self.standing(guest, payer, payment.id).await
    }

    /// Who gives it up, before the gateway is asked to end it: what that says has no name.
    async fn write_cancel(&self, guest: &GuestPass, payer: Option<&PayerPass>, attempt: &Attempt) -> Result<(), Error> {
        let actor = payer.map_or(Actor::Guest, |payer| Actor::Payer(payer.payer));
        let slip = Audited::CancelAsked { attempt: attempt.id }.slip(Some(attempt.payment_id), actor, self.now())?;
        let tx = guest.db.begin().await?;
        tx.audit_add(slip).await?;
        Ok(tx.commit().await?)
    }

    /// A payment of an invoice that this link is for, its shares and its newest attempt: two links to one invoice see one
    /// payment (D1).
    async fn own_payment(
        &self,
        guest: &GuestPass,
        payment: PaymentId,
    ) -> Result<(Payment, Vec<Allocation>, Attempt), Error> {
        let ((payment, shares), mut attempts) =
            tokio::try_join!(guest.db.payment_with_shares(payment), guest.db.attempts_of(payment))?;
        let is_of_it = shares.iter().any(|share| guest.pays(share.invoice_id));
        let attempt = attempts.pop().filter(|_| is_of_it).ok_or(Error::NotFound)?;
        Ok((payment, shares, attempt))
    }

    /// A payment of the link's invoice as its payer reads it.
    pub(crate) async fn standing(
        &self,
        guest: &GuestPass,
        payer: Option<&PayerPass>,
        payment: PaymentId,
    ) -> Result<Standing, Error> {
        let (payment, shares, attempt) = self.own_payment(guest, payment).await?;
        let mut standing = standing(guest, payer, &payment, &shares, &attempt)?;
        standing.has_way_back = has_way_back(guest, &shares).await?;
        if let Outcome::Continue { again_at, can_cancel, .. } = &mut standing.outcome
            && let Some(life) = self.page_life(&guest.db, &attempt).await?
        {
            *can_cancel = false;
            let at = free_again_at(attempt.created_at, life.over);
            let at = on_the_wall(at, zone(&guest.merchant.time_zone));
            if self.now() - attempt.created_at < life.opens {
                *again_at = Some(at);
            } else {
                standing.outcome = Outcome::Lapsed { again_at: at };
            }
        }
        self.with_what_followed(&guest.db, &attempt, standing).await
    }

    /// One of the company's payments, read again: the receipt.
    ///
    /// # Errors
    /// [`Error::NotFound`] also for another company's payment.
    pub async fn receipt(&self, payer: &PayerPass, payment: PaymentId) -> Result<Standing, Error> {
        let (payment, shares) = payer.db.payment_with_shares(payment).await?;
        if payment.customer_id != payer.customer {
            return Err(Error::NotFound);
        }
        let attempt = latest(&payer.db, payment.id).await?;
        let merchant = payer.db.merchant().await?;
        let reader = Reader { merchant: &merchant, checkout: payment.checkout_id, company_named: true, is_payer: true };
        let standing = told_to(&reader, &payment, &shares, &attempt)?;
        self.with_what_followed(&payer.db, &attempt, standing).await
    }

    /// What became of the money since it was taken.
    async fn with_what_followed(
        &self,
        db: &MerchantDb,
        attempt: &Attempt,
        mut standing: Standing,
    ) -> Result<Standing, Error> {
        if attempt.state == AttemptState::Voided && !db.books_entries(attempt.id).await?.is_empty() {
            standing.outcome = Outcome::TakenBack;
        }
        let has_money = attempt.state.has_money();
        if !standing.mine || !(has_money || is_paid_back(attempt)) {
            return Ok(standing);
        }
        let (late, zone) = (self.now() - RECORDED_WITHIN, zone(&standing.merchant.time_zone));
        let (entries, refunded) = db.books_entries_beside_refunds(attempt.id).await?;
        let refunds = if refunded { db.refunds_of(std::slice::from_ref(&attempt.id)).await? } else { Vec::new() };
        standing.being_recorded = entries.iter().any(|entry| match entry.state {
            BooksEntryState::Refused => has_money,
            BooksEntryState::Intended => entry.updated_at < late,
            BooksEntryState::Posted
            | BooksEntryState::Leaving
            | BooksEntryState::Needless
            | BooksEntryState::ByHand
            | BooksEntryState::Moved
            | BooksEntryState::Invoiced => false,
        });
        for refund in refunds {
            if refund.state.is_on_its_way() {
                let is_out = refund.state == RefundState::Succeeded;
                let back = PaidBack { amount: refund.amount()?, on: day(refund.created_at, zone), is_out };
                standing.paid_back.push(back);
            }
        }
        Ok(standing)
    }

    /// By when somebody else's payment has let go of the invoice, if they do not finish it.
    pub(crate) async fn free_by(&self, guest: &GuestPass, payment: PaymentId) -> Result<Option<Moment>, Error> {
        let attempt = latest(&guest.db, payment).await?;
        let by = match self.page_life(&guest.db, &attempt).await? {
            Some(life) => Some(free_again_at(attempt.created_at, life.over)),
            None if attempt.state != AttemptState::RequiresAction || attempt.gateway_id.is_none() => None,
            None => Some(attempt.created_at + HELD_MAX),
        };
        let to_come = by.filter(|by| *by > self.now());
        Ok(to_come.map(|by| on_the_wall(by, zone(&guest.merchant.time_zone))))
    }
}

/// A quoting program has sent its payer here (S19).
async fn has_way_back(guest: &GuestPass, shares: &[Allocation]) -> Result<bool, Error> {
    let is_of_quote = shares.iter().any(|share| share.advance == Some(AdvanceKind::Quote));
    Ok(is_of_quote && guest.db.quote_session_at(guest.checkout.id).await?.is_some())
}

/// Who reads where a payment stands.
struct Reader<'a> {
    merchant: &'a Merchant,
    checkout: CheckoutId,
    /// Invoice numbers can be guessed: the company is named to whoever named it (`wire/connectwise.md`, 6.1).
    company_named: bool,
    /// Paid it, or pays for the same company. Others learn neither address nor card, and cannot act.
    is_payer: bool,
}

/// A payment as the holder of a link to one of its invoices reads it. At a checkout of others as well it is somebody
/// else's, also for its own payer: those are not paid by it. Whoever else reads it learns nothing of its other invoices.
pub(crate) fn standing(
    guest: &GuestPass,
    payer: Option<&PayerPass>,
    payment: &Payment,
    shares: &[Allocation],
    attempt: &Attempt,
) -> Result<Standing, Error> {
    let Checkout { id: checkout, company_named, .. } = guest.checkout;
    let own: Vec<_> = shares.iter().filter(|share| guest.pays(share.invoice_id)).cloned().collect();
    let is_payer = own.len() == guest.chosen.len() && is_mine(guest, payer, payment);
    let reader = Reader { merchant: &guest.merchant, checkout, company_named, is_payer };
    told_to(&reader, payment, if is_payer { shares } else { &own }, attempt)
}

fn told_to(
    reader: &Reader<'_>,
    payment: &Payment,
    shares: &[Allocation],
    attempt: &Attempt,
) -> Result<Standing, Error> {
    let currency = payment.amount()?.currency;
    let surcharge = attempt.surcharge()?.filter(|_| reader.is_payer);
    let of_invoices = Money::new(shares.iter().map(|share| share.amount_minor).sum(), currency);
    Ok(Standing {
        checkout: reader.checkout,
        payment: payment.id,
        reference: payment.reference.clone(),
        merchant: reader.merchant.face()?,
        shares: shares.iter().map(|share| share_face(share, currency)).collect(),
        customer: reader.company_named.then(|| payment.customer_name.clone()),
        amount: surcharge.map_or(Ok(of_invoices), |surcharge| of_invoices.plus(surcharge))?,
        surcharge,
        method: attempt.method.clone().filter(|_| reader.is_payer),
        email: reader.is_payer.then(|| payment.email.clone()).filter(|email| !email.is_empty()),
        at: on_the_wall(payment.created_at, zone(&reader.merchant.time_zone)),
        outcome: match outcome(attempt, zone(&reader.merchant.time_zone))? {
            Outcome::Continue { .. } if !reader.is_payer => Outcome::Checking,
            outcome => outcome,
        },
        mine: reader.is_payer,
        being_recorded: false,
        has_way_back: false,
        returnable_until: if attempt.state.has_money() {
            attempt.kind.returnable_until(day(attempt.created_at, zone(&reader.merchant.time_zone)))
        } else {
            None
        },
        paid_back: Vec::new(),
    })
}

/// Who may finish or cancel the payment: whoever has the checkout that it was begun at, and a payer of its company for as
/// long as they are signed in. Addresses are passed on: whoever else has the e-mail has the same link (D28), and neither
/// that nor the address of a payer's own checkout takes anything over (D1).
fn is_mine(guest: &GuestPass, payer: Option<&PayerPass>, payment: &Payment) -> bool {
    payment.checkout_id == guest.checkout.id || payer.is_some_and(|payer| payer.is_of(payment.customer_id, guest))
}

/// Which attempts a page has lately asked the gateway about: pages are reloaded, and a gateway has its limits.
#[derive(Default)]
pub(crate) struct Looks(Mutex<HashMap<AttemptId, Instant>>);

impl Looks {
    fn is_due(&self, attempt: AttemptId) -> bool {
        let mut looked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        looked.retain(|_, at| at.elapsed() < LOOK_EVERY);
        let is_due = !looked.contains_key(&attempt);
        if is_due {
            looked.insert(attempt, Instant::now());
        }
        is_due
    }
}

fn outcome(attempt: &Attempt, zone: Tz) -> Result<Outcome, Error> {
    let words = why_not(attempt).to_owned();
    Ok(match (attempt.state, &attempt.action_url) {
        (state, _) if state.has_money() => Outcome::Paid,
        (AttemptState::Processing, _) => {
            let sent = day(attempt.created_at, zone);
            Outcome::SentToBank { sent, clears_by: attempt.kind.clears_by(sent) }
        }
        (AttemptState::RequiresAction, Some(url)) => {
            let fields: Vec<_> =
                attempt.action_fields.as_deref().map(serde_json::from_str).transpose()?.unwrap_or_default();
            Outcome::Continue { url: url.clone(), fields, can_cancel: attempt.gateway_id.is_some(), again_at: None }
        }
        (AttemptState::Declined, _) => Outcome::Declined { words },
        (AttemptState::Voided, _) => Outcome::Cancelled,
        (AttemptState::Returned, _) if is_paid_back(attempt) => Outcome::Refunded { words },
        (AttemptState::Returned, _) => Outcome::Returned { words },
        _ => Outcome::Checking,
    })
}

/// Why no money came, in the payer's words.
pub(crate) fn why_not(attempt: &Attempt) -> &'static str {
    match decline_reason(attempt) {
        Some(reason) => reason.words(),
        None if attempt.state == AttemptState::Voided => "It was cancelled before any money moved.",
        None => "Your bank declined this payment.",
    }
}
