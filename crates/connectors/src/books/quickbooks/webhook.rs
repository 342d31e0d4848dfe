//! QuickBooks' webhooks: first the signature over the raw bytes, then which documents changed, in either of two envelopes
//! (`wire/accounting.md`, 2.13). Pure. That something was deleted or voided, reading it says as well.

use super::id;
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

const SIGNATURE: &str = "intuit-signature";

#[derive(Deserialize)]
#[serde(untagged)]
enum Delivery {
    CloudEvents(Vec<CloudEvent>),
    Legacy {
        #[serde(rename = "eventNotifications")]
        notifications: Vec<Notification>,
    },
}

#[derive(Deserialize)]
struct CloudEvent {
    id: String,
    /// `qbo.invoice.updated.v1`.
    #[serde(rename = "type")]
    kind: String,
    time: String,
    #[serde(rename = "intuitentityid")]
    entity_id: String,
    #[serde(rename = "intuitaccountid")]
    realm_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Notification {
    realm_id: String,
    data_change_event: DataChange,
}

#[derive(Deserialize)]
struct DataChange {
    entities: Vec<Entity>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entity {
    name: String,
    id: String,
    operation: String,
    last_updated: String,
}

impl CloudEvent {
    fn told(self) -> Told {
        let of = of(self.kind.split('.').nth(1).unwrap_or_default(), &self.entity_id);
        let at = moment(&self.time);
        Told { identity: self.id, kind: self.kind, organisation: self.realm_id, of, at }
    }
}

impl Notification {
    fn told(self) -> impl Iterator<Item = Told> {
        let realm_id = self.realm_id;
        self.data_change_event.entities.into_iter().map(move |Entity { name, id, operation, last_updated }| Told {
            identity: format!("{realm_id} {name} {id} {operation} {last_updated}"),
            kind: format!("{name} {operation}"),
            organisation: realm_id.clone(),
            of: of(&name, &id),
            at: moment(&last_updated),
        })
    }
}

/// By what the envelopes call it, in either case.
fn of(entity: &str, entity_id: &str) -> Of {
    match (entity.to_ascii_lowercase().as_str(), id(entity_id)) {
        ("invoice", Ok(id)) => Of::Invoice(id.to_owned()),
        ("invoice" | "creditmemo" | "customer" | "payment", _) => Of::Others,
        _ => Of::Nothing,
    }
}

/// What was told of the changes in this company.
///
/// # Errors
/// The signature is none of these secrets'.
pub fn news(
    secrets: &[SecretString],
    realm_id: &str,
    headers: &HeaderMap,
    raw: &[u8],
) -> Result<BooksNews, WebhookError> {
    verify(secrets, headers, SIGNATURE, raw)?;
    let told = match serde_json::from_slice(raw) {
        Ok(Delivery::CloudEvents(events)) => events.into_iter().map(CloudEvent::told).collect(),
        Ok(Delivery::Legacy { notifications }) => notifications.into_iter().flat_map(Notification::told).collect(),
        Err(_) => return Ok(BooksNews::unread(raw)),
    };
    Ok(BooksNews::of(told, realm_id))
}

#[cfg(test)]
#[path = "webhook_tests.rs"]
mod tests;
