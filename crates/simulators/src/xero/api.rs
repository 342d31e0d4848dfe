//! The one way into `/xero/api.xro/2.0`: token, tenant, limits, faults, idempotency, dispatch, headers.
//! Source: `wire/accounting.md`, 1.1, 1.3 and 1.4.

use std::sync::Arc;

use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::header::{ACCEPT, HeaderMap, IF_MODIFIED_SINCE};
use http::request::Parts;
use http::{HeaderName, Method, StatusCode};
use serde_json::Value;

use super::answers::{document, offline, reply, respond, throttled};
use super::call::{self, Answer, Operation};
use super::grants::{AccessRefusal, Grant};
use super::limits::{Breach, Remaining};
use super::refusal::Refusal;
use super::{
    Books, bank_transactions, contacts, credit_notes, filter, invoice_writes, invoices, notes, payment_services,
    payments, pdf, settings, wire,
};
use crate::disturb::{self, Executed, News, RETRY_AFTER_SECONDS};
use crate::faults::{Call, Caller, Fault, Vendor};
use crate::oauth::bearer;
use crate::query::Query;
use crate::random::random_hex;
use crate::replies::{Reply, Seen, fingerprint};
use crate::{Shared, facts};

/// The vendor's page names 10 MB in one line and 3.5 MB in another: the stricter one.
const BODY_MAX_BYTES: usize = 3_500_000;
const KEY_TTL_MS: i64 = 6 * 60_000;
const KEY_MAX_CHARS: usize = 128;
const BASE: &str = "/xero/api.xro/2.0/";

/// One call, taken apart; who calls is known.
struct ApiCall {
    method: Method,
    path: Vec<String>,
    query: Query,
    body: Bytes,
    since_ms: Option<i64>,
    wants_pdf: bool,
    /// It is about the user's other organisation.
    elsewhere: bool,
    idempotency_key: Option<String>,
    client: String,
    request_id: String,
    call: Call,
    print: String,
}

pub(crate) async fn handle(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_MAX_BYTES).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let line = format!("{} {}", parts.method, parts.uri.path());
    let caller = if parts.method == Method::GET { Caller::Read } else { Caller::Write };
    let call = Call { vendor: Vendor::Xero, caller, line };
    let fault = shared.faults.take(&call, Fault::is_wire);
    let client = match authorize(&shared, &parts, fault.as_ref()) {
        Ok(client) => client,
        Err(refusal) => return respond(&reply(Err(refusal), "", 0), None),
    };
    let resource = resource_of(parts.uri.path()).to_ascii_lowercase();
    shared.callers.count(&client, format!("{} {resource}", parts.method));
    let (permit, remaining) = match shared.options.limits {
        false => (None, None),
        true => match shared.limits.enter(&client, tenant_of(&parts.headers), shared.clock.now_ms()) {
            Ok((permit, remaining)) => (Some(permit), Some(remaining)),
            Err(breach) => return throttled(&breach),
        },
    };
    let problem = match fault {
        Some(Fault::Http(429)) => Some("minute"),
        Some(Fault::Throttled(problem)) => Some(problem),
        _ => None,
    };
    if let Some(problem) = problem {
        // Of the two that have a time alone (1.4).
        let has_time = matches!(problem, "minute" | "day");
        let retry_after_seconds = has_time.then_some(i64::from(RETRY_AFTER_SECONDS));
        let remaining = remaining.unwrap_or(Remaining { minute: 0, day: 0, app_minute: 0 });
        return throttled(&Breach { problem, retry_after_seconds, remaining });
    }
    let response = match read(&parts, body, client, call) {
        Ok(call) => answer(&shared, &call, fault.as_ref(), remaining).await,
        Err(refusal) => respond(&reply(Err(refusal), "", 0), remaining),
    };
    drop(permit);
    response
}

