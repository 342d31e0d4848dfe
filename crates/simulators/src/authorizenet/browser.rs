//! The stand-ins for Accept.js and AcceptUI.js, and the vendor-hosted form that the latter opens. They work in any page,
//! with the vendor's signatures and without anything of the portal. Source: `wire/gateways.md`, 3.10.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;

use crate::{Shared, html};

const ACCEPT: &str = include_str!("browser/accept.js");
const ACCEPT_UI: &str = include_str!("browser/acceptui.js");
const FORM: &str = include_str!("browser/acceptui_form.html");
const FORM_SCRIPT: &str = include_str!("browser/acceptui_form.js");
const HOSTED_SCRIPT: &str = include_str!("browser/hosted.js");
const HOSTED_STYLE: &str = include_str!("browser/hosted.css");

pub(crate) fn router() -> Router<Arc<Shared>> {
    let script = |text: &'static str| get(async move || html::script(text));
    Router::new()
        .route("/authorizenet/v1/Accept.js", script(ACCEPT))
        // Merchants write the name of the second script both ways.
        .route("/authorizenet/v3/acceptUI.js", script(ACCEPT_UI))
        .route("/authorizenet/v3/AcceptUI.js", script(ACCEPT_UI))
        .route("/authorizenet/acceptui/form", get(form))
        .route("/authorizenet/acceptui/form.js", script(FORM_SCRIPT))
        .route("/authorizenet/hosted.js", script(HOSTED_SCRIPT))
        .route("/authorizenet/hosted.css", get(async || html::style(HOSTED_STYLE)))
}

async fn form(State(shared): State<Arc<Shared>>) -> Response {
    html::card_frame(FORM, &shared.options.portal_url)
}
