//! Sends the vendors' news to whoever registered for it: signed, retried, and lost, doubled or reordered by fault.
//! Pending retries do not survive a restart; the vendors' own lists do (`GET /v1/events`), as in life.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chrono::SecondsFormat;
use hmac::{Hmac, KeyInit, Mac};
use http::{StatusCode, header};
use serde_json::json;
use sha2::{Sha256, Sha512};
use tokio::sync::Notify;

use crate::disturb::News;
use crate::faults::{Call, Caller, Fault, Vendor};
use crate::random::random_bytes;
use crate::{Shared, quickbooks, stripe};

/// Waits before each further try; then the event is given up.
const RETRY_AFTER_MS: [u64; 4] = [500, 2_000, 10_000, 60_000];
/// Stands in the body of an event for the id of the address that it goes to.
pub(crate) const HOOK_ID: &str = "00000000-0000-4000-8000-000000000000";
/// Longest wait for an answer of the receiver, where the vendor names none.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// Intuit's and Xero's (`wire/accounting.md`, 2.13 and 1.12).
const INTUIT_TIMEOUT: Duration = Duration::from_secs(3);
const XERO_TIMEOUT: Duration = Duration::from_secs(5);
const XERO_SIGNATURE: &str = "x-xero-signature";
/// A reordered event waits for another to overtake it, this long at most.
const OVERTAKE_TIMEOUT: Duration = Duration::from_secs(2);

#[derive(Debug, Clone)]
struct Endpoint {
    vendor: Vendor,
    url: String,
    secret: String,
    /// What the vendor calls this address in its events; none for one registered by the demo.
    id: Option<String>,
    /// The kinds that were asked for; empty for all.
    kinds: Vec<String>,
    /// The secret before a rotation, and until when (Unix seconds) it still signs.
    previous: Option<(String, i64)>,
    /// It was seen to tell right signatures from wrong ones, for which Xero alone asks.
    proven: Arc<AtomicBool>,
}

impl Endpoint {
    fn wants(&self, kind: &str) -> bool {
        self.kinds.is_empty() || self.kinds.iter().any(|wanted| wanted == kind)
    }
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
        self.add(Endpoint {
            vendor,
            url: url.to_owned(),
            secret: secret.to_owned(),
            id: None,
            kinds: Vec::new(),
            previous: None,
            proven: Arc::default(),
        });
    }

    /// An address that was registered at the vendor itself, for some kinds of events.
    pub fn register_hook(&self, vendor: Vendor, url: &str, secret: &str, id: String, kinds: &[String]) {
        let (url, secret) = (url.to_owned(), secret.to_owned());
        let (kinds, proven) = (kinds.to_vec(), Arc::default());
        self.add(Endpoint { vendor, url, secret, id: Some(id), kinds, previous: None, proven });
    }

    fn add(&self, endpoint: Endpoint) {
        self.forget(endpoint.vendor, &endpoint.url);
        self.endpoints.lock().unwrap_or_else(PoisonError::into_inner).push(endpoint);
    }

    pub fn forget(&self, vendor: Vendor, url: &str) {
        let mut endpoints = self.endpoints.lock().unwrap_or_else(PoisonError::into_inner);
        endpoints.retain(|known| known.vendor != vendor || known.url != url);
    }

    /// Gives the vendor's endpoints (all, or the one at `url`) a new secret; the old one signs as well until then.
    /// Answers how many there were.
    pub fn rotate(&self, vendor: Vendor, url: Option<&str>, secret: &str, overlap_until_s: i64) -> usize {
        let mut endpoints = self.endpoints.lock().unwrap_or_else(PoisonError::into_inner);
        let meant = endpoints.iter_mut().filter(|known| known.vendor == vendor);
        let meant = meant.filter(|known| url.is_none_or(|url| url == known.url));
        meant
            .map(|known| {
                let old = std::mem::replace(&mut known.secret, secret.to_owned());
                known.previous = Some((old, overlap_until_s));
            })
            .count()
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

    /// Sends the events to every endpoint of their vendors, each endpoint's in order, in tasks of their own.
    pub fn send_all(&self, shared: &Arc<Shared>, news: Vec<News>) {
        let mut queues: Vec<(Endpoint, Vec<String>)> = Vec::new();
        for News { vendor, kind, body } in news {
            let call = Call { vendor, caller: Caller::Webhook, line: format!("webhook {kind}") };
            let endpoints = self.of(vendor);
            let fault = endpoints.first().and_then(|_| shared.faults.take(&call, Fault::is_webhook));
            let copies = match fault {
                Some(Fault::WebhookLost) => 0,
                Some(Fault::WebhookTwice) => 2,
                _ => 1,
            };
            for endpoint in endpoints.into_iter().filter(|endpoint| endpoint.wants(&kind)) {
                let body = endpoint.id.as_ref().map_or_else(|| body.clone(), |id| body.replace(HOOK_ID, id));
                if fault == Some(Fault::WebhookReordered) {
                    tokio::spawn(deliver_late(Arc::clone(shared), endpoint, body));
                    continue;
                }
                let at = queues.iter().position(|(known, _)| known.vendor == vendor && known.url == endpoint.url);
                let at = at.unwrap_or_else(|| {
                    queues.push((endpoint, Vec::new()));
                    queues.len() - 1
                });
                queues[at].1.extend(std::iter::repeat_n(body, copies));
            }
        }
        for (endpoint, bodies) in queues {
            tokio::spawn(deliver_in_order(Arc::clone(shared), endpoint, bodies));
        }
    }

    pub fn client(&self) -> &reqwest::Client {
        self.client.get_or_init(|| {
            // The workspace's reqwest names no TLS provider of its own; whoever installed one first is fine.
            let _ = rustls::crypto::ring::default_provider().install_default();
            reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .build()
                .expect("a client without special settings builds once a TLS provider is installed")
        })
    }
}

