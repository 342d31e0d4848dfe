//! How often each client has called the accounting API, and for what: which of a merchant's connections carried a call.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

/// By client, then by method and resource.
#[derive(Default)]
pub(crate) struct Callers(Mutex<BTreeMap<String, BTreeMap<String, u64>>>);

impl Callers {
    pub fn count(&self, client: &str, call: String) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *all.entry(client.to_owned()).or_default().entry(call).or_default() += 1;
    }

    pub fn view(&self) -> Value {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        json!(*all)
    }

    pub fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
