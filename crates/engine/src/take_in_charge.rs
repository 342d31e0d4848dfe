//! A charge that the gateway lists under a name of ours, and of which nothing is here because an older copy of the database
//! was put back, becomes a payment again (F25). Staff ask for it; what it is, the gateway says once more, and which
//! invoices it paid, the books. Nothing is charged from here, and nothing is posted.

use crate::{
    AdminPass, Engine, Error, Lane, MendError,
    audit::{Actor, Audited},
    faces::numbers,
    open_checkout::random_checkout,
    settle_payment::retried,
    surcharges::surcharge_number,
    take_payment::reference,
};
use chrono::{DateTime, TimeDelta, Utc};
use connectors::gateway::{Found, Taken};
use domain::{
    exception::DifferenceKind,
    ids::{AttemptId, ConnectionId, PaymentId},
    invoice::BooksInvoice,
    method::MethodKind,
    money::Money,
    payment::{AttemptState, Observation, Source},
};
use store::{Allocation, Attempt, BooksEntryState, Checkout, Invoice, MerchantDb, Payment, PaymentTakenIn};
use uuid::Uuid;

/// So much earlier than the attempt the books' list begins, for clocks that differ.
const BOOKS_BEFORE: TimeDelta = TimeDelta::days(1);
const NOT_AS_TOLD: &str = "The gateway does not list it as it did, or has more than one charge of the same payment. Look \
                           at it there; it is compared again tomorrow.";
const GATEWAY_SILENT: &str = "The gateway cannot be asked about it just now. Try again in a minute.";
const OWN_LEDGER: &str = "The books are a part of these records here, so nothing tells which invoice it paid. Pay it back \
                          at the gateway.";

/// A charge as the gateway reads it this moment.
struct There {
    /// As it is to stand here; nothing was heard of it so far.
    attempt: Attempt,
    seen: Observation,
}

/// What the books have of it on one invoice.
struct InBooks {
    invoice: Invoice,
    amount: Money,
    external_id: String,
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

impl Engine {
    /// Pressed twice, or by two at once, is pressed once.
    ///
    /// # Errors
    /// Why it stays missing, in words for staff.
    pub(crate) async fn take_in_charge(&self, admin: &AdminPass, key: &str) -> Result<(), MendError> {
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
        let in_books = self.in_books(db, &there).await?;
        let shares = self.shares_there(db, &there.attempt, &in_books).await?;
        retried(there.attempt.id, || self.write_in(admin, key, &there, &in_books, &shares)).await?;
        // News of it may have come before it was known again.
        self.read_parked_again(db).await?;
        self.0.bell.notify_one();
        Ok(())
    }

    /// Its name and amount are those of the gateway's own list. Nothing, when that has another story by now.
    async fn charge_there(&self, db: &MerchantDb, gateway_id: &str) -> Result<Option<There>, Error> {
        let (since, currency) = (self.compared_from(db).await?, db.merchant().await?.currency);
        for connection in db.connections().await?.into_iter().filter(|connection| connection.kind == "gateway") {
            let gateway = self.gateway_of(db, &connection)?;
            if !gateway.capabilities().lists {
                continue;
            }
            let taken = gateway.taken_since(since).await?;
            let Some(charge) = taken.iter().find(|charge| charge.gateway_id == gateway_id) else { continue };
            let is_only = taken.iter().filter(|other| other.attempt == charge.attempt).count() == 1;
            if !is_only || !is_lost(charge, &currency, self.now()) {
                return Ok(None);
            }
            let attempt = self.lost_attempt(db, connection.id, charge);
            return Ok(match self.find_charge(db, &attempt, None).await? {
                Found::Seen(seen) if is_it(&seen, charge) => Some(There { attempt, seen }),
                _ => None,
            });
        }
        Ok(None)
    }

    /// With its id at the gateway it is looked up and never sent, so what only a request needs is left empty.
    fn lost_attempt(&self, db: &MerchantDb, connection_id: ConnectionId, charge: &Taken) -> Attempt {
        let (id, now) = (charge.attempt, self.now());
        Attempt {
            merchant_id: db.merchant_id(),
            id,
            payment_id: PaymentId(Uuid::now_v7()),
            connection_id,
            idempotency_key: id.to_string(),
            currency: charge.amount.currency.code().to_owned(),
            amount_minor: charge.amount.minor,
            surcharge_minor: 0,
            surcharge_account: None,
            surcharge_tax: None,
            description: String::new(),
            return_url: String::new(),
            cancel_url: String::new(),
            method_token: None,
            gateway_customer: None,
            method_id: None,
            keeps: None,
            kind: MethodKind::Card,
            retry: 0,
            postal_code: None,
            state: AttemptState::Created,
            reason: None,
            contradicted: false,
            gateway_id: Some(charge.gateway_id.clone()),
            charge_id: None,
            method: None,
            action_url: None,
            action_fields: None,
            origin_hash: None,
            created_at: began(id).unwrap_or(now),
            updated_at: now,
        }
    }

