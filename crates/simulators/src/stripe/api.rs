//! The one way into `/stripe/v1`: key, faults, idempotency, dispatch, headers. Source: `wire/gateways.md`, 2.1 and 2.7.

use std::sync::Arc;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use http::{HeaderValue, Method, StatusCode};

use super::form::Params;
use super::operation::{Answer, Operation};
use super::refusal::Refusal;
use super::{API_VERSION, agenda, charges, customers, events, intents, methods, refunds, sessions};
use super::{balance, disputes, mandates, microdeposits, payouts, setup_intents};
use crate::disturb::{self, Effects, RETRY_AFTER_SECONDS};
use crate::faults::{Call, Caller, Fault, Vendor};
use crate::random::random_hex;
use crate::replies::{Reply, Seen, fingerprint};
use crate::{Shared, facts};

const BODY_MAX_BYTES: usize = 1 << 20;
/// Keys may be pruned after a day; we prune at once then, so that nobody leans on more.
const KEY_TTL_MS: i64 = 24 * 3600 * 1000;
const KEY_MAX_CHARS: usize = 255;

/// Who calls: the secret or publishable key.
enum Key {
    Secret(String),
    Publishable,
}

/// One call, taken apart.
struct ApiCall {
    method: Method,
    path: String,
    params: Params,
    key: Key,
    idempotency_key: Option<String>,
    version: String,
    request_id: String,
    call: Call,
}

pub(crate) async fn handle(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let request_id = format!("req_{}", random_hex::<7>());
    let Ok(body) = to_bytes(body, BODY_MAX_BYTES).await else {
        let refusal = Refusal { status: 413, ..Refusal::invalid(None, "Request body too large.") };
        return finish(&refused(&refusal, &request_id), None, API_VERSION);
    };
    match read(&parts, &body, &request_id) {
        Ok(call) => answer(&shared, &call).await,
        Err(refusal) => finish(&refused(&refusal, &request_id), None, API_VERSION),
    }
}

fn read(parts: &http::request::Parts, body: &Bytes, request_id: &str) -> Result<ApiCall, Refusal> {
    let key = authorize(&parts.headers)?;
    let text = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let idempotency_key = text("idempotency-key").filter(|_| parts.method == Method::POST);
    if idempotency_key.as_ref().is_some_and(|key| key.chars().count() > KEY_MAX_CHARS) {
        return Err(Refusal::invalid(None, "Idempotency-Key is longer than 255 characters."));
    }
    let params = match parts.method {
        Method::GET | Method::DELETE => Params::decode(parts.uri.query().unwrap_or_default().as_bytes()),
        _ => Params::decode(body),
    };
    let caller = match (&key, &parts.method) {
        (Key::Publishable, _) => Caller::Browser,
        (Key::Secret(_), &Method::GET) => Caller::Read,
        (Key::Secret(_), _) => Caller::Write,
    };
    let path = parts.uri.path().to_owned();
    Ok(ApiCall {
        call: Call { vendor: Vendor::Stripe, caller, line: format!("{} {path}", parts.method) },
        method: parts.method.clone(),
        path,
        params,
        key,
        idempotency_key,
        version: text("stripe-version").unwrap_or_else(|| API_VERSION.to_owned()),
        request_id: request_id.to_owned(),
    })
}

/// The key as Bearer, or as the user of HTTP Basic with an empty password.
fn authorize(headers: &HeaderMap) -> Result<Key, Refusal> {
    let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let key = match header.split_once(' ') {
        Some((scheme, key)) if scheme.eq_ignore_ascii_case("bearer") => key.trim().to_owned(),
        Some((scheme, pair)) if scheme.eq_ignore_ascii_case("basic") => {
            let pair = BASE64_STANDARD.decode(pair.trim()).unwrap_or_default();
            String::from_utf8_lossy(&pair).split(':').next().unwrap_or_default().to_owned()
        }
        _ => return Err(Refusal::unauthorized("You did not provide an API key.")),
    };
    use facts::stripe as known;
    match key.as_str() {
        known::PORTAL_SECRET_KEY | known::STRANGER_SECRET_KEY => Ok(Key::Secret(key)),
        known::PORTAL_PUBLISHABLE_KEY | known::STRANGER_PUBLISHABLE_KEY => Ok(Key::Publishable),
        _ => Err(Refusal::unauthorized("Invalid API Key provided.")),
    }
}

async fn answer(shared: &Arc<Shared>, call: &ApiCall) -> Response {
    let fault = shared.faults.take(&call.call, Fault::is_wire);
    let early = match fault {
        Some(Fault::Http(429)) => Some(Refusal::rate_limited()),
        Some(Fault::TokenRevoked) => Some(Refusal::unauthorized("Expired API Key provided.")),
        _ => None,
    };
    if let Some(refusal) = early {
        return call.finish(&refused(&refusal, &call.request_id));
    }
    let Some(_running) = call.enter(shared) else {
        return call.finish(&refused(&Refusal::key_in_use(), &call.request_id));
    };
    disturb::around(shared, fault.as_ref(), || {
        let (reply, effects) = call.execute(shared, fault.as_ref());
        effects.behind(call.finish(&reply))
    })
    .await
}

