//! A charge that the gateway lists under a name of ours, and of which nothing is here because an older copy of the database
//! was put back, becomes a payment again (F25). Staff ask for it; what it is, the gateway says once more, and which
//! invoices it paid, the books. Where they have nothing of it, staff say which one. Nothing is charged from here.

use crate::{
    AdminPass, Engine, Error, Lane, MendError,
    audit::{Actor, Audited},
    faces::numbers,
    open_checkout::random_checkout,
    settle_payment::{InHand, retried},
    surcharges::surcharge_number,
    take_payment::reference,
};
use chrono::{DateTime, TimeDelta, Utc};
use connectors::gateway::{Found, Taken};
use domain::{
    exception::DifferenceKind,
    ids::{AttemptId, ConnectionId, PaymentId},
    invoice::{BooksInvoice, InvoiceStatus},
    method::MethodKind,
    money::Money,
    payment::{Observation, Source},
};
use std::collections::HashSet;
use store::{Allocation, Attempt, BooksEntryState, Checkout, Invoice, MerchantDb, Payment, PaymentTakenIn};
use uuid::Uuid;

/// So much earlier than the attempt the books' list begins, for clocks that differ.
const BOOKS_BEFORE: TimeDelta = TimeDelta::days(1);
const NOT_AS_TOLD: &str = "The gateway does not list it as it did, or has more than one charge of the same payment. Look \
                           at it there; it is compared again tomorrow.";
const GATEWAY_SILENT: &str = "The gateway cannot be asked about it just now. Try again in a minute.";

/// A charge as the gateway reads it this moment.
struct There {
    /// As it is to stand here; nothing was heard of it so far.
    attempt: Attempt,
    seen: Observation,
}

/// What of it is for one invoice.
struct Share {
    invoice: Invoice,
    amount: Money,
    /// The books' id of its payment there; absent where they have none, and a person has named the invoice.
    external_id: Option<String>,
}

/// Whether a charge of which nothing is here can only be one that an older copy of the database lacks, and can be taken in:
/// its name was made before now; it is in the merchant's currency; and it is no bank debit, whose authority is lost as well.
pub(crate) fn is_lost(charge: &Taken, currency: &str, now: DateTime<Utc>) -> bool {
    let is_plain = !charge.is_debit && charge.amount.currency.code() == currency;
    is_plain && began(charge.attempt).is_some_and(|began| began <= now)
}

/// When an attempt began: the first 48 bits of its id are that time in milliseconds (RFC 9562, 5.7).
fn began(attempt: AttemptId) -> Option<DateTime<Utc>> {
    let ms = i64::try_from(attempt.0.as_u128() >> 80).ok()?;
    DateTime::from_timestamp_millis(ms).filter(|_| attempt.0.get_version_num() == 7)
}

impl There {
    /// What the books quote it by.
    fn reference(&self) -> &str {
        let Observation { charge_id, gateway_id, .. } = &self.seen;
        charge_id.as_deref().or(gateway_id.as_deref()).unwrap_or_default()
    }
}

impl Engine {
    /// Pressed twice, or by two at once, is pressed once. `number` is the invoice's that it paid, if staff have typed one.
    ///
    /// # Errors
    /// Why it stays missing, in words for staff.
    pub(crate) async fn take_in_charge(&self, admin: &AdminPass, key: &str, number: &str) -> Result<(), MendError> {
        let db = &admin.db;
        let gateway_id = DifferenceKind::ChargeLost.about(key).ok_or(Error::NotFound)?;
        let there = match self.charge_there(db, gateway_id).await {
            Ok(Some(there)) => there,
            Ok(None) => return Err(MendError::NotTakenIn(NOT_AS_TOLD.to_owned())),
            Err(Error::Gateway(cause)) => {
                tracing::warn!(gateway.id = gateway_id, %cause, "A gateway could not be asked about a charge that is missing here.");
                return Err(MendError::NotTakenIn(GATEWAY_SILENT.to_owned()));
            }
            Err(other) => return Err(other.into()),
        };
        if !db.attempts_by_id(&[there.attempt.id]).await?.is_empty() {
            return Ok(());
        }
        let mut shares = self.in_books(db, &there).await?;
        if shares.is_empty() {
            shares.push(self.chosen(db, &there, number).await?);
        }
        let allocations = self.allocations_of(db, &there.attempt, &shares).await?;
        let written = retried(there.attempt.id, || self.write_in(admin, key, &there, &shares, &allocations)).await?;
        if !written {
            let words = format!("Somebody is paying invoice {number} at this moment. Try again in a few minutes.");
            return Err(MendError::NotTakenIn(words));
        }
        // News of it may have come before it was known again.
        self.read_parked_again(db).await?;
        self.0.bell.notify_one();
        Ok(())
    }

