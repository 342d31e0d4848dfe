//! One press of Pay. The order of writes is the promise: intent committed, then the gateway called with no transaction
//! open, then what was seen recorded. Whatever dies in between is found by the sweep, which looks for attempts of which
//! nothing was heard.

use crate::{
    Engine, Error, GuestPass, Order, PayHow, PayerPass, TakeError,
    audit::{Actor, Audited, Started},
    card_testing::{Origin, Turn},
    consent::{agreed, shown},
    faces::numbers,
    failpoint,
    jobs::chain,
    keep_card::{Keeping, keeping},
    open_checkout::nothing_to_pay,
    payment_standing::standing,
    same_order::is_answered_by_it,
    settle_payment::InHand,
    surcharges::Charge,
};
use connectors::gateway::{ChargeHow, ChargeRequest, Gateway, GatewayError};
use domain::{
    advance::AdvanceKind,
    asking::is_too_old_to_send,
    email::looks_like_email,
    ids::{AttemptId, ConnectionId, CustomerId, MethodId, PaymentId},
    method::MethodKind,
    money::Money,
    payment::{Fact, Observation, ShownShare, Source, amount_to_charge, together},
    planted,
    views::Standing,
};
use std::time::{Duration, Instant};
use store::{Allocation, Attempt, Authority, CheckoutRead, Customer, Invoice, MerchantDb, NewAttempt, Opened, Payment};
use uuid::Uuid;

/// Each further try means that somebody else paid or gave up in the milliseconds before.
const INTENT_TRIES: u32 = 5;
/// An invoice that was read before our turn came is read again when that took longer.
const SEEN_MAX_AGE: Duration = Duration::from_millis(50);
/// Gateways keep few characters of a description.
const INVOICES_NAMED_MAX: usize = 5;

enum Intent {
    Committed(Box<Committed>, Turn),
    /// This payment stands already, or another has the invoice.
    Taken(PaymentId),
}

/// What a press of Pay began with: the count of claims, and the checkout's first invoice, which was read no sooner.
struct Seen {
    claims_seen: u64,
    first: (Invoice, Customer),
    read_at: Instant,
}

/// What is charged, and through which connection.
struct Means {
    connection: ConnectionId,
    method_token: Option<String>,
    gateway_customer: Option<String>,
    /// Ours, of a saved one.
    method: Option<MethodId>,
    /// Of its owner, where it is an account.
    authority: Option<Authority>,
    kind: MethodKind,
    keeps: Option<Keeping>,
}

/// A payment that is about to be charged.
#[derive(Clone)]
struct Committed {
    payment: Payment,
    /// In the order of the page, what stays as credit last.
    shares: Vec<Allocation>,
    attempt: Attempt,
}

impl Committed {
    fn in_hand(&self) -> InHand<'_> {
        // Several are read again, in the order in which a receipt names them.
        let only = <&[Allocation; 1]>::try_from(self.shares.as_slice()).ok();
        InHand { paid: only.map(|[share]| (&self.payment, share)), tells: None }
    }
}

