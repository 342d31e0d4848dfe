//! How an answer of the accounting API goes out: envelope, status, limit headers. `wire/accounting.md`, 1.1 and 1.4.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};

use super::call::Answer;
use super::limits::{Breach, Remaining};
use super::wire;
use crate::replies::Reply;

pub(crate) fn reply(answer: Answer, request_id: &str, now_ms: i64) -> Reply {
    let (status, body) = match answer {
        // A mail that was sent has nothing to show.
        Ok(Value::Null) => (204, String::new()),
        Ok(members) => (200, wire::envelope(request_id, now_ms, members).to_string()),
        Err(refusal) => (refusal.status(), refusal.body().to_string()),
    };
    Reply { status, body: wire::slashed(&body), request_id: request_id.to_owned() }
}

pub(crate) fn respond(reply: &Reply, remaining: Option<Remaining>) -> Response {
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = [(CONTENT_TYPE, "application/json; charset=utf-8")];
    with_remaining((status, headers, Body::from(reply.body.clone())).into_response(), remaining)
}

pub(crate) fn document(pdf: Vec<u8>, remaining: Option<Remaining>) -> Response {
    with_remaining(([(CONTENT_TYPE, "application/pdf")], pdf).into_response(), remaining)
}

/// The one answer in plain text (1.3).
pub(crate) fn offline(remaining: Option<Remaining>) -> Response {
    let headers = [(CONTENT_TYPE, "text/plain; charset=utf-8")];
    let response = (StatusCode::SERVICE_UNAVAILABLE, headers, "The Organisation is offline").into_response();
    with_remaining(response, remaining)
}

fn with_remaining(mut response: Response, remaining: Option<Remaining>) -> Response {
    if let Some(remaining) = remaining {
        put_remaining(response.headers_mut(), remaining);
    }
    response
}

pub(crate) fn throttled(breach: &Breach) -> Response {
    let body = json!({ "Title": "Too Many Requests", "Status": 429, "Detail": breach.problem }).to_string();
    let mut response = (StatusCode::TOO_MANY_REQUESTS, [(CONTENT_TYPE, "application/json")], body).into_response();
    let headers = response.headers_mut();
    headers.insert("x-rate-limit-problem", HeaderValue::from_static(breach.problem));
    if let Some(seconds) = breach.retry_after_seconds {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    put_remaining(headers, breach.remaining);
    response
}

fn put_remaining(headers: &mut HeaderMap, remaining: Remaining) {
    headers.insert("x-minlimit-remaining", HeaderValue::from(remaining.minute));
    headers.insert("x-daylimit-remaining", HeaderValue::from(remaining.day));
    headers.insert("x-appminlimit-remaining", HeaderValue::from(remaining.app_minute));
}
