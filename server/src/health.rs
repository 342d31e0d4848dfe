//! For whoever watches the process: does it live, and can it serve?

use axum::{extract::State, http::StatusCode};
use engine::Engine;
use std::{borrow::Cow, time::Duration};

/// Jobs that have waited for longer are behind.
const BEHIND_AFTER: Duration = Duration::from_secs(60);

pub async fn live() -> StatusCode {
    StatusCode::OK
}

/// Ready when the database answers, its schema is this version's, and it can be written. That jobs are behind is said, and no
/// reason to send payers away.
pub async fn ready(State(engine): State<Engine>) -> (StatusCode, Cow<'static, str>) {
    match engine.ready().await {
        Ok(()) => (StatusCode::OK, readiness(&engine).await),
        Err(cause) if cause.is_unwritable() => {
            tracing::error!(%cause, "No payment can be taken: the database's disk is full, or takes no writes.");
            (StatusCode::SERVICE_UNAVAILABLE, "the database takes no writes: its disk is full, or read-only".into())
        }
        Err(cause) => {
            tracing::warn!(%cause, "Not ready.");
            (StatusCode::SERVICE_UNAVAILABLE, "the database is away, or its schema is of another version".into())
        }
    }
}

async fn readiness(engine: &Engine) -> Cow<'static, str> {
    match engine.longest_due().await {
        Ok(waited) if waited > BEHIND_AFTER => {
            format!("ready, but jobs have waited for {} seconds: does a worker run?", waited.as_secs()).into()
        }
        Ok(_) => "ready".into(),
        Err(cause) => {
            tracing::warn!(%cause, "What waits could not be read.");
            "ready".into()
        }
    }
}
