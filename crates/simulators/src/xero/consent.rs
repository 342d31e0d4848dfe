//! Xero's consent page (`/xero/identity/connect/authorize`). Source: `wire/accounting.md`, 1.2.1.

use std::sync::Arc;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use axum::routing::get;

use super::grants::secret_of;
use crate::oauth::{Ask, unaskable};
use crate::query::Query;
use crate::{Shared, disturb, facts};

pub(crate) fn router() -> Router<Arc<Shared>> {
    Router::new().route("/xero/identity/connect/authorize", get(authorize))
}

async fn authorize(State(shared): State<Arc<Shared>>, RawQuery(raw): RawQuery) -> Response {
    let query = Query::read(raw.as_deref());
    let ask = match Ask::read(&query, |client| secret_of(client).is_some()) {
        Ok(ask) => ask,
        Err(reason) => return unaskable("Xero", reason),
    };
    match query.text("consent") {
        Some("allow") => {
            let now_ms = shared.clock.now_ms();
            disturb::around(&shared, None, || {
                let code = shared.xero.write(|books| books.grants.codes.issue(&ask, now_ms));
                ask.back(&[("code", &code), ("scope", &ask.scope), ("session_state", "demo")])
            })
            .await
        }
        Some(_) => ask.back(&[("error", "access_denied")]),
        None => ask.page("Xero", facts::NORTHWIND.name, raw.as_deref().unwrap_or_default()),
    }
}
