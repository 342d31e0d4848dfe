//! `/sell/api`: quotes as other programs read them. Nothing is written by it, and of the conditions one is known.
//! Source: `wire/connectwise.md`, 3.1.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, SecondsFormat};
use http::header::AUTHORIZATION;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{ACCOUNT, CURRENCY, EMAIL, Office, Quote};
use crate::amounts::money;
use crate::query::Query;
use crate::{Shared, facts};

const PAGE_SIZE_DEFAULT: i64 = 50;
const PAGE_SIZE_MAX: i64 = 1000;

/// Status and words.
type Refusal = (StatusCode, String);

pub(super) async fn handle(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let told = request.headers().get(AUTHORIZATION).map(|value| value.to_str().unwrap_or_default());
    let query = Query::read(request.uri().query());
    let path: Vec<&str> = request.uri().path().trim_matches('/').split('/').skip(2).collect();
    let answered = shared.sell.read(|office| {
        is_let_in(told)?;
        if request.method() != Method::GET {
            return Err(not_built("Writing"));
        }
        read(office, &path, &query)
    });
    match answered {
        Ok(view) => Json(view).into_response(),
        Err((status, message)) => (status, Json(json!({ "message": message }))).into_response(),
    }
}

/// As the vendor does, who answers 500 where there are no credentials at all.
fn is_let_in(told: Option<&str>) -> Result<(), Refusal> {
    let told = told.ok_or((StatusCode::INTERNAL_SERVER_ERROR, "An error has occurred.".to_owned()))?;
    use facts::sell as known;
    let pairs = [
        (known::PORTAL_PUBLIC_KEY, known::PORTAL_PRIVATE_KEY),
        (known::STRANGER_PUBLIC_KEY, known::STRANGER_PRIVATE_KEY),
    ];
    let is_known = pairs.iter().any(|(public, private)| {
        let pair = BASE64_STANDARD.encode(format!("{}+{public}:{private}", known::ACCESS_KEY));
        told.strip_prefix("Basic ") == Some(pair.as_str())
    });
    let words = "An unknown error has occured during basic auth validation";
    if is_known { Ok(()) } else { Err((StatusCode::UNAUTHORIZED, words.to_owned())) }
}

fn read(office: &Office, path: &[&str], query: &Query) -> Result<Value, Refusal> {
    let of_id = |id: &str| office.quotes.iter().find(|quote| quote.id == id).ok_or_else(unknown);
    let of_number = |number: &str| office.quotes.iter().find(|quote| quote.number.to_string() == number);
    let of_number = |number: &str| of_number(number).ok_or_else(unknown);
    match path {
        ["quotes"] => list(office, query),
        ["quotes", id] => Ok(of_id(id)?.view()),
        ["quotes", id, "customers"] => {
            of_id(id)?;
            Ok(json!([{ "id": id, "emailAddress": EMAIL, "firstName": "Ana", "lastName": "Example",
                "accountName": ACCOUNT, "companyId": "ACME", "country": "US" }]))
        }
        ["quotes", number, "versions"] => Ok(json!([of_number(number)?.view()])),
        ["quotes", number, "versions", version] => {
            let quote = of_number(number)?;
            let is_it = *version == "latest" || *version == quote.version.to_string();
            if is_it { Ok(quote.view()) } else { Err(unknown()) }
        }
        _ => Err(not_built(&path.join("/"))),
    }
}

fn list(office: &Office, query: &Query) -> Result<Value, Refusal> {
    let number = match query.text("conditions") {
        None => None,
        Some(text) => {
            let number = text.split_once('=').filter(|(name, _)| name.trim().eq_ignore_ascii_case("quoteNumber"));
            let number = number.and_then(|(_, number)| number.trim().parse::<u32>().ok());
            Some(number.ok_or_else(|| not_built(&format!("The condition {text}")))?)
        }
    };
    let found = office.quotes.iter().filter(|quote| number.is_none_or(|number| number == quote.number));
    let size = query.number("pagesize").unwrap_or(PAGE_SIZE_DEFAULT).clamp(1, PAGE_SIZE_MAX);
    let before = query.number("page").unwrap_or(1).max(1).saturating_sub(1).saturating_mul(size);
    let [before, size] = [before, size].map(|count| usize::try_from(count).unwrap_or(usize::MAX));
    Ok(found.skip(before).take(size).map(Quote::view).collect())
}

fn unknown() -> Refusal {
    (StatusCode::NOT_FOUND, "Not found".to_owned())
}

fn not_built(what: &str) -> Refusal {
    (StatusCode::NOT_IMPLEMENTED, format!("{what} is not built in this simulator."))
}

impl Quote {
    fn view(&self) -> Value {
        let (once, monthly) = (money(self.one_time_minor()), money(self.monthly_minor()));
        let signed_at = self.signed.as_ref().and_then(|signed| DateTime::from_timestamp_millis(signed.at_ms));
        let is_signed = signed_at.is_some();
        json!({
            "id": self.id, "quoteNumber": self.number, "quoteVersion": self.version, "name": self.name,
            "quoteStatus": if is_signed { "Won" } else { "Active" },
            "accountName": ACCOUNT, "contactName": "Ana Example", "baseCurrency": CURRENCY,
            "subtotal": once, "tax": money(0), "shippingSubtotal": money(0), "quoteTotal": once,
            "recurringSubtotal": monthly, "recurringTax": money(0), "recurringTotal": monthly,
            "isAccepted": is_signed, "isOrderPorterApproved": is_signed, "showOrderPorterESign": true,
            "orderPorterSignedDate": signed_at.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true)),
            "orderPorterEmailSignature": self.signed.as_ref().map(|_| EMAIL),
        })
    }
}
