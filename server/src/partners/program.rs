//! How programs call with their keys and read what went wrong, whatever they call for.

use axum::{
    Json,
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{AUTHORIZATION, RETRY_AFTER},
    },
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

pub const IDEMPOTENCY_KEY_MAX_CHARS: usize = 200;

/// The secret of a key, as it came.
pub fn secret(headers: &HeaderMap) -> &str {
    let told = headers.get(AUTHORIZATION).and_then(|told| told.to_str().ok());
    told.and_then(|told| told.strip_prefix("Bearer ")).unwrap_or_default().trim()
}

/// The idempotency key, unless it is empty or too long.
pub fn idempotency_key(headers: &HeaderMap) -> Option<&str> {
    let key = headers.get("idempotency-key")?.to_str().ok()?;
    (1..=IDEMPOTENCY_KEY_MAX_CHARS).contains(&key.chars().count()).then_some(key)
}

/// The answer that says what went wrong; who asked too often reads when to ask again.
pub fn refusal(status: StatusCode, error: &Value) -> Response {
    let mut answer = (status, Json(json!({ "error": error }))).into_response();
    if status == StatusCode::TOO_MANY_REQUESTS {
        answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    answer
}