/// A refused event does not hold up the ones behind it: it is tried again beside them.
async fn deliver_in_order(shared: Arc<Shared>, endpoint: Endpoint, bodies: Vec<String>) {
    for body in bodies {
        if attempt(&shared, &endpoint, &body).await {
            shared.webhooks.overtaken.notify_waiters();
        } else {
            tokio::spawn(deliver_again(Arc::clone(&shared), endpoint.clone(), body));
        }
    }
}

async fn deliver_late(shared: Arc<Shared>, endpoint: Endpoint, body: String) {
    let _ = tokio::time::timeout(OVERTAKE_TIMEOUT, shared.webhooks.overtaken.notified()).await;
    if !attempt(&shared, &endpoint, &body).await {
        deliver_again(shared, endpoint, body).await;
    }
}

async fn deliver_again(shared: Arc<Shared>, endpoint: Endpoint, body: String) {
    for wait_ms in RETRY_AFTER_MS {
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(wait_ms)) => {}
            () = shared.webhooks.hurry.notified() => {}
        }
        if attempt(&shared, &endpoint, &body).await {
            shared.webhooks.overtaken.notify_waiters();
            return;
        }
    }
    tracing::warn!(vendor = endpoint.vendor.name(), "a webhook was given up");
}

/// One try, freshly signed: a signature holds the time of sending.
async fn attempt(shared: &Shared, endpoint: &Endpoint, body: &str) -> bool {
    if endpoint.vendor == Vendor::Xero && !is_proven(shared, endpoint).await {
        return false;
    }
    let (name, signature) = match endpoint.vendor {
        Vendor::AuthorizeNet => ("x-anet-signature", anet_signature(&endpoint.secret, body)),
        Vendor::GlobalPayments => ("x-gp-signature", gp_signature(&endpoint.secret, body)),
        // How it signs is not public, so nothing is told.
        Vendor::Payrix => return false,
        Vendor::Stripe => ("stripe-signature", endpoint.stripe_signature(shared.clock.now_s(), body)),
        Vendor::Qbo => ("intuit-signature", books_signature(&endpoint.secret, body)),
        Vendor::Xero => (XERO_SIGNATURE, books_signature(&endpoint.secret, body)),
    };
    let response = post(shared, endpoint, name, signature, body).await;
    let taken = match response.map(|response| response.status()) {
        None => false,
        // Any other answer is its last: Intuit tries again after these alone.
        Some(status) if endpoint.vendor == Vendor::Qbo => !matches!(status.as_u16(), 408 | 500 | 502..=504),
        Some(status) => status.is_success(),
    };
    if taken && endpoint.vendor == Vendor::Stripe {
        stripe::delivered(shared, body);
    }
    taken
}

