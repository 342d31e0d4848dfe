//! Bugs on purpose, one at a time: a debug build makes the mistake that `WISEPAY_PLANTED` names, and `make planted` shows
//! which test finds it (`quality.md`, 2.4, L7). Here, because every layer has some; the only look outside that this crate
//! takes. A build that ships makes none of them.

use std::sync::OnceLock;

/// Whether this mistake is to be made.
#[must_use]
pub fn is(bug: &str) -> bool {
    static PLANTED: OnceLock<Option<String>> = OnceLock::new();
    cfg!(debug_assertions) && PLANTED.get_or_init(|| std::env::var("WISEPAY_PLANTED").ok()).as_deref() == Some(bug)
}
