//! For whoever watches the process: does it live, and can it serve?

use axum::{extract::State, http::StatusCode};
use engine::Engine;

pub async fn live() -> StatusCode {
    StatusCode::OK
}

/// Ready when the database answers, its schema is this version's, and it can be written.
pub async fn ready(State(engine): State<Engine>) -> (StatusCode, &'static str) {
    match engine.ready().await {
        Ok(()) => (StatusCode::OK, "ready"),
        Err(cause) if cause.is_unwritable() => {
            tracing::error!(%cause, "No payment can be taken: the database's disk is full, or takes no writes.");
            (StatusCode::SERVICE_UNAVAILABLE, "the database takes no writes: its disk is full, or read-only")
        }
        Err(cause) => {
            tracing::warn!(%cause, "Not ready.");
            (StatusCode::SERVICE_UNAVAILABLE, "the database is away, or its schema is of another version")
        }
    }
}
