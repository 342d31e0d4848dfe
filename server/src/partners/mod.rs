//! The addresses that others call: contracts with them, not with our own browser code. One file per partner.

mod api;
mod pay_now;
mod program;
mod quotes;
mod sandbox;
mod webhooks;

use crate::{
    rate_limits::{LINKS, Limits, QUOTES, STEPS},
    router::Web,
};
use axum::{
    Router,
    extract::DefaultBodyLimit,
    routing::{get, post},
};

const WEBHOOK_BODY_MAX_BYTES: usize = 256 * 1024;
/// A session of a quote has some twenty short fields.
const QUOTE_BODY_MAX_BYTES: usize = 32 * 1024;

pub fn router(limits: &Limits) -> Router<Web> {
    let pay_now = Router::new().route("/PaymentProxy/PayNow/Email", get(pay_now::email));
    let webhooks = Router::new()
        .route("/webhooks/{provider}/{connection}", post(webhooks::receive))
        .layer(DefaultBodyLimit::max(WEBHOOK_BODY_MAX_BYTES));
    let steps = Router::new().route("/sandbox/{connection}/{attempt}", get(sandbox::ask).post(sandbox::answer));
    let quotes = Router::new()
        .route("/api/integrations/quotes/v1/sessions", post(quotes::open))
        .route("/api/integrations/quotes/v1/sessions/{session}", get(quotes::read))
        .layer(DefaultBodyLimit::max(QUOTE_BODY_MAX_BYTES));
    let payers = Router::new().route("/q/back", get(quotes::leave)).route("/q/{token}", get(quotes::enter));
    let held = limits.hold(pay_now, LINKS).merge(limits.hold(steps, STEPS)).merge(limits.hold(payers, QUOTES));
    held.merge(webhooks).merge(api::router()).merge(quotes)
}
