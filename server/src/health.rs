//! For whoever watches the process: does it live, and can it serve?

use crate::router::Web;
use axum::{extract::State, http::StatusCode};

pub async fn live() -> StatusCode {
    StatusCode::OK
}

/// Ready when the database answers and its schema is this version's.
pub async fn ready(State(web): State<Web>) -> (StatusCode, &'static str) {
    match web.engine.ready().await {
        Ok(()) => (StatusCode::OK, "ready"),
        Err(cause) => {
            tracing::warn!(%cause, "Not ready.");
            (StatusCode::SERVICE_UNAVAILABLE, "the database is away, or its schema is of another version")
        }
    }
}