/// Token, scope and tenant; answers the client.
fn authorize(shared: &Shared, parts: &Parts, fault: Option<&Fault>) -> Result<String, Refusal> {
    let Parts { method, uri, headers, .. } = parts;
    let token = bearer(headers).unwrap_or_default();
    if fault == Some(&Fault::TokenRevoked) {
        shared.xero.write(|books| books.grants.kill_access(token));
    }
    let now_ms = shared.clock.now_ms();
    let tenant = tenant_of(headers);
    shared.xero.read(|books| match books.grants.holder(token, now_ms) {
        Err(AccessRefusal::Unknown) => Err(Refusal::Unauthorized("AuthenticationUnsuccessful")),
        Err(AccessRefusal::Expired) => Err(Refusal::Unauthorized("TokenExpired: token expired")),
        Err(AccessRefusal::Disconnected) => Err(Refusal::Forbidden("AuthenticationUnsuccessful")),
        Ok(grant) if !(grant.reaches(tenant) || grant.custom && tenant.is_empty()) => {
            Err(Refusal::Forbidden("AuthenticationUnsuccessful"))
        }
        Ok(grant) if !in_scope(grant, method, uri.path()) => Err(Refusal::Unauthorized("AuthorizationUnsuccessful")),
        Ok(grant) => Ok(grant.client.clone()),
    })
}

