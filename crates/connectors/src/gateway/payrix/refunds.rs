//! Refunds at Payrix: asked for as `wire/gateways.md`, 4.2, has it. What is answered to that is not public, so nothing is
//! read of it: that all of a charge was paid back, the charge says. Of parts it says their sum alone, which may be somebody
//! else's, so none are made here.

use super::{
    Found, GatewayError, Payrix, RefundLookUp, RefundRequest,
    calls::NONE,
    refused,
    wire::{NewRefund, Transaction},
};
use domain::{
    asking::SENT_AGAIN_WITHIN,
    refund::{RefundFact, RefundSeen},
};
use reqwest::Method;

/// There is one of that reference already (4.3).
const DUPLICATE: &str = "DuplicateTransaction";

impl Payrix {
    /// Once for each id: what the charge says of itself comes first, and the reference is unique there.
    pub(super) async fn send_refund(&self, request: &RefundRequest) -> Result<RefundSeen, GatewayError> {
        if request.amount != request.charge.amount {
            return Err(refused("whole_only", "only the whole of a payment is refunded from here"));
        }
        let made = self.charged(request).await?;
        let (charge, back) = made.paid_back(request.charge.attempt)?;
        // Without it, nobody could say what comes of this.
        let back = back.ok_or_else(|| refused("not_told", "what was paid back of the charge is not told"))?;
        if back == request.amount {
            return Ok(seen(request, RefundFact::Succeeded));
        }
        if back.minor != 0 {
            return Err(refused("paid_back_in_part", "a part of it was refunded in the gateway's own portal"));
        }
        let path = format!("transactions/card-payments/{charge}/refunds");
        match self.done(self.call(Method::POST, &path).json(&NewRefund::of(request)?)).await {
            Err(GatewayError::Refused { code, .. }) if code == DUPLICATE => {}
            sent => sent?,
        }
        // It was taken: when that cannot be read now, a look-up reads it.
        let is_back = self.is_back(request).await.unwrap_or(false);
        Ok(seen(request, if is_back { RefundFact::Succeeded } else { RefundFact::Pending }))
    }

    /// Sent again, it is the same refund, while nobody expects it to be over. Afterwards the charge alone tells.
    pub(super) async fn look_up_refund(&self, look_up: &RefundLookUp) -> Result<Found<RefundSeen>, GatewayError> {
        let request = &look_up.request;
        if self.is_back(request).await? {
            return Ok(Found::Seen(seen(request, RefundFact::Succeeded)));
        }
        let age = (self.config.clock)() - look_up.sent_at;
        if look_up.gateway_id.is_none() && age < SENT_AGAIN_WITHIN {
            return self.send_refund(request).await.map(Found::Seen);
        }
        Ok(Found::TooEarlyToSay)
    }

    async fn is_back(&self, request: &RefundRequest) -> Result<bool, GatewayError> {
        let made = self.charged(request).await?;
        Ok(made.paid_back(request.charge.attempt)?.1 == Some(request.amount))
    }

    /// The charge as it stands: by its page, of which answers are known to the letter, or by its reference.
    async fn charged(&self, request: &RefundRequest) -> Result<Transaction, GatewayError> {
        let attempt = request.charge.attempt;
        if !request.charge_gateway_id.is_empty() {
            match self.page(&request.charge_gateway_id).await {
                Err(GatewayError::Refused { code, .. }) if NONE.contains(&code.as_str()) => {}
                page => {
                    let made = page?.into_transaction();
                    return made.ok_or_else(|| GatewayError::Unknown("nothing was paid on its page".into()));
                }
            }
        }
        let made = self.transaction_of(attempt).await?;
        made.ok_or_else(|| refused("no_charge", "the gateway has no payment of that reference"))
    }
}

/// By the reference that we gave it: of its own number there nothing is known.
fn seen(request: &RefundRequest, fact: RefundFact) -> RefundSeen {
    RefundSeen { fact, gateway_id: Some(request.refund.to_string()), amount: Some(request.amount) }
}
