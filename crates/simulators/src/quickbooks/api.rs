//! The one way into `/qbo/v3/company/{realm}`: token, company, limits, faults, request ids, dispatch, headers.
//! Source: `wire/accounting.md`, 2.1 and 2.12.

use std::sync::Arc;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, HeaderMap};
use http::{HeaderName, HeaderValue, Method, StatusCode};
use serde_json::Value;

use super::call::{Answer, Operation};
use super::grants::AccessRefusal;
use super::kind::Kind;
use super::refusal::Refusal;
use super::select::Select;
use super::state::Trouble;
use super::{Books, batch, cdc, paper, removal, wire, writes};
use crate::disturb::{self, Executed, News};
use crate::faults::{Call, Caller, Fault, Vendor};
use crate::oauth::bearer;
use crate::query::Query;
use crate::random::random_hex;
use crate::replies::{Reply, Seen, fingerprint};
use crate::{Shared, facts};

const BASE: &str = "/qbo/v3/company/";
const BODY_MAX_BYTES: usize = 3_500_000;
const REQUEST_ID_MAX_CHARS: usize = 50;
const BATCH_REQUEST_ID_MAX_CHARS: usize = 36;
/// No expiry is published.
const REQUEST_ID_TTL_MS: i64 = i64::MAX;
const VERSION: &str = "1987.105";

/// One call, taken apart; who calls is known.
struct ApiCall {
    method: Method,
    /// Behind the company.
    path: Vec<String>,
    query: Query,
    body: Bytes,
    call: Call,
    tid: String,
}

/// What goes out.
enum Content {
    Json(Value),
    Pdf(Vec<u8>),
}

/// An id as the vendor's support asks for it.
pub(crate) fn fresh_tid() -> String {
    format!("1-{}-{}", random_hex::<4>(), random_hex::<12>())
}

pub(crate) fn with_tid(mut response: Response, tid: &str) -> Response {
    let headers = response.headers_mut();
    if let Ok(tid) = HeaderValue::from_str(tid) {
        headers.insert(HeaderName::from_static("intuit_tid"), tid);
    }
    headers.insert(HeaderName::from_static("qbo-version"), HeaderValue::from_static(VERSION));
    response
}

pub(crate) async fn handle(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let tid = fresh_tid();
    let response = serve(&shared, request, &tid).await;
    with_tid(response, &tid)
}

async fn serve(shared: &Arc<Shared>, request: Request, tid: &str) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_MAX_BYTES).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let path = parts.uri.path().trim_start_matches(BASE).trim_matches('/');
    let (realm, path) = path.split_once('/').unwrap_or((path, ""));
    let path: Vec<String> = path.split('/').map(str::to_owned).collect();
    let is_query = path.first().is_some_and(|first| first.eq_ignore_ascii_case("query"));
    let caller = if parts.method == Method::GET || is_query { Caller::Read } else { Caller::Write };
    let call = Call { vendor: Vendor::Qbo, caller, line: format!("{} {}", parts.method, parts.uri.path()) };
    let fault = shared.faults.take(&call, Fault::is_wire);
    let client = match authorize(shared, &parts.headers, realm, fault.as_ref()) {
        Ok(client) => client,
        Err(refusal) => return refused(shared, &refusal),
    };
    let is_batch = path.first().is_some_and(|first| first.eq_ignore_ascii_case("batch"));
    let place = || shared.qbo_limits.enter(&client, is_batch, shared.clock.now_ms());
    let permit = shared.options.limits.then(place);
    if matches!(permit, Some(None)) || fault == Some(Fault::Http(429)) {
        return refused(shared, &Refusal::throttled());
    }
    let query = Query::read(parts.uri.query());
    let call = ApiCall { method: parts.method, path, query, body, call, tid: tid.to_owned() };
    let response = disturb::around(shared, fault.as_ref(), || call.answer(shared, fault.as_ref())).await;
    drop(permit);
    response
}