    /// The books' payments that quote it, by the invoices' numbers: together exactly as much, each on another invoice of one
    /// customer, and none of it a surcharge, whose account and tax are lost.
    async fn in_books(&self, db: &MerchantDb, there: &There) -> Result<Vec<InBooks>, MendError> {
        let (amount, seen) = (there.attempt.amount()?, &there.seen);
        let quoted = seen.charge_id.as_deref().or(seen.gateway_id.as_deref()).unwrap_or_default();
        let books = self.books(db, Lane::UserAction).await?;
        if books.is_built_in() {
            return Err(MendError::NotTakenIn(OWN_LEDGER.to_owned()));
        }
        let listed = books.payments_since(there.attempt.created_at - BOOKS_BEFORE).await;
        let listed = listed.map_err(Error::BooksUnreachable)?.into_iter().filter(|paid| paid.reference == quoted);
        let (mut found, mut is_readable, mut sum_minor) = (Vec::<InBooks>::new(), true, 0);
        for paid in listed {
            let invoice = match &paid.invoice_external_id {
                Some(external_id) => db.invoice_by_external_id(external_id).await?,
                None => None,
            };
            let share = Money::from_decimal(&paid.amount, amount.currency).ok().filter(|share| share.is_positive());
            match (invoice, share) {
                (Some(invoice), Some(share)) => {
                    sum_minor += share.minor;
                    found.push(InBooks { invoice, amount: share, external_id: paid.external_id });
                }
                _ => is_readable = false,
            }
        }
        if found.is_empty() && is_readable {
            return Err(MendError::NotTakenIn(format!(
                "The books have no payment with the reference {quoted}. Enter it there on the invoice that it paid, from the \
                 clearing account and with that reference, and press again; or pay it back at the gateway."
            )));
        }
        let place = |one: &InBooks| (one.invoice.number.clone(), one.invoice.id);
        found.sort_by_key(place);
        if is_readable && sum_minor == amount.minor && are_plain(&there.attempt, &found) {
            return Ok(found);
        }
        Err(MendError::NotTakenIn(format!(
            "What the books have with the reference {quoted} is not exactly {} on invoices of one customer that are known \
             here, or a surcharge is in it. Compare it there with the gateway; this payment is not taken in by itself.",
            amount.to_decimal()
        )))
    }

    /// As a press of Pay would have written them: what was due before it, as far as the books still say so.
    async fn shares_there(
        &self,
        db: &MerchantDb,
        attempt: &Attempt,
        in_books: &[InBooks],
    ) -> Result<Vec<Allocation>, Error> {
        let mut shares = Vec::new();
        for InBooks { invoice, amount, .. } in in_books {
            let BooksInvoice { total, due, .. } = self.invoice_from_books(db, invoice).await?;
            shares.push(Allocation {
                merchant_id: db.merchant_id(),
                payment_id: attempt.payment_id,
                invoice_id: invoice.id,
                amount_minor: amount.minor,
                invoice_number: invoice.number.clone(),
                total_minor: total.minor,
                due_minor: total.minor.min(due.plus(*amount)?.minor),
                advance: None,
            });
        }
        Ok(shares)
    }

    /// All of it in one transaction: the rows, what the gateway says with all that follows, and where it stands in the books.
    async fn write_in(
        &self,
        admin: &AdminPass,
        key: &str,
        there: &There,
        in_books: &[InBooks],
        shares: &[Allocation],
    ) -> Result<(), Error> {
        let (db, now) = (&admin.db, self.now());
        let Some(new) = self.taken_in(admin, &there.attempt, in_books, shares).await? else { return Ok(()) };
        let mut attempt = new.attempt.clone();
        let tx = db.begin().await?;
        if !tx.payment_take_in(new).await? {
            return Ok(());
        }
        self.learn(&tx, &mut attempt, &there.seen, Source::LookUp).await?;
        for entry in tx.books_entries(attempt.id).await? {
            let Some(stands) = in_books.iter().find(|stands| stands.invoice.id == entry.invoice_id) else { continue };
            let external_id = stands.external_id.as_str();
            // The job that was to write it finds nothing that is still meant.
            tx.books_entry_move(&entry, BooksEntryState::Posted, Some(external_id), None, now).await?;
            let posted = Audited::books_posted(&entry, external_id);
            tx.audit_add(posted.slip(Some(attempt.payment_id), Actor::Portal, now)?).await?;
        }
        tx.claims_release(attempt.id).await?;
        tx.exception_cured(key, now).await?;
        tx.commit().await?;
        tracing::info!(payment.id = %attempt.payment_id, attempt.id = %attempt.id, "Staff have taken in a charge that was missing here.");
        Ok(())
    }

    /// Its rows. The payer's address is lost, so no mail is written about it.
    async fn taken_in(
        &self,
        admin: &AdminPass,
        attempt: &Attempt,
        in_books: &[InBooks],
        shares: &[Allocation],
    ) -> Result<Option<PaymentTakenIn>, Error> {
        let Some(first) = in_books.first() else { return Ok(None) };
        let customer = admin.db.customer(first.invoice.customer_id).await?;
        let (reference, began) = (reference(attempt.id), attempt.created_at);
        let what = if shares.len() > 1 { "Invoices" } else { "Invoice" };
        let description = format!("{what} {}, {} ({reference})", numbers(shares), customer.name);
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
        Ok(Some(PaymentTakenIn { checkout, payment, allocations: shares.to_vec(), attempt, slip }))
    }
}

/// The look-up says the same as the list.
fn is_it(seen: &Observation, charge: &Taken) -> bool {
    let is_same = seen.gateway_id.as_ref() == Some(&charge.gateway_id) && seen.amount == Some(charge.amount);
    is_same && seen.fact.is_money()
}

/// Each on another invoice of one customer, in the currency of the charge, and none of it a surcharge.
fn are_plain(attempt: &Attempt, found: &[InBooks]) -> bool {
    let surcharge = surcharge_number(attempt, None);
    let is_plain = |one: &InBooks| {
        one.invoice.advance.is_none()
            && one.invoice.currency == attempt.currency
            && !one.invoice.number.starts_with(&surcharge)
    };
    let is_of_one = found.windows(2).all(|pair| pair[0].invoice.customer_id == pair[1].invoice.customer_id);
    let is_each_another = found.windows(2).all(|pair| pair[0].invoice.id != pair[1].invoice.id);
    is_of_one && is_each_another && found.iter().all(is_plain)
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