impl Engine {
    /// Charges the checkout's invoices once and together, and answers where the payment stands. The same payment id again
    /// answers the same payment. When somebody else has one of them, nothing is charged and theirs is answered. `payer` is
    /// whoever is signed in as one, if anybody: they are not held for what others do.
    ///
    /// # Errors
    /// Why nothing was started; nothing was charged then, unless it is [`TakeError::Unsure`].
    pub async fn take_payment(
        &self,
        guest: &GuestPass,
        payer: Option<&PayerPass>,
        mut order: Order,
    ) -> Result<Standing, TakeError> {
        let read_at = Instant::now();
        let read = guest.db.checkout_read(guest.checkout.invoice_id, &guest.invoices()).await?;
        let CheckoutRead { invoice, customer, claims: claims_seen, policy } = read;
        // An invoice that nobody has tried to pay has no payment yet, neither this one nor another.
        if claims_seen > 0
            && let Some(stands) = self.standing_already(guest, payer, &order).await?
        {
            return Ok(stands);
        }
        if !order.was_minted_within(guest.checkout.created_at, self.now()) {
            return Err(Error::NotFound.into());
        }
        if !looks_like_email(&order.email) {
            return Err(TakeError::BadEmail);
        }
        if order.expected.len() != guest.chosen.len() {
            return Err(TakeError::WordsMoved);
        }
        let (connection, gateway) = self.gateway(&guest.db).await?;
        if !gateway.capabilities().postal_code {
            order.postal_code = None;
        }
        let keeps = keeping(guest, payer, gateway.as_ref(), &order).await?;
        let by = Means { keeps, ..self.means(guest, payer, connection, &order.how).await? };
        let origin = Origin::of(guest, payer, order.network);
        let bare = together(&order.expected.iter().map(|shown| shown.pay).collect::<Vec<_>>());
        let bare = bare.map_err(TakeError::of_all)?;
        let (token, is_debit) = (by.method_token.as_deref(), by.kind.is_debit());
        let charge = self.charge_over(guest, gateway.as_ref(), policy, bare, token, is_debit).await?;
        let seen = Seen { claims_seen, first: (invoice, customer), read_at };
        let (committed, turn) = match self.intend(guest, &order, &origin, &by, &charge, seen).await? {
            Intent::Committed(committed, turn) => (committed, turn),
            Intent::Taken(by) => return self.standing_of_taken(guest, payer, &order, by).await,
        };
        failpoint::reach("after_intent");
        // A task of its own: a payer who closes the page must not break off the charge half-way.
        let (engine, db, open) = (self.clone(), guest.db.clone(), committed.clone());
        let charge = tokio::spawn(async move {
            let charged = engine.charge(&db, gateway.as_ref(), &open.attempt, open.in_hand()).await;
            drop(turn);
            charged
        });
        let Committed { payment, shares, attempt } = *committed;
        // A task that died, or could not write down what it heard, leaves what a dead process leaves: an attempt of which
        // nothing was heard. Its payer reads that we are checking.
        let attempt = match charge.await {
            Ok(Ok(heard_of)) => heard_of,
            Ok(Err(cause)) => {
                tracing::error!(attempt.id = %attempt.id, cause = %chain(&cause), "What a charge came to could not be recorded; the sweep will ask.");
                attempt
            }
            Err(_) => attempt,
        };
        Ok(standing(guest, payer, &payment, &shares, &attempt)?)
    }

    async fn means(
        &self,
        guest: &GuestPass,
        payer: Option<&PayerPass>,
        connection: ConnectionId,
        how: &PayHow,
    ) -> Result<Means, TakeError> {
        let card = Means {
            connection,
            method_token: None,
            gateway_customer: None,
            method: None,
            authority: None,
            kind: MethodKind::Card,
            keeps: None,
        };
        Ok(match how {
            PayHow::Token(token) => Means { method_token: Some(token.clone()), ..card },
            PayHow::Saved(method) => {
                let saved = self.method_to_charge(guest, payer, connection, *method).await?;
                let (method_token, gateway_customer) = (saved.gateway_method, saved.gateway_customer);
                let authority = guest.db.authority(saved.id).await?;
                Means { method_token, gateway_customer, method: Some(saved.id), authority, kind: saved.kind, ..card }
            }
            PayHow::HostedPage => card,
        })
    }

    /// No transaction is open while the gateway is asked.
    pub(crate) async fn charge(
        &self,
        db: &MerchantDb,
        gateway: &dyn Gateway,
        attempt: &Attempt,
        in_hand: InHand<'_>,
    ) -> Result<Attempt, Error> {
        if is_too_old_to_send(attempt.created_at, self.now()) {
            // This process was frozen meanwhile, and the sweep may be at it or have ended it.
            return Ok(db.attempt(attempt.id).await?);
        }
        let seen = observed(gateway.charge(&charge_request(attempt)?).await);
        failpoint::reach("after_charge");
        let attempt = self.record_knowing(db, attempt.id, seen, Source::Reply, in_hand).await?;
        failpoint::reach("after_record");
        Ok(attempt)
    }

