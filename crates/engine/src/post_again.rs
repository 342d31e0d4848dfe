//! Staff have the books asked once more for what they refused, when what those objected to is put right. It is looked up
//! there by its reference first: a person may have entered it, or taken it out, meanwhile (D30).

use crate::{
    AdminPass, Engine, Error,
    audit::{Actor, Audited},
    refused_payment::{BY_HAND, never_entered},
    settle_payment::retried,
    work::Work,
};
use chrono::{DateTime, Utc};
use domain::{
    exception::Cure,
    ids::{AttemptId, InvoiceId, PaymentId, RefundId},
    refund::RefundState,
};
use store::{Attempt, BooksEntry, BooksEntryState, MerchantTx, Refund, RefundEntry};

impl Engine {
    /// Pressed twice is pressed once: what is meant already is not refused any more.
    ///
    /// # Errors
    /// [`Error::NotFound`] also for another merchant's payment.
    pub async fn post_again(&self, admin: &AdminPass, payment: PaymentId) -> Result<(), Error> {
        let payment = admin.db.payment(payment).await?.id;
        for attempt in admin.db.attempts_of(payment).await? {
            retried(payment, || self.revive_refused(admin, payment, attempt.id)).await?;
        }
        self.0.bell.notify_one();
        Ok(())
    }

    async fn revive_refused(&self, admin: &AdminPass, payment: PaymentId, attempt: AttemptId) -> Result<(), Error> {
        let now = self.now();
        let tx = admin.db.begin().await?;
        let attempt = tx.attempt_hold(attempt).await?;
        let refused = refused_entries(&tx, &attempt).await?;
        if refused.is_empty() {
            return Ok(());
        }
        for (entry, _) in &refused {
            revive(&tx, Actor::Staff(admin.person), &attempt, entry, now).await?;
        }
        write_again(&attempt, now).queue(&tx, Some(payment), now, now).await?;
        tx.commit().await?;
        tracing::info!(payment.id = %payment, "Staff have the books asked again for a payment.");
        Ok(())
    }

    /// Has what the books have lost of a payment written once more, or what they kept of money that went back taken out.
    /// From here on it is watched like any other write, so the exception with this key ends.
    pub(crate) async fn post_lost(&self, admin: &AdminPass, attempt: AttemptId, key: &str) -> Result<(), Error> {
        retried(attempt, || self.revive_lost(admin, attempt, key)).await?;
        self.0.bell.notify_one();
        Ok(())
    }

    async fn revive_lost(&self, admin: &AdminPass, attempt: AttemptId, key: &str) -> Result<(), Error> {
        let now = self.now();
        let tx = admin.db.begin().await?;
        let attempt = tx.attempt_hold(attempt).await?;
        let refunds = tx.refunds_of(&[attempt.id]).await?;
        let parts = tx.refund_parts(&refunds).await?;
        // What stands after all is found there, and not written twice. Of some, a person has entered no more than a rest.
        for entry in tx.books_entries(attempt.id).await? {
            if entry.state == BooksEntryState::Posted && never_entered(&entry, &refunds, &parts) == 0 {
                revive(&tx, Actor::Staff(admin.person), &attempt, &entry, now).await?;
            }
        }
        write_again(&attempt, now).queue(&tx, Some(attempt.payment_id), now, now).await?;
        tx.exception_cured(key, now).await?;
        Ok(tx.commit().await?)
    }

    /// The same for a refund that the books refused on this invoice, or have lost; of one that has failed, to be taken out
    /// of them.
    pub(crate) async fn post_refund_again(
        &self,
        admin: &AdminPass,
        refund: RefundId,
        refused_on: Option<InvoiceId>,
        key: &str,
    ) -> Result<(), Error> {
        let of = admin.db.refund(refund).await?.attempt_id;
        retried(refund, || self.revive_refund(admin, of, refund, refused_on, key)).await?;
        self.0.bell.notify_one();
        Ok(())
    }

