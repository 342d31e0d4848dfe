//! Xero's consent page (`/xero/identity/connect/authorize`). Source: `wire/accounting.md`, 1.2.1.

use std::sync::Arc;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use axum::routing::get;

use super::grants::secret_of;
use crate::oauth::{Whose, consent};
use crate::{Shared, facts};

pub(crate) fn router() -> Router<Arc<Shared>> {
    Router::new().route("/xero/identity/connect/authorize", get(authorize))
}

async fn authorize(State(shared): State<Arc<Shared>>, RawQuery(raw): RawQuery) -> Response {
    let whose = Whose {
        vendor: "Xero",
        organisation: facts::NORTHWIND.name,
        others: &[("other", "Allow access to Northwind Labs alone"), ("both", "Allow access to both organisations")],
    };
    consent(
        &shared,
        &whose,
        raw.as_deref(),
        |client| secret_of(client).is_some(),
        |ask| {
            let code = shared.xero.write(|books| books.grants.codes.issue(ask, shared.clock.now_ms()));
            ask.back(&[("code", &code), ("scope", &ask.scope), ("session_state", "demo")])
        },
    )
    .await
}
