//! Sign-in, and the way into `/payrix/rest/businesses/{id}`: token, faults, dispatch. Source: `wire/gateways.md`, 4.1-4.3.

use std::sync::Arc;

use axum::Json;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{AUTHORIZATION, RETRY_AFTER};
use serde_json::{Value, json};

use super::{Account, Page, Refund, Transaction, address};
use crate::disturb::{self, Effects, RETRY_AFTER_SECONDS};
use crate::faults::{Call, Caller, Fault, Vendor};
use crate::random::random_hex;
use crate::{Shared, facts};

const BODY_MAX_BYTES: usize = 1 << 20;
const LOGIN_SECONDS: i64 = 3600;

/// Status, the vendor's code, its words, and about which field.
struct Refusal(u16, &'static str, String, &'static str);

type Answer = Result<Value, Refusal>;

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self(status, code, words, about) = self;
        let body = json!({ "errorCode": code, "errorMessage": words, "errorDetail": about });
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, Json(body)).into_response()
    }
}

fn bad(field: &'static str) -> Refusal {
    Refusal(400, "BadRequest", format!("{} is required", field.rsplit('.').next().unwrap_or(field)), field)
}

fn unauthorized() -> Refusal {
    Refusal(401, "Unauthorized", "The requested operation requires authorization.".into(), "")
}

fn unknown() -> Refusal {
    Refusal(404, "NotFound", "No resource matching the identifier was found.".into(), "")
}

fn broken() -> Refusal {
    Refusal(500, "InternalServerError", "A server-side error occurred during processing of your request.".into(), "")
}

pub(super) async fn log_in(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let call = Call { vendor: Vendor::Payrix, caller: Caller::Identity, line: "POST /payrix/auth/login".to_owned() };
    answer(&shared, &call, |account| {
        let body: Value = serde_json::from_slice(&body).map_err(|_| bad("Username"))?;
        use facts::payrix as known;
        let given = (body["Username"].as_str(), body["Password"].as_str());
        let pairs =
            [(known::PORTAL_USERNAME, known::PORTAL_PASSWORD), (known::STRANGER_USERNAME, known::STRANGER_PASSWORD)];
        if !pairs.iter().any(|(name, password)| given == (Some(*name), Some(*password))) {
            return Err(unauthorized());
        }
        let (token, now_ms) = (random_hex::<16>(), shared.clock.now_ms());
        account.logins.retain(|_, until_ms| *until_ms > now_ms);
        account.logins.insert(token.clone(), now_ms + LOGIN_SECONDS * 1000);
        Ok(json!({ "access_token": token, "expires_in": LOGIN_SECONDS, "token_type": "Bearer",
            "scope": "integrapay.api.public" }))
    })
    .await
}

pub(super) async fn handle(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_MAX_BYTES).await else { return bad("Body").into_response() };
    let caller = if parts.method == http::Method::GET { Caller::Read } else { Caller::Write };
    let line = format!("{} {}", parts.method, parts.uri.path());
    let call = Call { vendor: Vendor::Payrix, caller, line };
    let path: Vec<&str> = parts.uri.path().trim_matches('/').split('/').skip(3).collect();
    let token = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = token.and_then(|text| text.strip_prefix("Bearer ")).unwrap_or_default();
    answer(&shared, &call, |account| {
        let now_ms = shared.clock.now_ms();
        if account.logins.get(token).is_none_or(|until_ms| *until_ms <= now_ms) {
            return Err(unauthorized());
        }
        match (parts.method.as_str(), path.as_slice()) {
            (_, [business, ..]) if *business != facts::payrix::BUSINESS_ID => {
                Err(Refusal(404, "InvalidBusiness", "The business identifier is not valid.".into(), ""))
            }
            ("GET", [_, "status"]) => Ok(json!({})),
            ("POST", [_, "services", "tokens", "hpp"]) => open(account, &shared, &body),
            ("GET", [_, "services", "tokens", token]) => match account.pages.get(*token) {
                Some(page) => Ok(account.view(page, &shared.options.public_url, now_ms)),
                None => Err(unknown()),
            },
            ("GET", [_, "transactions", "card-payments"]) => {
                let named =
                    parts.uri.query().unwrap_or_default().split('&').find_map(|it| it.strip_prefix("reference="));
                account.paid_as(named.filter(|name| !name.is_empty()).ok_or_else(|| bad("reference"))?)
            }
            ("POST", [_, "transactions", "card-payments", id, "refunds"]) => refund(account, id, &body),
            _ => Err(Refusal(404, "FunctionNotAllowed", format!("{} is not built.", call.line), "")),
        }
    })
    .await
}

