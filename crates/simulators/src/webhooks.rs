//! Sends the vendors' news to whoever registered for it: signed, retried, and lost, doubled or reordered by fault.
//! Pending retries do not survive a restart; the vendors' own lists do (`GET /v1/events`), as in life.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tokio::sync::Notify;

use crate::Shared;
use crate::disturb::News;
use crate::faults::{Call, Caller, Fault, Vendor};

/// Waits before each further try; then the event is given up.
const RETRY_AFTER_MS: [u64; 4] = [500, 2_000, 10_000, 60_000];
/// Longest wait for an answer of the receiver.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// A reordered event waits for another to overtake it, this long at most.
const OVERTAKE_TIMEOUT: Duration = Duration::from_secs(2);

#[derive(Debug, Clone)]
struct Endpoint {
    vendor: Vendor,
    url: String,
    secret: String,
}

#[derive(Default)]
pub(crate) struct Webhooks {
    endpoints: Mutex<Vec<Endpoint>>,
    client: OnceLock<reqwest::Client>,
    /// An event was sent: reordered ones may follow.
    overtaken: Notify,
    /// The clock was moved: pending retries are due.
    hurry: Notify,
}

impl Webhooks {
    pub fn register(&self, vendor: Vendor, url: &str, secret: &str) {
        let mut endpoints = self.endpoints.lock().unwrap_or_else(PoisonError::into_inner);
        endpoints.retain(|known| known.vendor != vendor || known.url != url);
        endpoints.push(Endpoint { vendor, url: url.to_owned(), secret: secret.to_owned() });
    }

    fn of(&self, vendor: Vendor) -> Vec<Endpoint> {
        let endpoints = self.endpoints.lock().unwrap_or_else(PoisonError::into_inner);
        endpoints.iter().filter(|endpoint| endpoint.vendor == vendor).cloned().collect()
    }

    pub fn count(&self, vendor: Vendor) -> usize {
        let endpoints = self.endpoints.lock().unwrap_or_else(PoisonError::into_inner);
        endpoints.iter().filter(|endpoint| endpoint.vendor == vendor).count()
    }

    /// Makes waiting retries due at once.
    pub fn hurry(&self) {
        self.hurry.notify_waiters();
    }

    /// Sends each event to every endpoint of its vendor, in tasks of their own.
    pub fn send_all(&self, shared: &Arc<Shared>, news: Vec<News>) {
        for News { vendor, kind, body } in news {
            let call = Call { vendor, caller: Caller::Webhook, line: format!("webhook {kind}") };
            let endpoints = self.of(vendor);
            let fault = endpoints.first().and_then(|_| shared.faults.take(&call, Fault::is_webhook));
            let copies = match fault {
                Some(Fault::WebhookLost) => 0,
                Some(Fault::WebhookTwice) => 2,
                _ => 1,
            };
            let late = fault == Some(Fault::WebhookReordered);
            for endpoint in endpoints {
                for _ in 0..copies {
                    tokio::spawn(deliver(Arc::clone(shared), endpoint.clone(), body.clone(), late));
                }
            }
        }
    }

    fn client(&self) -> &reqwest::Client {
        self.client.get_or_init(|| {
            // The workspace's reqwest names no TLS provider of its own; whoever installed one first is fine.
            let _ = rustls::crypto::ring::default_provider().install_default();
            reqwest::Client::builder()
                .timeout(ANSWER_TIMEOUT)
                .redirect(reqwest::redirect::Policy::none())
                .build()
                .expect("a client without special settings builds once a TLS provider is installed")
        })
    }
}

async fn deliver(shared: Arc<Shared>, endpoint: Endpoint, body: String, late: bool) {
    let webhooks = &shared.webhooks;
    if late {
        let _ = tokio::time::timeout(OVERTAKE_TIMEOUT, webhooks.overtaken.notified()).await;
    }
    for wait_ms in RETRY_AFTER_MS.into_iter().map(Some).chain([None]) {
        if attempt(&shared, &endpoint, &body).await {
            if !late {
                webhooks.overtaken.notify_waiters();
            }
            return;
        }
        let Some(wait_ms) = wait_ms else { break };
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(wait_ms)) => {}
            () = webhooks.hurry.notified() => {}
        }
    }
    tracing::warn!(vendor = endpoint.vendor.name(), "a webhook was given up");
}

/// One try, freshly signed: a signature holds the time of sending.
async fn attempt(shared: &Shared, endpoint: &Endpoint, body: &str) -> bool {
    let (name, signature) = match endpoint.vendor {
        Vendor::Stripe => ("stripe-signature", stripe_signature(&endpoint.secret, shared.clock.now_s(), body)),
        Vendor::Xero => ("x-xero-signature", xero_signature(&endpoint.secret, body)),
    };
    let request = shared
        .webhooks
        .client()
        .post(&endpoint.url)
        .header("content-type", "application/json; charset=utf-8")
        .header(name, signature)
        .body(body.to_owned());
    matches!(request.send().await, Ok(response) if response.status().is_success())
}

/// `t=…,v1=…` over `t.body` (`wire/gateways.md`, 2.8).
fn stripe_signature(secret: &str, now_s: i64, body: &str) -> String {
    format!("t={now_s},v1={}", hex::encode(hmac(secret, &format!("{now_s}.{body}"))))
}

/// Base64 over the raw body (`wire/accounting.md`, 1.12).
fn xero_signature(key: &str, body: &str) -> String {
    BASE64_STANDARD.encode(hmac(key, body))
}

fn hmac(key: &str, text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Vectors of `wire/gateways.md`, 2.8.
    #[test]
    fn stripe_signatures_match_the_official_library() {
        let body = r#"{"id":"evt_test_webhook","object":"event"}"#;
        assert_eq!(
            stripe_signature("whsec_test_secret", 1_700_000_000, body),
            "t=1700000000,v1=d95c6b7477fbd7e9f90b1b0ef5f9c7ac25abca5382460e0d988c2b2a5b71b990"
        );
    }

    /// Vector of `wire/accounting.md`, 1.12.
    #[test]
    fn xero_signatures_match_the_documented_vector() {
        let body = r#"{"events":[],"firstEventSequence":0,"lastEventSequence":0,"entropy":"S0M3ENTR0PY"}"#;
        assert_eq!(xero_signature("demo-webhook-key", body), "xzg3+0y1lySuQPjTuZN49fnJUddmfSviPJn2nKCdICs=");
    }
}
