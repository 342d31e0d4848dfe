//! One press of Refund, in the order of a charge (`take_payment.rs`): intent committed, then the gateway asked with no
//! transaction open, then what was seen recorded. The books follow what was recorded. Whatever dies in between is found
//! by the sweep.

use crate::{
    AdminPass, Engine, Error, RefundError, RefundOrder,
    audit::{Actor, Audited},
    error::known,
    failpoint,
    jobs::chain,
    order::typed,
    settle_payment::latest,
    take_payment::charge_request,
};
use connectors::gateway::{Gateway, GatewayError, RefundRequest, Refunds};
use domain::{
    asking::is_too_old_to_send,
    ids::RefundId,
    payment::{AttemptState, Source},
    planted,
    refund::{RefundFact, RefundMade, RefundMeaning, RefundRefusal, RefundSeen, RefundState},
};
use store::{Attempt, BooksEntry, Invoice, MerchantDb, NewSlip, OpenedRefund, Refund, left_to_refund};
use uuid::Uuid;

const REASON_MAX_CHARS: usize = 500;

impl Engine {
    /// Pays money of a payment back once. The same refund id again changes nothing, and is refused for another amount.
    /// How it stands is told by the payment's story.
    ///
    /// # Errors
    /// Why nothing was started; nothing was paid back then, unless it is [`RefundError::Unsure`].
    pub async fn refund_payment(&self, admin: &AdminPass, order: RefundOrder) -> Result<(), RefundError> {
        let db = admin.db.clone();
        let mut attempt = latest(&db, order.payment).await?;
        let connection = db.connection(attempt.connection_id).await?;
        let gateway = self.gateway_of(&db, &connection)?;
        // A form that was used is answered by what became of it, below.
        let is_used = known(db.refund(order.refund).await)?.is_some();
        match gateway.capabilities().refunds {
            Refunds::Allowed => {}
            Refunds::WholeUntilSettled if is_used || order.amount == attempt.amount()? => {}
            Refunds::WholeUntilSettled => {
                if is_unsettled(&attempt) {
                    // Nobody tells of settlement unasked.
                    self.look_up(&db, &attempt, Source::LookUp).await?;
                    attempt = latest(&db, order.payment).await?;
                }
                if is_unsettled(&attempt) {
                    return Err(RefundError::PartTooEarly);
                }
            }
            Refunds::Whole(_) if is_used || order.amount == attempt.amount()? => {}
            Refunds::Whole(instead) | Refunds::No(instead) => return Err(RefundError::NotHere(instead)),
        }
        let is_owed_again = order.meaning == RefundMeaning::StillOwed;
        if is_owed_again && !is_used && !pays_an_invoice(&db.books_shares(attempt.id).await?) {
            return Err(RefundError::Refused(RefundRefusal::NotAllOwed));
        }
        let surcharge_minor = if order.with_surcharge {
            let refunds = db.refunds_of(&[attempt.id]).await?;
            let left = left_to_refund(&attempt, &refunds, &db.disputes_of(&[attempt.id]).await?)?;
            left.surcharge_in(order.amount.minor)
        } else {
            0
        };
        let refund = self.new_refund(admin, &attempt, order, surcharge_minor);
        let asked = Audited::refund_asked(&refund)?;
        let slip = asked.slip(Some(attempt.payment_id), Actor::Staff(admin.person), refund.created_at)?;
        failpoint::reach("before_refund_intent");
        match open(&db, &refund, slip).await? {
            OpenedRefund::New => {}
            OpenedRefund::Same => return Ok(()),
            OpenedRefund::Refused(refusal) => return Err(RefundError::Refused(refusal)),
        }
        failpoint::reach("after_refund_intent");
        let (engine, id) = (self.clone(), refund.id);
        // A task of its own: whoever closes the page must not break it off half-way.
        let sent = tokio::spawn(async move { engine.send_refund(&db, gateway.as_ref(), &attempt, &refund).await });
        // What died, or could not be written down, leaves a refund of which nothing was heard.
        if let Ok(Err(cause)) = sent.await {
            tracing::error!(refund.id = %id, cause = %chain(&cause), "What a refund came to could not be recorded; the sweep will ask.");
        }
        Ok(())
    }