    async fn revive_refund(
        &self,
        admin: &AdminPass,
        attempt: AttemptId,
        refund: RefundId,
        refused_on: Option<InvoiceId>,
        key: &str,
    ) -> Result<(), Error> {
        let now = self.now();
        let tx = admin.db.begin().await?;
        let payment = Some(tx.attempt_hold(attempt).await?.payment_id);
        let refund = tx.refund(refund).await?;
        let is_paid = refund.state == RefundState::Succeeded;
        for entry in tx.refund_entries(&[refund.id]).await? {
            let is_meant = match refused_on {
                Some(invoice) => entry.invoice_id == invoice && entry.state == BooksEntryState::Refused,
                None => entry.state == BooksEntryState::Posted,
            };
            if !is_meant {
                continue;
            }
            let asked = Audited::refund_post_again_asked(&entry);
            tx.audit_add(asked.slip(payment, Actor::Staff(admin.person), now)?).await?;
            if is_paid {
                let state = BooksEntryState::Intended;
                tx.refund_entry_write(RefundEntry { state, updated_at: now, ..entry }).await?;
            }
        }
        let (id, asked_ms) = (refund.id, Some(now.timestamp_millis()));
        let work = if is_paid {
            Work::PostRefund { refund: id, asked_ms }
        } else {
            Work::TakeBackRefund { refund: id, asked_ms }
        };
        work.queue(&tx, payment, now, now).await?;
        tx.exception_cured(key, now).await?;
        Ok(tx.commit().await?)
    }
}

/// What the books refused of an attempt and can be asked for again, each with what helps. The attempt is held meanwhile.
pub(crate) async fn refused_entries(tx: &MerchantTx, attempt: &Attempt) -> Result<Vec<(BooksEntry, Cure)>, Error> {
    let refunds = tx.refunds_of(&[attempt.id]).await?;
    let parts = tx.refund_parts(&refunds).await?;
    let entries = tx.books_entries(attempt.id).await?.into_iter();
    let refused = entries.filter_map(|entry| {
        let cure = again(attempt, &entry, &refunds, &parts)?;
        Some((entry, cure))
    });
    Ok(refused.collect())
}

/// Refused, and nothing of it was paid back meanwhile: of the rest, a person enters what is left (`refused_payment.rs`).
pub(crate) fn again(attempt: &Attempt, entry: &BooksEntry, refunds: &[Refund], parts: &[RefundEntry]) -> Option<Cure> {
    match entry.state {
        // We would look for it by our reference, and not find what a person has entered in their own way.
        BooksEntryState::Refused if entry.last_error.as_deref() == Some(BY_HAND) => None,
        BooksEntryState::Refused if !attempt.state.has_money() => Some(Cure::TakeOutPayment),
        BooksEntryState::Refused if never_entered(entry, refunds, parts) == 0 => Some(Cure::PostPayment),
        _ => None,
    }
}

/// Meant again: to be written, or to be taken out.
pub(crate) async fn revive(
    tx: &MerchantTx,
    actor: Actor,
    attempt: &Attempt,
    entry: &BooksEntry,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    if attempt.state.has_money() {
        tx.books_entry_revive(entry, &fresh_key(attempt, entry, now), now).await?;
    } else {
        tx.books_entry_move(entry, BooksEntryState::Leaving, entry.external_id.as_deref(), None, now).await?;
    }
    let asked = Audited::post_again_asked(entry);
    Ok(tx.audit_add(asked.slip(Some(attempt.payment_id), actor, now)?).await?)
}

pub(crate) fn write_again(attempt: &Attempt, now: DateTime<Utc>) -> Work {
    let (attempt_id, asked_ms) = (attempt.id, now.timestamp_millis());
    if attempt.state.has_money() {
        Work::PostAgain { attempt: attempt_id, asked_ms }
    } else {
        Work::TakeBackPayment { attempt: attempt_id, asked_ms }
    }
}

/// Without an id of the gateway, the old key is what the payment is found by.
fn fresh_key(attempt: &Attempt, entry: &BooksEntry, now: DateTime<Utc>) -> String {
    if attempt.charge_id.is_none() && attempt.gateway_id.is_none() {
        return entry.idempotency_key.clone();
    }
    entry.fresh_key(now)
}
