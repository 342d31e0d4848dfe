//! The page behind a token (`/payrix/ui/hpp/api/{token}`): plain HTML, works with JavaScript off. A page of the simulator,
//! not of the portal: card numbers are typed here and end here. It takes one card, whatever the bank says.

use std::sync::Arc;

use axum::Form;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use http::StatusCode;
use serde::Deserialize;

use super::{Account, Page, Transaction};
use crate::Shared;
use crate::check_digit::luhn;
use crate::disturb::{self, Effects};
use crate::facts::{self, cards};
use crate::faults::{Call, Caller, Fault, Vendor};
use crate::html::{Text, money, page};

#[derive(Deserialize)]
struct Typed {
    number: String,
}

pub(super) fn router() -> Router<Arc<Shared>> {
    Router::new().route("/payrix/ui/hpp/api/{token}", get(show).post(pay))
}

async fn show(State(shared): State<Arc<Shared>>, Path(token): Path<String>) -> Response {
    shared.payrix.write(|account| {
        if let Some(page) = account.pages.get_mut(&token) {
            page.is_seen = true;
        }
        render(account, &token, shared.clock.now_ms(), None)
    })
}

async fn pay(State(shared): State<Arc<Shared>>, Path(token): Path<String>, Form(typed): Form<Typed>) -> Response {
    let line = format!("POST /payrix/ui/hpp/api/{token}");
    let call = Call { vendor: Vendor::Payrix, caller: Caller::Browser, line };
    let fault = shared.faults.take(&call, Fault::is_wire);
    if let Some(Fault::Http(_)) = fault {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    disturb::around(&shared, fault.as_ref(), || {
        let response = shared.payrix.write(|account| attempt(account, &shared, &call, &token, &typed));
        Effects::default().behind(response)
    })
    .await
}

/// One press of the button. A second press finds the page done with and is sent on, not charged.
fn attempt(account: &mut Account, shared: &Shared, call: &Call, token: &str, typed: &Typed) -> Response {
    let now_ms = shared.clock.now_ms();
    let open = account.pages.get(token).cloned().filter(|page| {
        let status = account.status_of(page, now_ms);
        matches!(status, "WAITING" | "VALIDATED")
    });
    let Some(page) = open else { return render(account, token, now_ms, None) };
    let number: String = typed.number.chars().filter(|c| !c.is_whitespace()).collect();
    if !(13..=19).contains(&number.len()) || !luhn(&number) {
        return render(account, token, now_ms, Some("This is no card number."));
    }
    let armed = shared.faults.take_decline(call);
    let rejected = match number.as_str() {
        cards::DECLINED => Some("R6".to_owned()),
        cards::INSUFFICIENT_FUNDS => Some("R1".to_owned()),
        _ => armed,
    };
    let brand = if number.starts_with('5') { "Mastercard" } else { "Visa" };
    let made = Transaction {
        // A number that no other has, of a portal that outlives a reset either.
        id: format!("{}{:04}", now_ms / 1000, account.transactions.len()),
        reference: page.reference.clone(),
        amount: page.amount,
        rejected,
        card_number: format!("{}xxxxxx{}", &number[..6], &number[number.len() - 4..]),
        card_type: brand.to_owned(),
        at_ms: now_ms,
        refunds: Vec::new(),
    };
    account.pages.insert(token.to_owned(), Page { transaction: Some(made.id.clone()), ..page });
    account.transactions.push(made);
    render(account, token, now_ms, None)
}

fn render(account: &Account, token: &str, now_ms: i64, error: Option<&str>) -> Response {
    let Some(open) = account.pages.get(token) else {
        let body = "<main class=\"narrow stack\"><h1>There is no such page</h1></main>";
        return page(StatusCode::NOT_FOUND, "There is no such page", &[], body);
    };
    match account.status_of(open, now_ms) {
        "WAITING" | "VALIDATED" => {
            let error = error.map(|words| format!("<p role=\"alert\" class=\"badge bad\">{}</p>", Text(words)));
            let body = format!(
                "<main class=\"narrow stack\"><h1>Pay {amount}</h1><p>{description}</p>{error}\
                 <form method=\"post\" class=\"stack\"><div class=\"field\"><label for=\"number\">Card number</label>\
                 <input class=\"input num\" id=\"number\" name=\"number\" inputmode=\"numeric\" autocomplete=\"cc-number\" \
                 required></div><button class=\"btn primary\">Pay {amount}</button></form></main>",
                amount = money(open.amount, facts::payrix::CURRENCY),
                description = Text(&open.description),
                error = error.unwrap_or_default(),
            );
            page(StatusCode::OK, "Pay", &[&open.return_url], &body)
        }
        "EXPIRED" => {
            let body = "<main class=\"narrow stack\"><h1>This page has expired</h1></main>";
            page(StatusCode::GONE, "This page has expired", &[], body)
        }
        _ => Redirect::to(&open.return_url).into_response(),
    }
}
