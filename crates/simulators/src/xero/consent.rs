//! Xero's consent page (`/xero/identity/connect/authorize`): one click, no sign-in. Source: `wire/accounting.md`, 1.2.1.

use std::sync::Arc;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use form_urlencoded::Serializer;
use http::StatusCode;

use super::grants::secret_of;
use super::query::Query;
use crate::html::{Text, page};
use crate::{Shared, disturb, facts};

pub(crate) fn router() -> Router<Arc<Shared>> {
    Router::new().route("/xero/identity/connect/authorize", get(authorize))
}

/// What the app asks for, checked.
struct Request {
    client: String,
    redirect_uri: String,
    scope: String,
    state: String,
}

fn read(query: &Query) -> Result<Request, &'static str> {
    let text = |name: &str| query.text(name).unwrap_or_default().to_owned();
    let request = Request {
        client: text("client_id"),
        redirect_uri: text("redirect_uri"),
        scope: text("scope"),
        state: text("state"),
    };
    // The vendor takes `http` for localhost alone; the demo's portal lives on 127.0.0.1, so both names are let in here.
    let loopback = ["http://localhost:", "http://127.0.0.1:", "http://localhost/", "http://127.0.0.1/"];
    let uri_is_good = request.redirect_uri.starts_with("https://")
        || loopback.iter().any(|start| request.redirect_uri.starts_with(start));
    match () {
        () if secret_of(&request.client).is_none() => Err("unauthorized_client: unknown client_id"),
        () if query.text("response_type") != Some("code") => Err("unsupported_response_type: only code is known"),
        () if !uri_is_good => Err("invalid_request: redirect_uri must be https, or http on this machine"),
        () if request.scope.is_empty() => Err("invalid_scope: scope is missing"),
        () => Ok(request),
    }
}

async fn authorize(State(shared): State<Arc<Shared>>, RawQuery(raw): RawQuery) -> Response {
    let query = Query::read(raw.as_deref());
    let request = match read(&query) {
        Ok(request) => request,
        Err(reason) => {
            let body =
                format!("<main class=\"narrow stack\"><h1>Xero cannot ask for this</h1><p>{}</p></main>", Text(reason));
            return page(StatusCode::BAD_REQUEST, "Cannot connect", &[], &body);
        }
    };
    match query.text("consent") {
        Some("allow") => {
            let now_ms = shared.clock.now_ms();
            disturb::around(&shared, None, || {
                let code = shared.xero.write(|books| {
                    books.grants.consent(&request.client, &request.redirect_uri, &request.scope, now_ms)
                });
                back(&request, &[("code", &code), ("scope", &request.scope), ("session_state", "demo")])
            })
            .await
        }
        Some(_) => back(&request, &[("error", "access_denied")]),
        None => ask(&request, raw.as_deref().unwrap_or_default()),
    }
}

fn back(request: &Request, members: &[(&str, &str)]) -> Response {
    let mut query = Serializer::new(String::new());
    query.extend_pairs(members).append_pair("state", &request.state);
    let joiner = if request.redirect_uri.contains('?') { '&' } else { '?' };
    Redirect::to(&format!("{}{joiner}{}", request.redirect_uri, query.finish())).into_response()
}

fn ask(request: &Request, raw: &str) -> Response {
    let scopes: String =
        request.scope.split(' ').map(|scope| format!("<li><code>{}</code></li>", Text(scope))).collect();
    let raw = Text(raw);
    let body = format!(
        "<main class=\"narrow stack\"><p class=\"badge wait\">Simulated Xero</p>\
         <h1>Wise-Pay wants access to {name}</h1><p>It asks for:</p><ul class=\"dots\">{scopes}</ul>\
         <a class=\"btn primary big\" href=\"?{raw}&amp;consent=allow\">Allow access</a>\
         <a class=\"btn quiet\" href=\"?{raw}&amp;consent=deny\">Cancel</a></main>",
        name = facts::NORTHWIND.name,
    );
    page(StatusCode::OK, "Allow access", &[], &body)
}
