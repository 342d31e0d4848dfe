//! The Authorize.Net simulator: one merchant's records, its single API address, the hosted pages and browser scripts.
//! Source: `wire/gateways.md`, 3. Subscriptions, split tender, track data and wallets are not built and say so.

mod api;
mod browser;
mod charge;
mod control;
mod corrections;
mod duplicates;
mod hooks;
mod hosted;
mod hosted_pay;
mod hosted_profile;
mod instruments;
mod money;
mod nonces;
mod operation;
mod profiles;
mod reasons;
mod refusal;
mod reply;
mod reporting;
mod schema;
mod settlement;
mod transactions;
mod tree;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use axum::Router;
use axum::routing::post;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::random::{random_bytes, random_hex};
use crate::{Shared, facts};

pub(crate) use control::{Alter, AlterError, alter};
pub(crate) use transactions::{Kind, Status, Transaction};

const MINUTE_MS: i64 = 60 * 1000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Everything the vendor knows. Ids of all kinds count on together, so that keys sort by age.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Account {
    serial: u64,
    pub transactions: BTreeMap<u64, Transaction>,
    pub batches: BTreeMap<u64, settlement::Batch>,
    pub profiles: BTreeMap<u64, profiles::Profile>,
    pub nonces: BTreeMap<String, nonces::Nonce>,
    pub forms: BTreeMap<String, hosted::Form>,
    pub hooks: Vec<hooks::Hook>,
    pub notifications: VecDeque<String>,
}

impl Account {
    /// The first serial is random: a portal that outlives a reset never meets an old id again.
    fn serial(&mut self) -> u64 {
        if self.serial == 0 {
            self.serial = u64::from(u32::from_le_bytes(random_bytes())) % 900_000_000;
        }
        self.serial += 1;
        self.serial
    }

    /// Eleven digits, as the sandbox's.
    fn mint(&mut self) -> u64 {
        60_000_000_000 + self.serial()
    }

    fn mint_profile(&mut self) -> u64 {
        1_500_000_000 + self.serial()
    }

    fn mint_batch(&mut self) -> u64 {
        self.serial()
    }

    /// The records for `GET /control/state/authorizenet`, as `demo.md` lays them down, with a few members of our own.
    pub fn state(&self) -> Value {
        let charges: Vec<Value> = self
            .transactions
            .values()
            .filter(|transaction| transaction.kind != Kind::Refund)
            .map(|transaction| transaction.state(self))
            .collect();
        let refunds: Vec<Value> = self
            .transactions
            .values()
            .filter(|transaction| transaction.kind == Kind::Refund)
            .map(|refund| {
                json!({ "id": refund.id.to_string(), "charge": refund.of.map(|id| id.to_string()),
                    "reference": refund.reference(), "amount_minor": refund.amount,
                    "transaction_status": refund.status.name() })
            })
            .collect();
        json!({ "charges": charges, "refunds": refunds })
    }

    /// Has the addresses that were registered before a restart listen again.
    pub fn listen(&self, shared: &Shared) {
        self.hooks.iter().for_each(|hook| hook.listen(shared));
    }
}

/// A set of credentials; both sets reach the same merchant.
pub(crate) struct Grant {
    pub login: &'static str,
    pub transaction_key: &'static str,
    pub client_key: &'static str,
    pub signature_key: &'static str,
}

const GRANTS: [Grant; 2] = [
    Grant {
        login: facts::authorizenet::PORTAL_LOGIN,
        transaction_key: facts::authorizenet::PORTAL_TRANSACTION_KEY,
        client_key: facts::authorizenet::PORTAL_CLIENT_KEY,
        signature_key: facts::authorizenet::PORTAL_SIGNATURE_KEY,
    },
    Grant {
        login: facts::authorizenet::STRANGER_LOGIN,
        transaction_key: facts::authorizenet::STRANGER_TRANSACTION_KEY,
        client_key: facts::authorizenet::STRANGER_CLIENT_KEY,
        signature_key: facts::authorizenet::STRANGER_SIGNATURE_KEY,
    },
];

fn grant_of(login: &str) -> Option<&'static Grant> {
    GRANTS.iter().find(|grant| grant.login == login)
}

/// The merchant whose account this is, and its currency.
const MERCHANT: facts::Merchant = facts::SOUTHERN;

/// Capital letters and digits, as authorisation codes have them.
fn random_code(chars: usize) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    let bytes: [u8; 32] = random_bytes();
    bytes.iter().take(chars).map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect()
}

/// A long opaque token in hex.
fn random_token() -> String {
    random_hex::<40>()
}

fn random_uuid() -> Uuid {
    uuid::Builder::from_random_bytes(random_bytes()).into_uuid()
}

pub(crate) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route("/authorizenet/xml/v1/request.api", post(api::handle).options(api::preflight))
        .merge(hooks::router())
        .merge(hosted_pay::router())
        .merge(hosted_profile::router())
        .merge(browser::router())
}
