//! The Payrix (IntegraPay) simulator: sign-in, and its own payment page behind a token. Source: `wire/gateways.md`, 4, and
//! the answers of the vendor's sandbox that the tests of mhssmnn/activemerchant-payrix have recorded. A refund is taken as it
//! is documented to be asked for, and answered by nothing that could be read; what was paid back stands in its transaction.
//! Payers, debits, the feed of status changes and webhooks are not built and say so: how the vendor answers is not public.

mod api;
mod pay_page;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::routing::{any, post};
use chrono::{DateTime, SecondsFormat};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{Shared, facts};

/// A token opens its page for so long.
const PAGE_LIFE_MS: i64 = 20 * 60 * 1000;

/// Everything the vendor knows.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Account {
    /// Access tokens, and until when (Unix ms) they are good.
    logins: BTreeMap<String, i64>,
    pages: BTreeMap<String, Page>,
    /// Oldest first.
    transactions: Vec<Transaction>,
}

/// A page behind its token.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Page {
    token: String,
    reference: String,
    description: String,
    amount: i64,
    return_url: String,
    opened_ms: i64,
    is_seen: bool,
    /// What was paid, or rejected, on it.
    transaction: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Transaction {
    id: String,
    reference: String,
    amount: i64,
    /// Why it was rejected.
    rejected: Option<String>,
    card_number: String,
    card_type: String,
    at_ms: i64,
    #[serde(default)]
    refunds: Vec<Refund>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Refund {
    reference: String,
    amount: i64,
}

impl Account {
    /// The records for `GET /control/state/payrix`, as `demo.md` lays them down.
    pub fn state(&self) -> Value {
        let charges = self.transactions.iter().map(|it| {
            json!({ "id": it.id, "reference": it.reference, "amount_minor": it.amount, "refunded_minor": it.refunded(),
                "currency": facts::payrix::CURRENCY, "captured_at": moment(it.at_ms),
                "status": if it.rejected.is_some() { "failed" } else { "succeeded" } })
        });
        let refunds = self.transactions.iter().flat_map(|it| {
            it.refunds.iter().map(move |back| {
                json!({ "id": back.reference, "charge": it.id, "amount_minor": back.amount, "status": "succeeded" })
            })
        });
        json!({ "charges": charges.collect::<Vec<_>>(), "refunds": refunds.collect::<Vec<_>>() })
    }

    /// As the vendor names where a token stands.
    fn status_of(&self, page: &Page, now_ms: i64) -> &'static str {
        let made = page.transaction.as_ref().and_then(|id| self.transactions.iter().find(|it| it.id == *id));
        match made {
            Some(made) if made.rejected.is_some() => "PROCESSED_REJECTED",
            Some(_) => "PROCESSED_SUCCESSFUL",
            None if now_ms - page.opened_ms >= PAGE_LIFE_MS => "EXPIRED",
            None if page.is_seen => "VALIDATED",
            None => "WAITING",
        }
    }

    fn view(&self, page: &Page, public_url: &str, now_ms: i64) -> Value {
        let status = self.status_of(page, now_ms);
        let made = page.transaction.as_ref().and_then(|id| self.transactions.iter().find(|it| it.id == *id));
        json!({ "token": page.token, "type": "HPP", "time": moment(page.opened_ms), "status": status,
            "statusDescription": status, "returnUrl": page.return_url, "redirectToUrl": address(page, public_url),
            "templateName": "Basic", "transaction": made.map(Transaction::view), "payer": null, "schedule": null })
    }
}

impl Transaction {
    fn refunded(&self) -> i64 {
        self.refunds.iter().map(|back| back.amount).sum()
    }

    fn view(&self) -> Value {
        let status = if self.rejected.is_some() { "R" } else { "S" };
        json!({ "time": moment(self.at_ms), "transactionId": self.id, "reference": self.reference,
            "amount": decimal(self.amount), "amountRequested": decimal(self.amount),
            "amountRefunded": decimal(self.refunded()),
            "currency": facts::payrix::CURRENCY, "type": "RT", "typeDescription": "Realtime Payment - Website",
            "statusCode": status, "subStatusCode": self.rejected,
            "card": { "cardNumber": self.card_number, "cardType": self.card_type }, "bankAccount": null })
    }
}

fn address(page: &Page, public_url: &str) -> String {
    format!("{public_url}/payrix/ui/hpp/api/{}", page.token)
}

fn moment(at_ms: i64) -> String {
    DateTime::from_timestamp_millis(at_ms).unwrap_or_default().to_rfc3339_opts(SecondsFormat::Millis, false)
}

/// Cents as the decimal number that JSON has.
fn decimal(minor: i64) -> Value {
    let text = format!("{}.{:02}", minor / 100, minor % 100);
    serde_json::from_str(&text).unwrap_or_default()
}

pub(crate) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route("/payrix/auth/login", post(api::log_in))
        .route("/payrix/rest/businesses/{*path}", any(api::handle))
        .merge(pay_page::router())
}