/// Xero's "intent to receive" (`wire/accounting.md`, 1.12): before anything is told, two deliveries without an event, of which
/// the one that is wrongly signed must be refused with 401, and the other taken with 200, an empty body and no cookie.
async fn is_proven(shared: &Shared, endpoint: &Endpoint) -> bool {
    if endpoint.proven.load(Ordering::Relaxed) {
        return true;
    }
    let entropy = hex::encode_upper(random_bytes::<10>());
    let body = json!({ "events": [], "firstEventSequence": 0, "lastEventSequence": 0, "entropy": entropy }).to_string();
    let wrong = books_signature("somebody else's key", &body);
    let refused = post(shared, endpoint, XERO_SIGNATURE, wrong, &body).await;
    let right = books_signature(&endpoint.secret, &body);
    let Some(taken) = post(shared, endpoint, XERO_SIGNATURE, right, &body).await else { return false };
    let is_plain = taken.status() == StatusCode::OK && !taken.headers().contains_key(header::SET_COOKIE);
    let is_empty = taken.bytes().await.is_ok_and(|body| body.is_empty());
    let is_proven = is_plain && is_empty && refused.is_some_and(|it| it.status() == StatusCode::UNAUTHORIZED);
    if !is_proven {
        tracing::warn!(url = endpoint.url, "an address has not proved that it tells forged news from Xero's");
    }
    endpoint.proven.store(is_proven, Ordering::Relaxed);
    is_proven
}

async fn post(
    shared: &Shared,
    endpoint: &Endpoint,
    name: &str,
    signature: String,
    body: &str,
) -> Option<reqwest::Response> {
    let mut request = shared
        .webhooks
        .client()
        .post(&endpoint.url)
        .header("content-type", "application/json; charset=utf-8")
        .header(name, signature)
        .body(body.to_owned());
    let timeout = match endpoint.vendor {
        Vendor::Qbo => INTUIT_TIMEOUT,
        Vendor::Xero => XERO_TIMEOUT,
        _ => ANSWER_TIMEOUT,
    };
    request = request.timeout(timeout);
    if endpoint.vendor == Vendor::Qbo {
        let at = shared.clock.now().to_rfc3339_opts(SecondsFormat::Millis, true);
        request = request.header("intuit-created-time", at).header("intuit-t-id", quickbooks::fresh_tid());
    }
    request.send().await.ok()
}

impl Endpoint {
    /// One `v1` for each secret that signs now.
    fn stripe_signature(&self, now_s: i64, body: &str) -> String {
        let previous = self.previous.as_ref().filter(|(_, until_s)| now_s < *until_s);
        let secrets: Vec<&str> =
            std::iter::once(self.secret.as_str()).chain(previous.map(|(secret, _)| secret.as_str())).collect();
        stripe_signature(&secrets, now_s, body)
    }
}

/// `t=…,v1=…[,v1=…]` over `t.body` (`wire/gateways.md`, 2.8).
fn stripe_signature(secrets: &[&str], now_s: i64, body: &str) -> String {
    let signed =
        secrets.iter().map(|secret| hex::encode(hmac(secret.as_bytes(), format!("{now_s}.{body}").as_bytes())));
    signed.fold(format!("t={now_s}"), |header, signature| format!("{header},v1={signature}"))
}

