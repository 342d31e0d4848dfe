//! The addresses that others call: contracts with them, not with our own browser code. One file per partner.

mod api;
mod pay_now;
mod sandbox;
mod webhooks;

use crate::{
    rate_limits::{LINKS, Limits, STEPS},
    router::Web,
};
use axum::{
    Router,
    extract::DefaultBodyLimit,
    routing::{get, post},
};

const WEBHOOK_BODY_MAX_BYTES: usize = 256 * 1024;

pub fn router(limits: &Limits) -> Router<Web> {
    let pay_now = Router::new().route("/PaymentProxy/PayNow/Email", get(pay_now::email));
    let webhooks = Router::new()
        .route("/webhooks/{provider}/{connection}", post(webhooks::receive))
        .layer(DefaultBodyLimit::max(WEBHOOK_BODY_MAX_BYTES));
    let steps = Router::new().route("/sandbox/{connection}/{attempt}", get(sandbox::ask).post(sandbox::answer));
    limits.hold(pay_now, LINKS).merge(limits.hold(steps, STEPS)).merge(webhooks).merge(api::router())
}
