//! Xero's identity endpoints: token, revocation, connections. Source: `wire/accounting.md`, 1.2.2 and 1.2.3.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use chrono::DateTime;
use http::StatusCode;
use http::header::{HeaderMap, RETRY_AFTER};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::grants::{ACCESS_LIFE_SECONDS, AccessRefusal, Grant, Tokens, secret_of};
use super::refusal::Refusal;
use crate::disturb::{self, RETRY_AFTER_SECONDS};
use crate::faults::{Call, Caller, Fault, Vendor};
use crate::oauth::{bearer, credentials};
use crate::query::Query as Form;
use crate::{Shared, facts};

pub(crate) fn router() -> Router<Arc<Shared>> {
    let mut router = Router::new()
        .route("/xero/connect/token", post(token))
        .route("/xero/identity/connect/token", post(token))
        .route("/xero/connect/revocation", post(revoke));
    // The specification writes `/Connections`, the SDK's recording too; both work at the vendor (1.1).
    for name in ["connections", "Connections"] {
        router = router
            .route(&format!("/xero/{name}"), get(connections))
            .route(&format!("/xero/{name}/{{id}}"), delete(disconnect));
    }
    router
}

fn identity_call(line: &str) -> Call {
    Call { vendor: Vendor::Xero, caller: Caller::Identity, line: line.to_owned() }
}

/// An OAuth error body.
fn refused(error: &str, status: StatusCode) -> Response {
    (status, Json(json!({ "error": error }))).into_response()
}

fn plain_fault(status: u16) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    match status {
        StatusCode::TOO_MANY_REQUESTS => (status, [(RETRY_AFTER, RETRY_AFTER_SECONDS.to_string())]).into_response(),
        _ => status.into_response(),
    }
}

fn client(headers: &HeaderMap, form: &Form) -> Option<String> {
    let (id, secret) = credentials(headers, form)?;
    (secret_of(&id) == Some(secret.as_str())).then_some(id)
}

async fn token(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let form = Form::read(std::str::from_utf8(&body).ok());
    let fault = shared.faults.take(&identity_call("POST /xero/connect/token"), Fault::is_wire);
    if let Some(Fault::Http(status)) = fault {
        return plain_fault(status);
    }
    let Some(client) = client(&headers, &form) else {
        return refused("invalid_client", StatusCode::UNAUTHORIZED);
    };
    disturb::around(&shared, fault.as_ref(), || {
        let response = grant(&shared, &client, &form, fault.as_ref());
        match fault {
            Some(Fault::ErrorAfterExecute) => plain_fault(500),
            _ => response,
        }
    })
    .await
}

fn grant(shared: &Shared, client: &str, form: &Form, fault: Option<&Fault>) -> Response {
    let now_ms = shared.clock.now_ms();
    let text = |name: &str| form.text(name).unwrap_or_default();
    let tokens = shared.xero.write(|books| match text("grant_type") {
        "authorization_code" => {
            let verifier = form.text("code_verifier");
            Ok(books.grants.exchange(client, text("code"), text("redirect_uri"), verifier, now_ms))
        }
        "refresh_token" => {
            if fault == Some(&Fault::TokenRevoked) {
                books.grants.revoke(client, text("refresh_token"));
            }
            Ok(books.grants.refresh(client, text("refresh_token"), now_ms))
        }
        "client_credentials" => Ok(Some(books.grants.custom(client, &custom_scope(form), now_ms))),
        _ => Err("unsupported_grant_type"),
    });
    match tokens {
        Ok(Some(tokens)) => Json(token_body(&tokens)).into_response(),
        Ok(None) => refused("invalid_grant", StatusCode::BAD_REQUEST),
        Err(error) => refused(error, StatusCode::BAD_REQUEST),
    }
}

/// What a custom connection asks for; one that names nothing gets all. xero-node calls it `scopes`, and joins by commas.
fn custom_scope(form: &Form) -> String {
    let asked = form.text("scope").or_else(|| form.text("scopes")).unwrap_or(facts::xero::SCOPES);
    let of_books = |scope: &&str| scope.starts_with("accounting.") || *scope == "paymentservices";
    asked.split([' ', ',']).filter(of_books).collect::<Vec<_>>().join(" ")
}

