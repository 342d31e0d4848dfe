//! Why a call is not done, as the vendor puts it (`wire/gateways.md`, 5.2).

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::RETRY_AFTER;
use http::{HeaderValue, StatusCode};
use serde_json::json;

use crate::disturb::RETRY_AFTER_SECONDS;

#[derive(Debug)]
pub(super) struct Refusal {
    status: u16,
    code: &'static str,
    detailed: &'static str,
    words: String,
}

fn refusal(status: u16, code: &'static str, detailed: &'static str, words: impl Into<String>) -> Refusal {
    Refusal { status, code, detailed, words: words.into() }
}

impl Refusal {
    pub fn invalid(detailed: &'static str, words: impl Into<String>) -> Self {
        refusal(400, "INVALID_REQUEST_DATA", detailed, words)
    }

    pub fn missing(field: &str) -> Self {
        refusal(400, "MANDATORY_DATA_MISSING", "40005", format!("Request expects the following fields {field}"))
    }

    pub fn unauthenticated() -> Self {
        refusal(401, "NOT_AUTHENTICATED", "40001", "Invalid access token")
    }

    pub fn unknown_app() -> Self {
        refusal(403, "ACTION_NOT_AUTHORIZED", "40004", "App credentials not recognized")
    }

    pub fn not_found(words: impl Into<String>) -> Self {
        refusal(404, "RESOURCE_NOT_FOUND", "40008", words)
    }

    pub fn seen_before(id: &str) -> Self {
        refusal(409, "DUPLICATE_ACTION", "40039", format!("Idempotency Key seen before: id={id}"))
    }

    pub fn throttled() -> Self {
        refusal(429, "TOO_MANY_REQUESTS", "42900", "Too many requests")
    }

    pub fn broken() -> Self {
        refusal(500, "SYSTEM_ERROR", "50000", "The system failed")
    }

    pub fn words(&self) -> &str {
        &self.words
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = json!({ "error_code": self.code, "detailed_error_code": self.detailed,
            "detailed_error_description": self.words });
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(body)).into_response();
        if status == StatusCode::TOO_MANY_REQUESTS {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS));
        }
        response
    }
}
