//! What moved on the account's balance at Stripe, with its fees and what was paid out (`wire/gateways.md`, 8.2): also what
//! other programs moved there.

use super::{
    BalanceMove, GatewayError, Stripe,
    find::{Pages, created_since},
    wire::{Listed, currency},
};
use chrono::{DateTime, Utc};
use domain::money::Money;
use serde::Deserialize;

/// What the types of all begin with that leaves for the merchant's bank, or comes back from there.
const PAYOUT: &str = "payout";

#[derive(Debug, Deserialize)]
struct BalanceTransaction {
    id: String,
    created: i64,
    amount: i64,
    fee: i64,
    currency: String,
    #[serde(rename = "type")]
    kind: String,
}

impl Listed for BalanceTransaction {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Stripe {
    pub(super) async fn list_balance(&self, since: DateTime<Utc>) -> Result<Vec<BalanceMove>, GatewayError> {
        let mut pages = Pages::new("balance_transactions", vec![created_since(since)]);
        let read = self.all(&mut pages, |row: &BalanceTransaction| Some(row.read())).await?;
        let unreadable = || GatewayError::Unknown("a movement of the balance cannot be read".into());
        read.into_iter().collect::<Option<_>>().ok_or_else(unreadable)
    }
}

impl BalanceTransaction {
    fn read(&self) -> Option<BalanceMove> {
        let currency = currency(&self.currency)?;
        Some(BalanceMove {
            at: DateTime::from_timestamp(self.created, 0)?,
            amount: Money::new(self.amount, currency),
            fee: Money::new(self.fee, currency),
            is_payout: self.kind.starts_with(PAYOUT),
        })
    }
}
