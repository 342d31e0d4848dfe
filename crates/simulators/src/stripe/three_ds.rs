//! The bank's 3-D Secure challenge, as a page with two buttons; ends at the intent's `return_url`.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use axum::{Form, Router};
use http::StatusCode;
use serde::Deserialize;

use super::intents::{Intent, Status};
use super::operation::Operation;
use crate::Shared;
use crate::disturb;
use crate::faults::{Call, Caller, Vendor};
use crate::html::{Text, money, page};

pub(crate) fn router() -> Router<Arc<Shared>> {
    Router::new().route("/stripe/3ds/{intent}", get(show).post(answer))
}

#[derive(Deserialize)]
struct Secret {
    #[serde(default)]
    client_secret: String,
}

#[derive(Deserialize)]
struct Choice {
    outcome: String,
}

async fn show(State(shared): State<Arc<Shared>>, Path(id): Path<String>, Query(secret): Query<Secret>) -> Response {
    match intent(&shared, &id, &secret) {
        None => page(
            StatusCode::NOT_FOUND,
            "No such challenge",
            &[],
            "<main class=\"narrow\"><h1>No such challenge</h1></main>",
        ),
        Some(intent) if intent.status == Status::RequiresAction => challenge(&intent, &shared.options.portal_url),
        Some(intent) => leave(&intent),
    }
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    Query(secret): Query<Secret>,
    Form(choice): Form<Choice>,
) -> Response {
    if intent(&shared, &id, &secret).is_none() {
        return StatusCode::NOT_FOUND.into_response();
    }
    let call = Call { vendor: Vendor::Stripe, caller: Caller::Browser, line: format!("POST /stripe/3ds/{id}") };
    disturb::around(&shared, None, || {
        shared.stripe.write(|account| {
            let mut op = Operation::new(account, &shared, &call, "req_challenge");
            // A refusal is written into the intent; a second press finds it answered. Both end at the return address.
            let _ = op.challenge_answered(&id, choice.outcome == "complete");
            op.finish_session(&id);
            let response = op.account.intents.get(&id).map(leave);
            op.effects.behind(response.unwrap_or_else(|| StatusCode::NOT_FOUND.into_response()))
        })
    })
    .await
}

fn intent(shared: &Shared, id: &str, secret: &Secret) -> Option<Intent> {
    let found = shared.stripe.read(|account| account.intents.get(id).cloned());
    found.filter(|intent| intent.client_secret == secret.client_secret)
}

fn challenge(intent: &Intent, portal_url: &str) -> Response {
    let amount = money(intent.amount, &intent.currency);
    let body = format!(
        "<main class=\"narrow stack\"><p class=\"badge wait\">Simulated bank</p><h1>Confirm this payment</h1>\
         <p>Northwind IT asks for <strong class=\"num\">{amount}</strong>. Is that you?</p>\
         <form method=\"post\" class=\"stack\">\
         <button class=\"btn primary big\" name=\"outcome\" value=\"complete\">Complete</button>\
         <button class=\"btn big\" name=\"outcome\" value=\"fail\">Fail</button></form></main>"
    );
    let target = intent.return_url.as_deref().unwrap_or_default();
    page(StatusCode::OK, "Confirm this payment", &[target, portal_url], &body)
}

/// Back to the shop, with the members that Stripe adds to a return address.
fn leave(intent: &Intent) -> Response {
    let Some(url) = &intent.return_url else {
        let done = Text("You can close this page.");
        return page(StatusCode::OK, "Done", &[], &format!("<main class=\"narrow\"><h1>Done</h1><p>{done}</p></main>"));
    };
    let status = if intent.status == Status::Succeeded { "succeeded" } else { "failed" };
    let joiner = if url.contains('?') { '&' } else { '?' };
    Redirect::to(&format!(
        "{url}{joiner}payment_intent={}&payment_intent_client_secret={}&redirect_status={status}",
        intent.id, intent.client_secret
    ))
    .into_response()
}
