//! The stand-ins for Accept.js and AcceptUI.js, and the vendor-hosted form that the latter opens. They work in any page,
//! with the vendor's signatures and without anything of the portal. Source: `wire/gateways.md`, 3.10.

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

const ACCEPT: &str = include_str!("browser/accept.js");
const ACCEPT_UI: &str = include_str!("browser/acceptui.js");
const FORM: &str = include_str!("browser/acceptui_form.html");
const FORM_SCRIPT: &str = include_str!("browser/acceptui_form.js");
const HOSTED_SCRIPT: &str = include_str!("browser/hosted.js");
const HOSTED_STYLE: &str = include_str!("browser/hosted.css");

pub(crate) fn router() -> Router<Arc<Shared>> {
    let script = |text: &'static str| get(async move || asset("text/javascript; charset=utf-8", text));
    Router::new()
        .route("/authorizenet/v1/Accept.js", script(ACCEPT))
        // Merchants write the name of the second script both ways.
        .route("/authorizenet/v3/acceptUI.js", script(ACCEPT_UI))
        .route("/authorizenet/v3/AcceptUI.js", script(ACCEPT_UI))
        .route("/authorizenet/acceptui/form", get(form))
        .route("/authorizenet/acceptui/form.js", script(FORM_SCRIPT))
        .route("/authorizenet/hosted.js", script(HOSTED_SCRIPT))
        .route("/authorizenet/hosted.css", get(async || asset("text/css; charset=utf-8", HOSTED_STYLE)))
}

/// The scripts go into pages of other origins, whatever their embedder policy.
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

async fn form(State(shared): State<Arc<Shared>>) -> Response {
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
    (headers, FORM).into_response()
}
