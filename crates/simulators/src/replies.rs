//! Kept answers for repeated idempotency keys, for every vendor that replays. What counts as the same request, and how
//! long an answer is kept, is the vendor's to say.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Oldest answers are dropped above this number, so that a load test cannot fill the memory.
const REPLIES_MAX: usize = 20_000;

/// An answer as it went out the first time.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Reply {
    pub status: u16,
    pub body: String,
    pub request_id: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    at_ms: i64,
    fingerprint: String,
    reply: Reply,
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Replies {
    kept: HashMap<String, Kept>,
    order: VecDeque<String>,
}

pub(crate) enum Seen {
    New,
    Same(Reply),
    /// The key was used with another request.
    Other,
}

impl Replies {
    pub fn look(&self, key: &str, fingerprint: &str, now_ms: i64, ttl_ms: i64) -> Seen {
        match self.kept.get(key) {
            Some(kept) if now_ms - kept.at_ms >= ttl_ms => Seen::New,
            Some(kept) if kept.fingerprint == fingerprint => Seen::Same(kept.reply.clone()),
            Some(_) => Seen::Other,
            None => Seen::New,
        }
    }

    pub fn keep(&mut self, key: &str, fingerprint: &str, now_ms: i64, reply: Reply) {
        let kept = Kept { at_ms: now_ms, fingerprint: fingerprint.to_owned(), reply };
        if self.kept.insert(key.to_owned(), kept).is_none() {
            self.order.push_back(key.to_owned());
        }
        while self.order.len() > REPLIES_MAX {
            if let Some(oldest) = self.order.pop_front() {
                self.kept.remove(&oldest);
            }
        }
    }
}

/// A digest of what the vendor compares when a key comes again.
pub(crate) fn fingerprint(parts: &[&[u8]]) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part.len().to_be_bytes());
        digest.update(part);
    }
    hex::encode(digest.finalize())
}

/// Keys whose first request is still running: a second one is a conflict, not a second execution.
#[derive(Default)]
pub(crate) struct InFlight(Mutex<HashSet<String>>);

impl InFlight {
    /// `None` when the key is running already. The key is free again when the guard is dropped, also by a client that
    /// hangs up.
    pub fn enter(&self, key: String) -> Option<InFlightGuard<'_>> {
        let entered = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key.clone());
        entered.then_some(InFlightGuard { keys: self, key })
    }
}

pub(crate) struct InFlightGuard<'a> {
    keys: &'a InFlight,
    key: String,
}

impl Drop for InFlightGuard<'_> {
    fn drop(&mut self) {
        self.keys.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}