/// Token and company; answers the client.
fn authorize(shared: &Shared, headers: &HeaderMap, realm: &str, fault: Option<&Fault>) -> Result<String, Refusal> {
    let token = bearer(headers).unwrap_or_default();
    if fault == Some(&Fault::TokenRevoked) {
        shared.qbo.write(|books| books.grants.kill_access(token));
    }
    let now_ms = shared.clock.now_ms();
    shared.qbo.read(|books| match (books.grants.holder(token, now_ms), books.trouble) {
        (Err(AccessRefusal::Unknown), _) => Err(Refusal::unauthenticated()),
        (Err(AccessRefusal::Expired), _) => Err(Refusal::expired()),
        (Ok(_), _) if realm != facts::qbo::REALM_ID => Err(Refusal::forbidden()),
        (Ok(_), Trouble::AccessLost) => Err(Refusal::no_access()),
        (Ok(_), Trouble::SubscriptionEnded) => Err(Refusal::subscription_ended()),
        (Ok(grant), Trouble::None) => Ok(grant.client.clone()),
    })
}

fn refused(shared: &Shared, refusal: &Refusal) -> Response {
    json_response(refusal.status(), refusal.body(shared.clock.now_ms()).to_string())
}

fn json_response(status: u16, body: String) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(CONTENT_TYPE, "application/json;charset=UTF-8")], Body::from(body)).into_response()
}

impl ApiCall {
    fn answer(&self, shared: &Shared, fault: Option<&Fault>) -> Executed {
        if let Some(Fault::Http(status)) = fault {
            return refused(shared, &Refusal::failed(*status)).into();
        }
        let (response, news) = match self.call.caller {
            // Reads change nothing.
            Caller::Read => shared.qbo.write_if(|books| self.run(books, shared), |_| false),
            _ => shared.qbo.write(|books| self.run_once(books, shared)),
        };
        let is_hidden = fault == Some(&Fault::ErrorAfterExecute);
        let response = if is_hidden { refused(shared, &Refusal::broken()) } else { response };
        Executed { response, news: news.into_iter().collect(), unanswered: false }
    }

    /// A request id that comes again brings the first answer, whatever it was.
    fn run_once(&self, books: &mut Books, shared: &Shared) -> (Response, Option<News>) {
        let Some(id) = self.query.text("requestid") else { return self.run(books, shared) };
        let longest = if self.is("batch") { BATCH_REQUEST_ID_MAX_CHARS } else { REQUEST_ID_MAX_CHARS };
        let length = id.chars().count();
        if length > longest {
            return (refused(shared, &Refusal::length("requestid", longest, length)), None);
        }
        let operation = self.query.text("operation").unwrap_or_default();
        let path = self.path.join("/").to_ascii_lowercase();
        let print = fingerprint(&[path.as_bytes(), operation.as_bytes(), &self.body]);
        let now_ms = shared.clock.now_ms();
        match books.replies.look(id, &print, now_ms, REQUEST_ID_TTL_MS) {
            Seen::Same(reply) => return (json_response(reply.status, reply.body), None),
            Seen::Other => return (refused(shared, &Refusal::duplicate_request(id)), None),
            Seen::New => {}
        }
        let (answer, news) = self.execute(books, shared);
        let reply = self.reply(answer, now_ms);
        books.replies.keep(id, &print, now_ms, reply.clone());
        (json_response(reply.status, reply.body), news)
    }

    fn run(&self, books: &mut Books, shared: &Shared) -> (Response, Option<News>) {
        let (answer, news) = self.execute(books, shared);
        let response = match answer {
            Ok(Content::Pdf(pdf)) => ([(CONTENT_TYPE, "application/pdf")], pdf).into_response(),
            answer => {
                let reply = self.reply(answer, shared.clock.now_ms());
                json_response(reply.status, reply.body)
            }
        };
        (response, news)
    }

