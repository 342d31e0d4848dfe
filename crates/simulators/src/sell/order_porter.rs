//! A quote as its customer sees it in Order Porter: what it is over, the terms, the signature, **Accept and Pay**, and how its
//! payment went. Plain HTML, works with JavaScript off.

use std::sync::Arc;

use axum::Form;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use chrono::DateTime;
use http::StatusCode;
use serde::Deserialize;

use super::portal::{self, Brought, Refusal};
use super::standing::Status;
use super::{ACCOUNT, CURRENCY, Item, Office, Quote, Signature};
use crate::html::{Text, money};
use crate::pages::shell_to;
use crate::{Shared, facts};

const SIGNER_MAX_CHARS: usize = 200;
const TERMS: [&str; 3] = [
    "Hardware is ordered when this quote is accepted and paid. It belongs to you once it is paid in full.",
    "Work is done within ten business days, during office hours.",
    "Monthly services are billed in advance, and may be ended with thirty days’ notice.",
];

/// Rows of the start page.
pub(crate) fn quote_rows(office: &Office) -> String {
    let row = |quote: &Quote| {
        let state = quote.standing().map_or_else(|| badge_of_unpaid(quote).to_owned(), |at| at.told.badge(CURRENCY));
        format!(
            "<tr><td><a href=\"/sell/quote/{number}\">{number}</a></td><td>{name}</td><td>{state}</td>\
             <td class=\"amount\">{monthly}</td><td class=\"amount\">{once}</td></tr>",
            number = quote.spelt(),
            name = Text(&quote.name),
            monthly = money(quote.monthly_minor(), CURRENCY),
            once = money(quote.one_time_minor(), CURRENCY),
        )
    };
    office.quotes.iter().map(row).collect()
}

fn badge_of_unpaid(quote: &Quote) -> &'static str {
    if quote.signed.is_some() {
        "<span class=\"badge wait\">Accepted</span>"
    } else {
        "<span class=\"badge\">Open</span>"
    }
}

