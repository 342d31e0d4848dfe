//! Webhooks: the events of `wire/gateways.md`, 3.8, kept as notifications and sent; and their administration under
//! `/authorizenet/rest/v1` with HTTP Basic. No event tells of settlement or a return: those must be asked for.

use std::sync::Arc;

use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::StatusCode;
use http::header::{AUTHORIZATION, HeaderMap};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::operation::Operation;
use super::reply::{Members, Out, json as written, number, put, text};
use super::transactions::utc;
use super::{Grant, grant_of, money, random_uuid};
use crate::disturb::News;
use crate::faults::Vendor;
use crate::{Shared, webhooks};

const EVENT_TYPES: [&str; 15] = [
    "net.authorize.customer.created",
    "net.authorize.customer.deleted",
    "net.authorize.customer.updated",
    "net.authorize.customer.paymentProfile.created",
    "net.authorize.customer.paymentProfile.deleted",
    "net.authorize.customer.paymentProfile.updated",
    "net.authorize.payment.authcapture.created",
    "net.authorize.payment.authorization.created",
    "net.authorize.payment.capture.created",
    "net.authorize.payment.fraud.approved",
    "net.authorize.payment.fraud.declined",
    "net.authorize.payment.fraud.held",
    "net.authorize.payment.priorAuthCapture.created",
    "net.authorize.payment.refund.created",
    "net.authorize.payment.void.created",
];
/// Oldest notifications are dropped above this number, so that a load test cannot fill the memory.
const NOTIFICATIONS_MAX: usize = 2_000;

/// An address that was registered through the vendor's own administration.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Hook {
    id: Uuid,
    name: Option<String>,
    url: String,
    event_types: Vec<String>,
    active: bool,
    /// Whose signature key signs.
    login: String,
}

impl Hook {
    fn view(&self) -> Value {
        let status = if self.active { "active" } else { "inactive" };
        json!({
            "_links": { "self": { "href": format!("/rest/v1/webhooks/{}", self.id) } },
            "webhookId": self.id, "name": self.name, "url": self.url, "eventTypes": self.event_types, "status": status,
        })
    }
}

impl Operation<'_> {
    /// `net.authorize.payment.<what>` about a transaction.
    pub fn emit_payment(&mut self, what: &str, id: u64) {
        let Some(transaction) = self.account.transactions.get(&id) else { return };
        let mut payload: Members = vec![("responseCode", number(transaction.reason.response_code()))];
        put(&mut payload, "authCode", Some(transaction.auth_code.as_str()).filter(|code| !code.is_empty()));
        payload.push(("avsResponse", text(transaction.avs.as_str())));
        // A number of two digits, 10.00 and not 10.0: who reads and writes the body again breaks the signature.
        payload.push(("authAmount", Out::Bare(money::show(transaction.amount))));
        // The refId of the call at hand; the charge's own for what a person decided.
        let reference = self.ref_id.clone().or_else(|| transaction.ref_id.clone());
        put(&mut payload, "merchantReferenceId", reference);
        put(&mut payload, "invoiceNumber", transaction.particulars.invoice_number.as_deref());
        if what.starts_with("fraud.") {
            let action = if what == "fraud.held" { "authAndHold" } else { "report" };
            let filter = Out::Tree(vec![("fraudFilter", text("AmountFilter")), ("fraudAction", text(action))]);
            payload.push(("fraudList", Out::Each(vec![filter])));
        }
        payload.push(("entityName", text("transaction")));
        payload.push(("id", text(id.to_string())));
        self.emit(&format!("net.authorize.payment.{what}"), payload);
    }

    pub fn emit_customer(&mut self, what: &str, id: u64) {
        let payload = vec![("entityName", text("customerProfile")), ("id", text(id.to_string()))];
        self.emit(&format!("net.authorize.customer.{what}"), payload);
    }

    pub fn emit_method(&mut self, what: &str, profile: u64, id: u64) {
        let payload = vec![
            ("customerProfileId", number(profile)),
            ("entityName", text("customerPaymentProfile")),
            ("id", text(id.to_string())),
        ];
        self.emit(&format!("net.authorize.customer.paymentProfile.{what}"), payload);
    }

    /// Writes the notification down and leaves it for the webhooks, which put in the `webhookId` of each address.
    fn emit(&mut self, kind: &str, payload: Members) {
        let members = vec![
            ("notificationId", text(random_uuid().to_string())),
            ("eventType", text(kind)),
            ("eventDate", text(utc(self.now_ms))),
            ("webhookId", text(webhooks::HOOK_ID)),
            ("payload", Out::Tree(payload)),
        ];
        let body = written(&members);
        self.account.notifications.push_back(body.clone());
        if self.account.notifications.len() > NOTIFICATIONS_MAX {
            self.account.notifications.pop_front();
        }
        if self.shared.webhooks.count(Vendor::AuthorizeNet) > 0 {
            self.effects.news.push(News { vendor: Vendor::AuthorizeNet, kind: kind.to_owned(), body });
        }
    }
}