    /// A double click, a replayed POST, or somebody else who has one of the invoices: what stands is answered, nothing is
    /// done.
    async fn standing_already(
        &self,
        guest: &GuestPass,
        payer: Option<&PayerPass>,
        order: &Order,
    ) -> Result<Option<Standing>, TakeError> {
        let stands = match guest.db.payment(order.payment).await {
            Ok(payment) if payment.checkout_id == guest.checkout.id => Some(payment.id),
            Ok(_) => return Err(Error::NotFound.into()),
            Err(store::Error::Missing) => guest.taken().await?,
            Err(other) => return Err(other.into()),
        };
        match stands {
            Some(payment) => self.standing_of_taken(guest, payer, order, payment).await.map(Some),
            None => Ok(None),
        }
    }

    /// What has one of the invoices; the form's own payment for who asks for the same once more, or when it came to nothing.
    /// A payment that staff have put there was not made for it, and shows nothing here.
    async fn standing_of_taken(
        &self,
        guest: &GuestPass,
        payer: Option<&PayerPass>,
        order: &Order,
        payment: PaymentId,
    ) -> Result<Standing, TakeError> {
        if payment == order.payment && !is_answered_by_it(guest, order).await? {
            return Err(TakeError::FormUsed);
        }
        match self.standing(guest, payer, payment).await {
            Err(Error::NotFound) => Err(Error::Contended.into()),
            otherwise => Ok(otherwise?),
        }
    }

    /// Asks the books what is due on each invoice and commits the attempt, if its saved method can be charged still; asks
    /// again when somebody else paid since `claims_seen`.
    async fn intend(
        &self,
        guest: &GuestPass,
        order: &Order,
        origin: &Origin,
        by: &Means,
        charge: &Charge,
        Seen { mut claims_seen, first, read_at }: Seen,
    ) -> Result<Intent, TakeError> {
        let mut first = Some(first);
        for _ in 0..INTENT_TRIES {
            // First, because it may take a while: what is read afterwards is fresh. Whoever tries this invoice meanwhile
            // makes `claims_seen` old, so that their decline is counted in the next round.
            let turn = self.await_turn(guest, origin).await?;
            if claims_seen > 0 && !guest.db.quote_locked(&guest.invoices()).await?.is_empty() {
                return Err(TakeError::Covered);
            }
            let (invoices, customer) = match first.take().filter(|_| read_at.elapsed() < SEEN_MAX_AGE) {
                Some(first) => guest.with_others(first).await?,
                None => guest.invoices_read().await?,
            };
            let terms = self.quote_terms(guest, &invoices).await?;
            if terms.is_some_and(|terms| terms.is_over || !terms.takes(by.kind, by.method.is_some())) {
                return Err(TakeError::WordsMoved);
            }
            let shown = shown(guest, order, &invoices, charge)?;
            let is_as_shown = all_as_shown(&invoices, order)?;
            let is_another_sum = shown.is_none() && charge.has_rules;
            let another_sum = || TakeError::SurchargeMoved { added: charge.added, paid_by: charge.paid_by.to_string() };
            if is_another_sum && is_as_shown {
                self.count_sum(guest.checkout.id, order.network).await?;
                return Err(another_sum());
            }
            // Each press that cannot be charged would be a read of the books.
            if shown.is_none() || !is_as_shown {
                self.count_guess(order.network).await?;
            }
            let (shares, surplus) = self.shares(guest, order, &invoices, customer.id).await?;
            if is_another_sum {
                return Err(another_sum());
            }
            let shown = shown.filter(|(wording, _)| wording.is_for(by.kind)).ok_or(TakeError::WordsMoved)?;
            let committed = self.new_attempt(guest, order, origin, customer, (shares, charge), by);
            let keep = by.keeps.as_ref().map(|keeps| keeps.words.as_str());
            let consent = agreed(order, &committed.attempt, numbers(&committed.shares), shown, keep)?;
            let started = Audited::PaymentStarted(Started::of(&consent, by.authority.as_ref())?);
            let slip = started.slip(Some(order.payment), Actor::of(origin), committed.attempt.created_at)?;
            let new = NewAttempt {
                payment: committed.payment.clone(),
                allocations: committed.shares.clone(),
                surplus,
                attempt: committed.attempt.clone(),
                consent,
                slip,
                claims_seen,
            };
            failpoint::reach("before_intent");
            match open(&guest.db, new).await? {
                Opened::New => return Ok(Intent::Committed(Box::new(committed), turn)),
                Opened::Same => return Ok(Intent::Taken(order.payment)),
                Opened::Taken(by) => return Ok(Intent::Taken(by)),
                // Turn and books may have kept us waiting.
                Opened::MethodGone => return Err(TakeError::MethodGone),
                Opened::Outdated => {
                    claims_seen = guest.db.claims_taken(&guest.invoices()).await?;
                    // Who has it now may have paid, posted and let go of it before the books have answered.
                    if let Some(by) = guest.taken().await? {
                        return Ok(Intent::Taken(by));
                    }
                }
            }
        }
        Err(Error::Contended.into())
    }

