//! For properties: a runtime that stays, and one stubbed vendor that says whatever each case is about. `fuzz/` is built of
//! this file, `stub.rs`, `world.rs` and the properties too.

use crate::stub::{Reply, Stub, reply_raw};
use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::{DateTime, Utc};
use connectors::{
    books::BooksNews,
    gateway::{Gateway, GatewayError, WebhookError, WebhookNews},
};
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderValue};
use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{Config, TestCaseResult, TestRunner},
};
use serde_json::Value;
use simulators::mangle::{battered, mangled};
use tokio::runtime::Runtime;

const CASES: u32 = 500;

pub struct Rig<Adapter> {
    runtime: Runtime,
    stub: Stub,
    pub adapter: Adapter,
}

impl<Adapter> Rig<Adapter> {
    /// An adapter that asks the stub at this address.
    pub fn new(adapter: impl FnOnce(&str) -> Adapter) -> Self {
        let runtime = Runtime::new().unwrap();
        let stub = runtime.block_on(Stub::start([]));
        let adapter = adapter(&stub.url);
        Self { runtime, stub, adapter }
    }

    /// What comes of a question to which this is the answer; further ones are not understood.
    pub fn hear<T>(&self, reply: Reply, asked: impl Future<Output = T>) -> T {
        self.hear_all(vec![reply], asked)
    }

    pub fn hear_all<T>(&self, replies: Vec<Reply>, asked: impl Future<Output = T>) -> T {
        self.stub.says(replies);
        self.runtime.block_on(asked)
    }
}

pub fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

/// Holds for documents that were spoiled in any way, one fault for each choice.
pub fn hold(property: impl Fn(&[u32]) -> TestCaseResult) {
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    let broken = TestRunner::new(config).run(&vec(any::<u32>(), 1..6), |choices| property(&choices)).err();
    assert!(broken.is_none(), "{}", broken.map(|broken| broken.to_string()).unwrap_or_default());
}

/// What was heard, and nothing where the adapter says that nobody can tell. A spoiled answer proves no other end.
pub fn unless_unknown<T>(heard: Result<T, GatewayError>) -> Result<Option<T>, TestCaseError> {
    match heard {
        Ok(seen) => Ok(Some(seen)),
        Err(GatewayError::Unknown(_)) => Ok(None),
        Err(other) => Err(TestCaseError::fail(format!("{other:?}"))),
    }
}

pub fn says(status: u16, body: &[u8]) -> Reply {
    reply_raw(status, body.to_vec())
}

/// The document as somebody else reads it; nothing when that is not possible.
pub fn document(body: &[u8]) -> Option<Value> {
    serde_json::from_slice(body).ok()
}

/// A number as it is written, with quotes or without.
pub fn number(value: &Value) -> Option<f64> {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    text.parse().ok()
}

/// Of amounts: equal to the cent, as far as a float can tell.
pub fn is_amount(value: &Value, minor: i64, exponent: u32) -> bool {
    let Some(major) = number(value) else { return false };
    let (written, read) = (major * 10_f64.powi(exponent.cast_signed()), minor as f64);
    (written - read).abs() <= 0.01 + read.abs() * 1e-12
}

/// An event that a gateway sends, and how it signs one.
pub struct Sent {
    pub header: &'static str,
    pub event: &'static str,
    pub sign: fn(&[u8]) -> String,
}

impl Sent {
    pub fn read(&self, gateway: &dyn Gateway, signature: &[u8], body: &[u8]) -> Result<WebhookNews, WebhookError> {
        // What cannot be a header's value never gets here.
        let value = HeaderValue::from_bytes(signature).unwrap_or(HeaderValue::from_static(""));
        gateway.webhook(&HeaderMap::from_iter([(self.header.parse().unwrap(), value)]), body, now())
    }

    /// A body is read under its own signature, whatever it is, and under that of another not at all.
    pub fn is_taken_as_signed(&self, gateway: &dyn Gateway, body: &[u8]) -> TestCaseResult {
        let forged = self.read(gateway, (self.sign)(self.event.as_bytes()).as_bytes(), body);
        prop_assert!(body == self.event.as_bytes() || forged == Err(WebhookError::BadSignature), "{forged:?}");
        let signed = self.read(gateway, (self.sign)(body).as_bytes(), body);
        prop_assert!(signed.is_ok(), "{}", String::from_utf8_lossy(body));
        Ok(())
    }

    /// Neither a spoiled body nor a spoiled signature is taken.
    pub fn is_taken_only_as_signed(&self, gateway: &dyn Gateway, choices: &[u32]) -> TestCaseResult {
        self.is_taken_as_signed(gateway, &mangled(self.event, choices))?;
        let signature = (self.sign)(self.event.as_bytes());
        let spoiled = battered(&signature, choices);
        let taken = self.read(gateway, &spoiled, self.event.as_bytes());
        // Digits of either case are the same digits.
        let says_the_same = |part: &str| {
            let spoiled = String::from_utf8_lossy(&spoiled).to_ascii_lowercase();
            spoiled.contains(&part.to_ascii_lowercase())
        };
        prop_assert!(taken.is_err() || signature.split(',').all(says_the_same), "{taken:?}");
        Ok(())
    }
}

/// News that books send, and how they are read where they are signed with this secret.
pub struct BooksSent {
    pub header: &'static str,
    pub event: &'static str,
    pub secret: &'static str,
    pub read: fn(&HeaderMap, &[u8]) -> Result<BooksNews, WebhookError>,
}

impl BooksSent {
    fn sign(&self, body: &[u8]) -> String {
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(self.secret.as_bytes()).unwrap();
        mac.update(body);
        BASE64_STANDARD.encode(mac.finalize().into_bytes())
    }

    fn heard(&self, signature: &[u8], body: &[u8]) -> Result<BooksNews, WebhookError> {
        let value = HeaderValue::from_bytes(signature).unwrap_or(HeaderValue::from_static(""));
        (self.read)(&HeaderMap::from_iter([(self.header.parse().unwrap(), value)]), body)
    }

    /// A body is read under its own signature, whatever it is, and names no invoice that does not stand in it; and under that
    /// of another it is not read at all.
    pub fn is_taken_as_signed(&self, body: &[u8]) -> TestCaseResult {
        let forged = self.heard(self.sign(self.event.as_bytes()).as_bytes(), body);
        prop_assert!(body == self.event.as_bytes() || forged == Err(WebhookError::BadSignature), "{forged:?}");
        let text = String::from_utf8_lossy(body).to_ascii_lowercase().replace('-', "");
        let Ok(news) = self.heard(self.sign(body).as_bytes(), body) else { return Err(TestCaseError::fail(text)) };
        for change in news.changes.iter().flatten() {
            let stands = change.invoice.as_ref().is_none_or(|id| text.contains(&id.replace('-', "")));
            prop_assert!(stands, "{news:?} of {text}");
        }
        Ok(())
    }

    /// Neither a spoiled body nor a spoiled signature is taken.
    pub fn is_taken_only_as_signed(&self, choices: &[u32]) -> TestCaseResult {
        self.is_taken_as_signed(&mangled(self.event, choices))?;
        let signature = self.sign(self.event.as_bytes());
        let spoiled = battered(&signature, choices);
        let taken = self.heard(&spoiled, self.event.as_bytes());
        prop_assert!(taken.is_err() || spoiled == signature.as_bytes(), "{taken:?}");
        Ok(())
    }
}