    /// Those of these attempts that another merchant here began, whose account at the gateway is the same.
    pub(crate) async fn begun_by_others(
        &self,
        db: &MerchantDb,
        attempts: &[AttemptId],
    ) -> Result<HashSet<AttemptId>, Error> {
        let mut theirs = HashSet::new();
        if attempts.is_empty() {
            return Ok(theirs);
        }
        for other in self.store().door_rounds().await? {
            if other.merchant_id() != db.merchant_id() {
                theirs.extend(other.attempts_by_id(attempts).await?.into_iter().map(|attempt| attempt.id));
            }
        }
        Ok(theirs)
    }

    /// Its name and amount are those of the gateway's own list. Nothing, when that has another story by now.
    async fn charge_there(&self, db: &MerchantDb, gateway_id: &str) -> Result<Option<There>, Error> {
        let (since, currency) = (self.compared_from(db).await?, db.merchant().await?.currency);
        let mut silent = None;
        for connection in db.gateways().await? {
            let gateway = self.gateway_of(db, &connection)?;
            if !gateway.capabilities().lists {
                continue;
            }
            let taken = match gateway.taken_since(since).await {
                Ok(taken) => taken,
                Err(cause) => {
                    // The charge may be another one's.
                    silent = Some(cause);
                    continue;
                }
            };
            let Some(charge) = taken.iter().find(|charge| charge.gateway_id == gateway_id) else { continue };
            let is_only = taken.iter().filter(|other| other.attempt == charge.attempt).count() == 1;
            let is_lost = is_only && is_lost(charge, &currency, self.now());
            if !is_lost || !self.begun_by_others(db, &[charge.attempt]).await?.is_empty() {
                return Ok(None);
            }
            let attempt = self.lost_attempt(db, connection.id, charge);
            return Ok(match self.find_charge(db, &attempt, None).await? {
                Found::Seen(seen) if is_it(&seen, charge) => Some(There { attempt, seen }),
                _ => None,
            });
        }
        silent.map_or(Ok(None), |cause| Err(cause.into()))
    }

    /// With its id at the gateway it is looked up and never sent, so what only a request needs is left empty.
    fn lost_attempt(&self, db: &MerchantDb, connection_id: ConnectionId, charge: &Taken) -> Attempt {
        let (id, now) = (charge.attempt, self.now());
        let ids = (db.merchant_id(), id, PaymentId(Uuid::now_v7()));
        let begun = Attempt::begun(ids, connection_id, MethodKind::Card, charge.amount, now);
        Attempt { gateway_id: Some(charge.gateway_id.clone()), created_at: began(id).unwrap_or(now), ..begun }
    }

    /// The books' payments that quote it: nothing, or together exactly as much, each on another invoice of one customer, and
    /// none of it a surcharge, whose account and tax are lost.
    async fn in_books(&self, db: &MerchantDb, there: &There) -> Result<Vec<Share>, MendError> {
        let (amount, quoted) = (there.attempt.amount()?, there.reference());
        let books = self.books(db, Lane::UserAction).await?;
        let listed = books.payments_since(there.attempt.created_at - BOOKS_BEFORE).await;
        let (mut found, mut is_readable, mut sum_minor) = (Vec::<Share>::new(), true, 0);
        for paid in listed.map_err(Error::BooksUnreachable)? {
            if paid.reference != quoted {
                continue;
            }
            let invoice = match &paid.invoice_external_id {
                Some(external_id) => db.invoice_by_external_id(external_id).await?,
                None => None,
            };
            let share = Money::from_decimal(&paid.amount, amount.currency).ok().filter(|share| share.is_positive());
            match (invoice, share) {
                (Some(invoice), Some(share)) => {
                    sum_minor += share.minor;
                    found.push(Share { invoice, amount: share, external_id: Some(paid.external_id) });
                }
                _ => is_readable = false,
            }
        }
        // In the order in which every payment takes its invoices.
        found.sort_by_key(|share| share.invoice.id);
        let is_whole = found.is_empty() || sum_minor == amount.minor;
        if is_readable && is_whole && are_plain(&there.attempt, &found) {
            return Ok(found);
        }
        Err(MendError::NotTakenIn(format!(
            "What the books have with the reference {quoted} is not exactly {} on invoices of one customer that are known \
             here, or a surcharge is in it. Compare it there with the gateway; this payment is not taken in by itself.",
            amount.to_decimal()
        )))
    }

