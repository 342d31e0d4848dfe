//! QuickBooks' identity endpoints: consent, token, revocation, discovery. Source: `wire/accounting.md`, 2.2.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderMap};
use serde_json::{Value, json};

use super::api::{fresh_tid, with_tid};
use super::grants::{ACCESS_LIFE_SECONDS, Tokens, secret_of};
use crate::faults::{Call, Caller, Fault, Vendor};
use crate::oauth::{Allowed, Whose, consent, credentials};
use crate::query::Query;
use crate::{Shared, disturb, facts};

const TOKEN: &str = "/qbo/oauth2/v1/tokens/bearer";
const REVOKE: &str = "/qbo/v2/oauth2/tokens/revoke";
const CONSENT: &str = "/qbo/connect/oauth2";

pub(crate) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route(CONSENT, get(authorize))
        .route(TOKEN, post(token))
        .route(REVOKE, post(revoke))
        .route("/qbo/.well-known/openid_configuration", get(discovery))
        .route("/qbo/.well-known/openid_sandbox_configuration", get(discovery))
}

async fn authorize(State(shared): State<Arc<Shared>>, RawQuery(raw): RawQuery) -> Response {
    let whose = Whose {
        vendor: "QuickBooks",
        organisation: facts::SOUTHERN.name,
        others: &[("other", "Allow access to another company")],
    };
    consent(
        &shared,
        &whose,
        raw.as_deref(),
        |client| secret_of(client).is_some(),
        |ask| {
            let code = shared.qbo.write(|books| books.grants.codes.issue(ask, shared.clock.now_ms()));
            let is_first = ask.allowed == Allowed::First;
            let realm = if is_first { facts::qbo::REALM_ID } else { facts::qbo::OTHER_REALM_ID };
            // Nothing else ever tells which company was chosen.
            ask.back(&[("code", &code), ("realmId", realm)])
        },
    )
    .await
}

/// An OAuth error body.
fn refused(error: &str, status: StatusCode) -> Response {
    (status, Json(json!({ "error": error }))).into_response()
}

fn client(headers: &HeaderMap, form: &Query) -> Option<String> {
    let (id, secret) = credentials(headers, form)?;
    (secret_of(&id) == Some(secret.as_str())).then_some(id)
}

async fn token(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let form = Query::read(std::str::from_utf8(&body).ok());
    let call = Call { vendor: Vendor::Qbo, caller: Caller::Identity, line: format!("POST {TOKEN}") };
    let fault = shared.faults.take(&call, Fault::is_wire);
    let response = disturb::around(&shared, fault.as_ref(), || {
        if let Some(Fault::Http(status)) = fault {
            return StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR).into_response();
        }
        let Some(client) = client(&headers, &form) else {
            return refused("invalid_client", StatusCode::UNAUTHORIZED);
        };
        let tells_hard_end =
            headers.get("x-include-refresh-token-hard-expires-in").is_some_and(|value| value == "true");
        let response = grant(&shared, &client, &form, fault == Some(Fault::TokenRevoked), tells_hard_end);
        if fault == Some(Fault::ErrorAfterExecute) {
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        } else {
            response
        }
    })
    .await;
    with_tid(response, &fresh_tid())
}

fn grant(shared: &Shared, client: &str, form: &Query, revoked: bool, tells_hard_end: bool) -> Response {
    let now_ms = shared.clock.now_ms();
    let text = |name: &str| form.text(name).unwrap_or_default();
    let tokens = shared.qbo.write(|books| match text("grant_type") {
        "authorization_code" => {
            let verifier = form.text("code_verifier");
            Ok(books.grants.exchange(client, text("code"), text("redirect_uri"), verifier, now_ms))
        }
        "refresh_token" => {
            if revoked {
                books.grants.revoke(client, text("refresh_token"));
            }
            Ok(books.grants.refresh(client, text("refresh_token"), now_ms))
        }
        _ => Err("unsupported_grant_type"),
    });
    match tokens {
        Ok(Some(tokens)) => Json(token_body(&tokens, tells_hard_end)).into_response(),
        Ok(None) => refused("invalid_grant", StatusCode::BAD_REQUEST),
        Err(error) => refused(error, StatusCode::BAD_REQUEST),
    }
}

fn token_body(tokens: &Tokens, tells_hard_end: bool) -> Value {
    let mut body = json!({
        "token_type": "bearer", "access_token": tokens.access, "refresh_token": tokens.refresh,
        "expires_in": ACCESS_LIFE_SECONDS, "x_refresh_token_expires_in": tokens.refresh_expires_in,
    });
    if tells_hard_end {
        body["x_refresh_token_hard_expires_in"] = json!(tokens.hard_expires_in);
    }
    body
}

/// The token comes as JSON, from older clients as a form.
async fn revoke(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let is_json = headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    let form = Query::read(std::str::from_utf8(&body).ok().filter(|_| !is_json));
    let sent: Value = serde_json::from_slice(&body).unwrap_or_default();
    let token = sent["token"].as_str().or_else(|| form.text("token")).unwrap_or_default();
    let response = match client(&headers, &form) {
        None => refused("invalid_client", StatusCode::UNAUTHORIZED),
        Some(client) => {
            disturb::around(&shared, None, || match shared.qbo.write(|books| books.grants.revoke(&client, token)) {
                true => StatusCode::OK.into_response(),
                false => refused("invalid_request", StatusCode::BAD_REQUEST),
            })
            .await
        }
    };
    with_tid(response, &fresh_tid())
}

/// The addresses, as the vendor's own clients look them up. Nothing is signed and no profile is kept here, so the last
/// two, without which Intuit's Python client does not start, lead nowhere.
async fn discovery(State(shared): State<Arc<Shared>>) -> Json<Value> {
    let at = |path: &str| format!("{}{path}", shared.options.public_url);
    Json(json!({
        "issuer": at("/qbo"), "authorization_endpoint": at(CONSENT), "token_endpoint": at(TOKEN),
        "revocation_endpoint": at(REVOKE), "response_types_supported": ["code"], "subject_types_supported": ["public"],
        "scopes_supported": ["com.intuit.quickbooks.accounting"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "userinfo_endpoint": at("/qbo/v1/openid_connect/userinfo"), "jwks_uri": at("/qbo/op/v1/jwks"),
    }))
}
