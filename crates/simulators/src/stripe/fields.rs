//! The stand-in for Stripe.js and its hosted fields: a script for the portal's page, and frames of this origin in which
//! the card is typed, so that its number never exists in the portal's page (`wire/gateways.md`, 2.10).

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;

use crate::{Shared, html};

const SCRIPT: &str = include_str!("browser/stripe.js");
const FRAME_HTML: &str = include_str!("browser/field.html");
const FRAME_SCRIPT: &str = include_str!("browser/field.js");
const FRAME_STYLE: &str = include_str!("browser/field.css");

pub(crate) fn router() -> Router<Arc<Shared>> {
    let script = get(async || html::script(SCRIPT));
    Router::new()
        .route("/stripe/js/v3", script.clone())
        .route("/stripe/js/v3/", script.clone())
        .route("/stripe/stripe.js", script)
        .route("/stripe/js/field", get(frame))
        .route("/stripe/js/field.js", get(async || html::script(FRAME_SCRIPT)))
        .route("/stripe/js/field.css", get(async || html::style(FRAME_STYLE)))
}

async fn frame(State(shared): State<Arc<Shared>>) -> Response {
    html::card_frame(FRAME_HTML, &shared.options.portal_url)
}
