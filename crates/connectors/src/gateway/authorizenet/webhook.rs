//! The vendor's webhooks: first the signature over the raw bytes, then what the event is about. Source:
//! `wire/gateways.md`, 3.8. Pure; an event is a hint, and what it claims is read again. None tells of settlement.

use super::{
    code::{self, Name},
    replies::{Text, filled},
};
use crate::gateway::{WebhookError, WebhookNews};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use sha2::Sha512;

/// How the events begin whose outcome a transaction answers, and those among them that are about a refund.
const PAYMENT: &str = "net.authorize.payment.";
const REFUND: &str = "net.authorize.payment.refund.";
/// What we keep there is read when it is needed: that something was made there is an echo, and other changes say of what.
const CUSTOMER: &str = "net.authorize.customer.";
const MADE: &str = ".created";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    notification_id: String,
    event_type: String,
    payload: Payload,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    entity_name: Option<String>,
    id: Option<Text>,
    /// `refId` of the request; what did not come by the API has none.
    merchant_reference_id: Option<Text>,
    invoice_number: Option<Text>,
}

pub fn news(keys: &[SecretString], signature: &str, raw: &[u8]) -> Result<WebhookNews, WebhookError> {
    verify(keys, signature, raw)?;
    let Ok(Event { notification_id: event_id, event_type: kind, payload }) = serde_json::from_slice(raw) else {
        return Ok(WebhookNews::unread(raw, "notificationId", "eventType"));
    };
    let nothing = WebhookNews::bare(event_id, kind);
    if nothing.kind.starts_with(CUSTOMER) {
        let is_idle = nothing.kind.ends_with(MADE);
        let kept = filled(payload.id.as_ref()).filter(|_| !is_idle).map(str::to_owned);
        return Ok(WebhookNews { is_idle, kept, ..nothing });
    }
    if !nothing.kind.starts_with(PAYMENT) || payload.entity_name.as_deref() != Some("transaction") {
        return Ok(nothing);
    }
    let names = [&payload.merchant_reference_id, &payload.invoice_number];
    let id = filled(payload.id.as_ref()).map(str::to_owned);
    Ok(match names.into_iter().find_map(|name| code::read(filled(name.as_ref())?)) {
        // Also a void: by it a refund calls off what has not settled.
        Some(Name::Refund(refund)) => WebhookNews { refund: Some(refund), ..nothing },
        // A refund is a transaction of its own: what others refund must not pass as news of the charge.
        _ if nothing.kind.starts_with(REFUND) => WebhookNews { refund_gateway_id: id, ..nothing },
        name => WebhookNews { attempt: name.and_then(Name::attempt), gateway_id: id, ..nothing },
    })
}

/// Any of our keys will do: there are two while one is being rotated.
fn verify(keys: &[SecretString], signature: &str, raw: &[u8]) -> Result<(), WebhookError> {
    let digits = signature.split_once('=').filter(|(name, _)| name.eq_ignore_ascii_case("sha512"));
    let (_, digits) = digits.ok_or(WebhookError::BadSignature)?;
    let given = hex::decode(digits).map_err(|_| WebhookError::BadSignature)?;
    let signed_by = |key: &SecretString| {
        let Ok(mut mac) = Hmac::<Sha512>::new_from_slice(key.expose_secret().as_bytes()) else { return false };
        mac.update(raw);
        // `verify_slice` takes the same time wherever the digests differ.
        mac.verify_slice(&given).is_ok()
    };
    if keys.iter().any(signed_by) { Ok(()) } else { Err(WebhookError::BadSignature) }
}

#[cfg(test)]
#[path = "webhook_tests.rs"]
mod tests;
