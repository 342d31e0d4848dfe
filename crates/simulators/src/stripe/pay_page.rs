//! The payment page that the vendor hosts (`/stripe/pay/{session}`): plain HTML, works with JavaScript off.
//! A page of the simulator, not of the portal: card numbers are typed here and end here.

use std::sync::Arc;

use axum::Form;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use http::StatusCode;
use serde::Deserialize;

use super::cards::{Card, CardDetails};
use super::intents::Status as IntentStatus;
use super::methods::{Billing, month_of};
use super::operation::Operation;
use super::random_hex;
use super::refusal::Refusal;
use super::sessions::{Session, Status};
use crate::Shared;
use crate::disturb;
use crate::faults::{Call, Caller, Fault, Vendor};
use crate::html::{Text, money, page};

pub(crate) fn router() -> Router<Arc<Shared>> {
    Router::new().route("/stripe/pay/{session}", get(show).post(pay))
}

#[derive(Deserialize, Default)]
struct Typed {
    #[serde(default)]
    number: String,
    #[serde(default)]
    expiry: String,
    #[serde(default)]
    cvc: String,
    #[serde(default)]
    name: String,
}

/// What came of a request for the page.
enum Outcome {
    Missing,
    Expired(Session),
    Leave(String),
    Form(Session, Option<Refusal>),
}

async fn show(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Response {
    let call = Call { vendor: Vendor::Stripe, caller: Caller::Browser, line: format!("GET /stripe/pay/{id}") };
    disturb::around(&shared, None, || {
        shared.stripe.write_if(
            |account| {
                let mut op = Operation::new(account, &shared, &call, "req_page");
                let response = render(&look(&mut op, &id), &Typed::default());
                op.effects.behind(response)
            },
            |executed| !executed.news.is_empty(),
        )
    })
    .await
}

async fn pay(State(shared): State<Arc<Shared>>, Path(id): Path<String>, Form(typed): Form<Typed>) -> Response {
    let call = Call { vendor: Vendor::Stripe, caller: Caller::Browser, line: format!("POST /stripe/pay/{id}") };
    let fault = shared.faults.take(&call, Fault::is_wire);
    if let Some(Fault::Http(status)) = fault {
        return trouble(status);
    }
    disturb::around(&shared, fault.as_ref(), || {
        shared.stripe.write(|account| {
            let request_id = format!("req_{}", random_hex::<7>());
            let mut op = Operation::new(account, &shared, &call, &request_id);
            let response = render(&attempt(&mut op, &id, &typed), &typed);
            op.effects.behind(response)
        })
    })
    .await
}

fn look(op: &mut Operation<'_>, id: &str) -> Outcome {
    op.expire_when_due(id);
    let Some(session) = op.account.sessions.get(id).cloned() else { return Outcome::Missing };
    match session.status {
        Status::Complete => Outcome::Leave(session.success_location()),
        Status::Expired => Outcome::Expired(session),
        Status::Open => {
            let intent = session.intent.as_ref().and_then(|id| op.account.intents.get(id));
            let last = intent.and_then(|intent| intent.last_error.as_ref()?["message"].as_str());
            let refusal = last.map(|message| Refusal::card("card_declined", message));
            Outcome::Form(session, refusal)
        }
    }
}

/// One press of the button. A second press finds the session complete and is sent on, not charged.
fn attempt(op: &mut Operation<'_>, id: &str, typed: &Typed) -> Outcome {
    let session = match look(op, id) {
        Outcome::Form(session, _) => session,
        other => return other,
    };
    let (exp_month, exp_year) = split_expiry(&typed.expiry);
    let details = CardDetails { number: &typed.number, exp_month, exp_year, cvc: Some(&typed.cvc) };
    let paid = Card::read(&details, month_of(op.now_s)).and_then(|card| {
        let name = Some(typed.name.trim().to_owned()).filter(|name| !name.is_empty());
        let payer = Billing { name, email: session.customer_email.clone(), ..Billing::default() };
        let method = op.new_method(card, payer.clone(), Default::default()).id.clone();
        op.pay_session(id, &method, payer)
    });
    match paid {
        Ok(IntentStatus::RequiresAction) => match challenge(op, id) {
            Some(location) => Outcome::Leave(location),
            None => Outcome::Missing,
        },
        Ok(_) => Outcome::Leave(session.success_location()),
        Err(refusal) => Outcome::Form(session, Some(refusal)),
    }
}

fn challenge(op: &Operation<'_>, session: &str) -> Option<String> {
    let intent = op.account.intents.get(op.account.sessions.get(session)?.intent.as_ref()?)?;
    Some(format!("/stripe/3ds/{}?client_secret={}", intent.id, intent.client_secret))
}

/// "12/34", "1234" and "12 / 34" alike.
fn split_expiry(text: &str) -> (&str, &str) {
    match text.split_once('/') {
        Some((month, year)) => (month.trim(), year.trim()),
        None => text.trim().split_at_checked(2).unwrap_or((text, "")),
    }
}

fn render(outcome: &Outcome, typed: &Typed) -> Response {
    match outcome {
        Outcome::Leave(location) => Redirect::to(location).into_response(),
        Outcome::Form(session, refusal) => form(session, refusal.as_ref(), typed),
        Outcome::Expired(session) => {
            let back = session
                .cancel_url
                .as_ref()
                .map(|url| format!("<p><a class=\"btn primary\" href=\"{}\">Back</a></p>", Text(url)));
            let body = format!(
                "<main class=\"narrow stack\"><h1>This payment page has expired</h1>\
                 <p>Nothing was charged. Go back and start again.</p>{}</main>",
                back.unwrap_or_default()
            );
            page(StatusCode::GONE, "Payment page expired", &[], &body)
        }
        Outcome::Missing => {
            let body = "<main class=\"narrow stack\"><h1>No such payment page</h1>\
                        <p>The address is incomplete, or the demo was reset since.</p></main>";
            page(StatusCode::NOT_FOUND, "No such payment page", &[], body)
        }
    }
}

fn trouble(status: u16) -> Response {
    let body = "<main class=\"narrow stack\"><h1>Something went wrong</h1><p>Please go back and try again.</p></main>";
    page(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), "Something went wrong", &[], body)
}

