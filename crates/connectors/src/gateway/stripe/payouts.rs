//! Payouts at Stripe, and what each consists of (`wire/gateways.md`, 8.2): also what other programs moved. Which lines belong
//! to a payout, Stripe says of automatic ones alone [recalled: the parameter `payout` of its balance transactions].

use super::{
    GatewayError, ListedPayout, ListedPayoutLine, Stripe, calls,
    find::{Pages, created_since},
    wire::{Expandable, Listed, OnlyId, currency},
};
use chrono::{DateTime, Utc};
use domain::{
    money::Money,
    payout::{Breakdown, PayoutLineKind, PayoutState},
};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
struct Payout {
    id: String,
    created: i64,
    arrival_date: i64,
    amount: i64,
    currency: String,
    status: Status,
    automatic: Option<bool>,
    /// Whether its lines can be listed; absent from older versions of the API.
    reconciliation_status: Option<String>,
    failure_code: Option<String>,
    failure_message: Option<String>,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Pending,
    InTransit,
    Paid,
    Failed,
    Canceled,
    #[serde(untagged)]
    Other(String),
}

impl Listed for Payout {
    fn id(&self) -> &str {
        &self.id
    }
}

#[derive(Debug, Deserialize)]
struct Line {
    id: String,
    created: i64,
    amount: i64,
    fee: i64,
    currency: String,
    #[serde(rename = "type")]
    kind: String,
    reporting_category: Option<String>,
    description: Option<String>,
    source: Option<Expandable<Source>>,
}

/// A charge, a refund, a dispute or something else; the first three name their payment.
#[derive(Debug, Deserialize)]
struct Source {
    id: String,
    payment_intent: Option<Expandable<OnlyId>>,
}

impl Listed for Line {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Stripe {
    /// One in a currency that we do not know is of nothing that we took.
    pub(super) async fn list_payouts(&self, since: DateTime<Utc>) -> Result<Vec<ListedPayout>, GatewayError> {
        self.all(&mut Pages::new("payouts", vec![created_since(since)]), Payout::read).await
    }

    pub(super) async fn list_payout_lines(&self, payout: &str) -> Result<Vec<ListedPayoutLine>, GatewayError> {
        let of = ("payout", calls::plain(payout, "po_")?.to_owned());
        let mut pages = Pages::new("balance_transactions", vec![of, ("expand[]", "data.source".to_owned())]);
        let read = self.all(&mut pages, |line: &Line| (!line.is_payout(payout)).then(|| line.read())).await?;
        // Without one of them, the others prove nothing.
        let unreadable = || GatewayError::Unknown("a line of a payout cannot be read".into());
        read.into_iter().collect::<Option<_>>().ok_or_else(unreadable)
    }
}

impl Payout {
    fn read(&self) -> Option<ListedPayout> {
        Some(ListedPayout {
            gateway_id: self.id.clone(),
            amount: Money::new(self.amount, currency(&self.currency)?),
            state: self.state(),
            arrives_on: DateTime::from_timestamp(self.arrival_date, 0)?.date_naive(),
            created_at: DateTime::from_timestamp(self.created, 0)?,
            failure: self.failure_message.clone().or_else(|| self.failure_code.clone()),
            breakdown: self.breakdown(),
        })
    }

    fn state(&self) -> PayoutState {
        match &self.status {
            Status::Paid => PayoutState::Paid,
            Status::Failed => PayoutState::Failed,
            Status::Canceled => PayoutState::Cancelled,
            Status::Pending | Status::InTransit => PayoutState::OnItsWay,
            Status::Other(status) => {
                tracing::warn!(gateway.id = self.id, status, "Stripe reports a payout's status that is not understood");
                PayoutState::OnItsWay
            }
        }
    }

    fn breakdown(&self) -> Breakdown {
        match self.reconciliation_status.as_deref() {
            _ if self.automatic != Some(true) => Breakdown::Never,
            Some("in_progress") => Breakdown::NotYet,
            Some("not_applicable") => Breakdown::Never,
            _ => Breakdown::Told,
        }
    }
}

impl Line {
    /// The payout itself leaves the balance among its lines.
    fn is_payout(&self, payout: &str) -> bool {
        self.kind == "payout" && self.source().is_none_or(|(id, _)| id == payout)
    }

    /// The ids of what moved it and of the payment that is of.
    fn source(&self) -> Option<(&str, Option<&str>)> {
        Some(match self.source.as_ref()? {
            Expandable::Id(id) => (id.as_str(), None),
            Expandable::Full(source) => (source.id.as_str(), source.payment_intent.as_ref().map(Expandable::id)),
        })
    }

    fn read(&self) -> Option<ListedPayoutLine> {
        let (currency, kind) = (currency(&self.currency)?, self.kind());
        let (gateway_id, charge) = self.source().unwrap_or((self.id.as_str(), None));
        Some(ListedPayoutLine {
            kind,
            at: DateTime::from_timestamp(self.created, 0)?,
            amount: Money::new(self.amount, currency),
            fee: Money::new(self.fee, currency),
            gateway_id: gateway_id.to_owned(),
            charge_gateway_id: charge.map(str::to_owned),
            words: self.description.clone().filter(|_| !kind.is_of_payment()),
        })
    }

