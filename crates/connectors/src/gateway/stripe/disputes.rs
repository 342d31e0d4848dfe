//! Disputes at Stripe (`wire/gateways.md`, 2.4 and 2.8): what each status says, and where staff answer it. Stripe takes
//! the money when a dispute is opened, and gives it back when it is won; an inquiry takes none.

use super::{
    GatewayError, ReadDispute, Stripe, calls,
    find::{Pages, created_since},
    wire::{Expandable, Listed, OnlyId, currency},
};
use chrono::{DateTime, Utc};
use domain::{
    dispute::{DisputeReason, DisputeSeen, DisputeState},
    money::Money,
};
use reqwest::Method;
use serde::Deserialize;

/// Where a person sees to disputes; those of test accounts below `/test` [recalled].
const CONSOLE: &str = "https://dashboard.stripe.com";

#[derive(Debug, Deserialize)]
struct Dispute {
    id: String,
    created: i64,
    amount: i64,
    currency: String,
    reason: Option<String>,
    status: Option<Status>,
    livemode: Option<bool>,
    payment_intent: Option<Expandable<OnlyId>>,
    evidence_details: Option<Evidence>,
}

#[derive(Debug, Deserialize)]
struct Evidence {
    due_by: Option<i64>,
}

/// An inquiry, whose statuses begin with `warning`, asks before anything is taken.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    WarningNeedsResponse,
    WarningUnderReview,
    WarningClosed,
    NeedsResponse,
    UnderReview,
    Prevented,
    Won,
    Lost,
    #[serde(untagged)]
    Other(String),
}

impl Listed for Dispute {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Stripe {
    pub(super) async fn dispute(&self, id: &str) -> Result<ReadDispute, GatewayError> {
        let path = format!("disputes/{}", calls::plain(id, "dp_")?);
        let dispute: Dispute = self.json(self.call(Method::GET, &path)).await?;
        dispute.read().ok_or_else(|| GatewayError::Unknown(format!("{id} has no readable amount")))
    }

    /// One in a currency that we do not know is of nothing that we took.
    pub(super) async fn list_disputes(&self, since: DateTime<Utc>) -> Result<Vec<ReadDispute>, GatewayError> {
        self.all(&mut Pages::new("disputes", vec![created_since(since)]), Dispute::read).await
    }
}

impl Dispute {
    fn read(&self) -> Option<ReadDispute> {
        let moment = |seconds| DateTime::from_timestamp(seconds, 0);
        let charge_gateway_id = self.payment_intent.as_ref().map(|intent| intent.id().to_owned());
        let test = if self.livemode == Some(false) { "/test" } else { "" };
        let page_url = calls::plain(&self.id, "dp_").ok().map(|id| format!("{CONSOLE}{test}/disputes/{id}"));
        let seen = DisputeSeen {
            state: self.state(),
            gateway_id: self.id.clone(),
            amount: Money::new(self.amount, currency(&self.currency)?),
            reason: self.reason(),
            opened_at: moment(self.created)?,
            answer_by: self.evidence_details.as_ref().and_then(|evidence| moment(evidence.due_by?)),
            page_url,
        };
        Some(ReadDispute { charge_gateway_id, seen })
    }

    fn state(&self) -> DisputeState {
        use Status::{NeedsResponse, UnderReview, WarningNeedsResponse, WarningUnderReview};
        match &self.status {
            Some(Status::Lost) => DisputeState::Lost,
            // Neither an inquiry that ended nor a dispute that was prevented has taken anything.
            Some(Status::Won | Status::WarningClosed | Status::Prevented) => DisputeState::Won,
            Some(WarningNeedsResponse | WarningUnderReview) => DisputeState::Inquiry,
            Some(NeedsResponse | UnderReview) => DisputeState::Open,
            status => {
                tracing::warn!(
                    gateway.id = self.id,
                    ?status,
                    "Stripe reports a dispute's status that is not understood"
                );
                DisputeState::Open
            }
        }
    }

    fn reason(&self) -> DisputeReason {
        match self.reason.as_deref() {
            Some("fraudulent") => DisputeReason::Fraud,
            Some("unrecognized") => DisputeReason::Unrecognised,
            Some("duplicate") => DisputeReason::Duplicate,
            Some("product_not_received") => DisputeReason::NotReceived,
            Some("product_unacceptable") => DisputeReason::NotAsAgreed,
            Some("credit_not_processed") => DisputeReason::CreditMissing,
            Some("subscription_canceled") => DisputeReason::Cancelled,
            _ => DisputeReason::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::money::Currency;
    use serde_json::{Value, json};

    fn read(more: Value) -> Option<ReadDispute> {
        let mut dispute = json!({"id": "dp_1", "created": 1_800_000_000, "amount": 500, "currency": "usd",
            "reason": "fraudulent", "status": "needs_response", "livemode": false, "payment_intent": "pi_1",
            "evidence_details": {"due_by": 1_800_777_600}});
        dispute.as_object_mut().expect("a dispute").extend(more.as_object().expect("members").clone());
        serde_json::from_str::<Dispute>(&dispute.to_string()).expect("a dispute").read()
    }

    #[test]
    fn f23_every_status_of_a_dispute_says_one_thing() {
        for (status, state) in [
            (json!("needs_response"), DisputeState::Open),
            (json!("under_review"), DisputeState::Open),
            (json!("warning_needs_response"), DisputeState::Inquiry),
            (json!("warning_under_review"), DisputeState::Inquiry),
            (json!("warning_closed"), DisputeState::Won),
            (json!("prevented"), DisputeState::Won),
            (json!("won"), DisputeState::Won),
            (json!("lost"), DisputeState::Lost),
            (json!("held_by_martians"), DisputeState::Open),
            (json!(null), DisputeState::Open),
        ] {
            let told = read(json!({"status": status})).expect("it is read").seen;
            assert_eq!((told.state, told.amount), (state, Money::new(500, Currency::USD)), "{status}");
        }
    }

    #[test]
    fn g39_it_says_until_when_and_where_it_is_answered() {
        let test = read(json!({})).expect("it is read");
        assert_eq!(test.charge_gateway_id.as_deref(), Some("pi_1"));
        assert_eq!(test.seen.answer_by.map(|at| at.timestamp()), Some(1_800_777_600));
        assert_eq!(test.seen.page_url.as_deref(), Some("https://dashboard.stripe.com/test/disputes/dp_1"));
        let live = read(json!({"livemode": true, "evidence_details": {"due_by": null}})).expect("it is read");
        assert_eq!(live.seen.page_url.as_deref(), Some("https://dashboard.stripe.com/disputes/dp_1"));
        assert_eq!(live.seen.answer_by, None);
        let odd = read(json!({"id": "dp_1/../refunds", "payment_intent": {"id": "pi_2"}})).expect("it is read");
        assert_eq!((odd.seen.page_url, odd.charge_gateway_id.as_deref()), (None, Some("pi_2")));
        assert_eq!(read(json!({"currency": "galleons"})), None);
    }
}
