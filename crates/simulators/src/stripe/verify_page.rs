//! Pages of the vendor for bank accounts: where the payer names the micro-deposits, and where a mandate can be read.
//! Plain HTML, work with JavaScript off.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Form, Router};
use form_urlencoded::Serializer;
use http::StatusCode;
use serde::Deserialize;

use super::Account;
use super::form::Params;
use super::microdeposits;
use super::operation::Operation;
use super::pay_form::mandate_text;
use crate::Shared;
use crate::disturb;
use crate::faults::{Call, Caller, Vendor};
use crate::html::{Text, page};

pub(crate) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route("/stripe/verify/{intent}", get(show).post(answer))
        .route("/stripe/mandate/{mandate}", get(mandate))
}

#[derive(Deserialize)]
struct Secret {
    #[serde(default)]
    client_secret: String,
}

#[derive(Deserialize)]
struct Typed {
    #[serde(default)]
    code: String,
    #[serde(default)]
    first: String,
    #[serde(default)]
    second: String,
}

impl Typed {
    fn params(&self) -> Params {
        let mut form = Serializer::new(String::new());
        match self.code.trim() {
            "" => form.append_pair("amounts[0]", self.first.trim()).append_pair("amounts[1]", self.second.trim()),
            code => form.append_pair("descriptor_code", code),
        };
        Params::decode(form.finish().as_bytes())
    }
}

async fn show(State(shared): State<Arc<Shared>>, Path(id): Path<String>, Query(secret): Query<Secret>) -> Response {
    match shared.stripe.read(|account| waits(account, &id, &secret)) {
        None => missing(),
        Some(true) => form(StatusCode::OK, None),
        Some(false) => done(),
    }
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    Query(secret): Query<Secret>,
    Form(typed): Form<Typed>,
) -> Response {
    if shared.stripe.read(|account| waits(account, &id, &secret)).is_none() {
        return missing();
    }
    let call = Call { vendor: Vendor::Stripe, caller: Caller::Browser, line: format!("POST /stripe/verify/{id}") };
    disturb::around(&shared, None, || {
        shared.stripe.write(|account| {
            let mut op = Operation::new(account, &shared, &call, "req_verify");
            let response = match microdeposits::verify(&mut op, &id, &typed.params()) {
                Ok(_) => done(),
                Err(refusal) => match waits(op.account, &id, &secret) {
                    Some(true) => form(StatusCode::BAD_REQUEST, Some(&refusal.message)),
                    _ => ended(&refusal.message),
                },
            };
            op.effects.behind(response)
        })
    })
    .await
}

/// Whether the intent waits for its deposits; `None` when there is none of that id and secret.
fn waits(account: &Account, id: &str, secret: &Secret) -> Option<bool> {
    let payment = account.intents.get(id).map(|intent| (&intent.client_secret, intent.deposits.is_some()));
    let (known, waits) =
        payment.or_else(|| account.setups.get(id).map(|setup| (&setup.client_secret, setup.deposits.is_some())))?;
    (*known == secret.client_secret).then_some(waits)
}

fn form(status: StatusCode, error: Option<&str>) -> Response {
    let error = error.map(|message| format!("<p class=\"alert bad\" role=\"alert\">{}</p>", Text(message)));
    let field = |name: &str, label: &str, attributes: &str| {
        format!(
            "<div class=\"field\"><label for=\"{name}\">{label}</label>\
             <input class=\"input num\" id=\"{name}\" name=\"{name}\" {attributes}></div>"
        )
    };
    let body = format!(
        "<main class=\"narrow stack\"><p class=\"badge wait\">Simulated Stripe. No real money moves</p>\
         <h1>Verify your bank account</h1><p>Look at your statement for our deposit of one cent and type its six-digit \
         code, or type the amounts if there are two deposits.</p>\
         <form method=\"post\" class=\"card pad stack\" novalidate>{}{}<div class=\"two\">{}{}</div>\
         <button class=\"btn primary big\">Verify</button></form>\
         <p class=\"small muted\">Right: SM11AA, or 32 and 45.</p></main>",
        error.unwrap_or_default(),
        field("code", "Code", "maxlength=\"6\" autocomplete=\"off\" placeholder=\"SM\""),
        field("first", "First amount, in cents", "inputmode=\"numeric\" maxlength=\"2\" autocomplete=\"off\""),
        field("second", "Second amount, in cents", "inputmode=\"numeric\" maxlength=\"2\" autocomplete=\"off\""),
    );
    page(status, "Verify your bank account", &[], &body)
}

fn done() -> Response {
    let body = "<main class=\"narrow stack\"><h1>Nothing is left to do here</h1>\
                <p>The bank account needs no verification any more. You can close this page.</p></main>";
    page(StatusCode::OK, "Bank account verified", &[], body)
}

fn ended(message: &str) -> Response {
    let body = format!(
        "<main class=\"narrow stack\"><h1>The bank account was not verified</h1><p>{}</p>\
         <p>Go back to the shop and choose another way to pay.</p></main>",
        Text(message)
    );
    page(StatusCode::GONE, "Bank account not verified", &[], &body)
}

fn missing() -> Response {
    let body = "<main class=\"narrow stack\"><h1>No such page</h1>\
                <p>The address is incomplete, or the demo was reset since.</p></main>";
    page(StatusCode::NOT_FOUND, "No such page", &[], body)
}

async fn mandate(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Response {
    let found = shared.stripe.read(|account| {
        let mandate = account.mandates.get(&id)?;
        let last4 = account.methods.get(&mandate.method).map(|method| method.means.last4().to_owned());
        Some((mandate.scheme, mandate.status, last4.unwrap_or_default()))
    });
    let Some((scheme, status, last4)) = found else { return missing() };
    let body = format!(
        "<main class=\"narrow stack\"><p class=\"badge wait\">Simulated Stripe</p><h1>Direct debit request</h1>\
         <p>Account ending in <strong class=\"num\">{}</strong>. State: {}.</p><p>{}</p></main>",
        Text(&last4),
        status.word(),
        mandate_text(scheme),
    );
    page(StatusCode::OK, "Direct debit request", &[], &body).into_response()
}
