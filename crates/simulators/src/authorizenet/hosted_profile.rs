//! Accept Customer: the pages on which the vendor takes a stored method, `addPayment`, `editPayment` and the list
//! `manage`. Source: `wire/gateways.md`, 3.9 and 3.10.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Form as Posted, Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;
use http::StatusCode;

use super::hosted::{self, Form, Typed, What};
use super::instruments::Behaviour;
use super::operation::{Answer, Operation, Reply};
use super::reasons::Reason;
use super::refusal::Refusal;
use super::reply::text;
use super::tree::Node;
use crate::Shared;
use crate::html::Text;

pub(crate) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route("/authorizenet/customer/{page}", post(show))
        .route("/authorizenet/customer/{page}/save", post(save))
}

/// `getHostedProfilePageRequest`
pub(crate) fn open(op: &mut Operation<'_>, root: &Node) -> Answer {
    let profile = root.text("customerProfileId").and_then(|id| id.parse().ok()).unwrap_or(0);
    if !op.account.profiles.contains_key(&profile) {
        return Err(Refusal::not_found());
    }
    let setting = |name: &str| root.setting("hostedProfileSettings", name).map(str::to_owned);
    let form = Form {
        made_ms: op.now_ms,
        what: What::Profile(profile),
        communicator: setting("hostedProfileIFrameCommunicatorUrl"),
        return_url: setting("hostedProfileReturnUrl"),
        return_text: setting("hostedProfileReturnUrlText").unwrap_or_else(|| "Continue".to_owned()),
        cancel_url: None,
        cancel_text: "Cancel".to_owned(),
    };
    let token = op.open_form(form);
    Ok(Reply::from(vec![("token", text(token))]))
}

/// What came of a request for a page.
enum Outcome {
    Gone,
    List(Form, u64),
    Form(Form, Option<Reason>),
    Saved(Form),
}

async fn show(State(shared): State<Arc<Shared>>, Path(page): Path<String>, Posted(typed): Posted<Typed>) -> Response {
    let line = format!("POST /authorizenet/customer/{page}");
    hosted::answer(&shared, line, |op| {
        let outcome = look(op, &page, &typed);
        render(op, outcome, &page, &typed)
    })
    .await
}

async fn save(State(shared): State<Arc<Shared>>, Path(page): Path<String>, Posted(typed): Posted<Typed>) -> Response {
    let line = format!("POST /authorizenet/customer/{page}/save");
    hosted::answer(&shared, line, |op| {
        let outcome = keep(op, &page, &typed);
        render(op, outcome, &page, &typed)
    })
    .await
}

fn look(op: &Operation<'_>, page: &str, typed: &Typed) -> Outcome {
    let Some(form) = op.form(&typed.token) else { return Outcome::Gone };
    let What::Profile(profile) = form.what else { return Outcome::Gone };
    match page {
        "manage" => Outcome::List(form, profile),
        "addPayment" => Outcome::Form(form, None),
        "editPayment" if op.account.payment_profile((profile, edited(typed))).is_some() => Outcome::Form(form, None),
        _ => Outcome::Gone,
    }
}

fn edited(typed: &Typed) -> u64 {
    typed.payment_profile_id.trim().parse().unwrap_or(0)
}

/// The method is looked at as by live validation: what a charge would decline is not kept.
fn keep(op: &mut Operation<'_>, page: &str, typed: &Typed) -> Outcome {
    let form = match look(op, page, typed) {
        Outcome::Form(form, _) => form,
        other => return other,
    };
    let What::Profile(profile) = form.what else { return Outcome::Gone };
    let instrument = match typed.instrument(op) {
        Ok(instrument) if instrument.behaviour() == Behaviour::Decline => {
            return Outcome::Form(form, Some(Reason::DECLINED));
        }
        Ok(instrument) => instrument,
        Err(reason) => return Outcome::Form(form, Some(reason)),
    };
    if let Some(reason) = op.armed_decline() {
        return Outcome::Form(form, Some(reason));
    }
    match page {
        "editPayment" => op.replace_method(profile, edited(typed), instrument, typed.bill_to()),
        _ => {
            op.store_typed(profile, instrument, typed.bill_to());
        }
    }
    Outcome::Saved(form)
}

fn render(op: &Operation<'_>, outcome: Outcome, page: &str, typed: &Typed) -> Response {
    let shared = op.shared;
    match outcome {
        Outcome::Gone => hosted::gone(shared),
        Outcome::List(form, profile) => list_page(op, &form, profile, typed),
        Outcome::Form(form, reason) => form_page(shared, &form, reason, page, typed),
        Outcome::Saved(form) => match (&form.communicator, &form.return_url) {
            (None, Some(url)) => Redirect::to(url).into_response(),
            _ => {
                let body = "<main class=\"narrow stack\"><h1>Saved</h1></main>";
                hosted::page(shared, Some(&form), Some("action=successfulSave"), "Saved", body)
            }
        },
    }
}

fn form_page(shared: &Shared, form: &Form, reason: Option<Reason>, page: &str, typed: &Typed) -> Response {
    let title = if page == "editPayment" { "Edit Payment Method" } else { "Add Payment Method" };
    let body = format!(
        "<main class=\"narrow stack\"><p class=\"badge wait\">Simulated Authorize.Net. No real money moves</p>\
         <h1>{title}</h1><form method=\"post\" action=\"/authorizenet/customer/{page}/save\" class=\"card pad stack\" \
         novalidate>{}<input type=\"hidden\" name=\"token\" value=\"{}\">\
         <input type=\"hidden\" name=\"paymentProfileId\" value=\"{}\">{}\
         <button class=\"btn primary big\" type=\"submit\">Save</button>{}</form></main>",
        hosted::alert(reason),
        Text(&typed.token),
        Text(&typed.payment_profile_id),
        hosted::fields(typed, true, true, true),
        hosted::cancel_link(form),
        page = Text(page),
    );
    let mut response = hosted::page(shared, Some(form), None, title, &body);
    if reason.is_some() {
        *response.status_mut() = StatusCode::PAYMENT_REQUIRED;
    }
    response
}

fn list_page(op: &Operation<'_>, form: &Form, profile: u64, typed: &Typed) -> Response {
    let button = |page: &str, id: &str, label: &str| {
        format!(
            "<form method=\"post\" action=\"/authorizenet/customer/{page}\">\
             <input type=\"hidden\" name=\"token\" value=\"{}\">\
             <input type=\"hidden\" name=\"paymentProfileId\" value=\"{id}\"><button class=\"btn\">{label}</button></form>",
            Text(&typed.token)
        )
    };
    let stored = op.account.profiles.get(&profile).into_iter().flat_map(|profile| profile.payment_profiles.values());
    let rows: String = stored
        .map(|stored| {
            let name = format!("{} {}", stored.instrument.account_type(), stored.instrument.masked());
            format!(
                "<li class=\"row\"><span class=\"grow\">{name}</span>{}</li>",
                button("editPayment", &stored.id.to_string(), "Edit")
            )
        })
        .collect();
    let body = format!(
        "<main class=\"narrow stack\"><p class=\"badge wait\">Simulated Authorize.Net. No real money moves</p>\
         <h1>Payment Methods</h1><ul class=\"card pad stack\">{rows}<li>{}</li></ul>{}</main>",
        button("addPayment", "", "Add"),
        hosted::cancel_link(form)
    );
    hosted::page(op.shared, Some(form), None, "Payment Methods", &body)
}
