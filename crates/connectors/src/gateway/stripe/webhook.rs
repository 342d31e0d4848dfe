//! Stripe's webhooks: first the signature over the raw bytes, then what the event is about. Source: `wire/gateways.md`,
//! 2.8. Pure; an event is a hint, and what it claims is read again.

use super::{
    form::{ATTEMPT, METHOD, REFUND},
    wire::{Expandable, OnlyId},
};
use crate::gateway::{WebhookError, WebhookNews};
use chrono::{DateTime, TimeDelta, Utc};
use domain::planted;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use sha2::Sha256;
use std::collections::BTreeMap;

/// How far the signed time may be from ours.
pub const TOLERANCE: TimeDelta = TimeDelta::minutes(5);

/// What we keep at Stripe is read there when it is needed, and payouts once a day, so that most news of these are echoes.
const IDLE: [&str; 4] = ["customer.", "payment_method.", "mandate.", "payout."];
/// But that a method, or all of a company's, can be charged no more, or that a card has another date or number, nothing
/// else tells.
const CHANGES: [&str; 5] = [
    "customer.deleted",
    "mandate.updated",
    "payment_method.automatically_updated",
    "payment_method.detached",
    "payment_method.updated",
];

#[derive(Deserialize)]
struct Event {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    object: Object,
}

/// What payments, charges, disputes, refunds and sessions have in common.
#[derive(Deserialize)]
struct Object {
    id: Option<String>,
    object: Option<String>,
    payment_intent: Option<Expandable<OnlyId>>,
    payment_method: Option<Expandable<OnlyId>>,
    client_reference_id: Option<String>,
    metadata: Option<BTreeMap<String, String>>,
}

impl Object {
    fn attempt(&self) -> Option<&String> {
        self.metadata.as_ref().and_then(|m| m.get(ATTEMPT)).or(self.client_reference_id.as_ref())
    }

    /// Of the method or company itself; an authority names its method.
    fn kept(&self) -> Option<String> {
        match (self.object.as_deref(), &self.payment_method) {
            (Some("mandate"), Some(Expandable::Id(id))) => Some(id.clone()),
            (Some("mandate"), Some(Expandable::Full(method))) => Some(method.id.clone()),
            (Some("mandate"), None) => None,
            _ => self.id.clone(),
        }
    }

    /// Of the payment or page itself; anything that hangs on a payment names it.
    fn gateway_id(self) -> Option<String> {
        match (self.object.as_deref(), self.payment_intent) {
            (Some("payment_intent" | "checkout.session"), _) => self.id,
            (_, Some(Expandable::Id(id))) => Some(id),
            (_, Some(Expandable::Full(intent))) => Some(intent.id),
            (_, None) => None,
        }
    }
}

pub fn news(
    secrets: &[SecretString],
    signature: &str,
    raw: &[u8],
    now: DateTime<Utc>,
) -> Result<WebhookNews, WebhookError> {
    if !planted::is("news_unverified") {
        verify(secrets, signature, raw, now)?;
    }
    let Ok(event) = serde_json::from_slice::<Event>(raw) else { return Ok(WebhookNews::unread(raw, "id", "type")) };
    let object = event.data.object;
    let refund = object.metadata.as_ref().and_then(|m| m.get(REFUND)).and_then(|id| id.parse().ok());
    let method = object.metadata.as_ref().and_then(|m| m.get(METHOD)).and_then(|id| id.parse().ok());
    // One that somebody made at Stripe.
    let is_theirs = refund.is_none() && object.object.as_deref() == Some("refund");
    let refund_gateway_id = object.id.clone().filter(|_| is_theirs);
    let is_dispute = object.object.as_deref() == Some("dispute");
    let dispute = object.id.clone().filter(|_| is_dispute);
    let is_change = CHANGES.contains(&event.kind.as_str());
    let kept = object.kept().filter(|_| is_change);
    let (attempt, gateway_id) = if tells_of_outcome(&event.kind) {
        (object.attempt().and_then(|id| id.parse().ok()), object.gateway_id())
    } else {
        (None, None)
    };
    let is_idle = !is_change && IDLE.iter().any(|of| event.kind.starts_with(of));
    Ok(WebhookNews {
        attempt,
        gateway_id,
        refund,
        refund_gateway_id,
        method,
        kept,
        dispute,
        is_idle,
        ..WebhookNews::bare(event.id, event.kind)
    })
}

/// Reading the payment answers these. A refund leaves it as it was, so its news must not pass as worked; but that a
/// charge has refunds is said once more by the news of each of them, which names it.
fn tells_of_outcome(kind: &str) -> bool {
    let later = ["refund.", "charge.refund."];
    !later.iter().any(|of| kind.starts_with(of))
}

/// Any `v1` by any of our secrets will do: there are two of each while a secret is being rotated.
fn verify(secrets: &[SecretString], signature: &str, raw: &[u8], now: DateTime<Utc>) -> Result<(), WebhookError> {
    let parts = || signature.split(',').filter_map(|part| part.trim().split_once('='));
    let (_, stamp) = parts().find(|(name, _)| *name == "t").ok_or(WebhookError::BadSignature)?;
    let signed_at: i64 = stamp.parse().map_err(|_| WebhookError::BadSignature)?;
    if now.timestamp().abs_diff(signed_at) > TOLERANCE.num_seconds().unsigned_abs() {
        return Err(WebhookError::BadSignature);
    }
    let given: Vec<Vec<u8>> =
        parts().filter(|(name, _)| *name == "v1").filter_map(|(_, digits)| hex::decode(digits).ok()).collect();
    let signed_by = |secret: &SecretString| {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()) else { return false };
        mac.update(stamp.as_bytes());
        mac.update(b".");
        mac.update(raw);
        // `verify_slice` takes the same time wherever the digests differ.
        given.iter().any(|digest| mac.clone().verify_slice(digest).is_ok())
    };
    if secrets.iter().any(signed_by) { Ok(()) } else { Err(WebhookError::BadSignature) }
}

#[cfg(test)]
#[path = "webhook_tests.rs"]
mod tests;
