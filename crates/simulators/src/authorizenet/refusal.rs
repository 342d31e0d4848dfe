//! Refused calls: the `E…` codes of `messages`, and their words. What became of money is told by `reasons.rs` instead.

/// The call was refused and nothing happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub code: &'static str,
    pub text: String,
    /// The record that stands in the way, where the vendor names it beside the sentence.
    pub existing: Option<u64>,
}

impl Refusal {
    fn new(code: &'static str, text: impl Into<String>) -> Self {
        Self { code, text: text.into(), existing: None }
    }

    pub fn broken() -> Self {
        Self::new("E00001", "An error occurred during processing. Please try again.")
    }

    pub fn content_type() -> Self {
        Self::new("E00002", "The content-type specified is not supported.")
    }

    /// Not well formed, or not by the schema.
    pub fn schema(text: impl Into<String>) -> Self {
        Self::new("E00003", text)
    }

    pub fn unauthenticated() -> Self {
        Self::new("E00007", "User authentication failed due to invalid authentication values.")
    }

    pub fn invalid(what: &str) -> Self {
        Self::new("E00013", format!("{what} is invalid."))
    }

    pub fn required(what: &str) -> Self {
        Self::new("E00014", format!("{what} is required."))
    }

    pub fn unsuccessful() -> Self {
        Self::new("E00027", "The transaction was unsuccessful.")
    }

    /// A validation of a stored method failed, for the reason given.
    pub fn not_validated(text: &str) -> Self {
        Self::new("E00027", text)
    }

    /// The id stands in the sentence alone (`wire/gateways.md`, 3.9).
    pub fn duplicate_profile(id: u64) -> Self {
        Self { existing: Some(id), ..Self::new("E00039", format!("A duplicate record with ID {id} already exists.")) }
    }

    pub fn duplicate_payment_profile(id: u64) -> Self {
        Self { existing: Some(id), ..Self::new("E00039", "A duplicate customer payment profile already exists.") }
    }

    pub fn not_found() -> Self {
        Self::new("E00040", "The record cannot be found.")
    }

    pub fn profile_needs_a_name() -> Self {
        Self::new("E00041", "One or more fields in the profile must contain a value.")
    }

    /// A nonce that was never made, or was used before.
    pub fn unknown_nonce() -> Self {
        Self::new("E00114", "Invalid OTS Token.")
    }

    pub fn expired_nonce() -> Self {
        Self::new("E00115", "Expired OTS Token.")
    }
}