    /// The invoice that a person says it paid, of which the books say that it owes as much.
    async fn chosen(&self, db: &MerchantDb, there: &There, number: &str) -> Result<Share, MendError> {
        let amount = there.attempt.amount()?;
        if number.is_empty() {
            return Err(MendError::NotTakenIn(format!(
                "The books have no payment with the reference {}. Type the number of the open invoice that it paid, and it \
                 is written there. If it paid several, enter it in the books by hand with that reference, and press again.",
                there.reference()
            )));
        }
        let Some((invoice, _)) = db.invoice_by_number(number).await? else {
            return Err(MendError::NotTakenIn(format!("There is no invoice {number} here.")));
        };
        let BooksInvoice { status, due, .. } = self.invoice_from_books(db, &invoice).await?;
        let owes = status == InvoiceStatus::Open && due.currency == amount.currency && due.minor >= amount.minor;
        if !owes || invoice.advance.is_some() {
            let words = format!("Invoice {number} is not open, or does not owe {} or more.", amount.to_decimal());
            return Err(MendError::NotTakenIn(words));
        }
        Ok(Share { invoice, amount, external_id: None })
    }

    /// As a press of Pay would have written them, by the invoices' numbers: with what was due before it, as far as the books
    /// still say so.
    async fn allocations_of(
        &self,
        db: &MerchantDb,
        attempt: &Attempt,
        shares: &[Share],
    ) -> Result<Vec<Allocation>, Error> {
        let mut allocations = Vec::new();
        for Share { invoice, amount, external_id } in shares {
            let BooksInvoice { total, due, .. } = self.invoice_from_books(db, invoice).await?;
            let due_before = if external_id.is_some() { due.plus(*amount)? } else { due };
            allocations.push(Allocation {
                merchant_id: db.merchant_id(),
                payment_id: attempt.payment_id,
                invoice_id: invoice.id,
                amount_minor: amount.minor,
                invoice_number: invoice.number.clone(),
                total_minor: total.minor,
                due_minor: total.minor.min(due_before.minor),
                advance: None,
            });
        }
        allocations.sort_by(|one, other| one.invoice_number.cmp(&other.invoice_number));
        Ok(allocations)
    }

    /// All of it in one transaction: the rows, what the gateway says with all that follows, and where it stands in the books.
    /// `false`: somebody else is paying the invoice that was chosen, and nothing was written.
    async fn write_in(
        &self,
        admin: &AdminPass,
        key: &str,
        there: &There,
        shares: &[Share],
        allocations: &[Allocation],
    ) -> Result<bool, Error> {
        let now = self.now();
        let new = self.taken_in(admin, &there.attempt, shares, allocations).await?;
        let mut attempt = new.attempt.clone();
        let tx = admin.db.begin().await?;
        // Whoever has marked it as fixed, while gateway and books were asked, may have entered it in a way of their own.
        if !tx.payment_take_in(new).await? || !tx.exception_cured(key, now).await? {
            return Ok(true);
        }
        for share in shares {
            // What the books have is paid, whoever pays what is left of it.
            let is_free = share.external_id.is_some() || tx.live_payment(share.invoice.id).await?.is_none();
            let is_claimed = tx.claim_take(attempt.id, share.invoice.id).await?;
            if !is_free || (share.external_id.is_none() && !is_claimed) {
                return Ok(false);
            }
        }
        // Meant before the fact is recorded: then the books are looked at before anything is written there.
        tx.books_entries_intend(attempt.id, allocations, now).await?;
        self.learn(&tx, &mut attempt, &there.seen, Source::LookUp, InHand::default()).await?;
        for entry in tx.books_entries(attempt.id).await? {
            let share = shares.iter().find(|share| share.invoice.id == entry.invoice_id);
            let Some(external_id) = share.and_then(|share| share.external_id.as_deref()) else { continue };
            tx.books_entry_move(&entry, BooksEntryState::Posted, Some(external_id), None, now).await?;
            let posted = Audited::books_posted(&entry, external_id);
            tx.audit_add(posted.slip(Some(attempt.payment_id), Actor::Portal, now)?).await?;
            tx.claim_release(attempt.id, entry.invoice_id).await?;
        }
        tx.commit().await?;
        tracing::info!(payment.id = %attempt.payment_id, attempt.id = %attempt.id, "Staff have taken in a charge that was missing here.");
        Ok(true)
    }

