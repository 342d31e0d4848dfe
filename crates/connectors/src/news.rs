//! What all vendors' news have in common, whatever they are about.

use sha2::{Digest, Sha256};

/// Vendors' own are a tenth of it. PostgreSQL refuses what does not fit into a page of its index.
const EVENT_ID_MAX_BYTES: usize = 255;
/// The kind of news that cannot be read.
pub const UNREADABLE: &str = "unreadable news";

/// Why a webhook was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    #[error("the signature is missing, wrong or too old")]
    BadSignature,
}

/// An id that is too long for an index is known by its digest.
pub fn event_id(said: String) -> String {
    if said.len() > EVENT_ID_MAX_BYTES { digest(said) } else { said }
}

/// By which news are the same that have no id of their own and say the same.
pub fn digest(said: impl AsRef<[u8]>) -> String {
    hex::encode(Sha256::digest(said))
}