/// Upper-case hex over the raw body; the key is its text, not the bytes that it seems to spell (`wire/gateways.md`, 3.8).
fn anet_signature(key: &str, body: &str) -> String {
    let mut mac = Hmac::<Sha512>::new_from_slice(key.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(body.as_bytes());
    format!("sha512={}", hex::encode_upper(mac.finalize().into_bytes()))
}

/// A plain digest with the key behind the body (`wire/gateways.md`, 5.2).
fn gp_signature(key: &str, body: &str) -> String {
    use sha2::Digest;
    hex::encode(Sha512::digest(format!("{body}{key}")))
}

/// Base64 over the raw body: Xero and QuickBooks (`wire/accounting.md`, 1.12 and 2.13).
fn books_signature(key: &str, body: &str) -> String {
    BASE64_STANDARD.encode(hmac(key.as_bytes(), body.as_bytes()))
}

pub(crate) fn hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(text);
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
            stripe_signature(&["whsec_test_secret"], 1_700_000_000, body),
            "t=1700000000,v1=d95c6b7477fbd7e9f90b1b0ef5f9c7ac25abca5382460e0d988c2b2a5b71b990"
        );
    }

    /// Real vector of `wire/gateways.md`, 3.8; a body that was read and written again does not match.
    #[test]
    fn authorize_net_signatures_use_the_key_as_text() {
        let key = "2679A5D5785C9B26CF921E1754765CDDB265C9C88400786923E5343B315954FAFB4B7BF608818F6A21766741E8637DC206F286C72\
                   5908C777ED4127D8562163D";
        let body = r#"{"notificationId":"f813b98f-3552-4eeb-ba40-acb4704eeba3","eventType":"net.authorize.payment.authcapture.created","eventDate":"2017-03-08T17:35:37.155999Z","webhookId":"63d6fea2-aa13-4b1d-a204-f5fbc15942b7","payload":{"responseCode":1,"authCode":"8VTPDC","avsResponse":"Y","authAmount":10.00,"entityName":"transaction","id":"60019392075"}}"#;
        let signature = "sha512=9607C69D2734514554CE13D923D19939563F2FD6567D239F49F0DF0D08865632A0FB98061B4620CC52C47BB8BF6E2B69\
                         A15A67E4C98E81D7D65111076C515C6A";
        assert_eq!(anet_signature(key, body), signature);
        assert_ne!(anet_signature(key, &body.replace("10.00", "10.0")), signature);
    }

    /// Vector of `wire/gateways.md`, 5.2.
    #[test]
    fn global_payments_signs_by_a_digest_with_the_key_behind_the_body() {
        let signature = "5aa8caee53bf650c3f2eeba7c95e4f914c7047940cbf9c72521056d5cb7b9107\
                         ea0470a4d6468ec1c3ec2935378ec53cec273cbcb5578fb81ec41b77c0588580";
        assert_eq!(gp_signature("appkey", r#"{"id":"TRN_1","status":"CAPTURED"}"#), signature);
    }

    /// Vector of `wire/accounting.md`, 1.12.
    #[test]
    fn xero_signatures_match_the_documented_vector() {
        let body = r#"{"events":[],"firstEventSequence":0,"lastEventSequence":0,"entropy":"S0M3ENTR0PY"}"#;
        assert_eq!(books_signature("demo-webhook-key", body), "xzg3+0y1lySuQPjTuZN49fnJUddmfSviPJn2nKCdICs=");
    }

    /// Vector of `wire/accounting.md`, 2.13.
    #[test]
    fn quickbooks_signatures_match_the_documented_vector() {
        let body = r#"[{"specversion":"1.0","id":"e1","source":"intuit.demo","type":"qbo.invoice.updated.v1","datacontenttype":"application/json","time":"2026-08-01T00:00:00Z","intuitentityid":"130","intuitaccountid":"9130350000000001","data":{}}]"#;
        assert_eq!(books_signature("demo-verifier-token", body), "XNK8QRc0FtblI1vGA/RuMFqxQcbkbUeNTEwBd2sM0U0=");
    }
}
