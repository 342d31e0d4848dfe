//! The controls of `demo.md`: faults, clock, state, reset. For programs; the page's forms end at the same functions.
//!
//! Beyond `demo.md`, for tests:
//! * `POST /control/faults` also takes `http_after_execute:500`, for gateways `unknown_status`, for books `http:503` (an
//!   organisation that is offline), and for Xero `throttled:PROBLEM` (`minute`, `day`, `concurrent`, `appminute`); `skip` lets
//!   so many requests pass first; `times: 0` disarms; `GET` lists what is armed.
//! * `GET /control/state/xero` also tells `calls`: how often each client has called, by method and resource.
//! * `POST /control/xero/invoice` `{"number", "pay_minor"?, "amount_due_minor"?, "status"?}` edits an invoice as a
//!   bookkeeper would: part pay it, change what is due, void it. It moves UpdatedDateUTC and fires the webhook.
//! * `POST /control/xero/payment` `{"id", "reconciled"?, "reference"?}` matches a payment with the bank statement, or
//!   stands for one that a bookkeeper entered in its place.
//! * `POST /control/xero/organisation` `{"period_lock_date": "2026-06-30" | null, "end_of_year_lock_date": …}` locks what is
//!   dated until then.
//! * `POST /control/qbo/invoice` `{"number", "pay_minor"?, "amount_due_minor"?, "void"?, "delete"?}` does the same to an
//!   invoice of QuickBooks; `POST /control/qbo/payment` `{"id", "deposited"?, "reference"?}` puts a payment into a bank
//!   deposit; `POST /control/qbo/company` `{"webhooks"?: "cloud_events" | "legacy", "trouble"?: "none" | "access_lost" |
//!   "subscription_ended"}` chooses the webhooks' envelope, and what the company answers everybody.
//! * `POST /control/advance` also takes `{"minutes": N}` and `{"seconds": N}`.
//! * `POST /control/authorizenet/transaction` `{"id", "status" | "return_code" | "held"}` does to a transaction what a
//!   bank or the merchant's staff would; a `status` beside a `return_code` is what a return leaves:
//!   `authorizenet/control.rs`.
//! * `POST /control/stripe/dispute` `{"charge", "outcome": "opened" | "won" | "lost"}` opens a dispute of a charge, or
//!   closes a card's; opening one of a bank debit is a late return.
//! * `POST /control/stripe/method` `{"id", "change": "updated" | "expired" | "detached" | "mandate_ended"}` does to a saved
//!   method what its bank, time or the merchant's staff would.
//! * `POST /control/stripe/payout` `{"fails"?: "po_…"}` pays all that is available out, as an account's schedule does, or has a
//!   payout fail.
//! * `POST /control/webhooks/rotate` `{"vendor": "stripe", "secret"?, "url"?, "overlap_hours"?}` gives endpoints a new
//!   secret and answers it; for `overlap_hours` (24) each delivery is signed with the old one too.
//! * `GET /control/spent` `{"us"}` tells how long the vendors have worked on requests in all, these controls left out:
//!   what a caller waited beyond that was not for them.
//! * `POST /control/webhooks` `{"vendor", "url", "secret"?}` registers where a vendor's webhooks go; without a secret
//!   they are signed with the strangers' one of `/demo.json`. Xero's go to no address that takes forged ones as well.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Instant;

use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use chrono::{DateTime, TimeDelta, Utc};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::disturb::News;
use crate::faults::{Armed, Fault, KNOWN, Vendor};
use crate::random::random_hex;
use crate::{Hook, Shared, authorizenet, facts, globalpayments, payrix, quickbooks, sell, stripe, xero};

pub(crate) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route("/control/faults", post(arm_faults).get(armed_faults))
        .route("/control/advance", post(advance_clock))
        .route("/control/state/{vendor}", get(state))
        .route("/control/spent", get(spent))
        .route("/control/reset", post(reset_all))
        .route("/control/xero/invoice", post(edit_invoice))
        .route("/control/xero/payment", post(edit_payment))
        .route("/control/xero/organisation", post(edit_organisation))
        .route("/control/qbo/invoice", post(edit_qbo_invoice))
        .route("/control/qbo/payment", post(edit_qbo_payment))
        .route("/control/qbo/company", post(edit_qbo_company))
        .route("/control/authorizenet/transaction", post(alter_transaction))
        .route("/control/stripe/dispute", post(dispute))
        .route("/control/stripe/method", post(change_method))
        .route("/control/stripe/payout", post(pay_out))
        .route("/control/webhooks", post(register_webhooks))
        .route("/control/webhooks/rotate", post(rotate_secret))
}

