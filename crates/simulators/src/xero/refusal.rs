//! Xero's error bodies: the validation exception that echoes the document, and the 401/403 envelope.
//! Source: `wire/accounting.md`, 1.3.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::random::random_bytes;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Refusal {
    /// 400: the submitted documents, each with `ValidationErrors` added.
    Validation(Vec<Value>),
    /// 400: a request that cannot be read (`QueryParseException`, …).
    Malformed(String),
    /// 412: a conditional header that says nothing.
    Precondition,
    /// 401 with this detail.
    Unauthorized(&'static str),
    /// 403 with this detail.
    Forbidden(&'static str),
    NotFound,
    NotBuilt,
    Broken,
}

impl Refusal {
    pub fn status(&self) -> u16 {
        match self {
            Self::Validation(_) | Self::Malformed(_) => 400,
            Self::Unauthorized(_) => 401,
            Self::Forbidden(_) => 403,
            Self::NotFound => 404,
            Self::Precondition => 412,
            Self::Broken => 500,
            Self::NotBuilt => 501,
        }
    }

    pub fn body(&self) -> Value {
        match self {
            Self::Validation(elements) => json!({
                "ErrorNumber": 10, "Type": "ValidationException", "Message": "A validation exception occurred",
                "Elements": elements,
            }),
            Self::Malformed(message) => json!({ "ErrorNumber": 16, "Type": "QueryParseException", "Message": message }),
            Self::Unauthorized(detail) => problem("Unauthorized", 401, detail),
            Self::Forbidden(detail) => problem("Forbidden", 403, detail),
            Self::NotFound => problem("NotFound", 404, "The resource you're looking for cannot be found"),
            Self::Precondition => problem("Precondition Failed", 412, "If-Modified-Since cannot be read"),
            Self::Broken => problem("An error occurred", 500, "An error occurred in Xero. Check the API Status page."),
            Self::NotBuilt => problem("NotImplemented", 501, "The simulator does not build this method"),
        }
    }

    /// The document as submitted, with what is wrong about it.
    pub fn of(document: &Value, messages: &[String]) -> Self {
        Self::Validation(vec![marked(document, messages)])
    }
}

/// Echoes a document with its errors, as real answers do.
pub(crate) fn marked(document: &Value, messages: &[String]) -> Value {
    let mut echoed = if document.is_object() { document.clone() } else { json!({}) };
    let errors: Vec<Value> = messages.iter().map(|message| json!({ "Message": message })).collect();
    echoed["ValidationErrors"] = json!(errors);
    echoed
}

fn problem(title: &str, status: u16, detail: &str) -> Value {
    let instance = Uuid::from_u128(u128::from_be_bytes(random_bytes()));
    json!({ "Type": null, "Title": title, "Status": status, "Detail": detail, "Instance": instance, "Extensions": {} })
}
