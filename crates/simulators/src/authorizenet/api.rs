//! The one way into `/authorizenet/xml/v1/request.api`: wire, schema, authentication, faults, dispatch.
//! Source: `wire/gateways.md`, 3.1.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, CONTENT_TYPE, RETRY_AFTER,
};
use http::{HeaderValue, StatusCode};

use super::operation::{Answer, Operation, Reply};
use super::reasons::Reason;
use super::refusal::Refusal;
use super::reply::{Members, Out, Wire, messages, text};
use super::tree::{Node, from_json, from_xml};
use super::{charge, corrections, grant_of, hosted_pay, hosted_profile, nonces, profiles, reporting, schema};
use crate::disturb::{self, Effects, RETRY_AFTER_SECONDS};
use crate::faults::{Call, Caller, Fault, Vendor};
use crate::{Shared, facts};

const BODY_MAX_BYTES: usize = 1 << 20;
pub(crate) const PATH: &str = "/authorizenet/xml/v1/request.api";

/// The call of the browser scripts comes from pages of other origins.
pub(crate) async fn preflight() -> Response {
    let headers = [
        (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (ACCESS_CONTROL_ALLOW_METHODS, "POST"),
        (ACCESS_CONTROL_ALLOW_HEADERS, "content-type"),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

pub(crate) async fn handle(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let kind = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let wire = if kind.contains("xml") { Wire::Xml } else { Wire::Json };
    let Ok(body) = to_bytes(body, BODY_MAX_BYTES).await else {
        return refused(wire, "", None, &Refusal::schema("The request is too long."));
    };
    let known = kind.is_empty() || ["json", "xml", "text/plain"].iter().any(|known| kind.contains(known));
    let root = match read(wire, &body).and_then(|root| if known { Ok(root) } else { Err(Refusal::content_type()) }) {
        Ok(root) => root,
        Err(refusal) => return refused(wire, "", None, &refusal),
    };
    let call = Call { vendor: Vendor::AuthorizeNet, caller: caller(&root.name), line: line(&root) };
    let mut response = answer(&shared, wire, &root, &call).await;
    if root.name == "securePaymentContainerRequest" {
        response.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    }
    response
}

fn read(wire: Wire, body: &[u8]) -> Result<Node, Refusal> {
    let text = std::str::from_utf8(body).map_err(|_| Refusal::schema("The request is not UTF-8."))?;
    let text = text.trim_start_matches('\u{feff}');
    let root = match wire {
        Wire::Json => from_json(text),
        Wire::Xml => from_xml(text),
    };
    root.map_err(|malformed| Refusal::schema(malformed.to_string()))
}

/// What a fault's `match` is looked for in: the address is the same for all calls, so their names stand behind it.
fn line(root: &Node) -> String {
    match root.text("transactionRequest/transactionType") {
        Some(kind) => format!("POST {PATH} {} {kind}", root.name),
        None => format!("POST {PATH} {}", root.name),
    }
}

fn caller(root: &str) -> Caller {
    match root {
        "securePaymentContainerRequest" => Caller::Browser,
        name if name.starts_with("get") || name == "authenticateTestRequest" => Caller::Read,
        _ => Caller::Write,
    }
}

async fn answer(shared: &Arc<Shared>, wire: Wire, root: &Node, call: &Call) -> Response {
    let fault = shared.faults.take(call, Fault::is_wire);
    match fault {
        Some(Fault::Http(429)) => {
            let retry = [(RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS))];
            return (StatusCode::TOO_MANY_REQUESTS, retry, "Too Many Requests").into_response();
        }
        Some(Fault::Http(_)) => return broken(),
        Some(Fault::TokenRevoked) => return refused(wire, "", None, &Refusal::unauthenticated()),
        _ => {}
    }
    disturb::around(shared, fault.as_ref(), || {
        let (response, effects) = execute(shared, wire, root, call, fault.as_ref());
        let response = if fault == Some(Fault::ErrorAfterExecute) { broken() } else { response };
        effects.behind(response)
    })
    .await
}

fn broken() -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, Body::from("Internal Server Error")).into_response()
}

fn execute(shared: &Shared, wire: Wire, root: &Node, call: &Call, fault: Option<&Fault>) -> (Response, Effects) {
    let ref_id = root.owned("refId");
    let checked = schema::check(root).and_then(|()| authenticate(root));
    let early = match checked {
        Ok(Access::Granted) => None,
        // Credentials of the other system: a charge gets reason 13, everything else is not let in.
        Ok(Access::OtherSystem) if root.name == "createTransactionRequest" => {
            Some(Ok(charge::refused(Reason::INACTIVE_ACCOUNT)))
        }
        Ok(Access::OtherSystem) => Some(Err(Refusal::unauthenticated())),
        Err(refusal) => Some(Err(refusal)),
    };
    let run = |account: &mut super::Account| {
        let mut op = Operation::new(account, shared, call);
        op.ref_id.clone_from(&ref_id);
        let answer = early.unwrap_or_else(|| dispatch(&mut op, root));
        (answer, op.effects)
    };
    let (answer, effects) = match call.caller {
        Caller::Read => shared.authorizenet.write_if(run, |(_, effects)| effects.changed),
        _ => shared.authorizenet.write(run),
    };
    let response = match answer {
        Ok(Reply { mut members, failure }) => {
            if fault == Some(&Fault::UnknownStatus) {
                of_tomorrow(&mut members);
            }
            finish(wire, &root.name, ref_id, members, failure.as_ref())
        }
        Err(refusal) => refused(wire, &root.name, ref_id, &refusal),
    };
    (response, effects)
}