    /// Its rows. The payer's address is lost, so no mail is written about it.
    async fn taken_in(
        &self,
        admin: &AdminPass,
        attempt: &Attempt,
        shares: &[Share],
        allocations: &[Allocation],
    ) -> Result<PaymentTakenIn, Error> {
        let first = shares.first().ok_or(Error::NotFound)?;
        let customer = admin.db.customer(first.invoice.customer_id).await?;
        let (reference, began) = (reference(attempt.id), attempt.created_at);
        let what = if allocations.len() > 1 { "Invoices" } else { "Invoice" };
        let description = format!("{what} {}, {} ({reference})", numbers(allocations), customer.name);
        let checkout = Checkout {
            merchant_id: attempt.merchant_id,
            id: random_checkout()?,
            invoice_id: first.invoice.id,
            payer_id: None,
            company_named: false,
            created_at: began,
            expires_at: began,
        };
        let payment = Payment {
            merchant_id: attempt.merchant_id,
            id: attempt.payment_id,
            checkout_id: checkout.id,
            customer_id: customer.id,
            customer_name: customer.name,
            reference,
            currency: attempt.currency.clone(),
            amount_minor: attempt.amount_minor,
            email: String::new(),
            created_at: began,
        };
        let (amount, gateway_id) = (attempt.amount()?, attempt.gateway_id.clone());
        let audited = Audited::PaymentTakenIn { attempt: attempt.id, amount, gateway_id };
        let slip = audited.slip(Some(payment.id), Actor::Staff(admin.person), self.now())?;
        let attempt = Attempt { description, ..attempt.clone() };
        Ok(PaymentTakenIn { checkout, payment, allocations: allocations.to_vec(), attempt, slip })
    }
}

/// The look-up says the same as the list.
fn is_it(seen: &Observation, charge: &Taken) -> bool {
    let is_same = seen.gateway_id.as_ref() == Some(&charge.gateway_id) && seen.amount == Some(charge.amount);
    is_same && seen.fact.is_money()
}

/// Each on another invoice of one customer, in the currency of the charge, and none of it a surcharge.
fn are_plain(attempt: &Attempt, shares: &[Share]) -> bool {
    let surcharge = surcharge_number(attempt, None);
    let is_plain = |Share { invoice, .. }: &Share| {
        let is_of_surcharge = invoice.number.starts_with(&surcharge);
        invoice.advance.is_none() && invoice.currency == attempt.currency && !is_of_surcharge
    };
    let mut invoices = shares.iter().map(|share| &share.invoice).zip(shares.iter().skip(1).map(|share| &share.invoice));
    let are_others = invoices.all(|(one, next)| one.id != next.id && one.customer_id == next.customer_id);
    are_others && shares.iter().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{money::Currency, payment::Fact};

    fn charge(name: u128) -> Taken {
        Taken {
            attempt: AttemptId(Uuid::from_u128(name)),
            gateway_id: "pi_1".to_owned(),
            amount: Money::new(500, Currency::USD),
            is_settled: false,
            is_debit: false,
        }
    }

    #[test]
    fn f25_only_what_was_begun_here_and_needs_nothing_that_is_lost_is_offered_to_be_taken_in() {
        let now = DateTime::from_timestamp_millis(1_795_253_400_000).expect("a time");
        let id = |at_ms: i64| (u128::from(at_ms.unsigned_abs()) << 80) | (7_u128 << 76) | (0b10_u128 << 62);
        let ours = charge(id(now.timestamp_millis() - 1));
        let lost = |charge: &Taken, currency| is_lost(charge, currency, now);
        assert_eq!(began(ours.attempt), Some(now - TimeDelta::milliseconds(1)));
        assert!(lost(&ours, "USD"));
        assert!(!lost(&ours, "AUD"), "of another currency than the merchant's");
        assert!(!lost(&Taken { is_debit: true, ..ours.clone() }, "USD"), "its authority is lost");
        assert!(!lost(&charge(id(now.timestamp_millis() + 1)), "USD"), "a name of later");
        assert!(!lost(&charge(id(now.timestamp_millis() - 1) ^ (3_u128 << 76)), "USD"), "a name of another kind");
    }

    #[test]
    fn f25_what_the_look_up_says_otherwise_than_the_list_is_not_taken_in() {
        let charge = charge(7);
        let seen = Observation {
            gateway_id: Some("pi_1".to_owned()),
            amount: Some(charge.amount),
            ..Observation::bare(Fact::Approved)
        };
        assert!(is_it(&seen, &charge));
        for other in [
            Observation { fact: Fact::Voided, ..seen.clone() },
            Observation { gateway_id: Some("pi_2".to_owned()), ..seen.clone() },
            Observation { amount: Some(Money::new(499, Currency::USD)), ..seen.clone() },
            Observation { amount: None, ..seen },
        ] {
            assert!(!is_it(&other, &charge), "{other:?}");
        }
    }
}
