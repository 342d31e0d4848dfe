//! A message from one request to the next page, for browsers without script: what went wrong, and what was typed.
//! It travels in a short-lived cookie, so neither an e-mail address nor a fault ends up in an address or a log.

use crate::fault::Fault;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    pub fault: Option<Fault>,
    /// Kept, so that nobody types it twice. A password never is.
    pub email: String,
}

impl Note {
    #[must_use]
    pub fn of(fault: &Fault, email: &str) -> Self {
        Self { fault: Some(fault.clone()), email: email.chars().take(254).collect() }
    }
}