/// Whose books are meant; a custom connection needs not say it.
fn tenant_of(headers: &HeaderMap) -> &str {
    headers.get("xero-tenant-id").and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// What an address is about: `Invoices`.
fn resource_of(path: &str) -> &str {
    path.trim_start_matches(BASE).trim_matches('/').split('/').next().unwrap_or_default()
}

/// The granular scope of the resource, or the broad one of older apps (1.2.1). Those that end in `read` let nothing be
/// written.
fn in_scope(grant: &Grant, method: &Method, path: &str) -> bool {
    let path = path.trim_start_matches(BASE).trim_matches('/').to_ascii_lowercase();
    if path.ends_with("paymentservices") {
        return grant.has_scope(&["paymentservices"]);
    }
    let wanted: &[&str] = match resource_of(&path) {
        "invoices" | "creditnotes" => &[
            "accounting.invoices",
            "accounting.invoices.read",
            "accounting.transactions",
            "accounting.transactions.read",
        ],
        "payments" | "overpayments" | "prepayments" => &[
            "accounting.payments",
            "accounting.payments.read",
            "accounting.transactions",
            "accounting.transactions.read",
        ],
        "banktransactions" => &[
            "accounting.banktransactions",
            "accounting.banktransactions.read",
            "accounting.transactions",
            "accounting.transactions.read",
        ],
        "contacts" => &["accounting.contacts", "accounting.contacts.read"],
        _ => &["accounting.settings", "accounting.settings.read"],
    };
    let reads = *method == Method::GET;
    let wanted: Vec<&str> = wanted.iter().copied().filter(|scope| reads || !scope.ends_with(".read")).collect();
    grant.has_scope(&wanted)
}

fn read(parts: &Parts, body: Bytes, client: String, call: Call) -> Result<ApiCall, Refusal> {
    let text = |name: HeaderName| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let since = text(IF_MODIFIED_SINCE).map(|text| wire::read_since(text).ok_or(Refusal::Precondition));
    let idempotency_key = text(HeaderName::from_static("idempotency-key")).filter(|_| parts.method != Method::GET);
    if idempotency_key.is_some_and(|key| key.chars().count() > KEY_MAX_CHARS) {
        return Err(Refusal::Malformed("The Idempotency-Key must not exceed 128 characters".to_owned()));
    }
    let path = parts.uri.path().trim_start_matches(BASE).trim_matches('/');
    let decoded = path.split('/').map(|part| {
        // Invoice numbers may stand in the path, percent-encoded; a literal plus is a plus.
        let text =
            form_urlencoded::parse(part.replace('+', "%2B").as_bytes()).next().map(|(name, _)| name.into_owned());
        text.unwrap_or_default()
    });
    let path_and_query = parts.uri.path_and_query().map_or("", |whole| whole.as_str());
    Ok(ApiCall {
        path: decoded.collect(),
        query: Query::read(parts.uri.query()),
        since_ms: since.transpose()?,
        wants_pdf: parts.method == Method::GET
            && text(ACCEPT).is_some_and(|accept| accept.starts_with("application/pdf")),
        elsewhere: tenant_of(&parts.headers).eq_ignore_ascii_case(facts::xero::OTHER_TENANT_ID),
        idempotency_key: idempotency_key.map(str::to_owned),
        print: fingerprint(&[parts.method.as_str().as_bytes(), path_and_query.as_bytes(), &body]),
        method: parts.method.clone(),
        request_id: random_hex::<8>(),
        body,
        client,
        call,
    })
}

async fn answer(shared: &Arc<Shared>, call: &ApiCall, fault: Option<&Fault>, remaining: Option<Remaining>) -> Response {
    disturb::around(shared, fault, || {
        let broken = || respond(&reply(Err(Refusal::Broken), "", 0), remaining);
        match fault {
            Some(Fault::Http(503)) => return offline(remaining).into(),
            Some(Fault::Http(_)) => return broken().into(),
            _ => {}
        }
        if call.wants_pdf && !call.elsewhere {
            let missing = || respond(&reply(Err(Refusal::NotFound), "", 0), remaining);
            return call.pdf(shared).map_or_else(missing, |pdf| document(pdf, remaining)).into();
        }
        let (reply, news) = call.execute(shared);
        let response = if fault == Some(&Fault::ErrorAfterExecute) { broken() } else { respond(&reply, remaining) };
        Executed { response, news, unanswered: false }
    })
    .await
}

impl ApiCall {
    fn execute(&self, shared: &Shared) -> (Reply, Vec<News>) {
        if self.method == Method::GET {
            return shared.xero.write_if(|books| self.run(books, shared), |_| false);
        }
        shared.xero.write(|books| {
            let Some(key) = &self.idempotency_key else { return self.run(books, shared) };
            let key = format!("xero/{}/{key}", self.client);
            let now_ms = shared.clock.now_ms();
            match books.replies.look(&key, &self.print, now_ms, KEY_TTL_MS) {
                Seen::Same(reply) => return (reply, Vec::new()),
                Seen::Other => {
                    let message = "The Idempotency-Key is used with a different request".to_owned();
                    return (reply(Err(Refusal::Malformed(message)), "", 0), Vec::new());
                }
                Seen::New => {}
            }
            // Errors are kept too (1.4).
            let (reply, news) = self.run(books, shared);
            books.replies.keep(&key, &self.print, now_ms, reply.clone());
            (reply, news)
        })
    }

    fn run(&self, books: &mut Books, shared: &Shared) -> (Reply, Vec<News>) {
        let now_ms = shared.clock.now_ms();
        let mut op = Operation {
            books,
            shared,
            call: &self.call,
            query: &self.query,
            since_ms: self.since_ms,
            method: self.method.as_str(),
            client: &self.client,
            now_ms,
            today: shared.clock.today(),
            news: Vec::new(),
        };
        let answer = self.dispatch(&mut op);
        (reply(answer, &self.request_id, now_ms), op.news)
    }

    fn dispatch(&self, op: &mut Operation<'_>) -> Answer {
        let mut path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        let resource = path.first().map(|name| name.to_ascii_lowercase()).unwrap_or_default();
        path[0] = &resource;
        if self.method == Method::GET {
            return self.read_books(op, &path);
        }
        if self.elsewhere {
            return Err(Refusal::NotBuilt);
        }
        if self.method == Method::DELETE {
            return remove(op, &path);
        }
        let body: Value = serde_json::from_slice(&self.body)
            .map_err(|error| Refusal::Malformed(format!("The request body is not JSON: {error}")))?;
        match (self.method.as_str(), path.as_slice()) {
            ("PUT" | "POST", ["invoices"]) => {
                call::write_all(op, &body, "Invoices", |op, document| invoice_writes::write(op, document, None))
            }
            ("POST", ["invoices", id]) => {
                let id = id.parse().map_err(|_| Refusal::NotFound)?;
                call::write_all(op, &body, "Invoices", |op, document| invoice_writes::write(op, document, Some(id)))
            }
            ("POST", ["invoices", key, "Email"]) => invoices::email(op, key),
            ("PUT", [resource, key, "History"]) => notes::add(op, resource, key, &body),
            ("PUT", ["paymentservices"]) => payment_services::create(op, &body),
            ("POST", ["brandingthemes", id, "PaymentServices"]) => payment_services::attach(op, id, &body),
            ("PUT" | "POST", ["contacts"]) => {
                call::write_all(op, &body, "Contacts", |op, document| contacts::write(op, document, None))
            }
            ("POST", ["contacts", id]) => {
                let id = id.parse().map_err(|_| Refusal::NotFound)?;
                call::write_all(op, &body, "Contacts", |op, document| contacts::write(op, document, Some(id)))
            }
            ("PUT" | "POST", ["creditnotes"]) => {
                call::write_all(op, &body, "CreditNotes", |op, document| credit_notes::write(op, document, None))
            }
            ("POST", ["creditnotes", id]) => {
                let id = id.parse().map_err(|_| Refusal::NotFound)?;
                call::write_all(op, &body, "CreditNotes", |op, document| credit_notes::write(op, document, Some(id)))
            }
            ("PUT", ["creditnotes", id, "Allocations"]) => {
                let id = id.parse().map_err(|_| Refusal::NotFound)?;
                credit_notes::allocate(op, id, &body)
            }
            ("PUT" | "POST", ["banktransactions"]) => {
                call::write_all(op, &body, "BankTransactions", bank_transactions::create)
            }
            ("PUT", [plural @ ("overpayments" | "prepayments"), id, "Allocations"]) => {
                let id = id.parse().map_err(|_| Refusal::NotFound)?;
                bank_transactions::allocate(op, plural, id, &body)
            }
            ("PUT" | "POST", ["payments"]) => call::write_all(op, &body, "Payments", payments::create),
            ("POST", ["payments", id]) => {
                let id = id.parse().map_err(|_| Refusal::NotFound)?;
                payments::delete(op, id, &body)
            }
            _ => Err(Refusal::NotBuilt),
        }
    }

    fn read_books(&self, op: &Operation<'_>, path: &[&str]) -> Answer {
        match path {
            ["organisation" | "organisations"] => {
                let mut answer = settings::organisation(self.elsewhere);
                let locks = [("PeriodLockDate", op.books.period_lock), ("EndOfYearLockDate", op.books.year_lock)];
                for (name, lock) in locks {
                    if let Some(lock) = lock.filter(|_| !self.elsewhere) {
                        answer["Organisations"][0][name] = wire::day(lock);
                    }
                }
                Ok(answer)
            }
            ["organisation" | "organisations", "Actions"] => Ok(settings::actions()),
            _ if self.elsewhere => Err(Refusal::NotBuilt),
            ["invoices"] => invoices::list(op),
            ["invoices", key] => invoices::one(op, key),
            [resource, key, "History"] => notes::list(op, resource, key),
            ["invoices", key, "OnlineInvoice"] => invoices::online(op, key),
            ["contacts"] => contacts::list(op),
            ["contacts", key] => contacts::one(op, key),
            ["payments"] => payments::list(op),
            ["payments", key] => payments::one(op, key),
            ["banktransactions"] => bank_transactions::list(op),
            ["banktransactions", key] => bank_transactions::one(op, key),
            [plural @ ("overpayments" | "prepayments")] => bank_transactions::credits(op, plural),
            [plural @ ("overpayments" | "prepayments"), key] => bank_transactions::credit(op, plural, key),
            ["creditnotes"] => credit_notes::list(op),
            ["creditnotes", key] => credit_notes::one(op, key),
            ["accounts"] => settings::accounts(op),
            ["accounts", id] => settings::account(id),
            ["brandingthemes"] => Ok(settings::branding_themes()),
            ["brandingthemes", id] => payment_services::branding_theme(id),
            ["brandingthemes", id, "PaymentServices"] => payment_services::of_theme(op, id),
            ["paymentservices"] => payment_services::list(op),
            ["taxrates"] => filter::answer(settings::tax_rates(), "TaxRates", "TaxType", op.query, false),
            ["taxrates", kind] => settings::tax_rate(kind),
            _ => Err(Refusal::NotFound),
        }
    }

    /// The wire form of a PDF is the plain document address with another Accept (1.5).
    fn pdf(&self, shared: &Shared) -> Option<Vec<u8>> {
        shared.xero.read(|books| match self.path.as_slice() {
            [resource, key] if resource.eq_ignore_ascii_case("invoices") => {
                books.invoice_named(key).map(|invoice| pdf::invoice(invoice, books))
            }
            [resource, key] if resource.eq_ignore_ascii_case("creditnotes") => {
                books.credit_note_named(key).map(|note| pdf::credit_note(note, books))
            }
            _ => None,
        })
    }
}

/// Few parts of documents can be; those calls have no body.
fn remove(op: &mut Operation<'_>, path: &[&str]) -> Answer {
    let [resource, id, "Allocations", allocation] = path else { return Err(Refusal::NotBuilt) };
    let id = id.parse().map_err(|_| Refusal::NotFound)?;
    let allocation = allocation.parse().map_err(|_| Refusal::NotFound)?;
    match *resource {
        "creditnotes" => credit_notes::unallocate(op, id, allocation),
        plural @ ("overpayments" | "prepayments") => bank_transactions::unallocate(op, plural, id, allocation),
        _ => Err(Refusal::NotBuilt),
    }
}