/// With the fault that is armed around it.
async fn answer(shared: &Arc<Shared>, call: &Call, execute: impl FnOnce(&mut Account) -> Answer) -> Response {
    let fault = shared.faults.take(call, Fault::is_wire);
    match fault {
        Some(Fault::Http(429)) => {
            let words = "Your request rate has exceeded your permissible limits.";
            let refusal = Refusal(429, "TooManyRequests", words.into(), "").into_response();
            return ([(RETRY_AFTER, RETRY_AFTER_SECONDS.to_string())], refusal).into_response();
        }
        Some(Fault::Http(_)) => return broken().into_response(),
        Some(Fault::TokenRevoked) => return unauthorized().into_response(),
        _ => {}
    }
    disturb::around(shared, fault.as_ref(), || {
        let mut answer = shared.payrix.write_if(execute, |_| call.caller != Caller::Read);
        if let (Ok(view), Some(Fault::UnknownStatus)) = (&mut answer, &fault) {
            disturb::of_tomorrow(view, &["status", "statusCode"]);
        }
        Effects::default().behind(match answer {
            _ if fault == Some(Fault::ErrorAfterExecute) => broken().into_response(),
            Ok(view) => Json(view).into_response(),
            Err(refusal) => refusal.into_response(),
        })
    })
    .await
}

impl Account {
    /// The newest by this reference: one that was rejected leaves it free.
    fn paid_as(&self, reference: &str) -> Answer {
        let made = self.transactions.iter().rfind(|it| it.reference == reference);
        made.map(Transaction::view).ok_or_else(unknown)
    }
}

/// A reference names one transaction (4.2), so that it opens one page at a time.
fn open(account: &mut Account, shared: &Shared, body: &[u8]) -> Answer {
    let body: Value = serde_json::from_slice(body).map_err(|_| bad("Transaction"))?;
    let text = |pointer: &str, field: &'static str| {
        let found = body.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty());
        found.map(str::to_owned).ok_or_else(|| bad(field))
    };
    let reference = text("/Transaction/Reference", "Transaction.Reference")?;
    if account.transactions.iter().any(|it| it.reference == reference && it.rejected.is_none()) {
        let words = "A transaction with the same identifier already exists.";
        return Err(Refusal(400, "DuplicateTransaction", words.into(), "Transaction.Reference"));
    }
    if text("/Transaction/ProcessType", "Transaction.ProcessType")? != "COMPLETE" {
        return Err(Refusal(400, "FunctionNotAllowed", "this process is not built".into(), "Transaction.ProcessType"));
    }
    let page = Page {
        token: random_hex::<16>(),
        reference,
        description: text("/Transaction/Description", "Transaction.Description")?,
        amount: body.pointer("/Transaction/Amount").and_then(minor).ok_or_else(|| bad("Transaction.Amount"))?,
        return_url: text("/ReturnUrl", "ReturnUrl")?,
        opened_ms: shared.clock.now_ms(),
        is_seen: false,
        transaction: None,
    };
    text("/Template", "Template")?;
    let answer = json!({ "token": page.token, "redirectToUrl": address(&page, &shared.options.public_url) });
    account.pages.insert(page.token.clone(), page);
    Ok(answer)
}

/// A reference is unique there (4.2). By which code more than the charge is refused is not documented.
fn refund(account: &mut Account, id: &str, body: &[u8]) -> Answer {
    let body: Value = serde_json::from_slice(body).map_err(|_| bad("Reference"))?;
    let text = |field: &'static str| body[field].as_str().filter(|text| !text.is_empty()).ok_or_else(|| bad(field));
    let (reference, amount) = (text("Reference")?.to_owned(), minor(&body["Amount"]).ok_or_else(|| bad("Amount"))?);
    text("Description")?;
    let is_taken =
        |it: &Transaction| it.reference == reference || it.refunds.iter().any(|back| back.reference == reference);
    if account.transactions.iter().any(is_taken) {
        let words = "A transaction with the same identifier already exists.";
        return Err(Refusal(400, "DuplicateTransaction", words.into(), "Reference"));
    }
    let made = account.transactions.iter_mut().find(|it| it.id == id && it.rejected.is_none());
    let made = made.ok_or_else(|| Refusal(400, "InvalidTransaction", "There is no such transaction.".into(), ""))?;
    if made.refunded() + amount > made.amount {
        return Err(Refusal(400, "LimitsExceeded", "More than was paid cannot be refunded.".into(), "Amount"));
    }
    made.refunds.push(Refund { reference, amount });
    Ok(json!({}))
}

/// A number of dollars with two decimals at most, in cents.
fn minor(amount: &Value) -> Option<i64> {
    let text = amount.as_number()?.to_string();
    let (dollars, cents) = text.split_once('.').unwrap_or((&text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if cents.len() > 2 || !digits(dollars) || !digits(cents) {
        return None;
    }
    format!("{dollars}{cents:0<2}").parse::<i64>().ok().filter(|minor| *minor > 0)
}
