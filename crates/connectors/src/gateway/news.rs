//! What a gateway tells unasked, as far as its adapter reads it.

use crate::news::{UNREADABLE, digest, event_id};
use domain::ids::{AttemptId, MethodId, RefundId};
use serde_json::Value;

/// A fact that a gateway told us unasked, and about which of our attempts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookNews {
    /// The vendor's id of the event: the key against duplicates.
    pub event_id: String,
    /// The vendor's name of the event.
    pub kind: String,
    /// Our attempt, when the event names one whose outcome it tells.
    pub attempt: Option<AttemptId>,
    /// The gateway's id of the payment, when the event names one whose outcome it tells.
    pub gateway_id: Option<String>,
    /// Our refund, when the event is about one.
    pub refund: Option<RefundId>,
    /// The gateway's id of a refund that bears no name of ours, when the event is about one.
    pub refund_gateway_id: Option<String>,
    /// Our saved method, when the event is about one.
    pub method: Option<MethodId>,
    /// The gateway's id of a method that it keeps, or of the company under which it does, when the event is about a change
    /// of one: by others, by the bank, or by us.
    pub kept: Option<String>,
    /// The gateway's id of a dispute, when the event is about one. That of a bank debit is the payment's own outcome.
    pub dispute: Option<String>,
    /// Nothing follows from it: an echo of what we did there ourselves, or a change that we do not keep.
    pub is_idle: bool,
}

impl WebhookNews {
    /// Of an event that names nothing that we know.
    pub(super) fn bare(id: String, kind: String) -> Self {
        Self {
            event_id: event_id(id),
            kind,
            attempt: None,
            gateway_id: None,
            refund: None,
            refund_gateway_id: None,
            method: None,
            kept: None,
            dispute: None,
            is_idle: false,
        }
    }

    /// Of an authentic body that cannot be read, for people to see (D6): by the members that hold its id and its kind,
    /// where it has them. One without an id is known by its digest, so that it is the same when it comes again.
    pub(super) fn unread(raw: &[u8], id: &str, kind: &str) -> Self {
        let body: Value = serde_json::from_slice(raw).unwrap_or_default();
        let said = |name: &str| body[name].as_str().filter(|said| !said.is_empty()).map(str::to_owned);
        Self::bare(said(id).unwrap_or_else(|| digest(raw)), said(kind).unwrap_or_else(|| UNREADABLE.to_owned()))
    }
}