    fn kind(&self) -> PayoutLineKind {
        match (self.kind.as_str(), self.reporting_category.as_deref().unwrap_or_default()) {
            ("charge" | "payment", _) => PayoutLineKind::Payment,
            ("refund" | "payment_refund" | "refund_failure", _) => PayoutLineKind::Refund,
            ("payment_failure_refund" | "payment_reversal", _) => PayoutLineKind::Returned,
            ("payout_failure" | "payout_cancel", _) => PayoutLineKind::CameBack,
            (_, "dispute" | "dispute_reversal") => PayoutLineKind::Dispute,
            ("stripe_fee" | "stripe_fx_fee" | "tax_fee", _) | (_, "fee") => PayoutLineKind::Fee,
            _ => PayoutLineKind::Adjustment,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::money::Currency;
    use serde_json::{Value, json};

    fn payout(more: Value) -> ListedPayout {
        let mut payout = json!({"id": "po_1", "created": 1_800_000_000, "arrival_date": 1_800_144_000, "amount": 500,
            "currency": "usd", "status": "paid", "automatic": true, "reconciliation_status": "completed"});
        payout.as_object_mut().expect("a payout").extend(more.as_object().expect("members").clone());
        serde_json::from_str::<Payout>(&payout.to_string()).expect("a payout").read().expect("it is read")
    }

    fn line(more: Value) -> Line {
        let mut line = json!({"id": "txn_1", "created": 1_800_000_000, "amount": 500, "fee": 45, "currency": "usd",
            "type": "charge", "reporting_category": "charge", "description": "Invoice INV-1", "source": "ch_1"});
        line.as_object_mut().expect("a line").extend(more.as_object().expect("members").clone());
        serde_json::from_str(&line.to_string()).expect("a line")
    }

    #[test]
    fn g45_every_status_of_a_payout_says_one_thing_and_by_hand_nobody_says_what_it_is_made_of() {
        for (status, state) in [
            ("pending", PayoutState::OnItsWay),
            ("in_transit", PayoutState::OnItsWay),
            ("paid", PayoutState::Paid),
            ("failed", PayoutState::Failed),
            ("canceled", PayoutState::Cancelled),
            ("held_by_martians", PayoutState::OnItsWay),
        ] {
            assert_eq!(payout(json!({"status": status})).state, state, "{status}");
        }
        for (more, breakdown) in [
            (json!({}), Breakdown::Told),
            (json!({"reconciliation_status": null}), Breakdown::Told),
            (json!({"reconciliation_status": "in_progress"}), Breakdown::NotYet),
            (json!({"automatic": false, "reconciliation_status": "not_applicable"}), Breakdown::Never),
            (json!({"automatic": null}), Breakdown::Never),
        ] {
            assert_eq!(payout(more.clone()).breakdown, breakdown, "{more}");
        }
        let failed = payout(json!({"failure_code": "account_closed", "failure_message": "It is closed."}));
        assert_eq!(failed.failure.as_deref(), Some("It is closed."));
        assert_eq!(failed.arrives_on.to_string(), "2027-01-17");
    }

    #[test]
    fn g45_a_line_says_what_it_is_of_and_the_payout_is_none_of_its_own() {
        use PayoutLineKind::{Adjustment, CameBack, Dispute, Fee, Payment, Refund, Returned};
        for (kind, category, told) in [
            ("charge", "charge", Payment),
            ("payment", "charge", Payment),
            ("refund", "refund", Refund),
            ("payment_refund", "refund", Refund),
            ("refund_failure", "refund_failure", Refund),
            ("payment_failure_refund", "charge_failure", Returned),
            ("adjustment", "dispute", Dispute),
            ("adjustment", "dispute_reversal", Dispute),
            ("stripe_fee", "fee", Fee),
            ("payout_failure", "payout_reversal", CameBack),
            ("adjustment", "other_adjustment", Adjustment),
            ("sent_by_martians", "", Adjustment),
        ] {
            assert_eq!(line(json!({"type": kind, "reporting_category": category})).kind(), told, "{kind} {category}");
        }
        let full = line(json!({"source": {"id": "ch_1", "object": "charge", "payment_intent": "pi_1"}}));
        let read = full.read().expect("it is read");
        let usd = |minor| Money::new(minor, Currency::USD);
        assert_eq!((read.gateway_id.as_str(), read.charge_gateway_id.as_deref()), ("ch_1", Some("pi_1")));
        assert_eq!((read.amount, read.fee, read.words), (usd(500), usd(45), None));
        let fee =
            line(json!({"type": "stripe_fee", "description": "Radar", "source": null})).read().expect("it is read");
        assert_eq!((fee.gateway_id.as_str(), fee.words.as_deref()), ("txn_1", Some("Radar")));
        let itself = |kind: &str, of: &str| line(json!({"type": kind, "source": {"id": of}})).is_payout("po_1");
        assert!(itself("payout", "po_1") && !itself("payout_failure", "po_0") && !itself("charge", "ch_1"));
        assert!(line(json!({"currency": "galleons"})).read().is_none());
    }
}
