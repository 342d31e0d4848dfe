//! Disputes of cards at Authorize.Net (`wire/gateways.md`, 3.5). They are no objects there: a settled charge becomes
//! `chargeback`, and `chargebackReversal` when the bank gives the money back. No stage before that is named and no news
//! tell of either, so whoever compares the lists finds one when its money is gone.

use super::{
    AuthorizeNet, GatewayError, ReadDispute,
    find::first_day,
    replies::{Row, Text, filled},
};
use chrono::{DateTime, Utc};
use domain::{
    dispute::{DisputeReason, DisputeSeen, DisputeState},
    money::{Currency, Money},
};

/// A charge that is disputed, or was.
struct Disputed {
    id: String,
    state: DisputeState,
    amount: String,
    submitted: DateTime<Utc>,
}

impl AuthorizeNet {
    /// By the id of its charge, for it has none of its own.
    pub(super) async fn dispute(&self, id: &str) -> Result<ReadDispute, GatewayError> {
        let charge = self.details(id).await?.transaction;
        let (amount, submitted) = (charge.settle_amount.as_ref(), charge.submitted.as_ref());
        let found = Disputed::of(&charge.trans_id, &charge.transaction_status, amount, submitted);
        let read = found.and_then(|found| found.read(self.config.currency));
        read.ok_or_else(|| GatewayError::Unknown(format!("{id} is not disputed, or has no readable amount")))
    }

    /// Of the charges since then.
    pub(super) async fn list_disputes(&self, since: DateTime<Utc>) -> Result<Vec<ReadDispute>, GatewayError> {
        let rows = self.settled(since.max(first_day()), Row::disputed).await?;
        Ok(rows.into_iter().filter_map(|found| found.read(self.config.currency)).collect())
    }
}

impl Row {
    fn disputed(&self) -> Option<Disputed> {
        let (amount, submitted) = (self.settle_amount.as_ref(), self.submitted.as_ref());
        Disputed::of(&self.trans_id, &self.transaction_status, amount, submitted)
    }
}

impl Disputed {
    fn of(id: &Text, status: &str, amount: Option<&Text>, submitted: Option<&Text>) -> Option<Self> {
        let state = match status {
            "chargeback" => DisputeState::Lost,
            "chargebackReversal" => DisputeState::Won,
            _ => return None,
        };
        Some(Self {
            id: id.0.clone(),
            state,
            amount: filled(amount)?.to_owned(),
            submitted: DateTime::parse_from_rfc3339(filled(submitted)?).ok()?.to_utc(),
        })
    }

    /// When it was opened, nobody tells: its charge is as old as it at least.
    fn read(self, currency: Currency) -> Option<ReadDispute> {
        let seen = DisputeSeen {
            state: self.state,
            gateway_id: self.id.clone(),
            amount: Money::from_decimal(&self.amount, currency).ok()?,
            reason: DisputeReason::Other,
            opened_at: self.submitted,
            answer_by: None,
            page_url: None,
        };
        Some(ReadDispute { charge_gateway_id: Some(self.id), seen })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn f23_a_chargeback_is_lost_money_and_its_reversal_brings_it_back() {
        for (status, state) in [
            ("chargeback", Some(DisputeState::Lost)),
            ("chargebackReversal", Some(DisputeState::Won)),
            ("settledSuccessfully", None),
            ("returnedItem", None),
        ] {
            let row = json!({"transId": "6", "transactionStatus": status, "settleAmount": 12.34,
                "submitTimeUTC": "2026-11-25T08:15:30Z"});
            let row: Row = serde_json::from_str(&row.to_string()).expect("a row");
            let read = row.disputed().and_then(|found| found.read(Currency::USD));
            let told = read.as_ref().map(|read| (read.seen.state, read.seen.amount));
            assert_eq!(told, state.map(|state| (state, Money::new(1234, Currency::USD))), "{status}");
            assert!(read.is_none_or(|read| read.charge_gateway_id.as_deref() == Some("6")));
        }
    }
}