pub(super) async fn show(State(shared): State<Arc<Shared>>, Path(number): Path<String>) -> Response {
    let open = shared.sell.read(|office| {
        let standing = office.quote(&number)?.standing()?;
        // Its payer may have paid and never come back.
        let may_move = matches!(standing.told.status, Status::Created | Status::Processing);
        may_move.then(|| standing.session.clone())
    });
    if let Some(session) = open {
        portal::ask(&shared, &session, false).await;
    }
    quote_page(&shared, &number, StatusCode::OK, None, "")
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Signed {
    terms: String,
    signer: String,
}

pub(super) async fn accept(
    State(shared): State<Arc<Shared>>,
    Path(number): Path<String>,
    Form(form): Form<Signed>,
) -> Response {
    let signer = form.signer.trim();
    let is_name = (1..=SIGNER_MAX_CHARS).contains(&signer.chars().count()) && !signer.contains(char::is_control);
    let at_ms = shared.clock.now_ms();
    let signed = shared.sell.write(|office| {
        let quote = office.quote_mut(&number)?;
        // It is signed once, whatever is paid afterwards.
        if quote.signed.is_none() && form.terms == "yes" && is_name {
            quote.signed = Some(Signature { signer: signer.to_owned(), at_ms });
        }
        Some((quote.clone(), quote.signed.clone()))
    });
    match signed {
        None => missing(),
        Some((_, None)) => {
            let words = "Accept the terms, and type your full name to sign.";
            quote_page(&shared, &number, StatusCode::UNPROCESSABLE_ENTITY, Some(words), signer)
        }
        Some((quote, Some(_))) if quote.standing().is_some_and(|at| at.told.status.is_taken()) => to_quote(&number),
        Some((quote, Some(signed))) => pay(&shared, quote, &signed).await,
    }
}

/// Opens a session at the portal and leads there.
async fn pay(shared: &Shared, mut quote: Quote, signed: &Signature) -> Response {
    let number = quote.spelt();
    let mut opened = portal::open(shared, &quote, signed, quote.next_attempt()).await;
    if matches!(&opened, Err(Refusal { code, .. }) if code == "session_expired") {
        keep(shared, &mut quote, String::new(), Status::Expired);
        opened = portal::open(shared, &quote, signed, quote.next_attempt()).await;
    }
    match opened {
        Ok(opened) => {
            keep(shared, &mut quote, opened.session_id, Status::Created);
            if !shared.saved().await {
                return StatusCode::INTERNAL_SERVER_ERROR.into_response();
            }
            Redirect::to(&opened.pay_url).into_response()
        }
        Err(Refusal { code, message }) => {
            let words = format!("Nothing was charged: the payment page cannot be opened. {message} ({code})");
            quote_page(shared, &number, StatusCode::BAD_GATEWAY, Some(&words), "")
        }
    }
}

/// What became of the next attempt, here and in the records.
fn keep(shared: &Shared, quote: &mut Quote, session: String, status: Status) {
    quote.keep_attempt(quote.next_attempt(), session.clone(), status);
    let kept = quote.attempts.last().map_or(1, |attempt| attempt.number);
    shared.sell.write(|office| {
        if let Some(quote) = office.quote_mut(&quote.spelt()) {
            quote.keep_attempt(kept, session, status);
        }
    });
}

/// Back from the portal. What the browser brings says no more than that something has happened.
pub(super) async fn come_back(
    State(shared): State<Arc<Shared>>,
    Path(number): Path<String>,
    brought: Result<Query<Brought>, QueryRejection>,
) -> Response {
    let Ok(Query(brought)) = brought else {
        return not_taken(&shared, &number, "a part of it is missing");
    };
    let now_s = shared.clock.now_s();
    if let Err(why) = shared.sell.write(|office| brought.check(office, &number, now_s)) {
        return not_taken(&shared, &number, why);
    }
    if !portal::ask(&shared, &brought.wp_session, brought.wp_status == "cancelled").await {
        let words =
            "The payments portal does not say how it went. Open this quote again in a moment, and do not pay again.";
        return quote_page(&shared, &number, StatusCode::BAD_GATEWAY, Some(words), "");
    }
    to_quote(&number)
}

fn not_taken(shared: &Shared, number: &str, why: &str) -> Response {
    let words = format!("What your browser has brought back is not believed: {why}. This quote is as it was.");
    quote_page(shared, number, StatusCode::BAD_REQUEST, Some(&words), "")
}

fn to_quote(number: &str) -> Response {
    Redirect::to(&format!("/sell/quote/{number}")).into_response()
}

fn missing() -> Response {
    let main = "<h1>No such quote</h1><p><a href=\"/\">All quotes</a></p>";
    shell_to(StatusCode::NOT_FOUND, "No such quote", &[], main)
}

/// The whole page; `alert` above it, and the name that was typed.
fn quote_page(shared: &Shared, number: &str, status: StatusCode, alert: Option<&str>, typed: &str) -> Response {
    let Some(quote) = shared.sell.read(|office| office.quote(number).cloned()) else { return missing() };
    let alert = alert.map(|words| format!("<p role=\"alert\" class=\"alert bad\">{}</p>", Text(words)));
    let rows: String = quote.items.iter().map(item_row).collect();
    let terms: String = TERMS.iter().map(|term| format!("<li>{term}</li>")).collect();
    let main = format!(
        "<div><h1>Quote {number}</h1><p class=\"muted\">{name}. {seller} to {ACCOUNT}, by ConnectWise Sell</p></div>\
         {alert}{standing}<section class=\"card\"><table><thead><tr><th>Description</th><th class=\"amount\">Amount</th></tr>\
         </thead><tbody>{rows}</tbody></table></section><dl class=\"facts num\"><dt>Each month</dt><dd>{monthly}</dd>\
         <dt><strong>Once, to be paid now</strong></dt><dd><strong>{once}</strong></dd></dl>\
         <section class=\"card pad stack\" aria-labelledby=\"terms\"><h2 id=\"terms\">Order Porter terms</h2>\
         <ul class=\"dots\">{terms}</ul>{act}</section>",
        number = Text(number),
        name = Text(&quote.name),
        seller = facts::NORTHWIND.name,
        alert = alert.unwrap_or_default(),
        standing = standing_card(&quote),
        monthly = money(quote.monthly_minor(), CURRENCY),
        once = money(quote.one_time_minor(), CURRENCY),
        act = act(&quote, typed),
    );
    shell_to(status, &format!("Quote {number}"), &[&shared.options.portal_url], &main)
}

fn item_row(item: &Item) -> String {
    let each = if item.is_monthly { ", each month" } else { "" };
    format!(
        "<tr><td>{}{each} <span class=\"muted num\">× {}</span></td><td class=\"amount\">{}</td></tr>",
        Text(&item.description),
        item.quantity,
        money(item.quantity * item.unit_minor, CURRENCY),
    )
}

/// How its payment went (S20).
fn standing_card(quote: &Quote) -> String {
    let Some(standing) = quote.standing() else { return String::new() };
    let refunded = match quote.refunded_minor {
        0 => String::new(),
        minor => format!(" {} of it was paid back.", money(minor, CURRENCY)),
    };
    format!(
        "<section class=\"card pad stack-s\" role=\"status\"><p>{}</p><p>{}{refunded}</p></section>",
        standing.told.badge(CURRENCY),
        standing.told.sentence(CURRENCY),
    )
}

/// Signature and button, as far as there is something to do.
fn act(quote: &Quote, typed: &str) -> String {
    let signature = match &quote.signed {
        Some(signed) => {
            let day = DateTime::from_timestamp_millis(signed.at_ms).unwrap_or_default().format("%-d %B %Y");
            format!("<p>Accepted and signed by <strong>{}</strong> on {day}.</p>", Text(&signed.signer))
        }
        None => format!(
            "<label class=\"row\" for=\"terms-accepted\"><input type=\"checkbox\" id=\"terms-accepted\" name=\"terms\" \
             value=\"yes\" required>I accept these terms</label><div class=\"field\">\
             <label for=\"signer\">Your full name, as your signature</label><input class=\"input\" id=\"signer\" \
             name=\"signer\" value=\"{}\" autocomplete=\"name\" maxlength=\"{SIGNER_MAX_CHARS}\" required></div>",
            Text(typed)
        ),
    };
    let button = match quote.standing().map(|at| at.told.status) {
        Some(Status::Processing | Status::Succeeded) => return signature,
        Some(Status::Failed | Status::Returned) => "Retry payment",
        None | Some(Status::Created | Status::Cancelled | Status::Expired) => "Accept and Pay",
    };
    format!(
        "<form method=\"post\" action=\"/sell/quote/{}/accept\" class=\"stack\">{signature}\
         <button class=\"btn primary big\">{button}</button></form>",
        quote.spelt()
    )
}
