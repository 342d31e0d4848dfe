//! Stripe's error body and statuses. Source: `wire/gateways.md`, 2.7.

use serde_json::{Map, Value, json};

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refusal {
    pub status: u16,
    pub kind: &'static str,
    pub code: Option<String>,
    pub message: String,
    pub param: Option<String>,
    /// Members that only some refusals have: `decline_code`, `charge`, `payment_intent`, …
    pub more: Map<String, Value>,
}

impl Refusal {
    fn new(status: u16, kind: &'static str, code: Option<&str>, message: impl Into<String>) -> Self {
        Self { status, kind, code: code.map(str::to_owned), message: message.into(), param: None, more: Map::new() }
    }

    pub fn invalid(code: Option<&str>, message: impl Into<String>) -> Self {
        Self::new(400, "invalid_request_error", code, message)
    }

    pub fn about(mut self, param: &str) -> Self {
        self.param = Some(param.to_owned());
        self
    }

    pub fn with(mut self, name: &str, value: Value) -> Self {
        self.more.insert(name.to_owned(), value);
        self
    }

    pub fn unknown_parameter(name: &str) -> Self {
        Self::invalid(Some("parameter_unknown"), format!("Received unknown parameter: {name}")).about(name)
    }

    pub fn missing_parameter(name: &str) -> Self {
        Self::invalid(Some("parameter_missing"), format!("Missing required param: {name}.")).about(name)
    }

    pub fn invalid_integer(name: &str, text: &str) -> Self {
        Self::invalid(Some("parameter_invalid_integer"), format!("Invalid integer: {text}")).about(name)
    }

    pub fn no_such(what: &str, id: &str, param: &str) -> Self {
        let message = format!("No such {what}: '{id}'");
        Self::new(404, "invalid_request_error", Some("resource_missing"), message).about(param)
    }

    pub fn unknown_url(method: &str, path: &str) -> Self {
        let message = format!("Unrecognized request URL ({method}: {path}).");
        Self::new(404, "invalid_request_error", None, message)
    }

    pub fn unauthorized(message: &str) -> Self {
        Self::new(401, "invalid_request_error", None, message)
    }

    pub fn card(code: &str, message: &str) -> Self {
        Self::new(402, "card_error", Some(code), message)
    }

    pub fn key_reused() -> Self {
        let message = "Keys for idempotent requests can only be used with the same parameters they were first used \
                       with.";
        Self::new(400, "idempotency_error", None, message)
    }

    pub fn key_in_use() -> Self {
        let message = "There is currently another in-progress request using this Idempotent Key.";
        Self::new(409, "idempotency_error", Some("idempotency_key_in_use"), message)
    }

    pub fn rate_limited() -> Self {
        Self::new(429, "invalid_request_error", Some("rate_limit"), "Too many requests hit the API too quickly.")
    }

    pub fn broken() -> Self {
        Self::new(500, "api_error", None, "An unknown error occurred.")
    }

    pub fn body(&self) -> Value {
        let mut error = self.more.clone();
        error.insert("type".to_owned(), json!(self.kind));
        error.insert("message".to_owned(), json!(self.message));
        if let Some(code) = &self.code {
            error.insert("code".to_owned(), json!(code));
            error.insert("doc_url".to_owned(), json!(format!("https://stripe.com/docs/error-codes/{code}")));
        }
        if let Some(param) = &self.param {
            error.insert("param".to_owned(), json!(param));
        }
        json!({ "error": error })
    }
}
