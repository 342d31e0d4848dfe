//! The Global Payments simulator (GP-API): access tokens, payment methods, transactions, and links to a page of its own.
//! Source: `wire/gateways.md`, 5, and the official SDKs that it names: their builders for what is sent, their mappings and
//! tests for what is answered. Codes that those tests do not name are ours. Disputes, deposits, terminals, bank transfers
//! and the permissions of a token are not built and say so.

mod api;
mod cards;
mod links;
mod methods;
mod pay_page;
mod refusal;
mod tokens;
mod transactions;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::routing::any;
use chrono::{DateTime, SecondsFormat};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::disturb::Effects;
use crate::faults::Call;
use crate::random::random_hex;
use crate::{Shared, facts};

pub(crate) use transactions::{Kind, Transaction};

/// Everything the vendor knows.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Account {
    /// Access tokens, and until when (Unix ms) they are good.
    tokens: BTreeMap<String, i64>,
    methods: BTreeMap<String, methods::PaymentMethod>,
    /// Oldest first.
    pub transactions: Vec<Transaction>,
    links: BTreeMap<String, links::Link>,
    /// What the first request of each idempotency key made.
    keys: BTreeMap<String, String>,
}

impl Account {
    /// The records for `GET /control/state/globalpayments`, as `demo.md` lays them down.
    pub fn state(&self, now_ms: i64) -> Value {
        let of_kind = |kind: Kind| self.transactions.iter().filter(move |it| it.kind == kind);
        let charges: Vec<Value> = of_kind(Kind::Sale).map(|charge| charge.state(now_ms)).collect();
        let refunds: Vec<Value> = of_kind(Kind::Refund).map(|refund| refund.state(now_ms)).collect();
        json!({ "charges": charges, "refunds": refunds })
    }
}

/// A set of credentials; both sets reach the same merchant.
struct App {
    id: &'static str,
    key: &'static str,
}

const APPS: [App; 2] = [
    App { id: facts::globalpayments::PORTAL_APP_ID, key: facts::globalpayments::PORTAL_APP_KEY },
    App { id: facts::globalpayments::STRANGER_APP_ID, key: facts::globalpayments::STRANGER_APP_KEY },
];

/// One call while it runs, under the account's lock.
struct Operation<'a> {
    account: &'a mut Account,
    shared: &'a Shared,
    call: &'a Call,
    now_ms: i64,
    effects: Effects,
}

impl<'a> Operation<'a> {
    fn new(account: &'a mut Account, shared: &'a Shared, call: &'a Call) -> Self {
        Self { account, shared, call, now_ms: shared.clock.now_ms(), effects: Effects::default() }
    }
}

type Answer = Result<Value, refusal::Refusal>;

/// An id as the vendor's: its kind, and letters and digits.
fn minted(kind: &str) -> String {
    format!("{kind}_{}", random_hex::<16>())
}

fn moment(at_ms: i64) -> String {
    let at = DateTime::from_timestamp_millis(at_ms).unwrap_or_default();
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// What every answer says about the call itself.
fn action(kind: &str, now_ms: i64, result: &str) -> Value {
    json!({ "id": minted("ACT"), "type": kind, "time_created": moment(now_ms), "result_code": result,
        "app_id": facts::globalpayments::PORTAL_APP_ID, "app_name": "wise-pay" })
}

pub(crate) fn router() -> Router<Arc<Shared>> {
    Router::new().route("/globalpayments/ucp/{*path}", any(api::handle)).merge(pay_page::router())
}