/// Every status and outcome in it is one that nobody has heard of.
fn of_tomorrow(members: &mut Members) {
    for (name, value) in members {
        match (*name, value) {
            ("transactionStatus" | "responseCode", value) => *value = text("heldByMartians"),
            (_, Out::Tree(inner)) => of_tomorrow(inner),
            (_, Out::List(_, items) | Out::Each(items)) => {
                for item in items {
                    if let Out::Tree(inner) = item {
                        of_tomorrow(inner);
                    }
                }
            }
            (_, Out::Text(_) | Out::Bare(_)) => {}
        }
    }
}

enum Access {
    Granted,
    OtherSystem,
}

/// A login with its transaction key; the browser's call has the public client key instead.
fn authenticate(root: &Node) -> Result<Access, Refusal> {
    let name = root.text("merchantAuthentication/name").ok_or_else(Refusal::unauthenticated)?;
    let key = |member: &str| root.text(&format!("merchantAuthentication/{member}"));
    use facts::authorizenet as known;
    if name == known::LIVE_LOGIN && key("transactionKey") == Some(known::LIVE_TRANSACTION_KEY) {
        return Ok(Access::OtherSystem);
    }
    let grant = grant_of(name).ok_or_else(Refusal::unauthenticated)?;
    let right = match root.name.as_str() {
        "securePaymentContainerRequest" => key("clientKey") == Some(grant.client_key),
        _ => key("transactionKey") == Some(grant.transaction_key),
    };
    if right { Ok(Access::Granted) } else { Err(Refusal::unauthenticated()) }
}

fn dispatch(op: &mut Operation<'_>, root: &Node) -> Answer {
    match root.name.as_str() {
        "authenticateTestRequest" => Ok(Reply::from(Members::new())),
        "createTransactionRequest" => charge::create(op, root),
        "updateHeldTransactionRequest" => corrections::decide_held(op, root),
        "getTransactionDetailsRequest" => reporting::details(op, root),
        "getUnsettledTransactionListRequest" => reporting::unsettled(op, root),
        "getSettledBatchListRequest" => reporting::batches(op, root),
        "getBatchStatisticsRequest" => reporting::statistics(op, root),
        "getTransactionListRequest" => reporting::of_batch(op, root),
        "getTransactionListForCustomerRequest" => reporting::of_customer(op, root),
        "getMerchantDetailsRequest" => reporting::merchant(root),
        "createCustomerProfileRequest" => profiles::create(op, root),
        "createCustomerPaymentProfileRequest" => profiles::create_method(op, root),
        "createCustomerProfileFromTransactionRequest" => profiles::create_from_transaction(op, root),
        "getCustomerProfileRequest" => profiles::retrieve(op, root),
        "getCustomerProfileIdsRequest" => profiles::retrieve_ids(op),
        "getCustomerPaymentProfileRequest" => profiles::retrieve_method(op, root),
        "updateCustomerPaymentProfileRequest" => profiles::update_method(op, root),
        "deleteCustomerPaymentProfileRequest" => profiles::delete_method(op, root),
        "deleteCustomerProfileRequest" => profiles::delete(op, root),
        "validateCustomerPaymentProfileRequest" => profiles::validate(op, root),
        "getHostedPaymentPageRequest" => hosted_pay::open(op, root),
        "getHostedProfilePageRequest" => hosted_profile::open(op, root),
        "securePaymentContainerRequest" => nonces::create(op, root),
        other => Err(Refusal::schema(format!("{other} is not built."))),
    }
}

/// `refId` and `messages` stand before a reply's own members, as the schema of replies has it.
fn finish(wire: Wire, root: &str, ref_id: Option<String>, own: Members, failure: Option<&Refusal>) -> Response {
    let mut members = Members::new();
    super::reply::put(&mut members, "refId", ref_id);
    members.push((
        "messages",
        match failure {
            Some(refusal) => messages(false, refusal.code, &refusal.text),
            None => messages(true, "I00001", "Successful."),
        },
    ));
    members.extend(own);
    wire.write(&format!("{}Response", reply_root(root)), &members)
}

fn refused(wire: Wire, root: &str, ref_id: Option<String>, refusal: &Refusal) -> Response {
    // Who could not even be understood gets the bare error.
    let root = if matches!(refusal.code, "E00001" | "E00002" | "E00003" | "E00007") { "ErrorRequest" } else { root };
    finish(wire, root, ref_id, Members::new(), Some(refusal))
}

fn reply_root(root: &str) -> &str {
    match root.strip_suffix("Request").unwrap_or("Error") {
        "getTransactionListForCustomer" => "getTransactionList",
        name => name,
    }
}