    fn new_refund(&self, admin: &AdminPass, attempt: &Attempt, order: RefundOrder, surcharge_minor: i64) -> Refund {
        let now = self.now();
        Refund {
            merchant_id: admin.db.merchant_id(),
            id: order.refund,
            attempt_id: attempt.id,
            made: RefundMade::Here,
            meaning: order.meaning,
            currency: order.amount.currency.code().to_owned(),
            amount_minor: order.amount.minor,
            surcharge_minor,
            charge_gateway_id: attempt.gateway_id.clone().unwrap_or_default(),
            reason: typed(&order.reason, REASON_MAX_CHARS),
            asked_by: admin.who.email.clone(),
            state: RefundState::Created,
            failure: None,
            contradicted: false,
            gateway_id: None,
            created_at: now,
            updated_at: now,
        }
    }

    async fn send_refund(
        &self,
        db: &MerchantDb,
        gateway: &dyn Gateway,
        attempt: &Attempt,
        refund: &Refund,
    ) -> Result<(), Error> {
        if is_too_old_to_send(refund.created_at, self.now()) {
            // This process was frozen meanwhile, and the sweep may be at it or have ended it.
            return Ok(());
        }
        let seen = observed(gateway.refund(&refund_request(attempt, refund)?).await);
        failpoint::reach("after_refund");
        self.record_refund(db, refund.id, seen, Source::Reply).await?;
        failpoint::reach("after_refund_record");
        Ok(())
    }
}

/// Commits the intent. Where nobody says whether that was done, the same once more tells, as with a payment's.
async fn open(db: &MerchantDb, new: &Refund, slip: NewSlip) -> Result<OpenedRefund, RefundError> {
    match db.refund_open(new.clone(), slip.clone()).await {
        Err(store::Error::Unacknowledged(cause)) => {
            tracing::warn!(refund.id = %new.id, %cause, "It was not said whether a refund stands, and is tried again.");
            db.refund_open(new.clone(), slip).await.map_err(RefundError::Unsure)
        }
        settled => Ok(settled?),
    }
}

/// Something of it was owed before it was paid; what stays as credit was not.
pub(crate) fn pays_an_invoice(shares: &[(BooksEntry, Invoice)]) -> bool {
    shares.iter().any(|(share, invoice)| invoice.advance.is_none() && !share.is_surcharge())
}

/// As far as we know, what was taken can still be called off.
pub(crate) fn is_unsettled(attempt: &Attempt) -> bool {
    attempt.state.has_money() && attempt.state != AttemptState::Settled
}

/// The request of a refund, the same whenever it is built: it is sent again to look the refund up.
pub(crate) fn refund_request(attempt: &Attempt, refund: &Refund) -> Result<RefundRequest, Error> {
    Ok(RefundRequest {
        refund: if planted::is("refund_key_per_try") { RefundId(Uuid::now_v7()) } else { refund.id },
        charge: charge_request(attempt)?,
        charge_gateway_id: refund.charge_gateway_id.clone(),
        amount: refund.amount()?,
    })
}

/// What a call's end says about the refund. Busy and unknown alike leave it open.
fn observed(reply: Result<RefundSeen, GatewayError>) -> RefundSeen {
    match reply {
        Ok(seen) => seen,
        Err(cause) => {
            tracing::warn!(%cause, "A refund was not answered plainly.");
            RefundSeen::bare(match cause {
                GatewayError::NotSent(_) => RefundFact::NotSent,
                GatewayError::Refused { code, .. } => RefundFact::Refused { code },
                GatewayError::Busy { .. } | GatewayError::Unknown(_) => RefundFact::Unanswered,
            })
        }
    }
}
