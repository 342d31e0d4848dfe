//! Refunds at Global Payments (`wire/gateways.md`, 5.2): sent by the key of the refund, and found by sending it once more.
//! They bear no name of ours, so that later the list can say that there is none, and not whose one is: that, a person can.

use super::{
    Found, GatewayError, GlobalPayments, ListedRefund, ReadRefund, RefundLookUp, RefundRequest,
    calls::{self, TRANSACTION, made_another, made_before, plain},
    find::REPLAY_MAX,
    wire::{OnlyAmount, REFUND, Transaction},
};
use crate::gateway::refused;
use chrono::{DateTime, TimeDelta, Utc};
use domain::refund::RefundSeen;

/// The gateway's clock may be behind ours by so much.
const CLOCKS_APART: TimeDelta = TimeDelta::minutes(15);

impl GlobalPayments {
    pub(super) async fn send_refund(&self, request: &RefundRequest) -> Result<RefundSeen, GatewayError> {
        let path = format!("transactions/{}/refund", plain(&request.charge_gateway_id, TRANSACTION)?);
        let call = self.post(&path, &request.refund.to_string(), &OnlyAmount::of(request.amount));
        let answer = self.send(call).await?;
        let Some(id) = made_before(&answer) else { return Ok(calls::read::<Transaction>(&answer)?.observe_refund()) };
        let made: Transaction = self.read_made("transactions", &id).await?;
        if may_be(&made, request) { Ok(made.observe_refund()) } else { Err(made_another()) }
    }

    /// What is refused now may have been made then, as with charges.
    pub(super) async fn look_up_refund(&self, look_up: &RefundLookUp) -> Result<Found<RefundSeen>, GatewayError> {
        if let Some(id) = &look_up.gateway_id {
            return Ok(Found::Seen(self.transaction(id).await?.observe_refund()));
        }
        if (self.config.clock)() - look_up.sent_at >= REPLAY_MAX {
            if let Some(seen) = self.told_refund(look_up).await? {
                return Ok(Found::Seen(seen));
            }
            return self.unless_listed(look_up, Found::NotThere).await;
        }
        match self.send_refund(&look_up.request).await {
            Ok(seen) => Ok(Found::Seen(seen)),
            Err(GatewayError::Unknown(_) | GatewayError::Refused { .. }) => {
                self.unless_listed(look_up, Found::TooEarlyToSay).await
            }
            Err(error) => Err(error),
        }
    }

    /// The one that was told of, where it says itself that it is of this charge, over as much and not older. If somebody else
    /// has made it, ours has another id once it turns up, and is taken in as theirs would be.
    async fn told_refund(&self, look_up: &RefundLookUp) -> Result<Option<RefundSeen>, GatewayError> {
        let (Some(id), request) = (&look_up.told, &look_up.request) else { return Ok(None) };
        let is_it = |made: &Transaction| {
            let is_of_charge = made.parent() == Some(request.charge_gateway_id.as_str());
            made.is_refund() && is_of_charge && made.money() == Some(request.amount)
        };
        match self.transaction(id).await {
            Ok(made) if is_it(&made) && made.is_since(look_up.sent_at - CLOCKS_APART) => {
                Ok(Some(made.observe_refund()))
            }
            Ok(_) | Err(GatewayError::Refused { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// `otherwise`, when none that was made since then can be this one. One that can may be somebody else's, so that nothing
    /// is known.
    async fn unless_listed(
        &self,
        look_up: &RefundLookUp,
        otherwise: Found<RefundSeen>,
    ) -> Result<Found<RefundSeen>, GatewayError> {
        let since = look_up.sent_at - CLOCKS_APART;
        let rows = self.list(REFUND, since, &[]).await?;
        if rows.iter().any(|row| row.is_since(since) && may_be(row, &look_up.request)) {
            return Ok(Found::TooEarlyToSay);
        }
        Ok(otherwise)
    }

    pub(super) async fn refund_by_id(&self, id: &str) -> Result<ReadRefund, GatewayError> {
        let refund = self.transaction(id).await?;
        if !refund.is_refund() {
            return Err(refused("not_a_refund", "the id is not that of a refund"));
        }
        let charge_gateway_id = refund.parent().map(str::to_owned);
        Ok(ReadRefund { refund: None, charge_gateway_id, seen: refund.observe_refund(), made_at: refund.made_at() })
    }

    pub(super) async fn list_refunds(&self, since: DateTime<Utc>) -> Result<Vec<ListedRefund>, GatewayError> {
        let rows = self.list(REFUND, since, &[]).await?;
        let new = rows.iter().filter(|row| row.is_since(since) && row.is_refund());
        Ok(new.filter_map(Transaction::listed_refund).collect())
    }
}

/// A refund of the same charge, or of one that it does not tell, over as much.
fn may_be(made: &Transaction, request: &RefundRequest) -> bool {
    let is_of_charge = made.parent().is_none_or(|charge| charge == request.charge_gateway_id);
    made.is_refund() && is_of_charge && made.money().is_none_or(|amount| amount == request.amount)
}
