//! The buttons of the front page; each ends at the function of its `/control/…` twin.

use std::sync::Arc;

use axum::extract::{Form, State};
use axum::response::{IntoResponse, Redirect, Response};
use chrono::TimeDelta;
use http::StatusCode;
use http::header::{HOST, HeaderMap, ORIGIN};
use serde::Deserialize;

use crate::Shared;
use crate::control::{self, ControlError};
use crate::html::{Text, page};
use crate::xero::{Edit, InvoiceStatus};

#[derive(Deserialize)]
pub(crate) struct FaultForm {
    vendor: String,
    fault: String,
    times: u32,
    #[serde(rename = "match", default)]
    needle: String,
}

#[derive(Deserialize)]
pub(crate) struct AdvanceForm {
    hours: i64,
}

#[derive(Deserialize)]
pub(crate) struct InvoiceForm {
    number: String,
    what: Bookkeeping,
    amount: String,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Bookkeeping {
    ChangeDue,
    Pay,
    Void,
}

impl InvoiceForm {
    fn edit(&self) -> Result<Edit, Trouble> {
        let amount = || minor(self.amount.trim()).ok_or(Trouble::Amount).map(Some);
        let edit = Edit { number: self.number.clone(), pay_minor: None, amount_due_minor: None, status: None };
        Ok(match self.what {
            Bookkeeping::ChangeDue => Edit { amount_due_minor: amount()?, ..edit },
            Bookkeeping::Pay => Edit { pay_minor: amount()?, ..edit },
            Bookkeeping::Void => Edit { status: Some(InvoiceStatus::Voided), ..edit },
        })
    }
}

/// `1204.5` is 120450.
fn minor(amount: &str) -> Option<i64> {
    let (whole, cents) = amount.split_once('.').unwrap_or((amount, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || cents.len() > 2 || !digits(whole) || !digits(cents) {
        return None;
    }
    format!("{whole}{cents:0<2}").parse().ok()
}

pub(crate) async fn invoice(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    Form(form): Form<InvoiceForm>,
) -> Response {
    let edited = match own(&shared, &headers).and_then(|()| form.edit()) {
        Ok(edit) => control::edit(&shared, &edit).await.map(|_| ()).map_err(Trouble::Control),
        Err(trouble) => Err(trouble),
    };
    match edited {
        Ok(()) => Redirect::to(&format!("/xero/invoice/{}", form.number)).into_response(),
        wrong => done(wrong),
    }
}

pub(crate) async fn fault(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    Form(form): Form<FaultForm>,
) -> Response {
    let turns = (0, form.times);
    let result = own(&shared, &headers)
        .and_then(|()| Ok(control::arm(&shared, &form.vendor, form.fault.trim(), turns, Some(form.needle))?));
    done(result)
}

pub(crate) async fn advance(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    Form(form): Form<AdvanceForm>,
) -> Response {
    match own(&shared, &headers) {
        Ok(()) => {
            let by = TimeDelta::try_hours(form.hours).unwrap_or_else(TimeDelta::zero);
            done(control::advance(&shared, by).await.map(|_| ()).map_err(Trouble::Control))
        }
        foreign => done(foreign),
    }
}

pub(crate) async fn reset(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    match own(&shared, &headers) {
        Ok(()) => done(control::reset(&shared).await.map_err(Trouble::Control)),
        foreign => done(foreign),
    }
}

#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("this form was sent by another site")]
    Foreign,
    #[error("enter an amount like 1000.00")]
    Amount,
    #[error(transparent)]
    Control(#[from] ControlError),
}

/// A page of another site must not move the demo's clock: browsers name the origin of a form.
fn own(shared: &Shared, headers: &HeaderMap) -> Result<(), Trouble> {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let from = headers.get(ORIGIN).and_then(|origin| origin.to_str().ok());
    // A page with `no-referrer` sends `null` for its own forms; browsers then still say so in Sec-Fetch-Site.
    let same_site = headers.get("sec-fetch-site").is_none_or(|site| site == "same-origin");
    let named = from.is_none_or(|from| {
        from == "null" || from == shared.options.public_url || from.split("://").nth(1) == Some(host)
    });
    if named && same_site { Ok(()) } else { Err(Trouble::Foreign) }
}

fn done(result: Result<(), Trouble>) -> Response {
    match result {
        Ok(()) => Redirect::to("/").into_response(),
        Err(trouble) => {
            let body = format!(
                "<main class=\"narrow stack\"><h1>That did not work</h1><p>{}</p><p><a href=\"/\">Back</a></p></main>",
                Text(&trouble.to_string())
            );
            page(StatusCode::BAD_REQUEST, "That did not work", &[], &body)
        }
    }
}