pub(crate) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route("/authorizenet/rest/v1/eventtypes", get(event_types))
        .route("/authorizenet/rest/v1/webhooks", get(list).post(create))
        .route("/authorizenet/rest/v1/webhooks/{id}", get(show).delete(delete))
        .route("/authorizenet/rest/v1/notifications", get(notifications))
}

/// Refusals of the administration, in the shape that its clients read.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("User authentication failed due to invalid authentication values.")]
    Unauthenticated,
    #[error("The webhook cannot be found.")]
    Missing,
    #[error("{0}")]
    Invalid(String),
    #[error("The records cannot be saved.")]
    Save,
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        let (status, reason) = match self {
            Self::Unauthenticated => (StatusCode::UNAUTHORIZED, "AUTHENTICATION_FAILED"),
            Self::Missing => (StatusCode::NOT_FOUND, "NOT_FOUND"),
            Self::Invalid(_) => (StatusCode::BAD_REQUEST, "INVALID_DATA"),
            Self::Save => (StatusCode::INTERNAL_SERVER_ERROR, "SYSTEM_ERROR"),
        };
        let body = json!({ "status": status.as_u16(), "reason": reason, "message": self.to_string(),
            "correlationId": random_uuid() });
        (status, Json(body)).into_response()
    }
}

/// HTTP Basic of login and transaction key.
fn authorize(headers: &HeaderMap) -> Result<&'static Grant, Trouble> {
    let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let pair = header.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"));
    let pair = pair.and_then(|(_, pair)| BASE64_STANDARD.decode(pair.trim()).ok()).unwrap_or_default();
    let pair = String::from_utf8_lossy(&pair).into_owned();
    let (login, key) = pair.split_once(':').ok_or(Trouble::Unauthenticated)?;
    grant_of(login).filter(|grant| grant.transaction_key == key).ok_or(Trouble::Unauthenticated)
}

async fn event_types(headers: HeaderMap) -> Result<Json<Value>, Trouble> {
    authorize(&headers)?;
    Ok(Json(EVENT_TYPES.iter().map(|name| json!({ "name": name })).collect()))
}

async fn list(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Result<Json<Value>, Trouble> {
    let grant = authorize(&headers)?;
    Ok(Json(
        shared
            .authorizenet
            .read(|account| account.hooks.iter().filter(|hook| hook.login == grant.login).map(Hook::view).collect()),
    ))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewHook {
    name: Option<String>,
    url: String,
    event_types: Vec<String>,
    status: Option<String>,
}

async fn create(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Result<Json<NewHook>, JsonRejection>,
) -> Result<Json<Value>, Trouble> {
    let grant = authorize(&headers)?;
    let Json(new) = body.map_err(|rejection| Trouble::Invalid(rejection.to_string()))?;
    if let Some(unknown) = new.event_types.iter().find(|name| !EVENT_TYPES.contains(&name.as_str())) {
        return Err(Trouble::Invalid(format!("{unknown} is not a valid event type.")));
    }
    if new.event_types.is_empty() {
        return Err(Trouble::Invalid("eventTypes is required.".to_owned()));
    }
    let hook = Hook {
        id: random_uuid(),
        name: new.name,
        url: new.url,
        event_types: new.event_types,
        active: new.status.as_deref() != Some("inactive"),
        login: grant.login.to_owned(),
    };
    let view = hook.view();
    hook.listen(&shared);
    shared.authorizenet.write(|account| account.hooks.push(hook));
    if shared.saved().await { Ok(Json(view)) } else { Err(Trouble::Save) }
}

impl Hook {
    /// Has events sent to it from now on; also after a restart.
    pub fn listen(&self, shared: &Shared) {
        let Some(grant) = grant_of(&self.login).filter(|_| self.active) else { return };
        let id = self.id.to_string();
        shared.webhooks.register_hook(Vendor::AuthorizeNet, &self.url, grant.signature_key, id, &self.event_types);
    }
}

async fn show(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    Path(id): Path<Uuid>,
) -> Result<Json<Value>, Trouble> {
    authorize(&headers)?;
    let view = shared.authorizenet.read(|account| account.hooks.iter().find(|hook| hook.id == id).map(Hook::view));
    view.map(Json).ok_or(Trouble::Missing)
}

async fn delete(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Trouble> {
    authorize(&headers)?;
    let removed = shared.authorizenet.write(|account| {
        let at = account.hooks.iter().position(|hook| hook.id == id)?;
        Some(account.hooks.remove(at))
    });
    let hook = removed.ok_or(Trouble::Missing)?;
    shared.webhooks.forget(Vendor::AuthorizeNet, &hook.url);
    if shared.saved().await { Ok(StatusCode::NO_CONTENT) } else { Err(Trouble::Save) }
}

/// What was sent, or would have been, newest first: nothing lost on the way is missing here.
async fn notifications(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Result<Json<Value>, Trouble> {
    authorize(&headers)?;
    let bodies: Vec<String> =
        shared.authorizenet.read(|account| account.notifications.iter().rev().take(100).cloned().collect());
    let all: Vec<Value> = bodies.iter().filter_map(|body| serde_json::from_str(body).ok()).collect();
    Ok(Json(json!({ "notifications": all })))
}