    /// What is paid of each invoice, as the books have it this moment; and what is paid over that, which is an advance and
    /// has a share of its own.
    async fn shares(
        &self,
        guest: &GuestPass,
        order: &Order,
        invoices: &[Invoice],
        customer: CustomerId,
    ) -> Result<(Vec<Allocation>, Option<Invoice>), TakeError> {
        let takes = self.takes(guest, invoices).await;
        let share = |invoice: &Invoice, amount: Money, total: Money, due: Money| Allocation {
            merchant_id: guest.db.merchant_id(),
            payment_id: order.payment,
            invoice_id: invoice.id,
            amount_minor: amount.minor,
            invoice_number: invoice.number.clone(),
            total_minor: total.minor,
            due_minor: due.minor,
            advance: invoice.advance,
        };
        let (mut shares, mut surplus): (_, Option<Money>) = (Vec::new(), None);
        for (invoice, shown) in invoices.iter().zip(&order.expected) {
            let books = self.invoice_from_books(&guest.db, invoice).await?;
            let pay = amount_to_charge(*shown, &books, takes).map_err(TakeError::of(&invoice.number))?;
            let paid = ShownShare { pay, due: books.due };
            if let Some(more) = paid.surplus() {
                surplus = Some(surplus.map_or(Ok(more), |sum| more.plus(sum)).map_err(Error::from)?);
            }
            shares.push(share(invoice, paid.share(), books.total, books.due));
        }
        let surplus = surplus.map(|more| self.surplus(&guest.merchant, customer, more, &numbers(&shares)));
        if let Some(advance) = &surplus {
            let all = advance.due()?;
            shares.push(share(advance, all, all, all));
        }
        Ok((shares, surplus))
    }

    fn new_attempt(
        &self,
        guest: &GuestPass,
        order: &Order,
        origin: &Origin,
        customer: Customer,
        (shares, charge): (Vec<Allocation>, &Charge),
        by: &Means,
    ) -> Committed {
        let amount = charge.total;
        let (merchant_id, now, id) = (guest.db.merchant_id(), self.now(), AttemptId(Uuid::now_v7()));
        let public = &self.0.settings.public_url;
        let payment = Payment {
            merchant_id,
            id: order.payment,
            checkout_id: guest.checkout.id,
            customer_id: customer.id,
            customer_name: customer.name,
            reference: reference(id),
            currency: amount.currency.code().to_owned(),
            amount_minor: amount.minor,
            email: order.email.trim().to_owned(),
            created_at: now,
        };
        let attempt = Attempt {
            surcharge_minor: charge.added.minor,
            surcharge_account: charge.by.as_ref().map(|by| by.account.clone()),
            surcharge_tax: charge.by.as_ref().and_then(|by| by.tax.clone()),
            description: description(guest, &payment, &shares),
            return_url: format!("{public}/npe/result?transactionId={}&payment={}", guest.checkout.id, payment.id),
            cancel_url: format!("{public}/npe?transactionId={}&left={}", guest.checkout.id, payment.id),
            method_token: by.method_token.clone(),
            gateway_customer: by.gateway_customer.clone(),
            keeps: by.keeps.as_ref().map(|keeps| keeps.method),
            method_id: by.method,
            postal_code: order.postal_code.clone(),
            origin_hash: Some(origin.hash()),
            ..Attempt::begun((merchant_id, id, payment.id), by.connection, by.kind, amount, now)
        };
        Committed { payment, shares, attempt }
    }
}

