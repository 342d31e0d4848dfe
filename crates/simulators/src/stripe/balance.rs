//! Balance transactions: each movement of the account's balance, for reconciliation. Source: `wire/gateways.md`, 8.2.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::bank_accounts::Scheme;
use super::calendar::DAY_SECONDS;
use super::form::Params;
use super::listing;
use super::methods::Means;
use super::operation::{Answer, Operation};
use super::refusal::Refusal;

/// When the money of a card is available; Stripe's two business days, made plain days here.
pub(crate) const CARD_AVAILABLE_AFTER_SECONDS: i64 = 2 * DAY_SECONDS;
/// What a dispute costs, in minor units.
pub(crate) const DISPUTE_FEE_MINOR: i64 = 1_500;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct BalanceTransaction {
    pub id: String,
    pub created: i64,
    pub available_on: i64,
    pub amount: i64,
    pub fee: i64,
    pub currency: String,
    kind: String,
    category: String,
    source: String,
    description: Option<String>,
    /// The automatic payout that it is part of.
    #[serde(default)]
    pub payout: Option<String>,
}

/// What moved the balance.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Movement {
    Charge,
    Payment,
    PaymentFailure,
    Refund,
    PaymentRefund,
    RefundFailure,
    Dispute,
    DisputeReversal,
    Payout,
    PayoutFailure,
}

impl Movement {
    /// `type` and `reporting_category`.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Charge => ("charge", "charge"),
            Self::Payment => ("payment", "charge"),
            Self::PaymentFailure => ("payment_failure_refund", "charge_failure"),
            Self::Refund => ("refund", "refund"),
            Self::PaymentRefund => ("payment_refund", "refund"),
            Self::RefundFailure => ("refund_failure", "refund_failure"),
            Self::Dispute => ("adjustment", "dispute"),
            Self::DisputeReversal => ("adjustment", "dispute_reversal"),
            Self::Payout => ("payout", "payout"),
            Self::PayoutFailure => ("payout_failure", "payout_reversal"),
        }
    }
}

impl BalanceTransaction {
    pub fn view(&self, now_s: i64) -> Value {
        let fees: Vec<Value> = match self.fee {
            0 => Vec::new(),
            fee => vec![json!({ "amount": fee, "application": null, "currency": self.currency,
                "description": "Stripe processing fees", "type": "stripe_fee" })],
        };
        json!({
            "id": self.id, "object": "balance_transaction", "amount": self.amount, "available_on": self.available_on,
            "created": self.created, "currency": self.currency, "description": self.description,
            "exchange_rate": null, "fee": self.fee, "fee_details": fees, "net": self.amount - self.fee,
            "reporting_category": self.category, "source": self.source, "type": self.kind,
            "status": if self.available_on <= now_s { "available" } else { "pending" },
        })
    }
}

/// List prices: cards 2.9 % and 30, ACH 0.8 % up to 500, BECS 1 % and 30 up to 350 minor units; rounded half up.
pub(crate) fn fee(means: &Means, amount: i64) -> i64 {
    match means {
        Means::Card(_) => (amount * 29 + 500) / 1000 + 30,
        Means::Bank(account) if account.scheme == Scheme::UsBankAccount => ((amount * 8 + 500) / 1000).min(500),
        Means::Bank(_) => ((amount * 10 + 500) / 1000 + 30).min(350),
    }
}

pub(crate) fn retrieve(op: &Operation<'_>, id: &str, params: &Params) -> Answer {
    params.allow(&[])?;
    let found = op.account.balance.get(id).ok_or_else(|| Refusal::no_such("balance transaction", id, "id"))?;
    Ok(found.view(op.now_s))
}

pub(crate) fn list(op: &Operation<'_>, params: &Params) -> Answer {
    params.allow(&[listing::PARAMS.as_slice(), &["currency", "payout", "source", "type"]].concat())?;
    if params.text("payout").is_some_and(|id| !super::payouts::is_automatic(op, id)) {
        let message = "Balance transaction history can only be filtered on automatic transfers, not manual.";
        return Err(Refusal::invalid(None, message).about("payout"));
    }
    let below = params.below("data");
    let is = |name: &str, value: &str| params.text(name).is_none_or(|wanted| wanted == value);
    let keep = |found: &BalanceTransaction| {
        let of_payout = params.text("payout").is_none_or(|wanted| found.payout.as_deref() == Some(wanted));
        of_payout && is("currency", &found.currency) && is("source", &found.source) && is("type", &found.kind)
    };
    let show = |found: &BalanceTransaction| {
        let mut view = found.view(op.now_s);
        if below.expands("source") {
            view["source"] = op.show_source(&found.source);
        }
        view
    };
    listing::page(&op.account.balance, params, "/v1/balance_transactions", |found| found.created, keep, show)
}

impl Operation<'_> {
    /// Moves the balance now; `source` is the charge, refund, dispute or payout behind it.
    pub fn book(
        &mut self,
        movement: Movement,
        source: &str,
        amount: i64,
        fee: i64,
        currency: &str,
        available_on: i64,
    ) -> String {
        let id = self.account.mint("txn");
        let (kind, category) = movement.names();
        let booked = BalanceTransaction {
            id: id.clone(),
            created: self.now_s,
            available_on,
            amount,
            fee,
            currency: currency.to_owned(),
            kind: kind.to_owned(),
            category: category.to_owned(),
            source: source.to_owned(),
            description: None,
            payout: None,
        };
        self.account.balance.insert(id.clone(), booked);
        id
    }

    /// What moved the balance, whole.
    fn show_source(&self, id: &str) -> Value {
        let plain = Params::default();
        let charge = self.account.charges.get(id).map(|charge| charge.view(self, &plain));
        let found = charge.ok_or(()).or_else(|()| self.show_refund(id, &plain));
        let found = found.or_else(|_| self.show_dispute(id)).or_else(|_| super::payouts::retrieve(self, id, &plain));
        found.unwrap_or_else(|_| json!(id))
    }

    /// The id, or the transaction itself where `field` is expanded.
    pub fn show_balance(&self, id: Option<&str>, params: &Params, field: &str) -> Value {
        let expanded = id.filter(|_| params.expands(field)).and_then(|id| self.account.balance.get(id));
        expanded.map_or_else(|| json!(id), |found| found.view(self.now_s))
    }
}
