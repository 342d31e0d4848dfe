//! The stand-in for Stripe.js and its hosted fields: a script for the portal's page, and frames of this origin in which
//! the card is typed, so that its number never exists in the portal's page (`wire/gateways.md`, 2.10).

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::HeaderName;
use http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
};

use crate::Shared;

const SCRIPT: &str = include_str!("browser/stripe.js");
const FRAME_HTML: &str = include_str!("browser/field.html");
const FRAME_SCRIPT: &str = include_str!("browser/field.js");
const FRAME_STYLE: &str = include_str!("browser/field.css");

pub(crate) fn router() -> Router<Arc<Shared>> {
    let script = get(async || asset("text/javascript; charset=utf-8", SCRIPT));
    Router::new()
        .route("/stripe/js/v3", script.clone())
        .route("/stripe/js/v3/", script.clone())
        .route("/stripe/stripe.js", script)
        .route("/stripe/js/field", get(frame))
        .route("/stripe/js/field.js", get(async || asset("text/javascript; charset=utf-8", FRAME_SCRIPT)))
        .route("/stripe/js/field.css", get(async || asset("text/css; charset=utf-8", FRAME_STYLE)))
}

/// The script goes into pages of other origins, whatever their embedder policy.
fn asset(kind: &'static str, text: &'static str) -> Response {
    let resource_policy = HeaderName::from_static("cross-origin-resource-policy");
    let headers = [
        (CONTENT_TYPE, kind),
        (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (resource_policy, "cross-origin"),
        (CACHE_CONTROL, "public, max-age=60"),
    ];
    (headers, text).into_response()
}

async fn frame(State(shared): State<Arc<Shared>>) -> Response {
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors http://127.0.0.1:* http://localhost:* {}",
        shared.options.portal_url
    );
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        (CONTENT_SECURITY_POLICY, policy),
        (REFERRER_POLICY, "no-referrer".to_owned()),
        (CACHE_CONTROL, "no-store".to_owned()),
    ];
    (headers, FRAME_HTML).into_response()
}
