//! Refunds at Stripe (`wire/gateways.md`, 2.6): sent by the key of the refund, found in the payment's own list or by
//! the same key, and never sent a second time by another.

use super::{
    Found, GatewayError, ListedRefund, RefundLookUp, RefundRequest, Stripe,
    calls::{self, IDEMPOTENCY_ERROR, Id},
    find::{Pages, REPLAY_MAX, created_since},
    form,
    wire_refunds::Refund,
};
use crate::gateway::refused;
use chrono::{DateTime, Utc};
use domain::refund::RefundSeen;
use reqwest::Method;

impl Stripe {
    /// Sent again, it is the same request with the same key: Stripe then repeats its first answer.
    pub(super) async fn send_refund(&self, request: &RefundRequest) -> Result<RefundSeen, GatewayError> {
        let fields = form::refund(request, intent_of(request)?);
        let call = self.call(Method::POST, "refunds").header("Idempotency-Key", request.refund.to_string());
        Ok(self.json::<Refund>(call.form(&fields)).await?.observe())
    }

    /// The list first: it tells what was made, whatever became of the answer. What it lacks is sent once more while the
    /// key is surely kept; a replay that executes *is* the refund.
    pub(super) async fn look_up_refund(&self, look_up: &RefundLookUp) -> Result<Found<RefundSeen>, GatewayError> {
        let request = &look_up.request;
        if let Some(id) = &look_up.gateway_id {
            return Ok(Found::Seen(self.refund_by_id(id).await?.observe()));
        }
        if let Some(seen) = self.told_refund(look_up).await? {
            return Ok(Found::Seen(seen));
        }
        let mut pages = Pages::new("refunds", vec![("payment_intent", intent_of(request)?.to_owned())]);
        let ours = |refund: &Refund| (refund.refund() == Some(request.refund)).then(|| refund.observe());
        if let Some(seen) = self.all(&mut pages, ours).await?.pop() {
            return Ok(Found::Seen(seen));
        }
        if (self.config.clock)() - look_up.sent_at >= REPLAY_MAX {
            return Ok(Found::NotThere);
        }
        match self.send_refund(request).await {
            Ok(seen) => Ok(Found::Seen(seen)),
            // The key was used with other words, and keeps its own first answer.
            Err(GatewayError::Refused { code, .. }) if code == IDEMPOTENCY_ERROR => Ok(Found::TooEarlyToSay),
            // Kept answers come before validation: what is refused now was not made then.
            Err(GatewayError::Refused { .. }) => Ok(Found::NotThere),
            Err(error) => Err(error),
        }
    }

    /// The one that was told of, where it bears this refund's name. Whatever else it is, the list decides.
    async fn told_refund(&self, look_up: &RefundLookUp) -> Result<Option<RefundSeen>, GatewayError> {
        let Some(id) = &look_up.told else { return Ok(None) };
        match self.refund_by_id(id).await {
            Ok(refund) => Ok((refund.refund() == Some(look_up.request.refund)).then(|| refund.observe())),
            Err(GatewayError::Refused { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn refund_by_id(&self, id: &str) -> Result<Refund, GatewayError> {
        let path = format!("refunds/{}", calls::plain(id, "re_")?);
        self.json(self.call(Method::GET, &path)).await
    }

    pub(super) async fn list_refunds(&self, since: DateTime<Utc>) -> Result<Vec<ListedRefund>, GatewayError> {
        self.all(&mut Pages::new("refunds", vec![created_since(since)]), Refund::listed).await
    }
}

/// A page of Stripe's that was paid has become the payment that it made.
fn intent_of(request: &RefundRequest) -> Result<&str, GatewayError> {
    match Id::parse(&request.charge_gateway_id)? {
        Id::Intent(id) => Ok(id),
        Id::Session(_) => Err(refused("unknown_id", "a page that was not paid")),
    }
}
