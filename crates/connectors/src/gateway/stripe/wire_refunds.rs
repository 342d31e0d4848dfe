//! What Stripe says of refunds (`wire/gateways.md`, 2.6).

use super::{
    form::REFUND,
    wire::{Expandable, Listed, OnlyId, currency},
};
use crate::gateway::{ListedRefund, ReadRefund};
use chrono::DateTime;
use domain::{
    ids::RefundId,
    money::Money,
    refund::{RefundFact, RefundFailure, RefundSeen},
};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Failed ones keep their row: the money is back in the balance then (2.6).
#[derive(Debug, Deserialize)]
pub struct Refund {
    pub id: String,
    created: Option<i64>,
    status: Option<RefundStatus>,
    amount: i64,
    currency: String,
    failure_reason: Option<String>,
    payment_intent: Option<Expandable<OnlyId>>,
    metadata: Option<BTreeMap<String, String>>,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RefundStatus {
    Pending,
    RequiresAction,
    Succeeded,
    Failed,
    Canceled,
    #[serde(untagged)]
    Other(String),
}

impl Listed for Refund {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Refund {
    /// Which of our refunds it is, when it is ours.
    pub fn refund(&self) -> Option<RefundId> {
        self.metadata.as_ref()?.get(REFUND)?.parse().ok()
    }

    pub fn observe(&self) -> RefundSeen {
        RefundSeen { fact: self.fact(), gateway_id: Some(self.id.clone()), amount: self.money() }
    }

    pub fn read(&self) -> ReadRefund {
        let made_at = self.created.and_then(|created| DateTime::from_timestamp(created, 0));
        ReadRefund { refund: self.refund(), charge_gateway_id: self.payment(), seen: self.observe(), made_at }
    }

    /// Stripe's id of the payment that it is of.
    fn payment(&self) -> Option<String> {
        self.payment_intent.as_ref().map(|intent| intent.id().to_owned())
    }

    pub fn listed(&self) -> Option<ListedRefund> {
        let charge_gateway_id = self.payment();
        let (gateway_id, amount) = (self.id.clone(), self.money()?);
        let is_paid = self.fact() == RefundFact::Succeeded;
        Some(ListedRefund { refund: self.refund(), charge_gateway_id, gateway_id, amount, is_paid })
    }

    fn fact(&self) -> RefundFact {
        match &self.status {
            Some(RefundStatus::Succeeded) => RefundFact::Succeeded,
            Some(RefundStatus::Failed) => RefundFact::Failed { reason: self.failure() },
            Some(RefundStatus::Canceled) => RefundFact::Canceled,
            Some(RefundStatus::Pending | RefundStatus::RequiresAction) => RefundFact::Pending,
            status => {
                tracing::warn!(
                    gateway.id = self.id,
                    ?status,
                    "Stripe reports a refund's status that is not understood"
                );
                RefundFact::Pending
            }
        }
    }

    fn failure(&self) -> RefundFailure {
        match self.failure_reason.as_deref() {
            Some("expired_or_canceled_card" | "lost_or_stolen_card") => RefundFailure::CardGone,
            Some("insufficient_funds") => RefundFailure::NoBalance,
            Some("charge_for_pending_refund_disputed") => RefundFailure::Disputed,
            _ => RefundFailure::Declined,
        }
    }

    fn money(&self) -> Option<Money> {
        Some(Money::new(self.amount, currency(&self.currency)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::money::Currency;
    use serde_json::{Value, json};

    #[test]
    fn g37_every_status_of_a_refund_says_one_thing() {
        let refund = |more: Value| {
            let mut refund = json!({"id": "re_1", "amount": 500, "currency": "usd", "payment_intent": "pi_1",
                "metadata": {"refund_id": "rfd_00000000000000000000000000000007"}});
            refund.as_object_mut().expect("a refund").extend(more.as_object().expect("members").clone());
            serde_json::from_str::<Refund>(&refund.to_string()).expect("a refund")
        };
        let failed = |reason| RefundFact::Failed { reason };
        for (more, fact) in [
            (json!({"status": "succeeded"}), RefundFact::Succeeded),
            (json!({"status": "pending", "pending_reason": "processing"}), RefundFact::Pending),
            (json!({"status": "requires_action"}), RefundFact::Pending),
            (json!({"status": "canceled", "failure_reason": "merchant_request"}), RefundFact::Canceled),
            (json!({"status": "failed", "failure_reason": "lost_or_stolen_card"}), failed(RefundFailure::CardGone)),
            (json!({"status": "failed", "failure_reason": "insufficient_funds"}), failed(RefundFailure::NoBalance)),
            (json!({"status": "failed"}), failed(RefundFailure::Declined)),
            (json!({"status": null}), RefundFact::Pending),
            (json!({"status": "held_by_martians"}), RefundFact::Pending),
        ] {
            let seen = refund(more.clone()).observe();
            assert_eq!((seen.fact, seen.amount), (fact, Some(Money::new(500, Currency::USD))), "{more}");
        }
        let listed = refund(json!({"status": "succeeded", "payment_intent": {"id": "pi_2"}})).listed().expect("a row");
        assert_eq!((listed.charge_gateway_id.as_deref(), listed.is_paid), (Some("pi_2"), true));
        assert_eq!(listed.refund.map(|id| id.0.as_u128()), Some(7));
        assert_eq!(refund(json!({"status": "failed", "metadata": {}})).listed().and_then(|row| row.refund), None);
    }
}
