//! The Stripe simulator: one account's records, its `/stripe/v1` API, the hosted payment page and the hosted fields.
//! Source: `wire/gateways.md`, 2. Manual capture and terminals are not built and say so.

pub(crate) mod agenda;
mod api;
mod balance;
mod bank_accounts;
mod calendar;
mod cards;
mod charges;
mod confirmation;
mod customers;
mod debits;
pub(crate) mod disputes;
mod events;
mod fields;
mod form;
mod intents;
mod listing;
mod mandates;
pub(crate) mod methods;
mod microdeposits;
mod operation;
mod pay_form;
mod pay_page;
pub(crate) mod payouts;
mod refunds;
mod refusal;
mod sessions;
mod setup_intents;
mod three_ds;
mod verify_page;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::routing::any;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::Shared;
use crate::random::random_hex;
use crate::replies::Replies;

pub(crate) use charges::{Charge, ChargeStatus};
pub(crate) use events::delivered;

/// The API version that this simulator speaks when a call names none.
pub(crate) const API_VERSION: &str = "2026-10-28.endive";

/// Everything the vendor knows. Keys sort by age: an id carries its number in the sequence.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Account {
    sequence: u64,
    pub intents: BTreeMap<String, intents::Intent>,
    pub charges: BTreeMap<String, Charge>,
    pub methods: BTreeMap<String, methods::Method>,
    pub customers: BTreeMap<String, customers::Customer>,
    pub refunds: BTreeMap<String, refunds::Refund>,
    pub sessions: BTreeMap<String, sessions::Session>,
    pub events: BTreeMap<String, events::Event>,
    pub setups: BTreeMap<String, setup_intents::SetupIntent>,
    pub mandates: BTreeMap<String, mandates::Mandate>,
    pub disputes: BTreeMap<String, disputes::Dispute>,
    pub balance: BTreeMap<String, balance::BalanceTransaction>,
    pub payouts: BTreeMap<String, payouts::Payout>,
    pub agenda: agenda::Agenda,
    pub replies: Replies,
}

impl Account {
    /// A new id: the prefix, the place in the sequence, and a random tail, so that a portal which outlives a reset never
    /// meets an old id again.
    fn mint(&mut self, prefix: &str) -> String {
        self.sequence += 1;
        format!("{prefix}_3W{:08}{}", self.sequence, random_hex::<6>())
    }

    /// The records for `GET /control/state/stripe`, as `demo.md` lays them down, with a few members of our own.
    pub fn state(&self) -> Value {
        let charges: Vec<Value> = self.charges.values().map(|charge| charge.state(self)).collect();
        json!({ "charges": charges })
    }
}

/// Adds the members of one object to another.
pub(crate) fn extend(object: &mut Value, members: Value) {
    if let (Value::Object(object), Value::Object(members)) = (object, members) {
        object.extend(members);
    }
}

pub(crate) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route("/stripe/v1/{*path}", any(api::handle))
        .merge(pay_page::router())
        .merge(three_ds::router())
        .merge(verify_page::router())
        .merge(fields::router())
}
