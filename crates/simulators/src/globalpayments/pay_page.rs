//! The page that a link opens (`/globalpayments/pay/{link}`): plain HTML, works with JavaScript off. A page of the
//! simulator, not of the portal: card numbers are typed here and end here.

use std::sync::Arc;

use axum::Form;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use http::StatusCode;
use serde::Deserialize;

use super::Operation;
use super::cards::Card;
use super::links::{Link, Status};
use super::methods::month_of;
use super::refusal::Refusal;
use super::transactions::Sale;
use crate::Shared;
use crate::disturb;
use crate::faults::{Call, Caller, Fault, Vendor};
use crate::html::{Text, money, page};

#[derive(Default, Deserialize)]
struct Typed {
    number: String,
    /// `MM / YY`.
    expiry: String,
}

pub(super) fn router() -> Router<Arc<Shared>> {
    Router::new().route("/globalpayments/pay/{link}", get(show).post(pay))
}

async fn show(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Response {
    let call =
        Call { vendor: Vendor::GlobalPayments, caller: Caller::Browser, line: format!("GET /globalpayments/pay/{id}") };
    let look = |account: &mut super::Account| {
        let op = Operation::new(account, &shared, &call);
        match op.link(&id) {
            Ok(link) => render(op.status_of(&link), &link, None),
            Err(_) => missing(),
        }
    };
    shared.globalpayments.write_if(look, |_| false)
}

async fn pay(State(shared): State<Arc<Shared>>, Path(id): Path<String>, Form(typed): Form<Typed>) -> Response {
    let line = format!("POST /globalpayments/pay/{id}");
    let call = Call { vendor: Vendor::GlobalPayments, caller: Caller::Browser, line };
    let fault = shared.faults.take(&call, Fault::is_wire);
    if let Some(Fault::Http(_)) = fault {
        return Refusal::broken().into_response();
    }
    disturb::around(&shared, fault.as_ref(), || {
        shared.globalpayments.write(|account| {
            let mut op = Operation::new(account, &shared, &call);
            let response = attempt(&mut op, &id, &typed);
            op.effects.behind(response)
        })
    })
    .await
}

/// One press of the button. A second press finds the link paid and is sent on, not charged.
fn attempt(op: &mut Operation<'_>, id: &str, typed: &Typed) -> Response {
    let Ok(link) = op.link(id) else { return missing() };
    let status = op.status_of(&link);
    if status != Status::Active {
        return render(status, &link, None);
    }
    let (month, year) = typed.expiry.split_once('/').unwrap_or_default();
    let card = match Card::read(&typed.number, month.trim(), year.trim(), month_of(op.now_ms)) {
        Ok(card) => card,
        Err(refusal) => return render(status, &link, Some(refusal.words())),
    };
    let made = op.charge(Sale {
        amount: link.amount,
        currency: &link.currency,
        country: &link.country,
        reference: &link.reference,
        order_reference: Some(&link.name),
        description: Some(&link.description),
        is_captured: true,
        link: Some(&link.id),
        card,
    });
    op.tell(&made);
    let words = (!made.is_approved()).then_some("The bank has declined this card.");
    render(op.status_of(&link), &link, words)
}

fn missing() -> Response {
    let body = "<main class=\"narrow stack\"><h1>There is no such page</h1></main>";
    page(StatusCode::NOT_FOUND, "There is no such page", &[], body)
}

fn render(status: Status, link: &Link, error: Option<&str>) -> Response {
    let cancel = format!("<a class=\"btn\" href=\"{}\">Back to the shop</a>", Text(&link.cancel_url));
    match status {
        Status::Paid => Redirect::to(&link.return_url).into_response(),
        Status::Inactive | Status::Expired => {
            let body = format!("<main class=\"narrow stack\"><h1>This page is closed</h1><p>{cancel}</p></main>");
            page(StatusCode::GONE, "This page is closed", &[], &body)
        }
        Status::Active => {
            let error = error.map(|words| format!("<p role=\"alert\" class=\"badge bad\">{}</p>", Text(words)));
            let body = format!(
                "<main class=\"narrow stack\"><h1>Pay {amount}</h1><p>{description}</p>{error}\
                 <form method=\"post\" class=\"stack\"><div class=\"field\"><label for=\"number\">Card number</label>\
                 <input class=\"input num\" id=\"number\" name=\"number\" inputmode=\"numeric\" autocomplete=\"cc-number\" \
                 required></div><div class=\"field\"><label for=\"expiry\">Expiry (MM / YY)</label>\
                 <input class=\"input num\" id=\"expiry\" name=\"expiry\" autocomplete=\"cc-exp\" required></div>\
                 <button class=\"btn primary\">Pay {amount}</button>{cancel}</form></main>",
                amount = money(link.amount, &link.currency),
                description = Text(&link.description),
                error = error.unwrap_or_default(),
            );
            page(StatusCode::OK, "Pay", &[&link.return_url], &body)
        }
    }
}
