//! Xero's webhooks: first the signature over the raw bytes, then which documents changed (`wire/accounting.md`, 1.12). Pure.
//! They say neither what an invoice is nor how it stands, and tell of payments by the invoice alone.

use crate::{
    books::{
        BooksNews,
        news::{Of, Told, moment, verify},
    },
    news::WebhookError,
};
use http::HeaderMap;
use secrecy::SecretString;
use serde::Deserialize;
use uuid::Uuid;

const SIGNATURE: &str = "x-xero-signature";

/// One without events asks whether forged ones are told from others; its sequence and entropy are nobody's concern.
#[derive(Deserialize)]
struct Delivery {
    events: Vec<Event>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    resource_id: String,
    event_date_utc: String,
    event_type: String,
    event_category: String,
    tenant_id: String,
}

impl Event {
    fn told(self) -> Told {
        let Self { resource_id, event_date_utc, event_type, event_category, tenant_id } = self;
        Told {
            identity: format!("{resource_id} {event_date_utc} {event_type}"),
            kind: format!("{event_category} {event_type}"),
            organisation: tenant_id,
            of: match (event_category.as_str(), Uuid::try_parse(&resource_id)) {
                ("INVOICE", Ok(id)) => Of::Invoice(id.to_string()),
                ("INVOICE" | "CONTACT" | "CREDITNOTE" | "OVERPAYMENT" | "PREPAYMENT", _) => Of::Others,
                _ => Of::Nothing,
            },
            at: moment(&event_date_utc),
        }
    }
}

/// What was told of the changes in this organisation.
///
/// # Errors
/// The signature is none of these secrets'.
pub fn news(
    secrets: &[SecretString],
    tenant_id: &str,
    headers: &HeaderMap,
    raw: &[u8],
) -> Result<BooksNews, WebhookError> {
    verify(secrets, headers, SIGNATURE, raw)?;
    let Ok(Delivery { events }) = serde_json::from_slice(raw) else { return Ok(BooksNews::unread(raw)) };
    Ok(BooksNews::of(events.into_iter().map(Event::told).collect(), tenant_id))
}

#[cfg(test)]
#[path = "webhook_tests.rs"]
mod tests;
