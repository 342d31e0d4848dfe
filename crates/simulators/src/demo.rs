//! `GET /demo.json`: the demo for programs, in the shape of `demo.md`. Vendors that are not built are left out.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::facts::{self, KeyPair, Merchant};
use crate::quickbooks::{Document, Kind};
use crate::{Shared, seed};

pub(crate) fn router() -> Router<Arc<Shared>> {
    Router::new().route("/demo.json", get(demo))
}

async fn demo(State(shared): State<Arc<Shared>>) -> Json<Value> {
    let merchants: Vec<Value> = facts::MERCHANTS.iter().map(|merchant| merchant_view(&shared, merchant)).collect();
    Json(json!({
        "portal": shared.options.portal_url,
        "operator": { "email": facts::OPERATOR_EMAIL, "password": facts::PASSWORD },
        "merchants": merchants,
        "cards": {
            "approved": facts::cards::APPROVED, "declined": facts::cards::DECLINED,
            "needs_3ds": facts::cards::NEEDS_3DS, "timeout_after_execute": facts::cards::TIMEOUT_AFTER_EXECUTE,
            "insufficient_funds": facts::cards::INSUFFICIENT_FUNDS,
        },
        "bank_accounts": {
            "clears": bank(facts::bank_accounts::CLEARS), "late_return": bank(facts::bank_accounts::LATE_RETURN),
            "fails": bank(facts::bank_accounts::FAILS),
        },
        "vendors": {
            "authorizenet": {
                "login": facts::authorizenet::STRANGER_LOGIN,
                "transaction_key": facts::authorizenet::STRANGER_TRANSACTION_KEY,
                "signature_key": facts::authorizenet::STRANGER_SIGNATURE_KEY,
                "client_key": facts::authorizenet::STRANGER_CLIENT_KEY,
            },
            "globalpayments": {
                "app_id": facts::globalpayments::STRANGER_APP_ID, "app_key": facts::globalpayments::STRANGER_APP_KEY,
            },
            "payrix": {
                "business_id": facts::payrix::BUSINESS_ID, "username": facts::payrix::STRANGER_USERNAME,
                "password": facts::payrix::STRANGER_PASSWORD,
            },
            "qbo": strangers_qbo(&shared),
            "sell": {
                "access_key": facts::sell::ACCESS_KEY, "public_key": facts::sell::STRANGER_PUBLIC_KEY,
                "private_key": facts::sell::STRANGER_PRIVATE_KEY,
            },
            "stripe": {
                "secret_key": facts::stripe::STRANGER_SECRET_KEY,
                "webhook_secret": facts::stripe::STRANGER_WEBHOOK_SECRET,
            },
            "xero": strangers_xero(&shared),
        },
    }))
}

fn bank(account: &str) -> Value {
    json!({ "routing": facts::bank_accounts::ROUTING, "account": account })
}

/// The second grant; its refresh token rotates, so the present one is given.
fn strangers_xero(shared: &Shared) -> Value {
    let client = facts::xero::STRANGER_CLIENT_ID;
    let refresh_token = shared.xero.read(|books| books.grants.current_refresh(client).map(str::to_owned));
    json!({ "client_id": client, "client_secret": facts::xero::STRANGER_CLIENT_SECRET, "refresh_token": refresh_token,
        "tenant_id": facts::xero::TENANT_ID })
}

/// The second grant, as at Xero.
fn strangers_qbo(shared: &Shared) -> Value {
    let client = facts::qbo::STRANGER_CLIENT_ID;
    let refresh_token = shared.qbo.read(|books| books.grants.current_refresh(client).map(str::to_owned));
    json!({ "client_id": client, "client_secret": facts::qbo::STRANGER_CLIENT_SECRET, "refresh_token": refresh_token,
        "realm_id": facts::qbo::REALM_ID })
}

fn merchant_view(shared: &Shared, merchant: &Merchant) -> Value {
    let keys = |pair: &KeyPair| json!({ "key_id": pair.key_id, "secret": pair.secret });
    let proxy = &merchant.pay_now.portal_proxy;
    let payers = merchant
        .payers
        .iter()
        .map(|payer| json!({ "email": payer.email, "password": facts::PASSWORD, "customer": payer.customer }));
    json!({
        "key": merchant.key, "name": merchant.name,
        "admin": { "email": merchant.admin_email, "password": facts::PASSWORD },
        "pay_now": {
            "email": merchant.pay_now.email, "xero": merchant.pay_now.xero, "quick_link": merchant.pay_now.quick_link,
            "portal_proxy": {
                "url": format!("{}/PaymentProxy/AuthorizeNet", shared.options.portal_url), "login": proxy.login,
                "transaction_key": proxy.transaction_key, "signature_key": proxy.signature_key,
            },
        },
        "integrations": { "sell": keys(&merchant.sell), "deskdirector": keys(&merchant.desk_director) },
        "payers": payers.collect::<Vec<_>>(),
        "invoices": invoices(shared, merchant),
    })
}

/// Northwind's and Southern's as they stand in the books now; Harbour's as they were seeded, its books being the portal's
/// own.
fn invoices(shared: &Shared, merchant: &Merchant) -> Vec<Value> {
    let currency = merchant.currency;
    match merchant.key {
        "northwind" => shared.xero.read(|books| {
            let mut invoices: Vec<_> = books.invoices.values().collect();
            invoices.sort_by(|one, other| one.number.cmp(&other.number));
            let show = |invoice: &&crate::xero::Invoice| {
                let contact = books.contacts.get(&invoice.contact);
                let (customer, code) = (contact.map(|c| &c.name), contact.and_then(|c| c.number.as_ref()));
                json!({ "number": invoice.number, "customer": customer, "company_code": code, "amount_minor": invoice.total_minor(),
                    "due_minor": invoice.due_minor(), "currency": currency, "due_date": invoice.due_date })
            };
            invoices.iter().map(show).collect()
        }),
        "southern" => shared.qbo.read(|books| {
            let show = |invoice: &Document| {
                let customer = books.customer_of(invoice);
                json!({ "number": invoice.text("DocNumber"), "customer": customer, "company_code": customer,
                    "amount_minor": invoice.total_minor, "due_minor": invoice.open_minor(), "currency": currency,
                    "due_date": invoice.text("DueDate") })
            };
            books.all(Kind::Invoice).map(show).collect()
        }),
        "harbour" => {
            let ledger = seed::harbour(shared.seed_day());
            let code = |name: &str| ledger.customers.iter().find(|customer| customer.name == name).map(|c| &c.code);
            let show = |invoice: &seed::Invoice| {
                json!({ "number": invoice.number, "customer": invoice.customer,
                    "company_code": code(&invoice.customer), "amount_minor": invoice.total_minor(),
                    "due_minor": invoice.due_minor(), "currency": currency, "due_date": invoice.due })
            };
            ledger.invoices.iter().map(show).collect()
        }
        _ => Vec::new(),
    }
}