impl ApiCall {
    /// Two accounts would not share keys; the portal and strangers' clients share one account and must not collide.
    fn scoped_key(&self) -> Option<String> {
        let Key::Secret(secret) = &self.key else { return None };
        self.idempotency_key.as_ref().map(|key| format!("stripe/{secret}/{key}"))
    }

    /// Holds the idempotency key while the call runs; without a key every call is its own.
    fn enter<'a>(&self, shared: &'a Shared) -> Option<crate::replies::InFlightGuard<'a>> {
        shared.in_flight.enter(self.scoped_key().unwrap_or_else(|| format!("stripe//{}", self.request_id)))
    }

    /// Replays or runs, under the account's lock; what ran is kept for the key, a 500 too (2.7).
    fn execute(&self, shared: &Shared, fault: Option<&Fault>) -> (Reply, Effects) {
        if self.method == Method::GET {
            // Reads change nothing worth saving; a session that a look expires will expire again.
            return shared.stripe.write_if(|account| self.run(account, shared, fault), |(_, effects)| effects.changed);
        }
        shared.stripe.write(|account| {
            let Some(key) = self.scoped_key() else { return self.run(account, shared, fault) };
            let now_ms = shared.clock.now_ms();
            let print = fingerprint(&[self.call.line.as_bytes(), self.params.canonical().as_bytes()]);
            match account.replies.look(&key, &print, now_ms, KEY_TTL_MS) {
                Seen::Same(reply) => return (reply, Effects::default()),
                Seen::Other => return (refused(&Refusal::key_reused(), &self.request_id), Effects::default()),
                Seen::New => {}
            }
            let (reply, effects) = self.run(account, shared, fault);
            // Validation failures are not kept: the call never began (2.7).
            if !matches!(reply.status, 400 | 401 | 404) {
                account.replies.keep(&key, &print, now_ms, reply.clone());
            }
            (reply, effects)
        })
    }

    fn run(&self, account: &mut super::Account, shared: &Shared, fault: Option<&Fault>) -> (Reply, Effects) {
        if let Some(Fault::Http(_)) = fault {
            return (refused(&Refusal::broken(), &self.request_id), Effects::default());
        }
        // What fell due before this call happened before it, and is told of before it.
        let due = agenda::due_effects(account, shared);
        let mut op = Operation::new(account, shared, &self.call, &self.request_id);
        op.effects = due;
        op.idempotency_key = self.idempotency_key.as_deref();
        let mut answer = self.dispatch(&mut op);
        if let Some(Fault::ErrorAfterExecute) = fault {
            answer = Err(Refusal::broken());
        }
        if let (Ok(view), Some(Fault::UnknownStatus)) = (&mut answer, fault) {
            disturb::of_tomorrow(view, &["status"]);
        }
        let reply = match answer {
            Ok(view) => Reply { status: 200, body: view.to_string(), request_id: self.request_id.clone() },
            Err(refusal) => refused(&refusal, &self.request_id),
        };
        (reply, op.effects)
    }

    fn dispatch(&self, op: &mut Operation<'_>) -> Answer {
        let path: Vec<&str> = self.path.trim_start_matches("/stripe/v1/").trim_end_matches('/').split('/').collect();
        let params = &self.params;
        if let Key::Publishable = self.key {
            return self.for_browser(op, &path);
        }
        match (self.method.as_str(), path.as_slice()) {
            ("POST", ["payment_intents"]) => intents::create(op, params),
            ("GET", ["payment_intents"]) => intents::list(op, params),
            ("GET", ["payment_intents", id]) => intents::retrieve(op, id, params),
            ("POST", ["payment_intents", id]) => intents::update(op, id, params),
            ("POST", ["payment_intents", id, "confirm"]) => intents::confirm(op, id, params, false),
            ("POST", ["payment_intents", id, "cancel"]) => intents::cancel(op, id, params),
            ("POST", ["payment_intents" | "setup_intents", id, "verify_microdeposits"]) => {
                microdeposits::verify(op, id, params)
            }
            ("POST", ["setup_intents"]) => setup_intents::create(op, params),
            ("GET", ["setup_intents"]) => setup_intents::list(op, params),
            ("GET", ["setup_intents", id]) => setup_intents::retrieve(op, id, params),
            ("POST", ["setup_intents", id, "confirm"]) => setup_intents::confirm(op, id, params, false),
            ("POST", ["setup_intents", id, "cancel"]) => setup_intents::cancel(op, id, params),
            ("POST", ["payment_methods"]) => methods::create(op, params, false),
            ("GET", ["payment_methods"]) => methods::list(op, params, None),
            ("GET", ["payment_methods", id]) => methods::retrieve(op, id),
            ("POST", ["payment_methods", id]) => methods::update(op, id, params),
            ("POST", ["payment_methods", id, "attach"]) => methods::attach(op, id, params),
            ("POST", ["payment_methods", id, "detach"]) => methods::detach(op, id, params),
            ("GET", ["mandates", id]) => mandates::retrieve(op, id, params),
            ("POST", ["customers"]) => customers::create(op, params),
            ("GET", ["customers"]) => customers::list(op, params),
            ("GET", ["customers", id]) => customers::retrieve(op, id),
            ("POST", ["customers", id]) => customers::update(op, id, params),
            ("GET", ["customers", id, "payment_methods"]) => methods::list(op, params, Some(id)),
            _ => self.dispatch_money(op, &path),
        }
    }

    /// What became of the money: charges and all that follows.
    fn dispatch_money(&self, op: &mut Operation<'_>, path: &[&str]) -> Answer {
        let params = &self.params;
        match (self.method.as_str(), path) {
            ("GET", ["charges"]) => charges::list(op, params),
            ("GET", ["charges", id]) => charges::retrieve(op, id, params),
            ("POST", ["refunds"]) => refunds::create(op, params),
            ("GET", ["refunds"]) => refunds::list(op, params),
            ("GET", ["refunds", id]) => refunds::retrieve(op, id, params),
            ("POST", ["refunds", id]) => refunds::update(op, id, params),
            ("POST", ["refunds", id, "cancel"]) => refunds::cancel(op, id, params),
            ("GET", ["disputes"]) => disputes::list(op, params),
            ("GET", ["disputes", id]) => disputes::retrieve(op, id, params),
            ("POST", ["disputes", id]) => disputes::update(op, id, params),
            ("POST", ["disputes", id, "close"]) => disputes::close(op, id, params),
            ("GET", ["balance_transactions"]) => balance::list(op, params),
            ("GET", ["balance_transactions", id]) => balance::retrieve(op, id, params),
            ("POST", ["payouts"]) => payouts::create(op, params),
            ("GET", ["payouts"]) => payouts::list(op, params),
            ("GET", ["payouts", id]) => payouts::retrieve(op, id, params),
            ("GET", ["events"]) => events::list(op, params),
            ("GET", ["events", id]) => events::retrieve(op, id),
            ("POST", ["checkout", "sessions"]) => sessions::create(op, params),
            ("GET", ["checkout", "sessions", id]) => sessions::retrieve(op, id, params),
            ("POST", ["checkout", "sessions", id, "expire"]) => sessions::expire(op, id, params),
            (method, _) => Err(Refusal::unknown_url(method, self.path.trim_start_matches("/stripe"))),
        }
    }

    /// A browser makes methods, and works on the one intent whose secret it holds.
    fn for_browser(&self, op: &mut Operation<'_>, path: &[&str]) -> Answer {
        let params = &self.params;
        let holds_secret = |id: &str| {
            let intent = op.account.intents.get(id).map(|intent| &intent.client_secret);
            let secret = intent.or_else(|| op.account.setups.get(id).map(|setup| &setup.client_secret));
            secret.is_some_and(|secret| params.text("client_secret") == Some(secret.as_str()))
        };
        match (self.method.as_str(), path) {
            ("POST", ["payment_methods"]) => methods::create(op, params, true),
            (_, ["payment_intents" | "setup_intents", id, ..]) if !holds_secret(id) => {
                let message = "The client_secret provided does not match any associated intent on this account.";
                Err(Refusal::invalid(None, message).about("client_secret"))
            }
            ("GET", ["payment_intents", id]) => intents::retrieve(op, id, params),
            ("POST", ["payment_intents", id, "confirm"]) => intents::confirm(op, id, params, true),
            ("GET", ["setup_intents", id]) => setup_intents::retrieve(op, id, params),
            ("POST", ["setup_intents", id, "confirm"]) => setup_intents::confirm(op, id, params, true),
            ("POST", ["payment_intents" | "setup_intents", id, "verify_microdeposits"]) => {
                microdeposits::verify(op, id, params)
            }
            _ => Err(Refusal::unauthorized("This API call cannot be made with a publishable API key.")),
        }
    }

    fn finish(&self, reply: &Reply) -> Response {
        let mut response = finish(reply, self.idempotency_key.as_deref(), &self.version);
        // A kept reply carries the id of the request that made it.
        if reply.request_id != self.request_id {
            response.headers_mut().insert("idempotent-replayed", HeaderValue::from_static("true"));
        }
        response
    }
}

fn refused(refusal: &Refusal, request_id: &str) -> Reply {
    Reply { status: refusal.status, body: refusal.body().to_string(), request_id: request_id.to_owned() }
}

fn finish(reply: &Reply, idempotency_key: Option<&str>, version: &str) -> Response {
    let mut response = Body::from(reply.body.clone()).into_response();
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let mut text = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    text("request-id", &reply.request_id);
    text("stripe-version", version);
    if let Some(key) = idempotency_key {
        text("idempotency-key", key);
    }
    match reply.status {
        409 | 429 => text("stripe-should-retry", "true"),
        400..=499 => text("stripe-should-retry", "false"),
        _ => {}
    }
    if reply.status == 429 {
        headers.insert(RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS));
    }
    response
}
