//! What the webhooks tell: every change of one call in one delivery, in the envelope of today or in the one before it.
//! Source: `wire/accounting.md`, 2.13.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::Books;
use super::kind::Kind;
use crate::disturb::News;
use crate::faults::Vendor;
use crate::random::random_bytes;
use crate::{Shared, facts};

/// The vendor's own name for the app in its events.
const SOURCE: &str = "intuit.c291dGhlcm4tY2xvdWQ=";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    Create,
    Update,
    Delete,
    Void,
    Emailed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Event {
    pub kind: Kind,
    pub id: u64,
    pub what: What,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Envelope {
    #[default]
    CloudEvents,
    Legacy,
}

impl Event {
    /// `qbo.invoice.updated.v1`.
    fn name(self) -> String {
        let what = match self.what {
            What::Create => "created",
            What::Update => "updated",
            What::Delete => "deleted",
            What::Void => "voided",
            What::Emailed => "emailed",
        };
        format!("qbo.{}.{what}.v1", self.kind.name().to_ascii_lowercase())
    }

    fn cloud_event(self, at: DateTime<Utc>) -> Value {
        let id = Uuid::from_u128(u128::from_be_bytes(random_bytes()));
        json!({
            "specversion": "1.0", "id": id, "source": SOURCE, "type": self.name(), "datacontenttype": "application/json",
            "time": at.to_rfc3339_opts(SecondsFormat::Nanos, true), "intuitentityid": self.id.to_string(),
            "intuitaccountid": facts::qbo::REALM_ID, "data": {},
        })
    }

    fn entity(self, at: DateTime<Utc>) -> Value {
        let operation = format!("{:?}", self.what);
        json!({ "name": self.kind.name(), "id": self.id.to_string(), "operation": operation,
            "lastUpdated": at.to_rfc3339_opts(SecondsFormat::Millis, true) })
    }
}

impl Books {
    /// One delivery; none when nothing changed or nobody listens.
    pub fn news(&self, shared: &Shared, events: &[Event]) -> Option<News> {
        let first = events.first().filter(|_| shared.webhooks.count(Vendor::Qbo) > 0)?;
        let at = shared.clock.now();
        let body: Value = match self.envelope {
            Envelope::CloudEvents => events.iter().map(|event| event.cloud_event(at)).collect(),
            Envelope::Legacy => {
                let entities: Vec<Value> = events.iter().map(|event| event.entity(at)).collect();
                json!({ "eventNotifications": [{ "realmId": facts::qbo::REALM_ID,
                    "dataChangeEvent": { "entities": entities } }] })
            }
        };
        Some(News { vendor: Vendor::Qbo, kind: first.name(), body: body.to_string() })
    }
}
