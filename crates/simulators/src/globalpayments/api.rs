//! The one way into `/globalpayments/ucp`: version, token, faults, idempotency, dispatch. Source: `wire/gateways.md`, 5.1.

use std::sync::Arc;

use axum::Json;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::Method;
use http::header::{AUTHORIZATION, HeaderMap};
use serde_json::Value;

use super::refusal::Refusal;
use super::{Answer, Operation, links, methods, tokens, transactions};
use crate::Shared;
use crate::disturb;
use crate::faults::{Call, Caller, Fault, Vendor};

const BASE: &str = "/globalpayments/ucp/";
const BODY_MAX_BYTES: usize = 1 << 20;
const VERSION: &str = "2021-03-22";

/// One call, taken apart.
struct Asked {
    method: Method,
    path: String,
    query: Vec<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
}

impl Asked {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    fn json(&self) -> Result<Value, Refusal> {
        serde_json::from_slice(&self.body).map_err(|_| Refusal::invalid("40000", "The body is not JSON"))
    }
}

pub(super) async fn handle(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_MAX_BYTES).await else {
        return Refusal::invalid("40000", "The body is too long").into_response();
    };
    let path = parts.uri.path().trim_start_matches(BASE).trim_end_matches('/').to_owned();
    let query = parts.uri.query().unwrap_or_default();
    let query = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let caller = match (path.as_str(), &parts.method) {
        ("accesstoken", _) => Caller::Identity,
        (_, &Method::GET) => Caller::Read,
        _ => Caller::Write,
    };
    let line = format!("{} {}", parts.method, parts.uri.path());
    let call = Call { vendor: Vendor::GlobalPayments, caller, line };
    let asked = Asked { method: parts.method, path, query, headers: parts.headers, body };
    let fault = shared.faults.take(&call, Fault::is_wire);
    match fault {
        Some(Fault::Http(429)) => return Refusal::throttled().into_response(),
        Some(Fault::Http(_)) => return Refusal::broken().into_response(),
        Some(Fault::TokenRevoked) if caller == Caller::Identity => return Refusal::unknown_app().into_response(),
        Some(Fault::TokenRevoked) => return Refusal::unauthenticated().into_response(),
        _ => {}
    }
    disturb::around(&shared, fault.as_ref(), || {
        let run = |account: &mut super::Account| {
            let mut op = Operation::new(account, &shared, &call);
            let answer = execute(&mut op, &asked);
            (answer, op.effects)
        };
        // Reads change nothing.
        let (mut answer, effects) = shared.globalpayments.write_if(run, |_| caller != Caller::Read);
        if let (Ok(view), Some(Fault::UnknownStatus)) = (&mut answer, &fault) {
            disturb::of_tomorrow(view, &["status"]);
        }
        effects.behind(match answer {
            _ if fault == Some(Fault::ErrorAfterExecute) => Refusal::broken().into_response(),
            Ok(view) => Json(view).into_response(),
            Err(refusal) => refusal.into_response(),
        })
    })
    .await
}

/// A key that was used before is refused, whatever it is used for now (5.2).
fn execute(op: &mut Operation<'_>, asked: &Asked) -> Answer {
    if asked.header("x-gp-version") != Some(VERSION) {
        return Err(Refusal::missing("X-GP-Version"));
    }
    if asked.path == "accesstoken" {
        return tokens::create(op, &asked.json()?);
    }
    let token = asked.header(AUTHORIZATION.as_str()).and_then(|text| text.strip_prefix("Bearer ")).unwrap_or_default();
    tokens::check(op, token)?;
    let key = asked.header("x-gp-idempotency").filter(|_| asked.method != Method::GET);
    if let Some(made) = key.and_then(|key| op.account.keys.get(key)) {
        return Err(Refusal::seen_before(made));
    }
    let answer = dispatch(op, asked)?;
    if let (Some(key), Some(made)) = (key, answer["id"].as_str()) {
        op.account.keys.insert(key.to_owned(), made.to_owned());
    }
    Ok(answer)
}

fn dispatch(op: &mut Operation<'_>, asked: &Asked) -> Answer {
    let path: Vec<&str> = asked.path.split('/').collect();
    match (asked.method.as_str(), path.as_slice()) {
        ("POST", ["payment-methods"]) => methods::create(op, &asked.json()?),
        ("POST", ["transactions"]) => transactions::create(op, &asked.json()?),
        ("GET", ["transactions"]) => transactions::list(op, &asked.query),
        ("GET", ["transactions", id]) => transactions::retrieve(op, id),
        ("POST", ["transactions", id, "capture"]) => transactions::capture(op, id),
        ("POST", ["transactions", id, "reversal"]) => transactions::reverse(op, id, &asked.json()?),
        ("POST", ["transactions", id, "refund"]) => transactions::refund(op, id, &asked.json()?),
        ("POST", ["links"]) => links::create(op, &asked.json()?),
        ("GET", ["links", id]) => links::retrieve(op, id),
        ("PATCH", ["links", id]) => links::edit(op, id, &asked.json()?),
        (method, _) => Err(Refusal::not_found(format!("{method} /ucp/{} is not built.", asked.path))),
    }
}