    fn execute(&self, books: &mut Books, shared: &Shared) -> (Result<Content, Refusal>, Option<News>) {
        let mut op = Operation::new(books, shared, &self.call, &self.query);
        let answer = self.dispatch(&mut op);
        let news = op.books.news(shared, &op.events);
        (answer, news)
    }

    fn reply(&self, answer: Result<Content, Refusal>, now_ms: i64) -> Reply {
        let (status, body) = match answer {
            Ok(Content::Json(mut members)) => {
                members["time"] = Value::from(wire::answer_time(now_ms));
                (200, members)
            }
            // Writes answer no documents.
            Ok(Content::Pdf(_)) => (500, Refusal::broken().body(now_ms)),
            Err(refusal) => (refusal.status(), refusal.body(now_ms)),
        };
        Reply { status, body: body.to_string(), request_id: self.tid.clone() }
    }

    /// Whether the call is to this address, which is no kind of record.
    fn is(&self, name: &str) -> bool {
        matches!(self.path.as_slice(), [first] if first.eq_ignore_ascii_case(name))
    }

    fn dispatch(&self, op: &mut Operation<'_>) -> Result<Content, Refusal> {
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        let answer = match (self.method.as_str(), path.as_slice()) {
            ("GET" | "POST", [_]) if self.is("query") => Select::parse(self.statement())?.run(op.books),
            ("GET", [_]) if self.is("cdc") => cdc::read(op),
            ("GET", [_]) if self.is("preferences") => op.shown(Kind::Preferences, 1),
            ("POST", [_]) if self.is("batch") => batch::run(op, &self.json()?),
            ("GET", [kind, id, "pdf"]) => return Ok(Content::Pdf(paper::pdf(op, named(kind)?, id)?)),
            ("GET", [kind, id]) => read(op, named(kind)?, id),
            ("POST", [kind, id, "send"]) => paper::send(op, named(kind)?, id),
            ("POST", [kind]) => {
                let operation = self.query.text("operation").unwrap_or_default();
                let voids = op.includes("void");
                change(op, named(kind)?, operation, voids, &self.json()?)
            }
            (method, _) => Err(Refusal::unsupported(&format!("{method} /{}", self.path.join("/")))),
        };
        answer.map(Content::Json)
    }

    /// By GET in the address, by POST as the body.
    fn statement(&self) -> &str {
        let body = std::str::from_utf8(&self.body).map(str::trim).unwrap_or_default();
        match self.query.text("query") {
            Some(query) if self.method == Method::GET || body.is_empty() => query,
            _ => body,
        }
    }

    fn json(&self) -> Result<Value, Refusal> {
        serde_json::from_slice(&self.body).map_err(|_| Refusal::unreadable())
    }
}

fn named(name: &str) -> Result<Kind, Refusal> {
    Kind::named(name).ok_or_else(|| Refusal::unsupported(name))
}

/// The company is read by the id of its realm.
fn read(op: &Operation<'_>, kind: Kind, id: &str) -> Answer {
    let id = match kind {
        Kind::CompanyInfo if id == facts::qbo::REALM_ID => 1,
        _ => id.parse::<u64>().map_err(|_| Refusal::not_found(kind.name()))?,
    };
    op.shown(kind, id)
}

/// A write by its operation. An invoice is voided by either word, a payment by the include alone, nothing else at all.
pub(crate) fn change(op: &mut Operation<'_>, kind: Kind, operation: &str, voids: bool, body: &Value) -> Answer {
    match (operation, kind) {
        ("delete", _) => removal::delete(op, kind, body),
        ("void", Kind::Invoice) => removal::void_invoice(op, body),
        ("" | "update", Kind::Invoice) if voids => removal::void_invoice(op, body),
        ("" | "update", Kind::Payment) if voids => removal::void_payment(op, body),
        ("" | "create" | "update", _) if !voids => writes::write(op, kind, body),
        _ => Err(Refusal::unsupported(&format!("{operation} of {}", kind.name()))),
    }
}