/// Who a user is and what refreshes a token are told to those alone who asked for it: xero-node refuses an `id_token` that
/// it has not asked for.
fn token_body(tokens: &Tokens) -> Value {
    let mut body = json!({
        "access_token": tokens.access, "expires_in": ACCESS_LIFE_SECONDS, "token_type": "Bearer", "scope": tokens.scope,
    });
    let asked = |wanted: &str| tokens.scope.split(' ').any(|scope| scope == wanted);
    if asked("openid") {
        body["id_token"] = json!(tokens.access);
    }
    if asked("offline_access") {
        body["refresh_token"] = json!(tokens.refresh);
    }
    body
}

async fn revoke(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let form = Form::read(std::str::from_utf8(&body).ok());
    let Some(client) = client(&headers, &form) else {
        return refused("invalid_client", StatusCode::UNAUTHORIZED);
    };
    let token = form.text("token").unwrap_or_default();
    disturb::around(&shared, None, || {
        shared.xero.write(|books| books.grants.revoke(&client, token));
        StatusCode::OK.into_response()
    })
    .await
}

#[derive(Deserialize)]
struct EventFilter {
    #[serde(rename = "authEventId")]
    auth_event_id: Option<String>,
}

async fn connections(
    State(shared): State<Arc<Shared>>,
    Query(filter): Query<EventFilter>,
    headers: HeaderMap,
) -> Response {
    let token = bearer(&headers).unwrap_or_default();
    let now_ms = shared.clock.now_ms();
    let found = shared.xero.read(|books| books.grants.holder(token, now_ms).cloned());
    match found {
        Ok(grant) => {
            let wanted = filter.auth_event_id.is_none_or(|id| grant.id.to_string() == id);
            Json(json!(if wanted { organisations(&grant) } else { Vec::new() })).into_response()
        }
        Err(AccessRefusal::Disconnected) => Json(json!([])).into_response(),
        Err(_) => unauthorized(),
    }
}

async fn disconnect(State(shared): State<Arc<Shared>>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    let token = bearer(&headers).unwrap_or_default();
    let now_ms = shared.clock.now_ms();
    let Ok(client) = shared.xero.read(|books| books.grants.holder(token, now_ms).map(|grant| grant.client.clone()))
    else {
        return unauthorized();
    };
    let fault = shared.faults.take(&identity_call(&format!("DELETE /xero/connections/{id}")), Fault::is_wire);
    if let Some(Fault::Http(status)) = fault {
        return plain_fault(status);
    }
    disturb::around(&shared, fault.as_ref(), || {
        match shared.xero.write(|books| books.grants.disconnect(&client, &id)) {
            true => StatusCode::NO_CONTENT.into_response(),
            false => StatusCode::NOT_FOUND.into_response(),
        }
    })
    .await
}

fn unauthorized() -> Response {
    let body = Refusal::Unauthorized("AuthenticationUnsuccessful").body();
    (StatusCode::UNAUTHORIZED, Json(body)).into_response()
}

/// Times without a zone and with seven digits, as the vendor writes them here (1.2.3).
fn organisations(grant: &Grant) -> Vec<Value> {
    let at = DateTime::from_timestamp_millis(grant.created_ms).unwrap_or_default();
    let at = format!("{}0000", at.format("%Y-%m-%dT%H:%M:%S%.3f"));
    let first = grant.connected.then_some((grant.connection, facts::xero::TENANT_ID, facts::NORTHWIND.name));
    let other = grant.other.map(|id| (id, facts::xero::OTHER_TENANT_ID, facts::xero::OTHER_NAME));
    let connection = |(id, tenant, name): (Uuid, &str, &str)| {
        json!({
            "id": id, "authEventId": grant.id, "tenantId": tenant, "tenantType": "ORGANISATION", "tenantName": name,
            "createdDateUtc": at, "updatedDateUtc": at,
        })
    };
    first.into_iter().chain(other).map(connection).collect()
}