fn form(session: &Session, refusal: Option<&Refusal>, typed: &Typed) -> Response {
    let amount = money(session.total(), &session.currency);
    let items: String = session
        .items
        .iter()
        .map(|item| {
            let total = money(item.quantity * item.unit_amount, &session.currency);
            format!("<dt>{}</dt><dd>{total}</dd>", Text(&item.name))
        })
        .collect();
    let param = refusal.and_then(|refusal| refusal.param.as_deref());
    let general = refusal.filter(|_| param.is_none()).map(|refusal| {
        format!("<p class=\"alert bad\" role=\"alert\">{} Try again or use another card.</p>", Text(&refusal.message))
    });
    let field = |name: &str, label: &str, value: &str, params: &[&str], attributes: &str| {
        let error = refusal.filter(|_| param.is_some_and(|param| params.contains(&param)));
        input(name, label, value, error.map(|refusal| refusal.message.as_str()), attributes)
    };
    // Numbers and codes are never written back into a page; expiry and name are.
    let fields = [
        field(
            "number",
            "Card number",
            "",
            &["number"],
            "inputmode=\"numeric\" autocomplete=\"cc-number\" maxlength=\"23\"",
        ),
        "<div class=\"two\">".to_owned(),
        field(
            "expiry",
            "Expiry",
            &typed.expiry,
            &["exp_month", "exp_year"],
            "inputmode=\"numeric\" autocomplete=\"cc-exp\" placeholder=\"MM / YY\" maxlength=\"9\"",
        ),
        field("cvc", "Security code", "", &["cvc"], "inputmode=\"numeric\" autocomplete=\"cc-csc\" maxlength=\"4\""),
        "</div>".to_owned(),
        field("name", "Name on card", &typed.name, &[], "autocomplete=\"cc-name\" maxlength=\"100\""),
    ]
    .concat();
    let cancel =
        session.cancel_url.as_ref().map(|url| format!("<a class=\"btn quiet\" href=\"{}\">Cancel</a>", Text(url)));
    let body = format!(
        "<main class=\"narrow stack\"><p class=\"badge wait\">Simulated Stripe. No real money moves</p>\
         <div><h1 class=\"num\">{amount}</h1><dl class=\"facts num\">{items}</dl></div>\
         <form method=\"post\" class=\"card pad stack\" novalidate>{}{fields}\
         <button class=\"btn primary big num\" type=\"submit\">Pay {amount}</button>{}</form>\
         <p class=\"small muted\">Approved: 4242 4242 4242 4242, any future expiry, any security code.</p></main>",
        general.unwrap_or_default(),
        cancel.unwrap_or_default(),
    );
    let status = if refusal.is_some() { StatusCode::PAYMENT_REQUIRED } else { StatusCode::OK };
    let targets = [session.success_url.as_str(), session.cancel_url.as_deref().unwrap_or_default()];
    page(status, &format!("Pay {amount}"), &targets, &body)
}

fn input(name: &str, label: &str, value: &str, error: Option<&str>, attributes: &str) -> String {
    let (wrong, note, described) = match error {
        Some(message) => (
            " wrong",
            format!("<span class=\"error\" id=\"{name}-error\">{}</span>", Text(message)),
            format!(" aria-invalid=\"true\" aria-describedby=\"{name}-error\""),
        ),
        None => ("", String::new(), String::new()),
    };
    format!(
        "<div class=\"field{wrong}\"><label for=\"{name}\">{label}</label>{note}\
         <input class=\"input num\" id=\"{name}\" name=\"{name}\" value=\"{}\" {attributes}{described}></div>",
        Text(value)
    )
}

#[cfg(test)]
mod tests {
    use super::split_expiry;

    #[test]
    fn an_expiry_may_be_typed_in_three_ways() {
        for text in ["12/34", "1234", "12 / 34", " 12 /34 "] {
            assert_eq!(split_expiry(text), ("12", "34"), "{text}");
        }
        assert_eq!(split_expiry("1"), ("1", ""));
    }
}
