//! The payment page that the vendor hosts (`/stripe/pay/{session}`): plain HTML, works with JavaScript off.
//! A page of the simulator, not of the portal: card numbers are typed here and end here.

use std::sync::Arc;

use axum::Form;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use form_urlencoded::Serializer;
use http::StatusCode;

use super::bank_accounts::{BankAccount, Scheme, Verified};
use super::cards::{Card, CardDetails};
use super::form::Params;
use super::methods::{Billing, Means, month_of};
use super::operation::Operation;
use super::pay_form::{Typed, form};
use super::refusal::Refusal;
use super::sessions::{Session, Status};
use crate::Shared;
use crate::disturb;
use crate::faults::{Call, Caller, Fault, Vendor};
use crate::html::{Text, page};
use crate::random::random_hex;

pub(crate) fn router() -> Router<Arc<Shared>> {
    Router::new().route("/stripe/pay/{session}", get(show).post(pay))
}

/// What came of a request for the page.
enum Outcome {
    Missing,
    Expired(Session),
    Leave(String),
    Form(Session, Option<Refusal>),
}

/// `?method=` chooses the form where the session takes several kinds.
async fn show(State(shared): State<Arc<Shared>>, Path(id): Path<String>, Query(typed): Query<Typed>) -> Response {
    let call = Call { vendor: Vendor::Stripe, caller: Caller::Browser, line: format!("GET /stripe/pay/{id}") };
    disturb::around(&shared, None, || {
        shared
            .stripe
            .write_if(
                |account| {
                    let mut op = Operation::new(account, &shared, &call, "req_page");
                    let response = render(&look(&mut op, &id), &Typed { method: typed.method, ..Typed::default() });
                    (op.effects.changed, op.effects.behind(response))
                },
                |(changed, _)| *changed,
            )
            .1
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
            let intent = session.intent.as_ref();
            let payment = intent.and_then(|id| op.account.intents.get(id)?.last_error.as_ref());
            let error = payment.or_else(|| op.account.setups.get(intent?)?.last_error.as_ref());
            let last = error.and_then(|error| error["message"].as_str());
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
    let name = Some(typed.name.trim().to_owned()).filter(|name| !name.is_empty());
    let email = Some(typed.email.trim().to_owned()).filter(|email| !email.is_empty());
    let email = email.or_else(|| session.customer_email.clone());
    let payer = Billing { name, email, ..Billing::default() };
    let used = read_means(op, &session, typed, &payer).and_then(|means| {
        let method = op.new_method(means, payer.clone(), Default::default()).id.clone();
        op.use_session(id, &method, payer)
    });
    match used {
        Ok(true) => challenge(op, id).map_or(Outcome::Missing, Outcome::Leave),
        Ok(false) => Outcome::Leave(session.success_location()),
        Err(refusal) => Outcome::Form(session, Some(refusal)),
    }
}

fn read_means(op: &Operation<'_>, session: &Session, typed: &Typed, payer: &Billing) -> Result<Means, Refusal> {
    let Some(scheme) = Scheme::named(typed.kind(session)) else {
        let (exp_month, exp_year) = split_expiry(&typed.expiry);
        let details = CardDetails { number: &typed.number, exp_month, exp_year, cvc: Some(&typed.cvc) };
        return Card::read(&details, month_of(op.now_s)).map(Means::Card);
    };
    let missing = |field: &str, what: &str| Err(Refusal::invalid(None, what).about(field));
    if payer.name.is_none() {
        return missing("billing_details[name]", "Enter the name of the account's holder.");
    }
    if payer.email.is_none() {
        return missing("billing_details[email]", "Enter an e-mail address.");
    }
    let (routing, holder) = match scheme {
        Scheme::UsBankAccount => ("routing_number", "account_holder_type"),
        Scheme::AuBecsDebit => ("bsb_number", ""),
    };
    let mut details = Serializer::new(String::new());
    details.append_pair(routing, typed.routing.trim()).append_pair("account_number", typed.account.trim());
    if !holder.is_empty() {
        details.append_pair(holder, &typed.holder);
    }
    let mut account = BankAccount::read(scheme, &Params::decode(details.finish().as_bytes()))?;
    if typed.agreed.is_empty() {
        return missing("agreed", "Agree to the debit to go on.");
    }
    let by_deposits =
        typed.verify == "microdeposits" || session.verification_method.as_deref() == Some("microdeposits");
    if !by_deposits {
        // The payer signs in at the bank; that page is left out here.
        account.verified = Verified::Instantly;
    }
    Ok(Means::Bank(account))
}

fn challenge(op: &Operation<'_>, session: &str) -> Option<String> {
    let id = op.account.sessions.get(session)?.intent.as_ref()?;
    let payment = op.account.intents.get(id).map(|intent| &intent.client_secret);
    let secret = payment.or_else(|| op.account.setups.get(id).map(|setup| &setup.client_secret))?;
    Some(format!("/stripe/3ds/{id}?client_secret={secret}"))
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
