//! What a person does first about an outcome that stays open: has the gateway asked now instead of when its turn comes. What
//! it says goes the one way in. Where it never says anything, they decide (`decide_outcome.rs`).

use crate::{Engine, Error, jobs::chain, work::Work};
use chrono::{DateTime, Utc};
use domain::{
    asking::{LOOK_UP_AFTER, SENT_AGAIN_WITHIN},
    exception::DifferenceKind,
    ids::PaymentId,
    payment::AttemptState,
    refund::RefundState,
};
use store::{Attempt, MerchantDb, Refund};

impl Engine {
    /// What the gateway says goes the one way in. A gateway that cannot be reached is asked again by itself.
    pub(crate) async fn ask_gateway_now(&self, db: &MerchantDb, payment: PaymentId, key: &str) -> Result<(), Error> {
        let (attempts, refunds) = of_payment(db, payment).await?;
        let told = DifferenceKind::ChargeNotTaken.about(key);
        if let Err(cause) = self.ask_about_all(db, &attempts, &refunds, told).await {
            tracing::warn!(payment.id = %payment, cause = %chain(&cause), "A gateway could not be asked at once.");
        }
        let (now_attempts, now_refunds) = of_payment(db, payment).await?;
        let (now, tx) = (self.now(), db.begin().await?);
        for attempt in now_attempts.iter().filter(|attempt| attempt.state.is_open()) {
            // Whatever the answer was, somebody goes on asking.
            if self.may_be_asked(true, None, attempt.created_at) {
                Work::LookUp { attempt: attempt.id }.queue_again(&tx, Some(payment), now).await?;
            }
        }
        let has_moved = has_moved(key, &states(&attempts, &refunds), &states(&now_attempts, &now_refunds));
        if has_moved || DifferenceKind::Unasked.about(key).is_some() {
            tx.exception_cured(key, now).await?;
        }
        tx.commit().await?;
        self.0.bell.notify_one();
        Ok(())
    }

    /// `told` is the id of a charge that the gateway lists for one of these attempts.
    async fn ask_about_all(
        &self,
        db: &MerchantDb,
        attempts: &[Attempt],
        refunds: &[Refund],
        told: Option<&str>,
    ) -> Result<(), Error> {
        for attempt in attempts {
            // From then on, one that has ended without an id is looked for and not sent.
            let may_be_told = told.is_some() && self.now() - attempt.created_at > SENT_AGAIN_WITHIN;
            if may_be_told
                || self.may_be_asked(attempt.state.is_open(), attempt.gateway_id.as_ref(), attempt.created_at)
            {
                self.read_charge_again(db, attempt, told.map(str::to_owned)).await?;
            }
        }
        for refund in refunds {
            if self.may_be_asked(refund.state.is_open(), refund.gateway_id.as_ref(), refund.created_at) {
                self.read_refund_again(db, refund).await?;
            }
        }
        Ok(())
    }

    /// Not while it is being sent; and what has ended without an id there must not be sent by asking.
    fn may_be_asked(&self, is_open: bool, gateway_id: Option<&String>, began: DateTime<Utc>) -> bool {
        (is_open || gateway_id.is_some()) && self.now() - began > LOOK_UP_AFTER
    }
}

async fn of_payment(db: &MerchantDb, payment: PaymentId) -> Result<(Vec<Attempt>, Vec<Refund>), Error> {
    let attempts = db.attempts_of(payment).await?;
    let ids: Vec<_> = attempts.iter().map(|attempt| attempt.id).collect();
    Ok((attempts, db.refunds_of(&ids).await?))
}

/// Of a payment's attempts and refunds.
type States = (Vec<AttemptState>, Vec<RefundState>);

fn states(attempts: &[Attempt], refunds: &[Refund]) -> States {
    (attempts.iter().map(|attempt| attempt.state).collect(), refunds.iter().map(|refund| refund.state).collect())
}

/// Whether what such a difference is about stands otherwise now. That a payment was found settled beside it ends no
/// difference of its refund.
fn has_moved(key: &str, before: &States, now: &States) -> bool {
    let of_refund = [DifferenceKind::RefundDiffers, DifferenceKind::RefundMissing];
    if of_refund.iter().any(|kind| kind.about(key).is_some()) { before.1 != now.1 } else { before.0 != now.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g44_a_difference_ends_when_what_it_is_about_has_moved_and_not_by_what_was_heard_beside_it() {
        let before = (vec![AttemptState::Approved], vec![RefundState::Succeeded]);
        let settled = (vec![AttemptState::Settled], vec![RefundState::Succeeded]);
        let failed = (vec![AttemptState::Approved], vec![RefundState::Failed]);
        for (key, by_settled, by_failed) in [
            ("refund_missing:ref_1", false, true),
            ("refund_differs:ref_1", false, true),
            ("bank_silent:att_1", true, false),
        ] {
            assert!(!has_moved(key, &before, &before), "{key}");
            assert_eq!(has_moved(key, &before, &settled), by_settled, "{key}");
            assert_eq!(has_moved(key, &before, &failed), by_failed, "{key}");
        }
    }
}
