//! What a person does about an outcome that stays open: has the gateway asked now instead of when its turn comes. What it
//! says goes the one way in; nobody but a gateway says what became of a charge.

use crate::{
    Engine, Error,
    jobs::{Work, chain},
};
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
        let has_moved = states(&attempts, &refunds) != states(&now_attempts, &now_refunds);
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

fn states(attempts: &[Attempt], refunds: &[Refund]) -> (Vec<AttemptState>, Vec<RefundState>) {
    (attempts.iter().map(|attempt| attempt.state).collect(), refunds.iter().map(|refund| refund.state).collect())
}
