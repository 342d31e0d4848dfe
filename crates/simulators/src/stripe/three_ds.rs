//! The bank's 3-D Secure challenge, as a page with two buttons; ends at the intent's `return_url`.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use axum::{Form, Router};
use http::StatusCode;
use serde::Deserialize;

use super::Account;
use super::intents::Status;
use super::operation::Operation;
use super::setup_intents::SetupStatus;
use crate::Shared;
use crate::disturb;
use crate::faults::{Call, Caller, Vendor};
use crate::html::{Text, framed, money, page};

pub(crate) fn router() -> Router<Arc<Shared>> {
    Router::new().route("/stripe/3ds/{intent}", get(show).post(answer))
}

/// What the page needs to know of a PaymentIntent or a SetupIntent.
struct Asked {
    id: String,
    client_secret: String,
    object: &'static str,
    /// Amount and currency; a SetupIntent has none.
    amount: Option<(i64, String)>,
    waiting: bool,
    succeeded: bool,
    return_url: Option<String>,
}

impl Asked {
    fn of(account: &Account, id: &str) -> Option<Self> {
        if let Some(intent) = account.intents.get(id) {
            return Some(Self {
                id: id.to_owned(),
                client_secret: intent.client_secret.clone(),
                object: "payment_intent",
                amount: Some((intent.amount, intent.currency.clone())),
                waiting: intent.status == Status::RequiresAction && intent.deposits.is_none(),
                succeeded: intent.status == Status::Succeeded,
                return_url: intent.return_url.clone(),
            });
        }
        account.setups.get(id).map(|setup| Self {
            id: id.to_owned(),
            client_secret: setup.client_secret.clone(),
            object: "setup_intent",
            amount: None,
            waiting: setup.status == SetupStatus::RequiresAction && setup.deposits.is_none(),
            succeeded: setup.status == SetupStatus::Succeeded,
            return_url: setup.return_url.clone(),
        })
    }
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
    let portal_url = &shared.options.portal_url;
    let response = match asked(&shared, &id, &secret) {
        None => page(
            StatusCode::NOT_FOUND,
            "No such challenge",
            &[],
            "<main class=\"narrow\"><h1>No such challenge</h1></main>",
        ),
        Some(asked) if asked.waiting => challenge(&asked, portal_url),
        Some(asked) => leave(&asked),
    };
    framed(response, portal_url)
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    Query(secret): Query<Secret>,
    Form(choice): Form<Choice>,
) -> Response {
    if asked(&shared, &id, &secret).is_none() {
        return StatusCode::NOT_FOUND.into_response();
    }
    let call = Call { vendor: Vendor::Stripe, caller: Caller::Browser, line: format!("POST /stripe/3ds/{id}") };
    let response = disturb::around(&shared, None, || {
        shared.stripe.write(|account| {
            let mut op = Operation::new(account, &shared, &call, "req_challenge");
            let passed = choice.outcome == "complete";
            // A refusal is written into the intent; a second press finds it answered. Both end at the return address.
            let _ = match op.account.setups.contains_key(&id) {
                true => op.setup_challenge_answered(&id, passed),
                false => op.challenge_answered(&id, passed),
            };
            op.finish_session(&id);
            let response = Asked::of(op.account, &id).map(|asked| leave(&asked));
            op.effects.behind(response.unwrap_or_else(|| StatusCode::NOT_FOUND.into_response()))
        })
    });
    framed(response.await, &shared.options.portal_url)
}

fn asked(shared: &Shared, id: &str, secret: &Secret) -> Option<Asked> {
    let found = shared.stripe.read(|account| Asked::of(account, id));
    found.filter(|asked| asked.client_secret == secret.client_secret)
}

fn challenge(asked: &Asked, portal_url: &str) -> Response {
    let wish = match &asked.amount {
        Some((amount, currency)) => format!("<strong class=\"num\">{}</strong>", money(*amount, currency)),
        None => "leave to charge this card later".to_owned(),
    };
    let body = format!(
        "<main class=\"narrow stack\"><p class=\"badge wait\">Simulated bank</p><h1>Confirm this payment</h1>\
         <p>Northwind IT asks for {wish}. Is that you?</p>\
         <form method=\"post\" class=\"stack\">\
         <button class=\"btn primary big\" name=\"outcome\" value=\"complete\">Complete</button>\
         <button class=\"btn big\" name=\"outcome\" value=\"fail\">Fail</button></form></main>"
    );
    let target = asked.return_url.as_deref().unwrap_or_default();
    page(StatusCode::OK, "Confirm this payment", &[target, portal_url], &body)
}

/// Back to the shop, with the members that Stripe adds to a return address.
fn leave(asked: &Asked) -> Response {
    let Some(url) = &asked.return_url else {
        let done = Text("You can close this page.");
        return page(StatusCode::OK, "Done", &[], &format!("<main class=\"narrow\"><h1>Done</h1><p>{done}</p></main>"));
    };
    let status = if asked.succeeded { "succeeded" } else { "failed" };
    let joiner = if url.contains('?') { '&' } else { '?' };
    let Asked { object, id, client_secret, .. } = asked;
    Redirect::to(&format!("{url}{joiner}{object}={id}&{object}_client_secret={client_secret}&redirect_status={status}"))
        .into_response()
}
