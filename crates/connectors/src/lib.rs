//! Pure translators to the vendors' wire: credentials come as arguments; no database, no tenant, no clock of their own.
//!
//! A gateway reports [`domain::payment::Observation`]s and never decides; a decline is an outcome, not an error.

pub mod books;
pub mod endpoint;
pub mod gateway;
mod http;
mod news;
pub mod quotes;

pub use http::{HttpClient, HttpError, Timeouts};
pub use news::WebhookError;