/// Furthest step of the clock: ten years keep every date of the vendors representable.
const ADVANCE_MAX_HOURS: i64 = 10 * 366 * 24;

#[derive(Debug, thiserror::Error)]
pub(crate) enum ControlError {
    #[error("there is no vendor {0:?}; known: authorizenet, globalpayments, payrix, qbo, stripe, xero")]
    UnknownVendor(String),
    #[error("there is no fault {0:?}; known: {known}", known = KNOWN.join(", "))]
    UnknownFault(String),
    #[error("{vendor} has no fault {fault:?}")]
    NotOfVendor { vendor: &'static str, fault: String },
    #[error(
        "give {{\"days\": N}}, {{\"hours\": N}}, {{\"minutes\": N}} or {{\"seconds\": N}} with N from 1; the clock goes forward, ten \
         years at most"
    )]
    Advance,
    #[error(transparent)]
    Edit(#[from] xero::EditError),
    #[error(transparent)]
    QboEdit(#[from] quickbooks::EditError),
    #[error(transparent)]
    Alter(#[from] authorizenet::AlterError),
    #[error("{0}")]
    Stripe(&'static str),
    #[error("only stripe signs with two secrets while one is rotated")]
    Rotation,
    #[error("payrix sends no webhooks here, for how it signs them is not public")]
    Mute,
    #[error("{0}")]
    Json(#[from] JsonRejection),
    #[error("the vendors' side is done, the portal's hook failed: {0}")]
    Hook(Box<dyn std::error::Error + Send + Sync>),
    #[error("the simulators cannot save their state")]
    Save,
}

impl IntoResponse for ControlError {
    fn into_response(self) -> Response {
        let status = match &self {
            Self::UnknownVendor(_)
            | Self::Edit(xero::EditError::NoSuchInvoice | xero::EditError::NoSuchPayment)
            | Self::QboEdit(quickbooks::EditError::NoSuchInvoice | quickbooks::EditError::NoSuchPayment)
            | Self::Alter(authorizenet::AlterError::NoSuchTransaction) => StatusCode::NOT_FOUND,
            Self::UnknownFault(_)
            | Self::NotOfVendor { .. }
            | Self::Advance
            | Self::Edit(_)
            | Self::QboEdit(_)
            | Self::Alter(_)
            | Self::Stripe(_)
            | Self::Rotation
            | Self::Mute => StatusCode::BAD_REQUEST,
            Self::Json(rejection) => rejection.status(),
            Self::Hook(_) | Self::Save => StatusCode::INTERNAL_SERVER_ERROR,
        };
        (status, Json(json!({ "error": self.to_string() }))).into_response()
    }
}

type Body<T> = Result<Json<T>, JsonRejection>;

fn vendor(name: &str) -> Result<Vendor, ControlError> {
    Vendor::named(name).ok_or_else(|| ControlError::UnknownVendor(name.to_owned()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arm {
    vendor: String,
    fault: String,
    #[serde(default)]
    skip: u32,
    #[serde(default = "once")]
    times: u32,
    #[serde(rename = "match")]
    needle: Option<String>,
}

fn once() -> u32 {
    1
}

async fn arm_faults(State(shared): State<Arc<Shared>>, body: Body<Arm>) -> Result<Json<Value>, ControlError> {
    let Json(order) = body?;
    arm(&shared, &order.vendor, &order.fault, (order.skip, order.times), order.needle)?;
    Ok(listed(&shared))
}

pub(crate) fn arm(
    shared: &Shared,
    vendor_name: &str,
    fault_name: &str,
    (skip, times): (u32, u32),
    needle: Option<String>,
) -> Result<(), ControlError> {
    let vendor = vendor(vendor_name)?;
    let fault = Fault::parse(fault_name).ok_or_else(|| ControlError::UnknownFault(fault_name.to_owned()))?;
    let foreign = match (vendor, &fault) {
        (Vendor::Qbo | Vendor::Xero, Fault::Decline(_) | Fault::UnknownStatus) => true,
        (Vendor::Xero, _) => false,
        (_, Fault::Throttled(_)) => true,
        (Vendor::Qbo, _) => false,
        (_, Fault::PeriodLocked | Fault::Http(503)) => true,
        (Vendor::Payrix, fault) => fault.is_webhook(),
        (Vendor::AuthorizeNet | Vendor::GlobalPayments | Vendor::Stripe, _) => false,
    };
    if foreign {
        return Err(ControlError::NotOfVendor { vendor: vendor.name(), fault: fault_name.to_owned() });
    }
    shared.faults.arm(Armed { vendor, fault, skip, times, needle: needle.filter(|needle| !needle.is_empty()) });
    Ok(())
}

async fn armed_faults(State(shared): State<Arc<Shared>>) -> Json<Value> {
    listed(&shared)
}

fn listed(shared: &Shared) -> Json<Value> {
    let armed: Vec<Value> = shared
        .faults
        .armed()
        .into_iter()
        .map(|armed| {
            json!({ "vendor": armed.vendor.name(), "fault": armed.fault.to_string(), "skip": armed.skip,
                "times": armed.times, "match": armed.needle })
        })
        .collect();
    Json(json!({ "armed": armed }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    days: Option<i64>,
    hours: Option<i64>,
    minutes: Option<i64>,
    seconds: Option<i64>,
}

async fn advance_clock(State(shared): State<Arc<Shared>>, body: Body<Advance>) -> Result<Json<Value>, ControlError> {
    let Json(order) = body?;
    let by = match (order.days, order.hours, order.minutes, order.seconds) {
        (Some(days), None, None, None) => TimeDelta::try_days(days),
        (None, Some(hours), None, None) => TimeDelta::try_hours(hours),
        (None, None, Some(minutes), None) => TimeDelta::try_minutes(minutes),
        (None, None, None, Some(seconds)) => TimeDelta::try_seconds(seconds),
        _ => None,
    };
    let now = advance(&shared, by.ok_or(ControlError::Advance)?).await?;
    Ok(Json(json!({ "now": now.to_rfc3339(), "offset_ms": shared.clock.offset() })))
}

/// Moves the clock, lets happen at the vendors and then at the portal what falls due, and makes pending webhooks due.
pub(crate) async fn advance(shared: &Arc<Shared>, by: TimeDelta) -> Result<DateTime<Utc>, ControlError> {
    if by <= TimeDelta::zero() || by > TimeDelta::hours(ADVANCE_MAX_HOURS) {
        return Err(ControlError::Advance);
    }
    shared.clock.advance(by);
    shared.desk.write(|desk| desk.clock_offset_ms = shared.clock.offset());
    saved(shared).await?;
    if !stripe::agenda::catch_up(shared).await {
        return Err(ControlError::Save);
    }
    shared.webhooks.hurry();
    run_hook(shared, |hooks| hooks.on_advance.clone()).await?;
    Ok(shared.clock.now())
}

async fn saved(shared: &Shared) -> Result<(), ControlError> {
    if shared.saved().await { Ok(()) } else { Err(ControlError::Save) }
}

/// Saves what was changed, and then tells those who wait for news of it.
async fn tell(shared: &Arc<Shared>, news: impl IntoIterator<Item = News>) -> Result<(), ControlError> {
    saved(shared).await?;
    shared.webhooks.send_all(shared, news.into_iter().collect());
    Ok(())
}

async fn run_hook(shared: &Shared, pick: impl FnOnce(&crate::Hooks) -> Option<Hook>) -> Result<(), ControlError> {
    let hook = pick(&shared.hooks.read().unwrap_or_else(PoisonError::into_inner));
    match hook {
        Some(hook) => hook().await.map_err(ControlError::Hook),
        None => Ok(()),
    }
}

async fn state(State(shared): State<Arc<Shared>>, Path(name): Path<String>) -> Result<Json<Value>, ControlError> {
    // It calls the portal, and has no faults for what calls it.
    if name == "sell" {
        return Ok(Json(shared.sell.read(sell::Office::state)));
    }
    Ok(Json(match vendor(&name)? {
        Vendor::AuthorizeNet => shared.authorizenet.write(|account| {
            account.catch_up(shared.clock.now_ms());
            account.state()
        }),
        Vendor::GlobalPayments => shared.globalpayments.read(|account| account.state(shared.clock.now_ms())),
        Vendor::Payrix => shared.payrix.read(payrix::Account::state),
        Vendor::Qbo => shared.qbo.read(quickbooks::Books::state),
        Vendor::Stripe => shared.stripe.read(stripe::Account::state),
        Vendor::Xero => {
            let mut state = shared.xero.read(xero::Books::state);
            state["calls"] = shared.callers.view();
            state
        }
    }))
}

async fn spent(State(shared): State<Arc<Shared>>) -> Json<Value> {
    Json(json!({ "us": shared.spent_us.load(Ordering::Relaxed) }))
}

/// Around every request: adds up how long the vendors work.
pub(crate) async fn timed(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    if request.uri().path().starts_with("/control/") {
        return next.run(request).await;
    }
    let begun = Instant::now();
    let response = next.run(request).await;
    let spent_us = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
    shared.spent_us.fetch_add(spent_us, Ordering::Relaxed);
    response
}

async fn reset_all(State(shared): State<Arc<Shared>>) -> Result<Json<Value>, ControlError> {
    reset(&shared).await?;
    Ok(Json(json!({ "reset": true })))
}

/// Fresh data at every vendor, real time, no faults; registered webhook addresses stay. Then the portal's hook.
pub(crate) async fn reset(shared: &Shared) -> Result<(), ControlError> {
    shared.faults.clear();
    shared.limits.clear();
    shared.callers.clear();
    shared.qbo_limits.clear();
    shared.clock.set_offset(0);
    shared.desk.write(|desk| desk.clock_offset_ms = 0);
    shared.authorizenet.write(|account| *account = authorizenet::Account::default());
    shared.globalpayments.write(|account| *account = globalpayments::Account::default());
    shared.payrix.write(|account| *account = payrix::Account::default());
    shared.sell.write(|office| *office = sell::Office::seeded());
    shared.stripe.write(|account| *account = stripe::Account::default());
    let books = xero::Books::seeded(shared.seed_day(), shared.clock.now_ms());
    shared.xero.write(|old| *old = books);
    let books = quickbooks::Books::seeded(shared.seed_day(), shared.clock.now_ms());
    shared.qbo.write(|old| *old = books);
    saved(shared).await?;
    run_hook(shared, |hooks| hooks.on_reset.clone()).await
}

async fn edit_invoice(State(shared): State<Arc<Shared>>, body: Body<xero::Edit>) -> Result<Json<Value>, ControlError> {
    let Json(order) = body?;
    Ok(Json(json!({ "invoice": edit(&shared, &order).await? })))
}

/// Edits an invoice as a bookkeeper would, and tells the portal.
pub(crate) async fn edit(shared: &Arc<Shared>, order: &xero::Edit) -> Result<Option<Value>, ControlError> {
    let (view, news) = shared.xero.write(|books| {
        let id = books.edit(order, &shared.clock)?;
        let view = books.invoices.get(&id).map(|invoice| invoice.view(books, true));
        Ok::<_, xero::EditError>((view, books.news(shared, "INVOICE", id, true)))
    })?;
    tell(shared, news).await?;
    Ok(view)
}

async fn edit_payment(
    State(shared): State<Arc<Shared>>,
    body: Body<xero::PaymentEdit>,
) -> Result<Json<Value>, ControlError> {
    let Json(edit) = body?;
    let view = shared.xero.write(|books| books.edit_payment(edit, &shared.clock))?;
    saved(&shared).await?;
    Ok(Json(json!({ "payment": view })))
}

async fn edit_organisation(
    State(shared): State<Arc<Shared>>,
    body: Body<xero::OrganisationEdit>,
) -> Result<Json<Value>, ControlError> {
    let Json(order) = body?;
    let view = shared.xero.write(|books| books.edit_organisation(&order));
    saved(&shared).await?;
    Ok(Json(json!({ "organisation": view })))
}

async fn edit_qbo_invoice(
    State(shared): State<Arc<Shared>>,
    body: Body<quickbooks::Edit>,
) -> Result<Json<Value>, ControlError> {
    let Json(order) = body?;
    let (view, news) = shared.qbo.write(|books| books.edit(&shared, &order))?;
    tell(&shared, news).await?;
    Ok(Json(json!({ "invoice": view })))
}

async fn edit_qbo_payment(
    State(shared): State<Arc<Shared>>,
    body: Body<quickbooks::PaymentEdit>,
) -> Result<Json<Value>, ControlError> {
    let Json(order) = body?;
    let (view, news) = shared.qbo.write(|books| books.edit_payment(&shared, &order))?;
    tell(&shared, news).await?;
    Ok(Json(json!({ "payment": view })))
}

async fn edit_qbo_company(
    State(shared): State<Arc<Shared>>,
    body: Body<quickbooks::CompanyEdit>,
) -> Result<Json<Value>, ControlError> {
    let Json(order) = body?;
    let view = shared.qbo.write(|books| books.edit_company(&order));
    saved(&shared).await?;
    Ok(Json(json!({ "company": view })))
}

async fn alter_transaction(
    State(shared): State<Arc<Shared>>,
    body: Body<authorizenet::Alter>,
) -> Result<Json<Value>, ControlError> {
    let Json(order) = body?;
    let (view, news) = shared.authorizenet.write(|account| authorizenet::alter(account, &shared, &order))?;
    tell(&shared, news).await?;
    Ok(Json(json!({ "transaction": view })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DisputeOrder {
    charge: String,
    outcome: stripe::disputes::Outcome,
}

async fn dispute(State(shared): State<Arc<Shared>>, body: Body<DisputeOrder>) -> Result<Json<Value>, ControlError> {
    let Json(order) = body?;
    let (view, news) =
        stripe::disputes::ordered(&shared, &order.charge, order.outcome).map_err(ControlError::Stripe)?;
    tell(&shared, news).await?;
    Ok(Json(json!({ "dispute": view })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MethodOrder {
    id: String,
    change: stripe::methods::Change,
}

async fn change_method(
    State(shared): State<Arc<Shared>>,
    body: Body<MethodOrder>,
) -> Result<Json<Value>, ControlError> {
    let Json(order) = body?;
    let (view, news) = stripe::methods::ordered(&shared, &order.id, order.change).map_err(ControlError::Stripe)?;
    tell(&shared, news).await?;
    Ok(Json(json!({ "method": view })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PayoutOrder {
    fails: Option<String>,
}

async fn pay_out(State(shared): State<Arc<Shared>>, body: Body<PayoutOrder>) -> Result<Json<Value>, ControlError> {
    let Json(order) = body?;
    let (view, news) = stripe::payouts::ordered(&shared, order.fails.as_deref()).map_err(ControlError::Stripe)?;
    tell(&shared, news).await?;
    Ok(Json(json!({ "payout": view })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rotate {
    vendor: String,
    url: Option<String>,
    secret: Option<String>,
    #[serde(default = "one_day")]
    overlap_hours: i64,
}

fn one_day() -> i64 {
    24
}

async fn rotate_secret(State(shared): State<Arc<Shared>>, body: Body<Rotate>) -> Result<Json<Value>, ControlError> {
    let Json(order) = body?;
    let vendor = vendor(&order.vendor)?;
    if vendor != Vendor::Stripe {
        return Err(ControlError::Rotation);
    }
    let secret = order.secret.unwrap_or_else(|| format!("whsec_{}", random_hex::<16>()));
    let until_s = shared.clock.now_s() + order.overlap_hours.clamp(0, ADVANCE_MAX_HOURS) * 3600;
    let endpoints = shared.webhooks.rotate(vendor, order.url.as_deref(), &secret, until_s);
    Ok(Json(json!({ "vendor": vendor.name(), "secret": secret, "endpoints": endpoints })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Register {
    vendor: String,
    url: String,
    secret: Option<String>,
}

async fn register_webhooks(
    State(shared): State<Arc<Shared>>,
    body: Body<Register>,
) -> Result<Json<Value>, ControlError> {
    let Json(order) = body?;
    let vendor = vendor(&order.vendor)?;
    let secret = order.secret.as_deref().unwrap_or(match vendor {
        Vendor::AuthorizeNet => facts::authorizenet::STRANGER_SIGNATURE_KEY,
        Vendor::GlobalPayments => facts::globalpayments::STRANGER_APP_KEY,
        Vendor::Payrix => return Err(ControlError::Mute),
        Vendor::Qbo => facts::qbo::VERIFIER_TOKEN,
        Vendor::Stripe => facts::stripe::STRANGER_WEBHOOK_SECRET,
        Vendor::Xero => facts::xero::WEBHOOK_KEY,
    });
    shared.webhooks.register(vendor, &order.url, secret);
    Ok(Json(json!({ "vendor": vendor.name(), "url": order.url })))
}