/// Commits the intent. Where nobody says whether that was done, the same once more tells, as pressing again would: it waits
/// for what is being committed still.
async fn open(db: &MerchantDb, new: NewAttempt) -> Result<Opened, TakeError> {
    match db.attempt_open(new.clone()).await {
        Err(store::Error::Unacknowledged(cause)) => {
            tracing::warn!(attempt.id = %new.attempt.id, %cause, "It was not said whether an intent stands, and is tried again.");
            db.attempt_open(new).await.map_err(TakeError::Unsure)
        }
        settled => Ok(settled?),
    }
}

/// The request of an attempt, the same whenever it is built: it is sent again to look the attempt up.
pub(crate) fn charge_request(attempt: &Attempt) -> Result<ChargeRequest, Error> {
    Ok(ChargeRequest {
        attempt: attempt.id,
        idempotency_key: if planted::is("new_key_per_try") {
            Uuid::now_v7().to_string()
        } else {
            attempt.idempotency_key.clone()
        },
        reference: reference(attempt.id),
        amount: attempt.amount()?,
        description: attempt.description.clone(),
        receipt_email: None,
        how: match (attempt.method_token.clone(), attempt.gateway_customer.clone()) {
            (Some(method), Some(customer)) => ChargeHow::Saved { customer, method, kind: attempt.kind },
            (Some(token), None) => ChargeHow::Token(token),
            (None, _) => ChargeHow::HostedPage,
        },
        keep: attempt.keeps.is_some(),
        unattended: attempt.is_unattended(),
        postal_code: attempt.postal_code.clone(),
        return_url: attempt.return_url.clone(),
        cancel_url: attempt.cancel_url.clone(),
    })
}

/// What a call's end says about the attempt. Busy and unknown alike leave the outcome open.
fn observed(reply: Result<Observation, GatewayError>) -> Observation {
    match reply {
        Ok(seen) => seen,
        Err(cause) => {
            tracing::warn!(%cause, "A charge was not answered plainly.");
            Observation::bare(match cause {
                GatewayError::NotSent(_) => Fact::NotSent,
                GatewayError::Unknown(_) if planted::is("unknown_is_failed") => Fact::NotSent,
                GatewayError::Refused { code, .. } => Fact::Refused { code },
                GatewayError::Busy { .. } | GatewayError::Unknown(_) => Fact::Unanswered,
            })
        }
    }
}

/// What people quote: ten hexadecimal digits from the random half of the attempt's id. Not of the payment's, which comes
/// with a form: somebody could copy another's reference.
pub(crate) fn reference(attempt: AttemptId) -> String {
    let random = attempt.0.as_u128() & 0xff_ffff_ffff;
    format!("PAY-{random:010X}")
}

/// The gateway's own page shows it to whoever pays, so it names the company as our pages do.
fn description(guest: &GuestPass, payment: &Payment, shares: &[Allocation]) -> String {
    let (customer, reference) = (&payment.customer_name, &payment.reference);
    let invoices: Vec<_> = shares.iter().filter(|share| share.advance.is_none()).cloned().collect();
    let named = &invoices[..invoices.len().min(INVOICES_NAMED_MAX)];
    let what = match invoices.len() {
        0 if shares.iter().any(|share| share.advance == Some(AdvanceKind::Quote)) => {
            format!("Quote {}", numbers(shares))
        }
        0 => format!("Credit {}", numbers(shares)),
        1 => format!("Invoice {}", numbers(named)),
        all if all == named.len() => format!("Invoices {}", numbers(named)),
        all => format!("Invoices {} and {} more", numbers(named), all - named.len()),
    };
    if guest.checkout.company_named {
        format!("{what}, {customer} ({reference})")
    } else {
        format!("{what} ({reference})")
    }
}

/// Nothing is known of an invoice that says otherwise than the page did.
fn all_as_shown(invoices: &[Invoice], order: &Order) -> Result<bool, Error> {
    for (invoice, shown) in invoices.iter().zip(&order.expected) {
        if shown.due != invoice.due()? || nothing_to_pay(invoice).is_some() {
            return Ok(false);
        }
    }
    Ok(true)
}
