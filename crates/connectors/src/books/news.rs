//! What books tell unasked: that something was changed there, and hardly what. It is read again, so news are a hint.

use crate::news::{UNREADABLE, WebhookError, digest};
use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

/// One delivery, which may tell of many changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BooksNews {
    /// What tells of the same changes has the same one: the key against duplicates.
    pub event_id: String,
    /// The vendor's name of the first of them.
    pub kind: String,
    /// Those in the connection's own organisation. Absent when the delivery cannot be read.
    pub changes: Option<Vec<Change>>,
}

/// That something was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The books' id of the invoice. Absent for what only a delta tells: whom a customer's invoices name, and which of them a
    /// payment or a credit has paid.
    pub invoice: Option<String>,
    /// By the vendor's clock; absent when it cannot be read.
    pub at: Option<DateTime<Utc>>,
}

/// One change as it is told.
pub(super) struct Told {
    /// What is the same for the same change alone.
    pub identity: String,
    pub kind: String,
    pub organisation: String,
    pub of: Of,
    pub at: Option<DateTime<Utc>>,
}

/// What a change is one of.
pub(super) enum Of {
    /// By its id, as the books write it.
    Invoice(String),
    /// Invoices change by it that are not named.
    Others,
    /// Nothing that is shown here hangs on it.
    Nothing,
}

impl BooksNews {
    /// Of an authentic delivery. One app may hear of several organisations (1.12, 2.13): others' are not ours to read.
    pub(super) fn of(all: Vec<Told>, organisation: &str) -> Self {
        let mut identities: Vec<_> = all.iter().map(|told| told.identity.as_str()).collect();
        identities.sort_unstable();
        identities.dedup();
        let event_id = digest(identities.join("\n"));
        let kind = all.first().map_or_else(|| "nothing".to_owned(), |told| told.kind.clone());
        let ours = all.into_iter().filter(|told| told.organisation == organisation);
        let change = |Told { of, at, .. }: Told| match of {
            Of::Invoice(id) => Some(Change { invoice: Some(id), at }),
            Of::Others => Some(Change { invoice: None, at }),
            Of::Nothing => None,
        };
        Self { event_id, kind, changes: Some(ours.filter_map(change).collect()) }
    }

    /// Of an authentic delivery that cannot be read, for people to see (D6).
    pub(super) fn unread(raw: &[u8]) -> Self {
        Self { event_id: digest(raw), kind: UNREADABLE.to_owned(), changes: None }
    }
}

/// Base64 of an HMAC over the raw bytes, by any of the secrets: there are two while one is rotated.
pub(super) fn verify(
    secrets: &[SecretString],
    headers: &HeaderMap,
    name: &str,
    raw: &[u8],
) -> Result<(), WebhookError> {
    let given = headers.get(name).map(HeaderValue::as_bytes).unwrap_or_default();
    let given = BASE64_STANDARD.decode(given).map_err(|_| WebhookError::BadSignature)?;
    let signed_by = |secret: &SecretString| {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()) else { return false };
        mac.update(raw);
        // `verify_slice` takes the same time wherever the digests differ.
        mac.verify_slice(&given).is_ok()
    };
    if secrets.iter().any(signed_by) { Ok(()) } else { Err(WebhookError::BadSignature) }
}

/// A moment as any of the books write it: with an offset, or without one in UTC. One that is told to the second may be as late
/// as its end.
pub(super) fn moment(text: &str) -> Option<DateTime<Utc>> {
    let with_offset = DateTime::parse_from_rfc3339(text).map(|at| at.to_utc());
    let in_utc = |_| NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").map(|at| at.and_utc());
    let at = with_offset.or_else(in_utc).ok()?;
    if text.contains('.') { Some(at) } else { at.checked_add_signed(TimeDelta::milliseconds(999)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_as_either_vendor_writes_them() {
        let read = |text: &str| moment(text).map(|at| at.to_rfc3339());
        for (text, said) in [
            ("2026-07-09T00:44:09.923", Some("2026-07-09T00:44:09.923+00:00")),
            ("2026-07-01T13:52:31.657-07:00", Some("2026-07-01T20:52:31.657+00:00")),
            ("2026-08-01T21:31:25.179851517Z", Some("2026-08-01T21:31:25.179851517+00:00")),
            ("2026-08-01T00:00:00Z", Some("2026-08-01T00:00:00.999+00:00")),
            ("2026-07-09", None),
            ("", None),
        ] {
            assert_eq!(read(text).as_deref(), said, "{text}");
        }
    }
}
